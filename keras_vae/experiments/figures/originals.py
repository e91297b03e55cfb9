"""Originals of a user's own: pictures of the reports' figures, and curves digitised from them.

They lie in a folder laid out like `results`: `<report>/<figure>.png`, `<report>/<figure>.csv`.
"""

import contextlib
import csv
import dataclasses
import json
import pathlib
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

import matplotlib.image
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture
from PIL import Image

from keras_vae import UserError
from keras_vae._internal.files import JsonObject
from keras_vae.experiments.figures import plots

PICTURES = (".png", ".jpg", ".jpeg", ".webp")
FORMATS = ("PNG", "JPEG", "WEBP")
CURVES = (".csv", ".json")
# A file of a few kilobytes can say that it has a thousand times as many.
MOST_PIXELS = 50_000_000
MOST_BYTES = 2_000_000
# Matplotlib places no ticks among much larger numbers.
LARGEST_DRAWN = 1e100
# Points by name of a curve: arrays of shape (points,), x and y.
Curves = dict[str, tuple[np.ndarray, np.ndarray]]


class OriginalsError(UserError):
    """A folder of originals, or a file in it, cannot be used."""


@dataclasses.dataclass(frozen=True)
class Original:
    """What a user has of one figure.

    Attributes:
        picture: Path of a picture that can be read, or None.
        size: Its width and height in pixels.
        curves: Digitised curves by name; empty if there are none.
        curves_file: The file that they come from, or None.
    """

    picture: pathlib.Path | None = None
    size: tuple[int, int] = (0, 0)
    curves: Curves = dataclasses.field(default_factory=dict)
    curves_file: pathlib.Path | None = None


@dataclasses.dataclass(frozen=True)
class Found:
    """What there is in a folder of originals.

    Attributes:
        originals: Dictionary of `Original` by figure.
        unmatched: Files that are named after no figure.
        broken: Files that cannot be used, each with what is wrong.
        undrawn: What the page does not show of `originals`, each with the reason; the page adds it.
    """

    originals: dict[str, Original]
    unmatched: list[str]
    broken: list[str]
    undrawn: list[str] = dataclasses.field(default_factory=list)


def find_originals(folder: pathlib.Path, names: Iterable[str]) -> Found:
    """Finds a user's originals of figures.

    Arguments:
        folder: Folder of pictures (PNG, JPEG, WebP) and curves (CSV, JSON); upper and lower case
            are the same, and hidden files are left out.
        names: Names of figures, for example `"activity/fig_3_1"`.

    Returns:
        `Found`.

    Raises:
        OriginalsError: If there is no such folder.
    """
    if not folder.is_dir():
        raise OriginalsError(f"There is no folder {folder} of originals.")
    known = {name.lower(): name for name in names}
    found = Found({}, [], [])
    for path in sorted(folder.rglob("*")):
        suffix, relative = path.suffix.lower(), path.relative_to(folder).as_posix()
        # Hidden files are those of file managers.
        if path.is_dir() or relative.startswith(".") or "/." in relative:
            continue
        is_known = suffix in (*PICTURES, *CURVES)
        name = known.get(relative[: -len(suffix)].lower()) if is_known else None
        if name is None:
            found.unmatched.append(relative)
            continue
        original = found.originals.get(name, Original())
        try:
            if not path.is_file():
                raise OriginalsError("it is not a file")
            if suffix in CURVES:
                part: JsonObject = {"curves": read_curves(path), "curves_file": path}
            else:
                part = {"picture": path, "size": check_picture(path)}
        except OriginalsError as error:
            found.broken.append(f"{relative}: {error}")
            continue
        if any(getattr(original, key) not in (None, (0, 0), {}) for key in part):
            found.broken.append(f"{relative}: another file of {name} is shown")
        else:
            found.originals[name] = dataclasses.replace(original, **part)
    return found


def check_picture(path: pathlib.Path) -> tuple[int, int]:
    """Decodes a picture, unless its head says that it is too large.

    Returns:
        Its width and height in pixels.

    Raises:
        OriginalsError: If it is too large or damaged.
    """
    return decode_picture(path).size


def read_picture(path: pathlib.Path) -> np.ndarray:
    """Reads a picture.

    Arguments:
        path: A PNG, JPEG or WebP file.

    Returns:
        Array for `matplotlib.pyplot.imshow`: uint8 of shape (height, width, 4), or float32 of
        shape (height, width) where the picture has more than 256 greys.

    Raises:
        OriginalsError: If it is too large or damaged.
    """
    picture = decode_picture(path)
    if picture.mode.startswith(("I", "F")):
        return np.asarray(picture, dtype=np.float32)
    return np.asarray(picture.convert("RGBA"))


def decode_picture(path: pathlib.Path, formats: tuple[str, ...] = FORMATS) -> Image.Image:
    """Reads a picture's pixels, unless its head says that it has too many.

    Arguments:
        path: The picture.
        formats: What it may be, as Pillow names formats.

    Raises:
        OriginalsError: If it is too large or damaged.
    """
    with _open_picture(path, formats) as picture:
        picture.load()
        return picture.copy()


def picture_size(path: pathlib.Path, formats: tuple[str, ...] = FORMATS) -> tuple[int, int]:
    """A picture's width and height in pixels, read from its head.

    Raises:
        OriginalsError: If they are too large, or cannot be read.
    """
    with _open_picture(path, formats) as picture:
        return picture.size


@contextlib.contextmanager
def _open_picture(path: pathlib.Path, formats: tuple[str, ...]) -> Iterator[Image.Image]:
    try:
        with warnings.catch_warnings():
            # About size, which is looked at below.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path, formats=formats) as picture:
                width, height = picture.size
                if width * height > MOST_PIXELS:
                    raise OriginalsError(
                        f"it has {width} x {height} pixels. Scale it down to at most "
                        f"{MOST_PIXELS // 10**6} million"
                    )
                yield picture
    except OriginalsError:
        raise
    # What a damaged picture makes Pillow raise is not documented.
    except Exception as error:
        raise OriginalsError(f"it cannot be read as a picture ({error})") from error


def read_curves(path: pathlib.Path) -> Curves:
    """Reads digitised curves.

    Arguments:
        path: A CSV file as WebPlotDigitizer exports one data set (two columns, x and y; the curve
            is named after the file, or by a first line `IW,`) or all (names in the first line,
            above every other column, `X` and `Y` in the second); or its project's JSON, or a JSON
            file that has `{"curves": {name: [[x, y], ...]}}`.

    Raises:
        OriginalsError: If it is none of these.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ValueError(f"it has more than {MOST_BYTES // 1_000_000} MB")
        text = path.read_text(encoding="utf-8-sig")
        is_json = path.suffix.lower() == ".json"
        points = _json_points(json.loads(text)) if is_json else _csv_points(text, path.stem)
        curves = {}
        # WebPlotDigitizer begins a project with a data set that often stays empty.
        for name, pairs in ((name, pairs) for name, pairs in points.items() if len(pairs)):
            values = np.array(sorted(map(tuple, pairs)), dtype=float)
            if values.ndim != 2 or values.shape[1] != 2 or not (abs(values) < LARGEST_DRAWN).all():
                raise ValueError(f"{name!r} has something else than pairs of numbers")
            curves[name] = (values[:, 0], values[:, 1])
    except (LookupError, TypeError, AttributeError) as error:
        raise OriginalsError(f"it has not the form of digitised curves ({error!r})") from error
    except (OSError, ValueError, RecursionError, OverflowError, csv.Error) as error:
        raise OriginalsError(f"it cannot be read as curves ({error})") from error
    if not curves:
        raise OriginalsError("it has no curves")
    return curves


def _json_points(content: Any) -> dict[str, Any]:
    if not isinstance(content, dict) or not content.keys() & {"curves", "datasetColl"}:
        raise ValueError("it has neither `curves` nor WebPlotDigitizer's `datasetColl`")
    if "curves" in content:
        return dict(content["curves"])
    sets = content["datasetColl"]
    return {str(one["name"]): [point["value"][:2] for point in one["data"]] for one in sets}


def _csv_points(text: str, name: str) -> dict[str, list[list[str]]]:
    rows = [row for row in csv.reader(text.splitlines()) if any(cell.strip() for cell in row)]
    names = [name]
    if rows and not _is_number(rows[0][0]):
        # A head of one line is of x and y, unless that has no y; of two, the first has the names.
        is_two = len(rows) > 1 and not _is_number(next(filter(None, rows[1])))
        if is_two or not any(cell.strip() for cell in rows[0][1:2]):
            names = [cell.strip() for cell in rows[0] if cell.strip()]
        rows = rows[2:] if is_two else rows[1:]
    return {
        name: [row[at : at + 2] for row in rows if len(row) > at + 1 and row[at].strip()]
        for at, name in zip(range(0, 2 * len(names), 2), names, strict=True)
    }


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def curves_of(picture: Picture) -> list[JsonObject]:
    """The named curves of a drawn figure, as JSON-compatible values.

    Returns:
        List of dictionaries: `panel`, the title of its axes, or what is on their y axis; `curve`,
        its name in the legend; `x` and `y`, lists of five significant digits.
    """
    return [
        {"panel": panel_name(axis), "curve": str(line.get_label()), "x": x, "y": y}
        for axis in picture.axes
        for line in axis.get_lines()
        if not str(line.get_label()).startswith("_")
        for x, y in [(_rounded(line.get_xdata()), _rounded(line.get_ydata()))]
        if len(x) > 1 and None not in x
    ]


def panel_name(axis: Axes) -> str:
    """The title of axes, or what is on their y axis, in one line."""
    return " ".join((axis.get_title() or axis.get_ylabel()).split())


def _rounded(values: Any) -> list[float | None]:
    numbers = np.asarray(values, dtype=float)
    return [float(f"{value:.5g}") if np.isfinite(value) else None for value in numbers]


def compare_curves(ours: list[JsonObject], theirs: Curves) -> tuple[list[JsonObject], list[str]]:
    """Sets digitised curves against ours of the same name.

    Arguments:
        ours: List from `curves_of`.
        theirs: Digitised curves; a name that several panels have is `<panel>/<curve>`.

    Returns:
        List of dictionaries: `panel`, `curve`, `points` that lie where ours is drawn,
        `mean_difference` and `largest_difference` of ours less theirs there, in the axis' own
        unit; and a list of the names that are not ours, or of several panels.
    """
    compared, problems = [], []
    for name, (x, y) in theirs.items():
        found = [one for one in ours if _key(name) in (_key(one["curve"]), _full_key(one))]
        if len(found) != 1:
            several = "the name of several curves of ours: name it <panel>/<curve>"
            known = ", ".join(dict.fromkeys(repr(one["curve"]) for one in ours))
            none = f"none of our curves {known}"
            if len(theirs) == 1:
                none += "; a CSV file of one curve names it in a first line, as `IW,`"
            problems.append(f"{name!r} is {several if found else none}")
            continue
        (own,) = found
        drawn = [pair for pair in zip(own["x"], own["y"], strict=False) if pair[1] is not None]
        if not drawn:
            problems.append(f"{name!r} is a curve of ours without points")
            continue
        own_x, own_y = (np.array(values) for values in zip(*sorted(drawn), strict=True))
        inside = (x >= own_x[0]) & (x <= own_x[-1])
        if not inside.any():
            problems.append(f"{name!r} has no point where ours is drawn")
            continue
        differences = np.interp(x[inside], own_x, own_y) - y[inside]
        compared.append(
            {
                "panel": own["panel"],
                "curve": own["curve"],
                "points": int(inside.sum()),
                "mean_difference": float(differences.mean()),
                "largest_difference": float(differences[np.argmax(abs(differences))]),
            }
        )
    return compared, problems


def draw_over(picture: Picture, theirs: Curves) -> None:
    """Draws digitised curves as dots over ours of the same name."""
    lines = [(axis, line) for axis in picture.axes for line in axis.get_lines()]
    for name, (x, y) in theirs.items():
        for axis, line in lines:
            own = {"panel": panel_name(axis), "curve": str(line.get_label())}
            if _key(name) in (_key(own["curve"]), _full_key(own)):
                axis.plot(x, y, ".", color=line.get_color(), mec="black", mew=0.4, ms=5)


def draw_curves(ours: list[JsonObject], theirs: Curves) -> Picture:
    """Draws our curves, as `curves_of` returned them, with digitised ones as dots over them."""
    panels = list(dict.fromkeys(one["panel"] for one in ours))
    figure, axes = plots.panels(len(panels), width=4.6)
    for panel, axis in zip(panels, axes, strict=True):
        axis.set_title(panel)
        for one in (one for one in ours if one["panel"] == panel):
            axis.plot(one["x"], np.array(one["y"], dtype=float), label=one["curve"])
        axis.legend()
    draw_over(figure, theirs)
    return figure


def beside(ours: pathlib.Path, original: np.ndarray) -> Picture:
    """Draws our picture and the original's next to each other.

    Arguments:
        ours: Path of our picture.
        original: Array from `read_picture`.

    Returns:
        Matplotlib figure.
    """
    figure, axes = plots.panels(2, width=9.0, height=7.0)
    pictures = {"Ours": matplotlib.image.imread(ours), "Original": original}
    for axis, (title, picture) in zip(axes, pictures.items(), strict=True):
        axis.imshow(picture, cmap="gray")
        axis.set_title(title)
        axis.set_axis_off()
    return figure


def _key(name: str) -> str:
    return "".join(name.lower().split())


def _full_key(one: JsonObject) -> str:
    return _key(f"{one['panel']}/{one['curve']}")

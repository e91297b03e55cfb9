"""What a figure leaves behind: its picture, its numbers, its claims; and the originals beside it.

A report's own numbers are JSON files in `original_curves`, named `<report>_<figure>.json`, with
their source. Pictures of the originals are a user's own, in a folder laid out like `results`:
`<report>/<figure>.png`.
"""

import contextlib
import hashlib
import importlib.resources
import io
import json
import pathlib
import warnings
from collections.abc import Mapping, Sequence

import matplotlib.image
import numpy as np
import PIL.Image
from matplotlib.figure import Figure as Picture

from keras_vae import UserError
from keras_vae._internal.files import (
    JsonObject,
    atomic_write,
    encode_json,
    finish_writing,
    locked,
    read_json_object,
    remove_temporaries,
    require_writable,
    write_together,
)
from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.claims import Claim

PICTURE, DATA, CLAIMS = "figure.png", "data.json", "claims.json"
SIDE_BY_SIDE = "side_by_side.png"
LONGER, LOCK = "longer_run", ".lock"
# What `data.json` says of the files.
FORMAT, SHA256 = "format", "sha256"


class OutputError(UserError):
    """The output folder cannot be written."""


def prepare_folder(folder: pathlib.Path) -> None:
    """Makes sure, before anything is trained, that results can be written.

    Raises:
        OutputError: If they cannot.
    """
    try:
        require_writable(folder)
        with locked(folder / LOCK):
            finish_writing(folder)
    except OSError as error:
        raise OutputError(
            f"The output folder {folder} cannot be written ({error}). "
            "Name another one with --output."
        ) from error


def write(
    folder: pathlib.Path,
    picture: Picture,
    data: JsonObject,
    claims: Sequence[Claim],
    tables: Mapping[str, str] | None = None,
) -> pathlib.Path | None:
    """Writes a figure's three files, and its tables, all of them or none.

    The data have the digests of all, by which `find_damage` knows whether they belong together. A
    result of a longer protocol that is already there is kept in a folder beside them.

    Arguments:
        folder: `results/<report>/<figure>`.
        picture: Matplotlib figure.
        data: JSON-compatible dictionary with a `protocol`.
        claims: List of `Claim`.
        tables: Dictionary of further texts by name of file; None for none.

    Returns:
        Path of the kept earlier result, or None.

    Raises:
        ClaimError: If a claim is incomplete, or its verdict contradicts its numbers.
        OutputError: If the files cannot be written.
    """
    for claim in claims:
        claim.check()
    drawn = io.BytesIO()
    plots.save(picture, drawn)
    contents = {
        PICTURE: drawn.getvalue(),
        CLAIMS: encode_json([claim.to_dict() for claim in claims]),
        **{name: text.encode() for name, text in (tables or {}).items()},
    }
    digests = {name: _digest(content) for name, content in contents.items()}
    digests[DATA] = _digest(encode_json(data))
    contents[DATA] = encode_json({FORMAT: 1, SHA256: digests, **data})
    try:
        with locked(folder / LOCK):
            kept = _keep_longer(folder, size(data))
            write_together(folder, contents)
    except OSError as error:
        raise OutputError(
            f"The results could not be written to {folder} ({error}). The runs are stored: "
            "the same command with another --output writes them without training."
        ) from error
    return kept


def find_damage(folder: pathlib.Path, data: JsonObject) -> str | None:
    """Finds out whether the files of a result are those that were written together.

    Arguments:
        folder: `results/<report>/<figure>`.
        data: What is in its `data.json`; one of version 0.2.0 has no digests.

    Returns:
        What is wrong, or None.
    """
    rest = dict(data)
    form, digests = rest.pop(FORMAT, None), rest.pop(SHA256, None)
    if form is None and digests is None:
        return None
    if form != 1 or not isinstance(digests, dict):
        return f"{DATA} does not say what belongs to it"
    try:
        found: dict[str, str | None] = {DATA: _digest(encode_json(rest))}
    except ValueError as error:
        return f"{DATA} holds what is no number ({error})"
    for name in digests.keys() - {DATA}:
        path = folder / pathlib.PurePath(name).name
        found[name] = _digest(path.read_bytes()) if path.is_file() else None
    wrong = sorted(name for name in digests if digests[name] != found.get(name))
    if not wrong:
        return None
    return f"{', '.join(wrong)}: not what was written together; make the figure again"


def write_side_by_side(folder: pathlib.Path, original: np.ndarray) -> None:
    """Writes our picture with the original's beside it.

    Arguments:
        folder: `results/<report>/<figure>`, already written.
        original: Array from `read_picture`.

    Raises:
        OutputError: If the file cannot be written.
    """
    picture = beside(folder / PICTURE, original)
    try:
        with locked(folder / LOCK):
            remove_temporaries(folder / SIDE_BY_SIDE)
            with atomic_write(folder / SIDE_BY_SIDE) as file:
                plots.save(picture, file)
    except OSError as error:
        raise OutputError(f"{folder / SIDE_BY_SIDE} could not be written ({error}).") from error


def size(data: JsonObject) -> tuple[int, int]:
    """How much was computed, to compare results by.

    The data set that the report asks for comes first, then any other but the embedded one;
    after that the epochs of all methods x trials.
    """
    reached, asked = data["protocol"]["reached"], data["protocol"]["asked"]
    dataset = reached["dataset"]
    rank = 2 if dataset == asked.get("dataset") else int(dataset != "mnist_5k")
    epochs = reached["epochs"]
    # One number is the epochs of every method, a dictionary has those of each.
    total = sum(epochs.values()) if isinstance(epochs, dict) else epochs * len(data["runs"])
    return (rank, total * reached["trials"])


def _keep_longer(folder: pathlib.Path, new_size: tuple[int, int]) -> pathlib.Path | None:
    kept = folder / LONGER
    old_size, kept_size = _size_of(folder), _size_of(kept)
    if old_size is None or old_size <= new_size:
        return None
    if kept_size is None or kept_size <= old_size:
        kept.mkdir(exist_ok=True)
        files = [path for path in folder.iterdir() if path.is_file() and path.name != LOCK]
        write_together(kept, {path.name: path.read_bytes() for path in files})
    return kept


def _size_of(folder: pathlib.Path) -> tuple[int, int] | None:
    # What an older version, or somebody else, has written there may be of any shape.
    with contextlib.suppress(OSError, ValueError, LookupError, TypeError, AttributeError):
        rank, total = size(read_json_object(folder / DATA))
        if isinstance(total, int):
            return rank, total
    return None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
# A small file can hold a picture that takes minutes and all memory to decode.
MOST_PIXELS = 50_000_000


class OriginalsError(UserError):
    """A folder of original pictures, or a picture in it, cannot be used."""


def load_original(report: str, name: str) -> JsonObject | None:
    """Returns the numbers of a report's figure as a dictionary, or None if there are none.

    Arguments:
        report: Name of the report.
        name: Name of the figure, for example `"fig_3"`.
    """
    folder = importlib.resources.files("keras_vae.experiments.figures") / "original_curves"
    path = folder / f"{report}_{name}.json".replace("/", "_")
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def read_picture(folder: pathlib.Path, report: str, name: str) -> np.ndarray | None:
    """Reads the user's picture of an original figure.

    Arguments:
        folder: Folder of pictures.
        report: Name of the report.
        name: Name of the figure.

    Returns:
        Array for `matplotlib.pyplot.imshow`, or None if the folder has none of this figure.

    Raises:
        OriginalsError: If there is no such folder, or the picture cannot be read.
    """
    path = find_picture(folder, report, name)
    if path is None:
        return None
    try:
        with open_picture(path) as picture:
            if picture.mode.startswith(("I", "F")):
                return np.asarray(picture, dtype=np.float32)
            return np.asarray(picture.convert("RGBA"))
    except OriginalsError:
        raise
    # What a damaged picture makes Pillow raise is not documented.
    except Exception as error:
        raise OriginalsError(f"{path} cannot be read as a picture ({error}).") from error


def open_picture(path: pathlib.Path) -> PIL.Image.Image:
    """Reads what a picture's file says of it, before any pixel is decoded.

    Raises:
        OriginalsError: If it is no picture, or one of more than 50 million pixels.
    """
    try:
        with warnings.catch_warnings():
            # The limit here is a lower one.
            warnings.simplefilter("ignore", PIL.Image.DecompressionBombWarning)
            picture = PIL.Image.open(path)
    except Exception as error:
        raise OriginalsError(f"{path} cannot be read as a picture ({error}).") from error
    width, height = picture.size
    if width * height > MOST_PIXELS:
        picture.close()
        raise OriginalsError(
            f"{path} is a picture of {width} x {height} pixels. Scale it down to at most "
            f"{MOST_PIXELS // 10**6} million."
        )
    return picture


def find_picture(folder: pathlib.Path, report: str, name: str) -> pathlib.Path | None:
    """Path of the user's picture of an original figure, or None if the folder has none of it.

    Arguments:
        folder: Folder of pictures.
        report: Name of the report.
        name: Name of the figure.

    Raises:
        OriginalsError: If there is no such folder.
    """
    if not folder.is_dir():
        raise OriginalsError(f"There is no folder {folder} of original pictures.")
    found = {
        path.suffix.lower(): path
        for path in sorted((folder / report).glob("*"))
        if path.stem == name and path.is_file()
    }
    return next((found[suffix] for suffix in SUFFIXES if suffix in found), None)


def describe_pictures(folder: pathlib.Path, figures: Sequence[str]) -> list[str]:
    """Says which of the user's pictures belong to no figure, or cannot be read.

    Arguments:
        folder: Folder of pictures.
        figures: Names of figures, for example `"activity/fig_3_1"`.

    Returns:
        Lines for a person, the first of which counts the figures with a picture.

    Raises:
        OriginalsError: If there is no such folder.
    """
    matched = {name: find_picture(folder, *name.rsplit("/", 1)) for name in figures}
    lines = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        if path not in matched.values():
            lines.append(f"{path} belongs to no figure: expected <report>/<figure>.png.")
            continue
        try:
            open_picture(path).close()
        except OriginalsError as error:
            lines.append(str(error))
    count = sum(path is not None for path in matched.values())
    return [f"{count} of {len(figures)} figures have a picture of the original.", *lines]


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

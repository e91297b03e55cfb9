"""What a figure leaves behind: its picture, its numbers, its claims; and the originals beside it.

A report's own numbers are JSON files in `original_curves`, named `<report>_<figure>.json`, with
their source. Pictures of the originals are a user's own, in a folder laid out like `results`:
`<report>/<figure>.png`.
"""

import importlib.resources
import json
import pathlib
import shutil
from collections.abc import Mapping, Sequence

import matplotlib.image
import numpy as np
from matplotlib.figure import Figure as Picture
from PIL import UnidentifiedImageError

from keras_vae import UserError
from keras_vae._internal.files import JsonObject, atomic_write, require_writable, write_json
from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.claims import Claim

PICTURE, DATA, CLAIMS = "figure.png", "data.json", "claims.json"
SIDE_BY_SIDE = "side_by_side.png"
LONGER = "longer_run"


class OutputError(UserError):
    """The output folder cannot be written."""


def prepare_folder(folder: pathlib.Path) -> None:
    """Makes sure, before anything is trained, that results can be written.

    Raises:
        OutputError: If they cannot.
    """
    try:
        require_writable(folder)
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
    """Writes a figure's three files, and its tables.

    A result of a longer protocol that is already there is kept in a folder beside them.

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
    try:
        kept = _keep_longer(folder, size(data))
        with atomic_write(folder / PICTURE) as file:
            plots.save(picture, file)
        for name, text in (tables or {}).items():
            with atomic_write(folder / name) as file:
                file.write(text.encode())
        write_json(folder / DATA, data)
        write_json(folder / CLAIMS, [claim.to_dict() for claim in claims])
    except OSError as error:
        raise OutputError(
            f"The results could not be written to {folder} ({error}). The runs are stored: "
            "the same command with another --output writes them without training."
        ) from error
    return kept


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
        for path in folder.iterdir():
            if path.is_file():
                shutil.copy2(path, kept / path.name)
    return kept


def _size_of(folder: pathlib.Path) -> tuple[int, int] | None:
    try:
        return size(json.loads((pathlib.Path(folder) / DATA).read_text()))
    except (OSError, ValueError, KeyError, TypeError):
        return None


SUFFIXES = (".png", ".jpg", ".jpeg")


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
        return matplotlib.image.imread(path)
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError) as error:
        raise OriginalsError(f"{path} cannot be read as a picture ({error}).") from error


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
    paths = (folder / report / f"{name}{suffix}" for suffix in SUFFIXES)
    return next((path for path in paths if path.is_file()), None)


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

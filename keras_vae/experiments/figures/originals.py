"""What the reports' own figures show: numbers that the package carries, pictures that users have.

Numbers are JSON files in `original_curves`, named `<report>_<figure>.json`, with their source.
Pictures are a user's own, in a folder laid out like `results`: `<report>/<figure>.png`.
"""

import importlib.resources
import json
import pathlib
from collections.abc import Mapping, Sequence

import matplotlib.image
import numpy as np
from matplotlib.figure import Figure as Picture
from PIL import UnidentifiedImageError

from keras_vae import UserError
from keras_vae._internal.files import JsonObject
from keras_vae.experiments.figures import plots

SUFFIXES = (".png", ".jpg", ".jpeg")


# Values over epochs.
Curve = Sequence[float] | np.ndarray


class OriginalsError(UserError):
    """A folder of original pictures, or a picture in it, cannot be used."""


def load(report: str, name: str) -> JsonObject | None:
    """Returns the numbers of a report's figure as a dictionary, or None if there are none.

    Arguments:
        report: Name of the report.
        name: Name of the figure, for example `"fig_3"`.
    """
    folder = importlib.resources.files("keras_vae.experiments.figures") / "original_curves"
    path = folder / f"{report}_{name}.json".replace("/", "_")
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def compare(ours: Curve, original: Curve) -> JsonObject:
    """How far a curve lies from the original's, over the epochs that both have.

    Arguments:
        ours: Array of shape (epochs,).
        original: Array of shape (epochs,), in the same unit.

    Returns:
        Dictionary of numbers in that unit; differences are ours less the original's.
    """
    epochs = min(len(ours), len(original))
    difference = np.asarray(ours, dtype=float)[:epochs] - np.asarray(original)[:epochs]
    return {
        "epochs_compared": epochs,
        "mean_absolute_difference": float(np.abs(difference).mean()),
        "final_difference": float(difference[-1]),
        "ours_there": float(ours[epochs - 1]),
        "original_there": float(original[epochs - 1]),
    }


def rank_order(curves: Mapping[str, Curve], epoch: int) -> list[str] | None:
    """Names of rising curves from the highest to the lowest at an epoch.

    Arguments:
        curves: Dictionary by name of arrays of shape (epochs,).
        epoch: Epoch, counted from 1.

    Returns:
        List of names, or None if a curve is shorter.
    """
    if any(len(curve) < epoch for curve in curves.values()):
        return None
    return sorted(curves, key=lambda name: -curves[name][epoch - 1])


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

"""The vampprior report's panels of images, one for each data set, and those of reconstructions."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture

from keras_vae._internal.files import JsonObject
from keras_vae.datasets import ImageData
from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.method_runs import MethodRuns, Methods
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.reports.vampprior.figures import split_name
from keras_vae.experiments.reports.vampprior.protocol import TITLES, schedule
from keras_vae.models import LatentVariableModel

# As each set is usually shown: ink black on white, but a face as a photograph.
COLOR_MAPS = {"frey_faces": "gray"}
COLUMNS = 10
BATCH = 500
SIDE = 5
RECONSTRUCTION_CAPTION = (
    "the first ten test images, decoded at the posterior's mean; means of p(x|z)"
)


def first_trained(method: MethodRuns) -> tuple[LatentVariableModel, ImageData, int]:
    """The first trial's model and data, and the epochs of its weights."""
    return *next(iter(method.load_models())), method.weights_epochs[0]


def color_map(dataset: str) -> str:
    """Name of the Matplotlib colour map of a data set's images."""
    return COLOR_MAPS.get(dataset, "gray_r")


def draw_square(axis: Axes, images: np.ndarray, dataset: str) -> None:
    """Draws the first images side by side with white between, as many as fill a square."""
    side, colors = int(np.sqrt(len(images))), color_map(dataset)
    white = 1.0 if colors == "gray" else 0.0
    framed = np.pad(images, ((0, 0), (0, 1), (0, 1)), constant_values=white)
    square = framed[: side**2].reshape(side, side, *framed.shape[1:])
    plots.mosaic(axis, square, cmap=colors)


def each_panel(
    axes: Sequence[Axes], measured: Mapping[str, Any]
) -> Iterator[tuple[Axes, str, Any]]:
    """Titles each axis; yields it with the data set's name and what was measured there.

    Arguments:
        axes: List of Matplotlib axes.
        measured: Dictionary, by `<data set>/<model>`, of dictionaries with the `epochs` of the
            weights that are shown.
    """
    for axis, letter, (label, found) in plots.lettered(axes, measured.items()):
        dataset, model = split_name(label)
        title = f"{letter} {TITLES[dataset]}"
        wanted = schedule(dataset, model).epochs
        axis.set_title(f"{title}, {found['epochs']} of {wanted} epochs", fontsize=9)
        yield axis, dataset, found


def measure_reconstructions(methods: Methods, options: Options) -> JsonObject:
    """Of each method the first test images with their reconstructions, and errors over all."""
    measured = {}
    for label, method in methods.items():
        model, data, epochs = first_trained(method)
        images = data.test.images
        shown = np.stack([images[:COLUMNS], model.reconstruct(images[:COLUMNS])])
        errors = reconstruction_errors(model, images)
        measured[label] = {"epochs": epochs, "shown": shown, "errors": errors}
    return measured


def reconstruction_errors(model: LatentVariableModel, images: np.ndarray) -> dict[str, float]:
    """Differences between images and their reconstructions, over a whole set.

    Arguments:
        model: Trained model.
        images: Array of shape (N, height, width).

    Returns:
        Dictionary of the root mean square and the mean absolute difference of a pixel, white being
        1 and black 0.
    """
    differences = model.reconstruct(images, batch_size=BATCH).numpy() - images
    return {
        "root_mean_square": float(np.sqrt(np.mean(differences.astype(np.float64) ** 2))),
        "mean_absolute": float(np.mean(np.abs(differences), dtype=np.float64)),
    }


def draw_reconstructions(measured: JsonObject, options: Options) -> Picture:
    """Draws the first test images above their reconstructions."""
    figure, axes = plots.stack(len(measured), width=8.0, height=2.1)
    for axis, dataset, found in each_panel(axes, measured):
        plots.mosaic(axis, found["shown"], cmap=color_map(dataset))
        height = found["shown"].shape[2]
        axis.set_yticks([height / 2, 3 * height / 2], ["input", "reconstruction"])
        axis.tick_params(length=0)
    return figure


def record_reconstructions(measured: JsonObject, options: Options) -> JsonObject:
    """The errors, by data set; the report claims nothing of them."""
    return {
        "reconstruction": {split_name(label)[0]: of["errors"] for label, of in measured.items()}
    }

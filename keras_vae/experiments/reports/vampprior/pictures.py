"""The vampprior report's panels of images, one for each data set, and those of reconstructions."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture

from keras_vae._internal.backend import tfd
from keras_vae._internal.files import JsonObject
from keras_vae.datasets import ImageData
from keras_vae.distributions import DiscretizedLogistic
from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.method_runs import MethodRuns, Methods
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.reports.vampprior import TITLES, describe_epochs
from keras_vae.experiments.reports.vampprior.figures import by_dataset, split_name
from keras_vae.models import LatentVariableModel

# As each set is usually shown: ink black on white, but a face as a photograph.
COLOR_MAPS = {"frey_faces": "gray"}
COLUMNS = 10
BATCH = 500
SIDE = 5
RECONSTRUCTION_CAPTION = (
    "ten test images, evenly spaced in the test set (for faces: in the film), decoded at the "
    "posterior's mean; grey pixels at the location of p(x|z)"
)


def first_trained(method: MethodRuns) -> tuple[LatentVariableModel, ImageData, int]:
    """The first trial's model and data, and the epochs of its weights."""
    return *next(iter(method.load_models())), method.weights_epochs[0]


def shown_images(decoded: tfd.Distribution) -> np.ndarray:
    """What a picture shows of p(x|z): the mean of binary pixels, the location of grey ones.

    The mean of a discretised logistic is grey where its location is black or white and its scale
    large, since nothing can lie beyond the ends: location 1 at scale 1 has the mean 0.62.
    """
    pixels = getattr(decoded, "distribution", decoded)
    image = pixels.loc if isinstance(pixels, DiscretizedLogistic) else decoded.mean()
    return np.asarray(image)


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
        epochs = describe_epochs(dataset, model, found["epochs"])
        axis.set_title(f"{letter} {TITLES[dataset]}, {epochs} epochs", fontsize=9)
        yield axis, dataset, found


def reconstructions_of(model: LatentVariableModel, images: np.ndarray) -> np.ndarray:
    """`shown_images` at the posterior means of images of shape (N, height, width)."""
    codes = model.posterior_means(images, batch_size=BATCH)
    return shown_images(model.decode(model.split_levels(codes)))


def measure_reconstructions(methods: Methods, options: Options) -> JsonObject:
    """Of each method some test images with their reconstructions, and errors over all.

    Returns:
        Dictionary by method of dictionaries: `epochs` of the first trial's weights, the images
        `shown`, of shape (2, COLUMNS, height, width), and `errors`, as in `reconstruction_errors`,
        lists of one number a trial.
    """
    measured = {}
    for label, method in methods.items():
        trials = [
            (reconstructions_of(model, data.test.images), data.test.images)
            for model, data in method.load_models()
        ]
        reconstructed, images = trials[0]
        columns = np.linspace(0, len(images) - 1, COLUMNS).round().astype(int)
        errors = [reconstruction_errors(*trial) for trial in trials]
        measured[label] = {
            "epochs": method.weights_epochs[0],
            "shown": np.stack([images[columns], reconstructed[columns]]),
            "errors": {name: [of[name] for of in errors] for name in errors[0]},
        }
    return measured


def reconstruction_errors(reconstructed: np.ndarray, images: np.ndarray) -> dict[str, float]:
    """Differences between images and their reconstructions, over a whole set.

    Arguments:
        reconstructed: Array of shape (N, height, width).
        images: Array of that shape.

    Returns:
        Dictionary of the root mean square and the mean absolute difference of a pixel, white being
        1 and black 0, and of the mean squared one as a share of the pixels' variance over images.
    """
    differences = np.subtract(reconstructed, images, dtype=np.float64)
    squared = np.mean(differences**2)
    return {
        "root_mean_square": float(np.sqrt(squared)),
        "mean_absolute": float(np.mean(np.abs(differences))),
        "unexplained_share": float(squared / np.var(images, axis=0, dtype=np.float64).mean()),
    }


def draw_reconstructions(measured: JsonObject, options: Options) -> Picture:
    """Draws test images above their reconstructions, a panel for each method."""
    figure, axes = plots.stack(len(measured), width=8.0, height=2.1)
    for axis, dataset, found in each_panel(axes, measured):
        plots.mosaic(axis, found["shown"], cmap=color_map(dataset))
        height = found["shown"].shape[2]
        axis.set_yticks([height / 2, 3 * height / 2], ["input", "reconstruction"])
        axis.tick_params(length=0)
    return figure


def record_reconstructions(measured: JsonObject, options: Options) -> JsonObject:
    """The errors, by data set and by model."""
    return {
        "reconstruction": {
            dataset: {model: found["errors"] for model, found in by_model.items()}
            for dataset, by_model in by_dataset(measured).items()
        }
    }

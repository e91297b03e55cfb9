"""The report's panels of images: one for each data set."""

import numpy as np

from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.figure import Analysis
from keras_vae.experiments.reports.vampprior.figures import split_name
from keras_vae.experiments.reports.vampprior.protocol import TITLES, schedule
from keras_vae.experiments.runs.batching import in_batches

# As each set is usually shown: ink black on white, but a face as a photograph.
COLOR_MAPS = {"frey_faces": "gray"}
COLUMNS = 10
SIDE = 5


def reconstructions(methods, asked):
    """Draws the first test images above their reconstructions, for the figure's one model."""
    figure, axes = plots.stack(len(methods), width=8.0, height=2.1)
    data = {}
    for axis, dataset, trained in each_panel(axes, methods):
        vae, images = trained[0], trained[1].test.images
        shown = np.stack([images[:COLUMNS], vae.reconstruct(images[:COLUMNS])])
        plots.mosaic(axis, shown, cmap=color_map(dataset))
        height = images.shape[1]
        axis.set_yticks([height / 2, 3 * height / 2], ["input", "reconstruction"])
        axis.tick_params(length=0)
        data[dataset] = reconstruction_errors(vae, images)
    return Analysis(
        picture=figure,
        caption="the first ten test images, decoded at the posterior's mean; means of p(x|z)",
        claims=[],
        data={"reconstruction": data},
    )


def reconstruction_errors(model, images):
    """Differences between images and their reconstructions, over a whole set.

    Arguments:
        model: Trained model.
        images: Array of shape (N, height, width).

    Returns:
        Dictionary of the root mean square and the mean absolute difference of a pixel, white being
        1 and black 0.
    """
    differences = np.concatenate(in_batches(model.reconstruct, images)) - images
    return {
        "root_mean_square": float(np.sqrt(np.mean(differences.astype(np.float64) ** 2))),
        "mean_absolute": float(np.mean(np.abs(differences), dtype=np.float64)),
    }


def pseudo_inputs(methods, asked):
    """Draws the first pseudo-inputs, or of a mixture of Gaussians its decoded means."""
    figure, axes = plots.panels(len(methods), width=3.2, height=3.9)
    data = {}
    for axis, dataset, (model, _) in each_panel(axes, methods):
        images = component_images(model)
        draw_square(axis, images[: SIDE**2], dataset)
        data[dataset] = {
            "components": len(images),
            "mean_distance_from_their_mean": float(
                np.sqrt(((images - images.mean(axis=0)) ** 2).sum(axis=(1, 2))).mean()
            ),
        }
    return Analysis(
        picture=figure,
        caption="the first components of the prior",
        claims=[],
        data={"pseudo_inputs": data},
    )


def component_images(model):
    """What the components of a model's prior stand for, shape (components, height, width).

    Raises:
        ValueError: If the prior has no components.
    """
    prior = model.prior_layer
    if hasattr(prior, "pseudo_inputs"):
        return np.asarray(prior.pseudo_inputs)
    if not hasattr(prior, "loc"):
        raise ValueError("The standard normal prior has no pseudo-inputs to draw.")
    return model.decode(np.asarray(prior.loc)).mean().numpy()


def color_map(dataset):
    """Name of the Matplotlib colour map of a data set's images."""
    return COLOR_MAPS.get(dataset, "gray_r")


def draw_square(axis, images, dataset):
    """Draws the first images side by side with white between, as many as fill a square."""
    side, colors = int(np.sqrt(len(images))), color_map(dataset)
    white = 1.0 if colors == "gray" else 0.0
    framed = np.pad(images, ((0, 0), (0, 1), (0, 1)), constant_values=white)
    square = framed[: side**2].reshape(side, side, *framed.shape[1:])
    plots.mosaic(axis, square, cmap=colors)


def each_panel(axes, methods):
    """Titles each axis; yields it with the data set's name and the first trial's model and data."""
    for axis, letter, (label, method) in plots.lettered(axes, methods.items()):
        dataset, model = split_name(label)
        wanted = schedule(dataset, model).epochs
        title = f"{letter} {TITLES[dataset]}"
        axis.set_title(f"{title}, {method.weights_epochs[0]} of {wanted} epochs", fontsize=9)
        yield axis, dataset, next(iter(method.load_models()))

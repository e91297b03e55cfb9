"""Figure 7: the pseudo-inputs that the VampPrior learned, on three data sets.

"Project: Large VAE", Sections 3.2.2 and 4.0.1: they show patterns of the data and are no copies of
its images. Of every trial, their distances from the nearest training image are held against those
of held-out images, and their variance against the directions in which images vary. Of a mixture of
Gaussians, the decoded means are drawn.
"""

import functools
import sys

import numpy as np
from matplotlib.figure import Figure as Picture
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

from keras_vae.datasets import ImageData
from keras_vae.datasets.image_data import as_floats
from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.claims import (
    Claim,
    JsonObject,
    Number,
    Reading,
    over_seeds,
    plus_minus,
)
from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.figures.method_runs import Methods
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.measures.class_measures import flatten
from keras_vae.experiments.reports.vampprior import (
    LEARNED_PRIORS,
    PANELS,
    VAMPPRIOR,
    unmet_requirements,
)
from keras_vae.experiments.reports.vampprior.figures import (
    add_prior_options,
    by_dataset,
    report_figure,
    split_name,
)
from keras_vae.experiments.reports.vampprior.pictures import SIDE, draw_square, each_panel
from keras_vae.models import LatentVariableModel

# Directions in which training images vary most, out of 560 or 784.
COMPONENTS = 50
HELD_OUT = 1000


def component_images(model: LatentVariableModel) -> np.ndarray:
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


def measure(methods: Methods, options: Options) -> JsonObject:
    """Of each method the first trial's components as images, and measures of every trial's.

    Returns:
        Dictionary of `found` by method, with `epochs`, `images` and `measures`, and of `runs`.
    """
    found = {}
    for label, method in methods.items():
        trials = [(component_images(model), data) for model, data in method.load_models()]
        found[label] = {
            "epochs": method.weights_epochs[0],
            "images": trials[0][0],
            "measures": [measure_components(*trial) for trial in trials],
        }
    return {"found": found, "runs": by_dataset(methods)}


def measure_components(images: np.ndarray, data: ImageData) -> JsonObject:
    """How far components are from images, and how far they vary as images do.

    Arguments:
        images: Array of shape (components, height, width).
        data: The run's `ImageData`.

    Returns:
        Dictionary of the number of `components`; of their mean distance from the nearest training
        image, and held-out images', in root mean squared grey levels of a pixel; of the share of
        their variance that lies in the `COMPONENTS` directions in which training images vary most;
        and of that share of noise.
    """
    train, held_out = as_floats(data.train.pixels), data.test.images[:HELD_OUT]
    flat, components = flatten(train), flatten(images)
    nearest = NearestNeighbors(n_neighbors=1).fit(flat)
    root = np.sqrt(flat.shape[1])
    distances = [nearest.kneighbors(of)[0].mean() / root for of in (components, flatten(held_out))]
    directions = PCA(min(COMPONENTS, *flat.shape), svd_solver="covariance_eigh").fit(flat)
    around = components - components.mean(axis=0)
    within = (around @ directions.components_.T) ** 2
    return {
        "components": len(images),
        "distance_from_the_nearest_image": float(distances[0]),
        "the_same_of_held_out_images": float(distances[1]),
        "share_in_the_images_directions": float(within.sum() / max((around**2).sum(), 1e-12)),
        "the_same_of_noise": len(directions.components_) / flat.shape[1],
    }


def draw(measured: JsonObject, options: Options) -> Picture:
    """Draws the first components."""
    figure, axes = plots.panels(len(measured["found"]), width=3.2, height=3.9)
    for axis, dataset, found in each_panel(axes, measured["found"]):
        draw_square(axis, found["images"][: SIDE**2], dataset)
    return figure


def judge(measured: JsonObject, options: Options) -> list[Claim]:
    """Judges whether pseudo-inputs show patterns of the data, and copy none of its images."""
    found = {split_name(label)[0]: of["measures"] for label, of in measured["found"].items()}

    def difference(first: str, second: str) -> dict[str, JsonObject | None]:
        return {
            name: over_seeds([of[first] - of[second] for of in found[name]])
            if name in found
            else None
            for name in PANELS
        }

    farther = difference("distance_from_the_nearest_image", "the_same_of_held_out_images")
    pattern = difference("share_in_the_images_directions", "the_same_of_noise")
    unmet = tuple(
        reason
        for name in PANELS
        for reason in unmet_requirements(name, measured["runs"], (VAMPPRIOR,))
    )
    return [
        Claim(
            id="vampprior.text.5",
            statement="Pseudo-inputs show patterns of the data and are no copies of images.",
            reported="'representative patterns', 'do not copy the samples' (3.2.2, 4.0.1)",
            measured="farther than unseen images by "
            + ", ".join(plus_minus(of, 2) for of in farther.values() if of is not None),
            readings=[
                Reading(
                    rule="On every data set, pseudo-inputs are on average farther from the nearest "
                    f"training image than {HELD_OUT} held-out images are, and a larger share of "
                    f"their variance lies in the {COMPONENTS} directions in which training images "
                    "vary most than of noise; both by two standard errors over seeds.",
                    numbers={
                        "distance_above_held_out_images": Number(farther, "grey levels", above=0.0),
                        "share_above_noise": Number(pattern, "share of the variance", above=0.0),
                    },
                    unmet=unmet,
                )
            ],
        )
    ]


def record(measured: JsonObject, options: Options) -> JsonObject:
    """The measures by data set, one dictionary a trial."""
    return {
        "pseudo_inputs": {
            split_name(label)[0]: found["measures"] for label, found in measured["found"].items()
        }
    }


FIGURE = report_figure(
    script=__file__,
    name="fig_7",
    title="Figure 7: the VampPrior's pseudo-inputs",
    models=(VAMPPRIOR,),
    with_prior=(VAMPPRIOR,),
    add_options=functools.partial(add_prior_options, priors=LEARNED_PRIORS),
    measure=measure,
    draw=draw,
    caption=f"the first {SIDE**2} components of the prior",
    judge=judge,
    record=record,
    draws_first_trial=True,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

"""Figure 7: the pseudo-inputs that the VampPrior learned, on three data sets.

"Project: Large VAE", Sections 3.2.2 and 4.0.1: they show patterns of the data and are no copies of
its images. Of every trial, their distances from the nearest training image are held against those
of held-out images, and their variance against the directions in which images vary: of all of them
together, to which a few may give nearly all of the variance, and of single ones. Of a mixture of
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
# Quantile of the distances of single ones, so that a few copies are not averaged away.
NEAREST = 0.05
TINY = 1e-12
# By reading: what is larger than what, and what is larger than noise's.
DISTANCES = {
    "of all together": ("distance_from_the_nearest_image", "the_same_of_held_out_images"),
    "of single ones": ("distance_of_the_nearest", "distance_of_the_nearest_held_out_images"),
}
SHARES = {
    "of all together": "share_in_the_images_directions",
    "of single ones": "median_share_in_the_images_directions",
}
RULES = {
    "of all together": "On every data set, pseudo-inputs are on average farther from the nearest "
    f"training image than held-out images ({HELD_OUT} of them, or all) are, and the {COMPONENTS} "
    "directions in which training images vary most have a larger share of the pseudo-inputs' "
    "variance than of noise's; both by two standard errors over seeds.",
    "of single ones": f"On every data set, the {NEAREST:.0%} quantile of the distances from the "
    "nearest training image is larger for pseudo-inputs than for held-out images. The median "
    "pseudo-input has a larger share of its own variance in those directions than noise has. Both "
    "hold by two standard errors over seeds.",
}


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
        Dictionary of the number of `components` and of `held_out_images`; of the components' mean
        distance from the nearest training image, and held-out images', in root mean squared grey
        levels of a pixel, and of the `NEAREST` quantile of each; of the share of their variance
        that lies in the `COMPONENTS` directions in which training images vary most, of all and the
        median of single ones; and of that share of noise.
    """
    train, held_out = as_floats(data.train.pixels), data.test.images[:HELD_OUT]
    flat, components = flatten(train), flatten(images)
    nearest = NearestNeighbors(n_neighbors=1).fit(flat)
    root = np.sqrt(flat.shape[1])
    distances, unseen = (nearest.kneighbors(of)[0] / root for of in (components, flatten(held_out)))
    directions = PCA(min(COMPONENTS, *flat.shape), svd_solver="covariance_eigh").fit(flat)

    def variances(center: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        around = components - center
        within = ((around @ directions.components_.T) ** 2).sum(axis=1)
        return within, np.maximum((around**2).sum(axis=1), TINY)

    within, whole = variances(components.mean(axis=0))
    # From the mean, to which a few may have moved it, even a blank one differs as images do.
    single_within, single_whole = variances(np.median(components, axis=0))
    return {
        "components": len(images),
        "held_out_images": len(held_out),
        "distance_from_the_nearest_image": float(distances.mean()),
        "the_same_of_held_out_images": float(unseen.mean()),
        "distance_of_the_nearest": float(np.quantile(distances, NEAREST)),
        "distance_of_the_nearest_held_out_images": float(np.quantile(unseen, NEAREST)),
        "share_in_the_images_directions": float(within.sum() / whole.sum()),
        "median_share_in_the_images_directions": float(np.median(single_within / single_whole)),
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
    unmet = tuple(
        reason
        for name in PANELS
        for reason in unmet_requirements(name, measured["runs"], (VAMPPRIOR,))
    )
    farther = _difference(found, *DISTANCES["of all together"])
    line = ", ".join(
        f"{name} {plus_minus(of, 2)}" for name, of in farther.items() if of is not None
    )
    return [
        Claim(
            id="vampprior.text.5",
            statement="Pseudo-inputs show patterns of the data and are no copies of images.",
            reported="'representative patterns', 'do not copy the samples' (3.2.2, 4.0.1)",
            measured=f"farther than unseen images: {line}",
            readings=[
                Reading(
                    name,
                    rule=rule,
                    numbers={
                        "distance_above_held_out_images": Number(
                            _difference(found, *DISTANCES[name]), "grey levels", above=0.0
                        ),
                        "share_above_noise": Number(
                            _difference(found, SHARES[name], "the_same_of_noise"),
                            "share of the variance",
                            above=0.0,
                        ),
                    },
                    unmet=unmet,
                )
                for name, rule in RULES.items()
            ],
        )
    ]


def _difference(found: JsonObject, first: str, second: str) -> dict[str, JsonObject | None]:
    return {
        name: over_seeds([of[first] - of[second] for of in found[name]]) if name in found else None
        for name in PANELS
    }


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

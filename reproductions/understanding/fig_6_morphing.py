"""Figure 6: from one digit to another in image space and in latent space.

"Understanding Variational Auto-Encoder", Section 4: twelve rows, each of which starts where the
last one ended. Codes are posterior means. Along many more such paths it is measured how far the
images at the middle are from digits.
"""

import dataclasses
import sys

import numpy as np
from matplotlib.figure import Figure as Picture

from keras_vae import datasets
from keras_vae.datasets import ImageData
from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.claims import (
    Claim,
    JsonObject,
    Number,
    Reading,
    over_seeds,
    plus_minus,
    unmet_requirements,
)
from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.figures.method_runs import Methods
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.measures.class_measures import (
    NEIGHBOURS,
    REFERENCE_IMAGES,
    digit_confidence,
    distance_to_images,
    draw_pixels,
)
from keras_vae.experiments.measures.points import evenly_spaced, pairs_of_two_classes
from keras_vae.experiments.reports.understanding import (
    EPOCHS,
    SEEDS_PRESETS,
    TRIALS,
    latent_dim_runs,
    report_figure,
)
from keras_vae.models import LatentVariableModel

ROWS = 12
STEPS = 13
PAIRS = 1000
LIKELIHOOD_SAMPLES = 100
SMALL_EXCESS = 0.5
CLEARLY_MORE = 0.05


@dataclasses.dataclass(frozen=True)
class Paths:
    """The same pairs of images joined in two ways.

    Attributes:
        image: Array of shape (pairs, steps, height, width): straight lines between the images.
        latent: Array of that shape: decoded straight lines between their posterior means.
    """

    image: np.ndarray
    latent: np.ndarray


def chain(images: np.ndarray, seed: int) -> np.ndarray:
    """`ROWS` + 1 images drawn without repetition, of which each two neighbours are a pair."""
    return images[np.random.default_rng(seed).choice(len(images), ROWS + 1, replace=False)]


def join(model: LatentVariableModel, starts: np.ndarray, ends: np.ndarray) -> Paths:
    """Joins pairs of images in pixels and in codes.

    Arguments:
        model: Trained model.
        starts: Array of shape (pairs, height, width).
        ends: Array of that shape.

    Returns:
        `Paths`.
    """
    first, last = (model.encode(images).mean().numpy() for images in (starts, ends))
    return Paths(
        image=evenly_spaced(starts, ends, STEPS),
        latent=model.decode(evenly_spaced(first, last, STEPS)).mean().numpy(),
    )


def measure(methods: Methods, options: Options) -> JsonObject:
    """Of the first trial the rows to draw, and of every trial a summary of many paths."""
    method = methods["20"]
    rows, paths = None, []
    for model, data in method.load_models():
        if rows is None:
            images = chain(data.test.images, options.seed)
            rows = join(model, images[:-1], images[1:])
        paths.append(summarise(measure_paths(model, data, options.seed)))
    return {"rows": rows, "paths": paths, "weights_epochs": method.weights_epochs}


def measure_paths(model: LatentVariableModel, data: ImageData, seed: int) -> dict[str, np.ndarray]:
    """How far from digits, and how much like one digit, images on both kinds of path are.

    Arguments:
        model: Trained model.
        data: `ImageData` with labels, binarised.
        seed: Integer.

    Returns:
        Dictionary of arrays: distances and log-likelihoods (nats) at the middle, of shape
        (pairs,); confidences, of shape (pairs, steps); and held-out images' distances.
    """
    images = [split.images for split in pairs_of_two_classes(data.test, seed, PAIRS)]
    paths = join(model, *images)
    confidence, distance = digit_confidence(data.train), distance_to_images(data.train)
    measures = {"held_out_distance": distance(data.test.images[:PAIRS])}
    for name in ("image", "latent"):
        drawn = draw_pixels(getattr(paths, name), seed)
        middle = drawn[:, STEPS // 2]
        log_likelihood = model.log_likelihood(middle, num_samples=LIKELIHOOD_SAMPLES)
        measures[f"{name}_distance"] = distance(middle)
        measures[f"{name}_confidence"] = confidence(drawn)
        measures[f"{name}_log_likelihood"] = np.asarray(log_likelihood)
    return measures


def summarise(measures: dict[str, np.ndarray]) -> JsonObject:
    """Means over pairs, as JSON-compatible values."""
    names = ("image", "latent")
    return {
        "pairs": len(measures["image_distance"]),
        "pixels_from_nearest_images": {
            name: float(measures[f"{name}_distance"].mean()) for name in (*names, "held_out")
        },
        "share_of_neighbours_of_one_class": {
            name: np.round(measures[f"{name}_confidence"].mean(axis=0), 4).tolist()
            for name in names
        },
        "log_likelihood_at_the_middle": {
            name: float(measures[f"{name}_log_likelihood"].mean()) for name in names
        },
    }


def judge(measured: JsonObject, options: Options) -> list[Claim]:
    """Judges whether paths in codes stay on digits where paths in pixels do not."""
    pixels = [summary["pixels_from_nearest_images"] for summary in measured["paths"]]
    image, latent, held_out = (
        np.array([of[name] for of in pixels]) for name in ("image", "latent", "held_out")
    )
    shares = [summary["share_of_neighbours_of_one_class"] for summary in measured["paths"]]
    middle = [of["latent"][STEPS // 2] - of["image"][STEPS // 2] for of in shares]
    closer = over_seeds(image - latent)
    spared = over_seeds(SMALL_EXCESS * (image - held_out) - (latent - held_out))
    unmet = unmet_requirements(
        options,
        min_epochs=EPOCHS,
        min_trials=TRIALS,
        weights_epochs=measured["weights_epochs"],
    )
    return [
        Claim(
            id="understanding.6.1",
            statement="Morphing in latent space stays on digits; in image space it blends two.",
            reported="'semantically smooth', in image space 'no semantic transition' (Figure 6)",
            measured=f"{plus_minus(closer)} pixels closer to digits in latent space",
            readings=[
                Reading(
                    "by the distance from digits, a rule that replaced a first one",
                    rule="Binary images are drawn halfway between two digits of different "
                    f"classes. From the {NEIGHBOURS} nearest of {REFERENCE_IMAGES} training "
                    "images, held-out digits differ in some pixels; those on latent paths differ "
                    f"in more, by at most {SMALL_EXCESS:g} of what those on image paths do.",
                    numbers={
                        "pixels_closer_on_latent_paths": Number(closer, "pixels", above=0.0),
                        "half_the_excess_on_image_paths_less_that_on_latent_paths": Number(
                            spared, "pixels", at_least=0.0
                        ),
                    },
                    unmet=unmet,
                ),
                Reading(
                    "by the classes of neighbours, the first rule",
                    rule=f"Of the {NEIGHBOURS} nearest training images of those drawn halfway, the "
                    "share that is of one class is larger on latent paths than on image paths by "
                    f"at least {CLEARLY_MORE:g}. (It was replaced after it had failed, because "
                    "noise meets it better than digits do.)",
                    numbers={
                        "share_on_latent_less_image_paths": Number(
                            over_seeds(middle), "share", at_least=CLEARLY_MORE
                        )
                    },
                    unmet=unmet,
                ),
            ],
        )
    ]


def draw(measured: JsonObject, options: Options) -> Picture:
    """Draws the rows in image space beside those in latent space."""
    rows = measured["rows"]
    figure, axes = plots.panels(2, width=5.4, height=5.6)
    plots.mosaic(axes[0], rows.image)
    axes[0].set_title("(a) In image space")
    plots.mosaic(axes[1], rows.latent)
    axes[1].set_title("(b) In latent space")
    return figure


def record(measured: JsonObject, options: Options) -> JsonObject:
    """The summary of the paths, one a trial."""
    return {"paths": measured["paths"]}


FIGURE = report_figure(
    script=__file__,
    name="fig_6",
    title="Figure 6: morphing in image space and in latent space (n_z = 20)",
    presets=SEEDS_PRESETS,
    runs=latent_dim_runs(20),
    measure=measure,
    judge=judge,
    draw=draw,
    caption=lambda measured, options: (
        f"n_z = 20, Adam, seed {options.seed}; each row starts where the last one ended"
    ),
    record=record,
    datasets=datasets.LABELLED,
    draws_first_trial=True,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

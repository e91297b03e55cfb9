"""Figure 5: five interpolations between two digits, two of them along Fisher-Rao geodesics.

"An Explanatory Analysis of the Geometry of Latent Variables", Section 2.3. Of several trials, the
first is shown.
"""

import dataclasses
import sys
import warnings
from collections.abc import Callable

import numpy as np
from matplotlib.figure import Figure as Picture
from scipy.special import expit
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from keras_vae import linear_probe, random
from keras_vae.datasets import Split
from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.claims import Claim, JsonObject, Number, Reading
from keras_vae.experiments.figures.figure import Figure, main
from keras_vae.experiments.figures.method_runs import Methods
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.measures.image_pairs import evenly_spaced, pairs_of_two_classes
from keras_vae.experiments.reports.geometry.protocol import (
    LATENT_DIM,
    SHARED,
    unmet_requirements,
    vae_spec,
)
from keras_vae.experiments.runs.evaluation import mean_and_error
from keras_vae.experiments.runs.spec import Specs
from keras_vae.geometry import fisher_rao_geodesic
from keras_vae.models import LatentVariableModel

LABEL = f"VAE, k = {LATENT_DIM}"
STEPS = 13
PAIRS = 1000
BATCH = 500
HIDDEN_UNITS, PASSES = 100, 15
STANDARD_ERRORS = 3
MEANS, GEODESIC = "Means", "Geodesic, means"
PATHS = ("Pixels", MEANS, "Samples", "Geodesic, sampled", GEODESIC)
MARKED = (MEANS, GEODESIC)


def runs(options: Options, seed: int) -> Specs:
    """The usual VAE."""
    return {LABEL: vae_spec(options.dataset, seed)}


@dataclasses.dataclass(frozen=True)
class Transitions:
    """Where and how sharply one digit becomes the other, for each path and pair.

    Attributes:
        images: Dictionary by path of arrays of shape (pairs, STEPS, height, width).
        first: Dictionary by path of integer arrays of shape (pairs,): the first image that is
            not of the first one's digit, `STEPS` if there is none.
        steepest: Dictionary by path of arrays of shape (pairs,): the largest fall from one image
            to the next of the first digit's probability, the two digits being the only ones.
        told_apart: Boolean array of shape (pairs,): whether the reconstructions of both ends are
            classified rightly.
        epochs: Epochs after which the weights used were stored.
    """

    images: dict[str, np.ndarray]
    first: dict[str, np.ndarray]
    steepest: dict[str, np.ndarray]
    told_apart: np.ndarray
    epochs: int


def measure(methods: Methods, options: Options) -> Transitions:
    """Follows many pairs of test images of two digits, in the first trial; `Transitions`."""
    method = methods[LABEL]
    model, data = method.load_model(0)
    epochs = method.kept_epochs()[-1]
    method.restore(model, 0, epochs)
    log_probabilities, classes = digit_classifier(model, data.train, options.seed)
    pairs = pairs_of_two_classes(data.test, options.seed, PAIRS)
    images = join(model, *(split.images for split in pairs), options.seed)
    columns = np.stack([np.searchsorted(classes, split.labels) for split in pairs], axis=1)
    rows = np.arange(len(columns))
    first, steepest = {}, {}
    for name, path in images.items():
        scores = log_probabilities(path)
        left = scores.argmax(axis=2) != columns[:, :1]
        first[name] = np.where(left.any(axis=1), left.argmax(axis=1), STEPS)
        ours, theirs = (scores[rows, :, column] for column in columns.T)
        steepest[name] = -np.diff(expit(ours - theirs), axis=1).min(axis=1)
    ends = log_probabilities(images[MEANS][:, [0, -1]]).argmax(axis=2)
    return Transitions(images, first, steepest, (ends == columns).all(axis=1), epochs)


def join(
    model: LatentVariableModel, starts: np.ndarray, ends: np.ndarray, seed: int
) -> dict[str, np.ndarray]:
    """Joins pairs of images in the report's five ways.

    Arguments:
        model: Trained `keras_vae.VAE`.
        starts: Array of shape (pairs, height, width).
        ends: Array of that shape.
        seed: Integer from which samples are drawn.

    Returns:
        Dictionary by path of arrays of shape (pairs, STEPS, height, width).
    """
    (loc_a, scale_a), (loc_b, scale_b) = (
        [part.numpy() for part in model.posterior_parameters(images)] for images in (starts, ends)
    )
    rng = np.random.default_rng(random.derive_seed(seed, 1))
    noise_a, noise_b = rng.normal(size=(2, *loc_a.shape))
    path = fisher_rao_geodesic(loc_a, scale_a, loc_b, scale_b, np.linspace(0, 1, STEPS))
    loc, scale = (np.swapaxes(part, 0, 1) for part in path)
    codes = (
        evenly_spaced(loc_a, loc_b, STEPS),
        evenly_spaced(loc_a + scale_a * noise_a, loc_b + scale_b * noise_b, STEPS),
        loc + scale * rng.normal(size=loc.shape),
        loc,
    )
    decoded = [_decode(model, z) for z in codes]
    return dict(zip(PATHS, [evenly_spaced(starts, ends, STEPS), *decoded], strict=True))


def _decode(model, codes):
    flat = codes.reshape(-1, codes.shape[-1]).astype(np.float32)
    starts = range(0, len(flat), BATCH)
    images = np.concatenate([model.decode(flat[i : i + BATCH]).mean() for i in starts])
    return images.reshape(*codes.shape[:2], *images.shape[1:])


def digit_classifier(
    model: LatentVariableModel, split: Split, seed: int
) -> tuple[Callable[[np.ndarray], np.ndarray], np.ndarray]:
    """A small neural classifier of posterior means, as one of images.

    A linear one errs in one image of twelve, so that an unchanged digit often counts as another.

    Arguments:
        model: Trained `keras_vae.VAE`.
        split: `Split` of training images with labels.
        seed: Integer.

    Returns:
        Function from images of shape (pairs, steps, height, width) to log-probabilities of all
        classes, of shape (pairs, steps, classes), and the array of the classes.
    """
    means = linear_probe.posterior_features(model, split.images)
    network = MLPClassifier((HIDDEN_UNITS,), max_iter=PASSES, tol=0, random_state=seed)
    classifier = make_pipeline(StandardScaler(), network)
    with warnings.catch_warnings():
        # A fixed number of passes is enough to tell digits apart, and ends in time.
        warnings.simplefilter("ignore", ConvergenceWarning)
        classifier.fit(means, split.labels)

    def log_probabilities(images):
        flat = images.reshape(-1, *images.shape[2:]).astype(np.float32)
        codes = model.posterior_means(flat, batch_size=BATCH).numpy()
        return classifier.predict_log_proba(codes).reshape(*images.shape[:2], -1)

    return log_probabilities, classifier.classes_


def draw(transitions: Transitions, options: Options) -> Picture:
    """Draws the five paths of the first pair whose ends are classified rightly.

    Frames mark the first image of another digit on two of them.
    """
    pair = int(np.argmax(transitions.told_apart))
    rows = {name: images[pair] for name, images in transitions.images.items()}
    figure = plots.image_rows(rows)
    grid = np.array(figure.axes).reshape(len(PATHS), STEPS)
    for row, name in zip(grid, PATHS, strict=True):
        step = transitions.first[name][pair]
        if name in MARKED and step < STEPS:
            plots.frame(row[step])
    return figure


def caption(transitions: Transitions, options: Options) -> str:
    """What the rows show, in words."""
    return (
        f"VAE with k = {LATENT_DIM}, seed {options.seed}; red: the first image whose digit, "
        "by a classifier of posterior means, is no longer the first one's"
    )


def summarise(transitions: Transitions) -> JsonObject:
    """Means over the pairs whose ends are classified rightly, as JSON-compatible values.

    Paths whose own ends are not of the two digits, as drawn ones may be, have no transition.
    """
    kept = transitions.told_apart
    summary = {
        "pairs": len(kept),
        "pairs_with_ends_told_apart": int(kept.sum()),
        "steps": STEPS,
        "geodesic_minus_means": None,
    }
    if kept.sum() < 2:
        return summary
    steepest = {name: values[kept] for name, values in transitions.steepest.items()}
    difference = steepest[GEODESIC] - steepest[MEANS]
    return {
        **summary,
        "steepest_fall_of_the_first_digits_probability": {
            name: float(values.mean()) for name, values in steepest.items()
        },
        "mean_transition_image": {
            name: float(values[kept & (values > 0) & (values < STEPS)].mean())
            for name, values in transitions.first.items()
        },
        "geodesic_minus_means": mean_and_error(difference),
        "share_of_pairs_sharper_on_the_geodesic": float((difference > 0).mean()),
    }


UNITS = {
    "pairs": "pairs",
    "pairs_with_ends_told_apart": "pairs",
    "steps": "steps",
    "geodesic_minus_means": "probability",
    "mean_transition_image": "steps",
    "steepest_fall_of_the_first_digits_probability": "probability",
    "share_of_pairs_sharper_on_the_geodesic": "share",
}


def judge(transitions: Transitions, options: Options) -> list[Claim]:
    """Judges whether the geodesic changes from digit to digit more sharply."""
    summary = summarise(transitions)
    difference = summary["geodesic_minus_means"]
    return [
        Claim(
            id="geometry.5.1",
            statement="The geodesic without sampling changes slightly more sharply than the line "
            "between means.",
            reported="'slightly more sharply' (Figure 5)",
            measured="no pairs told apart"
            if difference is None
            else f"steepest fall of the probability larger by {difference['mean']:.3f}",
            readings=[
                Reading(
                    rule=f"Over {PAIRS} pairs of test images of different digits, the first "
                    "digit's probability against the second's, by a neural classifier of "
                    "posterior means, falls in its steepest step by more on the geodesic than on "
                    "the straight line: on average over the pairs whose ends are classified "
                    f"rightly, by {STANDARD_ERRORS} standard errors.",
                    numbers={name: Number(value, UNITS[name]) for name, value in summary.items()},
                    holds=None
                    if difference is None
                    else difference["mean"] >= STANDARD_ERRORS * difference["standard_error"],
                    unmet=unmet_requirements(options, [transitions.epochs], min_trials=1),
                )
            ],
        )
    ]


def record(transitions: Transitions, options: Options) -> JsonObject:
    """The summary for `data.json`."""
    return {"transitions": summarise(transitions)}


FIGURE = Figure(
    **SHARED,
    script=__file__,
    name="fig_5",
    title="Figure 5: interpolations in pixels, in codes and along geodesics",
    runs=runs,
    measure=measure,
    draw=draw,
    caption=caption,
    judge=judge,
    record=record,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

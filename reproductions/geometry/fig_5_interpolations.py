"""Figure 5: five interpolations between two digits, two of them along Fisher-Rao geodesics.

"An Explanatory Analysis of the Geometry of Latent Variables", Section 2.3. Runs: the usual VAE.
Measured, for 1,000 pairs of test images, the same in every trial: where along each path, and how
sharply, a classifier sees one digit become the other. Drawn: one pair, with the first trial.
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
from keras_vae.experiments.figures.method_runs import MethodRuns, Methods
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.measures.points import evenly_spaced, pairs_of_two_classes
from keras_vae.experiments.reports.geometry import (
    LATENT_DIM,
    NEEDED,
    GeometryFigure,
    vae_spec,
)
from keras_vae.experiments.runs.spec import Specs
from keras_vae.geometry import fisher_rao_geodesic
from keras_vae.models import LatentVariableModel

LABEL = f"VAE, k = {LATENT_DIM}"
STEPS = 13
PAIRS = 1000
BATCH = 500
HIDDEN_UNITS, PASSES = 100, 15
MEANS, GEODESIC, SAMPLED_GEODESIC = "Means", "Geodesic, means", "Geodesic, sampled"
# The report's five, and one that 5.2 is held against.
DRAWN = ("Pixels", MEANS, "Samples", SAMPLED_GEODESIC, GEODESIC)
SAMPLED_LINE = "Line, sampled"
MARKED = (MEANS, GEODESIC)


def runs(options: Options, seed: int) -> Specs:
    """The usual VAE."""
    return {LABEL: vae_spec(options.dataset, seed)}


@dataclasses.dataclass(frozen=True)
class Transitions:
    """Where and how sharply one digit becomes the other, in one trial, for each path and pair.

    Attributes:
        first: Dictionary by path of integer arrays of shape (pairs,): the first image that is
            not of the first one's digit, `STEPS` if there is none.
        steepest: Dictionary by path of arrays of shape (pairs,): the largest fall from one image
            to the next of the first digit's probability, the two digits being the only ones.
        variation: Dictionary by path of arrays of shape (pairs,): the mean absolute difference of
            a pixel from one image to the next, summed along the path.
        told_apart: Boolean array of shape (pairs,): whether the reconstructions of both ends are
            classified rightly.
        epochs: Epochs after which the weights used were stored.
        rows: Dictionary by path of arrays of shape (STEPS, height, width): the images of the first
            pair that is told apart.
    """

    first: dict[str, np.ndarray]
    steepest: dict[str, np.ndarray]
    variation: dict[str, np.ndarray]
    told_apart: np.ndarray
    epochs: int
    rows: dict[str, np.ndarray]


def measure(methods: Methods, options: Options) -> list[Transitions]:
    """Follows many pairs of test images of two digits; `Transitions` of each trial."""
    method = methods[LABEL]
    return [_measure_trial(method, trial, options.seed) for trial in range(len(method.specs))]


def _measure_trial(method: MethodRuns, trial: int, seed: int) -> Transitions:
    model, data = method.load_model(trial)
    epochs = method.kept_epochs()[-1]
    method.restore(model, trial, epochs)
    log_probabilities, classes = digit_classifier(model, data.train, seed)
    (starts, start_labels), (ends, end_labels) = pairs_of_two_classes(data.test, seed, PAIRS)
    images = join(model, starts, ends, seed)
    columns = np.searchsorted(classes, np.stack([start_labels, end_labels], axis=1))
    rows = np.arange(len(columns))
    first: dict[str, np.ndarray] = {}
    steepest: dict[str, np.ndarray] = {}
    variation: dict[str, np.ndarray] = {}
    for name, path in images.items():
        scores = log_probabilities(path)
        left = scores.argmax(axis=2) != columns[:, :1]
        first[name] = np.where(left.any(axis=1), left.argmax(axis=1), STEPS)
        ours, theirs = (scores[rows, :, column] for column in columns.T)
        steepest[name] = -np.diff(expit(ours - theirs), axis=1).min(axis=1)
        variation[name] = abs(np.diff(path, axis=1)).mean(axis=(2, 3)).sum(axis=1)
    found = log_probabilities(images[MEANS][:, [0, -1]]).argmax(axis=2)
    told_apart = (found == columns).all(axis=1)
    shown = {name: path[int(np.argmax(told_apart))] for name, path in images.items()}
    return Transitions(first, steepest, variation, told_apart, epochs, shown)


def join(
    model: LatentVariableModel, starts: np.ndarray, ends: np.ndarray, seed: int
) -> dict[str, np.ndarray]:
    """Joins pairs of images in the report's five ways, and in one more to compare with.

    Arguments:
        model: Trained `keras_vae.VAE`.
        starts: Array of shape (pairs, height, width).
        ends: Array of that shape.
        seed: Integer from which samples are drawn.

    Returns:
        Dictionary by path of arrays of shape (pairs, STEPS, height, width).
    """
    (loc_a, scale_a), (loc_b, scale_b) = (
        [np.asarray(part) for part in model.posterior_parameters(images)]
        for images in (starts, ends)
    )
    rng = np.random.default_rng(random.derive_seed(seed, 1))
    noise_a, noise_b = rng.normal(size=(2, *loc_a.shape))
    path = fisher_rao_geodesic(loc_a, scale_a, loc_b, scale_b, np.linspace(0, 1, STEPS))
    loc, scale = (np.swapaxes(part, 0, 1) for part in path)
    noise = rng.normal(size=loc.shape)
    line, line_scale = (
        evenly_spaced(*both, STEPS) for both in ((loc_a, loc_b), (scale_a, scale_b))
    )
    codes = {
        MEANS: line,
        "Samples": evenly_spaced(loc_a + scale_a * noise_a, loc_b + scale_b * noise_b, STEPS),
        SAMPLED_GEODESIC: loc + scale * noise,
        GEODESIC: loc,
        SAMPLED_LINE: line + line_scale * noise,
    }
    decoded = {name: model.decode(z.astype(np.float32)).mean().numpy() for name, z in codes.items()}
    return {"Pixels": evenly_spaced(starts, ends, STEPS), **decoded}


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

    def log_probabilities(images: np.ndarray) -> np.ndarray:
        flat = images.reshape(-1, *images.shape[2:]).astype(np.float32)
        codes = np.asarray(model.posterior_means(flat, batch_size=BATCH))
        return classifier.predict_log_proba(codes).reshape(*images.shape[:2], -1)

    return log_probabilities, classifier.classes_


def draw(trials: list[Transitions], options: Options) -> Picture:
    """Draws the report's paths of the first pair whose ends the first trial classifies rightly.

    Frames mark the first image of another digit on two of them.
    """
    first = trials[0]
    figure = plots.image_rows({name: first.rows[name] for name in DRAWN})
    grid = np.array(figure.axes).reshape(len(DRAWN), STEPS)
    pair = int(np.argmax(first.told_apart))
    for row, name in zip(grid, DRAWN, strict=True):
        step = first.first[name][pair]
        if name in MARKED and step < STEPS:
            plots.frame(row[step])
    return figure


def caption(trials: list[Transitions], options: Options) -> str:
    """What the rows show, in words."""
    return (
        f"VAE with k = {LATENT_DIM}, seed {options.seed}; red: the first image whose digit, "
        "by a classifier of posterior means, is no longer the first one's"
    )


def summarise(trials: list[Transitions]) -> JsonObject:
    """Means over the pairs whose ends are classified rightly, lists of one number a trial.

    Paths whose own ends are not of the two digits, as drawn ones may be, have no transition.
    """
    return {
        "pairs": len(trials[0].told_apart),
        "steps": STEPS,
        "pairs_with_ends_told_apart": [int(one.told_apart.sum()) for one in trials],
        "steepest_fall_of_the_first_digits_probability": {
            name: [_mean(one.steepest[name][one.told_apart]) for one in trials]
            for name in trials[0].steepest
        },
        "mean_transition_image": {
            name: [
                _mean(values[one.told_apart & (values > 0) & (values < STEPS)])
                for one in trials
                for values in [one.first[name]]
            ]
            for name in trials[0].first
        },
        "change_of_a_pixel_along_the_path": {
            name: [_mean(one.variation[name][one.told_apart]) for one in trials]
            for name in trials[0].variation
        },
    }


def _mean(values: np.ndarray) -> float | None:
    return float(values.mean()) if len(values) else None


def judge(trials: list[Transitions], options: Options) -> list[Claim]:
    """Judges how sharply the geodesic changes, and how much sampling makes it vary."""
    summary = summarise(trials)
    epochs = [one.epochs for one in trials]
    unmet = unmet_requirements(options, weights_epochs=epochs, **NEEDED)

    def more(measure: str, path: str, other: str) -> JsonObject:
        of = summary[measure]
        pairs = zip(of[path], of[other], strict=True)
        return over_seeds([None if a is None or b is None else a - b for a, b in pairs])

    sharper = more("steepest_fall_of_the_first_digits_probability", GEODESIC, MEANS)
    variation = "change_of_a_pixel_along_the_path"
    than_means = more(variation, SAMPLED_GEODESIC, GEODESIC)
    than_line = more(variation, SAMPLED_GEODESIC, SAMPLED_LINE)
    return [
        Claim(
            id="geometry.5.1",
            statement="The geodesic without sampling changes slightly more sharply than the line "
            "between means.",
            reported="'slightly sharper transition' (Figure 5)",
            measured=f"steepest fall of the probability larger by {plus_minus(sharper, 3)}",
            readings=[
                Reading(
                    rule=f"Over {PAIRS} pairs of test images of different digits, the first "
                    "digit's probability against the second's, by a neural classifier of "
                    "posterior means, falls in its steepest step by more on the geodesic than on "
                    "the straight line: on average over the pairs whose ends are classified "
                    "rightly, by two standard errors over seeds.",
                    numbers={
                        "geodesic_minus_means": Number(sharper, "probability", above=0.0),
                        "pairs_with_ends_told_apart": Number(
                            summary["pairs_with_ends_told_apart"], "pairs"
                        ),
                    },
                    unmet=unmet,
                )
            ],
        ),
        Claim(
            id="geometry.5.2",
            statement="Images sampled along the geodesic vary more.",
            reported="'an increase of variance [...] which translates in [...] more variability' "
            "(Section 2.3)",
            measured=f"change of a pixel {plus_minus(than_means, 2)} more than unsampled, "
            f"{plus_minus(than_line, 2)} more than on the line",
            readings=[
                Reading(
                    "than without sampling (row 4 against row 5)",
                    rule="From one image to the next a pixel changes by more on the geodesic with "
                    "sampling than without, summed along the path, by two standard errors over "
                    "seeds. (Noise alone makes it so.)",
                    numbers={
                        "sampled_minus_unsampled": Number(than_means, "grey level", above=0.0)
                    },
                    unmet=unmet,
                ),
                Reading(
                    "than images sampled along the straight line",
                    rule="It changes by more than with the same noise along the straight line "
                    "between means and deviations, where the variance does not rise.",
                    numbers={"geodesic_minus_line": Number(than_line, "grey level", above=0.0)},
                    unmet=unmet,
                ),
            ],
        ),
    ]


def record(trials: list[Transitions], options: Options) -> JsonObject:
    """The summary for `data.json`."""
    return {"transitions": summarise(trials)}


FIGURE = GeometryFigure(
    script=__file__,
    name="fig_5",
    title="Figure 5: interpolations in pixels, in codes and along geodesics",
    runs=runs,
    measure=measure,
    draw=draw,
    caption=caption,
    judge=judge,
    record=record,
    draws_first_trial=True,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

"""Figure 4.1: test images and their reconstructions from 2 and from 50 latent dimensions.

"Latent Space Activity and Visualization", Section 4.1. Measured, for every test image: whether 50
dimensions give it the higher log p(x|z), and whether a classifier recognises it. Drawn: the first
test image of each digit. Recorded: the shares, by digit and trial.
"""

import sys
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure as Picture

from keras_vae import datasets
from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.claims import Claim, JsonObject, Number, Reading
from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.figures.method_runs import Methods
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.measures.class_measures import by_class
from keras_vae.experiments.reports import activity as protocol
from keras_vae.experiments.reports.activity.views import (
    EncodedTestSet,
    by_digit,
    encoded_test_sets,
    unmet_by_weights,
    weights_epochs,
)
from keras_vae.experiments.runs.spec import Specs

NEARLY_EVERY = 0.99
HALF = 0.5
COMPARABLE = 0.05
GOOD, BAD = [1, 7], [2, 0]
RECOGNISED = (
    "Of reconstructions from 2 dimensions, classified by a nearest-neighbour classifier on pixels "
    "of the training images"
)


def runs(options: Options, seed: int) -> Specs:
    """Importance weighting with 2 and with 50 latent dimensions."""
    return protocol.latent_dim_specs(options.dataset, seed, (2, 50))


def measure(methods: Methods, options: Options) -> JsonObject:
    """All test images of all trials, and how well they are reconstructed.

    Returns:
        Dictionary: `views`, lists of `EncodedTestSet` by method; `better_share`, the share of
        test images with the higher log p(x|z) from 50 dimensions, shape (trials,);
        `shown_better`, the same of those that are drawn; `by_class`, lists of
        `class_measures_of` by method; `weights_epochs`.
    """
    views = {name: encoded_test_sets(methods[name]) for name in ("2", "50")}
    log_likelihoods = {
        name: [reconstruction_log_likelihood(view) for view in of_method]
        for name, of_method in views.items()
    }
    pairs = zip(log_likelihoods["2"], log_likelihoods["50"], strict=True)
    better = np.stack([large > small for small, large in pairs])
    return {
        "views": views,
        "better_share": better.mean(axis=1),
        "shown_better": better[:, shown_images(views["2"][0])].mean(axis=1),
        "by_class": {
            name: list(map(class_measures_of, views[name], log_likelihoods[name])) for name in views
        },
        "weights_epochs": weights_epochs(methods),
    }


def shown_images(view: EncodedTestSet) -> np.ndarray:
    """Index of the first test image of each class, shape (classes,)."""
    return np.unique(view.labels, return_index=True)[1]


def reconstruction_log_likelihood(view: EncodedTestSet) -> np.ndarray:
    """Log p(x|z) at the posterior means, shape (N,), in nats."""
    return view.model.decode(view.means).log_prob(view.images).numpy()


def class_measures_of(view: EncodedTestSet, log_likelihood: np.ndarray) -> dict[str, np.ndarray]:
    """Numbers of one model: arrays of shape (classes,)."""
    originals = view.classify(view.images) == view.labels
    return {
        "log_likelihood_at_the_mean_by_class": by_class(log_likelihood, view.labels),
        "recognised_share_by_class": view.recognised_by_class(),
        "recognised_share_of_originals_by_class": by_class(originals, view.labels),
    }


def draw(measured: JsonObject, options: Options) -> Picture:
    """Draws the first image of each class as the first trial reconstructs it."""
    small, large = (measured["views"][name][0] for name in ("2", "50"))
    shown = shown_images(small)
    return plots.image_rows(
        {
            "Input": small.images[shown],
            "n_z = 2": small.reconstructions[shown],
            "n_z = 50": large.reconstructions[shown],
        }
    )


def caption(measured: JsonObject, options: Options) -> str:
    """Which images are shown."""
    return (
        "the first test image of each class, decoded at the posterior's mean "
        f"(IW, seed {options.seed})"
    )


def judge(measured: JsonObject, options: Options) -> list[Claim]:
    """Judges how many images 50 dimensions do better, and which digits 2 dimensions do well."""
    recognised, of_50 = (
        _of_trials(measured["by_class"][name], "recognised_share_by_class") for name in ("2", "50")
    )
    of_2 = measured["by_class"]["2"]
    densities = _of_trials(of_2, "log_likelihood_at_the_mean_by_class")
    originals = _of_trials(of_2, "recognised_share_of_originals_by_class")
    unmet = unmet_by_weights(measured["weights_epochs"], options)
    return [
        judge_every_input(measured["better_share"], measured["shown_better"], unmet),
        judge_good(recognised, of_50, densities, unmet),
        judge_bad(recognised, originals, densities, unmet),
    ]


def _of_trials(trials: Sequence[JsonObject], name: str) -> np.ndarray:
    return np.stack([trial[name] for trial in trials])


def ranks_of(digits: list[int], values: np.ndarray) -> list[list[int]]:
    """The place of each of these digits in each trial, 1 for the one with the largest value."""
    return (1 + (values[:, None] > values[:, digits, None]).sum(axis=-1)).tolist()


def by_density(
    digits: list[int], values: np.ndarray, which: str, unmet: tuple[str, ...]
) -> Reading:
    """Whether these digits are among the three of the best, or the worst, reconstructions."""
    ranks = ranks_of(digits, values if which == "highest" else -values)
    return Reading(
        "by log p(x|z)",
        rule=f"{digits[0]} and {digits[1]} are both among the three digits whose mean log p(x|z) "
        f"at the posterior mean is {which} from 2 dimensions, in every trial. (It is higher for "
        "digits with little ink, such as 1.)",
        numbers={
            f"ranks of {digits[0]} and {digits[1]}, each trial": Number(ranks, "rank", at_most=3),
            "mean log p(x|z)": Number(by_digit(values), "nats"),
        },
        unmet=unmet,
    )


def judge_every_input(better: np.ndarray, shown: np.ndarray, unmet: tuple[str, ...]) -> Claim:
    """All test images, and those of the picture."""
    rule = "log p(x|z) at the posterior mean is higher from 50 dimensions than from 2 for "
    readings = {
        "the inputs shown": ("all inputs that the picture shows, in every trial.", shown, 1.0),
        "the whole test set": (
            f"at least {NEARLY_EVERY:.0%} of the test images, in every trial.",
            better,
            NEARLY_EVERY,
        ),
    }
    return Claim(
        id="activity.4.1.1",
        statement="50 dimensions reconstruct every input better than 2.",
        reported="'better representations of every test input' (Section 4.1, Figure 4.1)",
        measured=f"{better.min():.2%} of all, {shown.min():.0%} of the inputs shown (lowest trial)",
        readings=[
            Reading(
                name,
                rule=rule + which,
                numbers={"share that is better": Number(share.tolist(), "1", at_least=least)},
                unmet=unmet,
            )
            for name, (which, share, least) in readings.items()
        ],
    )


def judge_good(
    recognised: np.ndarray, of_50: np.ndarray, densities: np.ndarray, unmet: tuple[str, ...]
) -> Claim:
    """1 and 7 against the other digits, and against 50 dimensions."""
    ranks = ranks_of(GOOD, recognised)
    lost = (of_50 - recognised)[:, GOOD]
    means = ", ".join(f"{digit}: {recognised[:, digit].mean():.0%}" for digit in GOOD)
    return Claim(
        id="activity.4.1.2",
        statement="2 dimensions do digits 1 and 7 well.",
        reported="'performed comparably well' on digits 1 and 7 (Section 4.1)",
        measured=f"recognised from 2 dimensions: {means}; ranks of 1, 7 by trial: "
        + "; ".join(", ".join(map(str, trial)) for trial in ranks),
        readings=[
            Reading(
                "among the digits",
                rule=f"{RECOGNISED}, 1 and 7 are both among the three digits recognised most "
                "often, in every trial.",
                numbers={
                    "ranks of 1 and 7, each trial": Number(ranks, "rank", at_most=3),
                    "recognised": Number(by_digit(recognised), "share"),
                },
                unmet=unmet,
            ),
            Reading(
                "compared with 50 dimensions",
                rule=f"{RECOGNISED}, 1 and 7 are both recognised less often than from 50 by at "
                f"most {COMPARABLE:.0%} of the images, in every trial.",
                numbers={
                    "less often by, each trial": Number(lost.tolist(), "share", at_most=COMPARABLE),
                    "recognised from 50": Number(by_digit(of_50), "share"),
                },
                unmet=unmet,
            ),
            by_density(GOOD, densities, "highest", unmet),
        ],
    )


def judge_bad(
    recognised: np.ndarray, originals: np.ndarray, densities: np.ndarray, unmet: tuple[str, ...]
) -> Claim:
    """2 and 0 by themselves, and among the other digits."""
    ranks = ranks_of(BAD, -recognised)
    means = ", ".join(
        f"{digit}: {recognised[:, digit].mean():.0%} ({originals[:, digit].mean():.0%})"
        for digit in BAD
    )
    return Claim(
        id="activity.4.1.3",
        statement="2 dimensions fail on digits 2 and 0.",
        reported="'completely unable to represent' digits 2 and 0 (Section 4.1)",
        measured=f"recognised from 2 dimensions (originals): {means}",
        readings=[
            Reading(
                "by themselves",
                rule=f"{RECOGNISED}, under half of the 2s and of the 0s are recognised, in every "
                "trial.",
                numbers={
                    "recognised 2s and 0s, each trial": Number(
                        recognised[:, BAD].tolist(), "share", below=HALF
                    ),
                },
                unmet=unmet,
            ),
            Reading(
                "among the digits",
                rule=f"{RECOGNISED}, 2 and 0 are both among the three digits recognised least "
                "often, in every trial.",
                numbers={
                    "ranks of 2 and 0 from the worst, each trial": Number(ranks, "rank", at_most=3),
                    "recognised": Number(by_digit(recognised), "share"),
                    "recognised originals": Number(by_digit(originals), "share"),
                },
                unmet=unmet,
            ),
            by_density(BAD, densities, "lowest", unmet),
        ],
    )


def record(measured: JsonObject, options: Options) -> JsonObject:
    """The shares and the numbers by class, of each trial."""
    return {
        "share_of_test_images_better_with_50": measured["better_share"].tolist(),
        "share_of_shown_images_better_with_50": measured["shown_better"].tolist(),
        "by_latent_dim": {
            name: [{key: value.tolist() for key, value in trial.items()} for trial in trials]
            for name, trials in measured["by_class"].items()
        },
    }


FIGURE = protocol.ActivityFigure(
    script=__file__,
    name="fig_4_1",
    title="Figure 4.1: reconstructions from 2 and 50 latent dimensions (IW)",
    datasets=datasets.LABELLED,
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

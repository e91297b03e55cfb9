"""Figure 4.1: test images and their reconstructions from 2 and from 50 latent dimensions.

"Latent Space Activity and Visualization", Section 4.1: the first test image of each digit.
"""

import sys

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


def runs(options: Options, seed: int) -> Specs:
    """Importance weighting with 2 and with 50 latent dimensions."""
    return protocol.latent_dim_specs(options.dataset, seed, (2, 50))


def measure(methods: Methods, options: Options) -> JsonObject:
    """All test images of all trials, and how well they are reconstructed.

    Returns:
        Dictionary: `views`, lists of `EncodedTestSet` by method; `better_share`, the share of
        test images with the higher log p(x|z) from 50 dimensions, shape (trials,); `by_class`,
        lists of `class_measures_of` by method; `weights_epochs`.
    """
    views = {name: encoded_test_sets(methods[name]) for name in ("2", "50")}
    log_likelihoods = {
        name: [reconstruction_log_likelihood(view) for view in of_method]
        for name, of_method in views.items()
    }
    pairs = zip(log_likelihoods["2"], log_likelihoods["50"], strict=True)
    return {
        "views": views,
        "better_share": np.array([np.mean(large > small) for small, large in pairs]),
        "by_class": {
            name: list(map(class_measures_of, views[name], log_likelihoods[name])) for name in views
        },
        "weights_epochs": weights_epochs(methods),
    }


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
    shown = np.unique(small.labels, return_index=True)[1]
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
    better = measured["better_share"]
    recognised = np.stack(
        [trial["recognised_share_by_class"] for trial in measured["by_class"]["2"]]
    )
    best = np.argsort(-recognised, axis=1)[:, :3]
    numbers = {"recognised_share_by_digit": Number(by_digit(recognised), "share")}
    unmet = unmet_by_weights(measured["weights_epochs"], options)
    return [
        Claim(
            id="activity.4.1.1",
            statement="50 dimensions reconstruct every input better than 2.",
            reported="'better representations of every test input' (Section 4.1)",
            measured=f"{better.min():.2%} of test images, in the lowest trial",
            readings=[
                Reading(
                    rule="log p(x|z) at the posterior mean is higher for at least "
                    f"{NEARLY_EVERY:.0%} of the test images, in every trial.",
                    numbers={"share_of_test_images": Number(better.tolist(), "share")},
                    holds=bool((better >= NEARLY_EVERY).all()),
                    unmet=unmet,
                )
            ],
        ),
        Claim(
            id="activity.4.1.2",
            statement="2 dimensions do digits 1 and 7 well.",
            reported="'comparably well on digits 1 and 7' (Section 4.1)",
            measured=f"1: {recognised[:, 1].mean():.0%}, 7: {recognised[:, 7].mean():.0%} "
            "recognised",
            readings=[
                Reading(
                    rule="After reconstruction from 2 dimensions, 1 and 7 are both among the "
                    "three digits that a nearest-neighbour classifier on pixels recognises most "
                    "often, in every trial.",
                    numbers=numbers,
                    holds=all({1, 7} <= set(trial.tolist()) for trial in best),
                    unmet=unmet,
                )
            ],
        ),
        Claim(
            id="activity.4.1.3",
            statement="2 dimensions fail on digits 2 and 0.",
            reported="'completely unable' for 2 and 0 (Section 4.1)",
            measured=f"2: {recognised[:, 2].mean():.0%}, 0: {recognised[:, 0].mean():.0%} "
            "recognised",
            readings=[
                Reading(
                    rule="After reconstruction from 2 dimensions, under half of the 2s and under "
                    "half of the 0s are recognised, in every trial.",
                    numbers=numbers,
                    holds=bool((recognised[:, [0, 2]] < HALF).all()),
                    unmet=unmet,
                )
            ],
        ),
    ]


def record(measured: JsonObject, options: Options) -> JsonObject:
    """The shares and the numbers by class, of each trial."""
    return {
        "share_of_test_images_better_with_50": measured["better_share"].tolist(),
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
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

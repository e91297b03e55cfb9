"""The report's claims about linear separability (Figure 3)."""

import itertools
import math

import numpy as np

from keras_vae.experiments.figures.claims import Claim
from keras_vae.experiments.reports.geometry.requirements import (
    change_since_half,
    unmet_requirements,
)

# The report's 0.93 to 0.94, as rounding to two decimals has it.
RANGE = (0.925, 0.945)
SMALLEST = 10
STANDARD_ERRORS = 2
SETTLED = 0.003


def judge(found, other_order, pixels, test_images, asked):
    """Judges the claims about accuracies after the last epoch.

    Arguments:
        found: Dictionary of `Separability` by number of latent dimensions, for the KL divergence.
        other_order: Dictionary with the `Separability` of one of these numbers under another
            order of the Renyi bound.
        pixels: What `separability.pixel_accuracies` returns.
        test_images: Number of images that accuracies are taken over.
        asked: `options.Options`.

    Returns:
        List of `Claim`.
    """
    finals = {
        kind: {size: one.final(kind) for size, one in found.items()}
        for kind in ("means", "means_and_variances", "samples")
    }
    numbers = {
        kind: {str(size): value for size, value in by_size.items()}
        for kind, by_size in finals.items()
    }
    epochs = [one.epochs[-1] for one in found.values()]
    large = [one for size, one in found.items() if size >= SMALLEST]
    changes = [change_since_half(one.epochs, one.accuracy["means"]) for one in large]
    settled = None not in changes and max(map(abs, changes)) <= SETTLED
    contrast = unmet_requirements(asked, epochs)
    converged = unmet_requirements(asked, epochs, settled=settled)
    return [
        _judge_level(finals["means"], pixels, converged),
        _judge_variances(found, numbers, contrast),
        _judge_sizes(found, finals["means"], test_images, contrast),
        _judge_order(finals["means"], other_order, contrast),
    ]


def _judge_level(means, pixels, unmet):
    large = {size: value for size, value in means.items() if size >= SMALLEST}
    return Claim(
        id="geometry.3.1",
        statement="Linear classifiers of the latents reach 0.93 to 0.94, those of pixels less.",
        rule=f"With means and k of at least {SMALLEST}, every mean accuracy lies in {RANGE} and "
        "above the same classifier's of binary pixels, which are what the encoder sees.",
        numbers={"means": {str(size): value for size, value in means.items()}, "pixels": pixels},
        holds=all(
            RANGE[0] <= value <= RANGE[1] and value > pixels["binary"] for value in large.values()
        ),
        unmet=unmet,
    )


def _judge_variances(found, numbers, unmet):
    gains = {
        size: one.accuracy["means_and_variances"][:, -1] - one.accuracy["means"][:, -1]
        for size, one in found.items()
    }
    every = np.concatenate(list(gains.values()))
    error = float(every.std(ddof=1) / np.sqrt(len(every)))
    return Claim(
        id="geometry.3.2",
        statement="Adding the variances to the features helps.",
        rule="The gain in accuracy, averaged over runs, is positive at every k, and over all runs "
        f"at least {STANDARD_ERRORS} standard errors.",
        numbers={
            **{kind: numbers[kind] for kind in ("means", "means_and_variances")},
            "gain": {str(size): values.tolist() for size, values in gains.items()},
            "standard_error": error,
        },
        holds=bool(
            min(values.mean() for values in gains.values()) > 0
            and every.mean() >= STANDARD_ERRORS * error
        ),
        unmet=unmet,
    )


def _judge_sizes(found, means, test_images, unmet):
    trials = min(len(one.accuracy["means"]) for one in found.values())
    # Of a difference of two accuracies, as if they were of different images.
    share = float(np.mean(list(means.values())))
    error = math.sqrt(2 * share * (1 - share) / (test_images * trials))
    steps = [after - before for before, after in itertools.pairwise(means.values())]
    decided = min(steps) > 0 or min(steps) < -error
    return Claim(
        id="geometry.3.3",
        statement="More latent dimensions are slightly but consistently better.",
        rule="With means, the mean accuracy rises with each larger k; a fall within one standard "
        "error leaves it undecided.",
        numbers={
            **{str(size): value for size, value in means.items()},
            "standard_error_of_a_difference": error,
        },
        holds=min(steps) > 0 if decided else None,
        unmet=unmet,
    )


def _judge_order(means, other_order, unmet):
    ((size, other),) = other_order.items()
    difference = other.final("means") - means[size]
    by_size = abs(means[max(means)] - means[SMALLEST])
    return Claim(
        id="geometry.3.4",
        statement="The order alpha matters less for it (Section 2.2).",
        rule=f"At k = {size}, the accuracy with means at alpha = 0 differs from that at 1 by less "
        f"than that of k = {max(means)} does from that of k = {SMALLEST}.",
        numbers={"alpha_0_minus_1": difference, "largest_k_minus_10": by_size},
        holds=abs(difference) < by_size,
        unmet=unmet,
    )

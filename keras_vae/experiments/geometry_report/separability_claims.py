"""The report's claims about linear separability (Figure 3)."""

import itertools

import numpy as np

from keras_vae.experiments.claims import Claim, unmet_requirements
from keras_vae.experiments.geometry_report.protocol import CONTRAST_EPOCHS, TRIALS

# The report's 0.93 to 0.94, as rounding to two decimals has it.
RANGE = (0.925, 0.945)
SMALLEST = 10
STANDARD_ERRORS = 2
SETTLED = 0.003


def judge(found, other_order, pixels, asked):
    """Judges the claims about accuracies after the last epoch.

    Arguments:
        found: Dictionary of `Separability` by number of latent dimensions, for the KL divergence.
        other_order: Dictionary with the `Separability` of one of these numbers under another
            order of the Renyi bound.
        pixels: What `separability.pixel_accuracies` returns.
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
    settled = _settled([one for size, one in found.items() if size >= SMALLEST])
    contrast = unmet_requirements(asked, min_epochs=CONTRAST_EPOCHS, min_trials=TRIALS)
    converged = unmet_requirements(
        asked, min_epochs=CONTRAST_EPOCHS, min_trials=TRIALS, settled=settled
    )
    return [
        _judge_level(finals["means"], pixels, converged),
        _judge_variances(found, numbers, contrast),
        Claim(
            id="geometry.3.3",
            statement="More latent dimensions are slightly but consistently better.",
            rule="With means, the mean accuracy rises with each larger k.",
            numbers=numbers["means"],
            holds=all(a < b for a, b in itertools.pairwise(finals["means"].values())),
            unmet=contrast,
        ),
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


def _settled(found):
    """Whether accuracies have stopped changing since half of the epochs or before."""
    changes = []
    for one in found:
        earlier = [i for i, epoch in enumerate(one.epochs) if 2 * epoch <= one.epochs[-1]]
        if not earlier:
            return False
        after = one.accuracy["means"].mean(axis=0)
        changes.append(abs(after[-1] - after[earlier[-1]]))
    return max(changes) <= SETTLED

"""The activity report's claims about reconstructions, codes and manifold (Figures 4.1 to 4.3)."""

import numpy as np
from scipy.stats import spearmanr

from keras_vae.experiments.figures.claims import Claim, unmet_requirements
from keras_vae.experiments.reports.activity.protocol import CONTRAST_EPOCHS

NEARLY_EVERY = 0.99
HALF = 0.5
CORRELATED = 0.6
OVERLAP = 0.1
MOST_CONFUSED = 5
AGREE = 0.7


def requirements(methods, asked):
    """Why the claims of Figures 4.1 to 4.3 cannot be decided; empty if they can.

    Arguments:
        methods: Dictionary of `MethodRuns` by method.
        asked: `options.Options`.

    Returns:
        Tuple of strings.
    """
    return unmet_requirements(
        asked,
        min_epochs=CONTRAST_EPOCHS,
        min_trials=2,
        weights_epochs=[epochs for method in methods.values() for epochs in method.weights_epochs],
    )


def judge_reconstructions(better_shares, recognised, unmet):
    """Judges the claims of Figure 4.1.

    Arguments:
        better_shares: Share of test images that the model with 50 dimensions reconstructs with
            the higher log p(x|z), shape (trials,).
        recognised: Share of each digit's reconstructions from 2 dimensions that are recognised,
            shape (trials, 10).
        unmet: From `requirements`.

    Returns:
        List of `Claim`.
    """
    best = np.argsort(-recognised, axis=1)[:, :3]
    numbers = {"recognised_share_by_digit": _by_digit(recognised)}
    return [
        Claim(
            id="activity.4.1.1",
            statement="50 dimensions reconstruct every input better than 2.",
            rule=f"log p(x|z) at the posterior mean is higher for at least {NEARLY_EVERY:.0%} of "
            "the test images, in every trial.",
            numbers={"share_of_test_images": better_shares.tolist()},
            holds=bool((better_shares >= NEARLY_EVERY).all()),
            unmet=unmet,
        ),
        Claim(
            id="activity.4.1.2",
            statement="2 dimensions do digits 1 and 7 well.",
            rule="After reconstruction from 2 dimensions, 1 and 7 are both among the three digits "
            "that a nearest-neighbour classifier on pixels recognises most often, in every trial.",
            numbers=numbers,
            holds=all({1, 7} <= set(trial.tolist()) for trial in best),
            unmet=unmet,
        ),
        Claim(
            id="activity.4.1.3",
            statement="2 dimensions fail on digits 2 and 0.",
            rule="After reconstruction from 2 dimensions, under half of the 2s and under half of "
            "the 0s are recognised, in every trial.",
            numbers=numbers,
            holds=bool((recognised[:, [0, 2]] < HALF).all()),
            unmet=unmet,
        ),
    ]


def judge_encodings(confusion, recognised, unmet):
    """Judges the claims of Figure 4.2.

    Arguments:
        confusion: Array of shape (trials, 10, 10) from `neighbour_confusion`.
        recognised: Share of each digit's reconstructions that are recognised, shape
            (trials, 10).
        unmet: From `requirements`.

    Returns:
        List of `Claim`.
    """
    separation = np.diagonal(confusion, axis1=1, axis2=2)
    correlations = [
        float(spearmanr(*trial).statistic) for trial in zip(separation, recognised, strict=True)
    ]
    mutual = (confusion + confusion.swapaxes(1, 2)) / 2
    pairs = mutual[:, *np.tril_indices(10, k=-1)]
    ranks = 1 + np.sum(pairs > mutual[:, 2, 3, None], axis=1)
    return [
        Claim(
            id="activity.4.2.1",
            statement="Classes that are separated in latent space are the ones reconstructed well.",
            rule="Over the ten digits, Spearman's rank correlation between the share of a code's "
            "nearest neighbours that are of its class and the share of recognised "
            f"reconstructions is at least {CORRELATED:g}, in every trial.",
            numbers={
                "rank_correlation": correlations,
                "own_class_share_of_neighbours": _by_digit(separation),
                "recognised_share_by_digit": _by_digit(recognised),
            },
            holds=min(correlations) >= CORRELATED,
            unmet=unmet,
        ),
        Claim(
            id="activity.4.2.2",
            statement="Classes 2 and 3 overlap in latent space.",
            rule=f"In every trial, at least {OVERLAP:.0%} of the nearest neighbours of 2s are 3s "
            "and the reverse, on average, and the pair is among the "
            f"{MOST_CONFUSED} most confused.",
            numbers={
                "mean_share": mutual[:, 2, 3].tolist(),
                "rank_among_45_pairs": ranks.tolist(),
                "median_pair": np.median(pairs, axis=1).tolist(),
            },
            holds=bool(((mutual[:, 2, 3] >= OVERLAP) & (ranks <= MOST_CONFUSED)).all()),
            unmet=unmet,
        ),
    ]


def judge_manifold(agreement, unmet):
    """Judges the claim of Figure 4.3.

    Arguments:
        agreement: Share of the lattice from `lattice_agreement`, one a trial.
        unmet: From `requirements`.

    Returns:
        List of one `Claim`.
    """
    return [
        Claim(
            id="activity.4.3.1",
            statement="The manifold's regions agree with the encoding of the classes.",
            rule=f"On at least {AGREE:.0%} of the lattice, a nearest-neighbour classifier on "
            "pixels sees in the decoded image the most frequent class of the 25 nearest "
            "codes, in every trial.",
            numbers={"agreeing_share": agreement},
            holds=min(agreement) >= AGREE,
            unmet=unmet,
        )
    ]


def _by_digit(values):
    return {digit: values[:, digit].tolist() for digit in range(values.shape[1])}

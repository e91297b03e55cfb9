"""The activity report's claims about reconstructions, codes and manifold (Figures 4.1 to 4.3)."""

import numpy as np
from scipy.stats import spearmanr

from keras_vae.experiments.claims import Claim, unmet_requirements

CONTRAST_EPOCHS = 50
NEARLY_EVERY = 0.99
HALF = 0.5
CORRELATED = 0.6
OVERLAP = 0.1
AGREE = 0.7


def judge_reconstructions(better_share, recognised, asked):
    """Judges the claims of Figure 4.1.

    Arguments:
        better_share: Share of test images that the model with 50 dimensions reconstructs with
            the higher log p(x|z).
        recognised: Share of each digit's reconstructions from 2 dimensions that are recognised,
            shape (10,).
        asked: `options.Options`.

    Returns:
        List of `Claim`.
    """
    order = np.argsort(-recognised)
    numbers = {"recognised_share_by_digit": dict(enumerate(recognised.tolist()))}
    unmet = unmet_requirements(asked, min_epochs=CONTRAST_EPOCHS)
    return [
        Claim(
            id="activity.4.1.1",
            statement="50 dimensions reconstruct every input better than 2.",
            rule=f"log p(x|z) at the posterior mean is higher for at least {NEARLY_EVERY:.0%} of "
            "the test images.",
            numbers={"share_of_test_images": better_share},
            holds=better_share >= NEARLY_EVERY,
            unmet=unmet,
        ),
        Claim(
            id="activity.4.1.2",
            statement="2 dimensions do digits 1 and 7 well.",
            rule="After reconstruction from 2 dimensions, 1 and 7 are both among the three digits "
            "that a nearest-neighbour classifier on pixels recognises most often.",
            numbers=numbers,
            holds={1, 7} <= set(order[:3].tolist()),
            unmet=unmet,
        ),
        Claim(
            id="activity.4.1.3",
            statement="2 dimensions fail on digits 2 and 0.",
            rule="After reconstruction from 2 dimensions, under half of the 2s and under half of "
            "the 0s are recognised.",
            numbers=numbers,
            holds=bool(recognised[2] < HALF and recognised[0] < HALF),
            unmet=unmet,
        ),
    ]


def judge_encodings(confusion, recognised, asked):
    """Judges the claims of Figure 4.2.

    Arguments:
        confusion: Array of shape (10, 10) from `neighbour_confusion`.
        recognised: Share of each digit's reconstructions that are recognised, shape (10,).
        asked: `options.Options`.

    Returns:
        List of `Claim`.
    """
    separation = np.diag(confusion)
    correlation = float(spearmanr(separation, recognised).statistic)
    pairs = (confusion + confusion.T)[np.tril_indices(10, k=-1)]
    two_and_three = confusion[2, 3] + confusion[3, 2]
    return [
        Claim(
            id="activity.4.2.1",
            statement="Classes that are separated in latent space are the ones reconstructed well.",
            rule="Over the ten digits, Spearman's rank correlation between the share of a code's "
            "nearest neighbours that are of its class and the share of recognised "
            f"reconstructions is at least {CORRELATED:g}.",
            numbers={
                "rank_correlation": correlation,
                "own_class_share_of_neighbours": dict(enumerate(separation.tolist())),
                "recognised_share_by_digit": dict(enumerate(recognised.tolist())),
            },
            holds=correlation >= CORRELATED,
            unmet=unmet_requirements(asked, min_epochs=CONTRAST_EPOCHS),
        ),
        Claim(
            id="activity.4.2.2",
            statement="Classes 2 and 3 overlap in latent space.",
            rule=f"On average at least {OVERLAP:.0%} of the nearest neighbours of 2s are 3s and "
            "the reverse.",
            numbers={
                "mean_share": two_and_three / 2,
                "rank_among_45_pairs": 1 + int(np.sum(pairs > two_and_three)),
            },
            holds=bool(two_and_three / 2 >= OVERLAP),
            unmet=unmet_requirements(asked, min_epochs=CONTRAST_EPOCHS),
        ),
    ]


def judge_manifold(agreement, asked):
    """Judges the claim of Figure 4.3.

    Arguments:
        agreement: Share of the lattice from `lattice_agreement`.
        asked: `options.Options`.

    Returns:
        List of one `Claim`.
    """
    return [
        Claim(
            id="activity.4.3.1",
            statement="The manifold's regions agree with the encoding of the classes.",
            rule=f"On at least {AGREE:.0%} of the lattice, a nearest-neighbour classifier on "
            "pixels sees in the decoded image the most frequent class of the 25 nearest codes.",
            numbers={"agreeing_share": agreement},
            holds=agreement >= AGREE,
            unmet=unmet_requirements(asked, min_epochs=CONTRAST_EPOCHS),
        )
    ]

"""The report's claims about principal components (Figures 1 and 2, left)."""

import numpy as np

from keras_vae.experiments.figures.claims import Claim
from keras_vae.experiments.reports.geometry.figures import all_orders, flat_list, nested_dict
from keras_vae.experiments.reports.geometry.protocol import LATENT_DIM
from keras_vae.experiments.reports.geometry.requirements import (
    change_since_half,
    unmet_requirements,
)

ALIGNED = 0.5
SAME = 1.0
SETTLED = 0.5


def judge_alignment(components, asked):
    """Judges whether eigenvectors align with the axes.

    Arguments:
        components: What `components.measure_all` returns.
        asked: `options.Options`.

    Returns:
        List of `Claim`.
    """
    found = flat_list(components)
    alignment = [value for one in found for value in one.alignment]
    chance = [value for one in found for value in one.random_alignment]
    return [
        Claim(
            id="geometry.1.1",
            statement="The eigenvectors tend to align with the axes.",
            rule="The largest squared entry of the informative eigenvectors, averaged over them "
            f"and over all runs, is at least {ALIGNED:g}, so that one axis makes up most of a "
            "direction, and above the highest average of 200 random rotations of as many axes. "
            "(Axes without any correlation but of like variances need not meet it: which "
            "directions among those are eigenvectors is up to chance. Hence the correlations "
            "beside it.)",
            numbers={
                "mean": float(np.mean(alignment)),
                "lowest": min(alignment),
                "highest_of_random_rotations": float(np.mean(chance)),
                "mean_absolute_correlation_of_active_axes": float(
                    np.mean([value for one in found for value in one.correlation])
                ),
                "by_k_and_alpha": nested_dict(components, lambda one: one.alignment),
            },
            holds=bool(np.mean(alignment) >= ALIGNED and np.mean(alignment) > np.mean(chance)),
            unmet=unmet_requirements(asked, _measured(found)),
        )
    ]


def judge_counts(components, asked):
    """Judges the claims about the number of informative components.

    Arguments:
        components: What `components.measure_all` returns.
        asked: `options.Options`.

    Returns:
        List of `Claim`.
    """
    found = flat_list(components)
    counts = {
        size: {alpha: float(np.mean(one.informative)) for alpha, one in by_order.items()}
        for size, by_order in components.items()
    }
    changes = nested_dict(
        components, lambda one: change_since_half(one.epochs, one.informative_after)
    )
    known = flat_list(changes)
    settled = None not in known and max(map(abs, known)) <= SETTLED
    shared = {
        "numbers": {
            "mean_count": nested_dict(counts, float),
            "change_since_half_of_the_epochs": changes,
        },
        "unmet": unmet_requirements(asked, _measured(found), settled=settled),
    }
    return [
        Claim(
            id="geometry.2a.1",
            statement="The number of informative components saturates as alpha goes to 0.",
            rule=f"At k = {LATENT_DIM}, the mean count is higher at alpha = 0 than at 1 by at "
            f"least {SAME:g}, stays below k, and from 0.25 to 0 rises by at most half of what it "
            "rises in a step on average.",
            holds=_saturates(counts.get(LATENT_DIM, {})),
            **shared,
        ),
        Claim(
            id="geometry.2a.2",
            statement="The number of informative components is the same for k = 40 and 50.",
            rule="At every alpha that was trained with more k than one, the mean counts of the k "
            f"lie within {SAME:g} of each other.",
            holds=_same_for_all_sizes(counts),
            **shared,
        ),
    ]


def _measured(found):
    """Epochs after which the weights that were measured were stored."""
    return [one.epochs[-1] for one in found]


def _saturates(counts):
    if not {0.0, 0.25, 1.0} <= counts.keys():
        return None
    rise = counts[0.0] - counts[1.0]
    last = counts[0.0] - counts[0.25]
    steps = len([alpha for alpha in counts if 0 <= alpha <= 1]) - 1
    return bool(rise >= SAME and counts[0.0] < LATENT_DIM and last <= 0.5 * rise / steps)


def _same_for_all_sizes(counts):
    columns = [[of[alpha] for of in counts.values() if alpha in of] for alpha in all_orders(counts)]
    compared = [column for column in columns if len(column) > 1]
    if not compared:
        return None
    return all(max(column) - min(column) <= SAME for column in compared)

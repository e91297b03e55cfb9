"""The report's claims about principal components (Figures 1 and 2, left)."""

import numpy as np

from keras_vae.experiments.claims import Claim, unmet_requirements
from keras_vae.experiments.geometry_report.figures import nested_dict
from keras_vae.experiments.geometry_report.protocol import CONTRAST_EPOCHS, LATENT_DIM, TRIALS

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
    found = [one for by_order in components.values() for one in by_order.values()]
    alignment = [value for one in found for value in one.alignment]
    chance = [value for one in found for value in one.random_alignment]
    return [
        Claim(
            id="geometry.1.1",
            statement="The eigenvectors tend to align with the axes.",
            rule="In every run, the largest squared entry of the informative eigenvectors is on "
            f"average at least {ALIGNED:g}, so that one axis makes up most of a direction, and "
            "above that of each of 200 random rotations of as many axes.",
            numbers={
                "lowest": min(alignment),
                "mean": float(np.mean(alignment)),
                "highest_of_random_rotations": max(chance),
                "by_k_and_alpha": nested_dict(components, lambda one: one.alignment),
            },
            holds=min(alignment) >= ALIGNED
            and all(value > by_chance for value, by_chance in zip(alignment, chance, strict=True)),
            unmet=unmet_requirements(asked, min_epochs=CONTRAST_EPOCHS, min_trials=TRIALS),
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
    counts = {
        size: {alpha: float(np.mean(one.informative)) for alpha, one in by_order.items()}
        for size, by_order in components.items()
    }
    changes = {
        size: {alpha: last_change(one) for alpha, one in by_order.items()}
        for size, by_order in components.items()
    }
    known = [value for by_order in changes.values() for value in by_order.values()]
    settled = None not in known and max(map(abs, known)) <= SETTLED
    unmet = unmet_requirements(
        asked, min_epochs=CONTRAST_EPOCHS, min_trials=TRIALS, settled=settled
    )
    numbers = {
        "mean_count": nested_dict(counts, float),
        "change_since_half_of_the_epochs": nested_dict(changes, lambda change: change),
    }
    return [
        Claim(
            id="geometry.2a.1",
            statement="The number of informative components saturates as alpha goes to 0.",
            rule=f"At k = {LATENT_DIM}, from alpha = 0.25 to 0 the mean count changes by at most "
            f"{SAME:g}, and by no more than from 1 to 0.75.",
            numbers=numbers,
            holds=_saturates(counts.get(LATENT_DIM, {})),
            unmet=unmet,
        ),
        Claim(
            id="geometry.2a.2",
            statement="The number of informative components is the same for k = 40 and 50.",
            rule=f"At every alpha that was trained with more k than one, the mean counts of the k "
            f"lie within {SAME:g} of each other.",
            numbers=numbers,
            holds=_same_for_all_sizes(counts),
            unmet=unmet,
        ),
    ]


def last_change(found):
    """How much the mean count changed since the weights kept at half of the epochs or before.

    Arguments:
        found: `Components`.

    Returns:
        Float, or None if no weights were kept until then.
    """
    earlier = [index for index, epoch in enumerate(found.epochs) if 2 * epoch <= found.epochs[-1]]
    if not earlier:
        return None
    after = found.informative_after.mean(axis=0)
    return float(after[-1] - after[earlier[-1]])


def _saturates(counts):
    if not {0.0, 0.25, 0.75, 1.0} <= counts.keys():
        return None
    last = abs(counts[0.0] - counts[0.25])
    return bool(last <= SAME and last <= abs(counts[0.75] - counts[1.0]))


def _same_for_all_sizes(counts):
    orders = {alpha for by_order in counts.values() for alpha in by_order}
    columns = [[of[alpha] for of in counts.values() if alpha in of] for alpha in orders]
    compared = [column for column in columns if len(column) > 1]
    if not compared:
        return None
    return all(max(column) - min(column) <= SAME for column in compared)

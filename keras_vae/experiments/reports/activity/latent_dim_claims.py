"""The activity report's claims about pruning by the number of latent dimensions (Figure 3.2)."""

import numpy as np

from keras_vae.experiments.figures.claims import Claim, unmet_requirements
from keras_vae.experiments.measures.convergence import final_value, has_settled
from keras_vae.experiments.measures.pruning import active_counts
from keras_vae.experiments.reports.activity.protocol import CONTRAST_EPOCHS, CONVERGED_EPOCHS

KEPT = 10
STARTED_EPOCHS = 5
ABOUT = 2.0
SETTLED = 0.5


def judge_latent_dim_activity(activity, threshold, asked):
    """Judges the claims of Figure 3.2.

    Arguments:
        activity: Dictionary by number of latent dimensions, as text, of arrays of shape
            (trials, epochs, latent_dim).
        threshold: Activity above which a dimension counts as active.
        asked: `options.Options`.

    Returns:
        List of `Claim`.
    """
    counts = {int(name): active_counts(value, threshold) for name, value in activity.items()}
    small = {size: value for size, value in counts.items() if size < KEPT}
    large = {size: value for size, value in counts.items() if size > KEPT}
    finals = {size: final_value(value) for size, value in counts.items()}
    settled = all(has_settled(value, SETTLED) for value in large.values())

    lowest = {
        size: int(np.min(value[:, STARTED_EPOCHS - 1 :]))
        for size, value in small.items()
        if value.shape[1] >= STARTED_EPOCHS
    }
    return [
        Claim(
            id="activity.3.2.1",
            statement="Fewer than 10 latent dimensions are never pruned.",
            rule=f"With 2 and 5 dimensions, all are active after every epoch from {STARTED_EPOCHS} "
            "on, in every trial.",
            numbers={"lowest_count": lowest},
            holds=all(lowest[size] == size for size in small) if lowest else None,
            unmet=unmet_requirements(asked, min_epochs=CONTRAST_EPOCHS),
        ),
        Claim(
            id="activity.3.2.2",
            statement="More than 10 latent dimensions are pruned to about 10.",
            rule=f"The final counts with 20, 50 and 100 dimensions all lie within {ABOUT:g} of "
            f"{KEPT}.",
            numbers={"final_count": finals},
            holds=all(abs(finals[size] - KEPT) <= ABOUT for size in large),
            unmet=unmet_requirements(asked, min_epochs=CONVERGED_EPOCHS, settled=settled),
        ),
    ]

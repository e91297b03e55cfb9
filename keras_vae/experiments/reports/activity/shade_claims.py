"""The activity report's claim about dimensions under the threshold (Figure 3.3)."""

import numpy as np

from keras_vae.experiments.figures.claims import Claim, unmet_requirements
from keras_vae.experiments.reports.activity.protocol import AFTER_WARM_UP_EPOCHS

CLEARLY_MORE = 1.5
LEAST = 1e-12


def inactive_contribution(activity, threshold):
    """Geometric mean of the last epoch's activities that do not exceed a threshold.

    Arguments:
        activity: Array of shape (trials, epochs, latent_dim).
        threshold: Activity above which a dimension counts as active.

    Returns:
        Positive number, or None if every dimension is active.
    """
    last = np.asarray(activity)[:, -1]
    inactive = np.maximum(last[last <= threshold], LEAST)
    return float(np.exp(np.log(inactive).mean())) if inactive.size else None


def judge_shades(activity, threshold, asked):
    """Judges the claim of Figure 3.3.

    Arguments:
        activity: Dictionary by method (`"VAE"`, `"IW"`, `"IW+BN"`, `"IW+WU"`) of arrays of
            shape (trials, epochs, latent_dim).
        threshold: Activity above which a dimension counts as active.
        asked: `options.Options`.

    Returns:
        List of one `Claim`.
    """
    means = {name: inactive_contribution(value, threshold) for name, value in activity.items()}
    others = [value for name, value in means.items() if name != "VAE"]
    measurable = all(value is not None for value in means.values())
    return [
        Claim(
            id="activity.3.3.1",
            statement="With importance weighting, batch normalisation or warm-up, dimensions under "
            "the threshold still contribute more than in the VAE.",
            rule="The geometric mean of the last epoch's activities under the threshold is at "
            f"least {CLEARLY_MORE:g} times the VAE's in each of the other three.",
            numbers={"geometric_mean_activity_under_threshold": means},
            holds=min(others) >= CLEARLY_MORE * means["VAE"] if measurable else None,
            unmet=unmet_requirements(
                asked,
                min_epochs=AFTER_WARM_UP_EPOCHS,
                min_trials=2,
            ),
        )
    ]

"""Activity of latent dimensions."""

import numpy as np


def latent_activity(means):
    """Variance over the data of each posterior mean, `Var_x(E_q[z|x])`.

    Arguments:
        means: Array of shape (N, D): the posterior means of N images.

    Returns:
        float64 array of shape (D,).

    Raises:
        ValueError: If `means` is not a matrix of at least one row, or not finite.

    Reference: Burda et al. 2015, Section 5; the variance is the population's.
    """
    means = np.asarray(means, dtype=np.float64)
    if means.ndim != 2 or len(means) == 0:
        raise ValueError(f"`means` must have shape (N, D) with N >= 1. Received: {means.shape}.")
    if not np.isfinite(means).all():
        raise ValueError("`means` must be finite. Received NaN or infinity.")
    return means.var(axis=0)


def active_units(activity, threshold=0.1):
    """Number of dimensions whose activity exceeds a threshold.

    Arguments:
        activity: Array of shape (D,), from `latent_activity`.
        threshold: Positive number. Burda et al. use 0.01, "Latent Space Activity and
            Visualization" (Section 3.1) 0.1.

    Returns:
        Integer.

    Raises:
        ValueError: If the threshold is not positive, or the activity not a vector.
    """
    activity = np.asarray(activity)
    if activity.ndim != 1:
        raise ValueError(f"`activity` must have shape (D,). Received: {activity.shape}.")
    if not threshold > 0:
        raise ValueError(f"`threshold` must be positive. Received: {threshold}.")
    return int(np.count_nonzero(activity > threshold))

"""Measures of how latent dimensions fall out of use, from counts and activities per epoch."""

import numpy as np


def active_counts(activity, threshold):
    """Active dimensions after each epoch.

    Arguments:
        activity: Array of shape (..., epochs, latent_dim).
        threshold: Activity above which a dimension counts as active.

    Returns:
        Integer array of shape (..., epochs).
    """
    return np.count_nonzero(np.asarray(activity) > threshold, axis=-1)


def largest_drop(counts, epochs, start=None):
    """Largest fall of the mean count from one epoch to the next, in the first epochs.

    Arguments:
        counts: Array of shape (trials, all_epochs).
        epochs: Number of epochs, from the first on, to look at.
        start: Count before the first epoch; None leaves out what fell in that one.

    Returns:
        Number of dimensions; 0 if the count never falls.
    """
    mean = np.asarray(counts, dtype=float).mean(axis=0)[:epochs]
    if start is not None:
        mean = np.concatenate([[start], mean])
    return float(max(0.0, -np.diff(mean).min(initial=0.0)))


def epochs_to_half_pruned(counts):
    """Epochs until half of all pruning that ever happens has happened.

    Arguments:
        counts: Array of shape (trials, epochs).

    Returns:
        Number of epochs, counted from 1, on the mean over trials, from its highest count
        down to its last.
    """
    mean = np.asarray(counts, dtype=float).mean(axis=0)
    start = int(mean.argmax())
    half = (mean[start] + mean[-1]) / 2
    return start + int(np.argmax(mean[start:] <= half)) + 1


def returned_fraction(activity, threshold):
    """Share of pruned dimensions that became active again.

    A dimension is pruned once it was active after one epoch and inactive after a later
    one; it has returned if it is active after any epoch that follows.

    Arguments:
        activity: Array of shape (trials, epochs, latent_dim).
        threshold: Activity above which a dimension counts as active.

    Returns:
        Number in [0, 1] over all trials; 0 if nothing was pruned.
    """
    active = np.asarray(activity) > threshold
    was_active = np.maximum.accumulate(active, axis=1)
    pruned = np.maximum.accumulate(was_active & ~active, axis=1)
    returned = (pruned & active).any(axis=1)
    return float(returned.sum() / max(1, pruned[:, -1].sum()))

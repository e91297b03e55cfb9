"""How active latent dimensions are pruned over epochs, and whether they come back."""

import numpy as np
import numpy.typing as npt


def largest_drop(
    counts: npt.ArrayLike, epochs: int, start: float | np.ndarray | None = None
) -> np.ndarray:
    """Largest fall of each trial's count from one epoch to the next, in the first epochs.

    Arguments:
        counts: Array of shape (trials, all_epochs).
        epochs: Number of epochs, from the first on, to look at.
        start: Count before the first epoch; None leaves out what fell in that one.

    Returns:
        Array of shape (trials,); 0 where a count never falls.
    """
    first = np.asarray(counts, dtype=float)[:, :epochs]
    if start is not None:
        first = np.concatenate([np.full((len(first), 1), start), first], axis=1)
    return np.maximum(0.0, -np.diff(first, axis=1).min(axis=1, initial=0.0))


def time_to_half_pruned(counts: npt.ArrayLike, start: float) -> np.ndarray:
    """Epochs until half of all pruning is done, interpolated linearly between epochs.

    Arguments:
        counts: Array of shape (trials, epochs).
        start: Count before the first epoch.

    Returns:
        Array of shape (trials,); NaN where no fewer are active in the end.
    """
    found = []
    for trial in np.asarray(counts, dtype=float):
        trial = np.concatenate([[start], trial])
        half = (start + trial[-1]) / 2
        after = int(np.argmax(trial <= half))
        beyond = (trial[after - 1] - half) / (trial[after - 1] - trial[after]) if after else np.nan
        found.append(after - 1 + beyond)
    return np.array(found)


def epochs_to_half_pruned(counts: npt.ArrayLike) -> list[int]:
    """Epochs until half of all pruning that ever happens has happened.

    Arguments:
        counts: Array of shape (trials, epochs).

    Returns:
        List of numbers of epochs, counted from 1, from a trial's highest count down to its last.
    """
    epochs = []
    for trial in np.asarray(counts, dtype=float):
        start = int(trial.argmax())
        half = (trial[start] + trial[-1]) / 2
        epochs.append(start + int(np.argmax(trial[start:] <= half)) + 1)
    return epochs


def returned_share(activity: npt.ArrayLike, threshold: float) -> list[float | None]:
    """Share of each trial's pruned dimensions that became active again.

    A dimension is pruned once it was active after one epoch and inactive after a later
    one; it has returned if it is active after any epoch that follows.

    Arguments:
        activity: Array of shape (trials, epochs, latent_dim).
        threshold: Activity above which a dimension counts as active.

    Returns:
        List of numbers in [0, 1]; None where nothing was pruned.
    """
    active, pruned = _active_and_pruned(activity, threshold)
    returned = (pruned & active).any(axis=1)
    return _ratios(returned.sum(axis=-1), pruned[:, -1].sum(axis=-1))


def chances(activity: npt.ArrayLike, threshold: float, epochs: int) -> tuple[np.ndarray, ...]:
    """How likely a dimension is, from one of the first epochs to the next, to be pruned or return.

    Arguments:
        activity: Array of shape (trials, all_epochs, latent_dim).
        threshold: Activity above which a dimension counts as active.
        epochs: Number of epochs, from the first on, to look at.

    Returns:
        Two arrays of shape (trials,): the chance of an active dimension to be inactive an epoch
        later, and that of a pruned one, which was active before, to be active; NaN without any.
    """
    active, pruned = _active_and_pruned(np.asarray(activity)[:, :epochs], threshold)
    before, after = active[:, :-1], active[:, 1:]
    out = pruned[:, :-1] & ~before
    found = (before & ~after, before), (out & after, out)
    sums = ([each.sum(axis=(1, 2)) for each in pair] for pair in found)
    return tuple(np.array(_ratios(*pair), dtype=float) for pair in sums)


def ever_pruned(activity: npt.ArrayLike, threshold: float) -> np.ndarray:
    """Dimensions of each trial that were inactive after an epoch that follows an active one.

    Arguments:
        activity: Array of shape (trials, epochs, latent_dim).
        threshold: Activity above which a dimension counts as active.

    Returns:
        Integer array of shape (trials,).
    """
    return _active_and_pruned(activity, threshold)[1][:, -1].sum(axis=-1)


def crossings_per_epoch(activity: npt.ArrayLike, threshold: float) -> np.ndarray:
    """How many dimensions pass a threshold, in either direction, from one epoch to the next.

    Arguments:
        activity: Array of shape (trials, epochs, latent_dim).
        threshold: Activity.

    Returns:
        Array of shape (trials,); NaN of a single epoch.
    """
    active = np.asarray(activity) > threshold
    if active.shape[1] < 2:
        return np.full(len(active), np.nan)
    return np.mean(np.sum(active[:, 1:] != active[:, :-1], axis=-1), axis=1)


def crossings(activity: npt.ArrayLike, threshold: float) -> list[list[list[int]]]:
    """The epochs after which each dimension is active and was not before, or the reverse.

    All are inactive before the first epoch, so that which are active after any epoch, and all that
    follows from it, can be had from these.

    Arguments:
        activity: Array of shape (trials, epochs, latent_dim).
        threshold: Activity above which a dimension counts as active.

    Returns:
        Lists, by trial and dimension, of epochs, counted from 1.
    """
    active = np.asarray(activity) > threshold
    changed = np.diff(active, axis=1, prepend=False)
    return [[(np.flatnonzero(one) + 1).tolist() for one in trial.T] for trial in changed]


def _active_and_pruned(activity: npt.ArrayLike, threshold: float) -> tuple[np.ndarray, np.ndarray]:
    """Whether dimensions are active, and whether they were pruned by then, at every epoch."""
    active = np.asarray(activity) > threshold
    was_active = np.logical_or.accumulate(active, axis=1)
    return active, np.logical_or.accumulate(was_active & ~active, axis=1)


def _ratios(parts: np.ndarray, wholes: np.ndarray) -> list[float | None]:
    return [
        float(part / whole) if whole else None for part, whole in zip(parts, wholes, strict=True)
    ]

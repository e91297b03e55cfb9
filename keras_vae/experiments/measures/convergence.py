"""What rules ask of curves over epochs."""

import numpy as np
import numpy.typing as npt


def final_value(values: npt.ArrayLike, share: float = 0.1) -> float:
    """Mean over trials and the last share of the epochs.

    Arguments:
        values: Array of shape (trials, epochs).
        share: Length of the window as a share of all epochs.
    """
    values = np.asarray(values, dtype=float)
    return float(values[:, -_window(values, share) :].mean())


def has_settled(values: npt.ArrayLike, tolerance: float, share: float = 0.1) -> bool:
    """Whether the mean over trials moved by at most `tolerance` between the two last windows.

    Arguments:
        values: Array of shape (trials, epochs).
        tolerance: Largest change, in the values' own unit.
        share: Length of a window as a share of all epochs.
    """
    values = np.asarray(values, dtype=float)
    width = _window(values, share)
    if values.shape[1] < 2 * width:
        return False
    last = values[:, -width:].mean()
    return bool(abs(last - values[:, -2 * width : -width].mean()) <= tolerance)


def epochs_to_level(values: npt.ArrayLike, level: float) -> int | None:
    """Epochs until the mean over trials first reaches a level.

    Arguments:
        values: Array of shape (trials, epochs) of a bound that rises.
        level: In the values' own unit.

    Returns:
        Number of epochs, counted from 1, or None if it never does.
    """
    reached = np.asarray(values, dtype=float).mean(axis=0) >= level
    return int(np.argmax(reached)) + 1 if reached.any() else None


def _window(values: np.ndarray, share: float) -> int:
    return max(1, round(share * values.shape[1]))

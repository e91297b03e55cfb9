"""What rules ask of curves over epochs: where they end, how fast, and whether they settled."""

import math

import numpy as np
import numpy.typing as npt

FINAL = "Final is the mean over the last tenth of the epochs."
LASTING = (
    "The answer has to stay if the runs go on for as many epochs again at the rates of their last "
    "third, two standard errors included."
)
LAST_TENTH, LAST_THIRD = 0.1, 1 / 3
STANDARD_ERRORS = 2.0


def final_values(values: npt.ArrayLike) -> np.ndarray:
    """Mean of each trial over the last tenth of the epochs, at least one.

    Arguments:
        values: Array of shape (trials, epochs).

    Returns:
        Array of shape (trials,).
    """
    values = np.asarray(values, dtype=float)
    return values[:, -_window(values, LAST_TENTH) :].mean(axis=1)


def final_rates(values: npt.ArrayLike) -> np.ndarray:
    """Change per epoch of each trial over the last third of the epochs, by least squares.

    Arguments:
        values: Array of shape (trials, epochs).

    Returns:
        Array of shape (trials,), in the values' unit per epoch; NaN of a single epoch.
    """
    values = np.asarray(values, dtype=float)
    last = values[:, -max(2, _window(values, LAST_THIRD)) :]
    if last.shape[1] < 2:
        return np.full(len(values), np.nan)
    return np.polynomial.polynomial.polyfit(np.arange(last.shape[1]), last.T, 1)[1]


def has_settled(values: npt.ArrayLike, limit: float) -> bool:
    """Whether the mean of `final_rates` lies within a limit, and so do two standard errors of it.

    The error is over trials, so that a single trial has not settled, and neither have few epochs
    that fluctuate.

    Arguments:
        values: Array of shape (trials, epochs).
        limit: Largest change, in the values' own unit per epoch.
    """
    rates = final_rates(values)
    if len(rates) < 2 or not np.isfinite(rates).all():
        return False
    error = rates.std(ddof=1) / math.sqrt(len(rates))
    return bool(abs(rates.mean()) + STANDARD_ERRORS * error <= limit)


def epochs_to_level(values: npt.ArrayLike, levels: npt.ArrayLike) -> list[int | None]:
    """Epochs until each trial first reaches a level.

    Arguments:
        values: Array of shape (trials, epochs) of a bound that rises.
        levels: Array of shape (trials,): one level for each, in the values' own unit.

    Returns:
        List of numbers of epochs, counted from 1; None where a trial never does.
    """
    reached = np.asarray(values, dtype=float) >= np.asarray(levels)[:, None]
    return [int(np.argmax(trial)) + 1 if trial.any() else None for trial in reached]


def epochs_to_stay(values: npt.ArrayLike, levels: npt.ArrayLike) -> list[int | None]:
    """Epochs from which on each trial stays at a level or above.

    Arguments:
        values: Array of shape (trials, epochs), which may fall again.
        levels: Array of shape (trials,): one level for each, in the values' own unit.

    Returns:
        List of numbers of epochs, counted from 1; None where a trial ends below.
    """
    below = np.asarray(values, dtype=float) < np.asarray(levels)[:, None]
    last = below.shape[1] - np.argmax(below[:, ::-1], axis=1)
    return [
        None if trial[-1] else int(epoch) + 1 if trial.any() else 1
        for trial, epoch in zip(below, last, strict=True)
    ]


def _window(values: np.ndarray, share: float) -> int:
    return max(1, round(share * values.shape[1]))

"""Claims of a report, what our numbers say of them, and what rules ask of curves over epochs."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from keras_vae._internal.files import JsonObject as JsonObject

if TYPE_CHECKING:
    from keras_vae.experiments.figures.options import Options

REPRODUCED, NOT_REPRODUCED, INCONCLUSIVE = "reproduced", "not reproduced", "inconclusive"
# Colours of the verdicts on a terminal.
STYLES = {REPRODUCED: "green", NOT_REPRODUCED: "red", INCONCLUSIVE: "yellow"}


@dataclasses.dataclass(frozen=True)
class Claim:
    """One claim with its verdict.

    Attributes:
        id: `<report>.<figure>.<n>`.
        statement: What the report says.
        rule: When it counts as reproduced, in words.
        numbers: What was measured, by name.
        holds: Whether the rule holds for the numbers, however little they were trained;
            None if it cannot be evaluated.
        unmet: Why the runs do not suffice for a verdict; empty if they do.
    """

    id: str
    statement: str
    rule: str
    numbers: JsonObject
    holds: bool | None
    unmet: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """`REPRODUCED`, `NOT_REPRODUCED`, or `INCONCLUSIVE` where a requirement is unmet."""
        if self.unmet or self.holds is None:
            return INCONCLUSIVE
        return REPRODUCED if self.holds else NOT_REPRODUCED

    def to_dict(self) -> JsonObject:
        """Returns the claim with its verdict as JSON-compatible values."""
        content = dataclasses.asdict(self)
        return {"id": content.pop("id"), "verdict": self.verdict, **content}


def unmet_requirements(
    options: Options,
    *,
    min_epochs: int,
    min_trials: int = 1,
    settled: bool = True,
    about: str = "mnist",
    weights_epochs: Sequence[int] = (),
) -> tuple[str, ...]:
    """Lists what keeps runs from deciding a claim.

    Arguments:
        options: `options.Options`, or whatever else has a `dataset`, `epochs` and `trials`.
        min_epochs: Epochs below which the claim is not decided.
        min_trials: Runs per method below which it is not decided.
        settled: Whether the quantity had stopped changing at the end, where that matters.
        about: Data set that the claim is about.
        weights_epochs: Epochs after which the weights that it rests on were stored.

    Returns:
        Tuple of strings.
    """
    reasons = []
    if any(epochs != options.epochs for epochs in weights_epochs):
        reasons.append(f"weights of epochs {sorted(set(weights_epochs))}, asked {options.epochs}")
    if options.dataset != about:
        reasons.append(f"measured on {options.dataset}, the claim is about {about}")
    if options.trials < min_trials:
        reasons.append(f"{options.trials} trial, needs {min_trials}")
    if options.epochs < min_epochs:
        reasons.append(f"{options.epochs} epochs, needs {min_epochs}")
    elif not settled:
        reasons.append(f"still changing after {options.epochs} epochs")
    return tuple(reasons)


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

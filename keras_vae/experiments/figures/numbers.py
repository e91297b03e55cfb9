"""Numbers that rules are about: with their units, their errors over seeds, and their limits."""

from __future__ import annotations

import dataclasses
import math
import operator
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from keras_vae._internal.files import JsonObject

LIMITS = {
    "at_least": operator.ge,
    "at_most": operator.le,
    "above": operator.gt,
    "below": operator.lt,
}
# A mean this many standard errors from its limit, or fewer, may lie on either side.
CLEAR_OF_LIMIT = 2.0
ROUNDING = 1e-9


@dataclasses.dataclass(frozen=True)
class Number:
    """Something measured, with its unit and, where a rule asks for it, its limit.

    Attributes:
        value: A number; an estimate, that is a dictionary with `mean` and `standard_error`, as in
            `over_seeds`; None where it could not be measured; or lists and dictionaries of these.
        unit: For example `"nats"` or `"dimensions"`; `"1"` for a ratio.
        at_least, at_most, above, below: Limit that every single number has to keep for the rule
            to hold, in that unit; None for none.
    """

    value: Any
    unit: str
    at_least: float | None = None
    at_most: float | None = None
    above: float | None = None
    below: float | None = None

    @property
    def limits(self) -> dict[str, float]:
        """The limits that there are, by their kind."""
        limits = {kind: getattr(self, kind) for kind in LIMITS}
        return {kind: limit for kind, limit in limits.items() if limit is not None}

    @property
    def problem(self) -> str | None:
        """What is wrong with the number itself, in words; None if nothing is."""
        if not is_text(self.unit):
            return "has no unit"
        for mean, error in leaves(self.value):
            if not all(part is None or _is_finite(part) for part in (mean, error)):
                return "has no finite value"
            if error is not None and error < 0:
                return "has a negative standard error"
        limits = self.limits
        if not all(map(_is_finite, limits.values())):
            return "has no finite limit"
        lowest = max(limits.get("at_least", -math.inf), limits.get("above", -math.inf))
        if lowest > min(limits.get("at_most", math.inf), limits.get("below", math.inf)):
            return "has limits that no value can keep"
        return None

    @property
    def holds(self) -> bool | None:
        """Whether every limit is kept; None if there is none, or something was not measured."""
        kept = [kept for kept, _ in self._compared()]
        return None if None in kept or not kept else all(kept)

    @property
    def is_clear(self) -> bool:
        """Whether estimates lie further than `CLEAR_OF_LIMIT` standard errors from every limit.

        One that is so far past its limit decides, whatever the others.
        """
        compared = list(self._compared())
        return (False, True) in compared or all(clear for _, clear in compared)

    def _compared(self) -> Iterator[tuple[bool | None, bool]]:
        """Of every single number and every limit: whether it is kept, and whether clearly."""
        for mean, error in leaves(self.value):
            for kind, limit in self.limits.items():
                if mean is None:
                    yield None, True
                else:
                    clear = not error or abs(mean - limit) > CLEAR_OF_LIMIT * error
                    yield bool(LIMITS[kind](mean, limit)), clear

    def may_turn(
        self, rates: npt.ArrayLike | Mapping[str, npt.ArrayLike], epochs: int
    ) -> tuple[str, ...]:
        """Why another answer is possible if the runs go on for as many epochs again.

        Every estimate is carried on at its rate, and at two standard errors more and less. One
        that is past a limit, and stays so, decides, whatever the others do.

        Arguments:
            rates: Change per epoch of each trial, shape (trials,); a dictionary by the same names
                where `value` is one of estimates.
            epochs: Number of epochs of the runs.

        Returns:
            Tuple of reasons; empty if the answer stays.
        """
        by_name = rates if isinstance(rates, Mapping) else {"": rates}
        reasons = []
        for name, of in by_name.items():
            estimate, rate = self.value[name] if name else self.value, over_seeds(of)
            if estimate["mean"] is None or rate["mean"] is None:
                continue
            change, error = epochs * rate["mean"], epochs * (rate["standard_error"] or 0.0)
            ends = [change - CLEAR_OF_LIMIT * error, change + CLEAR_OF_LIMIT * error]
            # A curve that stands still has a rate of rounding errors.
            moves = max(map(abs, ends)) > ROUNDING
            reached = [estimate["mean"] + each for each in (0.0, *(ends if moves else ()))]
            for kind, limit in self.limits.items():
                answers = {bool(LIMITS[kind](value, limit)) for value in reached}
                if answers == {False}:
                    return ()
                if len(answers) == 2:
                    subject = f"{name}: " if name else ""
                    reasons.append(
                        f"{subject}at {plus_minus(rate, _digits(rate))} {self.unit} an epoch, "
                        f"{limit:g} may be passed within {epochs} more epochs"
                    )
        return tuple(reasons)

    def to_dict(self) -> JsonObject:
        """Returns the number as JSON-compatible values."""
        return {"value": self.value, "unit": self.unit, **self.limits}


def any_may_turn(
    moving: Sequence[tuple[Number, npt.ArrayLike | Mapping[str, npt.ArrayLike]]], epochs: int
) -> tuple[str, ...]:
    """`Number.may_turn` of several numbers that a rule asks for together.

    Arguments:
        moving: Each number with its rates.
        epochs: Number of epochs of the runs.

    Returns:
        Tuple of reasons; empty if one number stays past its limit, whatever the others do.
    """
    reasons = [(number, number.may_turn(rates, epochs)) for number, rates in moving]
    if any(number.holds is False and not found for number, found in reasons):
        return ()
    return tuple(reason for _, found in reasons for reason in found)


def over_seeds(values: npt.ArrayLike | Sequence[float | None]) -> JsonObject:
    """Mean over trials with its standard error, the unit of error of all that is trained.

    Arguments:
        values: Array of shape (trials,), for example of differences between two methods' trials
            of the same seed; None or NaN where a trial could not be measured.

    Returns:
        Dictionary of `mean`, `standard_error` (None of a single trial) and `seeds`; both are None
        if a trial could not be measured.
    """
    values = np.asarray(values, dtype=float)
    if not np.isfinite(values).all():
        return {"mean": None, "standard_error": None, "seeds": len(values)}
    error = float(values.std(ddof=1) / math.sqrt(len(values))) if len(values) > 1 else None
    return {"mean": float(values.mean()), "standard_error": error, "seeds": len(values)}


def in_json(values: npt.ArrayLike) -> list[float | None]:
    """One number a trial, None where it could not be measured and is NaN."""
    return [None if value != value else value for value in np.asarray(values, float).tolist()]


def plus_minus(estimate: JsonObject, digits: int = 1) -> str:
    """A mean and its standard error in words, for `measured`."""
    mean, error = estimate["mean"], estimate["standard_error"]
    if mean is None:
        return "none"
    return f"{mean:.{digits}f}" + ("" if error is None else f" ± {error:.{digits}f}")


def _digits(estimate: JsonObject) -> int:
    """Decimals, three or more, that show two digits of a mean and its error."""
    largest = max(abs(estimate["mean"]), estimate["standard_error"] or 0.0)
    return max(3, 1 - math.floor(math.log10(largest))) if largest else 3


def in_digits(estimate: JsonObject, digits: int = 1) -> str:
    """A mean alone in words, where its error would make a line too long."""
    return plus_minus({**estimate, "standard_error": None}, digits)


def is_text(value: object) -> bool:
    """Whether a value is a text that is not blank."""
    return isinstance(value, str) and bool(value.strip())


def _is_finite(value: Any) -> bool:
    is_number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    return is_number and math.isfinite(value)


def leaves(value: Any) -> Iterator[tuple[float | None, float | None]]:
    """Pairs of a number and its standard error, None where there is none."""
    if isinstance(value, Mapping) and value.keys() >= {"mean", "standard_error"}:
        yield value["mean"], value["standard_error"]
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from leaves(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from leaves(part)
    else:
        yield value, None

"""Claims of a report, and what our numbers say of them, in each way to read them."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from keras_vae import UserError
from keras_vae._internal.files import JsonObject as JsonObject
from keras_vae.experiments.figures.numbers import CLEAR_OF_LIMIT, is_text
from keras_vae.experiments.figures.numbers import Number as Number
from keras_vae.experiments.figures.numbers import any_may_turn as any_may_turn
from keras_vae.experiments.figures.numbers import in_digits as in_digits
from keras_vae.experiments.figures.numbers import in_json as in_json
from keras_vae.experiments.figures.numbers import over_seeds as over_seeds
from keras_vae.experiments.figures.numbers import plus_minus as plus_minus

REPRODUCED, NOT_REPRODUCED, INCONCLUSIVE = "reproduced", "not reproduced", "inconclusive"
DEPENDS = "depends on the reading"
SO_FAR_YES, SO_FAR_NO, SO_FAR_DEPENDS = (
    f"{INCONCLUSIVE}, so far {answer}" for answer in ("yes", "no", DEPENDS)
)
# The kinds of verdicts, as they are counted, with their colours on a terminal.
STYLES = {REPRODUCED: "green", NOT_REPRODUCED: "red", DEPENDS: "magenta", INCONCLUSIVE: "yellow"}
LONGEST_MEASURED = 100


class ClaimError(UserError):
    """A claim does not say what it has to, or says what its numbers contradict."""


@dataclasses.dataclass(frozen=True)
class Reading:
    """One way to understand a claim, and what our numbers say of it.

    Attributes:
        name: Which way, in a few words; may be empty where there is only one.
        rule: When the claim counts as reproduced, in words.
        numbers: Dictionary of `Number` by name.
        holds: Whether the rule holds for the numbers, however little was trained; by default
            whether they keep their limits, None if they cannot say.
        unmet: Why the runs do not suffice for a verdict; empty if they do. An estimate that is
            too near to its limit adds a reason.
    """

    name: str = ""
    rule: str = ""
    numbers: Mapping[str, Number] = dataclasses.field(default_factory=dict)
    holds: bool | None = None
    unmet: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        given = self.numbers if isinstance(self.numbers, Mapping) else {}
        # `check` says what is wrong with the others.
        numbers = {
            name: each
            for name, each in given.items()
            if isinstance(each, Number) and each.problem is None
        }
        decided = any(each.holds is False and each.is_clear for each in numbers.values())
        near = tuple(
            f"{name.replace('_', ' ')} lies within {CLEAR_OF_LIMIT:g} standard errors of its limit"
            for name, number in numbers.items()
            if not number.is_clear and not decided
        )
        unmet = (self.unmet,) if isinstance(self.unmet, str) else self.unmet
        object.__setattr__(self, "unmet", tuple(dict.fromkeys((*unmet, *near))))
        holds = self.holds
        if holds is None:
            holds = _keep_limits(numbers.values())
        object.__setattr__(self, "holds", None if holds is None else bool(holds))

    @property
    def values(self) -> JsonObject:
        """The numbers without their units and limits, by name."""
        return {name: number.value for name, number in self.numbers.items()}

    @property
    def is_decided(self) -> bool:
        """Whether the runs suffice for a verdict."""
        return self.holds is not None and not self.unmet

    @property
    def answer(self) -> str:
        """`"yes"`, `"no"`, the same with `"so far"`, or `"not measured"`."""
        if self.holds is None:
            return "not measured"
        return ("" if self.is_decided else "so far ") + ("yes" if self.holds else "no")

    def check(self) -> None:
        """Raises `ClaimError` unless the reading is complete and agrees with its numbers."""
        if not is_text(self.rule):
            raise ClaimError("has no rule")
        if not isinstance(self.name, str):
            raise ClaimError("has a name that is no text")
        if not isinstance(self.numbers, Mapping):
            raise ClaimError("has no dictionary of numbers")
        if not self.numbers and (self.holds is not None or not self.unmet):
            raise ClaimError("has no numbers")
        for name, number in self.numbers.items():
            problem = number.problem if isinstance(number, Number) else "has no unit"
            if problem is not None:
                raise ClaimError(f"{problem} for its number {name!r}")
            if self.holds and number.holds is False:
                raise ClaimError(f"is said to hold, but its number {name!r} is past the limit")
        kept = _keep_limits(self.numbers.values())
        if self.holds is False and kept:
            raise ClaimError("is said not to hold, but its numbers keep every limit")
        has_limits = any(number.limits for number in self.numbers.values())
        if self.holds is not None and kept is None and has_limits:
            raise ClaimError("has an answer, but a number with a limit was not measured")

    def to_dict(self) -> JsonObject:
        """Returns the reading as JSON-compatible values."""
        content = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        numbers = {name: number.to_dict() for name, number in self.numbers.items()}
        return {**content, "numbers": numbers, "unmet": list(self.unmet)}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Claim:
    """One claim with its verdict.

    Attributes:
        id: `<report>.<figure>.<n>`.
        statement: What the report says.
        reported: The number or the words that it gives, with where.
        measured: Our answer beside it, in one line of at most `LONGEST_MEASURED` characters.
        readings: List of `Reading`, one for each way to understand it.
        extension: Whether it is ours or another paper's, and not the report's own.
    """

    id: str
    statement: str
    reported: str
    measured: str
    readings: Sequence[Reading]
    extension: bool = False

    @property
    def verdict(self) -> str:
        """`REPRODUCED` or `NOT_REPRODUCED` if all readings say so; `DEPENDS` if they differ.

        Where runs do not suffice for that, what they say so far, and `INCONCLUSIVE` if nothing.
        """
        decided = {reading.holds for reading in self.readings if reading.is_decided}
        if len(decided) == 2:
            return DEPENDS
        if decided and all(reading.is_decided for reading in self.readings):
            return REPRODUCED if True in decided else NOT_REPRODUCED
        so_far = {reading.holds for reading in self.readings if reading.holds is not None}
        if len(so_far) == 2:
            return SO_FAR_DEPENDS
        return {True: SO_FAR_YES, False: SO_FAR_NO}[so_far.pop()] if so_far else INCONCLUSIVE

    @property
    def kind(self) -> str:
        """The verdict as it is counted: all that is inconclusive is of one kind."""
        return self.verdict.partition(",")[0]

    @property
    def unmet(self) -> tuple[str, ...]:
        """Why the runs do not suffice for a verdict, over all readings."""
        return tuple(dict.fromkeys(reason for each in self.readings for reason in each.unmet))

    @property
    def answers(self) -> str:
        """What each of several readings says, in one line; empty if there is only one."""
        if len(self.readings) < 2:
            return ""
        return "; ".join(f"{each.name}: {each.answer}" for each in self.readings)

    def check(self) -> None:
        """Makes sure that the claim is complete and agrees with its numbers.

        Raises:
            ClaimError: If it is not; the message says what is missing.
        """
        for what in ("id", "statement", "reported", "measured"):
            if not is_text(getattr(self, what)):
                raise ClaimError(f"The claim {self.id!r} has no `{what}`.")
        if len(self.measured) > LONGEST_MEASURED or len(self.measured.splitlines()) > 1:
            raise ClaimError(
                f"`measured` of the claim {self.id!r} has to be one line of at most "
                f"{LONGEST_MEASURED} characters. Received: {self.measured!r}."
            )
        given = self.readings if isinstance(self.readings, Sequence) else ()
        if not given or not all(isinstance(reading, Reading) for reading in given):
            raise ClaimError(f"The claim {self.id!r} has no reading.")
        names = [str(reading.name).strip() for reading in self.readings]
        if len(names) > 1 and (not all(names) or len(set(names)) < len(names)):
            raise ClaimError(f"The readings of the claim {self.id!r} need a name each: {names}.")
        for reading in self.readings:
            try:
                reading.check()
            except ClaimError as error:
                which = f"The reading {reading.name!r}" if reading.name else "The reading"
                raise ClaimError(f"{which} of the claim {self.id!r} {error}.") from None

    def to_dict(self) -> JsonObject:
        """Returns the claim with its verdict as JSON-compatible values."""
        readings = [reading.to_dict() for reading in self.readings]
        content = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {"id": content.pop("id"), "verdict": self.verdict, **content, "readings": readings}

    @classmethod
    def from_dict(cls, content: JsonObject) -> Claim:
        """Reads what `to_dict` returned, or an older version's did.

        Before 0.3.0 a claim had one rule, numbers without units, and nothing reported; `measured`
        was added to those of committed results.

        Raises:
            ClaimError: If something is missing, or the verdict contradicts the numbers.
        """
        try:
            if is_older := "readings" not in content:
                content = _upgraded(content)
            readings = [_read_reading(reading) for reading in content["readings"]]
            fields = [field.name for field in dataclasses.fields(cls)]
            claim = cls(**{**{name: content[name] for name in fields}, "readings": readings})
            if is_older:
                return claim
            claim.check()
            verdict = content["verdict"]
        except (KeyError, TypeError, AttributeError) as error:
            raise ClaimError(
                f"A claim cannot be read ({type(error).__name__}: {error})."
            ) from error
        if claim.verdict != verdict:
            raise ClaimError(f"The verdict of the claim {claim.id!r} is none of its numbers.")
        return claim


def count_verdicts(claims: Sequence[Claim]) -> dict[str, int]:
    """Number of claims by kind of verdict, all that is inconclusive as one."""
    found = collections.Counter(claim.kind for claim in claims)
    return {kind: found[kind] for kind in STYLES}


def _keep_limits(numbers: Iterable[Number]) -> bool | None:
    """Whether all numbers that have limits keep them; None if none has, or one is not measured."""
    answers = {number.holds for number in numbers if number.limits}
    if False in answers:
        return False
    return None if None in answers or not answers else True


def _upgraded(content: JsonObject) -> JsonObject:
    numbers = {name: {"value": value, "unit": ""} for name, value in content["numbers"].items()}
    reading = {name: content[name] for name in ("rule", "holds", "unmet")}
    return {
        **{name: content[name] for name in ("id", "statement")},
        "reported": "",
        "measured": content.get("measured", ""),
        "extension": content["id"].startswith("beyond."),
        "readings": [{"name": "", "numbers": numbers, **reading}],
    }


def _read_reading(content: JsonObject) -> Reading:
    numbers = {name: Number(**number) for name, number in content["numbers"].items()}
    return Reading(**{**content, "numbers": numbers, "unmet": tuple(content["unmet"])})


def unmet_requirements(
    options: Any,
    *,
    min_epochs: int,
    min_trials: int = 1,
    settled: bool = True,
    about: str = "mnist",
    weights_epochs: Sequence[int] = (),
    own_options: Sequence[str] = (),
) -> tuple[str, ...]:
    """Lists what keeps runs from deciding a claim.

    Arguments:
        options: `options.Options`, or whatever else has a `dataset`, `epochs` and `trials`.
        min_epochs: Epochs below which the claim is not decided.
        min_trials: Runs per method below which it is not decided.
        settled: Whether the quantity had stopped changing at the end, where that matters.
        about: Data set that the claim is about.
        weights_epochs: Epochs after which the weights that it rests on were stored.
        own_options: Names of options of the figure's own with which the runs are not the report's.

    Returns:
        Tuple of strings.
    """
    reasons = []
    if chosen := [name for name in own_options if options.choice(name) is not None]:
        reasons.append(f"{' and '.join(chosen).replace('_', ' ')} are not the report's")
    if any(epochs != options.epochs for epochs in weights_epochs):
        reasons.append(f"weights of epochs {sorted(set(weights_epochs))}, asked {options.epochs}")
    if options.dataset != about:
        reasons.append(f"measured on {options.dataset}, the claim is about {about}")
    if options.trials < min_trials:
        trials = "1 trial" if options.trials == 1 else f"{options.trials} trials"
        reasons.append(f"{trials}, needs {min_trials}")
    if options.epochs < min_epochs:
        reasons.append(f"{options.epochs} epochs, needs {min_epochs}")
    elif not settled:
        reasons.append(f"still changing after {options.epochs} epochs")
    return tuple(reasons)

"""Verdicts over readings, what keeps runs from deciding a claim, and claims that are refused."""

import dataclasses
import json
import types

import numpy as np
import pytest

from keras_vae.experiments.figures.claims import (
    DEPENDS,
    INCONCLUSIVE,
    NOT_REPRODUCED,
    REPRODUCED,
    SO_FAR_DEPENDS,
    SO_FAR_NO,
    SO_FAR_YES,
    Claim,
    ClaimError,
    Number,
    Reading,
    count_verdicts,
    unmet_requirements,
)

SHORT = ("too short",)
YES, NO = {"holds": True}, {"holds": False}
OPEN_YES, OPEN_NO = {**YES, "unmet": SHORT}, {**NO, "unmet": SHORT}
UNKNOWN = {"holds": None, "unmet": SHORT}


def asked(dataset="mnist", trials=2, epochs=300):
    return types.SimpleNamespace(dataset=dataset, trials=trials, epochs=epochs)


def reading(name="", **changed):
    return Reading(**{"name": name, "rule": "r", "numbers": {"x": Number(1.0, "nats")}, **changed})


def claim(*readings, **changed):
    words = {"id": "r.1.1", "statement": "s", "reported": "5 (Table 1)", "measured": "4"}
    return Claim(**{**words, "readings": list(readings or [reading()]), **changed})


@pytest.mark.parametrize(
    "answers, verdict",
    [
        ([YES], REPRODUCED),
        ([NO], NOT_REPRODUCED),
        ([{"holds": None}], INCONCLUSIVE),
        ([OPEN_YES], SO_FAR_YES),
        ([OPEN_NO], SO_FAR_NO),
        ([UNKNOWN], INCONCLUSIVE),
        ([YES, YES], REPRODUCED),
        ([NO, NO], NOT_REPRODUCED),
        ([YES, NO], DEPENDS),
        ([YES, OPEN_YES], SO_FAR_YES),
        ([NO, OPEN_NO], SO_FAR_NO),
        ([YES, OPEN_NO], SO_FAR_DEPENDS),
        ([OPEN_YES, OPEN_NO], SO_FAR_DEPENDS),
        ([YES, UNKNOWN], SO_FAR_YES),
        ([UNKNOWN, UNKNOWN], INCONCLUSIVE),
        # Two that are decided differ, whatever a third will say.
        ([YES, NO, OPEN_YES], DEPENDS),
    ],
)
def test_verdicts(answers, verdict):
    found = claim(*(reading(str(index), **answer) for index, answer in enumerate(answers)))
    found.check()
    assert found.verdict == verdict
    assert found.kind == verdict.split(",")[0]
    assert Claim.from_dict(json.loads(json.dumps(found.to_dict()))) == found


def test_a_claim_that_depends_says_which_reading_gives_which():
    found = claim(reading("train", **YES), reading("test", **OPEN_NO), reading("grey", **UNKNOWN))
    assert found.answers == "train: yes; test: so far no; grey: not measured"
    assert claim(reading("train")).answers == ""
    assert found.unmet == SHORT


def test_verdicts_are_counted_by_kind():
    claims = [claim(reading(**answer)) for answer in (YES, OPEN_YES, UNKNOWN)]
    assert count_verdicts(claims) == {
        REPRODUCED: 1,
        NOT_REPRODUCED: 0,
        DEPENDS: 0,
        INCONCLUSIVE: 2,
    }


def test_a_reading_holds_if_all_its_numbers_keep_their_limits():
    numbers = {"x": Number(1, "nats", above=0), "y": Number(2, "nats", below=1)}
    assert reading(numbers=numbers).holds is False
    assert reading(numbers={**numbers, "y": Number(0, "nats", below=1)}).holds is True
    # What was not measured could be past its limit; what is past it decides.
    assert reading(numbers={**numbers, "y": Number(None, "nats", below=1)}).holds is None
    assert reading(numbers={**numbers, "z": Number(None, "nats", below=1)}).holds is False


@pytest.mark.parametrize("error, clear", [(0.999, True), (1.0, False), (None, True), (0.0, True)])
def test_an_estimate_near_its_limit_decides_nothing(error, clear):
    estimate = {"mean": 3.0, "standard_error": error}
    found = reading(numbers={"gain_of_bn": Number({"IW": estimate}, "nats", at_least=1)})
    assert found.holds and found.is_decided == clear
    reason = "gain of bn lies within 2 standard errors of its limit"
    assert found.unmet == (() if clear else (reason,))
    # Without a limit there is nothing to be near to.
    assert reading(numbers={"x": Number(estimate, "nats")}, holds=True).is_decided


def test_one_number_that_is_clearly_past_its_limit_decides():
    past, near = ({"mean": mean, "standard_error": 0.2} for mean in (5.0, 0.9))
    together = Number({"20": past, "50": near}, "dimensions", at_most=1)
    apart = {"x": Number(past, "nats", at_most=1), "y": Number(near, "nats", at_most=1)}
    for numbers in ({"x": together}, apart):
        assert reading(numbers=numbers).answer == "no"
    # What is past it by little decides nothing.
    little = {"mean": 1.1, "standard_error": 0.2}
    assert reading(numbers={"x": Number([little, near], "nats", at_most=1)}).answer == "so far no"


def test_an_estimate_at_its_limit_without_any_error_is_clear():
    exactly = Number({"mean": 1.0, "standard_error": 0.0}, "dimensions", at_least=1)
    assert reading(numbers={"x": exactly}).is_decided


@pytest.mark.parametrize(
    "changed, message",
    [
        ({"readings": []}, "has no reading"),
        ({"statement": ""}, "has no `statement`"),
        ({"reported": " "}, "has no `reported`"),
        ({"measured": ""}, "has no `measured`"),
        ({"measured": "x" * 101}, "one line of at most 100"),
        *(({"measured": f"a{end}b"}, "one line of at most 100") for end in ("\n", "\r", "\u2028")),
        *(({name: None}, f"has no `{name}`") for name in ("statement", "reported", "measured")),
        *(({"readings": wrong}, "has no reading") for wrong in (None, [{"rule": "r"}], "text")),
        ({"readings": [reading("a"), reading("")]}, "need a name each"),
        ({"readings": [reading("a"), reading("a")]}, "need a name each"),
        ({"readings": [reading("a"), reading("a ")]}, "need a name each"),
        ({"readings": [reading("a"), reading(" ")]}, "need a name each"),
        ({"readings": [reading(None)]}, "a name that is no text"),
        ({"readings": [reading(rule=5)]}, "has no rule"),
        ({"readings": [reading(numbers=[1])]}, "no dictionary of numbers"),
        ({"readings": [reading("a", rule="")]}, "'a' of the claim 'r.1.1' has no rule"),
        ({"readings": [reading(numbers={}, holds=True)]}, "has no numbers"),
        ({"readings": [reading(numbers={})]}, "has no numbers"),
        ({"readings": [reading(numbers={"x": 1.0})]}, "no unit for its number 'x'"),
        ({"readings": [reading(numbers={"x": Number(1.0, "")})]}, "no unit for its number 'x'"),
        *(
            (
                {"readings": [reading(numbers={"x": Number(value, "1", above=0)})]},
                "no finite value for its number 'x'",
            )
            for value in ([float("nan")], float("inf"), True, "1", np.ones(2))
        ),
        ({"readings": [reading(numbers={"x": Number(1.0, None)})]}, "no unit for its number 'x'"),
        (
            {
                "readings": [
                    reading(numbers={"x": Number({"mean": 1.0, "standard_error": -1.0}, "nats")})
                ]
            },
            "negative standard error for its number 'x'",
        ),
        (
            {"readings": [reading(numbers={"x": Number(1, "nats", above=float("nan"))})]},
            "no finite limit for its number 'x'",
        ),
        (
            {"readings": [reading(numbers={"x": Number(1, "nats", above=2, below=0)})]},
            "limits that no value can keep",
        ),
        *(
            (
                {"readings": [reading(numbers={"x": Number(value, "1", above=0)}, holds=holds)]},
                "not",
            )
            for value in (None, {}, [None])
            for holds in (True, False)
        ),
        (
            {"readings": [reading(numbers={"x": Number(1, "nats", above=1)}, holds=True)]},
            "said to hold, but its number 'x' is past the limit",
        ),
        (
            {"readings": [reading(numbers={"x": Number(1, "nats", at_least=1)}, holds=False)]},
            "said not to hold, but its numbers keep every limit",
        ),
    ],
)
def test_what_is_incomplete_or_contradicts_itself_is_refused(changed, message):
    with pytest.raises(ClaimError, match=message):
        claim(**changed).check()


def test_a_reason_is_one_even_where_it_is_no_tuple():
    assert reading(unmet="1 trial, needs 2", **YES).unmet == ("1 trial, needs 2",)


def test_what_is_complete_is_not_refused():
    claim(measured="x" * 100).check()
    claim(reading(numbers={}, unmet=SHORT)).check()
    claim(reading(numbers={"x": Number(None, "nats")}, holds=None)).check()


def test_a_verdict_changed_by_hand_is_noticed():
    content = claim(reading(**YES)).to_dict()
    for changed in ({"verdict": NOT_REPRODUCED}, {"measured": ""}, {"readings": 5}):
        with pytest.raises(ClaimError):
            Claim.from_dict({**content, **changed})
    for name in ("statement", "verdict"):
        lacking = {key: value for key, value in content.items() if key != name}
        with pytest.raises(ClaimError, match=name):
            Claim.from_dict(lacking)


def test_claims_of_an_older_version_are_read():
    older = {
        "id": "beyond.x.1",
        "verdict": INCONCLUSIVE,
        "statement": "s",
        "rule": "r",
        "numbers": {"x": {"a": 1.0}},
        "holds": True,
        "unmet": ["3 epochs, needs 50"],
    }
    found = Claim.from_dict(older)
    assert found.verdict == SO_FAR_YES and found.extension and found.reported == ""
    assert found.readings[0].values == {"x": {"a": 1.0}} and found.unmet == ("3 epochs, needs 50",)
    assert not Claim.from_dict({**older, "id": "activity.1"}).extension
    assert (
        Claim.from_dict({**older, "measured": "1 nat"}).measured == "1 nat" and not found.measured
    )
    for damaged in ({**older, "numbers": [1]}, {"id": "a"}, [older], None):
        with pytest.raises(ClaimError):
            Claim.from_dict(damaged)


def test_a_claim_can_be_asked_of_other_data():
    found = dataclasses.replace(claim(reading(**YES)), id="r.2.1", extension=True)
    assert found.verdict == REPRODUCED and found.to_dict()["extension"] is True


def test_reasons_are_named():
    reasons = unmet_requirements(
        asked("mnist_5k", 1, 10), min_epochs=100, min_trials=2, settled=False
    )
    assert len(reasons) == 3 and "needs 100" in reasons[2]
    settled = unmet_requirements(asked(epochs=100), min_epochs=100, min_trials=2, settled=False)
    assert settled == ("still changing after 100 epochs",)


@pytest.mark.parametrize(
    "enough, too_little, reason",
    [
        ({"min_epochs": 300}, {"min_epochs": 301}, "300 epochs, needs 301"),
        ({"min_trials": 2}, {"min_trials": 3}, "2 trials, needs 3"),
        ({"about": "mnist"}, {"about": "frey_faces"}, "mnist, the claim is about frey_faces"),
        ({"settled": True}, {"settled": False}, "still changing after 300 epochs"),
        ({"weights_epochs": (300, 300)}, {"weights_epochs": (301, 300)}, "[300, 301], asked 300"),
        ({"weights_epochs": ()}, {"weights_epochs": (299,)}, "[299], asked 300"),
    ],
)
def test_each_requirement_has_its_boundary(enough, too_little, reason):
    assert unmet_requirements(asked(), **{"min_epochs": 1, **enough}) == ()
    (found,) = unmet_requirements(asked(), **{"min_epochs": 1, **too_little})
    assert reason in found


def test_what_is_too_short_need_not_have_settled():
    assert len(unmet_requirements(asked(), min_epochs=301, settled=False)) == 1

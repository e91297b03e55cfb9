"""Verdicts, and what keeps runs from deciding a claim."""

import types

import pytest

from keras_vae.experiments.figures.claims import (
    INCONCLUSIVE,
    NOT_REPRODUCED,
    REPRODUCED,
    Claim,
    unmet_requirements,
)


def asked(dataset="mnist", trials=2, epochs=300):
    return types.SimpleNamespace(dataset=dataset, trials=trials, epochs=epochs)


def test_an_undefined_rule_is_inconclusive_and_serialises():
    claim = Claim("r.1.1", "s", "rule", {"x": 1.0}, holds=None)
    assert claim.to_dict()["verdict"] == INCONCLUSIVE


def test_reasons_are_named():
    reasons = unmet_requirements(
        asked("mnist_5k", 1, 10), min_epochs=100, min_trials=2, settled=False
    )
    assert len(reasons) == 3 and "needs 100" in reasons[2]
    settled = unmet_requirements(asked(epochs=100), min_epochs=100, min_trials=2, settled=False)
    assert settled == ("still changing after 100 epochs",)


@pytest.mark.parametrize(
    "unmet, holds, verdict",
    [
        ((), True, REPRODUCED),
        ((), False, NOT_REPRODUCED),
        ((), None, INCONCLUSIVE),
        (("too short",), True, INCONCLUSIVE),
        (("too short",), False, INCONCLUSIVE),
    ],
)
def test_verdicts(unmet, holds, verdict):
    assert Claim("r.1.1", "s", "rule", {}, holds, unmet).verdict == verdict


@pytest.mark.parametrize(
    "enough, too_little, reason",
    [
        ({"min_epochs": 300}, {"min_epochs": 301}, "300 epochs, needs 301"),
        ({"min_trials": 2}, {"min_trials": 3}, "2 trial, needs 3"),
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

"""Verdicts on made-up activities whose answers are known."""

import types

import numpy as np
import pytest

from keras_vae.experiments.figures.claims import (
    INCONCLUSIVE,
    NOT_REPRODUCED,
    REPRODUCED,
    Claim,
    unmet_requirements,
)
from keras_vae.experiments.reports.activity.pruning_claims import judge_methods


def curve(points, epochs=300, trials=2):
    """Activities (trials, epochs, 50) whose counts pass through (epoch, count) points."""
    counts = np.interp(np.arange(1, epochs + 1), *zip(*points, strict=True)).round()
    active = np.arange(50) < counts[:, None]
    return np.repeat(active[None].astype(float), trials, axis=0)


AS_REPORTED = {
    "VAE": [(1, 50), (3, 14), (40, 11), (300, 11)],
    "IW": [(1, 50), (6, 20), (40, 9), (300, 9)],
    "IW+BN": [(1, 50), (60, 14), (300, 14)],
    "IW+WU": [(1, 50), (100, 10), (120, 9), (300, 9)],
}
OPPOSITE = {
    "VAE": [(1, 50), (200, 20), (240, 15), (300, 15)],
    "IW": [(1, 50), (2, 25), (40, 20), (300, 20)],
    "IW+BN": [(1, 50), (2, 15), (300, 15)],
    "IW+WU": [(1, 50), (2, 15), (300, 15)],
}


def asked(dataset="mnist", trials=2, epochs=300):
    return types.SimpleNamespace(dataset=dataset, trials=trials, epochs=epochs)


def verdicts(curves, dataset="mnist", **kwargs):
    activity = {name: curve(points, **kwargs) for name, points in curves.items()}
    trials, epochs, _ = activity["VAE"].shape
    claims = judge_methods(activity, 0.1, asked(dataset, trials, epochs))
    return {claim.id: claim.verdict for claim in claims}


def test_the_reports_own_curves_reproduce_every_claim():
    found = verdicts(AS_REPORTED)
    assert len(found) == 9
    assert set(found.values()) == {REPRODUCED}


def test_opposite_curves_reproduce_none():
    assert set(verdicts(OPPOSITE).values()) == {NOT_REPRODUCED}


@pytest.mark.parametrize(
    "kwargs", [{"epochs": 29}, {"trials": 1}, {"dataset": "mnist_5k"}], ids=str
)
@pytest.mark.parametrize("curves", [AS_REPORTED, OPPOSITE], ids=["as reported", "opposite"])
def test_too_little_decides_nothing(curves, kwargs):
    assert set(verdicts(curves, **kwargs).values()) == {INCONCLUSIVE}


def test_counts_that_still_fall_decide_nothing_about_the_end():
    falling = {name: [(1, 50), (300, 5)] for name in AS_REPORTED}
    found = verdicts(falling)
    assert found["activity.3.1a.3"] == found["activity.3.1a.4"] == INCONCLUSIVE
    assert found["activity.3.1b.2"] == found["activity.3.1c.3"] == INCONCLUSIVE


def test_dimensions_that_come_back_refute_the_first_claim():
    activity = {name: curve(points) for name, points in AS_REPORTED.items()}
    activity["VAE"][:, 200:, 11:30] = 1.0
    first = judge_methods(activity, 0.1, asked())[0]
    assert first.verdict == NOT_REPRODUCED
    assert first.numbers["returned_share"] == pytest.approx(19 / 39)


def test_one_epoch_can_be_judged():
    assert set(verdicts(AS_REPORTED, epochs=1).values()) == {INCONCLUSIVE}


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

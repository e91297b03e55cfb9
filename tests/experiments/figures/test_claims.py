"""Verdicts, and what keeps runs from deciding a claim."""

import types

from keras_vae.experiments.figures.claims import (
    INCONCLUSIVE,
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

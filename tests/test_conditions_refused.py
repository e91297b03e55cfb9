"""Conditions that do not fit, and parts that cannot have any, are refused by name."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import keras_vae as kv

KINDS = [kv.VAE, kv.HierarchicalVAE]
X = (np.random.default_rng(0).random((6, 4, 4)) < 0.5).astype("float32")
C = np.eye(2, dtype="float32")[np.arange(6) % 2]


def small(kind, **kwargs):
    return kind(
        **{"hidden_units": 6, "image_shape": (4, 4), "condition_shape": (2,), "seed": 0, **kwargs}
    )


@pytest.fixture(scope="module", params=KINDS)
def untrained(request):
    model = small(request.param, hidden_units=1)
    model.compile()
    return model


MISSING = "needs conditions of shape \\(batch, 2\\).*fit\\(\\(x, condition\\)\\)"


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda m: m.fit(X), MISSING),
        (lambda m: m.fit(X, C), MISSING),
        (lambda m: m.fit((X, C), validation_data=(X, C)), MISSING),
        (lambda m: m.fit(tf.data.Dataset.from_tensor_slices((X, C)).batch(2)), MISSING),
        (lambda m: m.evaluate(X), MISSING),
        (lambda m: m.encode(X), MISSING),
        (lambda m: m.reconstruct(X), MISSING),
        (lambda m: m.log_weights(X, 2), MISSING),
        (lambda m: m.log_likelihood(X, 2), MISSING),
        (lambda m: m.impute(X, X > 0), MISSING),
        (lambda m: m.sample(2), MISSING),
        (lambda m: m.decode(m.sample_prior(2, tf.constant([1, 2]))), MISSING),
        (lambda m: m.fit((X, C[:, :1])), r"conditions of shape \(batch, 2\).*\(6, 1\)"),
        (lambda m: m.fit((X, C[:, 0])), r"Received shape: \(6,\); .*to_categorical"),
        (lambda m: m.fit((X, C * np.nan)), "conditions must be finite. Received nan"),
        (lambda m: m.encode(X, condition=C + np.inf), "conditions must be finite"),
        (lambda m: m.fit((X, C[:4])), "6 items and 4 conditions"),
        (lambda m: m.log_likelihood(X, 2, condition=C[:4]), "6 items and 4 conditions"),
        (lambda m: m.impute(X, X > 0, condition=C[:4]), "6 items and 4 conditions"),
        (lambda m: m.sample(3, condition=C), "3 items and 6 conditions"),
        (lambda m: m.fit((X, C, C)), r"a pair \(x, condition\).*Received 3 arrays"),
        (
            lambda m: m.decode(m.sample_prior(2, tf.constant([1, 2])), condition=C[:, :1]),
            r"shape \(\.\.\., 2\). Received: \(6, 1\)",
        ),
        (
            lambda m: m.decode(m.sample_prior(4, tf.constant([1, 2])), condition=C),
            r"shape \(6, 2\) do not broadcast against codes of shape \(4, \d+\)",
        ),
        (
            lambda m: m.decode(m.sample_prior(6, tf.constant([1, 2])), condition=C * np.nan),
            "conditions must be finite. Received nan",
        ),
        (lambda m: m.sample(6, condition=C + np.inf), "conditions must be finite"),
        (lambda m: m.fit({"x": X, "condition": C}), r"pair \(x, condition\).*of 'x', 'condition'"),
        (lambda m: m.evaluate({"x": X}), "dictionary of 'x'"),
        (lambda m: m.fit((X, C), class_weight={0: 1.0}), r"fit\(x, labels, class_weight"),
        (
            lambda m: m.fit((X, C), callbacks=kv.callbacks.LinearProbe((X, C[:, 0]), (X, C[:, 0]))),
            MISSING,
        ),
    ],
)
def test_unusable_conditions_are_refused(untrained, call, message):
    with pytest.raises(ValueError, match=message):
        call(untrained)
    assert int(untrained.optimizer.iterations) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_models_without_conditions_refuse_them(kind):
    model = small(kind, condition_shape=None)
    model.compile()
    for call in (
        lambda: model.encode(X, condition=C),
        lambda: model.log_weights(X, 2, condition=C),
        lambda: model.sample(2, condition=C[:2]),
        lambda: model.decode(model.sample_prior(2, tf.constant([1, 2])), condition=C[:2]),
        lambda: model.fit((X, C)),
        lambda: model.fit(tf.data.Dataset.from_tensor_slices(((X, C),)).batch(2)),
    ):
        with pytest.raises(ValueError, match="given no `condition_shape`|was given their"):
            call()


@keras.saving.register_keras_serializable("tests.conditions")
class OfAPosterior(kv.priors.Prior):
    def distribution(self, encode):
        return encode(tf.zeros((1, 4, 4)))[0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"prior": "vamp"}, "VampPrior.*no conditions"),
        ({"prior": OfAPosterior}, "needs conditions"),
        ({"condition_shape": (2, 0)}, "condition_shape.*at least 1"),
        ({"encoder": "Dense", "hidden_units": None}, r"`encoder`.*\(.batch., 4, 4\) and \(.b"),
        ({"decoder": "Dense", "hidden_units": None}, r"`decoder`.*\('batch', 2\)"),
    ],
)
def test_parts_that_cannot_have_conditions_are_refused_at_construction(kind, arguments, message):
    arguments = {k: layers.Dense(2) if v == "Dense" else v for k, v in arguments.items()}
    if kind is kv.HierarchicalVAE and "hidden_units" in arguments:
        arguments["hidden_units"] = 2
    with pytest.raises(ValueError, match=message):
        small(kind, **arguments)

"""Warm-up and recorded activity, as the compiled step sees them."""

import types

import numpy as np
import pytest
import tensorflow as tf

import keras_vae as kv
from keras_vae.callbacks import LatentActivity, LinearProbe, WarmUp


def make_model(jit_compile=False, **kwargs):
    model = kv.VAE(latent_dim=3, hidden_units=(16,), seed=0, **kwargs)
    model.compile(jit_compile=jit_compile)
    return model


def test_beta_rises_from_zero_to_one():
    warm_up = WarmUp(epochs=4)
    assert [warm_up.beta_at(epoch) for epoch in range(6)] == [0, 0.25, 0.5, 0.75, 1, 1]


def test_each_epoch_has_its_beta():
    warm_up, model = WarmUp(4), types.SimpleNamespace(beta=tf.Variable(0.7))
    warm_up.set_model(model)
    for epoch, beta in enumerate((0.0, 0.25, 0.5, 0.75, 1.0, 1.0)):
        logs = {"loss": 3.0}
        warm_up.on_epoch_begin(epoch)
        assert float(model.beta) == beta
        warm_up.on_epoch_end(epoch, logs)
        assert logs == {"loss": 3.0, "beta": beta} and float(model.beta) == beta


def test_the_compiled_step_sees_beta(images):
    history = (
        make_model(jit_compile=True).fit(images, epochs=4, verbose=0, callbacks=[WarmUp(2)]).history
    )
    assert history["beta"] == [0.0, 0.5, 1.0, 1.0]
    expected = np.array(history["beta"]) * history["kl"] - history["reconstruction"]
    np.testing.assert_allclose(history["loss"], expected, rtol=1e-5)
    bound = np.array(history["reconstruction"]) - history["kl"]
    np.testing.assert_allclose(history["bound"], bound, rtol=1e-5)


def test_warm_up_reaches_the_importance_weighted_bound_too(images):
    model = make_model(objective="iwae")
    # Far from the prior, so that beta counts for more than rounding.
    model.loc_head.bias.assign([2.0] * model.latent_dim)
    history = model.fit(images, epochs=2, verbose=0, callbacks=[WarmUp(1)]).history
    assert abs(history["loss"][0] + history["bound"][0]) > 0.01
    np.testing.assert_allclose(history["loss"][1], -history["bound"][1], rtol=1e-5)


def test_activity_of_every_epoch_is_recorded(images):
    model = make_model()
    recorder = LatentActivity(images, threshold=0.01, batch_size=24)
    history = model.fit(images, epochs=3, verbose=0, callbacks=[recorder]).history
    assert recorder.activity.shape == (3, 3)
    means = model.encode(images).mean().numpy()
    np.testing.assert_allclose(recorder.activity[-1], means.var(axis=0), rtol=1e-4)
    assert history["active_units"][-1] == (recorder.activity[-1] > 0.01).sum()


def test_images_of_eight_bits_are_refused_before_training_as_fit_does(digits, images):
    model = make_model()
    before = model.get_weights()
    recorder = LatentActivity(digits.test.pixels[:64])
    with pytest.raises(ValueError, match="divide 8-bit images by 255"):
        model.fit(images, epochs=1, verbose=0, callbacks=[recorder])
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


class Pixels:
    """A model whose posterior means are the pixels themselves."""

    def posterior_means(self, x, batch_size):
        assert batch_size == 2
        return tf.reshape(x, (len(x), -1))


def test_activity_is_over_all_images_and_counted_above_a_threshold():
    values = np.array([[0, 0, 90], [255, 0, 0], [0, 0, 90], [0, 0, 0], [255, 0, 0]])
    images = values[:, None, :] / np.float32(255)
    variances = (values / 255.0).var(axis=0)
    assert variances[0] > 0.1 > variances[2] > 0.01
    for threshold, active in ((None, 1), (0.01, 2)):
        given = {} if threshold is None else {"threshold": threshold}
        recorder, logs = LatentActivity(images, batch_size=2, **given), {}
        recorder.set_model(Pixels())
        recorder.on_epoch_end(0, logs)
        recorder.on_epoch_end(1)
        np.testing.assert_allclose(recorder.activity, [variances] * 2, rtol=1e-5)
        assert logs == {"active_units": active}


def test_the_probe_is_fitted_to_one_set_and_tested_on_another(monkeypatch):
    asked = []

    def features(model, images, kind, seed):
        asked.append((model, len(images), kind, seed))
        return images

    monkeypatch.setattr(kv.linear_probe, "posterior_features", features)
    train = (np.array([[0.0], [0.1], [0.9], [1.0]]), np.array([0, 0, 1, 1]))
    # One of five is on the wrong side.
    test = (np.array([[0.0], [0.1], [0.2], [0.9], [1.0]]), np.array([0, 0, 1, 1, 1]))
    probe = LinearProbe(train, test, features="samples", epochs=(2, 3))
    probe.set_model("model")
    seen = []
    for epoch in range(4):
        logs = {}
        probe.on_epoch_end(epoch, logs)
        seen.append(logs)
    assert seen == [{}, {"probe_accuracy": 0.8}, {"probe_accuracy": 0.8}, {}]
    assert probe.epochs_done == [2, 3] and probe.accuracy == [0.8, 0.8]
    # A training and a test image do not share their noise.
    assert asked == [("model", 4, "samples", 0), ("model", 5, "samples", 1)] * 2


def test_refuses_impossible_lengths(images):
    with pytest.raises(ValueError, match="epochs.*at least 1"):
        WarmUp(0)
    with pytest.raises(ValueError, match="batch_size.*at least 1"):
        LatentActivity(images, batch_size=0)

"""Warm-up and recorded activity, as the compiled step sees them."""

import numpy as np
import pytest

import keras_vae as kv
from keras_vae.callbacks import LatentActivity, WarmUp


def make_model(**kwargs):
    model = kv.VAE(latent_dim=3, hidden_units=(16,), seed=0, **kwargs)
    model.compile()
    return model


def test_beta_rises_from_zero_to_one():
    warm_up = WarmUp(epochs=4)
    assert [warm_up.beta_at(epoch) for epoch in range(6)] == [0, 0.25, 0.5, 0.75, 1, 1]


def test_the_compiled_step_sees_beta(images):
    history = make_model().fit(images, epochs=4, verbose=0, callbacks=[WarmUp(2)]).history
    assert history["beta"] == [0.0, 0.5, 1.0, 1.0]
    expected = np.array(history["beta"]) * history["kl"] - history["reconstruction"]
    np.testing.assert_allclose(history["loss"], expected, rtol=1e-5)
    bound = np.array(history["reconstruction"]) - history["kl"]
    np.testing.assert_allclose(history["bound"], bound, rtol=1e-5)


def test_warm_up_reaches_the_importance_weighted_bound_too(images):
    model = make_model(objective="iwae")
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


def test_eight_bit_images_give_the_same_activity(digits, images):
    model = make_model()
    from_floats = LatentActivity(images)
    from_bytes = LatentActivity(digits.test.pixels[:64])
    for recorder in (from_floats, from_bytes):
        recorder.set_model(model)
        recorder.on_epoch_end(0)
    np.testing.assert_array_equal(from_floats.activity, from_bytes.activity)


def test_refuses_impossible_lengths(images):
    with pytest.raises(ValueError, match="epochs.*at least 1"):
        WarmUp(0)
    with pytest.raises(ValueError, match="batch_size.*at least 1"):
        LatentActivity(images, batch_size=0)

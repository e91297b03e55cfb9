"""Weights from elsewhere, against an evaluation in NumPy."""

import numpy as np
import pytest
import tensorflow as tf

import keras_vae as kv
from keras_vae.posteriors import sample_with_log_prob

LATENT_DIM = 20
SHAPES = [
    *((784, 500), (500,), (500, 2 * LATENT_DIM), (2 * LATENT_DIM,)),
    *((LATENT_DIM, 500), (500,), (500, 784), (784,)),
]


def arrays():
    rng = np.random.default_rng(0)
    return [rng.normal(0, 0.4 / np.sqrt(shape[0]), size=shape) for shape in SHAPES]


def report_model(**kwargs):
    return kv.VAE(latent_dim=LATENT_DIM, hidden_units=(500,), activation="tanh", **kwargs)


@pytest.fixture(scope="module")
def images():
    return (np.random.default_rng(1).random((30, 28, 28)) < 0.3).astype("float32")


def numpy_posterior(images, weights):
    w1, b1, w2, b2 = weights[:4]
    both = np.tanh(images.reshape(len(images), -1).astype(float) @ w1 + b1) @ w2 + b2
    return both[:, :LATENT_DIM], both[:, LATENT_DIM:]


def numpy_log_likelihood(images, z, weights):
    w3, b3, w4, b4 = weights[4:]
    logits = np.tanh(z @ w3 + b3) @ w4 + b4
    x = images.reshape(len(images), -1)
    return (x * logits - np.logaddexp(0, logits)).sum(axis=-1)


def test_agrees_with_numpy(images):
    model, weights = report_model(), arrays()
    kv.layer_arrays.assign(model, weights)
    mean, log_variance = numpy_posterior(images, weights)
    kl = 0.5 * (mean**2 + np.exp(log_variance) - log_variance - 1).sum(axis=-1)
    reconstruction = numpy_log_likelihood(images, mean, weights)

    np.testing.assert_allclose(model.encode(images).mean(), mean, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(
        model.decode(model.encode(images).mean()).log_prob(images), reconstruction, rtol=1e-4
    )
    terms = model.log_terms(images, num_samples=3, seed=tf.constant([1, 2]))
    np.testing.assert_allclose(terms.analytic_kl, kl, rtol=1e-4)


def test_the_bound_agrees_with_numpy_at_the_same_noise(images):
    model, weights = report_model(), arrays()
    kv.layer_arrays.assign(model, weights)
    mean, log_variance = numpy_posterior(images, weights)
    z, _ = sample_with_log_prob(model.encode(images), 1, tf.constant([3, 4]))
    noise = (z[0].numpy() - mean) / np.exp(0.5 * log_variance)
    assert abs(noise.mean()) < 0.2 and abs(noise.std() - 1) < 0.1
    kl = 0.5 * (mean**2 + np.exp(log_variance) - log_variance - 1).sum(axis=-1)
    sampled = mean + np.exp(0.5 * log_variance) * noise
    expected = numpy_log_likelihood(images, sampled, weights) - kl

    terms = model.log_terms(images, num_samples=1, seed=tf.constant([3, 4]))
    np.testing.assert_allclose(terms.log_likelihood[0] - terms.analytic_kl, expected, rtol=1e-4)


def test_what_is_set_is_what_is_got():
    model, weights = report_model(), arrays()
    kv.layer_arrays.assign(model, weights)
    for got, given in zip(kv.layer_arrays.get(model), weights, strict=True):
        np.testing.assert_array_equal(got, given.astype("float32"))


def test_goes_between_models_of_any_depth_and_likelihood(images):
    first, second = (
        kv.VAE(latent_dim=3, hidden_units=(8, 6), likelihood="gaussian", seed=seed)
        for seed in (1, 2)
    )
    assert not np.allclose(first(images), second(images))
    kv.layer_arrays.assign(second, kv.layer_arrays.get(first))
    np.testing.assert_array_equal(first(images), second(images))


@pytest.mark.parametrize(
    "spoil, message",
    [
        (lambda a: a[:-1], r"Expected arrays of shapes \[\(784, 500\).*Received"),
        (lambda a: [a[0].T, *a[1:]], r"Received: \[\(500, 784\)"),
        (lambda a: [*a[:-1], np.r_[np.zeros(783), np.nan]], "Array 7, of shape .784,., holds NaN"),
    ],
)
def test_refuses_what_does_not_fit_and_changes_nothing(spoil, message):
    model = report_model(seed=0)
    before = model.get_weights()
    with pytest.raises(ValueError, match=message):
        kv.layer_arrays.assign(model, spoil(arrays()))
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("option", ["batch_norm", "gated"])
def test_refuses_layers_that_are_more_than_kernel_and_bias(option):
    with pytest.raises(ValueError, match="batch normalisation or gates"):
        kv.layer_arrays.get(report_model(**{option: True}))

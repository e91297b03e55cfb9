"""Reparameterised samples and their log-density."""

import numpy as np
import tensorflow as tf
from scipy import stats

from keras_vae import posteriors, random

STREAM = random.stream(0, random.TRAINING_NOISE)


def test_log_density_is_that_of_the_posterior():
    rng = np.random.default_rng(0)
    loc = rng.normal(size=(4, 3)).astype("float32")
    scale = rng.uniform(0.2, 2, size=(4, 3)).astype("float32")
    posterior = posteriors.diagonal_gaussian(loc, scale)
    z, log_prob = posteriors.sample_with_log_prob(posterior, 6, STREAM)
    assert z.shape == (6, 4, 3) and log_prob.shape == (6, 4)
    np.testing.assert_allclose(log_prob, stats.norm(loc, scale).logpdf(z).sum(-1), rtol=1e-4)
    np.testing.assert_allclose(log_prob, posterior.log_prob(z), rtol=1e-4)


def test_samples_follow_the_posterior():
    posterior = posteriors.diagonal_gaussian(tf.constant([[3.0, -1.0]]), tf.constant([[0.5, 2.0]]))
    z, _ = posteriors.sample_with_log_prob(posterior, 20_000, STREAM)
    for column, (loc, scale) in enumerate([(3.0, 0.5), (-1.0, 2.0)]):
        sample = z[:, 0, column].numpy()
        assert stats.kstest(sample, stats.norm(loc, scale).cdf).pvalue > 1e-4


def test_log_density_survives_a_scale_below_the_rounding_of_the_mean():
    loc, scale = tf.constant([[1000.0]]), tf.constant([[1e-7]])
    posterior = posteriors.diagonal_gaussian(loc, scale)
    _, log_prob = posteriors.sample_with_log_prob(posterior, 1000, STREAM)
    expected = -stats.norm.entropy(scale=1e-7)
    np.testing.assert_allclose(log_prob.numpy().mean(), expected, atol=0.15)


def test_gradients_are_those_of_the_change_of_variables():
    loc, scale = tf.Variable([[1.0, 2.0]]), tf.Variable([[0.5, 3.0]])
    with tf.GradientTape(persistent=True) as tape:
        posterior = posteriors.diagonal_gaussian(tf.identity(loc), tf.identity(scale))
        z, log_prob = posteriors.sample_with_log_prob(posterior, 1, STREAM)
    noise = (z[0] - loc) / scale
    np.testing.assert_allclose(tape.gradient(z, loc), np.ones((1, 2)))
    np.testing.assert_allclose(tape.gradient(z, scale), noise, rtol=1e-4)
    # By the path through z and by the density itself, which cancel for loc.
    assert tape.gradient(log_prob, loc) is None or not np.any(tape.gradient(log_prob, loc))
    np.testing.assert_allclose(tape.gradient(log_prob, scale), -1 / scale.numpy(), rtol=1e-5)

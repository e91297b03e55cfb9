"""Reparameterised samples and their log-density."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from keras_vae import posteriors, random
from keras_vae.networks import MaskedAutoregressiveNetwork
from keras_vae.posteriors.flow import GatedStep

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


def gated_step(dims, batch=5):
    """A step whose network is far from none, its context and network, and codes."""
    network = MaskedAutoregressiveNetwork(2, (8, 8), context_dim=2, activation="tanh", seed=3)
    network.build((None, dims))
    for kernel in network.kernels:
        kernel.assign(3 * kernel)
    rng = np.random.default_rng(1)
    context, y = (rng.normal(size=(batch, size)).astype("float32") for size in (2, dims))
    return network, tf.constant(context), tf.constant(y)


def dimension_by_dimension(network, context, y):
    """The same inverse as it is written: one dimension after the other, all in the graph."""
    z = tf.zeros_like(y)
    for i in range(y.shape[-1]):
        mean, logit = tf.unstack(network(z, context), axis=-1)
        gate = tf.sigmoid(logit + 2.0)
        solved = (y - (1 - gate) * mean) / gate
        z = tf.concat([z[:, :i], solved[:, i : i + 1], z[:, i + 1 :]], axis=-1)
    return z


@pytest.mark.parametrize("compiled", [False, True])
def test_the_inverse_of_a_flow_and_its_gradients_are_those_of_going_dimension_by_dimension(
    compiled,
):
    network, context, y = gated_step(6)
    weights = [weight.value for weight in network.trainable_variables]

    def values(inverse):
        with tf.GradientTape() as tape:
            tape.watch([context, y])
            z = inverse(network, context, y)
            total = tf.reduce_sum(tf.sin(z) * [1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
        return [z, *tape.gradient(total, [context, y, *weights], unconnected_gradients="zero")]

    def solved(network, context, y):
        return GatedStep(network, context).inverse(y)

    function = tf.function(values, jit_compile=True) if compiled else values
    found, expected = function(solved), values(dimension_by_dimension)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-3 * abs(other).numpy().max())
    np.testing.assert_allclose(GatedStep(network, context).forward(found[0]), y, atol=1e-4)


def test_the_graph_of_an_inverse_does_not_grow_with_the_dimensions():
    """A step under a VampPrior took 101 seconds to compile at 40 dimensions."""

    def nodes(dims):
        network, context, y = gated_step(dims)

        @tf.function
        def gradient(y):
            with tf.GradientTape() as tape:
                tape.watch(y)
                z = GatedStep(network, context).inverse(y)
            return tape.gradient(z, y)

        graph = gradient.get_concrete_function(y).graph.as_graph_def()
        return len(graph.node) + sum(len(one.node_def) for one in graph.library.function)

    assert nodes(12) == nodes(4)

"""TFP distributions of ours against SciPy, TFP's own and what defines them."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from scipy import stats

from keras_vae.distributions import DiagonalGaussianMixture, DiscretizedLogistic

tfd = tfp.distributions
LEVELS = np.arange(256, dtype="float32") / 255


@pytest.mark.parametrize("loc", [0.0, 0.3, 0.999])
@pytest.mark.parametrize("log_scale", [-4.5, -2.0, 0.0])
def test_discretised_logistic_is_scipys_logistic_in_bins(loc, log_scale):
    distribution = DiscretizedLogistic(np.float32(loc), np.float32(log_scale))
    log_prob = distribution.log_prob(LEVELS).numpy()
    np.testing.assert_allclose(np.exp(log_prob.astype(float)).sum(), 1.0, rtol=1e-5)
    edges = np.arange(257) / 256
    edges[0], edges[-1] = -np.inf, np.inf
    logistic = stats.logistic(np.float32(loc), np.exp(np.float32(log_scale).astype(float)))
    # Differences of the distribution function lose digits above the median, those of the
    # survival function below it.
    below = edges[:-1] < loc
    expected = np.where(below, np.diff(logistic.cdf(edges)), -np.diff(logistic.sf(edges)))
    np.testing.assert_allclose(log_prob, np.log(expected), rtol=1e-3, atol=1e-4)


def test_discretised_logistic_is_finite_far_out_and_so_are_its_gradients():
    log_scale = tf.constant([-4.5, -4.5])
    loc = tf.constant([0.0, 1.0])
    with tf.GradientTape() as tape:
        tape.watch([loc, log_scale])
        log_prob = DiscretizedLogistic(loc, log_scale).log_prob(np.array([1.0, 0.0], "float32"))
    # From one end of the scale to the other it is about -1 / scale nats.
    np.testing.assert_allclose(log_prob, [-np.exp(4.5)] * 2, rtol=0.02)
    for gradient in tape.gradient(log_prob, [loc, log_scale]):
        assert np.isfinite(gradient).all() and (gradient.numpy() != 0).all()


@pytest.mark.parametrize("loc, log_scale", [(0.01, -4.5), (0.4, -3.0), (0.9, -0.5)])
def test_discretised_logistics_mean_and_samples(loc, log_scale):
    distribution = DiscretizedLogistic(tf.constant(loc), tf.constant(log_scale))
    probabilities = np.exp(distribution.log_prob(LEVELS).numpy().astype(float))
    expected = (probabilities * LEVELS).sum()
    np.testing.assert_allclose(distribution.mean(), expected, rtol=1e-4, atol=5e-5)
    samples = distribution.sample(20_000, seed=tf.constant([0, 1])).numpy()
    deviation = np.sqrt((probabilities * (LEVELS - expected) ** 2).sum())
    assert abs(samples.mean() - expected) < 5 * deviation / np.sqrt(len(samples))
    assert set(np.unique(samples)) <= set(LEVELS)


def components(count=7, dimensions=5, seed=0):
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=count)
    loc = rng.normal(2.0, 1.5, size=(count, dimensions))
    scale = np.exp(rng.normal(-1.0, 0.7, size=(count, dimensions)))
    return [value.astype("float32") for value in (logits, loc, scale)]


def tfps(logits, loc, scale):
    return tfd.MixtureSameFamily(
        tfd.Categorical(logits=logits.astype(float)),
        tfd.MultivariateNormalDiag(loc.astype(float), scale.astype(float)),
    )


def test_mixture_log_prob_is_tfps():
    parts = components()
    z = np.random.default_rng(1).normal(2, 2, size=(3, 40, 5)).astype("float32")
    mixture = DiagonalGaussianMixture(*map(tf.constant, parts))
    assert mixture.event_shape == (5,) and mixture.batch_shape == ()
    np.testing.assert_allclose(mixture.log_prob(z), tfps(*parts).log_prob(z), rtol=1e-4, atol=1e-4)


def test_matrix_products_keep_their_digits_far_from_zero_and_with_small_scales():
    parts = components(count=50, dimensions=40)
    parts[1] += 30.0
    parts[2] *= 0.3
    z = parts[1] + parts[2] * np.random.default_rng(2).normal(size=(50, 40)).astype("float32")
    mixture = DiagonalGaussianMixture(*map(tf.constant, parts))
    expected = tfps(*parts).log_prob(z.astype(float))
    np.testing.assert_allclose(mixture.log_prob(z), expected, atol=0.05)


def test_mixture_samples_follow_its_weights_and_moments():
    logits, loc, scale = components(count=3, dimensions=2)
    loc += 20 * np.arange(3)[:, None].astype("float32")
    mixture = DiagonalGaussianMixture(*map(tf.constant, (logits, loc, scale)))
    z = mixture.sample(30_000, seed=tf.constant([3, 4])).numpy()
    nearest = abs(z[:, None] - loc).sum(-1).argmin(-1)
    weights = np.exp(logits) / np.exp(logits).sum()
    np.testing.assert_allclose(np.bincount(nearest) / len(z), weights, atol=0.015)
    for k in range(3):
        own = z[nearest == k]
        assert (abs(own.mean(0) - loc[k]) < 5 * scale[k] / np.sqrt(len(own))).all()
        np.testing.assert_allclose(own.std(0), scale[k], rtol=0.05)
    np.testing.assert_allclose(mixture.mean(), weights @ loc, rtol=1e-4)
    again = mixture.sample(30_000, seed=tf.constant([3, 4])).numpy()
    np.testing.assert_array_equal(z, again)


@pytest.mark.parametrize("apart, scale", [(3.0, 0.01), (1e4, 1.0), (1e3, 0.1)])
def test_mixture_keeps_its_digits_where_squares_cancel(apart, scale):
    rng = np.random.default_rng(3)
    loc = (apart * rng.normal(size=(20, 40))).astype("float32")
    logits, scale = np.zeros(20, "float32"), np.full((20, 40), scale, "float32")
    z = np.concatenate([loc, loc + scale * rng.normal(size=(20, 40)).astype("float32")])
    log_prob, gradient = tfp.math.value_and_gradient(
        DiagonalGaussianMixture(logits, *map(tf.constant, (loc, scale))).log_prob, z
    )
    # Next to one component the others do not count.
    steps = (z.astype(float) - np.tile(loc, (2, 1))) / np.tile(scale, (2, 1))
    expected = stats.norm.logpdf(steps).sum(-1) - np.tile(np.log(scale).sum(-1), 2) - np.log(20)
    np.testing.assert_allclose(log_prob, expected, rtol=0, atol=1e-3)
    np.testing.assert_allclose(gradient * scale[0, 0], -steps, rtol=0, atol=1e-3)


def test_mixture_multiplies_no_float32_matrices():
    """Which is what TensorFloat-32 would round."""
    mixture = DiagonalGaussianMixture(*map(tf.constant, components()))
    traced = tf.function(lambda z: (mixture.log_prob(z), mixture.mean()), autograph=False)
    graph = traced.get_concrete_function(tf.TensorSpec((4, 5))).graph
    products = [op for op in graph.get_operations() if "MatMul" in op.type]
    assert {op.outputs[0].dtype for op in products} <= {tf.float64}

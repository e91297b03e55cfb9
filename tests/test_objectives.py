"""The bounds against closed forms, limits, SciPy and finite differences."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from scipy import stats
from scipy.special import logsumexp

from keras_vae import objectives
from keras_vae.objectives import ELBO, IWAE, Renyi, renyi_bound

ALPHAS = [-math.inf, -3.0, -0.5, 0.0, 0.3, 0.9, 1.0, 1.7]


@pytest.fixture
def log_weights():
    return np.random.default_rng(0).normal(-80, 3, size=(7, 5))


def renyi_by_scipy(log_weights, alpha):
    t = 1 - alpha
    return (logsumexp(t * log_weights, axis=0) - np.log(len(log_weights))) / t


@pytest.mark.parametrize("alpha", [-3.0, -0.5, 0.0, 0.3, 0.9, 1.7])
def test_agrees_with_scipy(log_weights, alpha):
    bound = renyi_bound(log_weights, alpha)
    np.testing.assert_allclose(bound, renyi_by_scipy(log_weights, alpha), rtol=1e-12)


def test_named_forms(log_weights):
    np.testing.assert_allclose(ELBO(7).bound(log_weights), log_weights.mean(axis=0))
    np.testing.assert_allclose(IWAE(7).bound(log_weights), renyi_by_scipy(log_weights, 0.0))
    np.testing.assert_allclose(Renyi(alpha=-math.inf).bound(log_weights), log_weights.max(axis=0))


@pytest.mark.parametrize("dtype, tolerance", [("float64", 1e-6), ("float32", 2e-5)])
@pytest.mark.parametrize("offset", [1e-7, -1e-7, 1e-9])
def test_alpha_towards_one_is_the_elbo(log_weights, dtype, tolerance, offset):
    weights = log_weights.astype(dtype)
    np.testing.assert_allclose(
        renyi_bound(weights, 1 + offset), ELBO().bound(weights), atol=tolerance * 80
    )


def test_alpha_towards_minus_infinity_is_the_largest_weight(log_weights):
    np.testing.assert_allclose(renyi_bound(log_weights, -1e6), log_weights.max(axis=0), atol=1e-5)


def test_falls_with_alpha(log_weights):
    bounds = np.array([renyi_bound(log_weights, alpha) for alpha in ALPHAS])
    assert (np.diff(bounds, axis=0) < 0).all()


@pytest.mark.parametrize("alpha", ALPHAS)
def test_one_sample_gives_the_log_weight(alpha):
    np.testing.assert_allclose(renyi_bound(np.array([[-3.5, 2.0]]), alpha), [-3.5, 2.0])


@pytest.mark.parametrize("alpha", ALPHAS)
def test_shifts_with_the_log_weights(log_weights, alpha):
    np.testing.assert_allclose(
        renyi_bound(log_weights + 11, alpha), renyi_bound(log_weights, alpha) + 11
    )


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("size", [1e4, -1e4])
def test_no_overflow_for_large_log_weights(alpha, size):
    weights = tf.constant([[size], [size + 1], [-size]], tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(weights)
        bound = renyi_bound(weights, alpha)
    gradient = tape.gradient(bound, weights).numpy()
    assert np.isfinite(bound).all() and np.isfinite(gradient).all()
    np.testing.assert_allclose(gradient.sum(), 1.0, rtol=1e-4)


@pytest.mark.parametrize("alpha", [-3.0, 0.0, 0.3, 1 - 1e-5, 1.0, 1.7])
def test_gradient_by_finite_differences(log_weights, alpha):
    weights = tf.constant(log_weights)
    with tf.GradientTape() as tape:
        tape.watch(weights)
        total = tf.reduce_sum(renyi_bound(weights, alpha))
    gradient = tape.gradient(total, weights).numpy()
    step = 1e-5
    for index in [(0, 0), (3, 2), (6, 4)]:
        shift = np.zeros_like(log_weights)
        shift[index] = step
        above, below = (
            renyi_bound(log_weights + shift, alpha),
            renyi_bound(log_weights - shift, alpha),
        )
        numeric = (above - below).numpy().sum() / (2 * step)
        np.testing.assert_allclose(gradient[index], numeric, rtol=1e-5, atol=1e-8)


class LinearGaussian:
    """p(z) = N(0, I), p(x|z) = N(Wz, s^2 I): everything has a closed form."""

    def __init__(self, latent_dim=2, data_dim=4, noise=0.7, seed=1):
        rng = np.random.default_rng(seed)
        self.loadings = rng.normal(size=(data_dim, latent_dim))
        self.noise = noise
        self.x = rng.normal(size=data_dim)
        precision = np.eye(latent_dim) + self.loadings.T @ self.loadings / noise**2
        self.posterior_covariance = np.linalg.inv(precision)
        self.posterior_mean = self.posterior_covariance @ self.loadings.T @ self.x / noise**2
        covariance = self.loadings @ self.loadings.T + noise**2 * np.eye(data_dim)
        self.log_likelihood = stats.multivariate_normal(cov=covariance).logpdf(self.x)

    def log_weights(self, mean, covariance, samples, batch, seed=0):
        """Log p(x, z) - log q(z) for z drawn from q = N(mean, covariance)."""
        q = stats.multivariate_normal(mean, covariance)
        z = q.rvs(size=samples * batch, random_state=seed)
        residual = self.x - z @ self.loadings.T
        log_joint = stats.norm(scale=self.noise).logpdf(residual).sum(-1)
        weights = log_joint + stats.norm.logpdf(z).sum(-1) - q.logpdf(z)
        return weights.reshape(samples, batch)

    def kl_to_posterior(self, mean, covariance):
        """KL(N(mean, covariance) || posterior) in closed form."""
        inverse = np.linalg.inv(self.posterior_covariance)
        gap = self.posterior_mean - mean
        ratio = np.linalg.det(self.posterior_covariance) / np.linalg.det(covariance)
        return 0.5 * (
            np.trace(inverse @ covariance) + gap @ inverse @ gap - len(mean) + np.log(ratio)
        )


@pytest.fixture
def model():
    return LinearGaussian()


@pytest.fixture
def rough_posterior(model):
    return model.posterior_mean + 0.15, 1.3 * np.diag(np.diag(model.posterior_covariance))


@pytest.mark.parametrize("alpha", ALPHAS)
def test_exact_posterior_makes_every_bound_exact(model, alpha):
    weights = model.log_weights(model.posterior_mean, model.posterior_covariance, 5, 3)
    np.testing.assert_allclose(renyi_bound(weights, alpha), model.log_likelihood, rtol=1e-9)


def test_elbo_is_log_likelihood_minus_kl(model, rough_posterior):
    weights = model.log_weights(*rough_posterior, samples=200_000, batch=1)
    expected = model.log_likelihood - model.kl_to_posterior(*rough_posterior)
    error = weights.std() / math.sqrt(weights.size)
    assert abs(float(ELBO().bound(weights)[0]) - expected) < 5 * error


def test_importance_weighted_bound_rises_with_samples_to_the_log_likelihood(model, rough_posterior):
    counts = (1, 2, 5, 20, 100)
    means, errors = [], []
    for samples in counts:
        bounds = IWAE(samples).bound(model.log_weights(*rough_posterior, samples, 20_000)).numpy()
        means.append(bounds.mean())
        errors.append(bounds.std() / math.sqrt(bounds.size))
    assert (np.diff(means) > 3 * np.hypot(errors[1:], errors[:-1])).all()
    assert means[-1] < model.log_likelihood + 5 * errors[-1]
    many = IWAE(500_000).bound(model.log_weights(*rough_posterior, 500_000, 1)).numpy()
    np.testing.assert_allclose(many, model.log_likelihood, atol=0.01)


def test_negative_alpha_exceeds_the_log_likelihood_with_many_samples(model, rough_posterior):
    weights = model.log_weights(*rough_posterior, samples=200_000, batch=1)
    assert float(renyi_bound(weights, -1.0)[0]) > model.log_likelihood + 0.02
    assert float(renyi_bound(weights, 0.5)[0]) < model.log_likelihood - 0.02


@pytest.mark.parametrize(
    "objective", [ELBO(3, analytic_kl=False), IWAE(7), Renyi(alpha=-math.inf, num_samples=2)]
)
def test_config_round_trip(objective):
    config = keras.saving.serialize_keras_object(objective)
    restored = keras.saving.deserialize_keras_object(config)
    assert type(restored) is type(objective)
    assert restored.get_config() == objective.get_config()


@pytest.mark.parametrize("make", [ELBO, IWAE, lambda n: Renyi(num_samples=n)])
def test_needs_at_least_one_sample(make):
    with pytest.raises(ValueError, match="num_samples.*at least 1.*Received: 0"):
        make(0)


@pytest.mark.parametrize("alpha", [math.nan, math.inf])
def test_alpha_must_be_finite_or_minus_infinity(alpha):
    with pytest.raises(ValueError, match="alpha.*finite or -inf"):
        Renyi(alpha=alpha)


def test_wrong_types_are_named():
    with pytest.raises(TypeError, match="num_samples.*integer.*2.5"):
        IWAE(2.5)
    with pytest.raises(TypeError, match="alpha.*number"):
        Renyi(alpha="half")


def test_unknown_name_lists_the_valid_ones():
    with pytest.raises(ValueError, match="objective: 'vlb'.*'elbo', 'iwae', 'renyi'"):
        objectives.get("vlb")


@pytest.mark.parametrize("alpha", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("samples", [5_000, 50_000])
def test_float32_keeps_its_digits_with_many_samples(samples, alpha):
    log_weights = np.random.default_rng(0).normal(-90, 12, size=(samples, 8)).astype("float32")
    bound = renyi_bound(log_weights, alpha).numpy()
    expected = renyi_by_scipy(log_weights.astype("float64"), alpha)
    np.testing.assert_allclose(bound, expected, rtol=0, atol=1e-4)


def test_gradient_with_many_samples_is_the_normalised_weights():
    log_weights = np.random.default_rng(1).normal(-90, 12, size=(500, 4)).astype("float32")
    # One column on either side of the mean of -1/2 at which the formula changes.
    log_weights[:, 0] = -90 + 1e-3 * log_weights[:, 0]
    bound, gradient = tfp.math.value_and_gradient(lambda w: IWAE(500).bound(w), log_weights)
    wide = log_weights.astype("float64")
    np.testing.assert_allclose(gradient, np.exp(wide - logsumexp(wide, axis=0)), rtol=1e-4)
    np.testing.assert_allclose(bound, renyi_by_scipy(wide, 0.0), rtol=0, atol=2e-5)


@pytest.mark.parametrize("samples", [4, 400])
@pytest.mark.parametrize("alpha", [-math.inf, -1.0, 0.0, 0.5, 1.0, 2.0])
def test_weights_of_zero(alpha, samples):
    some, all_of_them = np.full((2, samples), -3.0)
    some[0], all_of_them[:] = -math.inf, -math.inf
    bound = renyi_bound(np.stack([some, all_of_them], axis=1), alpha).numpy()
    if alpha == -math.inf:
        expected = -3.0
    elif alpha < 1:
        expected = -3.0 + math.log((samples - 1) / samples) / (1 - alpha)
    else:
        expected = -math.inf
    np.testing.assert_allclose(bound, [expected, -math.inf], rtol=1e-12)

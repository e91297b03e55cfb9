"""Questions to a trained model: anomalies, batches, kinds of arrays."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from scipy import stats

import keras_vae as kv

tfd = tfp.distributions


@keras.saving.register_keras_serializable("tests.inference")
class UnitNormal(kv.likelihoods.Likelihood):
    parameters = ("loc",)

    def make_distribution(self, loc):
        return tfd.Normal(loc, 1.0)


def linear_gaussian():
    """p(x) is a Gaussian of known mean and covariance, near the posterior of the encoder."""
    model = kv.VAE(latent_dim=1, hidden_units=(), event_shape=4, likelihood=UnitNormal(), seed=3)
    head = model.likelihood.heads[0]
    loadings = np.array([[1.0, -0.5, 2.0, 0.3]])
    head.kernel.assign(loadings)
    head.bias.assign([1.0, 2.0, -1.0, 0.5])
    precision = (loadings @ loadings.T + 1).item()
    model.loc_head.kernel.assign(loadings.T / precision)
    model.loc_head.bias.assign([-(loadings @ head.bias.numpy()).item() / precision])
    model.log_variance_head.kernel.assign(np.zeros((4, 1)))
    model.log_variance_head.bias.assign([-np.log(precision)])
    return model, head.bias.numpy(), loadings.T @ loadings + np.eye(4)


def test_anomalies_have_the_lowest_scores():
    model, mean, covariance = linear_gaussian()
    x = np.random.default_rng(0).multivariate_normal(mean, covariance, 20).astype("float32")
    x[7] = mean + np.array([3, 3, -3, 3])
    scores = model.score_samples(x, batch_size=8)
    assert isinstance(scores, np.ndarray) and scores.argmin() == 7
    exact = stats.multivariate_normal(mean, covariance).logpdf(x)
    np.testing.assert_allclose(scores, exact, rtol=1e-4)


@pytest.mark.parametrize("kind", [kv.VAE, kv.HierarchicalVAE])
def test_arrays_give_arrays_and_tensors_tensors(kind):
    model = kind(hidden_units=3, event_shape=2, seed=0)
    x = np.ones((5, 2))
    calls = (
        model.reconstruct,
        model.posterior_means,
        lambda x: model.posterior_parameters(x)[1],
        lambda x: model.log_weights(x, 3),
    )
    for call in calls:
        assert isinstance(call(x), np.ndarray) and tf.is_tensor(call(tf.constant(x)))
    tf.config.run_functions_eagerly(True)
    try:
        assert isinstance(model.log_likelihood(tf.constant(x), 3), np.ndarray)
    finally:
        tf.config.run_functions_eagerly(False)


@pytest.mark.parametrize("kind", [kv.VAE, kv.HierarchicalVAE])
def test_parts_are_put_together(kind):
    model = kind(hidden_units=3, event_shape=2, seed=0)
    x = np.eye(2)[[0, 1, 1, 0, 1]]
    weights = model.log_weights(x, 3, batch_size=2)
    assert weights.shape == (3, 5)
    np.testing.assert_allclose(weights[:, :2], model.log_weights(x[:2], 3), rtol=1e-5)
    # Equal items in different parts have noise of their own.
    assert not np.allclose(weights[:, 1], weights[:, 4])
    samples = model.sample(5, seed=2)
    np.testing.assert_allclose(model.sample(5, seed=2, batch_size=2), samples, rtol=1e-5)

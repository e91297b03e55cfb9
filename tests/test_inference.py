"""Questions to a trained model: anomalies, missing values, batches, kinds of arrays."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from scipy import stats

import keras_vae as kv
from keras_vae.models.inference import log_prob

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


def test_missing_values_are_filled_in_and_left_out_of_the_likelihood():
    model, mean, covariance = linear_gaussian()
    x = np.random.default_rng(1).multivariate_normal(mean, covariance, 3)
    mask = np.array([[0, 0, 1, 0], [1, 0, 0, 1], [0, 0, 0, 0]], bool)
    broken = np.where(mask, np.nan, x)
    found = model.log_likelihood(broken, 20_000, mask=np.isnan(broken))
    for item, missing, estimate in zip(x, mask, found, strict=True):
        rest = ~missing
        marginal = stats.multivariate_normal(mean[rest], covariance[np.ix_(rest, rest)])
        np.testing.assert_allclose(estimate, marginal.logpdf(item[rest]), atol=0.02)
    filled = model.impute(broken, mask, steps=200)
    np.testing.assert_allclose(filled[~mask], x[~mask], rtol=1e-6)
    # Encoding and decoding at the means comes to rest at the conditional mean.
    there = ~mask[0]
    regression = covariance[2, there] @ np.linalg.inv(covariance[np.ix_(there, there)])
    expected = mean[2] + regression @ (x[0, there] - mean[there])
    np.testing.assert_allclose(filled[0, 2], expected, rtol=1e-3)


def test_missing_pixels_of_every_likelihood():
    images = np.array([[[0.0, 1.0], [1.0, np.nan]]] * 3)
    for likelihood in ("bernoulli", "gaussian", "poisson", kv.likelihoods.Categorical(3)):
        for kind in (kv.VAE, kv.HierarchicalVAE):
            model = kind(hidden_units=3, event_shape=(2, 2), likelihood=likelihood, seed=0)
            filled = model.impute(images, np.isnan(images), steps=2, batch_size=2)
            assert np.isfinite(filled).all() and filled[0, 0, 1] == 1.0
            likelihood = keras.saving.serialize_keras_object(model.likelihood)
    mask = np.isnan(images)
    terms = model.log_terms(filled, 3, tf.constant([1, 2]), mask=mask)
    decoded = model.decode(terms.z).distribution.log_prob(filled.astype("int32")).numpy()
    expected = np.where(mask, 0.0, decoded).sum((-1, -2))
    np.testing.assert_allclose(terms.log_likelihood, expected, rtol=1e-5)


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


def test_unusable_masks_and_data():
    model, x = linear_gaussian()[0], np.zeros((2, 4))
    with pytest.raises(ValueError, match=r"boolean, of shape \(2, 4\).*\(4,\)"):
        model.impute(x, np.zeros(4, bool))
    with pytest.raises(ValueError, match="boolean.*float64"):
        model.log_likelihood(x, 3, mask=x)
    x[0, 0] = np.nan
    with pytest.raises(ValueError, match="finite"):
        model.score_samples(x, mask=np.zeros((2, 4), bool))
    with pytest.raises(ValueError, match="`steps` must be at least 1"):
        model.impute(x, np.isnan(x), steps=0)
    with pytest.raises(ValueError, match="`batch_size` must be at least 1"):
        model.log_likelihood(np.zeros((2, 4)), batch_size=0)
    joint = tfd.MultivariateNormalDiag(tf.zeros(2))
    with pytest.raises(TypeError, match="independent values.*MultivariateNormalDiag"):
        log_prob(joint, tf.zeros(2), tf.constant([True, False]))


@keras.saving.register_keras_serializable("tests.inference")
class Vectors(kv.likelihoods.Likelihood):
    """Rows of data that are vectors, each with one density."""

    parameters = ("loc",)

    def distribution(self, parameters):
        (loc,) = self.shaped(parameters)
        return tfd.Independent(tfd.MultivariateNormalDiag(loc), 1)


def test_masks_need_values_that_have_densities_one_by_one():
    mask = np.zeros((3, 4, 4), bool)
    mask[:, 1] = True
    levels = np.random.default_rng(0).integers(0, 256, (3, 4, 4)) / 255
    of_levels = kv.VAE(
        latent_dim=1, hidden_units=2, image_shape=(4, 4), likelihood="discretized_logistic", seed=0
    )
    z = tf.zeros((1, 3, 1))
    decoded = of_levels.decode(z)
    each = decoded.distribution.log_prob(levels)[0].numpy()
    found = log_prob(decoded, tf.constant(levels, tf.float32), tf.constant(mask))
    np.testing.assert_allclose(found[0], each[~mask].reshape(3, 12).sum(-1), rtol=1e-5)
    assert (of_levels.log_likelihood(levels, 5, mask=mask) < 0).all()
    of_vectors = kv.VAE(
        latent_dim=1, hidden_units=2, image_shape=(4, 4), likelihood=Vectors(), seed=0
    )
    with pytest.raises(TypeError, match="independent values"):
        of_vectors.log_likelihood(levels, 5, mask=mask)

"""Missing values: what takes their place, and log p of the values that are there."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from scipy import stats

import keras_vae as kv
from keras_vae.distributions import log_prob
from keras_vae.models import missing

tfd = tfp.distributions
SCALE = 0.5


def slow(*values):
    """Values of a parametrised test that the quick suite leaves out."""
    return pytest.param(*values, marks=pytest.mark.slow)


@keras.saving.register_keras_serializable("tests.missing")
class NarrowNormal(kv.likelihoods.Likelihood):
    parameters = ("loc",)

    def make_distribution(self, loc):
        return tfd.Normal(loc, SCALE)


def linear_gaussian(latent_dim=2, values=6, strength=3):
    """A model whose encoder gives the exact posterior, and the Gaussian p(x)."""
    rng = np.random.default_rng(0)
    model = kv.VAE(
        latent_dim=latent_dim, hidden_units=(), event_shape=values, likelihood=NarrowNormal()
    )
    # Orthogonal loadings, under which the posterior is diagonal.
    rows = np.linalg.qr(rng.normal(size=(values, latent_dim)))[0].T
    loadings = rows * np.linspace(1, strength, latent_dim)[:, None]
    mean = rng.normal(size=values)
    model.likelihood.heads[0].set_weights([loadings, mean])
    precision = np.diag(loadings @ loadings.T) / SCALE**2 + 1
    kernel = loadings.T / SCALE**2 / precision
    model.loc_head.set_weights([kernel, -mean @ kernel])
    model.log_variance_head.set_weights([np.zeros_like(kernel), -np.log(precision)])
    return model, mean, loadings.T @ loadings + SCALE**2 * np.eye(values)


def marginal(mean, covariance, x, mask):
    """Exact log p of the values of one item that are there."""
    if mask.all():
        return 0.0
    here = ~mask
    return stats.multivariate_normal(mean[here], covariance[np.ix_(here, here)]).logpdf(x[here])


def masks(items, values, absent):
    rng = np.random.default_rng(2)
    return np.stack([rng.permutation(values) < absent for _ in range(items)])


@pytest.mark.parametrize("latent_dim, values, absent", [slow(2, 6, 1), slow(2, 6, 4), (9, 30, 15)])
def test_log_p_of_what_is_there_is_exact(latent_dim, values, absent):
    """Samples of q(z | filled in) are 0.1 to 1.2 nats off, with as few as 2 effective ones."""
    model, mean, covariance = linear_gaussian(latent_dim, values)
    x = np.random.default_rng(1).multivariate_normal(mean, covariance, 12)
    mask = masks(12, values, absent)
    mask[0], mask[1] = False, True
    broken = np.where(mask, np.nan, x)
    found, effective = model.log_likelihood(
        broken, 4000, mask=mask, return_effective_sample_size=True
    )
    exact = [marginal(mean, covariance, *item) for item in zip(x, mask, strict=True)]
    # Of 1,000 effective samples the error is about 0.03 nats.
    assert effective.min() > 1000
    np.testing.assert_allclose(found, exact, atol=0.12)
    assert abs(np.mean(found - exact)) < 0.03
    # What stands in the place of a missing value does not matter.
    again = model.log_likelihood(np.where(mask, 7.0, x), 4000, mask=mask)
    np.testing.assert_array_equal(again, found)
    # Where nothing is missing, all is as without a mask.
    np.testing.assert_array_equal(found[0], model.log_likelihood(x[:1], 4000)[0])


@pytest.mark.parametrize("latent_dim, absent", [(10, 745), slow(30, 705)])
def test_chains_go_on_until_they_have_mixed(latent_dim, absent):
    """The fewer pixels there are, the more steps it takes to forget where a chain began."""
    model, mean, covariance = linear_gaussian(latent_dim, 784, strength=14.0)
    x = np.random.default_rng(1).multivariate_normal(mean, covariance, 4)
    mask = masks(4, 784, absent)
    found = model.log_likelihood(x, 5000, mask=mask)
    exact = [marginal(mean, covariance, *item) for item in zip(x, mask, strict=True)]
    np.testing.assert_allclose(found, exact, atol=0.12)


def test_values_are_filled_in():
    model, mean, covariance = linear_gaussian()
    x = np.random.default_rng(1).multivariate_normal(mean, covariance, 3)
    mask = np.array([[0, 0, 1, 0, 0, 0], [1, 0, 0, 1, 0, 0], [0, 0, 0, 0, 0, 0]], bool)
    broken = np.where(mask, np.nan, x)
    filled = model.impute(broken, mask, steps=200)
    np.testing.assert_allclose(filled[~mask], x[~mask], rtol=1e-6)
    # Encoding and decoding at the means comes to rest at the conditional mean.
    for item, there, found in zip(x, ~mask, filled, strict=True):
        regression = covariance[:, there] @ np.linalg.inv(covariance[np.ix_(there, there)])
        expected = mean + regression @ (item[there] - mean[there])
        np.testing.assert_allclose(found[~there], expected[~there], rtol=2e-3, atol=1e-3)


def test_the_proposal_is_the_posterior_given_what_is_there():
    model, mean, covariance = linear_gaussian()
    x = np.random.default_rng(1).multivariate_normal(mean, covariance, 1)
    mask = np.array([[1, 1, 0, 1, 1, 0]], bool)
    made = missing.propose(
        model, x.astype("float32"), mask, seed=tf.constant([1, 2]), condition=None
    )
    loadings = model.likelihood.heads[0].kernel.numpy()[:, ~mask[0]]
    exact = np.linalg.inv(loadings @ loadings.T / SCALE**2 + np.eye(2))
    loc = exact @ loadings @ (x[0] - mean)[~mask[0]] / SCALE**2
    scale = made["scale"][0]
    # 1,000 draws that depend on each other.
    np.testing.assert_allclose(made["loc"][0], loc, atol=0.25)
    widened = scale @ scale.T / missing.WIDENING
    np.testing.assert_allclose(widened, exact, rtol=0.25, atol=0.05)


SMALL = {"hidden_units": 4, "event_shape": 5, "seed": 1}


@pytest.mark.parametrize(
    "prior, posterior",
    [
        ("standard_normal", "inverse_autoregressive"),
        slow("vamp", "full_covariance"),
        *(slow("standard_normal", posterior) for posterior in ("full_covariance", None)),
        *(slow("vamp", posterior) for posterior in ("inverse_autoregressive", None)),
    ],
)
def test_of_every_posterior_and_prior_all_probabilities_add_up(prior, posterior):
    """Those of the two values of a pixel; all of them are 1 where nothing is there."""
    prior = kv.priors.VampPrior(3) if prior == "vamp" else prior
    if posterior is None:
        model = kv.HierarchicalVAE(latent_dims=(2, 3), prior=prior, **SMALL)
    else:
        model = kv.VAE(latent_dim=2, posterior=posterior, prior=prior, **SMALL)
    x = np.random.default_rng(0).integers(0, 2, (3, 5)).astype(float)
    mask = np.array([[1] * 5, [1, 1, 1, 1, 0], [1, 1, 1, 1, 0]], bool)
    x[1:, 4] = 0, 1
    nothing, zero, one = model.log_likelihood(x, 5000, mask=mask)
    assert abs(nothing) < 0.05
    np.testing.assert_allclose(np.exp(zero) + np.exp(one), 1.0, atol=0.05)


@keras.saving.register_keras_serializable("tests.missing")
class WithoutSamples(kv.likelihoods.Likelihood):
    """Data whose distribution TFP cannot sample."""

    parameters = ("loc",)

    def make_distribution(self, loc):
        class Distribution(tfd.Normal):
            def _sample_n(self, n, seed=None):
                raise NotImplementedError

        return Distribution(loc, 1.0)


@pytest.mark.parametrize(
    "likelihood",
    [
        *("bernoulli", "poisson", WithoutSamples()),
        *(slow(each) for each in ("gaussian", kv.likelihoods.Categorical(3))),
    ],
)
def test_of_every_likelihood(likelihood):
    x = np.array([[[0.0, 1.0], [1.0, np.nan]]] * 3)
    mask, name = np.isnan(x), likelihood if isinstance(likelihood, str) else "other"
    model = kv.VAE(latent_dim=2, hidden_units=3, event_shape=(2, 2), likelihood=likelihood, seed=0)
    filled = model.impute(x, mask, steps=2, batch_size=2)
    assert np.isfinite(filled).all() and filled[0, 0, 1] == 1.0, name
    found = model.score_samples(x, 2000, mask=mask)
    codes = model.sample_prior(20_000, tf.constant([1, 2]))
    each = model.decode(codes).distribution.log_prob(filled[0]).numpy()
    expected = np.log(np.mean(np.exp(np.where(mask[0], 0.0, each).sum((-1, -2)))))
    np.testing.assert_allclose(found, expected, atol=0.1)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float64", "mixed_bfloat16"])
def test_of_every_type(dtype):
    """Nothing is there, so that all is 1."""
    options = {**SMALL, "dtype": dtype}
    for model in (
        kv.VAE(latent_dim=2, **options),
        kv.HierarchicalVAE(latent_dims=(2, 2), **options),
    ):
        nothing = model.log_likelihood(np.zeros((1, 5)), 2000, mask=np.ones((1, 5), bool))
        assert nothing.dtype == "float64" and abs(nothing[0]) < 0.05


@keras.saving.register_keras_serializable("tests.missing")
class LogNormals(kv.posteriors.Posterior):
    parameters = ("loc", "log_scale")

    def make_distribution(self, loc, log_scale):
        return tfd.Independent(tfd.LogNormal(loc, tf.exp(log_scale)), 1)


@pytest.mark.parametrize(
    "make",
    [
        tfd.Exponential,
        slow(lambda one: tfd.LogNormal(0.0, 0.5 * one)),
        slow(lambda one: tfd.Gamma(2.0, one)),
    ],
)
def test_of_codes_that_are_positive(make):
    """A Gaussian's are not. TFP gives an Exponential's a density of more than 1 there."""

    class Positive(kv.priors.Prior):
        def distribution(self, encode):
            return tfd.Independent(make(tf.ones(2)), 1)

    model = kv.VAE(latent_dim=2, prior=Positive(), posterior=LogNormals(), **SMALL)
    x = np.array([[0.0] * 5, [0.0] * 5, [1.0] * 5])
    mask = np.array([[1] * 5, [1, 1, 1, 1, 0], [1, 1, 1, 1, 0]], bool)
    nothing, zero, one = model.log_likelihood(x, 5000, mask=mask)
    assert abs(nothing) < 0.1
    np.testing.assert_allclose(np.exp(zero) + np.exp(one), 1.0, atol=0.1)


def test_chains_of_a_poor_encoder_start_again():
    """Each step makes codes nine times as large; counts of a rate of NaN took for ever."""
    numbers = kv.likelihoods.Gaussian(link="identity", min_scale=0.05, max_scale=2.0)
    parts = kv.likelihoods.Mixed([(numbers, 0), ("poisson", 1)])
    model = kv.VAE(latent_dim=1, hidden_units=(), event_shape=2, likelihood=parts, seed=0)
    for head in (model.loc_head, *model.likelihood.heads):
        head.kernel.assign(tf.fill(head.kernel.shape, 3.0))
    x = np.array([[0.0, np.nan], [np.nan, np.nan]])
    there, nothing = model.log_likelihood(x, 5000, mask=np.isnan(x))
    assert abs(nothing) < 0.15
    decoded = model.decode(model.sample_prior(50_000, tf.constant([1, 2])))
    each = decoded.distribution.log_prob(tf.zeros(2)).numpy()[:, 0]
    np.testing.assert_allclose(there, np.log(np.mean(np.exp(each))), atol=0.3)


def test_estimates_repeat_and_follow_the_seed():
    model, mean, covariance = linear_gaussian()
    x = np.random.default_rng(1).multivariate_normal(mean, covariance, 130)
    mask = masks(130, 6, 3)
    first = model.log_likelihood(x, 50, mask=mask, seed=4)
    np.testing.assert_array_equal(model.log_likelihood(x, 50, mask=mask, seed=4), first)
    assert (model.log_likelihood(x, 50, mask=mask, seed=5) != first).all()
    # Equal items in different parts have chains of their own.
    same = np.repeat(x[:1], 130, axis=0).astype("float32")
    alike = np.repeat(mask[:1], 130, axis=0)
    loc = missing.propose(model, same, alike, seed=tf.constant([1, 2]))["loc"]
    assert len(np.unique(loc[:, 0])) == 130


def test_unusable_masks_and_data():
    model, x = linear_gaussian()[0], np.zeros((2, 6))
    with pytest.raises(ValueError, match=r"boolean, of shape \(2, 6\).*\(6,\)"):
        model.impute(x, np.zeros(6, bool))
    with pytest.raises(ValueError, match="boolean.*float64"):
        model.log_likelihood(x, 3, mask=x)
    x[0, 0] = np.nan
    with pytest.raises(ValueError, match="finite"):
        model.score_samples(x, mask=np.zeros((2, 6), bool))
    mask = np.zeros((2, 6), bool)
    mask[1, 1] = True
    with pytest.raises(ValueError, match="finite"):
        model.score_samples(x, mask=mask)
    with pytest.raises(ValueError, match="`steps` must be at least 1"):
        model.impute(x, np.isnan(x), steps=0)
    with pytest.raises(ValueError, match="`batch_size` must be at least 1"):
        model.log_likelihood(np.zeros((2, 6)), batch_size=0)
    with pytest.raises(ValueError, match="at least one item"):
        model.log_likelihood(x[:0], 3, mask=np.zeros((0, 6), bool))
    joint = tfd.MultivariateNormalDiag(tf.zeros(2))
    with pytest.raises(TypeError, match="independent values.*MultivariateNormalDiag"):
        log_prob(joint, tf.zeros(2), tf.constant([True, False]))


@keras.saving.register_keras_serializable("tests.missing")
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

"""Decoder heads against SciPy."""

import numpy as np
import pytest
from scipy import special, stats

from keras_vae import likelihoods, priors

SHAPE = (3, 2)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_bernoulli_log_prob(rng):
    logits = rng.normal(0, 3, size=(4, 5, 6)).astype("float32")
    x = rng.integers(0, 2, size=(5, *SHAPE)).astype("float32")
    head = likelihoods.Bernoulli()
    head.build_heads(7, SHAPE, "glorot_normal", 0)
    distribution = head.distribution((logits,))
    assert distribution.batch_shape == (4, 5) and distribution.event_shape == SHAPE
    expected = stats.bernoulli(special.expit(logits)).logpmf(x.reshape(5, 6)).sum(-1)
    np.testing.assert_allclose(distribution.log_prob(x), expected, rtol=1e-4)


def test_bernoulli_is_finite_for_extreme_logits():
    head = likelihoods.Bernoulli()
    head.build_heads(7, (2,), "glorot_normal", 0)
    log_prob = head.distribution((np.array([[500.0, -500.0]], "float32"),)).log_prob
    np.testing.assert_allclose(log_prob(np.array([1.0, 0.0], "float32")), [0.0], atol=1e-6)
    np.testing.assert_allclose(log_prob(np.array([0.0, 1.0], "float32")), [-1000.0])


def test_gaussian_is_as_the_report_gives_it(rng):
    loc, log_variance = rng.normal(0, 2, size=(2, 5, 6)).astype("float32")
    x = rng.random(size=(5, *SHAPE)).astype("float32")
    head = likelihoods.Gaussian()
    head.build_heads(7, SHAPE, "glorot_normal", 0)
    expected = stats.norm(special.expit(loc), np.exp(0.5 * np.tanh(log_variance)))
    log_prob = head.distribution((loc, log_variance)).log_prob(x)
    np.testing.assert_allclose(log_prob, expected.logpdf(x.reshape(5, 6)).sum(-1), rtol=1e-5)


def test_the_gaussians_heads_start_different():
    head = likelihoods.Gaussian()
    head.build_heads(7, SHAPE, "glorot_normal", 0)
    loc, log_variance = (layer.kernel.numpy() for layer in head.heads)
    assert not np.array_equal(loc, log_variance)


def test_binary_likelihood_refuses_grey_unless_told():
    grey = np.array([[0.0, 0.4, 1.0]])
    with pytest.raises(ValueError, match="binary pixels.*0.4.*binarize='static'.*grey_levels"):
        likelihoods.Bernoulli().check_support(grey)
    likelihoods.Bernoulli(grey_levels=True).check_support(grey)
    likelihoods.Bernoulli().check_support(np.round(grey))
    likelihoods.Gaussian().check_support(grey)


def test_unknown_names_list_the_valid_ones():
    with pytest.raises(ValueError, match="likelihood: 'poisson'.*'bernoulli', 'gaussian'"):
        likelihoods.get("poisson")
    with pytest.raises(ValueError, match="prior: 'flow'.*'standard_normal'"):
        priors.get("flow")


def test_standard_normal_prior():
    prior = priors.get(None)
    prior.build_for(3, (28, 28))
    distribution = prior.distribution(encode=None)
    assert distribution.batch_shape == () and distribution.event_shape == (3,)
    z = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    np.testing.assert_allclose(distribution.log_prob(z), stats.norm.logpdf(z).sum(-1), rtol=1e-5)

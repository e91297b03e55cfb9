"""Decoder heads against SciPy."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from scipy import special, stats

from keras_vae import likelihoods, priors
from keras_vae.distributions import DiscretizedLogistic

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


@pytest.mark.parametrize("pixels", [1, 7, 8, 9, 784])
def test_bernoulli_log_prob_is_exact_to_rounding(rng, pixels):
    logits = rng.normal(0, 6, size=(20, pixels)).astype("float32")
    # The longest product: every factor is 2, or next to it.
    logits[0], logits[1] = 0.0, 1e-6
    x = rng.integers(0, 2, size=(20, pixels)).astype("float32")
    head = likelihoods.Bernoulli()
    head.build_heads(7, (pixels,), "glorot_normal", 0)
    terms = x * logits.astype(float) - np.logaddexp(0, logits.astype(float))
    found = head.distribution((logits,)).log_prob(x).numpy() - terms.sum(-1)
    assert np.all(abs(found) < 2e-7 * (1 + abs(terms).sum(-1)))


def test_a_bernoulli_with_pixels_of_its_own_has_them():
    class Hard(likelihoods.Bernoulli):
        def make_distribution(self, logits):
            return super().make_distribution(1000.0 * logits)

    head = Hard()
    head.build_heads(2, (2,), "glorot_normal", 0)
    found = head.distribution((np.array([[1.0, -1.0]], "float32"),))
    np.testing.assert_allclose(found.log_prob(np.array([0.0, 0.0], "float32")), [-1000.0])


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
    with pytest.raises(ValueError, match="likelihood: 'laplace'.*'bernoulli', 'gaussian'"):
        likelihoods.get("laplace")
    with pytest.raises(ValueError, match="prior: 'none'.*'standard_normal'"):
        priors.get("none")


def test_standard_normal_prior():
    prior = priors.get(None)
    prior.build_for(3, (28, 28))
    distribution = prior.distribution(encode=None)
    assert distribution.batch_shape == () and distribution.event_shape == (3,)
    z = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    np.testing.assert_allclose(distribution.log_prob(z), stats.norm.logpdf(z).sum(-1), rtol=1e-5)


def test_discretised_logistic_head_clamps_its_scale(rng):
    head = likelihoods.DiscretizedLogistic()
    head.build_heads(7, SHAPE, "glorot_normal", 0)
    raw = rng.normal(size=(5, 6)).astype("float32")
    image = np.round(rng.random((5, *SHAPE)) * 255).astype("float32") / 255
    for extreme, clamped in ((-20.0, -4.5), (20.0, 0.0)):
        log_prob = head.distribution((raw, np.full((5, 6), extreme, "float32"))).log_prob(image)
        inside = DiscretizedLogistic(special.expit(raw), np.full((5, 6), clamped, "float32"))
        expected = inside.log_prob(image.reshape(5, 6)).numpy().sum(-1)
        np.testing.assert_allclose(log_prob, expected, rtol=1e-5)
    head.check_support(image)
    with pytest.raises(ValueError, match="i / 255.*0.3"):
        head.check_support(np.full((1, 1), 0.3))


@pytest.mark.parametrize("recovers", [True, False])
def test_a_scale_beyond_its_range_can_only_come_back(recovers):
    """Above the range a smaller scale fits a pixel at its location; below, a larger one far off."""
    head = likelihoods.DiscretizedLogistic(scale_recovers=recovers)
    head.build_heads(7, (4,), "glorot_normal", 0)
    raw = np.array([2.0, -7.0, 2.0, -7.0], "float32")
    loc = np.array([0.0, 3.0, 9.0, 0.0], "float32")
    pixels = np.array([128, 26, 0, 128], "float32") / 255

    def loss(raw):
        return -head.distribution((loc, raw)).log_prob(pixels)

    value, gradient = tfp.math.value_and_gradient(loss, raw)
    inside, wanted = tfp.math.value_and_gradient(loss, np.clip(raw, -4.4999, -1e-4))
    np.testing.assert_allclose(value, inside, rtol=1e-3)
    # The first two want to come back, the last two to go on outwards.
    assert wanted[0] > 0 > wanted[1] and wanted[2] < 0 < wanted[3]
    expected = [wanted[0], wanted[1], 0, 0] if recovers else [0, 0, 0, 0]
    np.testing.assert_allclose(gradient, expected, rtol=1e-2)


@pytest.mark.parametrize(
    "name, mean",
    [
        ("bernoulli", lambda loc: special.expit(loc)),
        ("gaussian", lambda loc, _: special.expit(loc)),
    ],
)
def test_means_and_shapes_of_decoded_rows(rng, name, mean):
    head = likelihoods.get(name)
    head.build_heads(7, SHAPE, "glorot_normal", 0, "ones")
    hidden = rng.normal(size=(8, 7)).astype("float32")
    decoded = head.decode(hidden, tf.constant([4, 2]))
    assert decoded.batch_shape == (4, 2) and decoded.event_shape == SHAPE
    raw = [hidden @ layer.kernel.numpy() + 1.0 for layer in head.heads]
    expected = mean(*raw).reshape(4, 2, *SHAPE)
    np.testing.assert_allclose(decoded.mean(), expected, rtol=1e-4)


def test_heads_are_drawn_from_their_seed():
    def kernel(seed):
        head = likelihoods.Bernoulli()
        head.build_heads(7, SHAPE, "glorot_normal", seed)
        return head.heads[0].kernel.numpy()

    np.testing.assert_array_equal(kernel(1), kernel(1))
    assert not np.array_equal(kernel(1), kernel(2))


def test_bits_per_dimension_of_a_uniform_image_are_eight():
    nats = -784 * np.log(256)
    np.testing.assert_allclose(likelihoods.bits_per_dimension(nats, (28, 28)), 8.0)


@pytest.mark.parametrize("pixel", [0.0, 0.3, 1.0])
def test_bernoulli_gradient_is_the_pixel_less_its_mean(pixel):
    logits = np.array([-90.0, -2.0, -1e-6, -0.0, 0.0, 1e-6, 2.0, 90.0], "float32")
    head = likelihoods.Bernoulli(grey_levels=True)
    head.build_heads(7, logits.shape, "glorot_normal", 0)
    image = np.full(logits.shape, pixel, "float32")
    log_prob, gradient = tfp.math.value_and_gradient(
        lambda logits: head.distribution((logits,)).log_prob(image), logits
    )
    np.testing.assert_allclose(gradient, pixel - special.expit(logits), atol=1e-6)
    expected = (pixel * logits - np.logaddexp(0, logits.astype(float))).sum()
    np.testing.assert_allclose(log_prob, expected, rtol=1e-6)

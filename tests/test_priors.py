"""Mixtures as priors, against TFP's own mixture and against what defines them."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from scipy import stats

import keras_vae as kv
from keras_vae.mixtures import DiagonalGaussianMixture

tfd = tfp.distributions


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


@pytest.fixture
def images():
    return (np.random.default_rng(0).random((12, 4, 4)) < 0.4).astype("float32")


def small_vae(prior, **kwargs):
    return kv.VAE(
        latent_dim=3, hidden_units=(8,), image_shape=(4, 4), prior=prior, seed=1, **kwargs
    )


def test_with_the_whole_data_set_as_pseudo_inputs_it_is_the_aggregated_posterior(images):
    model = small_vae(kv.priors.VampPrior(num_pseudo_inputs=12, seed=0))
    model.prior_layer.initialize_from(images)
    z = np.random.default_rng(1).normal(size=(20, 3)).astype("float32")
    posterior = model.encode(images)
    each = posterior.log_prob(z[:, None, :]).numpy()
    expected = np.log(np.exp(each).mean(axis=1))
    np.testing.assert_allclose(model.prior.log_prob(z), expected, rtol=1e-4, atol=1e-5)


def test_gradients_reach_the_pseudo_inputs_and_the_encoder(images):
    model = small_vae(kv.priors.VampPrior(num_pseudo_inputs=4, seed=0))
    with tf.GradientTape() as tape:
        log_prob = tf.reduce_mean(model.prior.log_prob(tf.ones((2, 3))))
    wanted = [model.prior_layer.pseudo_inputs, model.encoder.dense_layers[0].kernel]
    for gradient in tape.gradient(log_prob, [variable.value for variable in wanted]):
        assert abs(gradient.numpy()).max() > 0


def test_pseudo_inputs_are_learned_and_stay_in_the_unit_interval(images):
    model = small_vae(kv.priors.VampPrior(num_pseudo_inputs=4, seed=0))
    before = model.prior_layer.pseudo_inputs.numpy()
    assert 0 <= before.min() and before.max() <= 1
    model.compile(optimizer=keras.optimizers.Adam(0.5), jit_compile=False)
    model.fit(images, epochs=3, batch_size=4, verbose=0)
    after = model.prior_layer.pseudo_inputs.numpy()
    assert not np.array_equal(before, after)
    assert 0 <= after.min() and after.max() <= 1
    # Steps of half the interval's length end at its ends.
    assert (after == 0).any() or (after == 1).any()


def test_other_pseudo_inputs_to_begin_with_are_cut_to_the_unit_interval():
    prior = kv.priors.VampPrior(5, initializer=keras.initializers.RandomNormal(0.0, 5.0, seed=0))
    pixels = np.asarray(small_vae(prior).prior_layer.pseudo_inputs)
    assert set(np.unique(pixels)) >= {0.0, 1.0} and pixels.min() == 0 and pixels.max() == 1


@pytest.mark.parametrize("prior, jit_compile", [("vamp", True), ("mixture_of_gaussians", False)])
def test_the_bound_rises_under_learned_priors(prior, jit_compile, digits):
    model = kv.VAE(latent_dim=5, hidden_units=(50,), prior=prior, seed=0)
    model.compile(optimizer=keras.optimizers.Adam(1e-3), jit_compile=jit_compile)
    history = model.fit(digits.train.images, epochs=3, batch_size=100, verbose=0).history
    assert history["bound"][-1] > history["bound"][0] + 20
    assert model.sample(3, seed=0).shape == (3, 28, 28)


def test_sampled_kl_is_estimated_where_there_is_no_closed_form(images):
    model = small_vae("vamp")
    terms = model.log_terms(images, num_samples=2000, seed=tf.constant([0, 1]))
    assert terms.analytic_kl is None
    # Under the posterior itself as prior, KL(q||p) would be zero: here it cannot be negative.
    assert terms.kl.numpy().min() > -0.05


def test_learned_priors_survive_saving(images, tmp_path):
    model = small_vae(kv.priors.VampPrior(num_pseudo_inputs=4, seed=0))
    model.prior_layer.initialize_from(images)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    z = tf.ones((2, 3))
    np.testing.assert_array_equal(loaded.prior.log_prob(z), model.prior.log_prob(z))


def test_mixture_of_gaussians_components_start_apart():
    model = small_vae(kv.priors.MixtureOfGaussians(num_components=4, seed=0))
    loc = model.prior_layer.loc.numpy()
    assert len(np.unique(loc.round(4), axis=0)) == 4


def test_a_mixtures_weights_means_and_scales_are_its_distributions():
    prior = kv.priors.MixtureOfGaussians(num_components=3, seed=5)
    prior.build_for(2, (4, 4))
    np.testing.assert_array_equal(prior.logits.numpy(), np.zeros(3))
    np.testing.assert_array_equal(prior.log_scale.numpy(), np.zeros((3, 2)))
    other = kv.priors.MixtureOfGaussians(num_components=3, seed=6)
    other.build_for(2, (4, 4))
    assert not np.allclose(prior.loc.numpy(), other.loc.numpy())
    parts = components(count=3, dimensions=2)
    for variable, value in zip(
        (prior.logits, prior.loc, prior.log_scale), (*parts[:2], np.log(parts[2])), strict=True
    ):
        variable.assign(value)
    z = np.random.default_rng(1).normal(2, 2, size=(6, 2)).astype("float32")
    np.testing.assert_allclose(
        prior.distribution(None).log_prob(z), tfps(*parts).log_prob(z), rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda x: kv.priors.VampPrior(num_pseudo_inputs=0), "num_pseudo_inputs.*at least 1"),
        (lambda x: kv.priors.MixtureOfGaussians(num_components=0), "num_components.*at least 1"),
        (lambda x: start(13, x), "13 pseudo-inputs cannot be taken from 12 images"),
        (lambda x: start(3, x[:, :3]), "Expected images of shape"),
        (lambda x: start(3, 2 * x), "Pixel values must lie"),
        (lambda x: small_vae("vamp", batch_norm=True), "VampPrior.*batch normalisation"),
        (lambda x: kv.priors.VampPrior(3).initialize_from(x), "Give this prior to a model"),
        (lambda x: [small_vae(p) for p in [kv.priors.VampPrior(3)] * 2], "belongs to another"),
        (lambda x: small_vae("vampp"), "Valid values: 'standard_normal', 'vamp'"),
    ],
)
def test_refuses(make, message, images):
    with pytest.raises(ValueError, match=message):
        make(images)


def start(count, images):
    small_vae(kv.priors.VampPrior(num_pseudo_inputs=count)).prior_layer.initialize_from(images)


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

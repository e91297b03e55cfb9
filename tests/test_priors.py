"""Priors and their learned parts, against what defines them."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

import keras_vae as kv

tfd = tfp.distributions


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
    assert before.min() >= 0 and before.max() <= 1
    model.compile(optimizer=keras.optimizers.Adam(0.5), jit_compile=False)
    model.fit(images, epochs=3, batch_size=4, verbose=0)
    after = model.prior_layer.pseudo_inputs.numpy()
    assert not np.array_equal(before, after)
    assert after.min() >= 0 and after.max() <= 1
    # Steps of half the interval's length end at its ends.
    assert (after == 0).any() or (after == 1).any()


def test_other_pseudo_inputs_to_begin_with_are_cut_to_the_unit_interval():
    prior = kv.priors.VampPrior(5, initializer=keras.initializers.RandomNormal(0.0, 5.0, seed=0))
    pixels = np.asarray(small_vae(prior).prior_layer.pseudo_inputs)
    assert set(np.unique(pixels)) >= {0.0, 1.0} and pixels.min() == 0 and pixels.max() == 1


@pytest.mark.parametrize(
    "prior, jit_compile",
    [
        ("vamp", False),
        ("mixture_of_gaussians", False),
        pytest.param("vamp", True, marks=pytest.mark.slow),
    ],
)
def test_the_bound_rises_under_learned_priors(prior, jit_compile, digits):
    model = kv.VAE(latent_dim=5, hidden_units=(50,), prior=prior, seed=0)
    model.compile(optimizer=keras.optimizers.Adam(3e-3), jit_compile=jit_compile)
    history = model.fit(digits.train.images[:1500], epochs=3, batch_size=100, verbose=0).history
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
    rng = np.random.default_rng(0)
    parts = [*(rng.normal(size=shape) for shape in (3, (3, 2))), rng.uniform(0.2, 1, size=(3, 2))]
    for variable, value in zip(
        (prior.logits, prior.loc, prior.log_scale), (*parts[:2], np.log(parts[2])), strict=True
    ):
        variable.assign(value)
    z = np.random.default_rng(1).normal(2, 2, size=(6, 2)).astype("float32")
    expected = tfd.MixtureSameFamily(
        tfd.Categorical(logits=parts[0]), tfd.MultivariateNormalDiag(*parts[1:])
    ).log_prob(z.astype(float))
    np.testing.assert_allclose(prior.distribution(None).log_prob(z), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda x: kv.priors.VampPrior(num_pseudo_inputs=0), "num_pseudo_inputs.*at least 1"),
        (lambda x: kv.priors.MixtureOfGaussians(num_components=0), "num_components.*at least 1"),
        (lambda x: start(13, x), "13 pseudo-inputs cannot be taken from 12 images"),
        (lambda x: start(3, x[:, :3]), "Expected data of shape"),
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

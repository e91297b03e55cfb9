"""The hierarchical VAE: shapes, densities that are normalised, training, refusals."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import special

import keras_vae as kv
from keras_vae import random

SEED = tf.constant([1, 2])


def small(**kwargs):
    return kv.HierarchicalVAE(
        **{"latent_dims": (3, 5), "hidden_units": 12, "image_shape": (4, 4), "seed": 0, **kwargs}
    )


@pytest.fixture(scope="module")
def images():
    return (np.random.default_rng(0).random((8, 4, 4)) < 0.4).astype("float32")


def test_distributions_have_the_documented_shapes(images):
    model = small()
    posterior, prior = model.encode(images), model.prior
    assert [tuple(shape) for shape in posterior.batch_shape] == [(8,), (8,)]
    for z, shape in ((posterior.sample(6, seed=SEED), (6, 8)), (prior.sample(6, seed=SEED), (6,))):
        assert [level.shape for level in z] == [(*shape, 3), (*shape, 5)]
        assert model.decode(z).batch_shape == shape and model.decode(z).event_shape == (4, 4)
        assert prior.log_prob(z).shape == shape
    assert model.log_weights(images, 7).shape == (7, 8)
    assert model.log_likelihood(images, 7).shape == (8,)
    assert model.sample(6).shape == (6, 4, 4) and model.reconstruct(images).shape == (8, 4, 4)
    assert model.posterior_means(images).shape == (8, 8)


@pytest.mark.parametrize(
    "latent_dims, prior",
    [
        pytest.param((2, 2), "vamp", marks=pytest.mark.slow),
        ((2, 2), "mixture_of_gaussians"),
        ((2, 2, 2), "standard_normal"),
    ],
)
def test_a_likelihood_that_ignores_the_code_is_the_log_likelihood(images, latent_dims, prior):
    # Then p(x) = p(x|z), whatever the prior and the posterior are, if both are normalised.
    model = small(latent_dims=latent_dims, prior=prior)
    (head,) = model.likelihood.heads
    head.kernel.assign(tf.zeros_like(head.kernel))
    head.bias.assign(tf.linspace(-1.0, 1.0, 16))
    for conditional in model.inference:
        # Where the posterior is narrower than the prior, single weights may be huge.
        conditional.log_variance_head.bias.assign(tf.ones(conditional.loc_head.units))
    weights = model.log_weights(images, 20_000)
    estimate = special.logsumexp(weights, axis=0, b=1 / 20_000)
    exact = model.decode([tf.zeros((1, d)) for d in latent_dims]).log_prob(images).numpy()
    np.testing.assert_allclose(estimate, exact, atol=0.15)


def test_the_joint_distributions_hold_the_densities_of_the_bound(images):
    model = small()
    z = model.encode(images).sample(20_000, seed=SEED)
    log_ratio = model.prior.log_prob(z) - model.encode(images).log_prob(z)
    terms = model.log_terms(images, 20_000, random.stream(3, 0))
    sampled = (terms.log_prior - terms.log_posterior).numpy()
    error = sampled.std(axis=0) * np.sqrt(2 / 20_000)
    assert (abs(log_ratio.numpy().mean(axis=0) - sampled.mean(axis=0)) < 5 * error).all()


def test_one_level_is_a_vae_of_the_same_networks(images):
    model = small(latent_dims=(4,), activation="softplus", gated=False)
    vae = kv.VAE(latent_dim=4, hidden_units=(12, 12), activation="softplus", image_shape=(4, 4))
    (inference,) = model.inference
    (head,) = model.likelihood.heads

    def joint(stack):
        return [*stack.own_stacks[0].dense_layers, *stack.joint_stack.dense_layers]

    heads = (inference.loc_head, inference.log_variance_head)
    arrays = [array for layer in joint(inference.hidden) for array in layer.get_weights()]
    pairs = zip(*(layer.get_weights() for layer in heads), strict=True)
    arrays += [np.concatenate(pair, axis=-1) for pair in pairs]
    arrays += [array for layer in (*joint(model.decoder), head) for array in layer.get_weights()]
    kv.layer_arrays.assign(vae, arrays)
    terms, expected = (m.log_terms(images, 5, SEED) for m in (model, vae))
    for name in ("log_likelihood", "log_prior", "log_posterior"):
        np.testing.assert_allclose(getattr(terms, name), getattr(expected, name), rtol=1e-5)


@pytest.mark.parametrize("objective", ["elbo", "iwae", "renyi"])
def test_every_objectives_gradient_reaches_every_weight(images, objective):
    model = small(objective=objective, prior="vamp")
    variables = [variable.value for variable in model.trainable_variables]
    with tf.GradientTape() as tape:
        terms = model.log_terms(images, 4, SEED, training=True)
        bound = tf.reduce_mean(model.objective_bound(terms))
    for variable, gradient in zip(variables, tape.gradient(bound, variables), strict=True):
        assert abs(gradient.numpy()).max() > 0, variable.name


def test_training_raises_the_bound_and_each_levels_activity_is_recorded(images):
    model = small(objective="iwae")
    # Compiling with XLA takes longer than these few steps without it.
    model.compile(optimizer=keras.optimizers.Adam(0.02), jit_compile=False)
    bounds = model.fit(images, epochs=15, batch_size=4, verbose=0).history["bound"]
    assert bounds[-1] > bounds[0] + 1
    activity = kv.callbacks.LatentActivity(images)
    model.fit(images, epochs=2, batch_size=4, callbacks=[activity], verbose=0)
    assert activity.activity.shape == (2, 8)
    means = model.posterior_means(images)
    np.testing.assert_allclose(activity.activity[-1], means.var(axis=0), rtol=1e-4)
    np.testing.assert_allclose(means[:, :3], model.inference[0]([images.reshape(8, 16)]).mean())


def test_the_importance_weighted_bound_rises_with_samples(images):
    log_weights = small().log_weights(images, 2000, seed=0)
    bounds = [
        kv.objectives.IWAE(k).bound(log_weights.reshape(k, 2000 // k, 8)).numpy().mean()
        for k in (1, 10, 2000)
    ]
    assert bounds[0] < bounds[1] < bounds[2]


def test_survives_saving_and_its_samples_follow_the_seed(images, tmp_path):
    model = small(prior="vamp", likelihood="discretized_logistic")
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(images), model(images))
    np.testing.assert_array_equal(loaded.sample(3, seed=1), model.sample(3, seed=1))
    assert not np.array_equal(model.sample(3, seed=1), model.sample(3, seed=2))


@pytest.mark.parametrize(
    "attempt, message",
    [
        (lambda x: small(latent_dims=()), "at least one level"),
        (lambda x: small(latent_dims=(3, 0)), "at least 1"),
        (lambda x: small(prior="vampp"), "Valid values"),
        (lambda x: kv.layer_arrays.get(small()), "Expected a `keras_vae.VAE`"),
        (lambda x: small().encode(x[:, :3]), r"Expected data of shape \(batch, 4, 4\)"),
        (lambda x: small().encode(None), "Expected an array of data. Received: NoneType"),
        (lambda x: small().decode([tf.zeros((2, 3))]), r"\(..., 3\), \(..., 5\).*Received"),
        (lambda x: small().decode([tf.zeros((2, 5)), tf.zeros((2, 3))]), "Expected codes"),
        (lambda x: compiled(small()).fit(0.5 * x), "binary pixels"),
    ],
)
def test_refuses(attempt, message, images):
    with pytest.raises((TypeError, ValueError), match=message):
        attempt(images)


def test_one_step_with_xla_moves_the_weights_as_one_without(images):
    def gradients(model):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(model.log_terms(images, 3, SEED).log_likelihood)
        return tape.gradient(loss, model.likelihood.heads[0].kernel.value)

    model = small(hidden_units=4, seed=3)
    model.inference[0].log_variance_head.bias.assign([-30.0] * 3)
    model.inference[1].log_variance_head.bias.assign([-30.0] * 5)
    # XLA maps a seed to other noise; with scales this small there is none.
    compiled_gradients = tf.function(lambda: gradients(model), jit_compile=True)()
    np.testing.assert_allclose(compiled_gradients, gradients(model), rtol=1e-3, atol=1e-5)


@pytest.mark.slow
def test_lower_precision_of_layers(images):
    model = small(dtype="mixed_bfloat16")
    assert model.sample(2).shape == (2, 4, 4)
    model.compile(jit_compile=False)
    assert np.isfinite(model.train_on_batch(images)).all()


@pytest.mark.parametrize("prior", ["vamp", "mixture_of_gaussians"])
def test_the_seed_decides_the_weights_of_a_prior_given_by_name(prior):
    first, again, other = (small(prior=prior, seed=seed) for seed in (1, 1, 2))
    weights = [model.prior_layer.get_weights() for model in (first, again, other)]
    for values in zip(*weights, strict=True):
        np.testing.assert_array_equal(values[0], values[1])
    assert any(not np.array_equal(a, b) for a, b in zip(weights[0], weights[2], strict=True))


def test_no_two_kernels_or_biases_start_from_the_same_numbers():
    name = "keras_vae>FanInUniform"
    model = small(hidden_units=6, kernel_initializer=name, bias_initializer=name)
    weights = [v.numpy().ravel() for v in model.trainable_variables if v.shape[-1] > 1]
    starts = [tuple(np.round(w[:3] / abs(w[0]), 4)) for w in weights]
    assert len(set(starts)) == len(starts)


def compiled(model):
    model.compile()
    return model


def test_sizes_by_default():
    model = kv.HierarchicalVAE(seed=0)
    assert model.latent_dims == (40, 40) and model.event_shape == (28, 28)
    assert (model.hidden_units, model.network_arguments["gated"]) == (300, True)


def test_log_variances_are_clipped_to_their_range(images):
    free, clipped = small(), small(log_variance_range=(-1, 0.5))
    for model in (free, clipped):
        for conditional in (*model.inference, *model.generation):
            bias = conditional.log_variance_head.bias
            bias.assign(np.linspace(-40, 40, bias.shape[0]))

    def deviations(model):
        top = model.inference[0]([model._features(images)])
        return top.stddev().numpy(), model.generation[0]([top.mean()]).stddev().numpy()

    for wide, narrow in zip(deviations(free), deviations(clipped), strict=True):
        np.testing.assert_allclose(narrow, np.clip(wide, np.exp(-0.5), np.exp(0.25)), rtol=1e-5)
        assert narrow.min() < 0.61 and narrow.max() > 1.28
    assert np.isfinite(clipped.log_weights(images, 3)).all()
    copy = kv.HierarchicalVAE.from_config(clipped.get_config())
    assert copy.log_variance_range == (-1.0, 0.5)
    np.testing.assert_array_equal(copy.weights[1], small().weights[1])


@pytest.mark.parametrize("wrong", [(1, 0), (0, 0), (0, np.inf), 3, (1,), ("a", "b")])
def test_a_range_of_log_variances_is_two_numbers_in_order(wrong):
    with pytest.raises(ValueError, match="log_variance_range.* two finite numbers"):
        small(log_variance_range=wrong)

"""Doubly reparameterised gradients: the plain gradient's mean, and less noise."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vae as kv
from keras_vae import posteriors, priors, random
from keras_vae.experiments.runs.spec import ModelSpec, ObjectiveSpec, RunSpec
from keras_vae.objectives import ELBO, IWAE, Objective, Renyi
from keras_vae.posteriors import PathGate

SEEDS, COPIES = 200, 100


def gradients(objective, beta, prior, seeds, posterior=None):
    """Gradients of the bound at one image for each seed, by the model's part."""
    model = kv.VAE(
        latent_dim=2,
        hidden_units=(3,),
        activation="tanh",
        image_shape=(2, 2),
        prior=prior,
        posterior=posterior,
        objective=objective,
        seed=3,
    )
    # Far from the prior, so that weights differ and the score's noise counts.
    model.loc_head.bias.assign([1.5, -1.0])
    model.beta.assign(beta)
    images = np.repeat([[[0.0, 1.0], [1.0, 0.0]]], COPIES, axis=0)
    encoder = [*model.encoder.trainable_variables, *model.posterior.trainable_variables]
    encoder += [variable for head in model.posterior.heads for variable in head.variables]
    others = [v for v in model.trainable_variables if all(v is not e for e in encoder)]

    @tf.function
    def one(seed):
        with tf.GradientTape() as tape:
            noise = random.stream(0, random.TRAINING_NOISE, seed)
            terms = model.log_terms(images, objective.num_samples, noise, training=True)
            bound = tf.reduce_mean(model.objective_bound(terms, model.beta))
        found = tape.gradient(bound, [*encoder, *others])
        flat = [tf.reshape(part, [-1]) for part in found]
        return tf.concat(flat[: len(encoder)], 0), tf.concat(flat[len(encoder) :], 0)

    parts = zip(*(one(tf.constant(seed, tf.int64)) for seed in range(*seeds)), strict=True)
    return [np.stack(part) for part in parts]


@pytest.mark.parametrize(
    ("alpha", "beta", "prior"),
    [(0.0, 1.0, None), (0.5, 1.0, None), (-1.0, 1.0, None), (0.0, 0.4, None), (0.0, 1.0, "vamp")],
)
def test_same_mean_and_less_noise(alpha, beta, prior):
    def make_prior():
        return priors.VampPrior(num_pseudo_inputs=2, seed=1) if prior else None

    plain = gradients(Renyi(alpha, 4), beta, make_prior(), (0, SEEDS))
    # Other seeds: the two means shall be independent.
    objective = Renyi(alpha, 4, doubly_reparameterized=True)
    double = gradients(objective, beta, make_prior(), (SEEDS, 2 * SEEDS))
    for part, (first, second) in enumerate(zip(plain, double, strict=True)):
        error = np.hypot(first.std(axis=0), second.std(axis=0)) / np.sqrt(SEEDS)
        difference = abs(first.mean(axis=0) - second.mean(axis=0))
        assert (difference <= 5 * error + 1e-6).all(), part
    noise, less = (found[0].var(axis=0).sum() for found in (plain, double))
    if prior is None:
        assert less < 0.9 * noise
    else:
        # A VampPrior's part in the encoder's gradient stays as noisy as it was. The error of a
        # variance's ratio over so many seeds is 0.14.
        assert less < 1.5 * noise
    # The test could tell: what is left out does not have mean zero.
    assert (abs(plain[0].mean(axis=0)) > 5 * plain[0].std(axis=0) / np.sqrt(SEEDS)).any()


@pytest.mark.parametrize(
    "name", [pytest.param("full_covariance", marks=pytest.mark.slow), "inverse_autoregressive"]
)
def test_same_mean_and_less_noise_of_other_posteriors(name):
    def make():
        if name == "full_covariance":
            return name
        return posteriors.InverseAutoregressiveFlow(1, (3,), 2, num_mean_samples=2, seed=2)

    plain, _ = gradients(Renyi(0.0, 4), 1.0, None, (0, SEEDS), make())
    objective = Renyi(0.0, 4, doubly_reparameterized=True)
    double, _ = gradients(objective, 1.0, None, (SEEDS, 2 * SEEDS), make())
    error = np.hypot(plain.std(axis=0), double.std(axis=0)) / np.sqrt(SEEDS)
    assert (abs(plain.mean(axis=0) - double.mean(axis=0)) <= 5 * error + 1e-6).all()
    assert double.var(axis=0).sum() < 0.9 * plain.var(axis=0).sum()
    assert (abs(plain.mean(axis=0)) > 5 * plain.std(axis=0) / np.sqrt(SEEDS)).any()


def test_the_decoder_and_the_value_are_as_before():
    plain = gradients(IWAE(4), 1.0, None, (0, 3))
    double = gradients(IWAE(4, doubly_reparameterized=True), 1.0, None, (0, 3))
    np.testing.assert_allclose(plain[1], double[1], rtol=1e-5, atol=1e-7)
    assert not np.allclose(plain[0], double[0], rtol=1e-2)


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0, -2.0])
def test_no_noise_at_the_exact_posterior(alpha):
    """p(z) = N(0, 1), p(x|z) = N(z, 1): at q = N(x / 2, 1 / 2) every log-weight is log p(x)."""
    x = tf.constant([0.8], tf.float64)
    loc, log_scale = tf.Variable([[0.4]], dtype="float64"), tf.Variable([[-0.5 * np.log(2.0)]])
    log_scale = tf.Variable(tf.cast(log_scale, tf.float64))

    def gradient(gate):
        with tf.GradientTape() as tape:
            q = posteriors.diagonal_gaussian(loc, tf.exp(log_scale))
            z, log_q = posteriors.sample_with_log_prob(q, 5, tf.constant([1, 2]), gate)
            squares = tf.reduce_sum(z**2 + (x - z) ** 2, axis=-1)
            log_weights = -0.5 * squares - log_q
            if gate is not None:
                gate.factor = Renyi(alpha).path_factor(log_weights)
            bound = kv.objectives.renyi_bound(log_weights, alpha)
        return np.array([g.numpy().item() for g in tape.gradient(bound, [loc, log_scale])])

    np.testing.assert_allclose(gradient(PathGate()), 0, atol=1e-12)
    assert (abs(gradient(None)) > 1e-3).any()


def test_factor_of_the_importance_weighted_bound():
    log_weights = tf.constant(np.random.default_rng(0).normal(size=(6, 3)))
    normalized = tf.nn.softmax(log_weights, axis=0)
    np.testing.assert_allclose(IWAE(6).path_factor(log_weights), normalized)
    np.testing.assert_allclose(ELBO(6).path_factor(log_weights), np.ones((6, 3)))


class Doubled(Objective):
    """The ELBO without the score, and with twice the encoder's gradient."""

    doubly_reparameterized = True

    def bound(self, log_weights):
        return tf.reduce_mean(log_weights, axis=0)

    def path_factor(self, log_weights, beta):
        # Gradients need no particular dependence on beta; that it comes is what is watched.
        return 2.0 * beta * tf.ones_like(log_weights)


def test_an_objective_of_ones_own_has_its_own_gradient():
    without_score = gradients(Renyi(1.0, 4, doubly_reparameterized=True), 0.5, None, (0, 3))
    doubled = gradients(Doubled(4), 0.5, None, (0, 3))
    np.testing.assert_allclose(doubled[0], without_score[0], rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(doubled[1], without_score[1], rtol=1e-5, atol=1e-7)
    doubled = gradients(Doubled(4), 1.0, None, (0, 3))
    assert (abs(doubled[0]) > 0).any()
    expected = gradients(Renyi(1.0, 4, doubly_reparameterized=True), 1.0, None, (0, 3))
    np.testing.assert_allclose(doubled[0], 2 * expected[0], rtol=1e-5, atol=1e-7)


@pytest.mark.slow
def test_trains_compiled(digits):
    model = kv.VAE(
        latent_dim=2,
        hidden_units=(8,),
        objective=IWAE(3, doubly_reparameterized=True),
        seed=0,
    )
    model.compile(keras.optimizers.Adam(1e-2), steps_per_execution=5)
    history = model.fit(digits.train.images[:500], epochs=4, batch_size=50, verbose=0).history
    assert history["bound"][-1] > history["bound"][0] + 50


def test_config_keeps_the_choice():
    for objective in (IWAE(3, doubly_reparameterized=True), Renyi(0.3, 2, True)):
        config = keras.saving.serialize_keras_object(objective)
        assert keras.saving.deserialize_keras_object(config).doubly_reparameterized
    # What was saved before there was a choice.
    assert not IWAE.from_config({"num_samples": 3}).doubly_reparameterized
    assert ObjectiveSpec(name="iwae", doubly_reparameterized=True).make().doubly_reparameterized
    assert not ELBO().doubly_reparameterized


def test_refused_where_it_has_no_meaning():
    with pytest.raises(ValueError, match="finite `alpha`"):
        Renyi(alpha=-np.inf, doubly_reparameterized=True)
    with pytest.raises(ValueError, match="`keras_vae.VAE` only"):
        kv.HierarchicalVAE(objective=IWAE(2, doubly_reparameterized=True))
    with pytest.raises(ValueError, match="closed form"):
        ObjectiveSpec(name="elbo", doubly_reparameterized=True)
    with pytest.raises(ValueError, match="one level"):
        RunSpec(
            model=ModelSpec(upper_latent_dims=(3,)),
            objective=ObjectiveSpec(name="iwae", doubly_reparameterized=True),
        )

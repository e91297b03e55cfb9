"""What training and evaluation are made of: losses of layers, weights of batches, beta, modes."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vae as kv
from keras_vae import likelihoods, random
from keras_vae.models import LogTerms
from keras_vae.objectives import IWAE

STREAM = random.stream(4, 0)


def small(kind=kv.VAE, **kwargs):
    return kind(
        **{"latent_dim": 2, "hidden_units": (4,), "image_shape": (2, 2), "seed": 0, **kwargs}
    )


def binary(count):
    return (np.random.default_rng(0).random((count, 2, 2)) < 0.5).astype("float32")


class Penalised(likelihoods.Bernoulli):
    """Adds twice the sum of its biases to the loss."""

    def call(self, hidden):
        self.add_loss(2.0 * tf.reduce_sum(self.heads[0].bias))
        return super().call(hidden)


def after_one_step(change, **kwargs):
    model = small(**kwargs)
    change(model)
    model.compile(keras.optimizers.SGD(1.0), run_eagerly=True)
    logs = model.train_on_batch(binary(3), return_dict=True)
    return model, logs


def test_losses_of_layers_and_weights_reach_the_step():
    def regularise(model):
        model.loc_head.kernel.regularizer = keras.regularizers.L2(3.0)

    plain, plain_logs = after_one_step(lambda model: None)
    regular, logs = after_one_step(regularise)
    penalised, _ = after_one_step(lambda model: None, likelihood=Penalised())
    start = small().loc_head.kernel.numpy()
    moved = regular.loc_head.kernel.numpy() - plain.loc_head.kernel.numpy()
    np.testing.assert_allclose(moved, -6.0 * start, rtol=1e-4, atol=1e-6)
    biases = [model.likelihood.heads[0].bias.numpy() for model in (penalised, plain)]
    np.testing.assert_allclose(biases[0] - biases[1], -2.0, rtol=1e-5)
    # The loss that is reported is the negative bound alone.
    assert logs == plain_logs


def test_running_means_are_over_images():
    model = small(objective=IWAE(2))
    for loss, log_likelihood, kl in ((1.0, [[-1.0] * 3] * 2, 0.5), (5.0, [[-9.0]] * 2, 2.5)):
        log_likelihood = tf.constant(log_likelihood)
        log_prior = tf.fill(log_likelihood.shape, -kl)
        zero = tf.zeros_like(log_prior)
        found = model.update_trackers(loss, LogTerms(log_likelihood, log_prior, zero, None))
    found = {name: float(value) for name, value in found.items()}
    # Three images of one kind, and one of the other.
    assert found == {"loss": 2.0, "bound": -4.0, "reconstruction": -3.0, "kl": 1.0}


@pytest.mark.parametrize("objective", [IWAE(3), "elbo"])
def test_evaluation_is_over_images_at_beta_one_in_evaluation_mode(objective):
    model = small(objective=objective, batch_norm=True, latent_dim=1)
    model.loc_head.bias.assign([1.5])
    model.compile(run_eagerly=True)
    x, bounds = binary(5), []
    before = model.get_weights()
    for start in (0, 2, 4):
        seed = random.stream(0, random.EVALUATION_NOISE, start)
        terms = model.log_terms(x[start : start + 2], model.objective.num_samples, seed)
        bounds.append(model.objective_bound(terms))
    for beta in (1.0, 0.3):
        model.beta.assign(beta)
        found = model.evaluate(x, batch_size=2, verbose=0, return_dict=True)
        np.testing.assert_allclose(found["bound"], np.mean(np.concatenate(bounds)), rtol=1e-5)
        np.testing.assert_allclose(found["loss"], -found["bound"], rtol=1e-5)
    model.beta.assign(1.0)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


class OwnStep(kv.VAE):
    """Trains on nothing: counts steps, and adds labels up."""

    def train_step(self, data):
        _, labels, _ = keras.utils.unpack_x_y_sample_weight(data)
        self.total.assign_add(tf.reduce_sum(labels))
        self.optimizer.iterations.assign_add(1)
        return {"labels": self.total.read_value()}


@pytest.mark.parametrize("steps, jit_compile", [(1, False), (3, True)])
def test_a_step_of_ones_own_is_taken_and_sees_the_labels(steps, jit_compile):
    model = small(OwnStep)
    model.total = tf.Variable(0.0)
    model.compile(jit_compile=jit_compile, steps_per_execution=steps)
    labels = np.arange(6, dtype="float32")
    history = model.fit(binary(6), labels, batch_size=1, epochs=2, verbose=0).history
    assert history == {"labels": [15.0, 30.0]}
    assert int(model.optimizer.iterations) == 12


def test_xla_compiles_unless_told_or_excluded():
    model = small()
    for arguments, compiled in (
        ({}, True),
        ({"jit_compile": False}, False),
        ({"jit_compile": True}, True),
        ({"run_eagerly": True}, False),
    ):
        model.compile(**arguments)
        assert bool(model.jit_compile) is compiled, arguments


def statistics(model):
    layers = [*model.encoder.normalization_layers, *model.decoder.normalization_layers]
    return [layer.moving_mean.numpy().copy() for layer in layers]


def test_batch_statistics_are_for_training_alone():
    model, x = small(batch_norm=True), binary(6)
    before = statistics(model)
    alone = model.encode(x[:1]).mean().numpy()
    np.testing.assert_allclose(model.encode(x).mean()[:1], alone, rtol=1e-5)
    codes = tf.random.stateless_normal((6, 2), [1, 2])
    decoded = model.decode(codes[:1]).mean()
    np.testing.assert_allclose(model.decode(codes).mean()[:1], decoded, rtol=1e-5)
    reconstructed = model.reconstruct(x)
    np.testing.assert_allclose(model(x), reconstructed, rtol=1e-5)
    model.log_weights(x, 2)
    model.sample(2, seed=0)
    for old, new in zip(before, statistics(model), strict=True):
        np.testing.assert_array_equal(old, new)
    assert not np.allclose(model.encode(x, training=True).mean()[:1], alone)
    decoded = model.decode(codes, training=True).mean()
    assert not np.allclose(decoded[:1], model.decode(codes[:1]).mean(), rtol=1e-3)
    model = small(batch_norm=True)
    assert not np.allclose(model(x, training=True), reconstructed, rtol=1e-3)
    model = small(batch_norm=True)
    model.log_terms(x, 2, STREAM, training=True)
    # Encoder and decoder.
    for old, new in zip(before, statistics(model), strict=True):
        assert abs(old - new).max() > 0


def gradients(doubly_reparameterized, training):
    model, x = small(objective=IWAE(3, doubly_reparameterized)), binary(4)
    with tf.GradientTape() as tape:
        bound = model.objective_bound(model.log_terms(x, 3, STREAM, training=training))
    return tape.gradient(bound, model.loc_head.kernel.value).numpy()


def test_gradients_are_doubly_reparameterised_in_training_alone():
    plain = gradients(False, True)
    np.testing.assert_allclose(gradients(True, False), plain, rtol=1e-6)
    assert not np.allclose(gradients(True, True), plain, rtol=1e-2)


def test_log_weights_of_a_beta_and_of_a_closed_form():
    terms = LogTerms(*(tf.constant([[value]]) for value in (-8.0, -3.0, -1.0)), tf.constant([5.0]))
    assert terms.log_weights().numpy() == [[-10.0]]
    assert terms.log_weights(0.5).numpy() == [[-9.0]]
    assert terms.log_weights(0.5, analytic_kl=True).numpy() == [[-10.5]]
    assert terms.kl.numpy() == [5.0]
    sampled = LogTerms(
        *(tf.constant([[v], [v + w]]) for v, w in ((-8.0, 1), (-3.0, 2), (-1.0, 8))), None
    )
    assert sampled.log_weights(1.0, analytic_kl=True).numpy().tolist() == [[-10.0], [-15.0]]
    assert sampled.kl.numpy() == [5.0]

"""Optimisers with a rate of their own for biases, and Adam without its bias correction."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vae import optimizers

ARGUMENTS = {
    "adam": {"learning_rate": 0.01},
    "sgd": {"learning_rate": 0.01, "momentum": 0.9},
    "rmsprop": {"learning_rate": 0.01},
    "adagrad": {"learning_rate": 0.01},
}


def after_steps(optimizer, steps=4):
    """Where a kernel and a bias, both from zero, are after some fixed gradients."""
    layer = keras.layers.Dense(3, kernel_initializer="zeros")
    layer.build((None, 2))
    rng = np.random.default_rng(0)
    for _ in range(steps):
        gradients = [rng.normal(size=v.shape).astype("float32") for v in layer.weights]
        optimizer.apply(gradients, layer.trainable_variables)
    return layer.kernel.numpy(), layer.bias.numpy()


@pytest.mark.parametrize("name", optimizers.OPTIMIZERS)
def test_bias_rate_scales_the_biases_updates_alone(name):
    kernel, bias = after_steps(optimizers.make(name, **ARGUMENTS[name]))
    same, doubled = after_steps(optimizers.make(name, bias_rate=2.0, **ARGUMENTS[name]))
    np.testing.assert_array_equal(same, kernel)
    # All four moves are linear in the learning rate, given the gradients.
    np.testing.assert_allclose(doubled, 2 * bias, rtol=1e-5)
    assert abs(bias).min() > 0


def test_a_bias_rate_of_one_is_keras_own():
    assert type(optimizers.make("adam")) is keras.optimizers.Adam


@pytest.mark.parametrize("name", optimizers.OPTIMIZERS)
def test_survives_its_config(name):
    made = optimizers.make(name, bias_rate=3.0, **ARGUMENTS[name])
    again = keras.optimizers.deserialize(keras.optimizers.serialize(made))
    for first, second in zip(after_steps(made), after_steps(again), strict=True):
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("chosen", [{}, {"learning_rate": 0.01, "beta_1": 0.5, "beta_2": 0.7}])
def test_uncorrected_adam_is_the_plain_recursion(chosen):
    rate, beta_1, beta_2 = chosen.values() or (0.001, 0.9, 0.999)
    optimizer = optimizers.make("adam", bias_correction=False, epsilon=0.0, **chosen)
    kernel, bias = after_steps(optimizer, steps=50)
    both = {"bias_correction": False, "bias_rate": 2.0, "epsilon": 0.0}
    same, doubled = after_steps(optimizers.make("adam", **both, **chosen), steps=50)
    np.testing.assert_array_equal(same, kernel)
    np.testing.assert_allclose(doubled, 2 * bias, rtol=1e-5)
    rng = np.random.default_rng(0)
    expected = first = second = np.zeros((2, 3))
    for _ in range(50):
        gradient, _ = rng.normal(size=(2, 3)), rng.normal(size=3)
        first = beta_1 * first + (1 - beta_1) * gradient
        second = beta_2 * second + (1 - beta_2) * gradient**2
        expected = expected - rate * first / np.sqrt(second)
    np.testing.assert_allclose(kernel, expected, rtol=1e-4)


def test_uncorrected_adam_starts_faster_and_becomes_adam():
    schedule = optimizers.UncorrectedAdamRate(rate=0.1)
    np.testing.assert_allclose(schedule(0), 0.1 * 0.1 / np.sqrt(0.001), rtol=1e-5)
    np.testing.assert_allclose(schedule(11) / 0.1, 6.57, atol=0.01)
    assert np.isfinite(optimizers.UncorrectedAdamRate(beta_1=0.0)(0))
    np.testing.assert_allclose(schedule(20_000), 0.1, rtol=1e-5)
    again = optimizers.UncorrectedAdamRate.from_config(schedule.get_config())
    assert float(again(3)) == float(schedule(3))


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"name": "adamm"}, "adagrad"),
        ({"name": "sgd", "bias_correction": False}, "Only 'adam'.*'sgd'"),
    ],
)
def test_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        optimizers.make(**arguments)


@pytest.mark.parametrize("bias_rate", [1.0, 3.0])
def test_uncorrected_adams_weight_decay_keeps_its_rate(bias_rate):
    rate, decay = 0.1, 0.5

    def first_move(**kwargs):
        layer = keras.layers.Dense(1, kernel_initializer="ones")
        layer.build((None, 1))
        optimizer = optimizers.make(
            "adam",
            bias_correction=False,
            learning_rate=rate,
            weight_decay=decay,
            bias_rate=bias_rate,
            **kwargs,
        )
        optimizer.apply([np.zeros((1, 1)), np.zeros(1)], layer.trainable_variables)
        return 1 - layer.kernel.numpy().item()

    assert first_move() == pytest.approx(rate * decay, rel=1e-5)
    scaled = optimizers.UncorrectedAdamRate(rate)(0).numpy() * decay
    assert first_move(scaled_weight_decay=True) == pytest.approx(scaled, rel=1e-5)


def test_uncorrected_adam_counts_updates_not_accumulated_steps():
    plain, accumulated = (
        optimizers.make("adam", bias_correction=False, learning_rate=0.1, **kwargs)
        for kwargs in ({}, {"gradient_accumulation_steps": 2})
    )
    variables = [keras.Variable([1.0]) for _ in range(2)]
    for gradient in (1.0, -0.3, 0.5):
        plain.apply([tf.constant([gradient])], variables[:1])
        for _ in range(2):
            accumulated.apply([tf.constant([gradient])], variables[1:])
    np.testing.assert_allclose(*variables, rtol=1e-6)


@pytest.mark.parametrize("name", ["learning_rate", "weight_decay", "bias_rate"])
@pytest.mark.parametrize("value", [float("inf"), float("nan"), -1])
def test_rates_that_no_optimizer_can_use_are_refused(name, value):
    with pytest.raises(ValueError, match=f"`{name}` must be finite and not negative"):
        optimizers.make("adam", **{name: value})

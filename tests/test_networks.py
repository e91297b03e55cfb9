"""Hidden layers and their initialisation."""

import keras
import numpy as np
import pytest

from keras_vae.networks import DenseStack, FanInUniform, seeded_initializer


def test_glorot_normal_has_the_reports_variance():
    kernel = seeded_initializer("glorot_normal", 3)((784, 200)).numpy()
    np.testing.assert_allclose(kernel.var(), 2 / (784 + 200), rtol=0.02)
    assert abs(kernel.mean()) < 5 * kernel.std() / np.sqrt(kernel.size)


@pytest.mark.parametrize("shape, inputs", [((300, 200), 300), ((60_000,), 1)])
def test_fan_in_uniform_has_the_reports_range(shape, inputs):
    values = FanInUniform(seed=3)(shape).numpy()
    limit = np.sqrt(3 / inputs)
    # The largest of n uniform values is about limit (1 - 2 / n).
    assert limit * (1 - 1e-3) < abs(values).max() <= limit
    np.testing.assert_allclose(values.var(), 1 / inputs, rtol=0.03)


def test_fan_in_uniform_is_known_by_name_and_draws_biases_apart_from_kernels():
    name = "keras_vae>FanInUniform"
    stack = DenseStack((5, 5), kernel_initializer=name, bias_initializer=name, seed=0)
    stack.build((None, 1))
    first, second = stack.dense_layers
    assert isinstance(stack.bias_initializer, FanInUniform)
    assert not np.allclose(first.kernel.numpy()[0], first.bias.numpy())
    assert not np.allclose(first.bias.numpy(), second.bias.numpy())
    again = DenseStack.from_config(stack.get_config())
    again.build((None, 1))
    np.testing.assert_array_equal(again.dense_layers[1].bias.numpy(), second.bias.numpy())


def test_layers_start_different_and_repeat_with_the_seed():
    first, again, other = (DenseStack((20, 20, 20), seed=seed) for seed in (1, 1, 2))
    for stack in (first, again, other):
        stack.build((None, 20))
    kernels = [layer.kernel.numpy() for layer in first.dense_layers]
    assert not np.array_equal(kernels[1], kernels[2])
    np.testing.assert_array_equal(kernels[0], again.dense_layers[0].kernel.numpy())
    assert not np.array_equal(kernels[0], other.dense_layers[0].kernel.numpy())


def test_an_initializer_instance_is_not_shared():
    stack = DenseStack((8, 8), kernel_initializer=keras.initializers.RandomNormal(seed=5))
    stack.build((None, 8))
    first, second = (layer.kernel.numpy() for layer in stack.dense_layers)
    assert not np.array_equal(first, second)


@pytest.mark.parametrize(
    "activation, function",
    [
        ("softplus", lambda x: np.log1p(np.exp(x))),
        ("relu", lambda x: np.maximum(x, 0)),
        ("tanh", np.tanh),
    ],
)
def test_computes_the_formula(activation, function):
    stack = DenseStack((5, 4), activation=activation, seed=0)
    stack.build((None, 3))
    inputs = np.random.default_rng(0).normal(size=(6, 3)).astype("float32")
    expected = inputs
    for layer in stack.dense_layers:
        bias = np.random.default_rng(1).normal(size=layer.units).astype("float32")
        layer.bias.assign(bias)
        expected = function(expected @ layer.kernel.numpy() + bias)
    np.testing.assert_allclose(stack(inputs), expected, rtol=1e-5, atol=1e-6)


def test_batch_normalisation_replaces_the_bias_and_precedes_the_activation():
    stack = DenseStack((16,), batch_norm=True, activation="relu", seed=0)
    inputs = np.random.default_rng(0).normal(3, 2, size=(400, 8)).astype("float32")
    outputs = stack(inputs, training=True).numpy()
    assert stack.dense_layers[0].bias is None
    # A standardised unit is positive half of the time, and then has mean square one half.
    np.testing.assert_allclose((outputs**2).mean(), 0.5, atol=0.05)
    assert (outputs >= 0).all()


def test_evaluation_uses_the_moving_statistics():
    stack = DenseStack((4,), batch_norm=True, seed=0)
    inputs = np.random.default_rng(0).normal(size=(50, 3)).astype("float32")
    batch = stack(inputs, training=False).numpy()
    np.testing.assert_allclose(stack(inputs[:1], training=False), batch[:1], rtol=1e-5)


def test_config_round_trip():
    stack = DenseStack((5, 4), activation="tanh", batch_norm=True, seed=9)
    assert DenseStack.from_config(stack.get_config()).get_config() == stack.get_config()


def test_refuses_empty_layers_and_unknown_activations():
    with pytest.raises(ValueError, match="hidden_units.*at least 1"):
        DenseStack((5, 0))
    with pytest.raises(ValueError, match="activation"):
        DenseStack((5,), activation="swoosh")


def test_gates_multiply_the_activation():
    stack = DenseStack((6, 4), activation="linear", gated=True, seed=0)
    inputs = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
    stack.build((None, 3))
    expected = inputs
    for layer, gate in zip(stack.dense_layers, stack.gate_layers, strict=True):
        assert not np.array_equal(layer.kernel.numpy(), gate.kernel.numpy())
        gates = 1 / (1 + np.exp(-expected @ gate.kernel.numpy()))
        expected = (expected @ layer.kernel.numpy()) * gates
    np.testing.assert_allclose(stack(inputs), expected, rtol=1e-4, atol=1e-6)
    assert DenseStack.from_config(stack.get_config()).gated

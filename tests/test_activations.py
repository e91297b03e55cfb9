"""The softplus of hidden layers against NumPy, its derivatives, and its name in a config."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.special import expit

from keras_vae import activations
from keras_vae.networks import DenseStack

POINTS = np.array([-200.0, -50, -3, -1e-4, 0, 1e-4, 0.5, 3, 50, 200])


def derivatives(function, x):
    """Values, first and second derivatives of a function of each number."""
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            values = function(x)
        first = inner.gradient(values, x)
    return values, first, outer.gradient(first, x)


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("dtype, rtol", [("float64", 1e-13), ("float32", 1e-6)])
def test_softplus_and_its_derivatives(dtype, rtol, jit_compile):
    compiled = tf.function(derivatives, jit_compile=jit_compile)
    found = compiled(activations.softplus, tf.constant(POINTS, dtype))
    slope = expit(POINTS)
    expected = np.logaddexp(0, POINTS), slope, slope * expit(-POINTS)
    # Below the smallest number of single precision there is nothing but zero.
    atol = 1e-37 if dtype == "float32" else 0
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=atol)


@pytest.mark.parametrize("compiled", [False, True])
def test_forward_mode(compiled):
    def slopes(x):
        with tf.autodiff.ForwardAccumulator(x, tf.ones_like(x)) as accumulator:
            with tf.GradientTape() as tape:
                tape.watch(x)
                values = activations.softplus(x)
            first = tape.gradient(values, x)
        return accumulator.jvp(values), accumulator.jvp(first)

    found = (tf.function(slopes) if compiled else slopes)(tf.constant(POINTS))
    for ours, theirs in zip(found, (expit(POINTS), expit(POINTS) * expit(-POINTS)), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-13)


def test_infinities_and_nan():
    limits = tf.constant([-np.inf, np.inf, np.nan])
    expected = [0, np.inf, np.nan], [0, 1, np.nan], [0, 0, np.nan]
    for ours, theirs in zip(derivatives(activations.softplus, limits), expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_keras_own_layers_are_saved_with_it():
    layer = keras.layers.Dense(2, activation=activations.softplus)
    again = keras.layers.deserialize(keras.layers.serialize(layer))
    assert again.activation is activations.softplus


def test_is_what_softplus_names_and_is_named():
    assert activations.get("softplus") is activations.softplus
    assert activations.serialize(activations.softplus) == "softplus"
    config = DenseStack((3,), activation="softplus").get_config()
    assert config["activation"] == "softplus"
    assert DenseStack.from_config(config).activation is activations.softplus


@pytest.mark.parametrize("name", ["tanh", "relu", "linear"])
def test_other_activations_are_those_of_keras(name):
    assert activations.get(name) is keras.activations.get(name)
    assert activations.serialize(activations.get(name)) == name


def test_a_function_stays_what_it_is():
    assert activations.get(keras.activations.softplus) is keras.activations.softplus
    with pytest.raises(ValueError, match="swoosh"):
        activations.get("swoosh")


def test_an_exported_softplus_is_the_operation_that_converters_know():
    def operations():
        traced = tf.function(activations.softplus).get_concrete_function(tf.TensorSpec((3,)))
        return {operation.type for operation in traced.graph.get_operations()}

    assert "Softplus" not in operations()
    with activations.convertible():
        assert "Softplus" in operations() and "Log1p" not in operations()
    assert "Softplus" not in operations()

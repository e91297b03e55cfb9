"""The compiled step on any device, and the same numbers however it is run."""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vae as kv
from keras_vae import objectives

# What leaves the device, or what XLA has for some devices alone.
ELSEWHERE = {"custom-call", "infeed", "outfeed", "send", "recv", "rng"}


def binary(count):
    return (np.random.default_rng(0).random((count, 2, 2)) < 0.5).astype("float32")


def small(kind=kv.VAE, **kwargs):
    sizes = {"hidden_units": (4,), "latent_dim": 2}
    if kind is kv.HierarchicalVAE:
        sizes = {"hidden_units": 4, "latent_dims": (2, 2)}
    return kind(**{**sizes, "image_shape": (2, 2), "seed": 0, **kwargs})


def operations(function, *arguments):
    compiled = tf.function(function, jit_compile=True, autograph=False)
    # TensorFlow lowers for a GPU only where there is one, if a function has variables.
    text = compiled.experimental_get_compiler_ir(*arguments)(stage="hlo")
    return set(re.findall(r"^\s*(?:ROOT )?\S+ = .*? ([a-z][a-z0-9\-]*)\(", text, re.M))


@pytest.mark.parametrize(
    "model",
    [
        lambda: small(objective=objectives.IWAE(3, doubly_reparameterized=True)),
        lambda: small(prior="vamp", likelihood="discretized_logistic"),
        lambda: small(kv.HierarchicalVAE, prior="mixture_of_gaussians"),
    ],
)
def test_a_step_stays_on_its_device_and_is_of_operations_that_all_have(model):
    model = model()
    model.compile("adam")
    model.optimizer.build(model.trainable_variables)
    found = operations(model.train_step, tf.constant(binary(5)))
    assert "dot" in found and not found & ELSEWHERE


def test_operations_of_a_single_device_are_noticed():
    found = operations(lambda x: tf.linalg.qr(x)[0], tf.eye(3))
    assert found & ELSEWHERE == {"custom-call"}


def without_noise(**kwargs):
    """A model of which all samples are their means: XLA maps seeds to noise of its own."""
    model = small(**kwargs)
    model.log_variance_head.kernel.assign(tf.zeros((4, 2)))
    model.log_variance_head.bias.assign([-30.0, -30.0])
    return model


@pytest.mark.parametrize("images, batch_size", [(1, 4), (7, 3)])
def test_odd_batches_with_and_without_xla_move_the_weights_alike(images, batch_size):
    after = []
    for jit_compile, steps in ((False, 1), (True, 2)):
        model = without_noise()
        model.log_variance_head.trainable = False
        start = model.get_weights()
        optimizer = keras.optimizers.SGD(0.1)
        model.compile(optimizer, jit_compile=jit_compile, steps_per_execution=steps)
        history = model.fit(
            binary(images), batch_size=batch_size, epochs=2, shuffle=False, verbose=0
        ).history
        assert int(optimizer.iterations) == 2 * -(-images // batch_size)
        after.append([*model.get_weights(), np.array(history["reconstruction"])])
    assert any(abs(a - b).max() > 0.01 for a, b in zip(after[0], start, strict=False))
    for plain, compiled in zip(*after, strict=True):
        np.testing.assert_allclose(compiled, plain, rtol=1e-4, atol=1e-6)


def test_a_log_likelihood_of_one_image_is_that_among_others():
    """To the error of 5,000 samples, whose noise is another at each place."""
    model, x = small(), binary(3)
    together, effective = model.log_likelihood(x, 5000, return_effective_sample_size=True)
    alone = np.concatenate([model.log_likelihood(x[i : i + 1], 5000, seed=1) for i in range(3)])
    error = np.sqrt(2 * (1 / effective - 1 / 5000))
    assert (abs(alone - together) < 5 * error + 1e-4).all() and not np.array_equal(alone, together)
    # The same samples as one matrix, without chunks.
    weights = np.asarray(model.log_weights(x, 5000))
    plain = np.log(np.mean(np.exp(weights - weights.max(axis=0)), axis=0)) + weights.max(axis=0)
    assert (abs(plain - together) < 5 * error + 1e-4).all()


@pytest.fixture(scope="module")
def in_full():
    """A model in single precision, and log-likelihoods under it."""
    model = small()
    return model, model.log_likelihood(binary(5), 5000)


@pytest.mark.parametrize("policy, digits", [("mixed_bfloat16", 2**-8), ("mixed_float16", 2**-11)])
def test_mixed_precision_gives_the_same_to_its_digits(in_full, policy, digits):
    full, likelihoods = in_full
    mixed = small(dtype=policy)
    mixed.set_weights(full.get_weights())
    for found, expected in (
        (mixed.log_weights(binary(5), 3), full.log_weights(binary(5), 3)),
        (mixed.log_likelihood(binary(5), 5000), likelihoods),
    ):
        np.testing.assert_allclose(found, expected, atol=10 * digits)

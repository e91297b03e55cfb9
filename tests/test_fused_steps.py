"""Steps inside one computation against the same steps one by one."""

import numpy as np
import pytest
import tensorflow as tf

import keras_vae as kv
from keras_vae.models.fused_steps import fused_train_function


@pytest.fixture(scope="module")
def pixels():
    """250 binary images of 4 x 4 pixels, their upper half brighter; float32."""
    rng = np.random.default_rng(0)
    brightness = np.array([0.9, 0.7, 0.2, 0.1])[:, None]
    return (rng.random((250, 4, 4)) < brightness).astype("float32")


def trained(images, steps_per_execution, epochs=2):
    model = kv.VAE(latent_dim=3, hidden_units=(), image_shape=(4, 4), seed=0)
    model.compile("sgd", jit_compile=True, steps_per_execution=steps_per_execution)
    dataset = tf.data.Dataset.from_tensor_slices(images).batch(10)
    history = model.fit(dataset, epochs=epochs, verbose=0).history
    return model, history


def test_bit_identical_to_single_steps(pixels):
    """Of 10 batches the last is partial: 4 and 4 run fused, the last two one by one."""
    images = pixels[:95]
    single, single_history = trained(images, 1)
    fused, fused_history = trained(images, 4)
    assert int(fused.optimizer.iterations) == 20
    assert fused_history == single_history
    for a, b in zip(single.weights, fused.weights, strict=True):
        np.testing.assert_array_equal(a, b)


def test_one_computation_runs_all_steps_and_no_other():
    calls = []

    def train_step(images):
        calls.append(images.shape)
        total.assign_add(tf.reduce_sum(images))
        return {"total": total.read_value()}

    total = tf.Variable(0.0)
    train_function = fused_train_function(train_step, steps=3)
    iterator = iter(tf.data.Dataset.from_tensor_slices(np.ones((7, 2), "float32")).batch(1))
    assert float(train_function(iterator)["total"]) == 6
    assert float(train_function(iterator)["total"]) == 12
    # One is left, and then none.
    assert float(train_function(iterator)["total"]) == 14
    with pytest.raises(tf.errors.OutOfRangeError):
        train_function(iterator)
    # Traced once, for fused and for single steps.
    assert len(calls) == 1


@pytest.mark.parametrize("images, sums", [(7, [8, 14]), (5, [8, 10]), (2, [4])])
def test_a_partial_batch_ends_the_data(images, sums):
    """Batches of two: of 7 images and of 5 the last batch has one, of 2 there is one batch."""
    total = tf.Variable(0.0)

    def train_step(batch):
        total.assign_add(2 * tf.reduce_sum(batch))
        return {"total": total.read_value()}

    train_function = fused_train_function(train_step, steps=2)
    iterator = iter(tf.data.Dataset.from_tensor_slices(np.ones(images, "float32")).batch(2))
    assert [float(train_function(iterator)["total"]) for _ in sums] == sums
    with pytest.raises(tf.errors.OutOfRangeError):
        train_function(iterator)


def test_arrays_with_labels_and_train_on_batch(pixels):
    pixels = pixels[:200]
    labels = np.arange(len(pixels))
    model = kv.VAE(latent_dim=3, hidden_units=(), image_shape=(4, 4), seed=0)
    model.compile("sgd", steps_per_execution=5)
    history = model.fit(pixels, labels, batch_size=20, epochs=2, verbose=0).history
    assert history["bound"][1] > history["bound"][0]
    assert int(model.optimizer.iterations) == 20
    logs = model.train_on_batch(pixels[:20], return_dict=True)
    assert np.isfinite(list(logs.values())).all()
    assert int(model.optimizer.iterations) == 21


def test_weights_go_with_their_items(pixels):
    weights = np.linspace(0, 2, 80).astype("float32")

    def trained(steps):
        model = kv.VAE(latent_dim=3, hidden_units=(), image_shape=(4, 4), seed=0)
        model.compile("sgd", jit_compile=True, steps_per_execution=steps)
        x = pixels[:80]
        history = model.fit(x, sample_weight=weights, batch_size=20, verbose=0).history
        return model, history

    (single, single_history), (fused, fused_history) = trained(1), trained(4)
    assert fused_history == single_history
    for a, b in zip(single.weights, fused.weights, strict=True):
        np.testing.assert_array_equal(a, b)

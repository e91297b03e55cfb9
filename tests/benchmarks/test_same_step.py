"""The benchmark's contestants take the same step: same loss and gradients, same Adam."""

import keras_vae_fit
import numpy as np
import pytest
import tensorflow as tf
from architecture import LATENT_DIM, LAYERS, PIXELS

from keras_vae import random
from keras_vae.experiments.runs.run_models import build_model

jax, torch = pytest.importorskip("jax"), pytest.importorskip("torch")
# By `import` they would be looked for before the skip.
jax_vae, torch_vae = pytest.importorskip("jax_vae"), pytest.importorskip("torch_vae")


@pytest.fixture(params=[1, 5])
def start(request, images):
    """A model, its weights, images, and the noise of the model's first training step."""
    model = build_model(keras_vae_fit.run_spec("mnist_5k", request.param, seed=3), (28, 28))
    rng = np.random.default_rng(0)
    for layer in keras_vae_fit.linear_layers(model):
        # At zero a forgotten bias would not show.
        layer.bias.assign(rng.normal(scale=0.3, size=layer.bias.shape))
    stream = random.stream(model.seed, random.TRAINING_NOISE, 0)
    noise = random.normal((request.param, len(images), LATENT_DIM), stream).numpy()
    return model, keras_vae_fit.weights(model), images, noise


def keras_loss(model, images):
    """The loss of the model's first training step, and its gradients."""
    stream = random.stream(model.seed, random.TRAINING_NOISE, 0)
    kernels = [layer.kernel.value for layer in keras_vae_fit.linear_layers(model)]
    with tf.GradientTape() as tape:
        terms = model.log_terms(images, model.objective.num_samples, stream, training=True)
        loss = -tf.reduce_mean(model.objective_bound(terms))
    return float(loss), [gradient.numpy() for gradient in tape.gradient(loss, kernels)]


def torch_loss(weights, images, noise):
    model = torch_vae.VAE()
    model.assign(weights)
    loss = model.loss(torch.tensor(images), torch.tensor(noise))
    loss.backward()
    return loss.item(), [layer.weight.grad.numpy().T for layer in model.linear_layers()]


def jax_loss(weights, images, noise):
    loss, gradients = jax.jit(jax.value_and_grad(jax_vae.loss))(weights, images, noise)
    return float(loss), [kernel for kernel, _ in gradients]


def test_same_loss_and_gradients(start):
    model, weights, images, noise = start
    loss, gradients = keras_loss(model, images)
    assert [gradient.shape for gradient in gradients] == list(LAYERS.values())
    for contestant in (jax_loss, torch_loss):
        found = contestant(weights, images.reshape(-1, PIXELS), noise)
        assert found[0] == pytest.approx(loss, rel=1e-4)
        for a, b in zip(found[1], gradients, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-4 * abs(b).max())


def test_jax_takes_the_step_that_keras_takes(start):
    model, weights, images, noise = start
    step = jax.jit(jax_vae.train_step)
    state, _ = step(jax_vae.initial_state(weights), images.reshape(-1, PIXELS), noise)
    # Compiled, the model would draw other noise.
    model.compile(keras_vae_fit.ADAM.make(), run_eagerly=True)
    model.train_on_batch(images)
    after = keras_vae_fit.weights(model)
    for found, expected, before in zip(state[0], after, weights, strict=True):
        for a, b, c in zip(found, expected, before, strict=True):
            assert abs(b - c).max() > 1e-4
            np.testing.assert_allclose(a, b, atol=1e-5)

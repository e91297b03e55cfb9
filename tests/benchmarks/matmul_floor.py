"""The matrix products of one training step and nothing else: no step can be faster."""

import functools

import jax
import jax.numpy as jnp
import jax_vae
from architecture import BATCH_SIZE


def layer_products(inputs, kernel, first=False):
    """The products of one linear layer: y = x W, dW = x^T dy and, but in the first, dx = dy W^T.

    y stands in for dy, which has the same shape.
    """
    outputs = inputs @ kernel
    backward = [inputs.T @ outputs] if first else [inputs.T @ outputs, outputs @ kernel.T]
    return outputs, backward


def step_products(kernels, images, num_samples):
    """All backward products of one step; each takes a forward product, so none is left out.

    Arguments:
        kernels: Kernels in the order of `architecture.LAYERS`.
        images: Array of shape (batch, pixels).
        num_samples: Number of samples, by which the decoder's rows outnumber the encoder's.
    """
    encoder_0, encoder_1, loc_head, log_variance_head, *decoder = kernels
    hidden, products = layer_products(images, encoder_0, first=True)
    hidden, backward = layer_products(hidden, encoder_1)
    loc, loc_backward = layer_products(hidden, loc_head)
    _, log_variance_backward = layer_products(hidden, log_variance_head)
    products += backward + loc_backward + log_variance_backward
    rows = jnp.tile(loc, (num_samples, 1))
    for kernel in decoder:
        rows, backward = layer_products(rows, kernel)
        products += backward
    return products


@functools.partial(jax.jit, static_argnames="num_samples")
def epoch_products(kernels, batches, num_samples):
    """The products of all steps; the last step's are returned.

    New images at each step keep XLA from computing anything once for all steps.
    """

    def step(_, images):
        return step_products(kernels, images, num_samples), None

    empty = jax.tree.map(jnp.zeros_like, step_products(kernels, batches[0], num_samples))
    return jax.lax.scan(step, empty, batches)[0]


class Floor:
    """Computes one epoch's products at each call; the arguments are `jax_vae.Trainer`'s."""

    def __init__(self, images, num_samples, seed=0):
        self.kernels = [kernel for kernel, _ in jax_vae.initial_layers(jax.random.key(seed))]
        steps = len(images) // BATCH_SIZE
        self.batches = jnp.asarray(images[: steps * BATCH_SIZE]).reshape(steps, BATCH_SIZE, -1)
        self.num_samples = num_samples

    def __call__(self):
        jax.block_until_ready(epoch_products(self.kernels, self.batches, self.num_samples))

"""The matrix products of a step, or of a log-likelihood, and nothing else: none can be faster."""

import functools

import jax
import jax.numpy as jnp
from architecture import BATCH_SIZE, HIDDEN_UNITS, LATENT_DIM, PIXELS, PSEUDO_INPUTS

GATED_UNITS, GATED_LATENT_DIM = 300, 40
# Of a forward pass at a time, as many as stay in a processor's cache.
ROWS = 500


class Products:
    """Takes the products of one layer after another.

    Arguments:
        kernels: The layers' kernels, in order; None for a pass that notes their shapes.
        backward: Whether to take the backward products as well.
    """

    def __init__(self, kernels=None, backward=False):
        self.kernels = None if kernels is None else iter(kernels)
        self.shapes, self.with_backward, self.backward = [], backward, []

    def __call__(self, inputs, units, times=1, first=False):
        """The sum of `times` products y = x W; backward dW = x^T dy and, but in the first, dx.

        y stands in for dy, which has the same shape. Layers with gates have two kernels, as
        have a mean and a log variance.
        """
        total = 0.0
        for _ in range(times):
            self.shapes.append((inputs.shape[-1], units))
            kernel = jnp.zeros(self.shapes[-1]) if self.kernels is None else next(self.kernels)
            outputs = inputs @ kernel
            total += outputs
            if self.with_backward:
                self.backward += (
                    [inputs.T @ outputs]
                    if first
                    else [
                        inputs.T @ outputs,
                        outputs @ kernel.T,
                    ]
                )
        return total


def vae(products, images, num_samples):
    """Encoder and decoder."""
    hidden = products(products(images, HIDDEN_UNITS, first=True), HIDDEN_UNITS)
    codes = products(hidden, LATENT_DIM, times=2)
    return vae_of_codes(products, jnp.tile(codes, (num_samples, 1)))


def vae_of_codes(products, codes):
    """What a log-likelihood needs for each sample."""
    return products(products(products(codes, HIDDEN_UNITS), HIDDEN_UNITS), PIXELS)


def gated_vae(products, images, num_samples):
    """One gated layer each way, as in the vampprior report."""
    hidden = products(images, GATED_UNITS, times=2, first=True)
    codes = jnp.tile(products(hidden, GATED_LATENT_DIM, times=2), (num_samples, 1))
    return products(products(codes, GATED_UNITS, times=2), PIXELS)


def vampprior(products, images, num_samples):
    """The same, and pseudo-inputs through the encoder, with gradients of their own."""
    pseudo_inputs = jnp.tile(images, (PSEUDO_INPUTS // len(images), 1))
    hidden = products(pseudo_inputs, GATED_UNITS, times=2)
    components = products(hidden, GATED_LATENT_DIM, times=2)
    # So that no product is left out as unused; adding them up takes no time to speak of.
    return gated_vae(products, images, num_samples) + jnp.sum(components)


def hvae(products, images, num_samples):
    """Two levels, gated, as in the vampprior report."""
    gated = functools.partial(products, units=GATED_UNITS, times=2)
    top = products(gated(gated(images, first=True)), GATED_LATENT_DIM, times=2)
    return hvae_of_codes(
        products, jnp.tile(jnp.hstack([top, gated(images, first=True)]), (num_samples, 1))
    )


def hvae_of_codes(products, rows):
    """The same for each sample: of z_2, side by side with the images' own hidden layer."""
    gated = functools.partial(products, units=GATED_UNITS, times=2)
    top, own = rows[:, :GATED_LATENT_DIM], rows[:, GATED_LATENT_DIM:]
    hidden = gated(gated(jnp.hstack([own, gated(top)])))
    posterior = products(hidden, GATED_LATENT_DIM, times=2)
    lower = posterior + products(gated(gated(top)), GATED_LATENT_DIM, times=2)
    return products(gated(jnp.hstack([gated(lower), gated(top)])), PIXELS)


def kernels_of(network, inputs, key):
    """Glorot-normal kernels for all products of a network."""
    noted = Products()
    jax.eval_shape(lambda x: network(noted, x), inputs)
    draw = jax.nn.initializers.glorot_normal()
    keys = jax.random.split(key, len(noted.shapes))
    return [draw(key, shape) for key, shape in zip(keys, noted.shapes, strict=True)]


@functools.partial(jax.jit, static_argnames=("network", "backward"))
def all_products(network, kernels, batches, backward):
    """The products of all batches.

    Other inputs at each step keep XLA from computing anything once for all steps. Of a training
    step the last kernels' gradients are returned, of a forward pass the outputs' sums.
    """

    def step(_, inputs):
        products = Products(kernels, backward)
        outputs = network(products, inputs)
        return (products.backward, None) if backward else ([], jnp.sum(outputs))

    empty = jax.tree.map(jnp.zeros_like, jax.eval_shape(lambda: step(None, batches[0])[0]))
    return jax.lax.scan(step, empty, batches)


class Floor:
    """Computes the products of all steps at each call.

    Arguments:
        network: One of this module's, a function of `Products` and the inputs of a step.
        batches: Array of shape (steps, rows, units).
        backward: Whether to take the backward products as well.
    """

    def __init__(self, network, batches, backward):
        self.network, self.batches, self.backward = network, jnp.asarray(batches), backward
        self.kernels = kernels_of(network, self.batches[0], jax.random.key(0))

    def __call__(self):
        arguments = self.kernels, self.batches, self.backward
        jax.block_until_ready(all_products(self.network, *arguments))


def of_steps(network, images, num_samples):
    """A `Floor` of an epoch's training steps; images have shape (N, pixels)."""
    steps = len(images) // BATCH_SIZE
    batches = images[: steps * BATCH_SIZE].reshape(steps, BATCH_SIZE, -1)
    return Floor(functools.partial(network, num_samples=num_samples), batches, backward=True)


def of_samples(network, width, count):
    """A `Floor` of a log-likelihood of `count` samples; `width` is that of the network's rows."""
    rows = jax.random.normal(jax.random.key(1), (count // ROWS, ROWS, width))
    return Floor(network, rows, backward=False)

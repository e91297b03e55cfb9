"""A VAE and its training epoch in plain JAX: what a hand-written step reaches."""

import functools

import jax
import jax.numpy as jnp
from architecture import BATCH_SIZE, BETA_1, BETA_2, EPSILON, LATENT_DIM, LAYERS, LEARNING_RATE


def initial_layers(key):
    """Glorot-normal kernels and zero biases: a list of pairs, in the order of `LAYERS`."""
    draw = jax.nn.initializers.glorot_normal()
    keys = jax.random.split(key, len(LAYERS))
    return [
        (draw(key, shape), jnp.zeros(shape[1]))
        for key, shape in zip(keys, LAYERS.values(), strict=True)
    ]


def dense(layer, inputs):
    """One linear layer."""
    kernel, bias = layer
    return inputs @ kernel + bias


def softplus(x):
    """`log(1 + exp(x))`; `jax.nn.softplus`, which also minds NaN and infinity, is slower."""
    return jnp.maximum(x, 0) + jnp.log1p(jnp.exp(-jnp.abs(x)))


def loss(layers, images, noise):
    """The negative bound, in nats per image.

    Arguments:
        layers: Pairs of kernel and bias, in the order of `LAYERS`.
        images: Binary array of shape (batch, pixels).
        noise: Standard-normal array of shape (samples, batch, latent_dim). One sample gives
            the ELBO with its analytic KL, several the importance-weighted bound.
    """
    encoder_0, encoder_1, loc_head, log_variance_head, decoder_0, decoder_1, logits_head = layers
    hidden = softplus(dense(encoder_1, softplus(dense(encoder_0, images))))
    loc, log_variance = dense(loc_head, hidden), dense(log_variance_head, hidden)
    z = loc + jnp.exp(0.5 * log_variance) * noise
    # As one matrix; with the axes of samples and images apart XLA's products are slower.
    rows = z.reshape(-1, LATENT_DIM)
    hidden = softplus(dense(decoder_1, softplus(dense(decoder_0, rows))))
    logits = dense(logits_head, hidden).reshape(len(noise), *images.shape)
    log_likelihood = jnp.sum(images * logits - softplus(logits), axis=-1)
    if len(noise) == 1:
        kl = 0.5 * jnp.sum(jnp.exp(log_variance) + loc**2 - 1 - log_variance, axis=-1)
        return jnp.mean(kl - log_likelihood)
    log_ratio = 0.5 * jnp.sum(log_variance + noise**2 - z**2, axis=-1)
    bound = jax.nn.logsumexp(log_likelihood + log_ratio, axis=0) - jnp.log(len(noise))
    return -jnp.mean(bound)


def initial_state(layers):
    """Weights, Adam's two moments of them, and the number of steps done."""
    return layers, *(jax.tree.map(jnp.zeros_like, layers) for _ in range(2)), jnp.zeros((), int)


def train_step(state, images, noise):
    """One Adam step in the form that Keras uses; returns the new state and the loss."""
    layers, first, second, count = state
    value, gradients = jax.value_and_grad(loss)(layers, images, noise)
    count += 1
    rate = LEARNING_RATE * jnp.sqrt(1 - BETA_2**count) / (1 - BETA_1**count)
    first = jax.tree.map(lambda m, g: m + (1 - BETA_1) * (g - m), first, gradients)
    second = jax.tree.map(lambda v, g: v + (1 - BETA_2) * (g**2 - v), second, gradients)
    layers = jax.tree.map(
        lambda w, m, v: w - rate * m / (jnp.sqrt(v) + EPSILON), layers, first, second
    )
    return (layers, first, second, count), value


@functools.partial(jax.jit, static_argnames="num_samples", donate_argnames="state")
def train_epoch(state, images, key, num_samples):
    """Every full batch of one shuffled epoch; returns the new state and the mean loss."""
    steps = len(images) // BATCH_SIZE
    order_key, noise_key = jax.random.split(key)
    order = jax.random.permutation(order_key, len(images))[: steps * BATCH_SIZE]

    def step(state, inputs):
        indices, key = inputs
        noise = jax.random.normal(key, (num_samples, BATCH_SIZE, LATENT_DIM))
        return train_step(state, images[indices], noise)

    inputs = order.reshape(steps, BATCH_SIZE), jax.random.split(noise_key, steps)
    state, losses = jax.lax.scan(step, state, inputs)
    return state, jnp.mean(losses)


class Trainer:
    """Trains one epoch at each call.

    Arguments:
        images: Binary float32 array of shape (N, pixels).
        num_samples: Number of samples of q per image.
        seed: Integer.
    """

    def __init__(self, images, num_samples, seed=0):
        self.key, key = jax.random.split(jax.random.key(seed))
        self.state = initial_state(initial_layers(key))
        self.images, self.num_samples = jnp.asarray(images), num_samples

    def __call__(self):
        self.key, key = jax.random.split(self.key)
        self.state, value = train_epoch(self.state, self.images, key, self.num_samples)
        # Waits for the whole epoch: JAX returns before it has computed anything.
        return float(value)

"""Diagonal-Gaussian posteriors and their reparameterised samples."""

import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae import random

tfd = tfp.distributions


def diagonal_gaussian(loc, scale):
    """N(loc, diag(scale^2)) with the last axis as its event.

    Arguments:
        loc: Tensor of shape (..., latent_dim).
        scale: Positive tensor of the same shape.

    Returns:
        `tfd.Independent` with batch shape (...) and event shape (latent_dim,).
    """
    return tfd.Independent(tfd.Normal(loc=loc, scale=scale), reinterpreted_batch_ndims=1)


def reparameterize(posterior, num_samples, seed):
    """Draws `z = mu + sigma * epsilon`, through which gradients pass.

    TFP's own `sample` lets the device choose the random algorithm, so its numbers differ
    with and without XLA; these do not.

    Arguments:
        posterior: A `diagonal_gaussian` with batch shape (batch,).
        num_samples: Number of samples.
        seed: int32 tensor of shape (2,).

    Returns:
        Tensor of shape (num_samples, batch, latent_dim).

    Reference: Kingma & Welling 2013, Section 2.4.
    """
    loc = posterior.mean()
    shape = tf.concat([[num_samples], tf.shape(loc)], axis=0)
    return loc + posterior.stddev() * random.normal(shape, seed, loc.dtype)

"""Diagonal-Gaussian posteriors and their reparameterised samples."""

from keras_vae import random
from keras_vae._internal.backend import tf, tfp

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


def sample_with_log_prob(posterior, num_samples, seed, gate=None):
    """Draws `z = mu + sigma * epsilon`, through which gradients pass, and its log-density.

    The log-density is that of epsilon less `sum log sigma`. Recovering epsilon from z would
    lose it to rounding where sigma is small against mu, as in an early warm-up, when nothing
    keeps sigma from shrinking.

    Arguments:
        posterior: A `diagonal_gaussian` with batch shape (batch,).
        num_samples: Number of samples.
        seed: Integer tensor of shape (2,).
        gate: `path_gradients.PathGate` that z passes through. The log-density's gradient then
            runs through z alone and not through the posterior's parameters.

    Returns:
        z of shape (num_samples, batch, latent_dim), and log q(z|x) of shape
        (num_samples, batch), in nats.

    Reference: Kingma & Welling 2013, Section 2.4.
    """
    loc = posterior.mean()
    # TFP's own `sample` leaves the random algorithm to the device; a stored run must not.
    noise = random.normal(tf.concat([[num_samples], tf.shape(loc)], axis=0), seed, loc.dtype)
    if gate is not None:
        return _reparameterize_path(posterior, noise, gate)
    return reparameterize(posterior, noise)


def reparameterize(posterior, noise):
    """`z = mu + sigma * noise`, and its log-density as `sample_with_log_prob` has it.

    Arguments:
        posterior: A `diagonal_gaussian`.
        noise: Standard-normal tensor that broadcasts against its means.

    Returns:
        z, and log q(z|x), which lacks the last axis, in nats.
    """
    loc, scale = posterior.mean(), posterior.stddev()
    return loc + scale * noise, _log_prob(noise, scale)


def _reparameterize_path(posterior, noise, gate):
    loc, scale = posterior.mean(), posterior.stddev()
    z = gate(loc + scale * noise)
    scale = tf.stop_gradient(scale)
    # The noise itself, with the gradient of (z - loc) / scale.
    return z, _log_prob(noise + (z - tf.stop_gradient(z)) / scale, scale)


def _log_prob(noise, scale):
    standard = diagonal_gaussian(tf.zeros_like(scale), tf.ones_like(scale))
    return standard.log_prob(noise) - tf.reduce_sum(tf.math.log(scale), axis=-1)

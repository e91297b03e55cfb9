"""Reparameterised samples of posteriors, and their densities."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from keras_vae import random
from keras_vae._internal.backend import tf, tfd


class Drawn(NamedTuple):
    """Noise drawn beforehand, in the place of the seed that it would be drawn from.

    Attributes:
        levels: Standard-normal tensors of shape (num_samples, batch, latent_dims[l]).
        seed: Integer tensor of shape (2,), for posteriors that are no diagonal Gaussians.
    """

    levels: tuple[tf.Tensor, ...]
    seed: tf.Tensor


# What samples are drawn from.
Noise: TypeAlias = tf.Tensor | Drawn


def diagonal_gaussian(loc: tf.Tensor, scale: tf.Tensor) -> tfd.Distribution:
    """N(loc, diag(scale^2)) with the last axis as its event.

    Arguments:
        loc: Tensor of shape (..., latent_dim).
        scale: Positive tensor of the same shape.

    Returns:
        `tfd.Independent` with batch shape (...) and event shape (latent_dim,).
    """
    return tfd.Independent(tfd.Normal(loc=loc, scale=scale), reinterpreted_batch_ndims=1)


def is_diagonal_gaussian(posterior: tfd.Distribution) -> bool:
    """Whether a distribution is a Gaussian whose last axis, its event, has independent entries."""
    if isinstance(posterior, tfd.Independent):
        normal = isinstance(posterior.distribution, tfd.Normal)
        return normal and tf.get_static_value(posterior.reinterpreted_batch_ndims) == 1
    return isinstance(posterior, tfd.MultivariateNormalDiag)


def in_batches(
    network: Callable[[tf.Tensor], tfd.Distribution],
    inputs: tf.Tensor,
    batch_size: int | None = None,
) -> tfd.Distribution:
    """A diagonal Gaussian whose parameters are made for some rows at a time.

    Arguments:
        network: Function from a list of tensors to a `diagonal_gaussian`.
        inputs: List of tensors of shape (..., batch, units).
        batch_size: Rows that pass through the network at a time; None for all.

    Returns:
        What `network(inputs)` returns.
    """
    if batch_size is None:
        return network(inputs)
    starts = range(0, max(inputs[0].shape[-2], 1), batch_size)
    parts = [network([x[..., i : i + batch_size, :] for x in inputs]) for i in starts]
    parameters = zip(*((part.mean(), part.stddev()) for part in parts), strict=True)
    return diagonal_gaussian(*(tf.concat(values, axis=-2) for values in parameters))


def sample_with_log_prob(
    posterior: tfd.Distribution, num_samples: int, seed: Noise, gate: PathGate | None = None
) -> tuple[tf.Tensor, tf.Tensor]:
    """Draws `z = mu + sigma * epsilon`, through which gradients pass, and its log-density.

    The log-density is that of epsilon less `sum log sigma`. Recovering epsilon from z would
    lose it to rounding where sigma is small against mu, as in an early warm-up, when nothing
    keeps sigma from shrinking.

    A posterior that is no diagonal Gaussian draws with TFP's own noise.

    Arguments:
        posterior: Distribution with batch shape (batch,), such as a `diagonal_gaussian`.
        num_samples: Number of samples.
        seed: Integer tensor of shape (2,), or `Drawn`, of which it takes the top level.
        gate: `PathGate` that z passes through. The log-density's gradient then
            runs only through z and not through the posterior's parameters.

    Returns:
        z of shape (num_samples, batch, latent_dim), and log q(z|x) of shape
        (num_samples, batch), in nats.

    Raises:
        TypeError: If gradients do not pass through the posterior's samples, or are to be doubly
            reparameterised where it is no diagonal Gaussian.

    Reference: Kingma & Welling 2013, Section 2.4.
    """
    if not is_diagonal_gaussian(posterior):
        seed = seed.seed if isinstance(seed, Drawn) else seed
        return _sample_other(posterior, num_samples, seed, gate)
    loc = posterior.mean()
    if isinstance(seed, Drawn):
        noise = tf.cast(seed.levels[0], loc.dtype)
    else:
        # TFP's own `sample` leaves the random algorithm to the device; a stored run must not.
        noise = random.normal(tf.concat([[num_samples], tf.shape(loc)], axis=0), seed, loc.dtype)
    if gate is not None:
        return _reparameterize_path(posterior, noise, gate)
    return reparameterize(posterior, noise)


def reparameterize(posterior: tfd.Distribution, noise: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """`z = mu + sigma * noise`, and its log-density as `sample_with_log_prob` has it.

    Arguments:
        posterior: A `diagonal_gaussian`.
        noise: Standard-normal tensor that broadcasts against its means.

    Returns:
        z, and log q(z|x), which lacks the last axis, in nats.
    """
    loc, scale = posterior.mean(), posterior.stddev()
    return loc + scale * noise, _log_prob(noise, scale)


def _sample_other(
    posterior: tfd.Distribution, num_samples: int, seed: tf.Tensor, gate: PathGate | None
) -> tuple[tf.Tensor, tf.Tensor]:
    name = type(posterior).__name__
    if posterior.reparameterization_type != tfd.FULLY_REPARAMETERIZED:
        raise TypeError(
            f"Gradients do not pass through samples of the posterior {name!r}. It must be a "
            "reparameterised distribution, such as a Gaussian."
        )
    if gate is not None:
        raise TypeError(
            f"Doubly reparameterised gradients need a diagonal Gaussian posterior, not {name!r}."
        )
    z = posterior.sample(num_samples, seed=tf.cast(seed, tf.int32))
    return z, posterior.log_prob(z)


class PathGate:
    """The identity on samples, whose gradient is multiplied by a factor that is known later.

    The factor, `Objective.path_factor`, depends on the log-weights, which are made from what comes
    out of the gate. It has to be set before the gradient is taken.

    Attributes:
        factor: Tensor of the samples' shape without its last axis.
    """

    factor: tf.Tensor

    def __call__(self, z: tf.Tensor) -> tf.Tensor:
        @tf.custom_gradient
        def gate(value: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
            return tf.identity(value), lambda upstream: upstream * self.factor[..., None]

        return gate(z)


def _reparameterize_path(
    posterior: tfd.Distribution, noise: tf.Tensor, gate: PathGate
) -> tuple[tf.Tensor, tf.Tensor]:
    loc, scale = posterior.mean(), posterior.stddev()
    z = gate(loc + scale * noise)
    scale = tf.stop_gradient(scale)
    # The noise itself, with the gradient of (z - loc) / scale.
    return z, _log_prob(noise + (z - tf.stop_gradient(z)) / scale, scale)


def _log_prob(noise: tf.Tensor, scale: tf.Tensor) -> tf.Tensor:
    standard = diagonal_gaussian(tf.zeros_like(scale), tf.ones_like(scale))
    return standard.log_prob(noise) - tf.reduce_sum(tf.math.log(scale), axis=-1)

"""Reparameterised samples of posteriors, and their densities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

from keras_vae import random
from keras_vae._internal.backend import tf, tfd


class Drawn(NamedTuple):
    """Noise drawn beforehand, in the place of the seed that it would be drawn from.

    Attributes:
        levels: Standard-normal tensors of shape (num_samples, batch, latent_dims[l]).
        seed: Integer tensor of shape (2,), for posteriors whose samples are not made from Gaussian
            noise.
    """

    levels: tuple[tf.Tensor, ...]
    seed: tf.Tensor


def draw(
    normal: Callable[..., tf.Tensor],
    seed: tf.Tensor,
    num_samples: int,
    batch: int | tf.Tensor,
    latent_dims: Sequence[int],
    dtype: str,
) -> Drawn:
    """The noise of a batch's samples at all levels, drawn by a function of the user's choice.

    Arguments:
        normal: Function such as `random.box_muller`, of a shape, a seed and a type.
        seed: Integer tensor of shape (2,).
        num_samples: Samples per item.
        batch: Number of items.
        latent_dims: Dimensions of the levels, from the top down.
        dtype: Type of the noise.

    Returns:
        `Drawn`.
    """
    seeds = [level_seed(seed, level) for level in range(len(latent_dims))]
    levels = (
        normal((num_samples, batch, size), own, dtype)
        for size, own in zip(latent_dims, seeds, strict=True)
    )
    return Drawn(tuple(levels), seed)


def level_seed(seed: tf.Tensor, level: int) -> tf.Tensor:
    """The seed of one level's noise; the top level, which is number 0, has the seed itself."""
    if not level:
        return seed
    return tf.random.experimental.stateless_fold_in(seed, level, alg="philox")


# What samples are drawn from.
Noise: TypeAlias = tf.Tensor | Drawn
# Gaussians of any covariance, of which TFP's `MultivariateNormalTriL` is one.
CORRELATED = tfd.MultivariateNormalLinearOperator


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


def takes_noise(posterior: tfd.Distribution) -> bool:
    """Whether samples are a known function of standard-normal noise: Gaussians, and flows of them.

    These are diagonal Gaussians, and TFP's `TransformedDistribution` of one, such as
    `tfd.MultivariateNormalTriL`, where bijectors act on vectors.
    """
    if is_diagonal_gaussian(posterior) or isinstance(posterior, CORRELATED):
        return True
    if not isinstance(posterior, tfd.TransformedDistribution):
        return False
    base = posterior.distribution
    same = base.event_shape == posterior.event_shape and base.event_shape.rank == 1
    return same and takes_noise(base)


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
    """Draws codes through which gradients pass, and their log-density.

    Of a diagonal Gaussian `z = mu + sigma * epsilon`, and the log-density is that of epsilon less
    `sum log sigma`. Recovering epsilon from z would lose it to rounding where sigma is small
    against mu, as in an early warm-up, when nothing keeps sigma from shrinking. So it is for all
    posteriors of which `takes_noise` is true; others draw with TFP's own noise.

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
        TypeError: If gradients do not pass through the posterior's samples.

    Reference: Kingma & Welling 2013, Section 2.4.
    """
    if not takes_noise(posterior):
        seed = seed.seed if isinstance(seed, Drawn) else seed
        check_reparameterized(posterior)
        z = posterior.sample(num_samples, seed=tf.cast(seed, tf.int32))
        log_density = posterior.log_prob(z)
    else:
        noise = _noise(posterior, num_samples, seed)
        if gate is not None and is_diagonal_gaussian(posterior):
            return _reparameterize_path(posterior, noise, gate)
        z, log_density = reparameterize(posterior, noise)
    if gate is None:
        return z, log_density
    z = gate(z)
    return z, _along_path(posterior, z, log_density)


def _noise(posterior: tfd.Distribution, num_samples: int, seed: Noise) -> tf.Tensor:
    if isinstance(seed, Drawn):
        return tf.cast(seed.levels[0], posterior.dtype)
    if is_diagonal_gaussian(posterior):
        shape = tf.shape(posterior.mean())
    else:
        shape = tf.concat([posterior.batch_shape_tensor(), posterior.event_shape_tensor()], axis=0)
    # TFP's own `sample` leaves the random algorithm to the device; a stored run must not.
    return random.normal(tf.concat([[num_samples], shape], axis=0), seed, posterior.dtype)


def reparameterize(posterior: tfd.Distribution, noise: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """`z = mu + sigma * noise`, and its log-density as `sample_with_log_prob` has it.

    Arguments:
        posterior: A `diagonal_gaussian`, or another of which `takes_noise` is true.
        noise: Standard-normal tensor that broadcasts against its means.

    Returns:
        z, and log q(z|x), which lacks the last axis, in nats.
    """
    if isinstance(posterior, CORRELATED) and not is_diagonal_gaussian(posterior):
        z = posterior.mean() + posterior.scale.matvec(noise)
        return z, _log_prob(noise, tf.ones_like(noise)) - posterior.scale.log_abs_determinant()
    if isinstance(posterior, tfd.TransformedDistribution) and not is_diagonal_gaussian(posterior):
        start, log_density = reparameterize(posterior.distribution, noise)
        change = posterior.bijector.forward_log_det_jacobian(start, event_ndims=1)
        return posterior.bijector.forward(start), log_density - change
    loc, scale = posterior.mean(), posterior.stddev()
    return loc + scale * noise, _log_prob(noise, scale)


def check_reparameterized(posterior: tfd.Distribution) -> None:
    """Raises `TypeError` unless gradients pass through a posterior's samples."""
    if posterior.reparameterization_type != tfd.FULLY_REPARAMETERIZED:
        raise TypeError(
            f"Gradients do not pass through samples of the posterior {type(posterior).__name__!r}. "
            "It must be a reparameterised distribution, such as a Gaussian."
        )


def check_shape(posterior: Any, batch: int | None, latent_dim: int, what: str) -> None:
    """Raises `TypeError` or `ValueError` unless it is a distribution over codes of each item.

    Arguments:
        posterior: What should be a TFP distribution.
        batch: Number of items; None where it is not known.
        latent_dim: Number of latent dimensions.
        what: What returned it, for the error.
    """
    if not isinstance(posterior, tfd.Distribution):
        raise TypeError(
            f"{what} must return a distribution of TensorFlow Probability. Received: {posterior!r}."
        )
    shapes = posterior.batch_shape, posterior.event_shape
    fits = isinstance(shapes[1], tf.TensorShape) and all(
        shape.is_compatible_with(wanted)
        for shape, wanted in zip(shapes, ((batch,), (latent_dim,)), strict=True)
    )
    if not fits:
        raise ValueError(
            f"{what} must return a distribution of batch shape (batch,) and event shape "
            f"({latent_dim},). Received batch shape {shapes[0]} and event shape {shapes[1]}. "
            "`tfd.Independent(distribution, 1)` makes the last axis of one the event."
        )


def analytic_kl(posterior: tfd.Distribution, prior: tfd.Distribution) -> tf.Tensor | None:
    """KL(q || p) in nats, of the posterior's batch shape; None where no closed form is known."""
    if isinstance(posterior, CORRELATED) and is_diagonal_gaussian(prior):
        prior = tfd.MultivariateNormalDiag(prior.mean(), prior.stddev())
    try:
        return tfd.kl_divergence(posterior, prior)
    except NotImplementedError:
        return None


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


def _along_path(posterior: tfd.Distribution, z: tf.Tensor, log_density: tf.Tensor) -> tf.Tensor:
    """The log-density, whose gradient runs through z alone: its slope there times z's."""
    place = tf.stop_gradient(z)
    with tf.GradientTape() as tape:
        tape.watch(place)
        density = posterior.log_prob(place)
    slope = tf.stop_gradient(tape.gradient(density, place))
    return tf.stop_gradient(log_density) + tf.reduce_sum(slope * (z - place), axis=-1)


def _log_prob(noise: tf.Tensor, scale: tf.Tensor) -> tf.Tensor:
    standard = diagonal_gaussian(tf.zeros_like(scale), tf.ones_like(scale))
    return standard.log_prob(noise) - tf.reduce_sum(tf.math.log(scale), axis=-1)

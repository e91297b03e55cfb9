"""TFP distributions that TFP lacks, or has at a cost: what heads and priors are made of."""

import functools
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from keras_vae import random
from keras_vae._internal.backend import tf, tfd, tfp


def has_independent_values(distribution: tfd.Distribution) -> bool:
    """Whether it is a `tfd.Independent` of single values, each with a density of its own.

    TFP uses another class of that name for distributions that are not composite tensors, such as
    most that users write.
    """
    is_independent = hasattr(distribution, "reinterpreted_batch_ndims")
    return is_independent and distribution.distribution.event_shape.rank == 0


def log_prob(
    distribution: tfd.Distribution, value: tf.Tensor, mask: tf.Tensor | None = None
) -> tf.Tensor:
    """The log-density of a value that may be of another type than the distribution.

    Arguments:
        distribution: TFP distribution; with a mask a `tfd.Independent`.
        value: Tensor; of a joint distribution a tuple of them.
        mask: Boolean tensor, true where a part of the value is missing and does not count.

    Raises:
        TypeError: If there is a mask and the parts depend on each other.
    """
    value = tf.nest.map_structure(tf.cast, value, distribution.dtype)
    if mask is None:
        return distribution.log_prob(value)
    if not has_independent_values(distribution):
        raise TypeError(
            "Missing values need a likelihood of independent values, a `tfd.Independent`. "
            f"Received: {type(distribution).__name__}."
        )
    each = distribution.distribution.log_prob(value)
    there = tf.where(mask, tf.zeros_like(each), each)
    return tf.reduce_sum(there, axis=tf.range(-len(distribution.event_shape), 0))


class LogitBernoulli(tfd.Independent):
    """Independent Bernoulli pixels whose log-density is the sum of `x l - softplus(l)`.

    TFP's own guards against infinite logits, with two softplus a pixel, and takes two logarithms.
    Here eight pixels share one, which saves up to a tenth of a whole training step on a CPU.

    Arguments:
        logits: Tensor of shape (..., *event shape).
        event_ndims: Number of axes of an event.
    """

    def __init__(self, logits: tf.Tensor, event_ndims: int, name: str = "LogitBernoulli") -> None:
        parameters = dict(locals())
        pixels = tfd.Bernoulli(logits=logits, dtype=logits.dtype)
        super().__init__(pixels, reinterpreted_batch_ndims=event_ndims, name=name)
        self._parameters = parameters

    def _log_prob(self, event: tf.Tensor) -> tf.Tensor:
        logits = self.distribution.logits
        axes = tf.range(-self.reinterpreted_batch_ndims, 0)
        # The gradient of `tf.nn.relu` is 0 at 0, of which `_sum_log1p_exp` has the other half.
        linear = tf.cast(event, logits.dtype) * logits - tf.nn.relu(logits)
        rows = tf.reshape(logits, (-1, math.prod(self.event_shape)))
        rest = tf.reshape(_sum_log1p_exp(rows), self.batch_shape_tensor())
        return tf.reduce_sum(linear, axis=axes) - rest


@tf.custom_gradient
def _sum_log1p_exp(logits: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
    """The sum over columns of `log(1 + exp(-|l|))`: the logarithm of a product of eight at a time.

    Each factor is at most 2, so that no product overflows. The gradient is that of softplus less
    the step at 0, which also holds at 0 itself.
    """
    small = tf.exp(-tf.abs(logits))
    padded = tf.pad(small, ((0, 0), (0, -logits.shape[-1] % 8)))
    products = functools.reduce(operator.mul, tf.split(1.0 + padded, 8, axis=-1))

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        return upstream[:, None] * tf.where(logits > 0.0, -small, small) / (1.0 + small)

    return tf.reduce_sum(tf.math.log(products), axis=-1), gradient


class DiscretizedLogistic(tfd.Distribution):
    """A logistic variable in the bin of `levels` that it falls into.

    Level i of n stands for the bin [i / n, (i + 1) / n); the first and the last bin take the
    tails. Values are the pixels themselves, i / (n - 1), in [0, 1]. With s the logistic function,
    a bin from b to a has probability `s(a) - s(b) = s(a) s(-b) (1 - exp(b - a))`, whose logarithm
    loses nothing far out in the tails.

    Arguments:
        loc: Tensor, the logistic's location; 0 and 1 are the ends of the grey scale.
        log_scale: Tensor of the same shape.
        levels: Number n of grey levels.

    Reference: Salimans et al., "PixelCNN++", 2017, Section 2.1; Kingma et al. 2016.
    """

    def __init__(
        self,
        loc: tf.Tensor,
        log_scale: tf.Tensor,
        levels: int = 256,
        name: str = "DiscretizedLogistic",
    ) -> None:
        parameters = dict(locals())
        self.loc, self.scale, self.levels = loc, tf.exp(log_scale), levels
        super().__init__(
            dtype=loc.dtype,
            reparameterization_type=tfd.NOT_REPARAMETERIZED,
            validate_args=False,
            allow_nan_stats=False,
            parameters=parameters,
            name=name,
        )

    def _event_shape(self) -> tf.TensorShape:
        return tf.TensorShape([])

    def _event_shape_tensor(self) -> tf.Tensor:
        return tf.constant([], dtype=tf.int32)

    def _batch_shape(self) -> tf.TensorShape:
        return tf.broadcast_static_shape(self.loc.shape, self.scale.shape)

    def _batch_shape_tensor(self) -> tf.Tensor:
        return tf.broadcast_dynamic_shape(tf.shape(self.loc), tf.shape(self.scale))

    def _log_prob(self, pixels: tf.Tensor) -> tf.Tensor:
        level = tf.round(tf.cast(pixels, self.dtype) * (self.levels - 1))
        lower = (level / self.levels - self.loc) / self.scale
        width = 1.0 / (self.levels * self.scale)
        upper = lower + width
        below = tf.math.log_sigmoid(upper)
        above = tf.math.log_sigmoid(-lower)
        within = below + above + tf.math.log(-tf.math.expm1(-width))
        inner = tf.where(level <= 0.0, below, within)
        return tf.where(level >= self.levels - 1, above, inner)

    def _mean(self) -> tf.Tensor:
        """The sum over levels of P(x >= level), by its midpoint integral.

        From a scale of 1.2 bins on the error is below 1e-10 away from the ends of the grey scale,
        and below 4e-5, a hundredth of a level, at them.
        """
        first, last = (self.loc - i / self.levels for i in (0.5, self.levels - 0.5))
        softplus = tf.math.softplus(first / self.scale) - tf.math.softplus(last / self.scale)
        return self.levels * self.scale * softplus / (self.levels - 1)

    def _sample_n(self, n: tf.Tensor, seed: tf.Tensor | None = None) -> tf.Tensor:
        shape = tf.concat([[n], self._batch_shape_tensor()], axis=0)
        uniform = random.uniform(shape, tfp.random.sanitize_seed(seed), self.dtype)
        logistic = self.loc + self.scale * (tf.math.log(uniform) - tf.math.log1p(-uniform))
        level = tf.clip_by_value(tf.floor(logistic * self.levels), 0.0, self.levels - 1.0)
        return level / (self.levels - 1)


class Columns(tfd.Distribution):
    """Columns of a table, of which groups are independent values of distributions of their own.

    Arguments:
        parts: TFP distributions of single values, with batch shapes (..., columns of a group).
        columns: The columns of each group; all of them are 0, 1, ..., D - 1.
        dtype: Type of the table, to which values of the parts are cast.
    """

    def __init__(
        self,
        parts: Sequence[tfd.Distribution],
        columns: Sequence[Sequence[int]],
        dtype: Any,
        name: str = "Columns",
    ) -> None:
        parameters = dict(locals())
        self.parts, self.columns = list(parts), [list(group) for group in columns]
        self._order = np.argsort(np.concatenate(self.columns))
        super().__init__(
            dtype=tf.as_dtype(dtype),
            reparameterization_type=tfd.NOT_REPARAMETERIZED,
            validate_args=False,
            allow_nan_stats=False,
            parameters=parameters,
            name=name,
        )

    def in_order(self, values: Sequence[tf.Tensor]) -> tf.Tensor:
        """One value of each group, (..., columns of the group), as a table, (..., D)."""
        table = tf.concat([tf.cast(value, self.dtype) for value in values], axis=-1)
        return tf.gather(table, self._order, axis=-1)

    def _event_shape(self) -> tf.TensorShape:
        return tf.TensorShape([])

    def _event_shape_tensor(self) -> tf.Tensor:
        return tf.constant([], dtype=tf.int32)

    def _batch_shape(self) -> tf.TensorShape:
        return self.parts[0].batch_shape[:-1].concatenate([len(self._order)])

    def _batch_shape_tensor(self) -> tf.Tensor:
        rows = self.parts[0].batch_shape_tensor()[:-1]
        return tf.concat([rows, [len(self._order)]], axis=0)

    def _log_prob(self, table: tf.Tensor) -> tf.Tensor:
        groups = (tf.gather(table, group, axis=-1) for group in self.columns)
        return self.in_order(
            [
                part.log_prob(tf.cast(x, part.dtype))
                for part, x in zip(self.parts, groups, strict=True)
            ]
        )

    def _mean(self) -> tf.Tensor:
        return self.in_order([part.mean() for part in self.parts])

    def _sample_n(self, n: tf.Tensor, seed: tf.Tensor | None = None) -> tf.Tensor:
        seeds = tfp.random.split_seed(seed, n=len(self.parts))
        return self.in_order(
            [part.sample(n, seed=seeds[number]) for number, part in enumerate(self.parts)]
        )


class DiagonalGaussianMixture(tfd.Distribution):
    """sum_k w_k N(loc_k, diag(scale_k^2)).

    With |z - m|^2 / s^2 = z^2 / s^2 - 2 z m / s^2 + m^2 / s^2 summed over dimensions, the table of
    all components' squared distances at all points takes two matrix products, and no tensor of
    shape (points, components, dimensions). The squares cancel, which would cost float32 whole
    nats at small scales; so the products are float64's. With D = 40 their error stays below 1e-3
    nats up to distances of 1e5 scales. It also keeps TensorFloat-32 away, which GPUs use for
    float32's products. Locations are taken relative to their mean, so that a common offset costs
    nothing.

    Arguments:
        logits: Tensor of shape (components,), log-weights up to a constant.
        loc: Tensor of shape (components, D).
        scale: Positive tensor of shape (components, D).
    """

    def __init__(
        self,
        logits: tf.Tensor,
        loc: tf.Tensor,
        scale: tf.Tensor,
        name: str = "DiagonalGaussianMixture",
    ) -> None:
        parameters = dict(locals())
        self.logits, self.loc, self.scale = logits, loc, scale
        super().__init__(
            dtype=loc.dtype,
            reparameterization_type=tfd.NOT_REPARAMETERIZED,
            validate_args=False,
            allow_nan_stats=False,
            parameters=parameters,
            name=name,
        )

    def _event_shape(self) -> tf.TensorShape:
        return self.loc.shape[-1:]

    def _event_shape_tensor(self) -> tf.Tensor:
        return tf.shape(self.loc)[-1:]

    def _batch_shape(self) -> tf.TensorShape:
        return tf.TensorShape([])

    def _batch_shape_tensor(self) -> tf.Tensor:
        return tf.constant([], dtype=tf.int32)

    def component_log_prob(self, z: tf.Tensor) -> tf.Tensor:
        """Log-density of each component, shape (..., components), at z of shape (..., D)."""
        dimensions = self.loc.shape[-1]
        z, loc, scale = (tf.cast(value, tf.float64) for value in (z, self.loc, self.scale))
        centre = tf.stop_gradient(tf.reduce_mean(loc, axis=0))
        points, loc, precision = tf.reshape(z, (-1, dimensions)) - centre, loc - centre, scale**-2
        products = points**2 @ tf.transpose(precision) - 2.0 * points @ tf.transpose(
            loc * precision
        )
        distances = tf.maximum(products + tf.reduce_sum(loc**2 * precision, axis=-1), 0.0)
        norms = tf.reduce_sum(2.0 * tf.math.log(self.scale) + math.log(2.0 * math.pi), axis=-1)
        table = -0.5 * (tf.cast(distances, self.dtype) + norms)
        return tf.reshape(table, tf.concat([tf.shape(z)[:-1], [self.loc.shape[0]]], axis=0))

    def _log_prob(self, z: tf.Tensor) -> tf.Tensor:
        weighted = self.component_log_prob(z) + tf.nn.log_softmax(self.logits)
        return tf.reduce_logsumexp(weighted, axis=-1)

    def _sample_n(self, n: tf.Tensor, seed: tf.Tensor | None = None) -> tf.Tensor:
        component_seed, noise_seed = tf.unstack(
            tf.random.experimental.stateless_split(tfp.random.sanitize_seed(seed), 2, alg="philox")
        )
        # Inverting the distribution function draws the same numbers on every device.
        ends = tf.cumsum(tf.nn.softmax(self.logits))
        uniform = random.uniform((n,), component_seed, self.dtype)
        component = tf.minimum(tf.searchsorted(ends, uniform, side="right"), self.loc.shape[0] - 1)
        noise = random.normal((n, self.loc.shape[-1]), noise_seed, self.dtype)
        return tf.gather(self.loc, component) + tf.gather(self.scale, component) * noise

    def _mean(self) -> tf.Tensor:
        return tf.reduce_sum(tf.nn.softmax(self.logits)[:, None] * self.loc, axis=0)


class CorrelatedGaussian(tfd.MultivariateNormalTriL):
    """`tfd.MultivariateNormalTriL`, whose deviations TensorFlow Lite can compute too."""

    def _stddev(self) -> tf.Tensor:
        return tf.norm(self.parameters["scale_tril"], axis=-1)


class GaussianFlow(tfd.TransformedDistribution):
    """A diagonal Gaussian under bijectors, whose mean and deviation are estimated.

    Arguments:
        distribution: `tfd.Independent` of `tfd.Normal`, with event shape (D,).
        bijector: TFP bijector of vectors.
        noise: Array of shape (samples, D): the standard-normal noise of the samples of which
            `mean` and `stddev` are the estimates, the same for all of the batch.
    """

    def __init__(
        self,
        distribution: tfd.Distribution,
        bijector: Any,
        noise: np.ndarray,
        name: str = "GaussianFlow",
    ) -> None:
        parameters = dict(locals())
        self.noise = noise
        super().__init__(distribution, bijector, parameters=parameters, name=name)

    @classmethod
    def _parameter_properties(cls, dtype: Any, num_classes: Any = None) -> dict[str, Any]:
        inherited = super()._parameter_properties(dtype, num_classes)
        return {**inherited, "noise": tfp.util.ParameterProperties(event_ndims=2)}

    def _log_prob(self, z: tf.Tensor) -> tf.Tensor:
        loc = self.distribution.mean()
        if z.shape[-loc.shape.rank :] != loc.shape:
            # Networks see all items of the batch, where z is the same for several.
            z = tf.broadcast_to(z, tf.broadcast_dynamic_shape(tf.shape(z), tf.shape(loc)))
        return super()._log_prob(z)

    def _mean(self) -> tf.Tensor:
        return tf.reduce_mean(self._samples(), axis=0)

    def _stddev(self) -> tf.Tensor:
        return tf.math.reduce_std(self._samples(), axis=0)

    def _samples(self) -> tf.Tensor:
        loc, scale = self.distribution.mean(), self.distribution.stddev()
        ones = [1] * (loc.shape.rank - 1)
        noise = tf.reshape(self.noise, (len(self.noise), *ones, self.noise.shape[-1]))
        return self.bijector.forward(loc + scale * noise)

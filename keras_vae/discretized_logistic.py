"""The logistic distribution over the grey levels of a pixel."""

from keras_vae import random
from keras_vae._internal.backend import tf, tfp

tfd = tfp.distributions


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

    def __init__(self, loc, log_scale, levels=256, name="DiscretizedLogistic"):
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

    def _event_shape(self):
        return tf.TensorShape([])

    def _event_shape_tensor(self):
        return tf.constant([], dtype=tf.int32)

    def _batch_shape(self):
        return tf.broadcast_static_shape(self.loc.shape, self.scale.shape)

    def _batch_shape_tensor(self):
        return tf.broadcast_dynamic_shape(tf.shape(self.loc), tf.shape(self.scale))

    def _log_prob(self, pixels):
        level = tf.round(tf.cast(pixels, self.dtype) * (self.levels - 1))
        lower = (level / self.levels - self.loc) / self.scale
        width = 1.0 / (self.levels * self.scale)
        upper = lower + width
        below = tf.math.log_sigmoid(upper)
        above = tf.math.log_sigmoid(-lower)
        within = below + above + tf.math.log(-tf.math.expm1(-width))
        inner = tf.where(level <= 0.0, below, within)
        return tf.where(level >= self.levels - 1, above, inner)

    def _mean(self):
        """The sum over levels of P(x >= level), by its midpoint integral.

        From a scale of 1.2 bins on the error is below 1e-10 away from the ends of the grey scale,
        and below 4e-5, a hundredth of a level, at them.
        """
        first, last = (self.loc - i / self.levels for i in (0.5, self.levels - 0.5))
        softplus = tf.math.softplus(first / self.scale) - tf.math.softplus(last / self.scale)
        return self.levels * self.scale * softplus / (self.levels - 1)

    def _sample_n(self, n, seed=None):
        shape = tf.concat([[n], self._batch_shape_tensor()], axis=0)
        uniform = random.uniform(shape, tfp.random.sanitize_seed(seed), self.dtype)
        logistic = self.loc + self.scale * (tf.math.log(uniform) - tf.math.log1p(-uniform))
        level = tf.clip_by_value(tf.floor(logistic * self.levels), 0.0, self.levels - 1.0)
        return level / (self.levels - 1)

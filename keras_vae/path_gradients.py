"""Doubly reparameterised gradients: the encoder's with the same mean, as a rule less noisy.

The gradient of a bound with respect to the posterior's parameters has two parts. One runs along
the sample's path z = mu + sigma epsilon; the other, the score `d log q(z|x)` at a fixed z, has mean
zero for the ELBO and a noisy one for other bounds. Reparameterising that second part a second time
turns it into a multiple of the first. With normalised weights `v_k`, proportional to
`w_k^(1 - alpha)`, what is left is

    sum_k (1 - beta (1 - alpha) (1 - v_k)) v_k  d log w_k / d z_k  d z_k / d parameters.

For alpha = 0 and beta = 1 the coefficient is `v_k^2`.

Reference: Tucker, Lawson, Gu & Maddison, "Doubly Reparameterized Gradient Estimators for Monte
Carlo Objectives", 2019, equation 8; for alpha = 1, Roeder, Wu & Duvenaud, "Sticking the Landing",
2017.
"""

from keras_vae._internal.backend import tf


def path_factor(log_weights, alpha, beta=1.0):
    """What the gradient along each sample's path is multiplied by.

    Arguments:
        log_weights: Tensor of shape (samples, batch), in nats.
        alpha: Finite order of the Renyi bound.
        beta: Weight of the prior and posterior terms in the log-weights.

    Returns:
        Tensor of shape (samples, batch): `1 - beta (1 - alpha) (1 - v_k)`.
    """
    order = tf.cast(1.0 - alpha, log_weights.dtype)
    normalized = tf.nn.softmax(order * log_weights, axis=0)
    return tf.stop_gradient(1.0 - beta * order * (1.0 - normalized))


class PathGate:
    """The identity on samples, whose gradient is multiplied by a factor that is known later.

    The factor depends on the log-weights, which are made from what comes out of the gate. It has
    to be set before the gradient is taken.

    Attributes:
        factor: Tensor of the samples' shape without its last axis.
    """

    factor = None

    def __call__(self, z):
        @tf.custom_gradient
        def gate(value):
            return tf.identity(value), lambda upstream: upstream * self.factor[..., None]

        return gate(z)

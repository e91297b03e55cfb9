"""Gaussian posteriors: with independent codes, with correlated ones, of one of several levels."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_vae._internal.backend import keras, tf, tfd, tfp
from keras_vae.distributions import CorrelatedGaussian
from keras_vae.networks import JointStack, dense, over_rows
from keras_vae.posteriors.base import Posterior
from keras_vae.posteriors.sampling import diagonal_gaussian
from keras_vae.random import derive_seed

# Seeds of the two heads; hidden layers take the numbers from 0 on.
LOC, LOG_VARIANCE = 101, 102


@keras.saving.register_keras_serializable(package="keras_vae")
class DiagonalGaussian(Posterior):
    """q(z|x) = N(mu, diag(sigma^2)), with heads for mu and log sigma^2.

    Reference: Kingma & Welling 2013, Section 3 and Appendix C.
    """

    parameters = ("loc", "log_variance")

    def make_distribution(self, *parameters: tf.Tensor) -> tfd.Distribution:
        loc, log_variance = parameters
        return diagonal_gaussian(loc, tf.exp(0.5 * log_variance))


@keras.saving.register_keras_serializable(package="keras_vae")
class FullCovarianceGaussian(Posterior):
    """q(z|x) = N(mu, L L^T), with heads for mu and for the lower triangular L.

    The second head gives the D (D + 1) / 2 entries in the order of
    `tfp.math.fill_triangular_inverse`; L's diagonal is `exp` of half of its own entries, so that
    they are log variances where the others are 0.

    Reference: Kingma & Welling, "An Introduction to Variational Autoencoders", 2019, Section
    2.5.1.
    """

    parameters = ("loc", "scale_tril")

    def parameter_size(self, name: str) -> int:
        dims = self.latent_dim
        return dims * (dims + 1) // 2 if name == "scale_tril" else dims

    def make_distribution(self, *parameters: tf.Tensor) -> tfd.Distribution:
        loc, entries = parameters
        lower = tfp.math.fill_triangular(entries)
        # XLA has no gradient of `set_diag` for batches of any size, TensorFlow Lite no `diag_part`.
        identity = np.eye(self.latent_dim, dtype=lower.dtype.name)
        off_diagonal = lower * np.tri(self.latent_dim, k=-1, dtype=lower.dtype.name)
        diagonal = tf.exp(0.5 * tf.reduce_sum(lower * identity, axis=-1))
        return CorrelatedGaussian(loc, off_diagonal + diagonal[..., None] * identity)


class ConditionalGaussian(keras.layers.Layer):
    """A diagonal Gaussian whose parameters are a network of several inputs.

    It is the posterior of one of several levels, given the data and the levels above it.

    Arguments:
        input_dims: Width of each input.
        latent_dim: Dimensions of the Gaussian.
        hidden_units: Size of the hidden layers.
        joint_layers: Hidden layers after each input's own.
        seed: Integer from which the weights are drawn.
        density_dtype: Type of the Gaussian's parameters.
        log_variance_range: Least and largest log variance, beyond which it is clipped and has no
            gradient; None for none.
        **kwargs: `activation`, `gated`, `dtype` and the initialisers of `JointStack`.
    """

    def __init__(
        self,
        input_dims: Sequence[int],
        latent_dim: int,
        hidden_units: int,
        *,
        joint_layers: int,
        seed: int,
        density_dtype: str = "float32",
        log_variance_range: Sequence[float] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(dtype=kwargs.get("dtype"))
        self.log_variance_range = log_variance_range
        self.hidden = JointStack(
            input_dims, hidden_units, joint_layers=joint_layers, seed=seed, **kwargs
        )
        self.hidden.build()
        initializers = (kwargs["kernel_initializer"], kwargs["bias_initializer"])
        self.loc_head, self.log_variance_head = (
            dense(
                latent_dim,
                initializers[0],
                derive_seed(seed, purpose),
                bias_initializer=initializers[1],
                name=name,
                dtype=density_dtype,
            )
            for name, purpose in (("loc", LOC), ("log_variance", LOG_VARIANCE))
        )
        for head in (self.loc_head, self.log_variance_head):
            head.build((None, hidden_units))
        self.built = True

    def call(self, inputs: Sequence[tf.Tensor]) -> tfd.Distribution:
        """Returns a `diagonal_gaussian` over the inputs' common leading axes."""
        hidden = self.hidden(inputs)
        log_variance = over_rows(self.log_variance_head, hidden)
        if self.log_variance_range is not None:
            log_variance = tf.clip_by_value(log_variance, *self.log_variance_range)
        scale = tf.exp(0.5 * log_variance)
        return diagonal_gaussian(over_rows(self.loc_head, hidden), scale)

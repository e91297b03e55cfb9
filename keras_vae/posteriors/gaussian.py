"""Gaussian posteriors, with independent and with correlated codes."""

import numpy as np

from keras_vae._internal.backend import keras, tf, tfd, tfp
from keras_vae.distributions import CorrelatedGaussian
from keras_vae.posteriors.base import Posterior
from keras_vae.posteriors.sampling import diagonal_gaussian


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

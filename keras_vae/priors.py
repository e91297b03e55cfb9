"""Priors over the latent variable."""

import keras
import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae import registry

tfd = tfp.distributions


class Prior(keras.layers.Layer):
    """Base of the priors p(z).

    A prior may own weights and may be rebuilt from the encoder at each step, which is why
    its distribution is made by a method and not stored.
    """

    def build_for(self, latent_dim, image_shape):
        """Creates the prior's weights.

        Arguments:
            latent_dim: Number of latent dimensions.
            image_shape: Shape of one image, for priors that learn pseudo-inputs.
        """
        self.latent_dim = latent_dim
        self.built = True

    def distribution(self, encode):
        """The distribution over z.

        Arguments:
            encode: Function from images to the posterior, for priors made of posteriors.

        Returns:
            A TFP distribution with batch shape () and event shape (latent_dim,).
        """
        raise NotImplementedError


@keras.saving.register_keras_serializable(package="keras_vae")
class StandardNormal(Prior):
    """p(z) = N(0, I)."""

    def distribution(self, encode):
        return tfd.Independent(
            tfd.Normal(loc=tf.zeros(self.latent_dim), scale=tf.ones(self.latent_dim)),
            reinterpreted_batch_ndims=1,
        )


PRIORS = {"standard_normal": StandardNormal}


def get(identifier):
    """Returns a prior from a name, a config, an instance or None (standard normal)."""
    if identifier is None:
        identifier = "standard_normal"
    return registry.get(identifier, PRIORS, Prior, "prior")

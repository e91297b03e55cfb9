"""What every prior shares, and the one that learns nothing."""

from collections.abc import Callable, Sequence

from keras_vae import likelihoods
from keras_vae._internal.backend import keras, tf, tfd
from keras_vae._internal.checks import check_pixels, check_seen_by_keras

# The model's own encoder, from images to q(z|x).
Encoder = Callable[[tf.Tensor], tfd.Distribution]


class Prior(keras.layers.Layer):
    """Base of the priors p(z).

    A prior may own weights and may be rebuilt from the encoder at each step, which is why
    its distribution is made by a method and not stored.
    """

    built: bool
    how_to_learn = (
        "Create them with `add_weight`, or make them those of Keras layers that are the prior's "
        "attributes."
    )

    def build_for(
        self,
        latent_dim: int,
        image_shape: tuple[int, ...],
        likelihood: likelihoods.Likelihood | None = None,
    ) -> None:
        """Creates the prior's weights, once: a prior belongs to one model.

        Arguments:
            latent_dim: Number of latent dimensions.
            image_shape: Shape of one item, for priors that learn pseudo-inputs.
            likelihood: The model's, which says what data may be; None for pixels.

        Raises:
            ValueError: If the prior already belongs to a model.
        """
        if self.built:
            raise ValueError("This prior belongs to another model. Give each model its own.")
        self.latent_dim = latent_dim
        self.interval = (0.0, 1.0) if likelihood is None else likelihood.interval
        self.check_inputs = check_pixels if likelihood is None else likelihood.check_inputs
        self.create_weights(latent_dim, image_shape)
        self.built = True

    def check_weights(self, encode: Encoder, model_variables: Sequence[keras.Variable]) -> None:
        """Raises `ValueError` if the density depends on trainable weights that Keras cannot see.

        Arguments:
            encode: As in `distribution`.
            model_variables: All variables that the model trains.
        """
        with tf.GradientTape() as tape:
            prior = self.distribution(encode)
            prior.log_prob(tf.zeros((1, self.latent_dim), prior.dtype))
        name, watched = f"prior {type(self).__name__!r}", tape.watched_variables()
        check_seen_by_keras(name, watched, model_variables, self.how_to_learn)

    def create_weights(self, latent_dim: int, image_shape: tuple[int, ...]) -> None:
        """Creates what the prior learns; nothing by default."""

    def distribution(self, encode: Encoder) -> tfd.Distribution:
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

    def distribution(self, encode: Encoder) -> tfd.Distribution:
        parameters = (make(self.latent_dim, self.compute_dtype) for make in (tf.zeros, tf.ones))
        return tfd.Independent(tfd.Normal(*parameters), reinterpreted_batch_ndims=1)

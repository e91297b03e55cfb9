"""The variational auto-encoder with one stochastic layer."""

import math
from collections.abc import Sequence
from typing import Any

from keras_vae import activations, distributions, likelihoods, posteriors, priors
from keras_vae._internal.backend import initializer_config, keras, tf, tfd
from keras_vae._internal.checks import as_sizes, check_positive_integer, one_shape
from keras_vae.models.base import DEFAULT_SHAPE, LatentVariableModel
from keras_vae.models.given_networks import get_network, name_by_part, take
from keras_vae.models.inputs import Data, given
from keras_vae.networks import DenseStack
from keras_vae.objectives import LogTerms, Objective
from keras_vae.random import derive_seed

# The posterior's heads take the numbers 1 and 2.
ENCODER, DECODER, LIKELIHOOD, PRIOR = 0, 3, 4, 5
POSTERIOR = 6
# Apart from the numbers of a dense network's layers, which the same seed leads to.
GIVEN = 301
HIDDEN_UNITS = (200, 200)


@keras.saving.register_keras_serializable(package="keras_vae")
class VAE(LatentVariableModel):
    """Variational auto-encoder with dense networks, or with networks that are given.

    The posterior's parameters are linear in what the encoder makes of the data, and the
    likelihood's in what the decoder makes of a code. A dense decoder mirrors its encoder.

    Arguments:
        latent_dim: Number of latent dimensions.
        encoder: Keras layer or model from data (batch, *event_shape) to features of any shape;
            None for dense hidden layers.
        decoder: Keras layer or model from codes (batch, latent_dim) to features: a vector, or
            features that keep the axes of the data, whose heads are then 1x1 convolutions; None
            for dense hidden layers.
        hidden_units: Sizes of a dense encoder's hidden layers, (200, 200) unless networks are
            given; the decoder's are the reverse. An integer is one layer's.
        activation: Activation of the hidden layers.
        likelihood: `"bernoulli"`, `"gaussian"`, `"discretized_logistic"`, `"poisson"` or
            `"negative_binomial"`; or a
            `keras_vae.likelihoods.Likelihood`: an instance, a class that can be made without
            arguments, or a config of one. None is the default.
        prior: `"standard_normal"`, `"vamp"`, `"mixture_of_gaussians"` or `"flow"`; or a
            `keras_vae.priors.Prior`, given in the same ways. None is the default.
        posterior: `"diagonal"` for a diagonal Gaussian, `"full_covariance"` for one with
            correlated codes or `"inverse_autoregressive"` for a flow; or a
            `keras_vae.posteriors.Posterior`, given in the same ways. None is the default.
        objective: `"elbo"`, `"iwae"` or `"renyi"`; or a `keras_vae.objectives.Objective`, given in
            the same ways. None is the default.
        batch_norm: Whether to normalise before each hidden activation.
        gated: Whether each hidden layer is multiplied by gates `sigmoid(B x)`; a linear
            activation then gives the usual gated linear units.
        image_shape: Shape of one image, or of whatever else an item is.
        event_shape: Another name for `image_shape`, for data that are not images; give only one.
        condition_shape: Shape of the condition c of one item, as of a class's indicators; None for
            a model without conditions. Posterior and likelihood are then q(z|x, c) and p(x|z, c);
            the prior stays p(z) (Sohn et al., "Learning Structured Output Representation", 2015).
            Given networks are called with `[x, condition]` and `[z, condition]`.
        kernel_initializer: Keras initialiser of all kernels.
        bias_initializer: Keras initialiser of all biases.
        seed: Integer from which weights and noise are drawn; None draws a fresh one, which
            follows `keras.utils.set_random_seed`.

    Raises:
        ValueError: If a size is below 1, a name is unknown, no head fits what the decoder gives,
            or a VampPrior meets batch normalisation or conditions.
        TypeError: If a network is no Keras layer.

    Example:
        model = keras_vae.VAE(latent_dim=50, objective=keras_vae.objectives.IWAE(num_samples=5))
        model.compile(optimizer="adam")
        model.fit(images, epochs=10, batch_size=100)

    Example, a convolutional VAE for colour images (N, 32, 32, 3) in [0, 1]:
        layers, same = keras.layers, {"strides": 2, "padding": "same", "activation": "relu"}
        encoder = keras.Sequential(
            [layers.Conv2D(32, 3, **same), layers.Conv2D(64, 3, **same), layers.Flatten()]
        )
        decoder = keras.Sequential(
            [
                layers.Dense(8 * 8 * 64, activation="relu"),
                layers.Reshape((8, 8, 64)),
                layers.Conv2DTranspose(64, 3, **same),
                layers.Conv2DTranspose(32, 3, **same),
            ]
        )
        model = keras_vae.VAE(
            latent_dim=32, encoder=encoder, decoder=decoder, likelihood="discretized_logistic",
            event_shape=(32, 32, 3),
        )
        model.compile(keras.optimizers.Adam(1e-3))
        model.fit(images, epochs=10, batch_size=100)

    Reference: Kingma & Welling, "Auto-Encoding Variational Bayes", 2013.
    """

    def __init__(
        self,
        *,
        latent_dim: int = 50,
        encoder: Any = None,
        decoder: Any = None,
        hidden_units: int | Sequence[int] | None = None,
        activation: Any = "softplus",
        likelihood: Any = "bernoulli",
        prior: Any = "standard_normal",
        posterior: Any = "diagonal",
        objective: Any = "elbo",
        batch_norm: bool = False,
        gated: bool = False,
        image_shape: int | Sequence[int] = DEFAULT_SHAPE,
        event_shape: int | Sequence[int] | None = None,
        condition_shape: int | Sequence[int] | None = None,
        kernel_initializer: Any = "glorot_normal",
        bias_initializer: Any = "zeros",
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            objective=objective,
            image_shape=one_shape(image_shape, event_shape, DEFAULT_SHAPE),
            seed=seed,
            condition_shape=condition_shape,
            **kwargs,
        )
        check_positive_integer(latent_dim, "latent_dim")
        self.latent_dim = int(latent_dim)
        self.latent_dims = (self.latent_dim,)
        self.hidden_units = self._sizes_of(hidden_units, encoder, decoder)
        self.activation = activations.get(activation)
        self.batch_norm = batch_norm
        self.gated = gated
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self._given = {"encoder": encoder is not None, "decoder": decoder is not None}
        self.encoder, self.decoder = (
            self._stack(units, purpose, name) if network is None else network
            for network, units, purpose, name in zip(
                map(get_network, (encoder, decoder)),
                (self.hidden_units, self.hidden_units[::-1]),
                (ENCODER, DECODER),
                self._given,
                strict=True,
            )
        )
        part = posteriors.get(posterior, derive_seed(self.seed, POSTERIOR))
        part.dtype_policy = self.density_dtype
        initializers = (self.kernel_initializer, self.seed, self.bias_initializer)
        for name, head in part.make_heads(self.latent_dim, *initializers).items():
            setattr(self, f"{name}_head", head)
        self.posterior = part
        self.likelihood = likelihoods.get(likelihood)
        self.prior_layer = priors.get(prior, derive_seed(self.seed, PRIOR))
        self._build_layers()
        self.check_objective(self.objective)

    def check_objective(self, objective: Objective) -> None:
        # Before there is a prior the constructor has yet to ask again.
        free_bits = getattr(objective, "free_bits", 0.0) and self.built
        diagonal = not free_bits or (
            self.posterior.is_diagonal and posteriors.is_diagonal_gaussian(self.prior)
        )
        if not diagonal:
            raise ValueError(
                "`free_bits` need a prior and a posterior that are diagonal Gaussians, such as the "
                "standard normal: under others the KL does not divide into latent dimensions."
            )

    def _sizes_of(
        self, hidden_units: int | Sequence[int] | None, encoder: Any, decoder: Any
    ) -> tuple[int, ...]:
        if hidden_units is None:
            return HIDDEN_UNITS
        if encoder is not None or decoder is not None:
            raise ValueError(
                "`hidden_units` are those of the networks that a VAE makes itself. Give either "
                "them or an `encoder` and a `decoder`; `keras_vae.networks.DenseStack` is dense."
            )
        return as_sizes(hidden_units, "hidden_units")

    def _stack(self, units: Sequence[int], purpose: int, name: str) -> DenseStack:
        return DenseStack(
            units,
            name=name,
            activation=self.activation,
            batch_norm=self.batch_norm,
            gated=self.gated,
            kernel_initializer=self.kernel_initializer,
            bias_initializer=self.bias_initializer,
            seed=derive_seed(self.seed, purpose),
            dtype=self.dtype_policy,
        )

    def _build_layers(self) -> None:
        if self._given["encoder"]:
            seed = self._network_seed(ENCODER)
            width = math.prod(take(self.encoder, "encoder", self.input_shapes, seed))
        else:
            size = self.likelihood.vector_size(self.event_shape) + self.condition_size
            self.encoder.build((None, size))
            width = (self.hidden_units or (size,))[-1]
        name_by_part(self.posterior, "posterior")
        self.posterior.build_for(width)
        priors.check_no_batch_statistics(self.prior_layer, self.encoder._flatten_layers())
        features: int | tuple[int, ...]
        if self._given["decoder"]:
            seed = self._network_seed(DECODER)
            shapes = [(self.latent_dim,), *self.input_shapes[1:]]
            features = take(self.decoder, "decoder", shapes, seed)
        else:
            size = self.latent_dim + self.condition_size
            self.decoder.build((None, size))
            features = (self.hidden_units or (size,))[0]
        self._build_densities(
            features,
            self.latent_dim,
            self.encode,
            seed=derive_seed(self.seed, LIKELIHOOD),
            kernel_initializer=self.kernel_initializer,
            bias_initializer=self.bias_initializer,
        )

    def _network_seed(self, purpose: int) -> int:
        return derive_seed(self.seed, purpose, GIVEN)

    @property
    def prior(self) -> tfd.Distribution:
        """p(z): a TFP distribution with batch shape () and event shape (latent_dim,)."""
        return self.prior_layer.distribution(self.encode)

    def encode(
        self,
        x: Data,
        training: bool = False,
        batch_size: int | None = None,
        *,
        condition: Data | None = None,
    ) -> tfd.Distribution:
        """The posterior q(z|x), or q(z|x, condition).

        Arguments:
            x: Array of shape (batch, *event_shape).
            training: Whether batch normalisation uses the batch's own statistics.
            batch_size: Items that pass through the network at a time; None for all.
            condition: As in `log_weights`.

        Returns:
            TFP distribution with batch shape (batch,) and event shape (latent_dim,).

        Raises:
            ValueError: If the data have the wrong shape or values, or `batch_size` is below 1.
        """
        self.check_inputs(x, condition)

        def parameters(part: Data, conditions: Data | None) -> tuple[tf.Tensor, ...]:
            features = self._features(part, conditions, training)
            return self.posterior(features, training=training)

        made = self._in_batches(parameters, x, batch_size, condition)
        return self.posterior.make_distribution(*made)

    def decode(
        self, z: tf.Tensor, training: bool = False, *, condition: Data | None = None
    ) -> tfd.Distribution:
        """The likelihood p(x|z), or p(x|z, condition).

        Arguments:
            z: Latent codes of shape (..., latent_dim).
            training: Whether batch normalisation uses the batch's own statistics.
            condition: In a model with conditions, those of the codes, shape
                (..., *condition_shape); leading axes broadcast against those of the codes.

        Returns:
            TFP distribution with batch shape (...) and event shape `event_shape`.

        Raises:
            ValueError: If the last axis is not `latent_dim` long, or conditions do not fit.
        """
        z = tf.cast(tf.convert_to_tensor(z), self.density_dtype)
        if z.shape.rank == 0 or z.shape[-1] != self.latent_dim:
            raise ValueError(
                f"Expected latent codes of shape (..., {self.latent_dim}). "
                f"Received shape: {tuple(z.shape)}."
            )
        inputs, leading = self.decoder_inputs(z, condition)
        return self.likelihood.decode(self.decoder(inputs, training=training), leading)

    def _features(self, x: Data, condition: Data | None, training: bool) -> tf.Tensor:
        """What the encoder makes of data, shape (batch, units)."""
        x = self._as_data(x)
        features = self.encoder(self.encoder_inputs(x, condition), training=training)
        if not self._given["encoder"]:
            return features
        return tf.reshape(features, (tf.shape(x)[0], math.prod(features.shape[1:])))

    def sample_prior(self, n: int, seed: tf.Tensor) -> tf.Tensor:
        """Draws `n` latent codes; `seed` is an integer tensor of shape (2,)."""
        return self.prior.sample(n, seed=tf.cast(seed, tf.int32))

    def log_terms(
        self,
        x: Data,
        num_samples: int,
        seed: posteriors.Noise,
        training: bool = False,
        condition: Data | None = None,
    ) -> LogTerms:
        """Samples q(z|x) and evaluates all log-densities there.

        Arguments:
            x: Array of shape (batch, *event_shape).
            num_samples: Number of samples per image.
            seed: Integer tensor of shape (2,), or `keras_vae.posteriors.Drawn`.
            training: Whether batch normalisation uses the batch's own statistics, and whether
                gradients are doubly reparameterised, if the objective says so.
            condition: As in `log_weights`.

        Returns:
            `LogTerms`.
        """
        x = self._as_data(x)
        posterior, prior = self.encode(x, training, **given(condition)), self.prior
        posteriors.check_shape(posterior, x.shape[0], self.latent_dim, "`encode`")
        doubly_reparameterized = training and self.objective.doubly_reparameterized
        gate = posteriors.PathGate() if doubly_reparameterized else None
        z, log_posterior = posteriors.sample_with_log_prob(posterior, num_samples, seed, gate)
        terms = LogTerms(
            log_likelihood=distributions.log_prob(self.decode(z, training, **given(condition)), x),
            log_prior=tf.cast(distributions.log_prob(prior, z), z.dtype),
            log_posterior=log_posterior,
            analytic_kl=posteriors.analytic_kl(posterior, prior),
            z=z,
            posterior=posterior,
            prior=prior,
        )
        if gate is not None:
            weights = terms.log_weights(self.beta)
            gate.factor = self.objective.path_factor(weights, self.beta)
        return terms

    def call(self, inputs: Any, training: bool = False) -> tf.Tensor:
        """Reconstructs: the mean of p(x|z) at the mean of q(z|x)."""
        x, condition = self.split_inputs(inputs)
        z = self.encode(x, training, **given(condition)).mean()
        return self.likelihood.expected(self.decode(z, training, **given(condition)))

    def _network_config(self) -> dict[str, Any]:
        given = {
            name: keras.saving.serialize_keras_object(getattr(self, name))
            for name, is_given in self._given.items()
            if is_given
        }
        return given or {"hidden_units": list(self.hidden_units)}

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "latent_dim": self.latent_dim,
            **self._network_config(),
            "activation": activations.serialize(self.activation),
            "likelihood": keras.saving.serialize_keras_object(self.likelihood),
            "prior": keras.saving.serialize_keras_object(self.prior_layer),
            "posterior": keras.saving.serialize_keras_object(self.posterior),
            "objective": keras.saving.serialize_keras_object(self.objective),
            "batch_norm": self.batch_norm,
            "gated": self.gated,
            "image_shape": list(self.event_shape),
            "condition_shape": self.condition_shape and list(self.condition_shape),
            "kernel_initializer": initializer_config(self.kernel_initializer),
            "bias_initializer": initializer_config(self.bias_initializer),
            "seed": self.seed,
        }

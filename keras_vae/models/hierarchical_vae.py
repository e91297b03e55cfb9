"""The variational auto-encoder with several stochastic layers."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from keras_vae import activations, distributions, likelihoods, posteriors, priors, random
from keras_vae._internal.backend import initializer_config, keras, tf, tfd
from keras_vae._internal.checks import as_range, check_positive_integer, one_shape
from keras_vae.models.base import DEFAULT_SHAPE, LatentVariableModel
from keras_vae.models.given_networks import get_network, take
from keras_vae.models.inputs import Data, given
from keras_vae.networks import JointStack
from keras_vae.objectives import LogTerms, Objective
from keras_vae.random import derive_seed

INFERENCE, GENERATION, DECODER, LIKELIHOOD, PRIOR = range(5)
# Apart from these, which the same seed leads to.
TRUNK = 301


@keras.saving.register_keras_serializable(package="keras_vae")
class HierarchicalVAE(LatentVariableModel):
    """VAE with levels z_L, ..., z_1 from the top to the one next to the images.

    q(z|x) = q(z_L|x) prod_l q(z_l|x, z_{l+1}, ..., z_L), and
    p(x, z) = p(z_L) prod_l p(z_l|z_{l+1}, ..., z_L) p(x|z_1, ..., z_L). With two levels these are
    the networks of Zappia, Zampinetti & Schouten, "Project: Large VAE": 2 hidden layers in q(z_2|x)
    and p(z_1|z_2); in q(z_1|x, z_2) one for each input and two joint ones; in p(x|z_1, z_2) one for
    each and one joint one. A code z is a tuple of tensors, from the top down: (z_2, z_1).

    Arguments:
        latent_dims: Dimensions of each level, from the top down.
        encoder: Keras layer or model from data (batch, *event_shape) to features, of which all
            levels' posteriors are made; None for the data themselves.
        decoder: Keras layer or model from all codes side by side (batch, sum of latent_dims) to
            features as in `keras_vae.VAE`; None for hidden layers.
        hidden_units: Size of every hidden layer.
        activation: Activation of the hidden layers.
        gated: Whether each hidden layer is multiplied by gates `sigmoid(B x)`.
        likelihood: As in `keras_vae.VAE`.
        prior: Prior of the top level, as in `keras_vae.VAE`.
        objective: As in `keras_vae.VAE`; the KL divergence is always a sampled one.
        image_shape: Shape of one image, or of whatever else an item is.
        event_shape: Another name for `image_shape`, for data that are not images; give only one.
        condition_shape: As in `keras_vae.VAE`: all levels' posteriors and the likelihood are then
            given the condition, and priors of the lower levels z_l not.
        kernel_initializer: Keras initialiser of all kernels.
        bias_initializer: Keras initialiser of all biases.
        log_variance_range: Least and largest log variance of q(z_l|...) and of p(z_l|...), to which
            they are clipped; None for no limits. Tomczak & Welling's code has (-6, 2). Gated
            layers grow with the square of their input, so that one unusual item can give a level
            so large a deviation that the levels below overflow, which ends training.
        seed: Integer from which weights and noise are drawn; None draws a fresh one.

    Raises:
        ValueError: If a size is below 1, a name is unknown, there is no level, another `posterior`
            than diagonal Gaussians is asked for, or `log_variance_range` is not two numbers in
            ascending order.

    Reference: Tomczak & Welling 2018, Section 4; "Project: Large VAE", Sections 2.3 and 3.1.
    """

    def __init__(
        self,
        *,
        latent_dims: Sequence[int] = (40, 40),
        encoder: Any = None,
        decoder: Any = None,
        hidden_units: int = 300,
        activation: Any = "linear",
        gated: bool = True,
        likelihood: Any = "bernoulli",
        prior: Any = "standard_normal",
        objective: Any = "elbo",
        image_shape: int | Sequence[int] = DEFAULT_SHAPE,
        event_shape: int | Sequence[int] | None = None,
        condition_shape: int | Sequence[int] | None = None,
        kernel_initializer: Any = "glorot_normal",
        bias_initializer: Any = "zeros",
        log_variance_range: Sequence[float] | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        if kwargs.pop("posterior", "diagonal") not in ("diagonal", None):
            raise ValueError(
                "Other posteriors than diagonal Gaussians are available for `keras_vae.VAE` only: "
                "in several levels each is made of samples of those above."
            )
        super().__init__(
            objective=objective,
            image_shape=one_shape(image_shape, event_shape, DEFAULT_SHAPE),
            seed=seed,
            condition_shape=condition_shape,
            **kwargs,
        )
        if isinstance(latent_dims, int):
            raise TypeError(f"`latent_dims` must be a tuple of sizes. Received: {latent_dims}.")
        for size in (*latent_dims, hidden_units):
            check_positive_integer(size, "latent_dims and hidden_units")
        if not latent_dims:
            raise ValueError("`latent_dims` must name at least one level.")
        self.latent_dims = tuple(int(size) for size in latent_dims)
        self.hidden_units = int(hidden_units)
        self.log_variance_range = as_range(log_variance_range, "log_variance_range")
        self.network_arguments = {
            "activation": activations.get(activation),
            "gated": gated,
            "kernel_initializer": keras.initializers.get(kernel_initializer),
            "bias_initializer": keras.initializers.get(bias_initializer),
            "dtype": self.dtype_policy,
        }
        self.likelihood = likelihoods.get(likelihood)
        self.prior_layer = priors.get(prior, derive_seed(self.seed, PRIOR))
        self._given = {"encoder": encoder is not None, "decoder": decoder is not None}
        self._build_layers(*map(get_network, (encoder, decoder)))

    def _build_layers(self, encoder: Any, decoder: Any) -> None:
        width = self.likelihood.vector_size(self.event_shape) + self.condition_size
        dims, conditions = self.latent_dims, self.input_shapes[1:]
        if encoder is not None:
            self.encoder = encoder
            seed = derive_seed(self.seed, TRUNK)
            width = math.prod(take(encoder, "encoder", self.input_shapes, seed))
        self.inference = [
            self._conditional((width, *dims[:level]), level, INFERENCE, 2 if level else 1)
            for level in range(len(dims))
        ]
        self.generation = [
            self._conditional(dims[:level], level, GENERATION, 1) for level in range(1, len(dims))
        ]
        seed = derive_seed(self.seed, DECODER)
        features: int | tuple[int, ...] = self.hidden_units
        if decoder is None:
            widths = (*dims, *[self.condition_size for _ in conditions])
            decoder = JointStack(widths, self.hidden_units, seed=seed, **self.network_arguments)
            decoder.build()
        else:
            shapes = [(sum(dims),), *conditions]
            features = take(decoder, "decoder", shapes, derive_seed(seed, TRUNK))
        self.decoder = decoder
        if encoder is not None:
            priors.check_no_batch_statistics(self.prior_layer, encoder._flatten_layers())
        self._build_densities(
            features,
            dims[0],
            self._encode_top,
            seed=derive_seed(self.seed, LIKELIHOOD),
            kernel_initializer=self.network_arguments["kernel_initializer"],
            bias_initializer=self.network_arguments["bias_initializer"],
        )

    def check_objective(self, objective: Objective) -> None:
        if objective.doubly_reparameterized:
            raise ValueError(
                "Doubly reparameterised gradients are available for `keras_vae.VAE` only: in "
                "several levels the posterior's parameters depend on samples too."
            )
        if getattr(objective, "free_bits", 0.0):
            raise ValueError(
                "`free_bits` are available for `keras_vae.VAE` only: in several levels the KL does "
                "not divide into latent dimensions."
            )

    def _conditional(
        self, input_dims: Sequence[int], level: int, purpose: int, joint_layers: int
    ) -> posteriors.ConditionalGaussian:
        return posteriors.ConditionalGaussian(
            input_dims,
            self.latent_dims[level],
            self.hidden_units,
            joint_layers=joint_layers,
            seed=derive_seed(self.seed, purpose, level),
            density_dtype=self.density_dtype,
            log_variance_range=self.log_variance_range,
            **self.network_arguments,
        )

    @property
    def prior(self) -> tfd.JointDistribution:
        """p(z): a joint distribution with batch shape (), over a tuple from the top down."""

        def levels() -> Iterator[tfd.Distribution]:
            z = [(yield tfd.JointDistributionCoroutine.Root(self._top_prior()))]
            for conditional in self.generation:
                z.append((yield conditional(z)))

        return tfd.JointDistributionCoroutine(levels, sample_dtype=self._dtypes())

    def encode(
        self, x: Data, batch_size: int | None = None, *, condition: Data | None = None
    ) -> tfd.JointDistribution:
        """The posterior q(z|x), or q(z|x, condition).

        Arguments:
            x: Array of shape (batch, *event_shape).
            batch_size: Items that pass through the networks at a time; None for all.
            condition: As in `log_weights`.

        Returns:
            Joint distribution with batch shape (batch,), over a tuple from the top down.

        Raises:
            ValueError: If the data have the wrong shape or values, or `batch_size` is below 1.
        """
        self.check_inputs(x, condition)
        if batch_size is not None:
            check_positive_integer(batch_size, "batch_size")
        features = self._in_batches(self._features, x, batch_size, condition)

        def levels() -> Iterator[tfd.Distribution]:
            top = posteriors.in_batches(self.inference[0], [features], batch_size)
            z = [(yield tfd.JointDistributionCoroutine.Root(top))]
            for conditional in self.inference[1:]:
                z.append((yield posteriors.in_batches(conditional, [features, *z], batch_size)))

        return tfd.JointDistributionCoroutine(levels, sample_dtype=self._dtypes())

    def decode(
        self, z: Sequence[tf.Tensor], training: bool = False, *, condition: Data | None = None
    ) -> tfd.Distribution:
        """The likelihood p(x|z), or p(x|z, condition).

        Arguments:
            z: Tuple of codes of shapes (..., latent_dims[i]), from the top level down.
            training: Whether layers of a given decoder behave as in training.
            condition: As in `keras_vae.VAE.decode`.

        Returns:
            TFP distribution with batch shape (...) and event shape `event_shape`.

        Raises:
            ValueError: If the number of levels or a last axis does not fit.
        """
        z = [tf.cast(tf.convert_to_tensor(level), self.density_dtype) for level in z]
        received = [tuple(level.shape) for level in z]
        if [shape[-1:] for shape in received] != [(size,) for size in self.latent_dims]:
            wanted = ", ".join(f"(..., {size})" for size in self.latent_dims)
            raise ValueError(f"Expected codes of shapes {wanted}. Received: {received}.")
        if self._given["decoder"]:
            # Adding zeros of every shape broadcasts to the common one.
            common = sum(tf.zeros_like(level[..., :1]) for level in z)
            codes = tf.concat([level + common for level in z], axis=-1)
            inputs, leading = self.decoder_inputs(codes, condition)
            return self.likelihood.decode(self.decoder(inputs, training=training), leading)
        self.check_code_condition(condition, z[0])
        hidden = self.decoder(z if condition is None else [*z, self.flat_condition(condition)])
        rows = tf.reshape(hidden, (-1, self.hidden_units))
        return self.likelihood.decode(rows, tf.shape(hidden)[:-1])

    def sample_prior(self, n: int, seed: tf.Tensor) -> tuple[tf.Tensor, ...]:
        """Draws `n` codes, a tuple from the top down; `seed` is an integer tensor of shape (2,)."""
        z = [self._top_prior().sample(n, seed=tf.cast(seed, tf.int32))]
        for level, conditional in enumerate(self.generation, start=1):
            given = conditional(z)
            z.append(posteriors.reparameterize(given, self._noise(given, seed, level))[0])
        return tuple(z)

    def log_terms(
        self,
        x: Data,
        num_samples: int,
        seed: posteriors.Noise,
        training: bool = False,
        condition: Data | None = None,
    ) -> LogTerms:
        """Samples q(z|x) level by level and evaluates all log-densities there.

        Arguments:
            x: Array of shape (batch, *event_shape).
            num_samples: Number of samples per image.
            seed: Integer tensor of shape (2,), or `keras_vae.posteriors.Drawn`.
            training: Whether layers of given networks behave as in training.
            condition: As in `log_weights`.

        Returns:
            `LogTerms`, without an analytic KL.
        """
        x, features = self._as_data(x), self._features(x, condition, training)
        top, log_posterior = posteriors.sample_with_log_prob(
            self.inference[0]([features]), num_samples, seed
        )
        z, log_prior = [top], tf.cast(distributions.log_prob(self._top_prior(), top), top.dtype)
        pairs = zip(self.inference[1:], self.generation, strict=True)
        for level, (inference, generation) in enumerate(pairs, start=1):
            posterior = inference([features, *z])
            drawn, log_density = posteriors.reparameterize(
                posterior, self._noise(posterior, seed, level)
            )
            log_posterior += log_density
            log_prior += generation(z).log_prob(drawn)
            z.append(drawn)
        return LogTerms(
            log_likelihood=distributions.log_prob(self.decode(z, training, **given(condition)), x),
            log_prior=log_prior,
            log_posterior=log_posterior,
            analytic_kl=None,
            z=tuple(z),
        )

    def call(self, inputs: Any, training: bool = False) -> tf.Tensor:
        """Reconstructs: the mean of p(x|z) at each level's mean, given the means above it."""
        x, condition = self.split_inputs(inputs)
        means = [posterior.mean() for posterior in self._levels(x, condition, training)]
        return self.likelihood.expected(self.decode(means, training, **given(condition)))

    def split_levels(self, codes: tf.Tensor) -> tuple[tf.Tensor, ...]:
        return tuple(tf.split(codes, self.latent_dims, axis=-1))

    def _levels(
        self, x: Data, condition: Data | None, training: bool = False
    ) -> list[tfd.Distribution]:
        features = self._features(x, condition, training)
        levels: list[tfd.Distribution] = []
        for conditional in self.inference:
            levels.append(conditional([features, *(level.mean() for level in levels)]))
        return levels

    def _top_prior(self) -> tfd.Distribution:
        return self.prior_layer.distribution(self._encode_top)

    def _encode_top(self, x: Data) -> tfd.Distribution:
        return self.inference[0]([self._features(x)])

    def _features(
        self, x: Data, condition: Data | None = None, training: bool = False
    ) -> tf.Tensor:
        """What the posteriors of all levels are made of, shape (batch, units)."""
        x = self._as_data(x)
        inputs = self.encoder_inputs(x, condition)
        if not self._given["encoder"]:
            return inputs
        features = self.encoder(inputs, training=training)
        return tf.reshape(features, (tf.shape(x)[0], math.prod(features.shape[1:])))

    def _noise(
        self, distribution: tfd.Distribution, seed: posteriors.Noise, level: int
    ) -> tf.Tensor:
        if isinstance(seed, posteriors.Drawn):
            return tf.cast(seed.levels[level], distribution.dtype)
        seed = posteriors.level_seed(seed, level)
        return random.normal(tf.shape(distribution.mean()), seed, distribution.dtype)

    def _dtypes(self) -> tuple[str, ...]:
        return tuple(self.density_dtype for _ in self.latent_dims)

    def get_config(self) -> dict[str, Any]:
        arguments = self.network_arguments
        return {
            **super().get_config(),
            **{
                name: keras.saving.serialize_keras_object(getattr(self, name))
                for name, is_given in self._given.items()
                if is_given
            },
            "latent_dims": list(self.latent_dims),
            "hidden_units": self.hidden_units,
            "activation": activations.serialize(arguments["activation"]),
            "gated": arguments["gated"],
            "likelihood": keras.saving.serialize_keras_object(self.likelihood),
            "prior": keras.saving.serialize_keras_object(self.prior_layer),
            "objective": keras.saving.serialize_keras_object(self.objective),
            "image_shape": list(self.event_shape),
            "condition_shape": self.condition_shape and list(self.condition_shape),
            "kernel_initializer": initializer_config(arguments["kernel_initializer"]),
            "bias_initializer": initializer_config(arguments["bias_initializer"]),
            "log_variance_range": self.log_variance_range and list(self.log_variance_range),
            "seed": self.seed,
        }

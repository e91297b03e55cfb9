"""A prior that TFP's bijectors make of the standard normal."""

import types
from collections.abc import Sequence
from typing import Any

from keras_vae._internal.backend import keras, tf, tfd, tfp
from keras_vae._internal.checks import as_sizes, check_choice, check_positive_integer
from keras_vae.activations import get as get_activation
from keras_vae.activations import serialize as serialize_activation
from keras_vae.networks import DenseStack, MaskedAutoregressiveNetwork, dense, draw_weights
from keras_vae.priors.base import Encoder, Prior
from keras_vae.random import derive_seed, resolve_seed

tfb = tfp.bijectors
KINDS = ("masked_autoregressive", "real_nvp")
DEFAULTS = {"num_flows": 2, "hidden_units": (64,), "activation": "relu"}
# Of one step of a named bijector.
LARGEST_LOG_SCALE = 2.0


@keras.saving.register_keras_serializable(package="keras_vae")
class Flow(Prior):
    """p(z) of codes that a learned bijector makes of a standard normal.

    Arguments:
        bijector: `"masked_autoregressive"`, whose density takes one pass and a sample one a
            dimension, or `"real_nvp"`, for which both take one; or a function from the number of
            latent dimensions to a `tfp.bijectors.Bijector`. What this learns are the weights of
            Keras layers that bijectors are made of. Register a function with
            `keras.saving.register_keras_serializable`, so that models can be loaded.
        num_flows: Number of steps of a bijector given by name, 2 unless given; each but the last
            reverses the order of dimensions. One scales a dimension by at most e^2.
        hidden_units: Sizes of the hidden layers of each step's network, (64,) unless given.
        activation: Activation of the hidden layers, `"relu"` unless given.
        seed: Integer from which the weights are drawn; None draws a fresh one.

    Raises:
        ValueError: If the name is unknown, a size is below 1, or a function comes with options of
            the named bijectors.
        TypeError: If a bijector is given, or something else that is neither a name nor a function.

    Reference: Papamakarios, Pavlakou & Murray, "Masked Autoregressive Flow for Density
    Estimation", 2017; Dinh, Sohl-Dickstein & Bengio, "Density Estimation using Real NVP", 2017.

    Example:
        @keras.saving.register_keras_serializable("mine")
        def coupling(latent_dim):
            network = keras_vae.networks.MaskedAutoregressiveNetwork(2, (32, 32))
            return tfp.bijectors.MaskedAutoregressiveFlow(network)

        model = keras_vae.VAE(prior=keras_vae.priors.Flow(coupling))
    """

    how_to_learn = (
        "Use Keras layers in the place of TFP's networks and variables, and make them in the "
        "function that makes the bijector: `MaskedAutoregressiveFlow(layer)`."
    )

    def __init__(
        self,
        bijector: Any = "masked_autoregressive",
        num_flows: int | None = None,
        hidden_units: int | Sequence[int] | None = None,
        activation: Any = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if isinstance(bijector, dict):
            bijector = keras.saving.deserialize_keras_object(bijector)
        options = {"num_flows": num_flows, "hidden_units": hidden_units, "activation": activation}
        given = {name: value for name, value in options.items() if value is not None}
        self.seed = resolve_seed(seed)
        self.kind = bijector
        if not isinstance(bijector, str):
            _check_function(bijector, given)
            self.options = {}
            return
        check_choice(bijector, KINDS, "bijector")
        self.options = {**DEFAULTS, **given}
        check_positive_integer(self.options["num_flows"], "num_flows")
        self.options["hidden_units"] = as_sizes(self.options["hidden_units"], "hidden_units")
        self.options["activation"] = get_activation(self.options["activation"])

    def create_weights(self, latent_dim: int, image_shape: tuple[int, ...]) -> None:
        made = (
            self._made_by_function(latent_dim) if callable(self.kind) else self._named(latent_dim)
        )
        if not isinstance(made, tfb.Bijector):
            raise TypeError(
                "The function of a `Flow` must return a bijector of TensorFlow Probability. "
                f"Received: {made!r}."
            )
        self.networks = layers_of(made)
        for _ in range(2):
            # What the first pass builds is drawn again.
            for number, layer in enumerate(self.networks):
                draw_weights(layer, derive_seed(self.seed, number))
            _try_out(made, latent_dim, self.compute_dtype)
        self.bijector = made

    def _made_by_function(self, latent_dim: int) -> Any:
        """A function's bijector, whose layers have the densities' type."""
        policy = keras.config.dtype_policy()
        keras.config.set_dtype_policy(self.dtype_policy)
        try:
            return self.kind(latent_dim)
        finally:
            keras.config.set_dtype_policy(policy)

    def _named(self, latent_dim: int) -> Any:
        if self.kind == "real_nvp" and latent_dim < 2:
            raise ValueError("The bijector 'real_nvp' needs at least two latent dimensions.")
        reverse = tfb.Permute(list(range(latent_dim))[::-1])
        steps: list[Any] = []
        for number in range(self.options["num_flows"]):
            step = self._coupling if self.kind == "real_nvp" else self._autoregressive
            steps += [reverse] * bool(steps) + [step(latent_dim, derive_seed(self.seed, number, 1))]
        return tfb.Chain(steps)

    def _autoregressive(self, latent_dim: int, seed: int) -> Any:
        options = {name: self.options[name] for name in ("hidden_units", "activation")}
        network = MaskedAutoregressiveNetwork(2, seed=seed, dtype=self.dtype_policy, **options)
        return tfb.MaskedAutoregressiveFlow(lambda z: _bounded(tf.unstack(network(z), axis=-1)))

    def _coupling(self, latent_dim: int, seed: int) -> Any:
        first = latent_dim // 2
        network = _CouplingNetwork(
            latent_dim - first,
            self.options["hidden_units"],
            self.options["activation"],
            seed,
            dtype=self.dtype_policy,
        )
        # Keras takes no number, of outputs here, for an input.
        return tfb.RealNVP(num_masked=first, shift_and_log_scale_fn=lambda z, _: network(z))

    def distribution(self, encode: Encoder) -> tfd.Distribution:
        zeros, ones = (make(self.latent_dim, self.compute_dtype) for make in (tf.zeros, tf.ones))
        base = tfd.Independent(tfd.Normal(zeros, ones), reinterpreted_batch_ndims=1)
        return tfd.TransformedDistribution(base, self.bijector)

    def get_config(self) -> dict[str, Any]:
        options = dict(self.options)
        if options:
            options["hidden_units"] = list(options["hidden_units"])
            options["activation"] = serialize_activation(options["activation"])
        named = isinstance(self.kind, str)
        kind = self.kind if named else keras.saving.serialize_keras_object(self.kind)
        return {**super().get_config(), "bijector": kind, **options, "seed": self.seed}


class _CouplingNetwork(keras.layers.Layer):
    """Shift and log scale of some dimensions, from the others."""

    def __init__(
        self, outputs: int, hidden_units: Sequence[int], activation: Any, seed: int, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.stack = DenseStack(hidden_units, activation=activation, seed=seed, **kwargs)
        head_seed = derive_seed(seed, len(self.stack.units))
        self.head = dense(2 * outputs, "glorot_uniform", head_seed, **kwargs)

    def call(self, z: tf.Tensor) -> tuple[tf.Tensor, ...]:
        return _bounded(tf.split(self.head(self.stack(z)), 2, axis=-1))


def _bounded(parameters: Sequence[tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
    """Shift and log scale, which a hyperbolic tangent keeps within `LARGEST_LOG_SCALE`.

    The scales of several steps multiply: far from the origin those of networks as they are drawn
    overflow, and KL divergences begin with thousands of nats.
    """
    shift, log_scale = parameters
    return shift, LARGEST_LOG_SCALE * tf.tanh(log_scale / LARGEST_LOG_SCALE)


def layers_of(part: Any) -> list[keras.layers.Layer]:
    """Keras layers that a bijector was made with, and the bijectors and functions in it."""
    found: list[Any] = []

    def visit(one: Any) -> None:
        if isinstance(one, (list, tuple)):
            for value in one:
                visit(value)
        elif isinstance(one, (keras.layers.Layer, tfb.Bijector, types.FunctionType)):
            if any(one is known for known in found):
                return
            found.append(one)
            if isinstance(one, tfb.Bijector):
                visit(list(one.parameters.values()))
            elif isinstance(one, types.FunctionType):
                visit([cell.cell_contents for cell in one.__closure__ or ()])

    visit(part)
    return [one for one in found if isinstance(one, keras.layers.Layer)]


def _check_function(function: Any, options: dict[str, Any]) -> None:
    if isinstance(function, tfb.Bijector) or not callable(function):
        raise TypeError(
            "Give a `Flow` the name of a bijector or a function from the number of latent "
            f"dimensions to one, which can be called again when a model is loaded. Received: "
            f"{function!r}."
        )
    if options:
        raise ValueError(
            f"Options of named bijectors: {', '.join(options)}. A function that makes a bijector "
            "takes none."
        )


def _try_out(bijector: Any, latent_dim: int, dtype: str) -> None:
    """Calls a bijector both ways, which builds its layers, or says why it cannot be a prior's."""
    codes = tf.zeros((1, latent_dim), dtype)
    try:
        shapes = bijector.forward(codes).shape, bijector.inverse(codes).shape
        bijector.inverse_log_det_jacobian(codes, event_ndims=1)
    except NotImplementedError as error:
        raise TypeError(
            "The bijector of a `Flow` needs both directions, one for densities and one for "
            f"samples. {bijector.name!r} lacks one: {error}"
        ) from error
    if any(shape != codes.shape for shape in shapes):
        raise ValueError(
            f"The bijector of a `Flow` must keep vectors of {latent_dim} dimensions. "
            f"{bijector.name!r} gives shapes {shapes}."
        )

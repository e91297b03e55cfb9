"""Stacks of deterministic layers, and initialisers that differ from layer to layer."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_vae._internal.backend import initializer_config, keras, tf
from keras_vae._internal.checks import as_sizes, check_positive_integer
from keras_vae.activations import get as get_activation
from keras_vae.activations import serialize as serialize_activation
from keras_vae.random import derive_seed, resolve_seed

BIAS, GATE = 1, 2


def seeded_initializer(identifier: Any, seed: int | None) -> keras.initializers.Initializer:
    """Returns an initialiser that draws from `seed`.

    Arguments:
        identifier: Name, config or instance of a Keras initialiser. An instance is copied,
            so that two layers never share one and start equal.
        seed: Integer; None for a fresh one, and weights that a model may draw from its own.

    Returns:
        A `keras.initializers.Initializer`.

    Raises:
        ValueError: If no initialiser of that name exists.
    """
    initializer = keras.initializers.get(identifier)
    config = initializer.get_config()
    if "seed" in config:
        config["seed"] = seed
    return type(initializer).from_config(config)


def draw_weights(network: keras.layers.Layer, seed: int) -> None:
    """Draws anew from a seed what initialisers and layers without one have drawn, or will."""
    for number, layer in enumerate(network._flatten_layers()):
        generator = getattr(layer, "seed_generator", None)
        if getattr(layer, "seed", 0) is None and generator is not None:
            generator.state.assign([derive_seed(seed, number, 1), 0])
        weights = {weight.name: weight for weight in [*layer._trainable_variables]}
        for attribute, initializer in list(vars(layer).items()):
            if not isinstance(initializer, keras.initializers.Initializer):
                continue
            if initializer.get_config().get("seed", 0) is not None:
                continue
            name = attribute.removesuffix("_initializer")
            purpose = sum(name.encode())
            seeded = seeded_initializer(initializer, derive_seed(seed, number, purpose))
            weight = weights.get(name)
            if weight is not None:
                drawn = initializer(weight.shape, dtype=weight.dtype)
                if not np.array_equal(weight.numpy(), keras.ops.convert_to_numpy(drawn)):
                    continue
                weight.assign(seeded(weight.shape, dtype=weight.dtype))
            setattr(layer, attribute, seeded)


@keras.saving.register_keras_serializable(package="keras_vae")
class FanInUniform(keras.initializers.Initializer):
    """Uniform in +-sqrt(3 / inputs), where a bias has one input: of variance 1 / inputs.

    Of a kernel it is Keras' `lecun_uniform`; a bias lies in +-sqrt(3), as Hu's public code for
    "Understanding Variational Auto-Encoder" draws it. Its name for Keras is
    `"keras_vae>FanInUniform"`.

    Arguments:
        seed: Integer; None draws a fresh one.
    """

    def __init__(self, seed: int | None = None) -> None:
        self._given_seed = seed
        self.seed = resolve_seed(seed)

    def __call__(self, shape: Sequence[int], dtype: str | None = None) -> tf.Tensor:
        inputs = math.prod(shape[:-1])
        limit = math.sqrt(3 / inputs)
        return keras.random.uniform(shape, -limit, limit, dtype=dtype, seed=self.seed)

    def get_config(self) -> dict[str, Any]:
        # As Keras' initialisers: one without a seed is left to the model.
        return {"seed": self._given_seed}


def _derived(seed: int | None, *path: int) -> int | None:
    return None if seed is None else derive_seed(seed, *path)


def dense(
    units: int,
    kernel_initializer: Any,
    seed: int | None,
    *,
    bias_initializer: Any = "zeros",
    **kwargs: Any,
) -> keras.layers.Dense:
    """A `keras.layers.Dense` whose kernel and bias are drawn from `seed`."""
    return keras.layers.Dense(
        units,
        kernel_initializer=seeded_initializer(kernel_initializer, seed),
        bias_initializer=seeded_initializer(bias_initializer, _derived(seed, BIAS)),
        **kwargs,
    )


@keras.saving.register_keras_serializable(package="keras_vae")
class DenseStack(keras.layers.Layer):
    """Fully connected hidden layers, each optionally batch-normalised before its activation.

    Batch normalisation brings its own shift, so the layers then have no bias (Ioffe &
    Szegedy 2015; "Latent Space Activity and Visualization", Section 2.5). Gated layers are
    products `activation(A x) * sigmoid(B x)` (Dauphin et al. 2017, with a linear activation;
    "Project: Large VAE", Section 3.1).

    Arguments:
        units: Sizes of the layers, from the input on.
        activation: Name of, or function for, the activation of every layer.
        batch_norm: Whether to normalise before each activation.
        gated: Whether each layer is multiplied by gates of its own.
        kernel_initializer: Keras initialiser of the kernels.
        bias_initializer: Keras initialiser of the biases.
        seed: Integer from which the weights are drawn; None for the seed of the model that is given
            the layer, or a fresh one.

    Input shape: (batch, features). Output shape: (batch, units[-1]).
    """

    def __init__(
        self,
        units: int | Sequence[int],
        *,
        activation: Any = "softplus",
        batch_norm: bool = False,
        gated: bool = False,
        kernel_initializer: Any = "glorot_normal",
        bias_initializer: Any = "zeros",
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.units = as_sizes(units, "hidden_units")
        self.activation = get_activation(activation)
        self.batch_norm = batch_norm
        self.gated = gated
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.seed = None if seed is None else resolve_seed(seed)
        self.dense_layers = self._make_layers("dense", use_bias=not batch_norm)
        self.gate_layers = self._make_layers("gate", GATE, activation="sigmoid") if gated else []
        self.normalization_layers = [
            keras.layers.BatchNormalization(name=f"batch_norm_{index}", dtype=self.dtype_policy)
            for index in range(len(self.units) if batch_norm else 0)
        ]

    def _make_layers(self, name: str, *purpose: int, **kwargs: Any) -> list[keras.layers.Layer]:
        return [
            dense(
                size,
                self.kernel_initializer,
                _derived(self.seed, index, *purpose),
                bias_initializer=self.bias_initializer,
                name=f"{name}_{index}",
                dtype=self.dtype_policy,
                **kwargs,
            )
            for index, size in enumerate(self.units)
        ]

    def build(self, input_shape: Sequence[int | None]) -> None:
        width = input_shape[-1]
        for index, layer in enumerate(self.dense_layers):
            layer.build((None, width))
            if self.gated:
                self.gate_layers[index].build((None, width))
            width = self.units[index]
            if self.batch_norm:
                self.normalization_layers[index].build((None, width))
        self.built = True

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        hidden = inputs
        for index, layer in enumerate(self.dense_layers):
            gates = self.gate_layers[index](hidden) if self.gated else None
            hidden = layer(hidden)
            if self.batch_norm:
                hidden = self.normalization_layers[index](hidden, training=training)
            hidden = self.activation(hidden)
            if self.gated:
                hidden = hidden * gates
        return hidden

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> tuple[int | None, ...]:
        width = self.units[-1] if self.units else input_shape[-1]
        return (*input_shape[:-1], width)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": list(self.units),
            "activation": serialize_activation(self.activation),
            "batch_norm": self.batch_norm,
            "gated": self.gated,
            "kernel_initializer": initializer_config(self.kernel_initializer),
            "bias_initializer": initializer_config(self.bias_initializer),
            "seed": self.seed,
        }


class JointStack(keras.layers.Layer):
    """Hidden layers of several inputs: one layer for each, side by side, then joint layers.

    Inputs may have leading axes that broadcast: what depends on fewer of them is computed once.

    Arguments:
        input_dims: Width of each input.
        units: Size of every layer.
        joint_layers: Number of layers after the inputs' own.
        seed: Integer from which the weights are drawn; None draws a fresh one.
        **kwargs: `activation`, `gated`, `dtype` and the initialisers of `DenseStack`.

    Input: list of tensors of shapes (..., input_dims[i]). Output shape: (..., units).
    """

    def __init__(
        self,
        input_dims: Sequence[int],
        units: int,
        *,
        joint_layers: int = 1,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(dtype=kwargs.get("dtype"))
        self.input_dims, self.units = tuple(input_dims), units
        check_positive_integer(joint_layers, "joint_layers")
        self.joint_layers = joint_layers
        self.seed = resolve_seed(seed)
        self.own_stacks = [
            DenseStack((units,), seed=derive_seed(self.seed, index), **kwargs)
            for index, _ in enumerate(self.input_dims)
        ]
        self.joint_stack = DenseStack(
            (units,) * joint_layers, seed=derive_seed(self.seed, len(self.input_dims)), **kwargs
        )

    def build(self, input_shape: Any = None) -> None:
        for stack, width in zip(self.own_stacks, self.input_dims, strict=True):
            stack.build((None, width))
        self.joint_stack.build((None, self.units * len(self.input_dims)))
        self.built = True

    def call(self, inputs: Sequence[tf.Tensor]) -> tf.Tensor:
        ops = keras.ops
        own = [
            over_rows(stack, value) for stack, value in zip(self.own_stacks, inputs, strict=True)
        ]
        # Adding zeros of every shape broadcasts to the common one.
        common = sum(ops.zeros_like(value[..., :1]) for value in own)
        return over_rows(self.joint_stack, ops.concatenate([v + common for v in own], axis=-1))


def over_rows(stack: keras.layers.Layer, inputs: tf.Tensor) -> tf.Tensor:
    """Applies a layer of (rows, features), of one output, to a tensor of shape (..., features)."""
    ops = keras.ops
    leading = ops.shape(inputs)[:-1]
    outputs = stack(ops.reshape(inputs, (-1, inputs.shape[-1])))
    return ops.reshape(outputs, (*leading, outputs.shape[-1]))


@keras.saving.register_keras_serializable(package="keras_vae")
class MaskedAutoregressiveNetwork(keras.layers.Layer):
    """Parameters of each dimension of z, made from the dimensions before it and from a context.

    `tfp.bijectors.MaskedAutoregressiveFlow(MaskedAutoregressiveNetwork(2))` is a bijector of it.

    Arguments:
        outputs: Number of parameters of a dimension.
        hidden_units: Sizes of the hidden layers.
        activation: Activation of the hidden layers.
        context_dim: Length of the context, a vector that enters every layer; 0 for none.
        kernel_initializer: Keras initialiser of the kernels.
        seed: Integer from which the weights are drawn; None for the seed of the model, or of the
            `priors.Flow`, that is given the layer, or a fresh one.

    Inputs: z of shape (..., D), and a context of shape (..., context_dim) that broadcasts against
    it. Output shape: (..., D, outputs).

    Reference: Germain, Gregor, Murray & Larochelle, "MADE: Masked Autoencoder for Distribution
    Estimation", 2015.
    """

    def __init__(
        self,
        outputs: int = 2,
        hidden_units: int | Sequence[int] = (64,),
        *,
        activation: Any = "relu",
        context_dim: int = 0,
        kernel_initializer: Any = "glorot_uniform",
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_positive_integer(outputs, "outputs")
        self.outputs = int(outputs)
        self.hidden_units = as_sizes(hidden_units, "hidden_units")
        self.activation = get_activation(activation)
        self.context_dim = int(context_dim)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.seed = None if seed is None else resolve_seed(seed)

    def build(self, input_shape: Sequence[int | None]) -> None:
        dims = int(input_shape[-1] or 0)
        # A hidden unit of degree h sees the dimensions up to h, the first of which is 0.
        degrees = [np.arange(dims)]
        degrees += [np.arange(units) % max(1, dims - 1) for units in self.hidden_units]
        masks = [before[:, None] <= after for before, after in itertools.pairwise(degrees)]
        masks.append(degrees[-1][:, None] < np.repeat(np.arange(dims), self.outputs))
        self.masks = masks
        widths = [mask.shape for mask in masks]
        self.kernels = [self._kernel("kernel", shape, i) for i, shape in enumerate(widths)]
        self.biases = [
            self.add_weight(shape=(size,), initializer="zeros", name=f"bias_{index}")
            for index, (_, size) in enumerate(widths)
        ]
        self.context_kernels = [
            self._kernel("context_kernel", (self.context_dim, size), index, 1)
            for index, (_, size) in enumerate(widths if self.context_dim else ())
        ]
        self.built = True

    def _kernel(
        self, name: str, shape: tuple[int, int], index: int, *purpose: int
    ) -> keras.Variable:
        name = f"{name}_{index}"
        seed = _derived(self.seed, index, *purpose)
        initializer = seeded_initializer(self.kernel_initializer, seed)
        # By this name `draw_weights` knows what drew a weight.
        setattr(self, f"{name}_initializer", initializer)
        return self.add_weight(shape=shape, initializer=initializer, name=name)

    def call(self, z: tf.Tensor, context: tf.Tensor | None = None) -> tf.Tensor:
        hidden, last = z, len(self.kernels) - 1
        for index, (kernel, mask, bias) in enumerate(
            zip(self.kernels, self.masks, self.biases, strict=True)
        ):
            hidden = tf.tensordot(hidden, tf.where(mask, kernel, 0), 1) + bias
            if self.context_dim:
                hidden += tf.matmul(context, self.context_kernels[index])
            if index < last:
                hidden = self.activation(hidden)
        return tf.reshape(hidden, tf.concat([tf.shape(hidden)[:-1], [-1, self.outputs]], axis=0))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "outputs": self.outputs,
            "hidden_units": list(self.hidden_units),
            "activation": serialize_activation(self.activation),
            "context_dim": self.context_dim,
            "kernel_initializer": initializer_config(self.kernel_initializer),
            "seed": self.seed,
        }

"""Stacks of deterministic layers, and initialisers that differ from layer to layer."""

import math
from collections.abc import Sequence
from typing import Any

from keras_vae._internal.backend import keras, tf
from keras_vae._internal.checks import as_sizes, check_positive_integer
from keras_vae.random import derive_seed, resolve_seed

BIAS, GATE = 1, 2


def seeded_initializer(identifier: Any, seed: int) -> keras.initializers.Initializer:
    """Returns an initialiser that draws from `seed`.

    Arguments:
        identifier: Name, config or instance of a Keras initialiser. An instance is copied,
            so that two layers never share one and start equal.
        seed: Integer.

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
        self.seed = resolve_seed(seed)

    def __call__(self, shape: Sequence[int], dtype: str | None = None) -> tf.Tensor:
        inputs = math.prod(shape[:-1])
        limit = math.sqrt(3 / inputs)
        return keras.random.uniform(shape, -limit, limit, dtype=dtype, seed=self.seed)

    def get_config(self) -> dict[str, Any]:
        return {"seed": self.seed}


def dense(
    units: int,
    kernel_initializer: Any,
    seed: int,
    *,
    bias_initializer: Any = "zeros",
    **kwargs: Any,
) -> keras.layers.Dense:
    """A `keras.layers.Dense` whose kernel and bias are drawn from `seed`."""
    return keras.layers.Dense(
        units,
        kernel_initializer=seeded_initializer(kernel_initializer, seed),
        bias_initializer=seeded_initializer(bias_initializer, derive_seed(seed, BIAS)),
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
        seed: Integer from which the weights are drawn; None draws a fresh one.

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
        self.activation = keras.activations.get(activation)
        self.batch_norm = batch_norm
        self.gated = gated
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)
        self.seed = resolve_seed(seed)
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
                derive_seed(self.seed, index, *purpose),
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
            "activation": keras.activations.serialize(self.activation),
            "batch_norm": self.batch_norm,
            "gated": self.gated,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
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

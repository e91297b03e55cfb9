"""What every likelihood shares: heads that turn a decoder's features into a distribution."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_vae._internal.backend import keras, tf, tfd
from keras_vae._internal.checks import check_choice
from keras_vae.networks import dense
from keras_vae.random import derive_seed


class Likelihood(keras.layers.Layer):
    """Base of the likelihoods p(x | z).

    It is a layer from a decoder's features to raw parameters, one linear head each, and makes a
    TFP distribution over the data of them. To add one, name its `parameters` and implement
    `make_distribution`; `check_support` says which data it takes, and by default takes all finite
    ones.

    Arguments:
        heads: `"linear"` for a linear head for each parameter: dense where the decoder gives one
            vector, a 1x1 convolution where it keeps the axes of the data. None where the decoder
            gives the parameters itself, in shape (*event_shape, number of parameters).
        **kwargs: Arguments of a Keras layer.

    Attributes:
        parameters: Names of the parameters.
        interval: Lowest and highest value that pseudo-inputs of a VampPrior may take, or two tuples
            of such, one number a column; None where data cannot be learned.

    Example:
        @keras.saving.register_keras_serializable("mine")
        class Laplace(keras_vae.likelihoods.Likelihood):
            parameters = ("loc", "log_scale")

            def make_distribution(self, loc, log_scale):
                return tfp.distributions.Laplace(loc, tf.exp(log_scale))
    """

    built: bool
    parameters: tuple[str, ...] = ()
    interval: Any = (-math.inf, math.inf)

    def __init__(self, heads: str | None = "linear", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_choice(heads, ("linear", None), "heads")
        self._given_heads = heads

    def parameter_shape(self, name: str) -> tuple[int, ...]:
        """Axes that a parameter has behind those of the data; none by default."""
        return ()

    def build_heads(
        self,
        features: int | Sequence[int],
        event_shape: Sequence[int],
        kernel_initializer: Any,
        seed: int,
        bias_initializer: Any = "zeros",
    ) -> None:
        """Creates one linear layer per parameter.

        Arguments:
            features: Shape of what the decoder makes of one code; an integer for a vector.
            event_shape: Shape of one item of the data.
            kernel_initializer: Keras initialiser of the kernels.
            seed: Integer from which the weights are drawn.
            bias_initializer: Keras initialiser of the biases.

        Raises:
            ValueError: If the likelihood already belongs to a model, or no head fits the features.
        """
        if self.built:
            raise ValueError("This likelihood belongs to another model. Give each model its own.")
        self.event_shape = tuple(event_shape)
        features = (features,) if isinstance(features, int) else tuple(features)
        if self._given_heads is None:
            self._check_parameters(features)
            self.heads = []
        else:
            items = self._items_per_vector(features)
            self.heads = [
                dense(
                    items * self._width(name),
                    kernel_initializer,
                    derive_seed(seed, index),
                    bias_initializer=bias_initializer,
                    name=name,
                    dtype=self.dtype_policy,
                )
                for index, name in enumerate(self.parameters)
            ]
        for head in self.heads:
            head.build((None, *features))
        self.built = True

    def call(self, features: tf.Tensor) -> tuple[tf.Tensor, ...]:
        if self._given_heads is not None:
            return tuple(head(features) for head in self.heads)
        widths = [self._width(name) for name in self.parameters]
        shape = (-1, math.prod(self.event_shape), sum(widths))
        return tuple(tf.split(tf.reshape(features, shape), widths, axis=-1))

    def decode(self, features: tf.Tensor, leading: tf.Tensor) -> tfd.Distribution:
        """The distribution over data that a decoder's features lead to.

        Arguments:
            features: Tensor of shape (rows, ...).
            leading: Integer tensor: the shape that the rows stand for.

        Returns:
            `tfd.Independent` with batch shape `leading` and event shape `event_shape`.
        """
        items = math.prod(self.event_shape)
        return self.distribution(
            [
                tf.reshape(value, tf.concat([leading, [items * self._width(name)]], axis=0))
                for name, value in zip(self.parameters, self(features), strict=True)
            ]
        )

    def distribution(self, parameters: Sequence[tf.Tensor]) -> tfd.Distribution:
        """The distribution over data.

        Arguments:
            parameters: Flat tensors of shape (..., size), one per entry of `self.parameters`.

        Returns:
            `tfd.Independent` with batch shape (...) and event shape `event_shape`.
        """
        return tfd.Independent(
            self.make_distribution(*self.shaped(parameters)),
            reinterpreted_batch_ndims=len(self.event_shape),
        )

    def shaped(self, parameters: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        """Flat parameters in the shape of the data, and their own axes behind it."""
        return [
            tf.reshape(
                value,
                tf.concat(
                    [tf.shape(value)[:-1], self.event_shape + self.parameter_shape(name)], axis=0
                ),
            )
            for name, value in zip(self.parameters, parameters, strict=True)
        ]

    def make_distribution(self, *parameters: tf.Tensor) -> tfd.Distribution:
        """Returns the distribution of single values from this head's raw parameters."""
        raise NotImplementedError

    def expected(self, distribution: tfd.Distribution) -> tf.Tensor:
        """What stands for a distribution over data, as in reconstructions: its mean."""
        return distribution.mean()

    def vectors(self, x: tf.Tensor) -> tf.Tensor:
        """Data of shape (batch, *event_shape) as dense encoders take it: (batch, `vector_size`)."""
        return tf.reshape(x, (-1, math.prod(self.event_shape)))

    def vector_size(self, event_shape: Sequence[int]) -> int:
        """Length of a vector of `vectors`."""
        return math.prod(event_shape)

    def check_support(self, x: np.ndarray) -> None:
        """Raises `ValueError` if data, already known to be finite, have no density here."""

    def check_inputs(self, x: np.ndarray) -> None:
        """Raises `ValueError` if finite data cannot be encoded; by default as `check_support`."""
        self.check_support(x)

    def check_present(self, x: np.ndarray, mask: np.ndarray) -> None:
        """`check_support` of the values that are there, where a mask of the same shape is false."""
        zeros = np.zeros_like(x)
        try:
            self.check_support(zeros)
        except ValueError:
            there = x[~mask]
            if there.size:
                self.check_support(there)
        else:
            # An error names the index in the whole array.
            self.check_support(np.where(mask, zeros, x))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "heads": self._given_heads}

    def _width(self, name: str) -> int:
        return math.prod(self.parameter_shape(name))

    def _items_per_vector(self, features: tuple[int, ...]) -> int:
        """Values of the data whose parameters come from one vector, the features' last axis."""
        event = self.event_shape
        if len(features) == 1:
            return math.prod(event)
        if features[:-1] == event[:-1]:
            return event[-1]
        if features[:-1] == event:
            return 1
        axes = " or ".join({str((*shape, "units")) for shape in (event, event[:-1]) if shape})
        raise ValueError(
            f"The decoder's output of shape {('batch', *features)} fits no head for data of shape "
            f"{event}. It must be (batch, units), or keep the axes of the data: (batch, *{axes}). "
            "With `heads=None` on the likelihood it gives the parameters themselves."
        )

    def _check_parameters(self, features: tuple[int, ...]) -> None:
        count = sum(self._width(name) for name in self.parameters)
        wanted = (*self.event_shape, count)
        if features != wanted and not (count == 1 and features == self.event_shape):
            raise ValueError(
                f"Without heads the decoder must give the {type(self).__name__}'s parameters "
                f"{self.parameters} in shape (batch, {', '.join(map(str, wanted))}). "
                f"Received shape: {('batch', *features)}."
            )

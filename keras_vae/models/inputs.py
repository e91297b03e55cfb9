"""What models are given: data, masks, conditions; how they are checked, and reach the networks."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from keras_vae._internal.backend import keras, tf
from keras_vae._internal.checks import check_data_shape, check_finite, check_positive_integer

if TYPE_CHECKING:
    from keras_vae import likelihoods

Data: TypeAlias = tf.Tensor | np.ndarray
# A tensor of shape (..., latent_dim), or a tuple of one a level, from the top down.
Codes: TypeAlias = tf.Tensor | tuple[tf.Tensor, ...]


class Inputs:
    """Mixin of the models' methods that check what is given, and turn it into tensors.

    Attributes:
        event_shape: Shape of one item.
        condition_shape: Shape of the condition of one item; None where there are no conditions.
    """

    likelihood: likelihoods.Likelihood
    event_shape: tuple[int, ...]
    condition_shape: tuple[int, ...] | None = None
    density_dtype: str
    encoder: Any
    _given: dict[str, bool]

    @property
    def input_shapes(self) -> list[tuple[int, ...]]:
        """Shapes of what an encoder takes of one item: data, and conditions if there are any."""
        if self.condition_shape is None:
            return [self.event_shape]
        return [self.event_shape, self.condition_shape]

    @property
    def input_signature(self) -> list[Any]:
        """What Keras exports `call` for: data of any number of items, or a pair with conditions."""
        specs = tuple(
            keras.InputSpec(shape=(None, *shape), dtype="float32", name=name)
            for name, shape in zip(("x", "condition"), self.input_shapes, strict=False)
        )
        return [specs if len(specs) > 1 else specs[0]]

    def check_data(self, x: Any, condition: Any = None) -> None:
        """Raises `ValueError` unless `x` is data that this model can be trained on.

        What a function that is being traced is given, which has no values yet, passes.
        """
        for values in self._values(x):
            self.likelihood.check_support(values)
        self.check_condition(condition, np.shape(x)[0])

    def check_inputs(self, x: Any, condition: Any = None) -> None:
        """Raises `ValueError` unless `x` is data that this model can encode."""
        for values in self._values(x):
            self.likelihood.check_inputs(values)
        self.check_condition(condition, np.shape(x)[0])

    def check_condition(self, condition: Any, items: int | None = None) -> None:
        """Raises `ValueError` unless conditions are such as this model has, one for each item.

        Arguments:
            condition: What was given; None where nothing was.
            items: Number of items; None if unknown.
        """
        shape = self.condition_shape
        if shape is None:
            if condition is not None:
                raise ValueError(
                    "This model takes no conditions: its constructor was given no "
                    "`condition_shape`."
                )
            return
        if condition is None:
            raise ValueError(
                f"This model needs conditions of shape {_of_batch(shape)}: `condition=`; "
                "`fit((x, condition))` and `evaluate((x, condition))`; in a dataset or "
                "`validation_data`, `((x, condition),)` or `((x, condition), labels)`. A pair "
                "`(x, y)` is data and labels there, as in Keras."
            )
        received = tuple(np.shape(condition))
        try:
            check_data_shape(received, shape, "conditions")
        except ValueError as error:
            one_hot = "; `keras.utils.to_categorical` makes such of class labels"
            labels = len(shape) == 1 and shape[0] > 1 and len(received) == 1
            raise ValueError(f"{str(error)[:-1]}{one_hot * labels}.") from None
        if None not in (items, received[0]) and items != received[0]:
            raise ValueError(f"There are {items} items and {received[0]} conditions.")
        if _has_values(condition):
            check_finite(condition, "conditions")

    def split_inputs(self, inputs: Any) -> tuple[Any, Any]:
        """Data and their conditions, None where there are none, of what Keras hands over."""
        if isinstance(inputs, dict):
            raise ValueError(
                "Give data as an array, or with their conditions as a pair (x, condition). "
                f"Received a dictionary of {', '.join(map(repr, inputs))}."
            )
        several = isinstance(inputs, (tuple, list))
        if several and (self.condition_shape is None or len(inputs) != 2):
            wanted = "one array" if self.condition_shape is None else "a pair (x, condition)"
            raise ValueError(
                f"Expected {wanted} as data. Received {len(inputs)} arrays. A model has "
                "conditions if its constructor was given their `condition_shape`."
            )
        return (inputs[0], inputs[1]) if several else (inputs, None)

    def check_fit(self, inputs: Any) -> None:
        """`check_data` of what Keras hands over."""
        self.check_data(*self.split_inputs(inputs))

    def _unpack(self, data: Any) -> tuple[Any, Any, dict[str, Any]]:
        """Of what a step is given, the data, their weights, and `condition`, if there is one."""
        inputs, _, weights = keras.utils.unpack_x_y_sample_weight(data)
        x, condition = self.split_inputs(inputs)
        self.check_condition(condition)
        return x, _one_an_item(weights, x), given(condition)

    def _values(self, x: Any) -> Iterator[np.ndarray]:
        """The numbers of `x` as an array of the right shape, where there are any."""
        # Anything else that has no shape, such as a file's name, is no data.
        if isinstance(x, (list, tuple)):
            x = np.asarray(x)
        _check_array(x)
        check_data_shape(x.shape, self.event_shape)
        if _has_values(x):
            values = np.asarray(x)
            check_finite(values)
            yield values

    def _check_mask(self, x: Any, mask: Any) -> np.ndarray:
        """The mask of missing values, if it fits the data, and those that are there are usable."""
        x, mask = np.asarray(x), np.asarray(mask)
        check_data_shape(x.shape, self.event_shape)
        if mask.dtype != bool or mask.shape != x.shape:
            raise ValueError(
                f"A mask of missing values must be boolean, of shape {x.shape}. Received: "
                f"{mask.dtype} of shape {mask.shape}."
            )
        if not mask.all() or not x.size:
            check_finite(np.where(mask, np.zeros_like(x), x))
            self.likelihood.check_present(x, mask)
        return mask

    def _conditions_of(self, condition: Any, n: int) -> Any:
        """Conditions of `n` items, of which one for all may have been given."""
        if self.condition_shape is not None and np.shape(condition) == self.condition_shape:
            condition = np.broadcast_to(condition, (n, *self.condition_shape))
        self.check_condition(condition, n)
        return condition

    def _in_batches(
        self,
        function: Callable[[Data, Data | None], Any],
        x: Data,
        batch_size: int | None,
        condition: Data | None = None,
    ) -> Any:
        """Tensors that a function makes of data, all at once or `batch_size` at a time."""
        check_data_shape(np.shape(x), self.event_shape)
        x = np.asarray(x) if isinstance(x, (list, tuple)) else x
        parts = [function(*part) for part in in_parts(x, batch_size, condition)]
        if len(parts) == 1:
            return parts[0]
        return tf.nest.map_structure(lambda *values: tf.concat(values, axis=0), *parts)

    def _as_data(self, x: Data) -> tf.Tensor:
        """`x` as a tensor of the densities' type and the right shape."""
        x = tf.cast(tf.convert_to_tensor(x), self.density_dtype)
        check_data_shape(x.shape, self.event_shape)
        return x

    @property
    def condition_size(self) -> int:
        return 0 if self.condition_shape is None else math.prod(self.condition_shape)

    def flat_condition(self, condition: Data) -> tf.Tensor:
        """Conditions of shape (..., *condition_shape) as vectors, shape (..., numbers)."""
        condition = tf.cast(tf.convert_to_tensor(condition), self.density_dtype)
        rank = condition.shape.rank - len(self.condition_shape or ())
        leading = tf.shape(condition)[:rank]
        return tf.reshape(condition, tf.concat([leading, [self.condition_size]], axis=0))

    def encoder_inputs(self, x: tf.Tensor, condition: Data | None) -> Any:
        """What an encoder takes: given ones data [and conditions], dense ones a vector of all."""
        own = not self._given["encoder"]
        inputs = self.likelihood.vectors(x) if own else x
        if condition is None:
            self.check_condition(None)
            return inputs
        if own:
            return tf.concat([inputs, self.flat_condition(condition)], axis=-1)
        return [inputs, tf.cast(tf.convert_to_tensor(condition), self.density_dtype)]

    def decoder_inputs(self, z: tf.Tensor, condition: Data | None) -> tuple[Any, tf.Tensor]:
        """What a decoder takes: rows of codes, and of conditions; and the shape they stand for."""
        self.check_code_condition(condition, z)
        if self.condition_shape is None or condition is None:
            return tf.reshape(z, (-1, z.shape[-1])), tf.shape(z)[:-1]
        condition = self.flat_condition(condition)
        # Adding zeros of both shapes broadcasts to the common one.
        common = tf.zeros_like(z[..., :1]) + tf.zeros_like(condition[..., :1])
        leading = tf.shape(common)[:-1]
        rows = [tf.reshape(part + common, (-1, part.shape[-1])) for part in (z, condition)]
        if self._given["decoder"]:
            return [rows[0], tf.reshape(rows[1], (-1, *self.condition_shape))], leading
        return tf.concat(rows, axis=-1), leading

    def check_code_condition(self, condition: Any, z: tf.Tensor) -> None:
        """Raises `ValueError` unless conditions of codes are finite, (..., *condition_shape).

        Their leading axes have to broadcast against those of codes `z`, (..., latent_dim).
        """
        received, shape = tuple(np.shape(condition)), self.condition_shape
        if condition is None or shape is None:
            self.check_condition(condition)
        elif received[len(received) - len(shape) :] != shape:
            wanted = ", ".join(map(str, ("...", *shape)))
            raise ValueError(f"Expected conditions of shape ({wanted}). Received: {received}.")
        else:
            leading = tf.TensorShape(received[: len(received) - len(shape)])
            try:
                tf.broadcast_static_shape(leading, z.shape[:-1])
            except ValueError as error:
                raise ValueError(
                    f"Conditions of shape {received} do not broadcast against codes of shape "
                    f"{tuple(z.shape)}."
                ) from error
            if _has_values(condition):
                check_finite(condition, "conditions")


def in_parts(
    x: Data, batch_size: int | None, condition: Data | None = None
) -> Iterator[tuple[Data, Data | None]]:
    """`x` and its conditions themselves, or of `batch_size` items at a time."""
    if batch_size is None:
        yield x, condition
        return
    check_positive_integer(batch_size, "batch_size")
    for start in range(0, max(len(x), 1), batch_size):
        part = slice(start, start + batch_size)
        yield x[part], None if condition is None else condition[part]


def side_by_side(codes: Codes | list[tf.Tensor]) -> tf.Tensor:
    """Codes of all levels as one tensor of shape (..., sum of latent_dims)."""
    if not isinstance(codes, (tuple, list)):
        return codes
    return codes[0] if len(codes) == 1 else tf.concat(codes, axis=-1)


def is_table(x: Any) -> bool:
    """Whether `x` is a DataFrame or a Series, of pandas or another library."""
    return hasattr(x, "to_numpy")


def given(condition: Any) -> dict[str, Any]:
    """Conditions as an argument, none where there are none: overriding methods may not take it."""
    return {} if condition is None else {"condition": condition}


def like(x: Any, values: tf.Tensor) -> Data:
    """Numbers as a NumPy array, unless `x`, which they are made from, is a tensor."""
    return values if tf.is_tensor(x) else np.asarray(values)


def _one_an_item(weights: Any, x: Any) -> Any:
    """Weights as a vector, one per item; Keras accepts shape (batch, 1) too. None stays None."""
    if weights is None:
        return None
    weights = tf.convert_to_tensor(weights)
    if weights.shape.rank is not None and weights.shape[1:].num_elements() not in (None, 1):
        raise ValueError(
            "Sample weights must be one number an item, of shape (batch,). Received shape: "
            f"{tuple(weights.shape)}."
        )
    return tf.reshape(weights, (tf.shape(x)[0],))


def _check_array(x: Any) -> None:
    """Raises unless `x` is an array, dense and without a mask that would be lost."""
    if not hasattr(x, "shape"):
        raise TypeError(f"Expected an array of data. Received: {type(x).__name__}.")
    if hasattr(x, "toarray"):
        raise TypeError(
            f"Expected a dense array. Received: {type(x).__name__}. `x.toarray()` makes one."
        )
    if np.ma.is_masked(x):
        raise ValueError(
            "The mask of a masked array would be lost. Give `log_likelihood` and `impute` arrays "
            "and `mask=`, such as `mask=np.ma.getmaskarray(x)`; other methods need all values."
        )


def _has_values(x: Any) -> bool:
    # A weight, such as pseudo-inputs, is no tensor; a traced one has no values.
    eager = isinstance(x, tf.Tensor) and tf.executing_eagerly()
    known = isinstance(x, (np.ndarray, np.number, list, tuple, int, float))
    return eager or known or is_table(x)


def _of_batch(shape: tuple[int, ...]) -> str:
    return f"({', '.join(map(str, ('batch', *shape)))}{'' if shape else ','})"

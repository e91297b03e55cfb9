"""A likelihood of tables whose columns are of different kinds."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from keras_vae._internal.backend import keras, tf, tfd
from keras_vae.distributions import Columns, has_independent_values
from keras_vae.likelihoods.base import Likelihood
from keras_vae.random import derive_seed


@keras.saving.register_keras_serializable(package="keras_vae")
class Mixed(Likelihood):
    """Independent columns of a table, each group of which has a likelihood of its own.

    log p(x|z) is the sum of the parts', so real numbers should be standardised: in other units
    they would outweigh the rest (Nazabal et al. 2020, Section 3.1). Under a VampPrior
    pseudo-inputs stay within each column's own interval.

    Arguments:
        parts: Pairs (likelihood, columns): a likelihood as `keras_vae.VAE` takes it, and an integer
            or several, counted from 0. Every column must be in one part, and in no other.
        **kwargs: Arguments of a Keras layer.

    Raises:
        ValueError: If a column is missing or in two parts, or a part has no heads.
        TypeError: If columns are no integers.

    Example:
        table = keras_vae.likelihoods.Mixed(
            [
                (keras_vae.likelihoods.Gaussian(link="identity", min_scale=0.05), [0, 1]),
                ("bernoulli", 2),
                (keras_vae.likelihoods.Categorical(4), 3),
            ]
        )
        model = keras_vae.VAE(latent_dim=4, event_shape=4, likelihood=table)

    Reference: Nazabal, Olmos, Ghahramani & Valera, "Handling Incomplete Heterogeneous Data using
    VAEs", 2020, Section 3.1.
    """

    def __init__(self, parts: Sequence[tuple[Any, Any]], **kwargs: Any) -> None:
        # The package is complete by now.
        from keras_vae.likelihoods import get

        if kwargs.pop("heads", "linear") is None:
            raise ValueError("A `Mixed` likelihood needs heads, which its parts have.")
        super().__init__(**kwargs)
        self.columns = [_columns(columns) for _, columns in parts]
        self.size = sum(map(len, self.columns))
        every = sorted(column for part in self.columns for column in part)
        if not every or not all(self.columns) or every != [*range(self.size)]:
            raise ValueError(
                "Each column of a `Mixed` likelihood, counted from 0, must be in one part and in "
                f"no other. Received columns: {self.columns}."
            )
        self.parts = [get(likelihood) for likelihood, _ in parts]
        if any(isinstance(part, Mixed) or part._given_heads is None for part in self.parts):
            raise ValueError("Parts of a `Mixed` likelihood must have heads, and none be `Mixed`.")
        self.interval = self._interval()

    def _interval(self) -> Any:
        intervals = {part.interval for part in self.parts}
        if len(intervals) == 1 or None in intervals:
            return None if None in intervals else intervals.pop()
        each = [(c, part.interval) for part, columns in self._pairs() for c in columns]
        return tuple(zip(*(interval for _, interval in sorted(each)), strict=True))

    def _pairs(self) -> Iterable[tuple[Likelihood, list[int]]]:
        return zip(self.parts, self.columns, strict=True)

    def build_heads(
        self, features: Any, event_shape: Sequence[int], *arguments: Any, **kwargs: Any
    ) -> None:
        """Builds each part's heads, as `Likelihood.build_heads`, for its own columns."""
        if tuple(event_shape) != (self.size,):
            raise ValueError(
                f"This `Mixed` likelihood is of tables of {self.size} columns. Received items of "
                f"shape {tuple(event_shape)}."
            )
        if not isinstance(features, int) and len(features) != 1:
            raise ValueError(
                "Under a `Mixed` likelihood the decoder must give one vector, (batch, units). "
                f"Received shape: {('batch', *features)}."
            )
        if self.built:
            raise ValueError("This likelihood belongs to another model. Give each model its own.")
        self.event_shape, seed = tuple(event_shape), kwargs.pop("seed")
        for number, (part, columns) in enumerate(self._pairs()):
            part.dtype_policy = self.dtype_policy
            kwargs["seed"] = derive_seed(seed, number, 1)
            part.build_heads(features, (len(columns),), *arguments, **kwargs)
        self.built = True

    @property
    def heads(self) -> list[keras.layers.Layer]:  # type: ignore[override]
        """The parts' linear layers, one part after the other."""
        return [head for part in self.parts for head in part.heads]

    def decode(self, features: tf.Tensor, leading: tf.Tensor) -> tfd.Distribution:
        made = [part.decode(features, leading) for part in self.parts]
        for part, one in zip(self.parts, made, strict=True):
            if not has_independent_values(one):
                raise TypeError(
                    f"Values of the part {type(part).__name__!r} of a `Mixed` likelihood must be "
                    f"independent, a `tfd.Independent`. Received: {type(one).__name__}."
                )
        columns = Columns([one.distribution for one in made], self.columns, self.compute_dtype)
        return tfd.Independent(columns, reinterpreted_batch_ndims=1)

    def expected(self, distribution: tfd.Distribution) -> tf.Tensor:
        columns = distribution.distribution
        made = (tfd.Independent(one, 1) for one in columns.parts)
        return columns.in_order(
            [part.expected(one) for part, one in zip(self.parts, made, strict=True)]
        )

    def vectors(self, x: tf.Tensor) -> tf.Tensor:
        return tf.concat(
            [part.vectors(tf.gather(x, columns, axis=-1)) for part, columns in self._pairs()],
            axis=-1,
        )

    def vector_size(self, event_shape: Sequence[int]) -> int:
        return sum(part.vector_size((len(columns),)) for part, columns in self._pairs())

    def check_support(self, x: np.ndarray) -> None:
        for part, columns in self._pairs():
            _of(columns, part.check_support)(np.asarray(x)[..., columns])

    def check_inputs(self, x: np.ndarray) -> None:
        for part, columns in self._pairs():
            _of(columns, part.check_inputs)(np.asarray(x)[..., columns])

    def check_present(self, x: np.ndarray, mask: np.ndarray) -> None:
        for part, columns in self._pairs():
            _of(columns, part.check_present)(x[..., columns], mask[..., columns])

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["heads"]
        parts = [
            [keras.saving.serialize_keras_object(part), list(columns)]
            for part, columns in self._pairs()
        ]
        return {**config, "parts": parts}


def _columns(columns: Any) -> list[int]:
    given = [columns] if np.ndim(columns) == 0 else list(columns)
    if not all(isinstance(c, (int, np.integer)) and not isinstance(c, bool) for c in given):
        raise TypeError(f"Columns of a part must be integers, such as [0, 1]. Received: {columns}.")
    return [int(column) for column in given]


def _of(columns: list[int], check: Callable[..., None]) -> Callable[..., None]:
    """A check whose error says which columns it is of."""

    def checked(*arguments: Any) -> None:
        try:
            check(*arguments)
        except ValueError as error:
            raise ValueError(f"Columns {columns}, counted among themselves: {error}") from error

    return checked

"""Likelihoods of counts and of categories, each value by itself."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_vae._internal.backend import keras, tf, tfd
from keras_vae._internal.checks import check_positive_integer, refuse_first
from keras_vae.likelihoods.base import Likelihood


class Counts(Likelihood):
    """Base of the likelihoods of counts, of which dense encoders see `log(1 + x)`."""

    interval = (0.0, math.inf)

    def vectors(self, x: tf.Tensor) -> tf.Tensor:
        return tf.math.log1p(super().vectors(x))

    def check_support(self, x: np.ndarray) -> None:
        name = type(self).__name__
        wrong = (x < 0) | (x != np.round(x))
        refuse_first(wrong, x, f"The {name} likelihood needs counts: integers of at least 0")

    def check_inputs(self, x: np.ndarray) -> None:
        refuse_first(x < 0, x, "Counts must be at least 0")


@keras.saving.register_keras_serializable(package="keras_vae")
class Poisson(Counts):
    """Independent counts whose log rates are linear in the decoder's features.

    Example:
        model = keras_vae.VAE(latent_dim=4, event_shape=200, likelihood="poisson")
        model.compile(keras.optimizers.Adam(1e-3))
        model.fit(counts, epochs=20)
    """

    parameters = ("log_rate",)

    def make_distribution(self, log_rate: tf.Tensor) -> tfd.Distribution:
        return tfd.Poisson(log_rate=log_rate)


@keras.saving.register_keras_serializable(package="keras_vae")
class NegativeBinomial(Counts):
    """Independent counts of variance `mean + dispersion * mean^2`; the log mean is linear.

    Arguments:
        dispersion: Positive number for all values; None for one that the decoder gives of each,
            linear in its logarithm.
        **kwargs: Arguments of `Likelihood`.

    Raises:
        ValueError: If the dispersion is not positive.
    """

    def __init__(self, dispersion: float | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if dispersion is not None and not 0 < dispersion < math.inf:
            raise ValueError(f"`dispersion` must be positive. Received: {dispersion}.")
        self.dispersion = dispersion
        self.parameters = ("log_mean",) if dispersion else ("log_mean", "log_dispersion")

    def make_distribution(
        self, log_mean: tf.Tensor, log_dispersion: tf.Tensor | None = None
    ) -> tfd.Distribution:
        if log_dispersion is None:
            log_dispersion = tf.fill(tf.shape(log_mean), math.log(self.dispersion or 1.0))
            log_dispersion = tf.cast(log_dispersion, log_mean.dtype)
        return tfd.NegativeBinomial(
            total_count=tf.exp(-log_dispersion), logits=log_mean + log_dispersion
        )

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "dispersion": self.dispersion}


@keras.saving.register_keras_serializable(package="keras_vae")
class Categorical(Likelihood):
    """Independent categories 0, 1, ..., n - 1, whose logits are linear in the features.

    Dense encoders see categories as indicators. `sample` and `reconstruct` give the most probable
    ones.

    Arguments:
        n: Number of categories.
        **kwargs: Arguments of `Likelihood`.

    Raises:
        ValueError: If there are fewer than two.
    """

    parameters = ("logits",)
    interval = None

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_positive_integer(n, "n")
        if n < 2:
            raise ValueError(f"`n` must be at least 2. Received: {n}.")
        self.n = int(n)

    def parameter_shape(self, name: str) -> tuple[int, ...]:
        return (self.n,)

    def make_distribution(self, logits: tf.Tensor) -> tfd.Distribution:
        return tfd.Categorical(logits=logits, dtype=tf.int32)

    def expected(self, distribution: tfd.Distribution) -> tf.Tensor:
        return tf.cast(distribution.mode(), self.compute_dtype)

    def vectors(self, x: tf.Tensor) -> tf.Tensor:
        indicators = tf.one_hot(tf.cast(x, tf.int32), self.n, dtype=x.dtype)
        return tf.reshape(indicators, (-1, self.vector_size(self.event_shape)))

    def vector_size(self, event_shape: Sequence[int]) -> int:
        return math.prod(event_shape) * self.n

    def check_support(self, x: np.ndarray) -> None:
        wrong = (x < 0) | (x >= self.n) | (x != np.round(x))
        refuse_first(wrong, x, f"Categories must be integers from 0 to {self.n - 1}")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "n": self.n}

"""Likelihoods of pixels and of other real numbers, each value by itself."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from keras_vae import distributions
from keras_vae._internal.backend import keras, tf, tfd
from keras_vae._internal.checks import check_choice, check_pixels, check_positive_integer
from keras_vae.likelihoods.base import Likelihood

PIXELS = (0.0, 1.0)
LINKS = ("sigmoid", "identity")


@keras.saving.register_keras_serializable(package="keras_vae")
class Bernoulli(Likelihood):
    """Independent Bernoulli pixels with logits linear in the last hidden layer.

    Kingma & Welling 2013, Appendix C.1.

    Arguments:
        grey_levels: Whether to accept pixels between 0 and 1. The sum
            `x log y + (1 - x) log(1 - y)` is then a cross-entropy and no log-likelihood.
        **kwargs: Arguments of `Likelihood`.
    """

    parameters = ("logits",)
    interval = PIXELS

    def __init__(self, grey_levels: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.grey_levels = grey_levels

    def distribution(self, parameters: Sequence[tf.Tensor]) -> tfd.Distribution:
        # A subclass may have pixels of its own.
        if type(self).make_distribution is not Bernoulli.make_distribution:
            return super().distribution(parameters)
        (logits,) = self.shaped(parameters)
        return distributions.LogitBernoulli(logits, len(self.event_shape))

    def make_distribution(self, logits: tf.Tensor) -> tfd.Distribution:
        return tfd.Bernoulli(logits=logits, dtype=logits.dtype)

    def check_inputs(self, x: np.ndarray) -> None:
        check_pixels(x)

    def check_support(self, x: np.ndarray) -> None:
        check_pixels(x)
        if self.grey_levels:
            return
        x = np.asarray(x)
        between = (x != 0) & (x != 1)
        if between.any():
            raise ValueError(
                "The Bernoulli likelihood needs binary pixels (0 or 1). Received "
                f"{x[between][0]}. Binarise the images, for example with "
                "`keras_vae.datasets.load(..., binarize='static')`, or accept grey levels with "
                "`likelihood=keras_vae.likelihoods.Bernoulli(grey_levels=True)`."
            )

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "grey_levels": self.grey_levels}


@keras.saving.register_keras_serializable(package="keras_vae")
class Gaussian(Likelihood):
    """Independent Gaussian values, of pixels or of any real numbers.

    The logarithm of the scale runs from that of `min_scale` to that of `max_scale` along a
    hyperbolic tangent. The defaults, log variance = tanh(.) and mean = sigmoid(.), are those of
    "Latent Space Activity and Visualization", Section 2.3.1, for pixels in [0, 1].

    Arguments:
        link: `"sigmoid"` for means, and data, in [0, 1]; `"identity"` for any real numbers.
        min_scale: Lowest standard deviation, in the data's units; None for exp(-1/2).
        max_scale: Highest standard deviation; None for exp(1/2).
        **kwargs: Arguments of `Likelihood`.

    Raises:
        ValueError: If the link is unknown, or the scales are not 0 < `min_scale` < `max_scale`.

    Example:
        table = keras_vae.likelihoods.Gaussian(link="identity", min_scale=0.01, max_scale=2.0)
        model = keras_vae.VAE(latent_dim=4, event_shape=12, likelihood=table)
    """

    parameters = ("loc", "log_variance")

    def __init__(
        self,
        link: str = "sigmoid",
        min_scale: float | None = None,
        max_scale: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_choice(link, LINKS, "link")
        self.link, self.min_scale, self.max_scale = link, min_scale, max_scale
        self.interval = PIXELS if link == "sigmoid" else (-math.inf, math.inf)
        low, high = (
            default if scale is None else scale
            for scale, default in ((min_scale, math.exp(-0.5)), (max_scale, math.exp(0.5)))
        )
        if not 0 < low < high < math.inf:
            raise ValueError(f"Scales must be 0 < min_scale < max_scale. Received: {low}, {high}.")
        self._middle, self._half = 0.0, 0.5
        if (min_scale, max_scale) != (None, None):
            self._middle = 0.5 * (math.log(low) + math.log(high))
            self._half = 0.5 * (math.log(high) - math.log(low))

    def make_distribution(self, loc: tf.Tensor, log_variance: tf.Tensor) -> tfd.Distribution:
        log_scale = self._half * keras.ops.tanh(log_variance)
        if self._middle:
            log_scale = self._middle + log_scale
        loc = keras.ops.sigmoid(loc) if self.link == "sigmoid" else loc
        return tfd.Normal(loc=loc, scale=keras.ops.exp(log_scale))

    def check_support(self, x: np.ndarray) -> None:
        if self.link == "sigmoid":
            check_pixels(x)

    def get_config(self) -> dict[str, Any]:
        own = {"link": self.link, "min_scale": self.min_scale, "max_scale": self.max_scale}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="keras_vae")
class DiscretizedLogistic(Likelihood):
    """Independent pixels of so many grey levels: logistic, with the bins' probabilities.

    The location is the sigmoid of one linear head; the logarithm of the scale is another,
    clamped to [-4.5, 0]. It is a probability, so values are comparable in bits per dimension.

    A clamp has no gradient outside of its range. Pixels whose scale begins above it for every image
    stay there at a low learning rate: on Frey Faces, at 1e-4, 16 of 560, visible in every image.

    "Project: Large VAE", Section 3.1; Tomczak & Welling 2018, Section 5.

    Arguments:
        scale_recovers: Whether the gradient of what is minimised is passed on outside of the range
            too, where it leads back into it; the value is the same.
        levels: Number of grey levels; pixels are i / (levels - 1).
        **kwargs: Arguments of `Likelihood`.

    Raises:
        ValueError: If there are fewer than two levels.
    """

    parameters = ("loc", "log_scale")
    log_scale_range = (-4.5, 0.0)
    interval = PIXELS

    def __init__(self, scale_recovers: bool = True, levels: int = 256, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_positive_integer(levels, "levels")
        if levels < 2:
            raise ValueError(f"`levels` must be at least 2. Received: {levels}.")
        self.levels = int(levels)
        self.scale_recovers = scale_recovers

    def make_distribution(self, loc: tf.Tensor, log_scale: tf.Tensor) -> tfd.Distribution:
        clip = clip_with_way_back if self.scale_recovers else keras.ops.clip
        return distributions.DiscretizedLogistic(
            loc=keras.ops.sigmoid(loc),
            log_scale=clip(log_scale, *self.log_scale_range),
            levels=self.levels,
        )

    def check_inputs(self, x: np.ndarray) -> None:
        check_pixels(x)

    def check_support(self, x: np.ndarray) -> None:
        check_pixels(x)
        levels = np.asarray(x, dtype=np.float64) * (self.levels - 1)
        between = abs(levels - np.round(levels)) > 1e-3
        if between.any():
            raise ValueError(
                f"The discretised logistic likelihood needs pixels i / {self.levels - 1}, with i "
                f"an integer. Received {np.asarray(x)[between][0]}."
            )

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "levels": self.levels,
            "scale_recovers": self.scale_recovers,
        }


def clip_with_way_back(x: tf.Tensor, lowest: float, highest: float) -> tf.Tensor:
    """Clips, but outside of the range keeps the gradient that descends into it.

    Arguments:
        x: Tensor.
        lowest: Lower end of the range.
        highest: Upper end.

    Returns:
        Tensor of the same shape. Its gradient is meant for a loss, which is minimised.
    """

    @tf.custom_gradient
    def clip(x: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        def gradient(upstream: tf.Tensor) -> tf.Tensor:
            leads_away = ((x > highest) & (upstream < 0)) | ((x < lowest) & (upstream > 0))
            return tf.where(leads_away, tf.zeros_like(upstream), upstream)

        return tf.clip_by_value(x, lowest, highest), gradient

    return clip(x)


def bits_per_dimension(log_likelihood: npt.ArrayLike, event_shape: Sequence[int]) -> np.ndarray:
    """Turns nats per item into bits per pixel, of which fewer are better.

    Arguments:
        log_likelihood: Number or array, in nats per item.
        event_shape: Shape of one item.

    Returns:
        The same shape: `-log p(x) / (pixels log 2)`.
    """
    return -np.asarray(log_likelihood) / (math.prod(event_shape) * math.log(2.0))

"""Decoder heads: layers that turn hidden units into a distribution over images."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from keras_vae import distributions
from keras_vae._internal.backend import keras, tf, tfd
from keras_vae._internal.checks import check_pixels, get_part
from keras_vae.networks import dense
from keras_vae.random import derive_seed


class Likelihood(keras.layers.Layer):
    """Base of the heads of p(x | z).

    A head is a layer from hidden units (rows, units) to parameters of shape
    (rows, pixels); `distribution` turns those into a TFP distribution over images. To add
    one, name its `parameters` and implement `transform` and `make_distribution`.
    """

    built: bool
    parameters: tuple[str, ...] = ()

    def build_heads(
        self,
        hidden_units: int,
        image_shape: tuple[int, ...],
        kernel_initializer: Any,
        seed: int,
        bias_initializer: Any = "zeros",
    ) -> None:
        """Creates one linear layer per parameter.

        Arguments:
            hidden_units: Width of the last hidden layer of the decoder.
            image_shape: Shape of one image.
            kernel_initializer: Keras initialiser of the kernels.
            seed: Integer from which the weights are drawn.
            bias_initializer: Keras initialiser of the biases.

        Raises:
            ValueError: If the likelihood already belongs to a model.
        """
        if self.built:
            raise ValueError("This likelihood belongs to another model. Give each model its own.")
        self.image_shape = tuple(image_shape)
        self.heads = [
            dense(
                math.prod(self.image_shape),
                kernel_initializer,
                derive_seed(seed, index),
                bias_initializer=bias_initializer,
                name=name,
                dtype=self.dtype_policy,
            )
            for index, name in enumerate(self.parameters)
        ]
        for head in self.heads:
            head.build((None, hidden_units))
        self.built = True

    def call(self, hidden: tf.Tensor) -> tuple[tf.Tensor, ...]:
        return tuple(head(hidden) for head in self.heads)

    def decode(self, hidden: tf.Tensor, leading: tf.Tensor) -> tfd.Distribution:
        """The distribution over images that hidden units lead to.

        Arguments:
            hidden: Tensor of shape (rows, units).
            leading: Integer tensor: the shape that the rows stand for.

        Returns:
            `tfd.Independent` with batch shape `leading` and event shape `image_shape`.
        """
        shape = tf.concat([leading, [math.prod(self.image_shape)]], axis=0)
        return self.distribution([tf.reshape(value, shape) for value in self(hidden)])

    def distribution(self, parameters: Sequence[tf.Tensor]) -> tfd.Distribution:
        """The distribution over images.

        Arguments:
            parameters: Tensors of shape (..., pixels), one per entry of `self.parameters`.

        Returns:
            `tfd.Independent` with batch shape (...) and event shape `image_shape`.
        """
        return tfd.Independent(
            self.make_distribution(*map(self.as_images, parameters)),
            reinterpreted_batch_ndims=len(self.image_shape),
        )

    def as_images(self, parameter: tf.Tensor) -> tf.Tensor:
        """A parameter of shape (..., pixels) as one of shape (..., *image_shape)."""
        return tf.reshape(
            parameter, tf.concat([tf.shape(parameter)[:-1], self.image_shape], axis=0)
        )

    def make_distribution(self, *parameters: tf.Tensor) -> tfd.Distribution:
        """Returns the distribution of single pixels from this head's raw parameters."""
        raise NotImplementedError

    def check_support(self, x: np.ndarray) -> None:
        """Raises `ValueError` if data, already known to be finite, have no density here."""

    def check_inputs(self, x: np.ndarray) -> None:
        """Raises `ValueError` if finite data cannot be encoded; by default as `check_support`."""
        self.check_support(x)


@keras.saving.register_keras_serializable(package="keras_vae")
class Bernoulli(Likelihood):
    """Independent Bernoulli pixels with logits linear in the last hidden layer.

    Kingma & Welling 2013, Appendix C.1.

    Arguments:
        grey_levels: Whether to accept pixels between 0 and 1. The sum
            `x log y + (1 - x) log(1 - y)` is then a cross-entropy and no log-likelihood.
    """

    parameters = ("logits",)

    def __init__(self, grey_levels: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.grey_levels = grey_levels

    def distribution(self, parameters: Sequence[tf.Tensor]) -> tfd.Distribution:
        (logits,) = parameters
        return distributions.LogitBernoulli(self.as_images(logits), len(self.image_shape))

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
    """Independent Gaussian pixels: mean = sigmoid(.), log variance = tanh(.).

    "Latent Space Activity and Visualization", Section 2.3.1.
    """

    parameters = ("loc", "log_variance")

    def make_distribution(self, loc: tf.Tensor, log_variance: tf.Tensor) -> tfd.Distribution:
        return tfd.Normal(
            loc=keras.ops.sigmoid(loc), scale=keras.ops.exp(0.5 * keras.ops.tanh(log_variance))
        )

    def check_support(self, x: np.ndarray) -> None:
        check_pixels(x)


@keras.saving.register_keras_serializable(package="keras_vae")
class DiscretizedLogistic(Likelihood):
    """Independent pixels of 256 grey levels: logistic, with the bins' probabilities.

    The location is the sigmoid of one linear head; the logarithm of the scale is another,
    clamped to [-4.5, 0]. It is a probability, so values are comparable in bits per dimension.

    A clamp has no gradient outside of its range. Pixels whose scale begins above it for every image
    stay there at a low learning rate: on Frey Faces, at 1e-4, 16 of 560, visible in every image.

    Arguments:
        scale_recovers: Whether the gradient of what is minimised is passed on outside of the range
            too, where it leads back into it; the value is the same.

    "Project: Large VAE", Section 3.1; Tomczak & Welling 2018, Section 5.
    """

    parameters = ("loc", "log_scale")
    levels = 256
    log_scale_range = (-4.5, 0.0)

    def __init__(self, scale_recovers: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale_recovers = scale_recovers

    def make_distribution(self, loc: tf.Tensor, log_scale: tf.Tensor) -> tfd.Distribution:
        clip = clip_with_way_back if self.scale_recovers else keras.ops.clip
        return distributions.DiscretizedLogistic(
            loc=keras.ops.sigmoid(loc),
            log_scale=clip(log_scale, *self.log_scale_range),
            levels=self.levels,
        )

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "scale_recovers": self.scale_recovers}

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


def bits_per_dimension(log_likelihood: npt.ArrayLike, image_shape: Sequence[int]) -> np.ndarray:
    """Turns nats per image into bits per pixel, of which fewer are better.

    Arguments:
        log_likelihood: Number or array, in nats per image.
        image_shape: Shape of one image.

    Returns:
        The same shape: `-log p(x) / (pixels log 2)`.
    """
    return -np.asarray(log_likelihood) / (math.prod(image_shape) * math.log(2.0))


LIKELIHOODS = {
    "bernoulli": Bernoulli,
    "gaussian": Gaussian,
    "discretized_logistic": DiscretizedLogistic,
}


def get(identifier: Any) -> Likelihood:
    """Returns a likelihood from a name, a class, a config, an instance or None (Bernoulli)."""
    return get_part(identifier, LIKELIHOODS, Likelihood, "likelihood")

"""Priors whose parameters are learned: mixtures."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_vae import posteriors
from keras_vae._internal.backend import initializer_config, keras, tf, tfd
from keras_vae._internal.checks import check_data_shape, check_finite, check_positive_integer
from keras_vae.distributions import DiagonalGaussianMixture
from keras_vae.priors.base import Encoder, Prior
from keras_vae.random import derive_seed, resolve_seed


@keras.saving.register_keras_serializable(package="keras_vae")
class UnitInterval(keras.constraints.Constraint):
    """Keeps weights in [0, 1]."""

    def __call__(self, w: tf.Tensor) -> tf.Tensor:
        return keras.ops.clip(w, 0.0, 1.0)


@keras.saving.register_keras_serializable(package="keras_vae")
class Within(keras.constraints.Constraint):
    """Keeps the columns of weights each in an interval of its own.

    Arguments:
        lowest: Numbers, one a column.
        highest: Numbers, one a column.
    """

    def __init__(self, lowest: Sequence[float], highest: Sequence[float]) -> None:
        self.lowest, self.highest = list(lowest), list(highest)

    def __call__(self, w: tf.Tensor) -> tf.Tensor:
        return keras.ops.clip(w, self.lowest, self.highest)

    def get_config(self) -> dict[str, Any]:
        return {"lowest": self.lowest, "highest": self.highest}


# Of pseudo-inputs, by the interval of the data.
CONSTRAINTS: dict[tuple[float, float], Any] = {
    (0.0, 1.0): UnitInterval(),
    (0.0, math.inf): keras.constraints.NonNeg(),
    (-math.inf, math.inf): None,
}


@keras.saving.register_keras_serializable(package="keras_vae")
class VampPrior(Prior):
    """p(z) = 1/K sum_k q(z|u_k) with learned pseudo-inputs u_k, which are like the data.

    They are in [0, 1] for likelihoods of pixels, not negative for counts. They begin with noise in
    [0, 1]; `initialize_from` takes data instead.

    Arguments:
        num_pseudo_inputs: Number K of pseudo-inputs.
        seed: Integer from which uniform noise and the choice of images are drawn; None draws a
            fresh one.
        initializer: Keras initialiser of the pseudo-inputs, cut to what data may be; None for
            uniform noise drawn by `seed`.

    Raises:
        ValueError: If K is below 1, or the data are categories, which cannot be learned.

    Reference: Tomczak & Welling, "VAE with a VampPrior", 2018, equation 9.
    """

    def __init__(
        self,
        num_pseudo_inputs: int = 500,
        seed: int | None = None,
        initializer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_positive_integer(num_pseudo_inputs, "num_pseudo_inputs")
        self.num_pseudo_inputs = int(num_pseudo_inputs)
        self.seed = resolve_seed(seed)
        self.initializer = keras.initializers.get(
            initializer or keras.initializers.RandomUniform(0.0, 1.0, seed=self.seed)
        )

    def create_weights(self, latent_dim: int, image_shape: tuple[int, ...]) -> None:
        if self.interval is None:
            raise ValueError(
                "Pseudo-inputs of a VampPrior are learned, and data of this likelihood cannot be. "
                "Use another prior."
            )
        several = isinstance(self.interval[0], tuple)
        constraint = Within(*self.interval) if several else CONSTRAINTS[self.interval]
        self.pseudo_inputs = self.add_weight(
            shape=(self.num_pseudo_inputs, *image_shape),
            initializer=self.initializer,
            constraint=constraint,
            name="pseudo_inputs",
        )
        # The constraint acts only after updates.
        if constraint is not None:
            self.pseudo_inputs.assign(constraint(self.pseudo_inputs))

    def initialize_from(self, images: np.ndarray) -> None:
        """Makes K of some images, chosen at random without repetition, the pseudo-inputs.

        Arguments:
            images: Array of shape (N, *event_shape).

        Raises:
            ValueError: If there are fewer than K, they have the wrong shape or values, or the
                prior is not yet a model's.
        """
        if not self.built:
            raise ValueError("Give this prior to a model before initialising its pseudo-inputs.")
        images = np.asarray(images)
        check_data_shape(images.shape, self.pseudo_inputs.shape[1:])
        check_finite(images)
        self.check_inputs(images)
        if len(images) < self.num_pseudo_inputs:
            raise ValueError(
                f"{self.num_pseudo_inputs} pseudo-inputs cannot be taken from {len(images)} images."
            )
        rng = np.random.default_rng(derive_seed(self.seed, 1))
        chosen = rng.choice(len(images), self.num_pseudo_inputs, replace=False)
        self.pseudo_inputs.assign(images[chosen])

    def distribution(self, encode: Encoder) -> tfd.Distribution:
        posterior = encode(self.pseudo_inputs)
        logits = tf.zeros(self.num_pseudo_inputs, posterior.dtype)
        if posteriors.is_diagonal_gaussian(posterior):
            return DiagonalGaussianMixture(logits, posterior.mean(), posterior.stddev())
        return tfd.MixtureSameFamily(tfd.Categorical(logits=logits), posterior)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_pseudo_inputs": self.num_pseudo_inputs,
            "initializer": initializer_config(self.initializer),
            "seed": self.seed,
        }


def check_no_batch_statistics(prior: Prior, layers: Sequence[keras.layers.Layer]) -> None:
    """Raises `ValueError` if a VampPrior is made by layers that normalise batches."""
    normalised = any(isinstance(layer, keras.layers.BatchNormalization) for layer in layers)
    if normalised and isinstance(prior, VampPrior):
        raise ValueError(
            "The VampPrior is made of posteriors, which batch normalisation changes from batch to "
            "batch. Use one without the other."
        )


def check_no_conditions(prior: Prior, condition_shape: Sequence[int] | None) -> None:
    """Raises `ValueError` if a VampPrior is made by an encoder that needs conditions."""
    if condition_shape is not None and isinstance(prior, VampPrior):
        raise ValueError(
            "The VampPrior is made of posteriors of pseudo-inputs, which have no conditions. Use "
            "another prior where there is a `condition_shape`."
        )


@keras.saving.register_keras_serializable(package="keras_vae")
class MixtureOfGaussians(Prior):
    """A mixture of diagonal Gaussians with learned weights, means and scales.

    Arguments:
        num_components: Number of components.
        seed: Integer from which the means are drawn; None draws a fresh one.

    Raises:
        ValueError: If there is no component.
    """

    def __init__(self, num_components: int = 10, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_positive_integer(num_components, "num_components")
        self.num_components = int(num_components)
        self.seed = resolve_seed(seed)

    def create_weights(self, latent_dim: int, image_shape: tuple[int, ...]) -> None:
        shape = (self.num_components, latent_dim)
        self.logits = self.add_weight(
            shape=(self.num_components,), initializer="zeros", name="logits"
        )
        # Components that start equal would stay equal.
        self.loc = self.add_weight(
            shape=shape,
            initializer=keras.initializers.RandomNormal(0.0, 1.0, self.seed),
            name="loc",
        )
        self.log_scale = self.add_weight(shape=shape, initializer="zeros", name="log_scale")

    def distribution(self, encode: Encoder) -> tfd.Distribution:
        return DiagonalGaussianMixture(
            tf.convert_to_tensor(self.logits),
            tf.convert_to_tensor(self.loc),
            tf.exp(self.log_scale),
        )

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_components": self.num_components,
            "seed": self.seed,
        }

"""A VAE's weights as plain arrays, to take them from other programs or give them to others.

The arrays are a kernel and a bias for each layer, from the images to the images: the encoder's
hidden layers; the posterior, its means in the first columns and its log variances in the second
half; the decoder's hidden layers; and the likelihood, its parameters side by side. With one
hidden layer of 500 units, z latent dimensions and Bernoulli pixels these are

    W1 (784, 500), b1 (500,), W2 (500, 2 z), b2 (2 z,),
    W3 (z, 500), b3 (500,), W4 (500, 784), b4 (784,)

with pixels counted row by row. Arrays of a program that counts them column by column, such as
MATLAB, need the rows of W1, the columns of W4 and the entries of b4 reordered.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from keras_vae._internal.backend import keras
from keras_vae.models import VAE
from keras_vae.networks import DenseStack
from keras_vae.posteriors import DiagonalGaussian

if TYPE_CHECKING:
    from keras_vae.models import LatentVariableModel


def get(model: LatentVariableModel) -> list[np.ndarray]:
    """Returns a model's weights as NumPy arrays.

    Arguments:
        model: `keras_vae.VAE` without batch normalisation and gates.

    Returns:
        List of arrays, as described in this module.

    Raises:
        ValueError: If the model normalises batches or has gates.
    """
    return [
        np.concatenate([variable.numpy() for variable in group], axis=-1)
        for group in _variables(model)
    ]


def assign(model: LatentVariableModel, arrays: Sequence[npt.ArrayLike]) -> None:
    """Gives a model weights from plain arrays.

    Arguments:
        model: `keras_vae.VAE` without batch normalisation and gates.
        arrays: List of arrays, as described in this module.

    Raises:
        ValueError: If the model normalises batches or has gates, if the number of arrays or a
            shape does not fit, or if a value is not finite. The model is then as it was.
    """
    groups = _variables(model)
    values = [np.asarray(array) for array in arrays]
    shapes = [_joint_shape(group) for group in groups]
    received = [array.shape for array in values]
    if shapes != received:
        raise ValueError(f"Expected arrays of shapes {shapes}. Received: {received}.")
    for index, array in enumerate(values):
        if not np.isfinite(array).all():
            raise ValueError(f"Array {index}, of shape {array.shape}, holds NaN or infinity.")
    for group, array in zip(groups, values, strict=True):
        ends = np.cumsum([variable.shape[-1] for variable in group])
        for variable, part in zip(group, np.split(array, ends[:-1], axis=-1), strict=True):
            variable.assign(part)


def _variables(model: LatentVariableModel) -> list[list[keras.Variable]]:
    """The variables that each array holds side by side."""
    if not isinstance(model, VAE):
        raise ValueError(f"Expected a `keras_vae.VAE`. Received: {type(model).__name__}.")
    for network in (model.encoder, model.decoder):
        if not isinstance(network, DenseStack):
            raise ValueError(f"Expected dense networks. Received: {type(network).__name__}.")
        if network.batch_norm or network.gated:
            raise ValueError(
                "Layers with batch normalisation or gates are more than kernel and bias."
            )
    if type(model.posterior) is not DiagonalGaussian:
        raise ValueError(
            "The arrays are those of a diagonal Gaussian posterior. Received: "
            f"{type(model.posterior).__name__}."
        )
    layers = [
        *([layer] for layer in model.encoder.dense_layers),
        [model.loc_head, model.log_variance_head],
        *([layer] for layer in model.decoder.dense_layers),
        model.likelihood.heads,
    ]
    return [
        [getattr(layer, kind) for layer in group] for group in layers for kind in ("kernel", "bias")
    ]


def _joint_shape(group: Sequence[keras.Variable]) -> tuple[int, ...]:
    return (*group[0].shape[:-1], sum(variable.shape[-1] for variable in group))

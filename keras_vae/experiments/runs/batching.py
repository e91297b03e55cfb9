"""Functions of many images, a part of them at a time."""

from collections.abc import Callable

import numpy as np

from keras_vae._internal.backend import tf

BATCH = 500


def in_batches(function: Callable[[np.ndarray], tf.Tensor], images: np.ndarray) -> list[np.ndarray]:
    """What a function of images returns for each `BATCH` of them: a list of NumPy arrays."""
    starts = range(0, len(images), BATCH)
    return [function(images[start : start + BATCH]).numpy() for start in starts]

"""Finds the images in whatever `fit` accepts, so that they can be checked beforehand."""

import numpy as np

from keras_vae._internal.backend import keras, tf


def check_fit_data(data, check_images):
    """Applies `check_images` to an array, or to the first batch of a dataset.

    Arguments:
        data: What `fit` takes as `x` or `validation_data`.
        check_images: Function that takes a NumPy array and raises if it is unusable.

    Raises:
        Whatever `check_images` raises.
    """
    if isinstance(data, tf.data.Dataset):
        data = next(iter(data.take(1)), None)
    elif isinstance(data, keras.utils.PyDataset):
        data = data[0]
    if isinstance(data, (tuple, list)) and len(data) and hasattr(data[0], "shape"):
        data = data[0]
    if data is not None and hasattr(data, "shape"):
        check_images(np.asarray(data))

"""Pairs of images to draw paths between."""

import numpy as np

from keras_vae.datasets import Split


def pairs_of_two_classes(split: Split, seed: int, count: int) -> tuple[Split, Split]:
    """Random pairs of images of different classes.

    Arguments:
        split: `Split` with labels.
        seed: Integer.
        count: How many pairs.

    Returns:
        Two `Split` of `count` images with their labels.
    """
    rng = np.random.default_rng(seed)
    first, second = rng.integers(len(split), size=(2, 4 * count))
    labels = np.asarray(split.labels)
    differ = np.flatnonzero(labels[first] != labels[second])[:count]
    one, other = first[differ], second[differ]
    return Split(split.pixels[one], labels[one]), Split(split.pixels[other], labels[other])


def evenly_spaced(starts: np.ndarray, ends: np.ndarray, steps: int) -> np.ndarray:
    """Equally spaced points from `starts` to `ends`, along a new second axis.

    Arguments:
        starts: Array of shape (N, ...).
        ends: Array of that shape.
        steps: How many, both ends included.

    Returns:
        Array of shape (N, steps, ...).
    """
    share = np.linspace(0, 1, steps, dtype=np.float32)
    share = share.reshape(1, steps, *[1] * (np.ndim(starts) - 1))
    return starts[:, None] * (1 - share) + ends[:, None] * share

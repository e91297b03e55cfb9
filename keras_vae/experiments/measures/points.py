"""Points to decode: lattices of codes in two dimensions, and lines between pairs of images."""

import numpy as np
import numpy.typing as npt

from keras_vae.datasets import Split

LATTICE_SIZE = 20


def plane_lattice(size: int = LATTICE_SIZE, extent: float = 3.0) -> np.ndarray:
    """Codes of an evenly spaced square lattice from -extent to extent, as `square_lattice`."""
    return square_lattice(np.linspace(-extent, extent, size))


def square_lattice(points: npt.ArrayLike) -> np.ndarray:
    """Codes of a square lattice with the same coordinates along both axes.

    Arguments:
        points: Array of shape (size,).

    Returns:
        float32 array of shape (size, size, 2): rows along the second dimension, from low to high.
    """
    first, second = np.meshgrid(points, points)
    return np.stack([first, second], axis=-1).astype(np.float32)


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

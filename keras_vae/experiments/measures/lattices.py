"""Lattices of codes in two latent dimensions."""

import numpy as np
from scipy.stats import norm

LATTICE_SIZE = 20


def quantile_lattice(size=LATTICE_SIZE):
    """Codes of a square lattice of equal prior mass in two dimensions.

    Arguments:
        size: Codes along each axis, at the middles of as many equally probable intervals.

    Returns:
        Array of shape (size, size, 2): rows along the second dimension, from low to high.
    """
    return _lattice(norm.ppf((np.arange(size) + 0.5) / size))


def plane_lattice(size=LATTICE_SIZE, extent=3.0):
    """Codes of an evenly spaced square lattice from -extent to extent, like the above."""
    return _lattice(np.linspace(-extent, extent, size))


def _lattice(points):
    first, second = np.meshgrid(points, points)
    return np.stack([first, second], axis=-1).astype(np.float32)

"""Lattices of codes in two latent dimensions."""

import numpy as np
import numpy.typing as npt

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

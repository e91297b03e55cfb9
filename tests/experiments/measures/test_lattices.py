"""Lattices of codes at known places."""

import numpy as np

from keras_vae.experiments.measures import lattices


def test_a_lattice_is_evenly_spaced_with_the_second_dimension_along_rows():
    lattice = lattices.plane_lattice(3, extent=2.0)
    assert lattice.dtype == np.float32
    assert lattice.tolist() == [
        [[-2, -2], [0, -2], [2, -2]],
        [[-2, 0], [0, 0], [2, 0]],
        [[-2, 2], [0, 2], [2, 2]],
    ]


def test_it_has_20_by_20_codes_up_to_3():
    lattice = lattices.plane_lattice()
    assert lattice.shape == (20, 20, 2) and lattice.min() == -3 and lattice.max() == 3

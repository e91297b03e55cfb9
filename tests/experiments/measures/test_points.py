"""Lattices of codes at known places, pairs of images, and straight lines between them."""

import numpy as np

from keras_vae.datasets import Split
from keras_vae.experiments.measures import points


def test_a_lattice_is_evenly_spaced_with_the_second_dimension_along_rows():
    lattice = points.plane_lattice(3, extent=2.0)
    assert lattice.dtype == np.float32
    assert lattice.tolist() == [
        [[-2, -2], [0, -2], [2, -2]],
        [[-2, 0], [0, 0], [2, 0]],
        [[-2, 2], [0, 2], [2, 2]],
    ]


def test_it_has_20_by_20_codes_up_to_3():
    lattice = points.plane_lattice()
    assert lattice.shape == (20, 20, 2) and lattice.min() == -3 and lattice.max() == 3


def test_a_straight_line_is_straight_and_ends_where_it_should():
    rng = np.random.default_rng(0)
    starts, ends = rng.normal(size=(2, 5, 3, 4))
    line = points.evenly_spaced(starts, ends, 7)
    assert line.shape == (5, 7, 3, 4)
    np.testing.assert_allclose(line[:, 0], starts)
    np.testing.assert_allclose(line[:, -1], ends)
    np.testing.assert_allclose(line[:, 3], (starts + ends) / 2, rtol=1e-6)
    np.testing.assert_allclose(np.diff(line, n=2, axis=1), 0, atol=1e-6)
    images = starts.astype("float32")
    assert points.evenly_spaced(images, images, 3).dtype == np.float32


def test_pairs_are_of_two_classes():
    # Each image tells its own label.
    labels = np.random.default_rng(0).integers(0, 3, size=200)
    split = Split(np.broadcast_to(labels[:, None, None], (200, 2, 2)).astype(np.uint8), labels)
    first, second = points.pairs_of_two_classes(split, seed=0, count=50)
    assert len(first) == len(second) == 50
    assert (first.labels != second.labels).all()
    for chosen in (first, second):
        np.testing.assert_array_equal(chosen.pixels[:, 0, 0], chosen.labels)


def test_pairs_are_random_and_as_many_as_asked_for():
    labels = np.arange(40) % 2
    split = Split(np.arange(40, dtype=np.uint8)[:, None, None], labels)

    def drawn(seed):
        return np.stack([s.pixels.ravel() for s in points.pairs_of_two_classes(split, seed, 30)])

    pairs = drawn(0)
    assert pairs.shape == (2, 30)
    np.testing.assert_array_equal(pairs, drawn(0))
    assert (pairs != drawn(1)).mean() > 0.5
    # Either side holds both classes and any image.
    assert all(0.2 < (side % 2).mean() < 0.8 and len(set(side)) > 15 for side in pairs)
    # Of one class alone there are no pairs; the same two images may not be told apart.
    alone = Split(split.pixels, np.zeros(40, int))
    assert [len(side) for side in points.pairs_of_two_classes(alone, 0, 30)] == [0, 0]

"""Pairs of images and straight lines between them."""

import numpy as np

from keras_vae.datasets import Split
from keras_vae.experiments.measures import image_pairs


def test_a_straight_line_is_straight_and_ends_where_it_should():
    rng = np.random.default_rng(0)
    starts, ends = rng.normal(size=(2, 5, 3, 4))
    line = image_pairs.evenly_spaced(starts, ends, 7)
    assert line.shape == (5, 7, 3, 4)
    np.testing.assert_allclose(line[:, 0], starts)
    np.testing.assert_allclose(line[:, -1], ends)
    np.testing.assert_allclose(line[:, 3], (starts + ends) / 2, rtol=1e-6)
    np.testing.assert_allclose(np.diff(line, n=2, axis=1), 0, atol=1e-6)


def test_pairs_are_of_two_classes():
    # Each image tells its own label.
    labels = np.random.default_rng(0).integers(0, 3, size=200)
    split = Split(np.broadcast_to(labels[:, None, None], (200, 2, 2)).astype(np.uint8), labels)
    first, second = image_pairs.pairs_of_two_classes(split, seed=0, count=50)
    assert len(first) == len(second) == 50
    assert (first.labels != second.labels).all()
    for chosen in (first, second):
        np.testing.assert_array_equal(chosen.pixels[:, 0, 0], chosen.labels)

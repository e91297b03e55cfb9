"""Measures of classes on codes and images whose answers are known."""

import numpy as np
import pytest
from scipy.stats import norm

from keras_vae import datasets
from keras_vae.datasets import Split
from keras_vae.experiments.measures import class_measures, lattices
from keras_vae.experiments.reports.activity import latent_views


def test_means_by_class():
    values, labels = [1.0, 2.0, 3.0, 5.0], [7, 0, 7, 0]
    assert class_measures.by_class(values, labels).tolist() == [3.5, 2.0]


@pytest.fixture
def clusters():
    """Classes 0 and 1 drawn from one Gaussian, class 2 far away from both."""
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 400)
    return rng.normal(size=(1200, 2)) + 100.0 * (labels == 2)[:, None], labels


def test_neighbour_confusion(clusters):
    confusion = class_measures.neighbour_confusion(*clusters)
    np.testing.assert_allclose(confusion.sum(axis=1), 1)
    assert confusion[2].tolist() == [0, 0, 1]
    # Of 400 codes of either class each has 10 neighbours: a standard error of about 0.02.
    np.testing.assert_allclose(confusion[:2, :2], 0.5, atol=0.1)


def test_a_code_is_not_its_own_neighbour():
    # In pairs of one code from either class, the nearest other code is of the other class.
    codes = np.repeat(np.arange(20.0), 2)[:, None] * 10 + np.tile([0, 1], 20)[:, None]
    confusion = class_measures.neighbour_confusion(codes, np.tile([0, 1], 20), neighbours=1)
    assert confusion.tolist() == [[0, 1], [1, 0]]


def test_silhouette(clusters):
    apart = class_measures.silhouette_by_class(*clusters)
    assert apart[2] > 0.9 and abs(apart[0]) < 0.1 and abs(apart[1]) < 0.1


def test_image_classifier_knows_digits(digits):
    images, labels = digits.test
    for binary in (False, True):
        classify = class_measures.image_classifier(digits.train, binary)
        assert (classify(images[:500]) == labels[:500]).mean() > 0.85
    # Half the contrast is the same image once it is binary.
    np.testing.assert_array_equal(classify(0.51 * images[:50]), classify(images[:50]))


def test_quantile_lattice_has_equal_prior_mass_in_each_cell():
    lattice = lattices.quantile_lattice(4)
    assert lattice.shape == (4, 4, 2)
    np.testing.assert_allclose(norm.cdf(lattice[0, :, 0]), [0.125, 0.375, 0.625, 0.875], atol=1e-6)
    np.testing.assert_array_equal(lattice[:, 0, 1], lattice[0, :, 0])
    assert (lattice[2, :, 1] == lattice[2, 0, 1]).all()


def test_plane_lattice_is_evenly_spaced():
    lattice = lattices.plane_lattice(5, extent=2.0)
    assert lattice[0, :, 0].tolist() == [-2, -1, 0, 1, 2]


@pytest.mark.parametrize("sign, agreement", [(1, 1.0), (-1, 0.0)])
def test_lattice_agreement(sign, agreement):
    lattice = lattices.plane_lattice(8)
    means = np.random.default_rng(0).uniform(-4, 4, size=(5000, 2))
    labels = (means[:, 0] > 0).astype(int)
    encoded = latent_views.EncodedTestSet(
        model=None, images=None, labels=labels, means=means, classify=None
    )
    decoded = (sign * lattice.reshape(-1, 2)[:, 0] > 0).astype(int)
    assert latent_views.lattice_agreement(encoded, lattice, decoded) == agreement


class TestSelection:
    def test_classes_and_first_images(self, digits):
        part = digits.select(classes=(1, 3), train_images=50)
        assert set(part.train.labels) == set(part.test.labels) == {1, 3}
        assert len(part.train) == 50 and len(part.test) == 200
        of_both = np.isin(digits.train.labels, (1, 3))
        np.testing.assert_array_equal(part.train.pixels, digits.train.pixels[of_both][:50])
        assert len(digits.train) == 4000

    def test_all_is_the_same(self, digits):
        assert digits.select() == digits

    def test_what_is_not_there(self, digits):
        with pytest.raises(ValueError, match="Unknown class: 11. Valid values: 0, 1"):
            digits.select(classes=(1, 11))
        with pytest.raises(ValueError, match="There are 4000 images. Received: 4001"):
            digits.select(train_images=4001)
        unlabelled = datasets.Split(digits.train.pixels)
        with pytest.raises(ValueError, match="no labels"):
            unlabelled.of_classes((1,))


def test_drawn_pixels_are_binary_and_as_frequent_as_grey_says():
    grey = np.full((4000, 2, 2), 0.3, dtype=np.float32)
    drawn = class_measures.draw_pixels(grey, seed=0)
    assert set(np.unique(drawn)) == {0.0, 1.0}
    assert abs(drawn.mean() - 0.3) < 5 * np.sqrt(0.21 / drawn.size)


def test_confidence_is_full_on_one_class_and_lower_between_two():
    # Class 0 is black, class 1 white, each with one pixel of noise.
    rng = np.random.default_rng(0)
    labels = np.arange(400) % 2
    pixels = np.broadcast_to(labels[:, None, None] * 255, (400, 6, 6)).astype(np.uint8).copy()
    pixels[np.arange(400), rng.integers(6, size=400), rng.integers(6, size=400)] ^= 255
    confidence = class_measures.digit_confidence(Split(pixels, labels))
    ends = np.stack([np.zeros((6, 6)), np.ones((6, 6))])
    np.testing.assert_array_equal(confidence(ends), [1.0, 1.0])
    # Half black and half white: as near to the one class as to the other, but for the noise.
    halves = np.zeros((1, 6, 6), np.float32)
    halves[:, :3] = 1
    assert 0.5 <= confidence(halves)[0] < 0.9
    assert confidence(np.zeros((10, 20, 6, 6))).shape == (10, 20)


def test_distance_counts_the_pixels_that_differ():
    pixels = np.zeros((30, 6, 6), dtype=np.uint8)
    distance = class_measures.distance_to_images(Split(pixels, None))
    images = np.zeros((3, 6, 6), dtype=np.float32)
    images[1, 0, :4] = 1
    images[2] = 1
    np.testing.assert_allclose(distance(images), [0, 4, 36], rtol=1e-6)

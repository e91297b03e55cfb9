"""Measures of classes on codes and images whose answers are known."""

import numpy as np
import pytest

from keras_vae import datasets
from keras_vae.datasets import Split
from keras_vae.experiments.measures import class_measures


def test_means_by_class():
    values, labels = [1.0, 2.0, 3.0, 5.0], [7, 0, 7, 0]
    assert class_measures.by_class(values, labels).tolist() == [3.5, 2.0]


def test_image_classifier_knows_digits(digits):
    images, labels = digits.test
    for binary in (False, True):
        classify = class_measures.image_classifier(digits.train, binary)
        assert (classify(images[:500]) == labels[:500]).mean() > 0.85
    # Half the contrast is the same image once it is binary.
    np.testing.assert_array_equal(classify(0.51 * images[:50]), classify(images[:50]))


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


def one_pixel(*values):
    return np.asarray(values, dtype=np.float32)[:, None, None]


def test_five_of_the_first_images_classify():
    # Levels of one pixel: 3 of class 1 are nearer, then 2 of class 0, then 9 more of class 0.
    levels = np.array([0, 1, 2, 10, 11, *range(20, 29)], dtype=np.uint8)
    labels = np.array([1, 1, 1, 0, 0] + [0] * 9)
    classify = class_measures.image_classifier(Split(levels[:, None, None], labels), binary=False)
    assert classify(one_pixel(0.0)).tolist() == [1]
    # Three of the five nearest are of class 1; of the seven nearest four are not.
    few = Split(levels[:, None, None], np.array([1, 0, 1, 0, 1] + [0] * 9))
    assert class_measures.image_classifier(few, binary=False)(one_pixel(0.0)).tolist() == [1]
    limited = class_measures.image_classifier(few, binary=False, limit=5)
    assert limited(one_pixel(1.0)).tolist() == [1]
    assert class_measures.image_classifier(few, binary=False)(one_pixel(1.0)).tolist() == [0]


def test_half_grey_is_black_to_a_classifier_of_binary_images():
    pixels = np.repeat([0, 255], 5).astype(np.uint8)[:, None, None]
    classify = class_measures.image_classifier(Split(pixels, np.repeat([0, 1], 5)), binary=True)
    assert classify(one_pixel(0.5, 0.501, 0.499, 0.9)).tolist() == [0, 1, 0, 1]


def test_grey_levels_count_unless_images_are_binary():
    pixels = np.repeat([0, 102], 5).astype(np.uint8)[:, None, None]
    split = Split(pixels, np.repeat([0, 1], 5))
    assert class_measures.image_classifier(split, binary=False)(one_pixel(0.4)).tolist() == [1]
    assert class_measures.image_classifier(split, binary=True)(one_pixel(0.4)).tolist() == [0]


def test_confidence_in_images_that_are_not_square():
    pixels = np.repeat([0, 255], 10).astype(np.uint8)[:, None, None] * np.ones((2, 3), np.uint8)
    confidence = class_measures.digit_confidence(Split(pixels, np.repeat([0, 1], 10)))
    np.testing.assert_array_equal(confidence(np.zeros((2, 1, 2, 3))), [[1], [1]])


def test_ten_thousand_images_are_compared_with():
    """One white image among black ones is the last that counts, or the first that does not."""
    pixels = np.zeros((10_001, 1, 1), dtype=np.uint8)
    labels = np.zeros(10_001, dtype=int)

    def of_white(index):
        white, of_it = pixels.copy(), labels.copy()
        white[index - 10 : index] = 255
        of_it[index - 10 : index] = 1
        split, image = Split(white, of_it), one_pixel(1.0)
        return (
            class_measures.distance_to_images(split)(image)[0],
            class_measures.digit_confidence(split)(image)[0],
        )

    assert of_white(10_000) == (0, 1)
    assert of_white(10_001) == (pytest.approx(0.1), 0.9)


def test_pixels_are_drawn_anew_by_seed():
    grey = np.full((2, 50, 50), 0.5, dtype=np.float32)
    one, again, other = (class_measures.draw_pixels(grey, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any() and (one[0] != one[1]).any()
    ends = np.stack([np.zeros((2, 2)), np.ones((2, 2))])
    np.testing.assert_array_equal(class_measures.draw_pixels(ends, seed=0), ends)

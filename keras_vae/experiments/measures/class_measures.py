"""Measures of how classes fare in images and in latent space."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors

from keras_vae.datasets import Split
from keras_vae.datasets.image_data import as_floats
from keras_vae.random import derive_seed

NEIGHBOURS = 10
REFERENCE_IMAGES = 10000


def by_class(values: npt.ArrayLike, labels: npt.ArrayLike) -> np.ndarray:
    """Mean of values over each class, the classes in ascending order.

    Arguments:
        values: Array of shape (N,).
        labels: Integer array of shape (N,).

    Returns:
        float64 array of shape (classes,).
    """
    values, labels = np.asarray(values, dtype=np.float64), np.asarray(labels)
    return np.array([values[labels == label].mean() for label in np.unique(labels)])


def image_classifier(
    split: Split, binary: bool, limit: int = REFERENCE_IMAGES
) -> Callable[[np.ndarray], np.ndarray]:
    """A nearest-neighbour classifier of images by their pixels.

    Arguments:
        split: `Split` with labels.
        binary: Whether its images are binary. What is classified is then made so, since blurred
            images would be nearest to whatever class has the least ink.
        limit: Images, from the first on, that it compares with.

    Returns:
        Function from images of shape (N, height, width) to labels of shape (N,).
    """
    classifier = KNeighborsClassifier(n_neighbors=5)
    classifier.fit(flatten(as_floats(split.pixels[:limit])), np.asarray(split.labels)[:limit])

    def classify(images: np.ndarray) -> np.ndarray:
        images = flatten(images)
        return classifier.predict(images > 0.5 if binary else images)

    return classify


def draw_pixels(images: np.ndarray, seed: int) -> np.ndarray:
    """Binary images whose pixels are white with the probability that their grey level names.

    A Bernoulli decoder means its grey levels so, and the model is of binary images.
    """
    # A seed of its own: the same one may have chosen the images.
    rng = np.random.default_rng(derive_seed(seed, 1))
    uniform = rng.random(images.shape, dtype=np.float32)
    return (uniform < images).astype(np.float32)


def distance_to_images(split: Split) -> Callable[[np.ndarray], np.ndarray]:
    """A measure of how far images are from those of a data set.

    Arguments:
        split: `Split`, of which the first `REFERENCE_IMAGES` count.

    Returns:
        Function from images of shape (N, height, width) to their squared distances, of shape (N,),
        from each of the `NEIGHBOURS` nearest images, on average; between binary images that is
        the number of pixels in which they differ.
    """
    reference = flatten(as_floats(split.pixels[:REFERENCE_IMAGES]))
    search = NearestNeighbors(n_neighbors=NEIGHBOURS).fit(reference)

    def distance(images: np.ndarray) -> np.ndarray:
        return (search.kneighbors(flatten(images))[0] ** 2).mean(axis=1)

    return distance


def digit_confidence(split: Split) -> Callable[[np.ndarray], np.ndarray]:
    """How much binary images are like those of one class; noise may be so, too.

    Arguments:
        split: `Split` of binary training images, with labels.

    Returns:
        Function from images of shape (..., height, width) to the share, of shape (...), of the
        `NEIGHBOURS` nearest training images that are of the most frequent class among them.
    """
    classifier = KNeighborsClassifier(n_neighbors=NEIGHBOURS)
    reference = flatten(as_floats(split.pixels[:REFERENCE_IMAGES]))
    classifier.fit(reference, np.asarray(split.labels)[:REFERENCE_IMAGES])

    def confidence(images: np.ndarray) -> np.ndarray:
        flat = images.reshape(-1, images.shape[-2] * images.shape[-1])
        return classifier.predict_proba(flat).max(axis=-1).reshape(images.shape[:-2])

    return confidence


def flatten(images: npt.ArrayLike) -> np.ndarray:
    """Images as rows: array of shape (N, pixels)."""
    images = np.asarray(images)
    return images.reshape(len(images), -1)

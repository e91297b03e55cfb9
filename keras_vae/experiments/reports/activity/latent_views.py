"""What Figures 4.1 to 4.3 of the activity report look at in a trained model."""

import dataclasses
import functools

import numpy as np
from sklearn.neighbors import NearestNeighbors

from keras_vae.experiments.measures.class_measures import (
    by_class,
    image_classifier,
    neighbour_confusion,
    silhouette_by_class,
)
from keras_vae.models import LatentVariableModel

LATTICE_NEIGHBOURS = 25


@dataclasses.dataclass(frozen=True)
class EncodedTestSet:
    """The test set as a model encodes it.

    Attributes:
        model: Trained model.
        images: Test images, shape (N, height, width).
        labels: Their classes, shape (N,).
        means: Posterior means, shape (N, latent_dim).
        classify: Classifier of images, from `image_classifier`.
    """

    model: LatentVariableModel
    images: np.ndarray
    labels: np.ndarray
    means: np.ndarray
    classify: object

    @functools.cached_property
    def reconstructions(self):
        """Means of p(x|z) at the posterior means, shape (N, height, width)."""
        return self.model.decode(self.means).mean().numpy()

    @functools.cached_property
    def reconstruction_log_likelihood(self):
        """log p(x|z) at the posterior means, shape (N,), in nats."""
        return self.model.decode(self.means).log_prob(self.images).numpy()

    def recognised_by_class(self):
        """Share of each class's reconstructions that are classified as that class."""
        return by_class(self.classify(self.reconstructions) == self.labels, self.labels)


def encoded_test_sets(method):
    """Yields an `EncodedTestSet` for each trial of a `MethodRuns`."""
    for model, data in method.load_models():
        images, labels = data.test
        means = model.encode(images).mean().numpy()
        classify = image_classifier(data.train, binary=data.binarize is not None)
        yield EncodedTestSet(model, images, labels, means, classify)


def reconstruction_measures(encoded):
    """Numbers behind Figure 4.1 for one model: arrays of shape (classes,)."""
    return {
        "log_likelihood_at_the_mean_by_class": by_class(
            encoded.reconstruction_log_likelihood, encoded.labels
        ),
        "recognised_share_by_class": encoded.recognised_by_class(),
        "recognised_share_of_originals_by_class": by_class(
            encoded.classify(encoded.images) == encoded.labels, encoded.labels
        ),
    }


def encoding_measures(encoded):
    """Numbers behind Figure 4.2 for one model."""
    confusion = neighbour_confusion(encoded.means, encoded.labels)
    return {
        "neighbour_confusion": confusion,
        "own_class_share_of_neighbours": np.diag(confusion),
        "silhouette_by_class": silhouette_by_class(encoded.means, encoded.labels),
        "recognised_share_by_class": encoded.recognised_by_class(),
    }


def decoded_classes(encoded, lattice):
    """Classes that the classifier sees in the images decoded from a lattice, shape (codes,)."""
    return encoded.classify(encoded.model.decode(lattice.reshape(-1, 2)).mean().numpy())


def lattice_agreement(encoded, lattice, classes):
    """Share of lattice codes whose class is the most frequent one among the codes around.

    Arguments:
        encoded: `EncodedTestSet` of a model with two latent dimensions.
        lattice: Array of shape (size, size, 2).
        classes: Class of each lattice code, for example from `decoded_classes`.

    Returns:
        Number in [0, 1].
    """
    search = NearestNeighbors(n_neighbors=LATTICE_NEIGHBOURS).fit(encoded.means)
    around = encoded.labels[search.kneighbors(lattice.reshape(-1, 2), return_distance=False)]
    most_frequent = np.array([np.bincount(labels).argmax() for labels in around])
    return float((classes == most_frequent).mean())

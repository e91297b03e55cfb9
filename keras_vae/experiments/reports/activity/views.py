"""What Figures 4.1 to 4.3 of the activity report look at in a trained model."""

import dataclasses
import functools
from collections.abc import Callable, Sequence

import numpy as np

from keras_vae.experiments.figures.claims import unmet_requirements
from keras_vae.experiments.figures.method_runs import MethodRuns, Methods
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.measures.class_measures import (
    by_class,
    digit_confidence,
    image_classifier,
)
from keras_vae.experiments.reports.activity import CONTRAST_EPOCHS
from keras_vae.models import LatentVariableModel


@dataclasses.dataclass(frozen=True)
class EncodedTestSet:
    """The test set as a model encodes it.

    Attributes:
        model: Trained model.
        images: Test images, shape (N, height, width).
        labels: Their classes, shape (N,).
        means: Posterior means, shape (N, latent_dim).
        classify: Classifier of images, from `image_classifier`.
        confidence: How much images are like those of one class, from `digit_confidence`.
    """

    model: LatentVariableModel
    images: np.ndarray
    labels: np.ndarray
    means: np.ndarray
    classify: Callable[[np.ndarray], np.ndarray]
    confidence: Callable[[np.ndarray], np.ndarray]

    @functools.cached_property
    def reconstructions(self) -> np.ndarray:
        """Means of p(x|z) at the posterior means, shape (N, height, width)."""
        return self.model.decode(self.means).mean().numpy()

    def recognised(self) -> np.ndarray:
        """Which reconstructions are classified as of the image's own class, shape (N,)."""
        return self.classify(self.reconstructions) == self.labels

    def recognised_by_class(self) -> np.ndarray:
        """Share of each class's reconstructions that are classified as that class."""
        return by_class(self.recognised(), self.labels)


def encoded_test_sets(method: MethodRuns) -> list[EncodedTestSet]:
    """List of an `EncodedTestSet` for each trial of a `MethodRuns`."""
    views = []
    for model, data in method.load_models():
        images, labels = data.test
        means = model.encode(images).mean().numpy()
        classify = image_classifier(data.train, binary=data.binarize is not None)
        confidence = digit_confidence(data.train)
        views.append(EncodedTestSet(model, images, labels, means, classify, confidence))
    return views


def weights_epochs(methods: Methods) -> list[int]:
    """Epochs after which the weights that a figure looks at were stored, of all methods."""
    return [epochs for method in methods.values() for epochs in method.weights_epochs]


def unmet_by_weights(epochs: Sequence[int], options: Options) -> tuple[str, ...]:
    """Why the claims of Figures 4.1 to 4.3 cannot be decided; empty if they can.

    Arguments:
        epochs: From `weights_epochs`.
        options: `Options`.

    Returns:
        Tuple of strings.
    """
    return unmet_requirements(
        options, min_epochs=CONTRAST_EPOCHS, min_trials=2, weights_epochs=epochs
    )


def by_digit(values: np.ndarray) -> dict[int, list[float]]:
    """Values of shape (trials, 10) as a dictionary by digit of lists, one number a trial."""
    return {digit: values[:, digit].tolist() for digit in range(values.shape[1])}

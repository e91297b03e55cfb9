"""What happens once an epoch: warm-up, the record of latent activity, a linear classifier."""

import math
from collections.abc import Collection, Iterator
from typing import Any

import numpy as np

from keras_vae import activity
from keras_vae._internal.backend import keras
from keras_vae._internal.checks import check_choice, check_positive_integer

# Images, or a pair of them and their conditions; and labels.
Labelled = tuple[Any, np.ndarray]


class WarmUp(keras.callbacks.Callback):
    """Raises `model.beta` linearly from 0 in the first epoch to `target` after `epochs` epochs.

    beta is a variable that the compiled step reads, so no step is compiled again.

    Arguments:
        epochs: Length N_T of the warm-up.
        target: Where beta ends.
        cycles: How often it rises. Between two rises it stays at `target` for `epochs` epochs,
            and after the last for good (Fu et al., "Cyclical Annealing Schedule", 2019).

    Raises:
        ValueError: If `epochs` or `cycles` is below 1, or `target` is not positive.

    Reference: Sonderby et al., "How to Train Deep Variational Autoencoders", 2016;
    "Latent Space Activity and Visualization", equation 4.
    """

    def __init__(self, epochs: int, target: float = 1.0, cycles: int = 1) -> None:
        super().__init__()
        check_positive_integer(epochs, "epochs")
        check_positive_integer(cycles, "cycles")
        if not 0 < target < math.inf:
            raise ValueError(f"`target` must be positive and finite. Received: {target}.")
        self.epochs, self.target, self.cycles = epochs, target, cycles

    def beta_at(self, epoch: int) -> float:
        """`beta` during an epoch, counted from 0."""
        length = 2 * self.epochs
        cycle = min(epoch // length, self.cycles - 1)
        return self.target * min(1.0, (epoch - cycle * length) / self.epochs)

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.model.beta.assign(self.beta_at(epoch))

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if logs is not None:
            logs["beta"] = self.beta_at(epoch)


class LatentActivity(keras.callbacks.Callback):
    """Records the activity of every latent dimension after each epoch.

    Adds `active_units` to the epoch's logs, and so to the history that `fit` returns.

    Arguments:
        images: Array of shape (N, *event_shape), the data to take the variance over; or a pair of
            it and its conditions, for a model that has them.
        threshold: Activity above which a dimension counts as active.
        batch_size: Items encoded at once.

    Raises:
        ValueError: Before training, if the model cannot encode the data.

    Attributes:
        activity: float64 array of shape (epochs, latent_dim), complete after each epoch.
    """

    def __init__(self, images: Any, threshold: float = 0.1, batch_size: int = 1000) -> None:
        super().__init__()
        check_positive_integer(batch_size, "batch_size")
        self.threshold = threshold
        self._x, self._options = _with_conditions(images)
        self._batch_size = batch_size
        self._rows: list[np.ndarray] = []

    @property
    def activity(self) -> np.ndarray:
        return np.array(self._rows)

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        self.model.check_inputs(self._x, **self._options)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        options = {"batch_size": self._batch_size, **self._options}
        means = self.model.posterior_means(self._x, **options)
        self._rows.append(activity.latent_activity(means))
        if logs is not None:
            logs["active_units"] = activity.active_units(self._rows[-1], self.threshold)


class LinearProbe(keras.callbacks.Callback):
    """Records how well a linear classifier of latent features tells classes apart.

    The classifier is fitted anew each time and takes no part in the training. Adds
    `probe_accuracy` to the logs of its epochs.

    Arguments:
        train: Pair of images of shape (N, *image_shape), in [0, 1], and labels of shape (N,), that
            the classifier is fitted to. In a model with conditions the images are a pair of them
            and their conditions.
        test: Pair of images and labels that its accuracy is taken over.
        features: `"means"`, `"means_and_variances"` or `"samples"`.
        epochs: Epochs, counted from 1, after which to do so; None for every epoch.

    Attributes:
        epochs_done: Those epochs that have passed.
        accuracy: Share of test images classified rightly after each of them.

    Raises:
        ValueError: If the features are unknown, images and labels differ in number, an epoch is
            below 1, or, before training, the model cannot encode the images.

    Reference: "An Explanatory Analysis of the Geometry of Latent Variables", Section 2.2.
    """

    def __init__(
        self,
        train: Labelled,
        test: Labelled,
        features: str = "means",
        epochs: Collection[int] | None = None,
    ) -> None:
        super().__init__()
        # Needed only here, as is scikit-learn.
        from keras_vae import linear_probe

        check_choice(features, linear_probe.FEATURES, "features")
        self.probe = linear_probe
        for images, labels in (train, test):
            items = len(_with_conditions(images)[0])
            if items != len(labels):
                raise ValueError(f"There are {items} images and {len(labels)} labels.")
        for epoch in epochs or ():
            check_positive_integer(epoch, "epochs")
        self.train, self.test, self.features = train, test, features
        self.epochs = None if epochs is None else set(epochs)
        self.epochs_done: list[int] = []
        self.accuracy: list[float] = []

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        for images, _ in (self.train, self.test):
            x, options = _with_conditions(images)
            self.model.check_inputs(x, **options)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if self.epochs is not None and epoch + 1 not in self.epochs:
            return
        self.epochs_done.append(epoch + 1)
        features = [self._features(labelled, seed) for seed, labelled in self._both()]
        self.accuracy.append(self.probe.linear_accuracy(*features[0], *features[1]))
        if logs is not None:
            logs["probe_accuracy"] = self.accuracy[-1]

    def _both(self) -> Iterator[tuple[int, Labelled]]:
        # Seeds that differ: a training and a test image must not share their noise.
        return enumerate((self.train, self.test))

    def _features(self, labelled: Labelled, seed: int) -> Labelled:
        (x, options), labels = _with_conditions(labelled[0]), labelled[1]
        return self.probe.posterior_features(self.model, x, self.features, seed, **options), labels


def _with_conditions(images: Any) -> tuple[np.ndarray, dict[str, Any]]:
    """Images, and as an argument their conditions, if images are a pair of both."""
    if not isinstance(images, tuple):
        return np.asarray(images), {}
    x, condition = images
    return np.asarray(x), {"condition": condition}

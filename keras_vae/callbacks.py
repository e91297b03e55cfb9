"""What happens once an epoch: warm-up and the record of latent activity."""

import keras
import numpy as np
import tensorflow as tf

from keras_vae import activity
from keras_vae.checks import check_positive_integer


class WarmUp(keras.callbacks.Callback):
    """Raises `model.beta` linearly from 0 in the first epoch to 1 after `epochs` epochs.

    beta is a variable that the compiled step reads, so no step is compiled again.

    Arguments:
        epochs: Length N_T of the warm-up.

    Raises:
        ValueError: If `epochs` is below 1.

    Reference: Sonderby et al., "How to Train Deep Variational Autoencoders", 2016;
    "Latent Space Activity and Visualization", equation 4.
    """

    def __init__(self, epochs):
        super().__init__()
        check_positive_integer(epochs, "epochs")
        self.epochs = epochs

    def beta_at(self, epoch):
        """beta during an epoch, counted from 0."""
        return min(1.0, epoch / self.epochs)

    def on_epoch_begin(self, epoch, logs=None):
        self.model.beta.assign(self.beta_at(epoch))

    def on_epoch_end(self, epoch, logs=None):
        if logs is not None:
            logs["beta"] = self.beta_at(epoch)


class LatentActivity(keras.callbacks.Callback):
    """Records the activity of every latent dimension after each epoch.

    Adds `active_units` to the epoch's logs, and so to the history that `fit` returns.

    Arguments:
        images: Array of shape (N, *image_shape), in [0, 1]: the data to take the variance
            over. 8-bit images are divided by 255.
        threshold: Activity above which a dimension counts as active.
        batch_size: Images encoded at once.

    Attributes:
        activity: float64 array of shape (epochs, latent_dim), complete after each epoch.
    """

    def __init__(self, images, threshold=0.1, batch_size=1000):
        super().__init__()
        check_positive_integer(batch_size, "batch_size")
        self.threshold = threshold
        self._batches = [
            tf.constant(images[start : start + batch_size])
            for start in range(0, len(images), batch_size)
        ]
        self._divisor = 255.0 if np.asarray(images).dtype == np.uint8 else 1.0
        self._rows = []

    @property
    def activity(self):
        return np.array(self._rows)

    def on_epoch_end(self, epoch, logs=None):
        means = np.concatenate([self._posterior_means(batch) for batch in self._batches])
        self._rows.append(activity.latent_activity(means))
        if logs is not None:
            logs["active_units"] = activity.active_units(self._rows[-1], self.threshold)

    def _posterior_means(self, batch):
        return self.model.posterior_means(tf.cast(batch, tf.float32) / self._divisor)

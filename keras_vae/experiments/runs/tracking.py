"""TensorBoard logs of runs: scalars, the activity of latent dimensions, reconstructions."""

import contextlib
import importlib.util
import os
import pathlib
from collections.abc import Iterator

import numpy as np

from keras_vae import UserError
from keras_vae._internal.backend import keras, reason, tf
from keras_vae._internal.files import require_writable
from keras_vae.experiments.runs.run_folder import is_snapshot_epoch
from keras_vae.experiments.runs.spec import RunSpec
from keras_vae.experiments.runs.store import RunStore
from keras_vae.models import LatentVariableModel

PICTURES = 10
LEAST_ACTIVITY = 1e-4
ALWAYS_LOGGED = "test_bound"


class TrackingError(UserError):
    """Runs cannot be logged where they should be."""


def check_tensorboard(folder: str | os.PathLike[str]) -> None:
    """Finds out, before any training, whether runs can be logged.

    Arguments:
        folder: Folder of logs, which is made.

    Raises:
        TrackingError: If TensorBoard, which TensorFlow does not bring, is not installed, or the
            folder cannot be written.
    """
    if importlib.util.find_spec("tensorboard") is None:
        raise TrackingError(
            "TensorBoard is not installed. Install it with: pip install 'keras-vae[tensorboard]'"
        )
    try:
        require_writable(folder)
    except OSError as error:
        raise TrackingError(f"TensorBoard's logs cannot be written: {error}") from error


def logged_epochs(folder: pathlib.Path) -> int:
    """Number of a run's epochs that are in TensorBoard's logs already."""
    from tensorboard.backend.event_processing.event_accumulator import TENSORS, EventAccumulator

    if not folder.is_dir():
        return 0
    events = EventAccumulator(str(folder), size_guidance={TENSORS: 1}).Reload()
    if ALWAYS_LOGGED not in events.Tags()[TENSORS]:
        return 0
    return events.Tensors(ALWAYS_LOGGED)[-1].step


class RunSummaries(keras.callbacks.Callback):
    """Logs a run to TensorBoard, the epochs that were stored before included, each once.

    Scalars are logged after every epoch; the shades of all dimensions' activity and some
    reconstructions after epochs 1, 2, 5, 10, 20 and so on, and after the last. Where the logs can
    no longer be written, training ends once the epoch is stored.

    Arguments:
        folder: Folder of logs; the run's is named after its id.
        spec: `RunSpec`.
        store: `RunStore`.

    Raises:
        TrackingError: As in `check_tensorboard`; at the end of training, if the logs could not be
            written.
    """

    def __init__(self, folder: str | os.PathLike[str], spec: RunSpec, store: RunStore) -> None:
        super().__init__()
        check_tensorboard(folder)
        self.folder = pathlib.Path(folder) / spec.run_id
        self.spec, self.store = spec, store
        self.logged, self.pictured = logged_epochs(self.folder), 0
        self.failure: TrackingError | None = None

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        with self._writing():
            self.writer = tf.summary.create_file_writer(str(self.folder))
        self.images = self.spec.data.load().test.images[:PICTURES]
        self._log_stored()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        # The epoch itself is stored after this callback ran, which what is raised here prevents.
        try:
            self._log_stored()
            if is_snapshot_epoch(epoch + 1):
                self._log_reconstructions(epoch + 1)
        except TrackingError as error:
            self.failure = error
            self.model.stop_training = True

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        if self.failure is not None:
            raise self.failure
        self._log_stored()
        if self.pictured != self.logged:
            self._log_reconstructions(self.logged)
        with self._writing():
            self.writer.close()

    def log_finished(self, model: LatentVariableModel) -> None:
        """Logs a run that is trained already.

        Arguments:
            model: The run's model with its last weights.
        """
        epochs = self.store.epochs_done(self.spec)
        if self.logged >= epochs:
            return
        self.set_model(model)
        self.set_params({"epochs": epochs})
        self.on_train_begin()
        self.on_train_end()

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """Turns what keeps the logs from being written into a `TrackingError`."""
        try:
            yield
        except (OSError, tf.errors.OpError) as error:
            raise TrackingError(
                f"TensorBoard's logs cannot be written: {reason(error)}. The epochs of run "
                f"{self.spec.run_id} are stored: fix that, or name no folder of logs, and run the "
                "same command to continue from there."
            ) from error

    def _log_stored(self) -> None:
        run = self.store.load(self.spec)
        if run is None or run.epochs <= self.logged:
            return
        with self._writing(), self.writer.as_default():
            for epoch in range(self.logged, run.epochs):
                for name, values in run.history.items():
                    tf.summary.scalar(name, values[epoch], step=epoch + 1)
                tf.summary.histogram("activity", run.activity[epoch], step=epoch + 1)
            if is_snapshot_epoch(run.epochs) or run.epochs == self.params.get("epochs"):
                tf.summary.image("activity_shades", shades(run.activity), step=run.epochs)
        self.logged = run.epochs

    def _log_reconstructions(self, epoch: int) -> None:
        pairs = np.stack([self.images, self.model.reconstruct(self.images)], axis=1)
        with self._writing(), self.writer.as_default():
            tf.summary.image("reconstructions", tiled(pairs), step=epoch)
        self.pictured = epoch


def shades(activity: np.ndarray) -> np.ndarray:
    """log10 activity as one picture: a column for each epoch, black where it is highest.

    Arguments:
        activity: Array of shape (epochs, latent_dim).

    Returns:
        float32 array of shape (1, latent_dim, epochs, 1), in [0, 1]; the dimension most active
        after the first epoch at the bottom.
    """
    order = np.argsort(-activity[0], kind="stable")
    logs = np.log10(np.maximum(activity[:, order], LEAST_ACTIVITY)).T[::-1]
    scaled = (logs - logs.min()) / max(np.ptp(logs), 1e-9)
    return (1 - scaled).astype(np.float32)[None, :, :, None]


def tiled(pairs: np.ndarray) -> np.ndarray:
    """Images above their reconstructions as one picture.

    Arguments:
        pairs: Array of shape (N, 2, height, width).

    Returns:
        float32 array of shape (1, 2 height, N width, 1).
    """
    count, rows, height, width = pairs.shape
    picture = pairs.transpose(1, 2, 0, 3).reshape(rows * height, count * width)
    return picture.astype(np.float32)[None, :, :, None]

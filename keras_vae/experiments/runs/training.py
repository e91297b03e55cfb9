"""Trains one run, or continues it, and stores every finished epoch."""

import contextlib
import dataclasses
import importlib.metadata
import math
import platform
import time
from collections.abc import Iterator, Sequence

import numpy as np

from keras_vae import UserError
from keras_vae._internal.backend import keras
from keras_vae._internal.checks import check_positive_integer
from keras_vae.callbacks import LatentActivity, WarmUp
from keras_vae.datasets import ImageData
from keras_vae.experiments.runs.run_folder import is_snapshot_epoch
from keras_vae.experiments.runs.run_models import (
    CompiledModels,
    assign,
    load_stored,
    model_kind,
    untrained_model,
)
from keras_vae.experiments.runs.spec import RunSpec
from keras_vae.experiments.runs.store import DamagedRunError, RunStore, StoredRun
from keras_vae.models import LatentVariableModel

MAX_STEPS_PER_EXECUTION = 100
TEST_BATCH_SIZE = 500
PACKAGES = ("keras-vae", "tensorflow", "keras", "tensorflow-probability", "numpy")
TRAIN_METRICS = ("loss", "bound", "reconstruction", "kl")
_models = CompiledModels()


class DivergedError(UserError):
    """A run's bound stopped being a finite number."""


def train(
    spec: RunSpec,
    epochs: int,
    store: RunStore,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    keep_weights: bool = False,
) -> StoredRun:
    """Brings a run to a number of epochs.

    Arguments:
        spec: `RunSpec`.
        epochs: Epochs that the run is to have in all; a longer stored run is left alone.
        store: `RunStore`.
        callbacks: Further Keras callbacks; what they do is not part of the stored run.
        keep_weights: Whether to keep the weights after epochs 1, 2, 5, 10, 20 and so on, apart
            from the last ones, which are always kept.

    Returns:
        `StoredRun`, without its weights.

    Raises:
        ValueError: Before training, if the data do not suit the model.
        StoreError: If the stored part cannot be read or a new epoch not be written.
        DivergedError: If the bound becomes NaN or infinite.
    """
    check_positive_integer(epochs, "epochs")
    # Where there is nothing to train, another process that trains the run further is no hindrance.
    if store.epochs_done(spec) < epochs:
        with store.lock(spec):
            stored = store.load(spec, with_weights=True)
            if stored is None or stored.epochs < epochs:
                _continue(spec, epochs, store, stored, callbacks, keep_weights)
    else:
        store.describe(spec)
    return load_stored(spec, store)


def check_runs(specs: Sequence[RunSpec]) -> list[int]:
    """Finds out, before any training, whether the data of runs are there and suit them.

    Arguments:
        specs: List of `RunSpec`.

    Returns:
        List of the numbers of their training images.

    Raises:
        DataError: If a data set lacks what a spec names, or has fewer training images than a
            batch takes.
        SpecError: If it has fewer images than the pseudo-inputs that begin as some of them.
        ConnectionError: If data are neither on this machine nor to be downloaded.
    """
    images = {}
    for data_spec in dict.fromkeys(spec.data for spec in specs):
        data = data_spec.load()
        images[data_spec] = len(data.train)
        for spec in specs:
            if spec.data == data_spec:
                data.steps_per_epoch(spec.batch_size)
                spec.model.check_pseudo_inputs(len(data.train))
    return [images[spec.data] for spec in specs]


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that decide a run's numbers."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found


def _continue(
    spec: RunSpec,
    epochs: int,
    store: RunStore,
    stored: StoredRun | None,
    callbacks: Sequence[keras.callbacks.Callback],
    keep_weights: bool,
) -> None:
    data = spec.data.load()
    first_epoch = 0 if stored is None else stored.epochs
    activity = LatentActivity(data.test.images)
    most = MAX_STEPS_PER_EXECUTION
    limits = (getattr(one, "max_steps_per_execution", most) for one in callbacks)
    with compiled_model(spec, data, min(most, *limits, most)) as (model, steps):
        if stored is not None:
            _check_columns(stored, spec, store)
            assign(model.weights, stored.weights, spec, store)
            assign(model.optimizer.variables, stored.optimizer, spec, store)
        model.fit(
            data.batches(spec.batch_size, spec.seed, first_epoch),
            initial_epoch=first_epoch,
            epochs=epochs,
            steps_per_epoch=steps,
            validation_data=data.test_batches(_test_batch_size(len(data.test))),
            callbacks=[
                *own_callbacks(spec),
                *callbacks,
                RefuseDivergence(spec),
                activity,
                EpochRecorder(spec, store, stored, activity, keep_weights),
            ],
            verbose=0,
        )


@contextlib.contextmanager
def compiled_model(
    spec: RunSpec, data: ImageData, max_steps_per_execution: int
) -> Iterator[tuple[LatentVariableModel, int]]:
    """The model with which a run begins, compiled, and its steps per epoch.

    Another run of the same kind, in this process, has the same model with other numbers.

    Arguments:
        spec: `RunSpec`.
        data: The run's `ImageData`.
        max_steps_per_execution: How many steps an execution has at most, which changes nothing but
            how often callbacks are called.
    """
    steps = data.steps_per_epoch(spec.batch_size)
    per_execution = largest_divisor(steps, max_steps_per_execution)
    new = untrained_model(spec, data)
    new.compile(optimizer=spec.optimizer.make(), steps_per_execution=per_execution)
    new.optimizer.build(new.trainable_variables)
    # Warm-up sets a variable.
    objective = dataclasses.replace(spec.objective, warm_up_epochs=0)
    of_steps = (objective, spec.optimizer, spec.batch_size, per_execution)
    with _models.borrow((model_kind(spec, data.image_shape), of_steps), new) as model:
        yield model, steps


def own_callbacks(spec: RunSpec) -> list[keras.callbacks.Callback]:
    """Callbacks without which it would be another run."""
    warm_up_epochs = spec.objective.warm_up_epochs
    return [WarmUp(warm_up_epochs)] if warm_up_epochs else []


class RefuseDivergence(keras.callbacks.Callback):
    """Ends a run with `DivergedError` as soon as an epoch's numbers are not finite.

    Arguments:
        spec: `RunSpec`.
    """

    def __init__(self, spec: RunSpec) -> None:
        super().__init__()
        self.spec = spec

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        if not all(math.isfinite(value) for value in logs.values()):
            raise DivergedError(
                f"Run {self.spec.run_id} diverged in epoch {epoch + 1}: {logs}. Its epochs before "
                "are stored; a smaller learning rate may help."
            )


class EpochRecorder(keras.callbacks.Callback):
    """Stores history, activity and all variables after each epoch.

    Arguments:
        spec: `RunSpec`.
        store: `RunStore`.
        stored: `StoredRun` to continue, or None.
        activity: The `LatentActivity` callback that runs before this one.
        keep_weights: Whether some epochs' weights are kept for good.
    """

    def __init__(
        self,
        spec: RunSpec,
        store: RunStore,
        stored: StoredRun | None,
        activity: LatentActivity,
        keep_weights: bool,
    ) -> None:
        super().__init__()
        self.keep_weights = keep_weights
        self.spec, self.store, self.stored, self.activity = spec, store, stored, activity
        self.rows: list[dict[str, float]] = []
        first_epoch = 0 if stored is None else stored.epochs
        earlier = [] if stored is None else stored.versions
        self.versions = [*earlier, {"first_epoch": first_epoch, **versions()}]

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        row = {f"train_{name}": logs[name] for name in TRAIN_METRICS}
        row |= {f"test_{name}": logs[f"val_{name}"] for name in TRAIN_METRICS}
        row["seconds"] = time.perf_counter() - self.started
        self.rows.append(row)
        run = self._run(epoch + 1)
        if self.keep_weights and is_snapshot_epoch(run.epochs):
            self.store.save_snapshot(self.spec, run.epochs, run.weights)
        self.store.save(self.spec, run)

    def _run(self, epochs: int) -> StoredRun:
        history = {name: np.array([row[name] for row in self.rows]) for name in self.rows[0]}
        activity = self.activity.activity
        if self.stored is not None:
            history = {k: np.concatenate([self.stored.history[k], v]) for k, v in history.items()}
            activity = np.concatenate([self.stored.activity, activity])
        return StoredRun(
            epochs=epochs,
            history=history,
            activity=activity,
            weights=[keras.ops.convert_to_numpy(v) for v in self.model.weights],
            optimizer=[keras.ops.convert_to_numpy(v) for v in self.model.optimizer.variables],
            versions=self.versions,
        )


def largest_divisor(number: int, limit: int) -> int:
    """The largest divisor of `number` that is at most `limit`."""
    return next(size for size in range(min(number, limit), 0, -1) if number % size == 0)


def _test_batch_size(images: int) -> int:
    # A partial last batch costs a second compilation, which many small batches would exceed.
    even = largest_divisor(images, TEST_BATCH_SIZE)
    return even if even >= TEST_BATCH_SIZE // 5 else TEST_BATCH_SIZE


def _check_columns(stored: StoredRun, spec: RunSpec, store: RunStore) -> None:
    """Makes sure that further epochs have the columns of those that are stored."""
    expected = {
        "seconds",
        *(f"{one}_{name}" for one in ("train", "test") for name in TRAIN_METRICS),
    }
    width = sum(spec.model.latent_dims)
    if set(stored.history) != expected or stored.activity.shape[1:] != (width,):
        raise DamagedRunError(
            f"The history in {store.run_folder(spec)} does not fit the run: expected "
            f"{sorted(expected)} and the activity of {width} dimensions, found "
            f"{sorted(stored.history)} and {stored.activity.shape[1:]}. Delete that folder to "
            "train this run again."
        )

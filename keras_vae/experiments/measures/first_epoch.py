"""Latent activity within the first epoch, recorded in it or in that epoch trained over again."""

import dataclasses
import functools
from collections.abc import Iterable, Mapping

import numpy as np

from keras_vae._internal.backend import keras
from keras_vae._internal.files import JsonObject
from keras_vae.activity import latent_activity
from keras_vae.experiments.figures.method_runs import MethodRuns
from keras_vae.experiments.figures.numbers import Number
from keras_vae.experiments.measures.pruning import crossings
from keras_vae.experiments.runs.evaluation import remembered
from keras_vae.experiments.runs.spec import RunSpec
from keras_vae.experiments.runs.store import RunStore
from keras_vae.experiments.runs.training import compiled_model, own_callbacks

STEPS_BETWEEN = 20
BATCH_SIZE = 1000
NAME = f"activity_within_the_first_epoch/every_{STEPS_BETWEEN}_steps"


@dataclasses.dataclass(frozen=True)
class FirstEpoch:
    """Activity of a method's trials within the first epoch.

    Attributes:
        steps: Optimiser steps after which it was taken, from 0 to the epoch's last, shape (S,).
        activity: Array of shape (trials, S, latent_dim).
    """

    steps: np.ndarray
    activity: np.ndarray

    def counts(self, threshold: float) -> np.ndarray:
        """Active dimensions, integers of shape (trials, S)."""
        return np.count_nonzero(self.activity > threshold, axis=-1)

    def pruned(self, threshold: float) -> np.ndarray:
        """Dimensions of each trial that were active in the epoch and are not at its end."""
        active = self.activity > threshold
        return np.count_nonzero(active.any(axis=1) & ~active[:, -1], axis=-1)

    def not_risen(self, threshold: float) -> np.ndarray:
        """Dimensions of each trial that were never active in the epoch."""
        return np.count_nonzero(~(self.activity > threshold).any(axis=1), axis=-1)

    def to_dict(self, thresholds: Iterable[float], stored: np.ndarray) -> JsonObject:
        """Returns counts, lists of one number a trial, and crossings as JSON-compatible values.

        Arguments:
            thresholds: Activities above which a dimension counts as active.
            stored: Activity after the epoch as the runs have it, shape (trials, latent_dim).
        """
        return {
            "steps": self.steps.tolist(),
            # Runs that were trained again, on another machine, differ by more than rounding.
            "largest_difference_from_the_stored_activity": float(
                np.abs(self.activity[:, -1] - stored).max()
            ),
            **{
                str(threshold): {
                    "active": self.counts(threshold).tolist(),
                    "pruned": self.pruned(threshold).tolist(),
                    "not_risen": self.not_risen(threshold).tolist(),
                    # By place in `steps`, from 1; all count as inactive before the first.
                    "crossings": crossings(self.activity, threshold),
                }
                for threshold in thresholds
            },
        }


def numbers(by_name: Mapping[str, FirstEpoch], thresholds: Iterable[float]) -> dict[str, Number]:
    """What became of dimensions within the first epoch, each trial, at each threshold."""
    words = {"pruned": "pruned within the first epoch", "not_risen": "not risen by its end"}
    return {
        f"{of_what}, threshold {threshold:g}": Number(
            {name: getattr(of, what)(threshold).tolist() for name, of in by_name.items()},
            "dimensions",
        )
        for threshold in thresholds
        for what, of_what in words.items()
    }


def measure(method: MethodRuns) -> FirstEpoch:
    """What was recorded, or else found by training a trial's first epoch over again, once."""
    found = [
        method.remembered(trial, NAME, functools.partial(activity_by_step, spec))
        for trial, spec in enumerate(method.specs)
    ]
    activity = np.array([trial["activity"] for trial in found])
    return FirstEpoch(np.array(found[0]["steps"]), activity)


def activity_by_step(spec: RunSpec) -> dict[str, list]:
    """Activity over the test images at the start, and after every `STEPS_BETWEEN` steps or fewer.

    Arguments:
        spec: `RunSpec`; nothing of it is stored.

    Returns:
        Dictionary of `steps`, a list of S numbers, and `activity`, S lists of latent_dim ones.
    """
    data, recorder = spec.data.load(), Recorder(spec)
    with compiled_model(spec, data, STEPS_BETWEEN) as (model, steps):
        model.fit(
            data.batches(spec.batch_size, spec.seed, 0),
            steps_per_epoch=steps,
            callbacks=[*own_callbacks(spec), recorder],
            verbose=0,
        )
    return recorder.found


def recorders(store: RunStore, spec: RunSpec) -> list[keras.callbacks.Callback]:
    """The callbacks by which a run that begins is measured while it is trained."""
    return [] if store.epochs_done(spec) else [Recorder(spec, store)]


class Recorder(keras.callbacks.Callback):
    """Takes the activity in the first epoch whenever a compiled execution of steps has ended.

    Arguments:
        spec: The run's `RunSpec`.
        store: `RunStore` that remembers what was found once training has ended; None for none.

    Attributes:
        found: What `activity_by_step` returns.
        max_steps_per_execution: What `training.train` goes by.
    """

    max_steps_per_execution = STEPS_BETWEEN

    def __init__(self, spec: RunSpec, store: RunStore | None = None) -> None:
        super().__init__()
        self._spec, self._store = spec, store
        self._images = spec.data.load().test.images
        self._recording = False
        self.found: dict[str, list] = {"steps": [], "activity": []}

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._recording = epoch == 0
        if self._recording:
            self._record(0)

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        if self._recording:
            self._record(batch + 1)

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        if self._store is not None and self.found["steps"]:
            remembered(self._spec, self._store, NAME, lambda: self.found)

    def _record(self, step: int) -> None:
        means = self.model.posterior_means(self._images, batch_size=BATCH_SIZE)
        self.found["steps"].append(step)
        self.found["activity"].append(np.round(latent_activity(means), 6).tolist())

"""The runs of one method, and what is said of them beside every figure."""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from keras_vae._internal.files import JsonObject
from keras_vae.datasets import ImageData
from keras_vae.experiments.runs.evaluation import (
    Estimate,
    LogLikelihood,
    paired_difference,
    remembered,
    without_images,
)
from keras_vae.experiments.runs.run_folder import restorable_epochs, snapshot_epochs
from keras_vae.experiments.runs.run_models import assign, load_model, restore
from keras_vae.experiments.runs.spec import RunSpec
from keras_vae.experiments.runs.store import RunStore, StoredRun, StoreError
from keras_vae.models import LatentVariableModel


@dataclasses.dataclass(frozen=True)
class MethodRuns:
    """The trials of one method, cut to the same number of epochs.

    Attributes:
        specs: One `RunSpec` a trial.
        runs: One `StoredRun` a trial, with its weights.
        epochs: Epochs that the user chose; a stored run may have more.
        log_likelihood: Test log-likelihood of each trial, of the weights of `weights_epochs`, from
            `evaluate_log_likelihood`.
        store: Where the runs are.
    """

    specs: list[RunSpec]
    runs: list[StoredRun]
    epochs: int
    log_likelihood: list[LogLikelihood]
    store: RunStore

    @property
    def activity(self) -> np.ndarray:
        """Array of shape (trials, epochs, latent_dim)."""
        return np.stack([run.activity[: self.epochs] for run in self.runs])

    def history(self, name: str) -> np.ndarray:
        """One column of the history, shape (trials, epochs)."""
        return np.stack([run.history[name][: self.epochs] for run in self.runs])

    def log_likelihood_summary(self) -> list[JsonObject]:
        """Each trial's log-likelihood without its values per image."""
        return [without_images(trial) for trial in self.log_likelihood]

    @property
    def weights_epochs(self) -> list[int]:
        """Epochs after which each trial's weights are: `epochs`, or its last if none were kept."""
        return [self._weights_epoch(trial) for trial in range(len(self.specs))]

    def _weights_epoch(self, trial: int) -> int:
        spec, last = self.specs[trial], self.runs[trial].epochs
        if last != self.epochs and self.epochs in snapshot_epochs(self.store.run_folder(spec)):
            return self.epochs
        return last

    def load_models(self) -> Iterator[tuple[LatentVariableModel, ImageData]]:
        """Yields what `load_model` returns of each trial."""
        for trial in range(len(self.specs)):
            yield self.load_model(trial)

    def load_model(self, trial: int) -> tuple[LatentVariableModel, ImageData]:
        """Returns one trial's model, with the weights of `weights_epochs`, and the data set."""
        model, data = load_model(self.specs[trial], self.store, self.runs[trial])
        epoch = self._weights_epoch(trial)
        if epoch != self.runs[trial].epochs:
            self.restore(model, trial, epoch)
        return model, data

    def kept_epochs(self) -> list[int]:
        """Epochs, in ascending order, after which the weights of every trial are stored.

        Raises:
            StoreError: If there are none up to the chosen number.
        """
        kept = [
            set(restorable_epochs(self.store.run_folder(spec), run.epochs))
            for spec, run in zip(self.specs, self.runs, strict=True)
        ]
        found = sorted(epoch for epoch in set.intersection(*kept) if epoch <= self.epochs)
        if not found:
            reached = [run.epochs for run in self.runs]
            raise StoreError(
                f"The runs {[spec.run_id for spec in self.specs]} went on to epochs {reached} "
                "without keeping their weights. Ask for as many epochs with --epochs, or name "
                "another --store to train them anew."
            )
        return found

    def restore(self, model: LatentVariableModel, trial: int, epoch: int) -> None:
        """Gives a trial's model the weights that it had after one of `kept_epochs`."""
        spec, run = self.specs[trial], self.runs[trial]
        if epoch == run.epochs:
            assign(model.weights, run.weights, spec, self.store)
        else:
            restore(model, spec, self.store, epoch)

    def remembered(self, trial: int, name: str, compute: Callable[[], Any]) -> Any:
        """A measure of one trial, computed once and then kept in the store.

        Arguments:
            trial: Index of the trial.
            name: What is measured, of what and how, as a path.
            compute: Function that returns a JSON-compatible value.
        """
        return remembered(self.specs[trial], self.store, name, compute)


# A figure's runs by method, the name that its picture and its results have for it.
Methods = dict[str, MethodRuns]


def compare_log_likelihoods(methods: Methods) -> dict[str, list[Estimate | None]]:
    """Paired differences of each method from the first, where both see the same images.

    None where an estimate is not of the epoch that the figure shows: weights of that one may not
    have been kept.
    """
    if not methods:
        return {}
    (reference, first), *others = methods.items()
    return {
        f"{label} - {reference}": [
            paired_difference(one, other)
            if (one["epochs"], other["epochs"]) == (first.epochs, method.epochs)
            else None
            for one, other in zip(first.log_likelihood, method.log_likelihood, strict=True)
        ]
        for label, method in others
        if method.specs[0].data == first.specs[0].data
    }


def describe(method: MethodRuns) -> JsonObject:
    """What ran, and the bounds it ended with, as JSON-compatible values."""
    return {
        "ids": [spec.run_id for spec in method.specs],
        "spec": method.specs[0].to_dict(),
        "trained_under": [run.versions for run in method.runs],
        "test_bound": method.history("test_bound")[:, -1].tolist(),
        "train_bound": method.history("train_bound")[:, -1].tolist(),
        "median_seconds_per_epoch": float(np.median(method.history("seconds"))),
        "test_log_likelihood": method.log_likelihood_summary(),
    }

"""The yardstick that all stored runs share: the importance-sampled test log-likelihood."""

import contextlib
import time
from collections.abc import Callable, Mapping
from typing import Any, TypedDict

import numpy as np

from keras_vae._internal.files import JsonObject
from keras_vae.experiments.runs.run_folder import LOG_LIKELIHOOD, snapshot_epochs
from keras_vae.experiments.runs.run_models import (
    CompiledModels,
    load_model,
    load_stored,
    model_kind,
    restore,
)
from keras_vae.experiments.runs.spec import RunSpec
from keras_vae.experiments.runs.store import ReadOnlyStoreError, RunStore

_models = CompiledModels()


class Estimate(TypedDict):
    """A mean of independent values and its standard error, in the values' unit."""

    mean: float
    standard_error: float


class LogLikelihood(Estimate):
    """What is stored of a run's test log-likelihood, in nats per image.

    `epochs` are those of the weights; `seconds` is what it took.
    """

    num_samples: int
    images: int
    epochs: int
    seconds: float
    per_image: list[float]


def evaluate_log_likelihood(
    spec: RunSpec,
    store: RunStore,
    num_samples: int,
    num_images: int | None = None,
    epochs: int | None = None,
) -> LogLikelihood:
    """Estimates the test log-likelihood of a stored run, once for each length of the run.

    Arguments:
        spec: `RunSpec` of a stored run.
        store: `RunStore`.
        num_samples: Importance samples per image.
        num_images: Test images, from the first on; None for all.
        epochs: Length at which the estimate is wanted: that of weights kept then, or else of the
            last ones; None for the last.

    Returns:
        Dictionary with `mean` and `standard_error` over the test images (nats per image),
        `per_image`, `num_samples`, `images`, `epochs`, and the `seconds` that it took.

    Raises:
        NoEpochError: If no epoch of the run is stored.
    """
    found = stored_log_likelihood(spec, store, num_samples, num_images, epochs)
    if found is not None:
        return found
    # One read gives the weights and their epoch: another process may train the run meanwhile.
    stored = load_stored(spec, store, with_weights=True)
    loaded, data = load_model(spec, store, stored)
    done = stored.epochs
    with _models.borrow(model_kind(spec, data.image_shape), loaded) as model:
        if epochs in snapshot_epochs(store.run_folder(spec)):
            done = restore(model, spec, store, epochs)
        started = time.perf_counter()
        values = model.log_likelihood(data.test.images[:num_images], num_samples)
    result: LogLikelihood = {
        **mean_and_error(values),
        "num_samples": num_samples,
        "images": len(values),
        "epochs": done,
        "seconds": round(time.perf_counter() - started, 1),
        "per_image": np.round(values, 4).tolist(),
    }
    _save(spec, store, _name(num_samples, num_images, done), result)
    return result


def stored_log_likelihood(
    spec: RunSpec,
    store: RunStore,
    num_samples: int,
    num_images: int | None = None,
    epochs: int | None = None,
) -> LogLikelihood | None:
    """What `evaluate_log_likelihood` would return without computing anything, or None."""
    stored = store.evaluations(spec)
    lengths = [length for length in (epochs, store.epochs_done(spec)) if length is not None]
    if epochs in snapshot_epochs(store.run_folder(spec)):
        lengths = [epochs]
    names = [_name(num_samples, num_images, length) for length in lengths]
    return next((stored[name] for name in names if name in stored), None)


def remembered(spec: RunSpec, store: RunStore, name: str, compute: Callable[[], Any]) -> Any:
    """What is stored of a run under a name, or else what `compute` returns, which is then stored.

    Arguments:
        spec: `RunSpec`.
        store: `RunStore`.
        name: Path that says what is measured, after how many epochs and how.
        compute: Function that returns a JSON-compatible value.
    """
    stored = store.evaluations(spec)
    if name not in stored:
        stored[name] = compute()
        _save(spec, store, name, stored[name])
    return stored[name]


def _save(spec: RunSpec, store: RunStore, name: str, value: Any) -> None:
    # Where nothing can be stored, it is computed again the next time.
    with contextlib.suppress(ReadOnlyStoreError):
        store.save_evaluation(spec, name, value)


def paired_difference(first: LogLikelihood, second: LogLikelihood) -> Estimate | None:
    """How much higher the second of two estimates is, image by image.

    Two models of like quality differ by less than either's standard error, which is mostly
    how much the images differ.

    Arguments:
        first: Dictionary from `evaluate_log_likelihood`.
        second: Another one, of the same test images.

    Returns:
        Dictionary with `mean` and `standard_error` (nats per image), or None if the images
        differ in number or their values were not kept.
    """
    before, after = (np.array(result.get("per_image", [])) for result in (first, second))
    if len(before) < 2 or len(before) != len(after):
        return None
    return mean_and_error(after - before)


def without_images(estimate: Mapping[str, Any]) -> JsonObject:
    """A log-likelihood's estimate without its values per image."""
    return {key: value for key, value in estimate.items() if key != "per_image"}


def mean_and_error(values: np.ndarray) -> Estimate:
    """Mean and standard error of independent values, as JSON-compatible values."""
    return {
        "mean": float(values.mean()),
        "standard_error": float(values.std(ddof=1) / np.sqrt(len(values))),
    }


def _name(num_samples: int, num_images: int | None, epochs: int | None) -> str:
    name = f"{LOG_LIKELIHOOD}{num_samples}_samples/{epochs}_epochs"
    return name if num_images is None else f"{name}/{num_images}_images"

"""Trained models as `.keras` files, each with a record of the run that it comes from."""

import hashlib
import os
import pathlib
import tempfile

import numpy as np

from keras_vae import UserError, datasets
from keras_vae._internal import verified_files
from keras_vae._internal.backend import keras
from keras_vae._internal.files import (
    JsonObject,
    finish_writing,
    locked,
    write_together,
)
from keras_vae.experiments.runs.run_folder import LOG_LIKELIHOOD
from keras_vae.experiments.runs.spec import RunSpec
from keras_vae.experiments.runs.store import RunStore
from keras_vae.experiments.runs.training import versions
from keras_vae.models import LatentVariableModel

RECORDS, LOCK = "models.json", ".lock"
CHECK_IMAGES = 100


class ModelFileError(UserError):
    """A model's file cannot be read, or is not the one that its record describes."""


def save_model(
    model: LatentVariableModel,
    path: str | os.PathLike[str],
    spec: RunSpec,
    store: RunStore,
    epochs: int,
) -> None:
    """Writes a stored run's model, and its record into `models.json` beside it.

    The record has the run's id and spec, its epochs, the test log-likelihood that is stored of
    it (None without one), the model's bound on embedded digits, the file's SHA-256 and versions.

    Arguments:
        model: The run's model, with the weights to write.
        path: File to write, `NAME.keras`; its folder is made.
        spec: `RunSpec`.
        store: `RunStore` that has the run.
        epochs: Finished epochs of the weights.

    Raises:
        ModelFileError: If the files cannot be written; both are then as they were.
    """
    path = pathlib.Path(path)
    record = {
        "run": spec.run_id,
        "spec": spec.to_dict(),
        "epochs": epochs,
        "test_log_likelihood": best_log_likelihood(store.evaluations(spec), epochs),
        "bound_on_embedded_digits": bound_on_embedded_digits(model),
        "versions": versions(),
    }
    try:
        with tempfile.TemporaryDirectory() as folder, locked(path.parent / LOCK):
            # Keras writes only to names that end with .keras.
            keras.saving.save_model(model, pathlib.Path(folder, path.name))
            content = pathlib.Path(folder, path.name).read_bytes()
            record["sha256"] = hashlib.sha256(content).hexdigest()
            finish_writing(path.parent)
            records = {**read_records(path.parent), path.name: record}
            listed = verified_files.encode_json({"kind": "models"}, dict(sorted(records.items())))
            write_together(path.parent, {path.name: content, RECORDS: listed})
    except OSError as error:
        raise ModelFileError(f"{path} cannot be written: {error}") from error


def load_model_file(path: str | os.PathLike[str]) -> LatentVariableModel:
    """Reads a model of this package from a `.keras` file.

    Arguments:
        path: The file. Where `models.json` beside it has a record of it, the two are compared.

    Raises:
        ModelFileError: If the file is missing, damaged, not the one that is recorded, or holds
            another kind of model.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise ModelFileError(f"There is no model file {path}.")
    recorded = read_records(path.parent).get(path.name)
    if recorded is not None and recorded.get("sha256") != digest(path):
        raise ModelFileError(
            f"{path} is not the file that {path.with_name(RECORDS)} describes: it was damaged or "
            "replaced. Copy it again from where it came from."
        )
    try:
        model = keras.saving.load_model(path)
    # What a damaged archive makes zipfile, json, h5py or Keras raise is not documented.
    except Exception as error:
        raise ModelFileError(
            f"{path} cannot be read: it is damaged, or another version of keras_vae or Keras "
            f"wrote it ({type(error).__name__}: {error})."
        ) from error
    if not isinstance(model, LatentVariableModel):
        raise ModelFileError(f"{path} holds a {type(model).__name__}, not a model of keras_vae.")
    return model


def read_records(folder: str | os.PathLike[str]) -> JsonObject:
    """The records of a folder's models, by file name; empty where there are none.

    Raises:
        ModelFileError: If they cannot be read.
    """
    path = pathlib.Path(folder) / RECORDS
    try:
        about, records = verified_files.read_json(path)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ModelFileError(f"{path} cannot be read: {error}") from error
    if about is not None and about["format"] > verified_files.FORMAT:
        raise ModelFileError(f"{path} was written by a newer version of keras_vae.")
    if not isinstance(records, dict) or not all(isinstance(one, dict) for one in records.values()):
        raise ModelFileError(f"{path} does not hold records of models.")
    return records


def bound_on_embedded_digits(model: LatentVariableModel) -> float:
    """Mean bound of one fixed sample per image, by which a file can be checked.

    The images are the first 100 test digits of `mnist_5k`, binarised at one half, cut to the
    middle where the model's images are smaller.

    Returns:
        Nats per image.
    """
    digits = datasets.load("mnist_5k", binarize="static").test.images[:CHECK_IMAGES]
    height, width = model.image_shape
    top, left = (digits.shape[1] - height) // 2, (digits.shape[2] - width) // 2
    images = digits[:, top : top + height, left : left + width]
    return float(np.mean(model.log_weights(images, num_samples=1, seed=0)))


def best_log_likelihood(evaluations: JsonObject, epochs: int) -> JsonObject | None:
    """Of the stored log-likelihoods at some epochs that of most images, then most samples."""
    found = [
        value
        for name, value in evaluations.items()
        if name.startswith(LOG_LIKELIHOOD) and value.get("epochs") == epochs
    ]
    if not found:
        return None
    best = max(found, key=lambda value: (value["images"], value["num_samples"]))
    return {key: value for key, value in best.items() if key != "per_image"}


def digest(path: pathlib.Path) -> str:
    """SHA-256 of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

"""`keras-vae export`: a stored run, or a model's file, as a SavedModel or a Keras file."""

from __future__ import annotations

import argparse
import pathlib
from typing import TYPE_CHECKING

from keras_vae.cli import stored_runs
from keras_vae.cli.common import CommandError, Commands, start_tensorflow
from keras_vae.experiments.figures.options import given_path
from keras_vae.experiments.runs.run_folder import SPEC, restorable_epochs

KERAS_FILE = ".keras"

if TYPE_CHECKING:
    from keras_vae.experiments.runs.spec import RunSpec
    from keras_vae.experiments.runs.store import RunStore
    from keras_vae.models import LatentVariableModel


def add_parser(commands: Commands) -> None:
    """Adds the command to the command line."""
    parser = commands.add_parser(
        "export",
        help="write a trained model as a SavedModel",
        description="Writes a model as a SavedModel, which TensorFlow and TensorFlow Serving load "
        "without this package (keras_vae.export describes its signatures); or, where PATH ends "
        "with .keras, a stored run's as a Keras file, recorded in models.json beside it.",
        epilog="example: keras-vae export results/models/activity-iw.keras served/digits/1",
    )
    parser.add_argument(
        "source",
        metavar="MODEL",
        help="id of a stored run (its beginning will do), or .keras file",
    )
    parser.add_argument("path", metavar="PATH", type=given_path, help="folder or file to write")
    parser.add_argument(
        "--store", type=given_path, help="folder of stored runs [KERAS_VAE_STORE or the cache]"
    )
    parser.add_argument("--epoch", type=int, help="epoch whose weights to take [the last]")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Writes the model."""
    if arguments.path.exists():
        raise CommandError(
            f"{arguments.path} exists. Name another folder, or another version's number."
        )
    if arguments.source.endswith(KERAS_FILE):
        _export_file(arguments)
    else:
        _export_run(arguments)


def _export_file(arguments: argparse.Namespace) -> None:
    if arguments.path.suffix == KERAS_FILE:
        raise CommandError(f"{arguments.source} is a Keras file already.")
    if arguments.epoch is not None:
        raise CommandError("--epoch chooses weights of a stored run; a file has one set.")
    start_tensorflow()
    from keras_vae.experiments.runs.model_files import load_model_file

    _save(load_model_file(arguments.source), arguments.path)
    print(f"Wrote {arguments.source} to {arguments.path}.")


def _export_run(arguments: argparse.Namespace) -> None:
    store = stored_runs.open_store(arguments.store)
    found = stored_runs.find_run(store, arguments.source)
    _require_epochs(found)
    start_tensorflow()
    spec = found.read_spec()
    if spec is None:
        raise CommandError(
            f"Run {found.id} has no {SPEC}, which says what its model is. keras-vae runs remove "
            f"{found.id} deletes it, so that it can be trained again."
        )
    if arguments.epoch is not None:
        _require_weights(found, arguments.epoch)
    model, epochs = _load(spec, store, arguments.epoch)
    if arguments.path.suffix == KERAS_FILE:
        from keras_vae.experiments.runs.model_files import save_model

        save_model(model, arguments.path, spec, store, epochs)
    else:
        _save(model, arguments.path)
    print(f"Wrote run {found.id} after {epochs} epochs to {arguments.path}.")


def _require_epochs(found: stored_runs.RunFolder) -> None:
    if found.is_damaged:
        raise CommandError(
            f"The checkpoint of run {found.id} is damaged. keras-vae runs remove {found.id} "
            "deletes it, so that it can be trained again."
        )
    if found.epochs == 0:
        raise CommandError(
            f"Run {found.id} was begun, but none of its epochs is finished: there is nothing to "
            "export yet. The keras-vae reproduce command that began it continues it."
        )


def _require_weights(found: stored_runs.RunFolder, epoch: int) -> None:
    kept = restorable_epochs(found.path, found.epochs)
    if epoch in kept:
        return
    if epoch > found.epochs:
        raise CommandError(
            f"Run {found.id} is at epoch {found.epochs}, not yet at {epoch}. The keras-vae "
            f"reproduce command that trained it continues it with --epochs {epoch}."
        )
    raise CommandError(
        f"The weights of run {found.id} after epoch {epoch} were not kept; there are those after "
        f"{', '.join(map(str, kept))}."
    )


def _load(spec: RunSpec, store: RunStore, epoch: int | None) -> tuple[LatentVariableModel, int]:
    from keras_vae._internal import backend
    from keras_vae.experiments.runs import run_models

    backend.configure()
    model = run_models.build_model(spec, spec.data.load().image_shape)
    return model, run_models.restore(model, spec, store, epoch)


def _save(model: LatentVariableModel, path: pathlib.Path) -> None:
    import tensorflow as tf

    import keras_vae.export
    from keras_vae._internal.backend import reason

    try:
        keras_vae.export.save(model, path)
    except (OSError, tf.errors.OpError) as error:
        raise CommandError(f"{path} cannot be written: {reason(error)}") from error

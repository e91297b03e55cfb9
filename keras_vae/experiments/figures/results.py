"""Writes what a figure leaves behind: its picture, its numbers and its claims."""

import json
import pathlib
import shutil
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure as Picture

from keras_vae import UserError
from keras_vae._internal.files import JsonObject, atomic_write, require_writable
from keras_vae.experiments.figures import originals, plots
from keras_vae.experiments.figures.claims import Claim
from keras_vae.experiments.runs.store import write_json

PICTURE, DATA, CLAIMS = "figure.png", "data.json", "claims.json"
SIDE_BY_SIDE = "side_by_side.png"
LONGER = "longer_run"


class OutputError(UserError):
    """The output folder cannot be written."""


def prepare_folder(folder: pathlib.Path) -> None:
    """Makes sure, before anything is trained, that results can be written.

    Raises:
        OutputError: If they cannot.
    """
    try:
        require_writable(folder)
    except OSError as error:
        raise OutputError(
            f"The output folder {folder} cannot be written ({error}). "
            "Name another one with --output."
        ) from error


def write(
    folder: pathlib.Path,
    picture: Picture,
    data: JsonObject,
    claims: Sequence[Claim],
    tables: Mapping[str, str] | None = None,
) -> pathlib.Path | None:
    """Writes a figure's three files, and its tables.

    A result of a longer protocol that is already there is kept in a folder beside them.

    Arguments:
        folder: `results/<report>/<figure>`.
        picture: Matplotlib figure.
        data: JSON-compatible dictionary with a `protocol`.
        claims: List of `Claim`.
        tables: Dictionary of further texts by name of file; None for none.

    Returns:
        Path of the kept earlier result, or None.

    Raises:
        OutputError: If the files cannot be written.
    """
    try:
        kept = _keep_longer(folder, size(data))
        with atomic_write(folder / PICTURE) as file:
            plots.save(picture, file)
        for name, text in (tables or {}).items():
            with atomic_write(folder / name) as file:
                file.write(text.encode())
        write_json(folder / DATA, data)
        write_json(folder / CLAIMS, [claim.to_dict() for claim in claims])
    except OSError as error:
        raise OutputError(
            f"The results could not be written to {folder} ({error}). The runs are stored: "
            "the same command with another --output writes them without training."
        ) from error
    return kept


def write_side_by_side(folder: pathlib.Path, original: np.ndarray) -> None:
    """Writes our picture with the original's beside it.

    Arguments:
        folder: `results/<report>/<figure>`, already written.
        original: Array from `originals.read_picture`.

    Raises:
        OutputError: If the file cannot be written.
    """
    picture = originals.beside(folder / PICTURE, original)
    try:
        with atomic_write(folder / SIDE_BY_SIDE) as file:
            plots.save(picture, file)
    except OSError as error:
        raise OutputError(f"{folder / SIDE_BY_SIDE} could not be written ({error}).") from error


def size(data: JsonObject) -> tuple[int, int]:
    """How much was computed, to compare results by.

    The data set that the report asks for comes first, then any other but the embedded one;
    after that the epochs of all methods x trials.
    """
    reached, asked = data["protocol"]["reached"], data["protocol"]["asked"]
    dataset = reached["dataset"]
    rank = 2 if dataset == asked.get("dataset") else int(dataset != "mnist_5k")
    epochs = reached["epochs"]
    # One number is the epochs of every method, a dictionary has those of each.
    total = sum(epochs.values()) if isinstance(epochs, dict) else epochs * len(data["runs"])
    return (rank, total * reached["trials"])


def _keep_longer(folder: pathlib.Path, new_size: tuple[int, int]) -> pathlib.Path | None:
    kept = folder / LONGER
    old_size, kept_size = _size_of(folder), _size_of(kept)
    if old_size is None or old_size <= new_size:
        return None
    if kept_size is None or kept_size <= old_size:
        kept.mkdir(exist_ok=True)
        for path in folder.iterdir():
            if path.is_file():
                shutil.copy2(path, kept / path.name)
    return kept


def _size_of(folder: pathlib.Path) -> tuple[int, int] | None:
    try:
        return size(json.loads((pathlib.Path(folder) / DATA).read_text()))
    except (OSError, ValueError, KeyError, TypeError):
        return None

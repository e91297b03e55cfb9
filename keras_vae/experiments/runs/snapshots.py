"""Weights of a run at epochs spread logarithmically, for measures that follow its training."""

import pathlib
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_vae._internal.files import atomic_write
from keras_vae.experiments.runs.store import UNREADABLE, DamagedRunError, storing_epoch

NAME = "weights_after_{:06d}.npz"
PATTERN = re.compile(r"weights_after_(\d{6,})\.npz")


def is_snapshot_epoch(epoch: int) -> bool:
    """Whether weights are kept after this epoch: 1, 2, 5, 10, 20, 50, 100 and so on."""
    leading = str(epoch).rstrip("0")
    return leading in ("1", "2", "5")


def save_snapshot(folder: pathlib.Path, epoch: int, weights: Sequence[np.ndarray]) -> None:
    """Keeps a run's weights.

    Arguments:
        folder: The run's folder.
        epoch: Number of finished epochs.
        weights: List of arrays.

    Raises:
        StoreError: If the disk is full or the folder not writable.
    """
    arrays: dict[str, Any] = {f"{index:04d}": value for index, value in enumerate(weights)}
    with storing_epoch(folder, epoch), atomic_write(folder / NAME.format(epoch)) as file:
        np.savez(file, **arrays)


def snapshot_epochs(folder: pathlib.Path) -> list[int]:
    """Epochs after which a run's weights were kept, in ascending order."""
    found = (PATTERN.fullmatch(path.name) for path in folder.glob("weights_after_*.npz"))
    return sorted(int(match[1]) for match in found if match)


def restorable_epochs(folder: pathlib.Path, last: int) -> list[int]:
    """Epochs whose weights a run has: those that were kept, and the last one.

    Arguments:
        folder: The run's folder.
        last: Number of its finished epochs.

    Returns:
        List in ascending order.
    """
    return sorted({*snapshot_epochs(folder), last})


def load_snapshot(folder: pathlib.Path, epoch: int) -> list[np.ndarray]:
    """Reads a run's weights after an epoch.

    Raises:
        LookupError: If they were not kept.
        DamagedRunError: If they cannot be read.
    """
    path = folder / NAME.format(epoch)
    if not path.exists():
        raise LookupError(
            f"The weights after epoch {epoch} of the run in {folder} were not kept; there are "
            f"those after {snapshot_epochs(folder)}."
        )
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            return [archive[name] for name in sorted(archive.files)]
    except UNREADABLE as error:
        raise DamagedRunError(
            f"The weights {path} are damaged ({error}). The run itself is not affected; delete "
            f"the folder {folder} to train it again with all its weights."
        ) from error

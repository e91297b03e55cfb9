"""What is in the folder of a stored run, found by the names of its files."""

import pathlib
import re

from keras_vae._internal.files import JsonObject, read_json_object
from keras_vae.experiments.runs import run_files
from keras_vae.experiments.runs.run_files import DamagedFileError

CHECKPOINT, SPEC, EVALUATIONS = "checkpoint.npz", "spec.json", "evaluations.json"
# Who trains a run holds the first for hours, who adds an evaluation the second for a moment.
LOCK, EVALUATIONS_LOCK = ".lock", ".evaluations.lock"
# Weights of a run at epochs spread logarithmically, for measures that follow its training.
SNAPSHOT, SNAPSHOTS = "weights_after_{:06d}.npz", "weights_after_*.npz"
SNAPSHOT_PATTERN = re.compile(r"weights_after_(\d{6,})\.npz")


def read_spec(folder: pathlib.Path) -> JsonObject | None:
    """The spec of the run in a folder, from whatever file says it; None if there is no file.

    Raises:
        OSError: If a file cannot be read.
        ValueError: If none that there is can be read.
    """
    damage: ValueError | None = None
    for path in (folder / CHECKPOINT, *sorted(folder.glob(SNAPSHOTS))):
        try:
            about = run_files.read_about(path)
        except FileNotFoundError:
            continue
        except DamagedFileError as error:
            damage = error
            continue
        if about is not None:
            return about["spec"]
    try:
        return read_json_object(folder / SPEC)
    except FileNotFoundError:
        if damage is not None:
            raise damage from None
        return None


def read_epochs(folder: pathlib.Path) -> int:
    """Number of epochs stored in a run's folder; 0 if there is no readable run."""
    path = folder / CHECKPOINT
    try:
        about = run_files.read_about(path)
        if about is None:
            return max(0, int(run_files.read_arrays(path, "epochs".__eq__)[1]["epochs"]))
    except (OSError, ValueError, KeyError, TypeError):
        return 0
    return max(0, about["epochs"]) if about["kind"] == "checkpoint" else 0


def is_snapshot_epoch(epoch: int) -> bool:
    """Whether weights are kept after this epoch: 1, 2, 5, 10, 20, 50, 100 and so on."""
    leading = str(epoch).rstrip("0")
    return leading in ("1", "2", "5")


def snapshot_epochs(folder: pathlib.Path) -> list[int]:
    """Epochs after which a run's weights were kept, in ascending order."""
    found = (SNAPSHOT_PATTERN.fullmatch(path.name) for path in folder.glob(SNAPSHOTS))
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

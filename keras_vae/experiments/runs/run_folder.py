"""What is in the folder of a stored run: the names of its files, and what each says that it is.

That is a dictionary with the file's `format` and `kind`, the `run` (its id), the `epochs` after
which it was written and all of the run's `spec`. Files of version 0.2.0 do not have it; they are
written anew in this form when their run goes on.
"""

from __future__ import annotations

import pathlib
import re
from typing import TYPE_CHECKING, Any

from keras_vae._internal import verified_files
from keras_vae._internal.files import JsonObject, read_json_object
from keras_vae._internal.verified_files import FORMAT, DamagedFileError

if TYPE_CHECKING:
    from keras_vae.experiments.runs.spec import RunSpec

CHECKPOINT, SPEC, EVALUATIONS = "checkpoint.npz", "spec.json", "evaluations.json"
# Who trains a run holds the first for hours, who adds an evaluation the second for a moment.
LOCK, EVALUATIONS_LOCK = ".lock", ".evaluations.lock"
# Weights of a run at epochs spread logarithmically, for measures that follow its training.
SNAPSHOT, SNAPSHOTS = "weights_after_{:06d}.npz", "weights_after_*.npz"
# Evaluations whose names begin so are log-likelihoods, each with these numbers.
LOG_LIKELIHOOD = "test_log_likelihood/"
OF_LOG_LIKELIHOOD = ("mean", "standard_error", "num_samples", "images", "epochs")
SNAPSHOT_PATTERN = re.compile(r"weights_after_(\d{6,})\.npz")


class ForeignFileError(ValueError):
    """A file belongs to another run."""


class NewerFileError(ValueError):
    """A file was written by a newer version of this package."""


def make_about(spec: RunSpec, kind: str, epochs: int | None = None) -> JsonObject:
    """What a file of a run says that it is; `epochs` are those of its arrays."""
    return {"kind": kind, "run": spec.run_id, "epochs": epochs, "spec": spec.to_dict()}


def check_about(
    about: JsonObject | None,
    spec: RunSpec,
    kind: str,
    epochs: int | None = None,
) -> None:
    """Makes sure that a file is what its place and name say.

    Arguments:
        about: What it says that it is; None of a file of version 0.2.0, of which its place in
            the store is all that is known.
        spec: `RunSpec` that it should belong to.
        kind: What it should hold.
        epochs: Number of epochs after which it should have been written; None for any.

    Raises:
        DamagedFileError: If it holds something else.
        ForeignFileError: If it belongs to another run.
        NewerFileError: If a newer version wrote it.
    """
    if about is None:
        return
    if about["format"] > FORMAT:
        raise NewerFileError("was written by a newer version of keras_vae")
    if not about.keys() >= {"kind", "run", "epochs", "spec"} or not isinstance(about["spec"], dict):
        raise DamagedFileError("it does not say what it is")
    if about["kind"] != kind:
        raise DamagedFileError(f"it holds a run's {about['kind']}, not its {kind}")
    stored = about["spec"]
    defaults, expected = type(spec)().to_dict(), spec.to_dict()
    if unknown := unknown_fields(stored, defaults):
        raise NewerFileError(
            f"was written by a newer version of keras_vae, with {', '.join(unknown)}"
        )
    stored = with_missing(stored, defaults)
    for key in sorted(expected):
        if stored.get(key) != expected[key]:
            raise ForeignFileError(
                f"belongs to another run: its {key} is {stored.get(key)}, expected {expected[key]}"
            )
    if about["run"] != spec.run_id:
        raise ForeignFileError(
            f"belongs to run {about['run']}, which another version of keras_vae trained otherwise"
        )
    if epochs is not None and about["epochs"] != epochs:
        raise DamagedFileError(f"it was written after epoch {about['epochs']}, not {epochs}")


def check_older_evaluations(content: JsonObject) -> None:
    """Makes sure that evaluations of version 0.2.0, which have no digest, can be used.

    Raises:
        DamagedFileError: If a log-likelihood is none.
    """
    for name, value in content.items():
        if name.startswith(LOG_LIKELIHOOD) and not (
            isinstance(value, dict)
            and all(isinstance(value.get(key), int | float) for key in OF_LOG_LIKELIHOOD)
        ):
            raise DamagedFileError(f"{name} lacks {', '.join(OF_LOG_LIKELIHOOD)}")


def read_spec(folder: pathlib.Path) -> JsonObject | None:
    """The spec of the run in a folder, from whatever file says it; None if there is no file.

    Raises:
        OSError: If a file cannot be read.
        ValueError: If none that there is can be read.
    """
    damage: ValueError | None = None
    for path in (folder / CHECKPOINT, *sorted(folder.glob(SNAPSHOTS))):
        try:
            about = verified_files.read_about(path)
        except FileNotFoundError:
            continue
        except DamagedFileError as error:
            damage = error
            continue
        if about is not None and "spec" in about:
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
        about = verified_files.read_about(path)
        if about is None:
            return max(0, int(verified_files.read_arrays(path, "epochs".__eq__)[1]["epochs"]))
        return max(0, int(about["epochs"])) if about["kind"] == "checkpoint" else 0
    except (OSError, ValueError, KeyError, TypeError):
        return 0


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


def with_missing(content: Any, defaults: Any) -> Any:
    """A nested dictionary with the entries that only `defaults` has, as an older one lacks them."""
    if not isinstance(content, dict) or not isinstance(defaults, dict):
        return content
    return {
        **defaults,
        **{key: with_missing(value, defaults.get(key)) for key, value in content.items()},
    }


def unknown_fields(content: JsonObject, known: JsonObject, prefix: str = "") -> list[str]:
    """Names of the entries of a nested dictionary that `known` does not have, joined by dots."""
    found = []
    for key, value in content.items():
        if key not in known:
            found.append(f"{prefix}{key}")
        elif isinstance(value, dict) and isinstance(known[key], dict):
            found += unknown_fields(value, known[key], f"{prefix}{key}.")
    return found

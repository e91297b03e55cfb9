"""The run store: one folder a run, one atomic checkpoint a finished epoch, and kept weights."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import json
import os
import pathlib
import re
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import filelock
import numpy as np

from keras_vae import UserError
from keras_vae._internal.files import JsonObject, atomic_write, require_writable, store_folder

if TYPE_CHECKING:
    from keras_vae.experiments.runs.spec import RunSpec

CHECKPOINT, SPEC, EVALUATIONS, LOCK = "checkpoint.npz", "spec.json", "evaluations.json", ".lock"
# Weights of a run at epochs spread logarithmically, for measures that follow its training.
SNAPSHOT = "weights_after_{:06d}.npz"
SNAPSHOT_PATTERN = re.compile(r"weights_after_(\d{6,})\.npz")
BYTES_PER_RUN = 16 * 2**20
# What reading a file that something else has changed can raise.
UNREADABLE = (OSError, ValueError, TypeError, KeyError, EOFError, zipfile.BadZipFile)


class StoreError(UserError):
    """A run store cannot be used; the message says what to do."""


class DamagedRunError(StoreError):
    """A stored run's file cannot be read."""


class NotKeptError(StoreError, LookupError):
    """Weights after an epoch were not kept."""


class ForeignRunError(StoreError):
    """A folder of the store holds a run of another spec."""


@dataclasses.dataclass(frozen=True)
class StoredRun:
    """A run as far as it went.

    Attributes:
        epochs: Number of finished epochs.
        history: Arrays of shape (epochs,) by name, in nats or seconds.
        activity: Array of shape (epochs, latent_dim).
        weights: The model's variables, in their order; empty if not asked for.
        optimizer: The optimiser's variables, in their order; empty if not asked for.
        versions: One entry for each stretch of epochs: its first epoch and the versions
            of the packages it ran under.
    """

    epochs: int
    history: dict[str, np.ndarray]
    activity: np.ndarray
    weights: list[np.ndarray]
    optimizer: list[np.ndarray]
    versions: list[JsonObject]


class RunStore:
    """Runs on disk, found by their spec.

    Arguments:
        folder: Folder of the store; None uses `KERAS_VAE_STORE` or the user's cache.
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        self.folder = pathlib.Path(folder or store_folder()).expanduser()

    def run_folder(self, spec: RunSpec) -> pathlib.Path:
        """The folder of one run."""
        return self.folder / spec.run_id

    def prepare(self, runs: int, keep_weights: bool = False) -> None:
        """Makes sure that the store can take some runs.

        Arguments:
            runs: Number of runs.
            keep_weights: Whether weights of earlier epochs are kept too.

        Raises:
            StoreError: If the folder cannot be written, or the disk has too little space.
        """
        try:
            require_writable(self.folder)
        except OSError as error:
            raise StoreError(
                f"The run store {self.folder} cannot be written ({error}). "
                "Name another folder with --store or KERAS_VAE_STORE."
            ) from error
        free = shutil.disk_usage(self.folder).free
        needed = runs * BYTES_PER_RUN * (2 if keep_weights else 1)
        if free < needed:
            raise StoreError(
                f"The run store {self.folder} needs {needed / 2**20:.0f} MiB for {runs} runs; "
                f"its disk has {free / 2**20:.0f} MiB left. Make space, or name another "
                "folder with --store or KERAS_VAE_STORE."
            )

    @contextlib.contextmanager
    def lock(self, spec: RunSpec) -> Iterator[None]:
        """Holds a run, so that two processes never train it at once.

        The lock goes with its process, however that ends. A second process waits, and
        finds the first one's epochs done.
        """
        folder = self.run_folder(spec)
        folder.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(folder / LOCK):
            yield

    def load(self, spec: RunSpec, with_weights: bool = False) -> StoredRun | None:
        """Reads a run.

        Arguments:
            spec: `RunSpec`.
            with_weights: Whether to read the variables too.

        Returns:
            `StoredRun`, or None if no epoch of it is stored.

        Raises:
            DamagedRunError: If its checkpoint cannot be read or contradicts itself.
            ForeignRunError: If the folder holds a run of another spec.
        """
        path = self.run_folder(spec) / CHECKPOINT
        if not path.exists():
            return None
        self._check_spec(spec)
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
                run = _read_run(archive, with_weights)
        except UNREADABLE as error:
            raise DamagedRunError(
                f"The checkpoint {path} is damaged ({error}). Other runs are not affected. "
                f"Delete the folder {path.parent} to train this run again."
            ) from error
        return run

    def epochs_done(self, spec: RunSpec) -> int:
        """Number of stored epochs, read without the rest; 0 if there is no readable run."""
        return read_epochs(self.run_folder(spec))

    def save(self, spec: RunSpec, run: StoredRun) -> None:
        """Writes a run as one file, which is complete or not there.

        Raises:
            StoreError: If the disk is full or the folder not writable. What was stored
                before is still there.
        """
        folder = self.run_folder(spec)
        arrays: dict[str, Any] = {
            "epochs": np.array(run.epochs),
            "activity": run.activity,
            "versions": np.array(json.dumps(run.versions)),
            **{f"history/{name}": values for name, values in run.history.items()},
            **{f"weights/{index:04d}": value for index, value in enumerate(run.weights)},
            **{f"optimizer/{index:04d}": value for index, value in enumerate(run.optimizer)},
        }
        with storing_epoch(folder, run.epochs):
            if not (folder / SPEC).exists():
                write_json(folder / SPEC, spec.to_dict())
            with atomic_write(folder / CHECKPOINT) as file:
                np.savez(file, **arrays)

    def evaluations(self, spec: RunSpec) -> JsonObject:
        """Stored results of evaluations of a run, by name; empty if there are none."""
        path = self.run_folder(spec) / EVALUATIONS
        if not path.exists():
            return {}
        try:
            return read_json_object(path)
        except ValueError as error:
            raise DamagedRunError(
                f"{path} is damaged ({error}). Delete it to evaluate this run again."
            ) from error

    def save_evaluation(self, spec: RunSpec, name: str, value: Any) -> None:
        """Adds one JSON-compatible result to a run's evaluations."""
        content = {**self.evaluations(spec), name: value}
        write_json(self.run_folder(spec) / EVALUATIONS, content)

    def _check_spec(self, spec: RunSpec) -> None:
        path = self.run_folder(spec) / SPEC
        try:
            stored = read_json_object(path)
        except (OSError, ValueError) as error:
            raise DamagedRunError(
                f"{path} cannot be read ({error}). Other runs are not affected. "
                f"Delete the folder {path.parent} to train this run again."
            ) from error
        expected = spec.to_dict()
        stored = with_missing(stored, type(spec)().to_dict())
        for key in sorted({*stored, *expected}):
            if stored.get(key) != expected.get(key):
                raise ForeignRunError(
                    f"{path.parent} belongs to another run: its {key} is {stored.get(key)}, "
                    f"expected {expected.get(key)}. Name another folder with --store, or "
                    "delete that one."
                )


def read_epochs(folder: pathlib.Path) -> int:
    """Number of epochs stored in a run's folder; 0 if there is no readable run."""
    try:
        with (
            (folder / CHECKPOINT).open("rb") as file,
            np.load(file, allow_pickle=False) as archive,
        ):
            return max(0, int(archive["epochs"]))
    except UNREADABLE:
        return 0


@contextlib.contextmanager
def storing_epoch(folder: pathlib.Path, epoch: int) -> Iterator[None]:
    """Turns what keeps an epoch from being stored into a `StoreError`."""
    try:
        yield
    except OSError as error:
        reason = "no space is left" if error.errno == errno.ENOSPC else str(error)
        raise StoreError(
            f"Epoch {epoch} could not be stored in {folder}: {reason}. The epochs before "
            "it are safe: make space and run the same command to continue from there."
        ) from error


def with_missing(content: Any, defaults: Any) -> Any:
    """A nested dictionary with the entries that only `defaults` has, as an older one lacks them."""
    if not isinstance(content, dict) or not isinstance(defaults, dict):
        return content
    return {
        **defaults,
        **{key: with_missing(value, defaults.get(key)) for key, value in content.items()},
    }


def read_json_object(path: pathlib.Path) -> JsonObject:
    """Reads a dictionary.

    Raises:
        OSError: If the file cannot be read.
        ValueError: If it holds something else.
    """
    content = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise ValueError(f"it holds a {type(content).__name__}, not an object")
    return content


def write_json(path: pathlib.Path, content: Any) -> None:
    """Writes JSON so that the file is complete or not there."""
    with atomic_write(path) as file:
        file.write(json.dumps(content, indent=2, allow_nan=False).encode() + b"\n")


def _read_run(archive: np.lib.npyio.NpzFile, with_weights: bool) -> StoredRun:
    names = sorted(archive.files)
    history = {
        name.removeprefix("history/"): archive[name]
        for name in names
        if name.startswith("history/")
    }
    run = StoredRun(
        epochs=int(archive["epochs"]),
        history=history,
        activity=archive["activity"],
        weights=[archive[n] for n in names if with_weights and n.startswith("weights/")],
        optimizer=[archive[n] for n in names if with_weights and n.startswith("optimizer/")],
        versions=json.loads(str(archive["versions"])),
    )
    lengths = {len(run.activity), *(len(values) for values in history.values())}
    if run.epochs < 1 or lengths != {run.epochs}:
        raise ValueError(f"{run.epochs} epochs, but histories of length {sorted(lengths)}")
    return run


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
    with storing_epoch(folder, epoch), atomic_write(folder / SNAPSHOT.format(epoch)) as file:
        np.savez(file, **arrays)


def snapshot_epochs(folder: pathlib.Path) -> list[int]:
    """Epochs after which a run's weights were kept, in ascending order."""
    found = (SNAPSHOT_PATTERN.fullmatch(path.name) for path in folder.glob("weights_after_*.npz"))
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
        NotKeptError: If they were not kept.
        DamagedRunError: If they cannot be read.
    """
    path = folder / SNAPSHOT.format(epoch)
    if not path.exists():
        raise NotKeptError(
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

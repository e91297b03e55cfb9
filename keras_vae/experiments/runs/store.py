"""The run store: one folder a run, one atomic checkpoint a finished epoch, and kept weights."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import json
import os
import pathlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_vae import UserError
from keras_vae._internal import verified_files
from keras_vae._internal.files import (
    JsonObject,
    expanded,
    locked,
    read_json_object,
    remove_temporaries,
    require_writable,
    store_folder,
    write_json,
)
from keras_vae._internal.verified_files import DamagedFileError
from keras_vae.experiments.runs.run_folder import (
    CHECKPOINT,
    EVALUATIONS,
    EVALUATIONS_LOCK,
    LOCK,
    SNAPSHOT,
    SNAPSHOTS,
    SPEC,
    ForeignFileError,
    NewerFileError,
    check_about,
    check_older_evaluations,
    make_about,
    read_epochs,
    snapshot_epochs,
)

if TYPE_CHECKING:
    from keras_vae.experiments.runs.spec import RunSpec

BYTES_PER_RUN = 16 * 2**20
READ_ONLY = (errno.EACCES, errno.EPERM, errno.EROFS)


class StoreError(UserError):
    """A run store cannot be used; the message says what to do."""


class ReadOnlyStoreError(StoreError):
    """A run store can be read, but not written."""


class DamagedRunError(StoreError):
    """A stored run's file is not what was written."""


class NotKeptError(StoreError, LookupError):
    """Weights after an epoch were not kept."""


class ForeignRunError(StoreError):
    """A file of the store belongs to a run of another spec."""


class NewerRunError(StoreError):
    """A file of the store was written by a newer version of this package."""


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
        # A relative one stays where it was when the process changes its folder.
        self.folder = expanded(folder or store_folder()).absolute()

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
    def marker(self) -> Iterator[str]:
        """A file in the store, as long as this lasts, by which others know that they see it."""
        with tempfile.NamedTemporaryFile(dir=self.folder, prefix=".seen.") as file:
            yield pathlib.Path(file.name).name

    @contextlib.contextmanager
    def lock(self, spec: RunSpec) -> Iterator[None]:
        """Holds a run, so that two processes never train it at once.

        The lock goes with its process, however that ends. A second process waits, and
        finds the first one's epochs done. What a killed process left half written is removed.

        Raises:
            StoreError: If the folder cannot be written.
        """
        folder = self.run_folder(spec)
        with _locked(folder / LOCK):
            for name in (CHECKPOINT, SPEC, SNAPSHOTS):
                remove_temporaries(folder / name)
            yield

    def load(self, spec: RunSpec, with_weights: bool = False) -> StoredRun | None:
        """Reads a run, and verifies all of its checkpoint.

        Arguments:
            spec: `RunSpec`.
            with_weights: Whether to return the variables too.

        Returns:
            `StoredRun`, or None if no epoch of it is stored.

        Raises:
            DamagedRunError: If its checkpoint is not what was written, or contradicts itself.
            ForeignRunError: If the checkpoint is that of another run.
            NewerRunError: If a newer version wrote it.
        """
        path = self.run_folder(spec) / CHECKPOINT

        def wanted(name: str) -> bool:
            return with_weights or not name.startswith(("weights/", "optimizer/"))

        with _reading(path, f"Delete the folder {path.parent} to train this run again."):
            try:
                about, arrays = verified_files.read_arrays(path, wanted)
            except FileNotFoundError:
                return None
            check_about(about, spec, "checkpoint")
            try:
                run = _make_run(arrays)
            except (KeyError, ValueError, TypeError) as error:
                raise DamagedFileError(f"{type(error).__name__}: {error}") from error
            if about is not None and about["epochs"] != run.epochs:
                raise DamagedFileError(f"{run.epochs} epochs, not {about['epochs']}")
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
        with _storing(f"Epoch {run.epochs}", folder):
            folder.mkdir(parents=True, exist_ok=True)
            verified_files.write_arrays(
                folder / CHECKPOINT, make_about(spec, "checkpoint", run.epochs), arrays
            )
        self.describe(spec)

    def describe(self, spec: RunSpec) -> None:
        """Writes a run's spec beside it for people to read, unless it is there already.

        Nothing reads it but what looks at runs of version 0.2.0, whose other files do not say
        what they are.
        """
        path, content = self.run_folder(spec) / SPEC, spec.to_dict()
        with contextlib.suppress(OSError, ValueError):
            if read_json_object(path) == content:
                return
        with _storing("The run's description", path.parent):
            write_json(path, content)

    def save_snapshot(self, spec: RunSpec, epoch: int, weights: Sequence[np.ndarray]) -> None:
        """Keeps a run's weights.

        Arguments:
            spec: `RunSpec`.
            epoch: Number of finished epochs.
            weights: List of arrays.

        Raises:
            StoreError: If the disk is full or the folder not writable.
        """
        folder = self.run_folder(spec)
        arrays = {f"{index:04d}": value for index, value in enumerate(weights)}
        with _storing(f"Epoch {epoch}", folder):
            folder.mkdir(parents=True, exist_ok=True)
            about = make_about(spec, "weights", epoch)
            verified_files.write_arrays(folder / SNAPSHOT.format(epoch), about, arrays)

    def load_snapshot(self, spec: RunSpec, epoch: int) -> list[np.ndarray]:
        """Reads a run's weights after an epoch.

        Raises:
            NotKeptError: If they were not kept.
            DamagedRunError: If the file is not what was written.
            ForeignRunError: If they are those of another run.
            NewerRunError: If a newer version wrote them.
        """
        path = self.run_folder(spec) / SNAPSHOT.format(epoch)
        advice = "The run itself is not affected; delete this file to do without it."
        with _reading(path, advice):
            try:
                about, arrays = verified_files.read_arrays(path)
            except FileNotFoundError as error:
                raise NotKeptError(
                    f"The weights after epoch {epoch} of the run in {path.parent} were not kept; "
                    f"there are those after {snapshot_epochs(path.parent)}."
                ) from error
            check_about(about, spec, "weights", epoch)
        return [arrays[name] for name in sorted(arrays)]

    def evaluations(self, spec: RunSpec) -> JsonObject:
        """Stored results of evaluations of a run, by name; empty if there are none.

        Raises:
            DamagedRunError: If the file is not what was written.
            ForeignRunError: If they are those of another run.
            NewerRunError: If a newer version wrote them.
        """
        path = self.run_folder(spec) / EVALUATIONS
        with _reading(path, "Delete it to evaluate this run again."):
            try:
                about, content = verified_files.read_json(path)
            except FileNotFoundError:
                return {}
            check_about(about, spec, "evaluations")
            if about is None:
                check_older_evaluations(content)
        return content

    def save_evaluation(self, spec: RunSpec, name: str, value: Any) -> None:
        """Adds one JSON-compatible result to a run's evaluations.

        Raises:
            ReadOnlyStoreError: If the store cannot be written.
            StoreError: If the disk is full.
        """
        path = self.run_folder(spec) / EVALUATIONS
        # What another process has added meanwhile is read once nobody else can write.
        with _locked(path.with_name(EVALUATIONS_LOCK)):
            remove_temporaries(path)
            content = {**self.evaluations(spec), name: value}
            with _storing(f"The evaluation {name}", path.parent):
                verified_files.write_json(path, make_about(spec, "evaluations"), content)


@contextlib.contextmanager
def _locked(path: pathlib.Path) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        with _storing("Its lock", path.parent):
            stack.enter_context(locked(path))
        yield


@contextlib.contextmanager
def _reading(path: pathlib.Path, advice: str) -> Iterator[None]:
    """Turns what keeps a file from being read into a `StoreError`."""
    try:
        yield
    except DamagedFileError as error:
        raise DamagedRunError(
            f"{path} is damaged ({error}). Other runs are not affected. {advice}"
        ) from error
    except ForeignFileError as error:
        raise ForeignRunError(
            f"{path} {error}. Put it back where it belongs, or name another folder with --store."
        ) from error
    except NewerFileError as error:
        raise NewerRunError(
            f"{path} {error}. Install that version, or name another folder with --store."
        ) from error
    except OSError as error:
        raise StoreError(
            f"{path} cannot be read ({error}). Name another folder with --store or KERAS_VAE_STORE."
        ) from error


@contextlib.contextmanager
def _storing(what: str, folder: pathlib.Path) -> Iterator[None]:
    """Turns what keeps something from being stored into a `StoreError`."""
    try:
        yield
    except OSError as error:
        reason = "no space is left" if error.errno == errno.ENOSPC else str(error)
        kind = ReadOnlyStoreError if error.errno in READ_ONLY else StoreError
        raise kind(
            f"{what} could not be stored in {folder}: {reason}. What was stored before is safe: "
            "mend that and run the same command to continue from there."
        ) from error


def _make_run(arrays: dict[str, np.ndarray]) -> StoredRun:
    names = sorted(arrays)
    history = {
        name.removeprefix("history/"): arrays[name] for name in names if name.startswith("history/")
    }
    run = StoredRun(
        epochs=int(arrays["epochs"]),
        history=history,
        activity=arrays["activity"],
        weights=[arrays[name] for name in names if name.startswith("weights/")],
        optimizer=[arrays[name] for name in names if name.startswith("optimizer/")],
        versions=json.loads(str(arrays["versions"])),
    )
    lengths = {len(run.activity), *(len(values) for values in history.values())}
    if run.epochs < 1 or lengths != {run.epochs}:
        raise ValueError(f"{run.epochs} epochs, but histories of length {sorted(lengths)}")
    return run

"""The folders of a run store: what is in them, and their removal."""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
import re
import shutil
from typing import TYPE_CHECKING

import filelock

from keras_vae.cli.common import CommandError
from keras_vae.experiments.runs import run_folder
from keras_vae.experiments.runs.run_folder import CHECKPOINT, LOCK
from keras_vae.experiments.runs.store import RunStore

if TYPE_CHECKING:
    from keras_vae.experiments.runs.spec import RunSpec

RUN_ID = re.compile(r"[0-9a-f]{16}")


@dataclasses.dataclass(frozen=True)
class RunFolder:
    """One run's folder, which may be damaged or without a finished epoch.

    Attributes:
        path: The folder, whose name is the run's id.
    """

    path: pathlib.Path

    @property
    def id(self) -> str:
        """The run's id."""
        return self.path.name

    @property
    def epochs(self) -> int:
        """Finished epochs; 0 if there is no readable checkpoint."""
        return run_folder.read_epochs(self.path)

    @property
    def is_damaged(self) -> bool:
        """Whether there is a checkpoint without a readable number of epochs."""
        return (self.path / CHECKPOINT).exists() and self.epochs == 0

    def sizes(self) -> dict[str, int]:
        """Bytes of each file, by name."""
        sizes = {}
        for path in self.path.iterdir():
            # A process that trains the run replaces its files at any time; others may be links that
            # lead nowhere.
            with contextlib.suppress(OSError):
                sizes[path.name] = path.stat().st_size
        return sizes

    def read_spec(self) -> RunSpec | None:
        """Rebuilds the run's spec, which needs TensorFlow.

        Returns:
            `RunSpec`, or None if no epoch was ever finished, before which none is stored.

        Raises:
            CommandError: If the spec cannot be read, or is not that of the folder's name.
        """
        from keras_vae.experiments.runs.spec import RunSpec

        try:
            content = run_folder.read_spec(self.path)
            if content is None:
                return None
            spec = RunSpec.from_dict(content)
        except (OSError, ValueError) as error:
            raise CommandError(f"The spec in {self.path} cannot be read: {error}") from error
        if spec.run_id != self.id:
            raise CommandError(
                f"{self.path} holds the run {spec.run_id}, not the one of its name: another "
                "version of keras_vae wrote it, or it was changed."
            )
        return spec


def open_store(folder: pathlib.Path | None) -> RunStore:
    """Returns the `RunStore` of a folder; None is the usual one.

    Raises:
        CommandError: If there is no such folder.
    """
    store = RunStore(folder)
    if not store.folder.is_dir():
        raise CommandError(
            f"There is no run store {store.folder}. Name its folder with --store or "
            "KERAS_VAE_STORE; the first run makes one."
        )
    return store


def all_runs(store: RunStore) -> list[RunFolder]:
    """Returns a list of `RunFolder`, by id."""
    paths = sorted(path for path in store.folder.iterdir() if RUN_ID.fullmatch(path.name))
    return [RunFolder(path) for path in paths if path.is_dir()]


def find_run(store: RunStore, prefix: str) -> RunFolder:
    """Returns the `RunFolder` whose id begins with a prefix.

    Raises:
        CommandError: If there is none, or several.
    """
    found = [run for run in all_runs(store) if prefix and run.id.startswith(prefix)]
    if not found:
        raise CommandError(
            f"There is no run {prefix!r} in {store.folder}. keras-vae runs list shows all."
        )
    if len(found) > 1:
        ids = ", ".join(run.id for run in found)
        raise CommandError(f"Several runs begin with {prefix!r}: {ids}.")
    return found[0]


def remove_run(run: RunFolder) -> None:
    """Deletes a run's folder.

    Raises:
        CommandError: If another process is training it, or it cannot be deleted.
    """
    lock = filelock.FileLock(run.path / LOCK)
    try:
        with lock.acquire(timeout=0):
            shutil.rmtree(run.path)
    except filelock.Timeout as error:
        raise CommandError(f"Run {run.id} is being trained by another process.") from error
    except OSError as error:
        raise CommandError(f"Run {run.id} cannot be removed: {error}") from error

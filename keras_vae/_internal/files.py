"""Where the package keeps files, and how it writes them: complete or not at all."""

import contextlib
import json
import os
import pathlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from typing import IO, Any

import platformdirs

from keras_vae import UserError

# What our JSON files hold: names, and JSON-compatible values.
JsonObject = dict[str, Any]

WRITING, WRITTEN = "writing", "written"

# Beside the reproduction scripts; `experiments.figures.catalogue` writes it.
CATALOGUE = "catalogue.json"


class HomeError(UserError):
    """A path begins with a home folder that is not known."""


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """A binary file that takes its name only once it is written and on disk.

    Arguments:
        path: Where the file is written. The folder must exist.

    Yields:
        An open binary file. If the block raises, `path` is left as it was.
    """
    path = pathlib.Path(path)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~current_umask())
        os.replace(temporary, path)
    except BaseException:
        pathlib.Path(temporary).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


@contextlib.contextmanager
def locked(path: pathlib.Path) -> Iterator[None]:
    """Holds a lock file, whose folder is made, so that one process at a time goes on.

    The lock goes with its process, however that ends.

    Raises:
        OSError: If the file cannot be written.
    """
    # `--help` should not wait for it.
    import filelock

    lock = filelock.FileLock(path)
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire()
            break
        except FileNotFoundError:
            # Somebody has removed the folder while this process was waiting.
            continue
    try:
        yield
    finally:
        lock.release()


def write_together(folder: pathlib.Path, contents: Mapping[str, bytes]) -> None:
    """Puts files into a folder, all of them or none, whoever holds the folder's lock.

    They are written aside first. Where a process is killed while it puts them in place,
    `finish_writing` does the rest.

    Arguments:
        folder: The folder, which must exist.
        contents: Dictionary of contents by name of file.

    Raises:
        OSError: If they cannot be written; the folder is then as it was.
    """
    finish_writing(folder)
    remove_temporaries(folder / WRITING)
    aside = pathlib.Path(tempfile.mkdtemp(dir=folder, prefix=f".{WRITING}."))
    try:
        for name, content in contents.items():
            with (aside / name).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        aside.rename(folder / f".{WRITTEN}")
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    finish_writing(folder)


def finish_writing(folder: pathlib.Path) -> None:
    """Puts in place what `write_together` has written, whoever holds the folder's lock."""
    written = folder / f".{WRITTEN}"
    if not written.is_dir():
        return
    for path in sorted(written.iterdir()):
        path.replace(folder / path.name)
    written.rmdir()
    sync_folder(folder)


def remove_temporaries(path: pathlib.Path) -> None:
    """Deletes what `atomic_write` or `write_together` had written when its process was killed.

    Arguments:
        path: Path that nobody is writing at the moment; `*` stands for any characters.
    """
    for left in path.parent.glob(f".{path.name}.*"):
        with contextlib.suppress(OSError):
            shutil.rmtree(left) if left.is_dir() else left.unlink()


def sync_folder(folder: pathlib.Path) -> None:
    """Puts the names in a folder on disk, where the system can: a rename is not there before."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def read_json_object(path: pathlib.Path) -> JsonObject:
    """Reads a dictionary.

    Raises:
        OSError: If the file cannot be read.
        ValueError: If it holds something else, or is no file.
    """
    require_no_other(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except RecursionError as error:
        raise ValueError(f"it is nested too deeply: {error}") from error
    if not isinstance(content, dict):
        raise ValueError(f"it holds a {type(content).__name__}, not an object")
    return content


def require_no_other(path: pathlib.Path) -> None:
    """Raises `ValueError` if there is something else than a file.

    Reading a pipe would wait for somebody to write to it.
    """
    if path.exists() and not path.is_file():
        raise ValueError("it is not a file")


def write_json(path: pathlib.Path, content: Any) -> None:
    """Writes JSON so that the file is complete or not there."""
    with atomic_write(path) as file:
        file.write(encode_json(content))


def encode_text(text: str) -> bytes:
    """A text in UTF-8, with `?` for lone surrogates, which JSON can hold and UTF-8 cannot."""
    return text.encode("utf-8", errors="replace")


def encode_json(content: Any) -> bytes:
    """JSON-compatible values as the text of a file."""
    return json.dumps(content, indent=2, allow_nan=False).encode() + b"\n"


def require_writable(folder: str | os.PathLike[str]) -> None:
    """Makes a folder where there is none, and finds out whether files can be written there.

    Raises:
        OSError: If they cannot.
    """
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    # It has no name, so that nothing is left of it.
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(b"0")


def current_umask() -> int:
    """The process's file-mode mask (which can only be read by setting it)."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def expanded(path: str | os.PathLike[str]) -> pathlib.Path:
    """A path with the home folder in place of `~` or `~user`.

    Raises:
        HomeError: If that is not known, such as for a user without a name in a container.
    """
    try:
        return pathlib.Path(path).expanduser()
    except RuntimeError as error:
        raise HomeError(
            f"The home folder in {path} is not known. Set HOME, or name the folder in full "
            "(KERAS_VAE_CACHE, KERAS_VAE_STORE, TFDS_DATA_DIR)."
        ) from error


def cache_folder() -> pathlib.Path:
    """`KERAS_VAE_CACHE`, or the platform's cache folder for this package."""
    configured = os.environ.get("KERAS_VAE_CACHE")
    return expanded(configured or platformdirs.user_cache_dir("keras_vae"))


def store_folder() -> pathlib.Path:
    """`KERAS_VAE_STORE`, or `runs` in the cache folder."""
    configured = os.environ.get("KERAS_VAE_STORE")
    return expanded(configured) if configured else cache_folder() / "runs"


def script_path(path: str | os.PathLike[str]) -> str:
    """A script's path below the folder of scripts, as results and the catalogue name it."""
    path = pathlib.Path(path).resolve()
    folder = next((one for one in path.parents if (one / CATALOGUE).is_file()), path.parent)
    return path.relative_to(folder).as_posix()

"""Files that say what they are, with a digest of all their bytes.

Arrays are in an `.npz` archive, which NumPy reads as any other; its comment holds what the file is,
the SHA-256 of all that comes before the comment, and the SHA-256 of the comment up to there. JSON
files begin with the SHA-256 of all that follows their first line. Both are checked before anything
is decoded, so that a damaged file never reaches NumPy, zip or JSON.

What a file is, its `about`, is a dictionary with the `format` and what the writer adds. Files of
version 0.2.0 have neither; they are read once all their checksums are verified.
"""

import hashlib
import io
import json
import os
import pathlib
import re
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from keras_vae._internal.files import JsonObject, atomic_write, require_no_other

FORMAT = 1
DIGEST = 64
END_OF_ARCHIVE = b"PK\x05\x06"
# The record at the end of an archive, whose last two bytes are the length of the comment.
END_SIZE, LONGEST_COMMENT = 22, 2**16 - 1
JSON_START = re.compile(rb'\{"sha256": "([0-9a-f]{64})",\n')
JSON_KEYS = {"sha256", "about", "content"}


class DamagedFileError(ValueError):
    """A file is not what was written."""


def write_arrays(path: pathlib.Path, about: JsonObject, arrays: Mapping[str, Any]) -> None:
    """Writes named arrays so that the file is complete or not there.

    Arguments:
        path: Where the file is written; its folder must exist.
        about: What the file is.
        arrays: Dictionary of arrays.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in arrays.items():
            # Dated 1980: a clock may say a year that zip does not know.
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)
    text = json.dumps({"format": FORMAT, **about}, allow_nan=False).encode()
    size = len(text) + 2 * DIGEST
    if size > LONGEST_COMMENT:
        raise ValueError(f"A description of {len(text)} bytes does not fit into {path}.")
    content = buffer.getvalue()[:-2] + size.to_bytes(2, "little")
    text += _digest(content)
    with atomic_write(path) as file:
        file.write(content)
        file.write(text + _digest(text))


def read_arrays(
    path: pathlib.Path, wanted: Callable[[str], bool] = lambda name: True
) -> tuple[JsonObject | None, dict[str, np.ndarray]]:
    """Reads a file of arrays, all of which is verified.

    Arguments:
        path: The file.
        wanted: Which arrays to return, by name.

    Returns:
        What the file is, or None of one that version 0.2.0 wrote; and its arrays by name.

    Raises:
        OSError: If there is no such file, or it cannot be read.
        DamagedFileError: If it is not what was written.
    """
    content = _read(path)
    end = _find_end(content)
    if end is None:
        return None, _decode_arrays(content, wanted, verify=True)
    about, digest = _read_comment(content[end:])
    if _digest(content[:end]) != digest:
        raise DamagedFileError("its content does not have the digest that it was written with")
    return about, _decode_arrays(content, wanted)


def read_about(path: pathlib.Path) -> JsonObject | None:
    """Reads what a file of arrays is, without verifying the arrays.

    Returns:
        Dictionary, or None of a file that version 0.2.0 wrote.

    Raises:
        OSError: If there is no such file, or it cannot be read.
        DamagedFileError: If it does not say what it is.
    """
    tail = _read(path, last=END_SIZE + LONGEST_COMMENT)
    end = _find_end(tail)
    return None if end is None else _read_comment(tail[end:])[0]


def write_json(path: pathlib.Path, about: JsonObject, content: Any) -> None:
    """Writes JSON-compatible values so that the file is complete or not there.

    Arguments:
        path: Where the file is written; its folder must exist.
        about: What the file is.
        content: JSON-compatible values.
    """
    with atomic_write(path) as file:
        file.write(encode_json(about, content))


def encode_json(about: JsonObject, content: Any) -> bytes:
    """What `write_json` writes."""
    parts = {"about": {"format": FORMAT, **about}, "content": content}
    # All but the brace with which an object begins.
    body = json.dumps(parts, indent=2, allow_nan=False).encode()[1:] + b"\n"
    return b'{"sha256": "' + _digest(body) + b'",\n' + body


def read_json(path: pathlib.Path) -> tuple[JsonObject | None, Any]:
    """Reads a JSON file, all of which is verified.

    Returns:
        What the file is, or None of one that version 0.2.0 wrote; and its content.

    Raises:
        OSError: If there is no such file, or it cannot be read.
        DamagedFileError: If it is not what was written.
    """
    content = _read(path)
    start = JSON_START.match(content)
    if start is not None and _digest(content[start.end() :]) != start[1]:
        raise DamagedFileError("its content does not have the digest that it was written with")
    try:
        parts = json.loads(content)
    except Exception as error:
        raise DamagedFileError(f"it is no JSON: {error}") from error
    if not isinstance(parts, dict):
        raise DamagedFileError(f"it holds a {type(parts).__name__}, not an object")
    if start is not None:
        if not parts.keys() >= JSON_KEYS:
            raise DamagedFileError("it does not say what it is")
        return _checked_about(parts["about"]), parts["content"]
    if JSON_KEYS & set(parts):
        raise DamagedFileError("its digest is not where it was written")
    return None, parts


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()


def _read(path: pathlib.Path, last: int | None = None) -> bytes:
    """All of a file, or its last bytes."""
    try:
        require_no_other(path)
    except ValueError as error:
        raise DamagedFileError(str(error)) from error
    with path.open("rb") as file:
        if last is not None:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - last))
        return file.read()


def _find_end(content: bytes) -> int | None:
    """Where an archive's comment begins; None if it has none, as in version 0.2.0."""
    end = content.rfind(END_OF_ARCHIVE) + END_SIZE
    if end < END_SIZE or end > len(content):
        raise DamagedFileError("its end is missing")
    size = int.from_bytes(content[end - 2 : end], "little")
    if size != len(content) - end:
        raise DamagedFileError(f"its end has {len(content) - end} bytes, not {size}")
    return end if size else None


def _read_comment(comment: bytes) -> tuple[JsonObject, bytes]:
    """What a file is, and the digest of its arrays."""
    if _digest(comment[:-DIGEST]) != comment[-DIGEST:]:
        raise DamagedFileError("what it says of itself does not have the digest it was given")
    try:
        about = json.loads(comment[: -2 * DIGEST])
    except (ValueError, RecursionError) as error:
        raise DamagedFileError(f"what it says of itself is no JSON: {error}") from error
    return _checked_about(about), comment[-2 * DIGEST : -DIGEST]


def _checked_about(about: Any) -> JsonObject:
    """What a file is, if a program that knows of digests has written it."""
    if not isinstance(about, dict) or not isinstance(about.get("format"), int):
        raise DamagedFileError("it does not say what it is")
    return about


def _decode_arrays(
    content: bytes, wanted: Callable[[str], bool], verify: bool = False
) -> dict[str, np.ndarray]:
    try:
        if verify:
            _verify_checksums(content)
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files if wanted(name)}
    # What a file has to be like for NumPy and zip is theirs to say; they raise all kinds.
    except Exception as error:
        raise DamagedFileError(f"{type(error).__name__}: {error}") from error


def _verify_checksums(content: bytes) -> None:
    """Reads every member to its end, which NumPy does not where a length is damaged."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if (name := archive.testzip()) is not None:
            raise DamagedFileError(f"{name} does not have the checksum it was written with")
        count = int.from_bytes(content[10 - END_SIZE : 12 - END_SIZE], "little")
        if len(archive.infolist()) != count:
            raise DamagedFileError(f"{len(archive.infolist())} of {count} members can be found")

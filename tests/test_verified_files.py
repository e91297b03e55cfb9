"""Files that say what they are: every bit counts, and old files are read."""

import contextlib
import hashlib
import io
import os
import time

import numpy as np
import pytest

from keras_vae._internal import verified_files
from keras_vae._internal.files import read_json_object
from keras_vae._internal.verified_files import DamagedFileError
from keras_vae.experiments.runs.run_folder import read_epochs, read_spec

ABOUT = {"kind": "weights", "run": "0123", "epochs": 5, "spec": {"seed": 7}}
ARRAYS = {"a": np.arange(6, dtype="f4").reshape(2, 3), "history/b": np.float64(2.5)}


def write(path):
    verified_files.write_arrays(path, ABOUT, ARRAYS)
    return path


def flipped(path):
    """Turns one bit after the other of a file round, and restores it; `tests.faults` takes all."""
    content = path.read_bytes()
    for bit in range(0, 8 * len(content), 13):
        damaged = bytearray(content)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        yield
    path.write_bytes(content)


def test_arrays_and_what_they_are_come_back(tmp_path):
    path = write(tmp_path / "file.npz")
    about, arrays = verified_files.read_arrays(path)
    assert about == verified_files.read_about(path) == {"format": 1, **ABOUT}
    assert arrays.keys() == ARRAYS.keys()
    for name, value in ARRAYS.items():
        np.testing.assert_array_equal(arrays[name], value)
        assert arrays[name].dtype == value.dtype
    assert list(verified_files.read_arrays(path, "a".__eq__)[1]) == ["a"]
    # It is an archive as any other, too.
    with np.load(path) as archive:
        assert sorted(archive.files) == sorted(ARRAYS)


def test_no_bit_of_a_file_can_be_changed_unnoticed(tmp_path):
    path = write(tmp_path / "file.npz")
    size = path.stat().st_size
    for _ in flipped(path):
        with pytest.raises(DamagedFileError):
            verified_files.read_arrays(path)
        # What it is can be read alone, where its arrays are damaged; but then it is right.
        with contextlib.suppress(DamagedFileError):
            assert verified_files.read_about(path) == {"format": 1, **ABOUT}
    content = path.read_bytes()
    for length in (*range(0, size, 100), size - 1):
        path.write_bytes(content[:length])
        for read in (verified_files.read_arrays, verified_files.read_about):
            with pytest.raises(DamagedFileError):
                read(path)
    path.write_bytes(content + b"\0")
    with pytest.raises(DamagedFileError):
        verified_files.read_arrays(path)


def test_no_bit_of_a_json_file_can_be_changed_unnoticed(tmp_path):
    path, content = tmp_path / "file.json", {"measure/1": [1.5, None], "x": "ä"}
    verified_files.write_json(path, ABOUT, content)
    assert verified_files.read_json(path) == ({"format": 1, **ABOUT}, content)
    for _ in flipped(path):
        with pytest.raises(DamagedFileError):
            verified_files.read_json(path)
    written = path.read_bytes()
    for length in range(0, len(written), 10):
        path.write_bytes(written[:length])
        with pytest.raises(DamagedFileError):
            verified_files.read_json(path)


def test_equal_arrays_are_equal_files_whatever_the_clock_says(tmp_path, monkeypatch):
    first = write(tmp_path / "first.npz")
    # Before 1980, of which zip knows nothing.
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert write(tmp_path / "second.npz").read_bytes() == first.read_bytes()


def test_files_of_version_0_2_0_are_read_and_none_of_their_bits_counts_unnoticed(tmp_path):
    path = tmp_path / "checkpoint.npz"
    np.savez(path, epochs=np.array(3), weights=np.arange(4.0))
    about, arrays = verified_files.read_arrays(path)
    assert about is None and verified_files.read_about(path) is None
    np.testing.assert_array_equal(arrays["weights"], np.arange(4.0))
    assert read_epochs(tmp_path) == 3 and read_spec(tmp_path) is None
    accepted = 0
    for _ in flipped(path):
        with contextlib.suppress(DamagedFileError):
            _, found = verified_files.read_arrays(path)
            # Dates and attributes of its members are nowhere used.
            for name, value in arrays.items():
                np.testing.assert_array_equal(found[name], value)
            accepted += 1
    assert accepted > 0
    path = tmp_path / "evaluations.json"
    path.write_text('{"measure": 1.5}')
    assert verified_files.read_json(path) == (None, {"measure": 1.5})


@pytest.mark.parametrize("content", [b"[" * 100_000, b"{", b"[1]", b"\xff", b"", b"3"])
def test_what_is_no_json_object_is_damage(tmp_path, content):
    path = tmp_path / "file.json"
    path.write_bytes(content)
    with pytest.raises(DamagedFileError):
        verified_files.read_json(path)


def test_what_does_not_say_what_it_is_is_damage_for_all_its_digest(tmp_path):
    path = tmp_path / "file"
    verified_files.write_arrays(path, {"format": "1"}, {})
    for read in (verified_files.read_arrays, verified_files.read_about):
        with pytest.raises(DamagedFileError, match="does not say what it is"):
            read(path)
    for body in (b'"about": {"format": "1"}, "content": 1}', b'"about": {"format": 1}}', b"}"):
        digest = hashlib.sha256(body).hexdigest().encode()
        path.write_bytes(b'{"sha256": "' + digest + b'",\n' + body)
        with pytest.raises(DamagedFileError):
            verified_files.read_json(path)


def test_what_is_not_a_file_is_damage_and_does_not_wait(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name in ("pipe", "folder"):
        for read in (
            verified_files.read_arrays,
            verified_files.read_about,
            verified_files.read_json,
        ):
            with pytest.raises(DamagedFileError, match="not a file"):
                read(tmp_path / name)
        with pytest.raises(ValueError, match="not a file"):
            read_json_object(tmp_path / name)
    for read in (verified_files.read_arrays, verified_files.read_about, verified_files.read_json):
        with pytest.raises(FileNotFoundError):
            read(tmp_path / "none")


def test_an_archive_that_numpy_cannot_read_is_damage(tmp_path):
    """It has the digest that it was written with, but holds a pickle."""
    buffer = io.BytesIO()
    np.savez(buffer, a=np.array([{}], dtype=object))
    path = tmp_path / "file.npz"
    path.write_bytes(buffer.getvalue())
    with pytest.raises(DamagedFileError, match="allow_pickle"):
        verified_files.read_arrays(path)

"""Files with one bit flipped: every bit of what is around the arrays, and random ones of all."""

import logging
import pathlib
import re
import tempfile

import numpy as np

from keras_vae import datasets
from keras_vae.experiments.page.entries import read_entry
from keras_vae.experiments.runs.model_files import load_model_file, read_records
from keras_vae.experiments.runs.run_folder import read_epochs, read_spec
from keras_vae.experiments.runs.store import RunStore
from tests.faults import material
from tests.faults.tally import Tally, run


def scan(rng, random_bits):
    """Tallies by kind of file.

    Arguments:
        rng: NumPy's generator.
        random_bits: Random bits of each kind of file.
    """
    logging.disable()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        store = RunStore(folder / "store")
        run(material.train_run, store.folder)
        run(material.evaluate_run, store.folder)
        run(material.save_model_file, store.folder, folder / "models" / "small.keras")
        material.write_figure(folder / "results" / "report" / "fig_1", 3)
        return {
            path.name: flip_bits(path, read, rng, random_bits)
            for path, read in readers(folder, store)
        }


def readers(folder, store):
    """Files, each with a function that returns what is made of it in the end."""
    run_folder = store.run_folder(material.SPEC)
    results = folder / "results"

    def checkpoint():
        # What is shown while a run is trained is that of the file, or nothing.
        assert read_epochs(run_folder) in (0, material.EPOCHS)
        return material.digest(store.folder)

    def snapshot():
        return [value.tobytes() for value in store.load_snapshot(material.SPEC, 5)]

    def entry():
        found = read_entry(results, results / "report" / "fig_1")
        return "damage" if found.notes else repr(found)

    def described():
        return checkpoint(), read_spec(run_folder)

    yield run_folder / "checkpoint.npz", checkpoint
    yield run_folder / "weights_after_000005.npz", snapshot
    yield run_folder / "evaluations.json", lambda: repr(material.measures(store.folder))
    yield run_folder / "spec.json", described
    source = datasets.register(material.make_source())
    with tempfile.TemporaryDirectory(dir=folder) as cache:
        patched = pathlib.Path(cache) / "dots-1.npz"
        type(source).cache_path = property(lambda self: patched)
        source.load()
        yield patched, lambda: repr({k: v.tolist() for k, v in source.load().items()})
    for name in ("data.json", "claims.json", "figure.png", "table.md"):
        yield results / "report" / "fig_1" / name, entry
    models = folder / "models"
    yield models / "small.keras", lambda: len(load_model_file(models / "small.keras").weights)
    yield models / "models.json", lambda: repr(read_records(models)["small.keras"]["spec"])


def flip_bits(path, read, rng, random_bits):
    """Flips one bit after the other and reads."""
    tally, content = Tally(), path.read_bytes()
    expected = read()
    around = bits_around_arrays(content) if path.suffix == ".npz" else []
    for bit in [*around, *rng.integers(8 * len(content), size=random_bits).tolist()]:
        damaged = bytearray(content)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        with tally.expecting_user_errors():
            found = read()
            tally.silent += found not in (expected, "damage")
    path.write_bytes(content)
    assert read() == expected
    return tally


def bits_around_arrays(content):
    """Every bit of an archive but those of the arrays' values."""
    values = np.zeros(len(content), bool)
    for match in re.finditer(rb"\x93NUMPY\x01\x00(..)", content, re.DOTALL):
        begin = match.end() + int.from_bytes(match[1], "little")
        end = content.find(b"PK", begin)
        values[begin:end] = True
    return [bit for byte in np.flatnonzero(~values) for bit in range(8 * byte, 8 * byte + 8)]

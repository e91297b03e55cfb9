"""The run store: complete or absent, damaged and foreign runs, full disks."""

import dataclasses
import errno
import json
import os
import shutil
import threading

import filelock
import numpy as np
import pytest

from keras_vae._internal import verified_files
from keras_vae._internal.verified_files import DamagedFileError
from keras_vae.experiments.runs.run_folder import (
    LOG_LIKELIHOOD,
    check_older_evaluations,
    with_missing,
)
from keras_vae.experiments.runs.store import (
    DamagedRunError,
    ForeignRunError,
    NewerRunError,
    ReadOnlyStoreError,
    RunStore,
    StoredRun,
    StoreError,
)


def make_run(epochs):
    rng = np.random.default_rng(epochs)
    return StoredRun(
        epochs=epochs,
        history={"test_bound": rng.normal(size=epochs), "seconds": rng.random(epochs)},
        activity=rng.random((epochs, 4)),
        weights=[rng.normal(size=(300, 200)), np.float32(1.0)],
        optimizer=[np.int64(5), rng.normal(size=3)],
        versions=[{"first_epoch": 0, "keras": "3"}],
    )


@pytest.fixture
def checkpoint(store, spec):
    store.run_folder(spec).mkdir(parents=True)
    store.save(spec, make_run(3))
    return store.run_folder(spec) / "checkpoint.npz"


def test_reads_what_was_written(store, spec, checkpoint):
    written, read = make_run(3), store.load(spec, with_weights=True)
    assert read.epochs == 3 and read.versions == written.versions
    np.testing.assert_array_equal(read.activity, written.activity)
    for name in written.history:
        np.testing.assert_array_equal(read.history[name], written.history[name])
    for ours, theirs in zip(written.weights, read.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    for ours, theirs in zip(written.optimizer, read.optimizer, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert store.load(spec).weights == [] and store.epochs_done(spec) == 3


def test_an_unknown_run_is_none(store, spec):
    assert store.load(spec) is None and store.epochs_done(spec) == 0


@pytest.mark.parametrize("damage", ["truncated", "flipped", "empty", "other file"])
def test_damage_is_named_and_other_runs_stay_usable(store, spec, checkpoint, damage):
    other = dataclasses.replace(spec, seed=8)
    store.run_folder(other).mkdir()
    store.save(other, make_run(2))
    content = bytearray(checkpoint.read_bytes())
    content[len(content) // 2] ^= 0x01
    checkpoint.write_bytes(
        {
            "truncated": bytes(content[: len(content) // 2]),
            "flipped": bytes(content),
            "empty": b"",
            "other file": b"not an archive",
        }[damage]
    )
    with pytest.raises(DamagedRunError, match=f"{checkpoint.name}.*damaged.*Delete"):
        store.load(spec, with_weights=True)
    assert store.load(other, with_weights=True).epochs == 2


def test_a_history_that_contradicts_itself_is_damage(store, spec, checkpoint):
    run = make_run(3)
    store.save(spec, dataclasses.replace(run, history={"test_bound": np.zeros(2)}))
    with pytest.raises(DamagedRunError, match="3 epochs.*length.*2, 3"):
        store.load(spec)


def rewrite(path, **changed):
    """Writes a checkpoint anew, with other entries in what it says that it is."""
    about, arrays = verified_files.read_arrays(path)
    verified_files.write_arrays(path, {**about, **changed}, arrays)


def test_a_checkpoint_of_another_run_is_refused(store, spec, checkpoint):
    other = dataclasses.replace(spec, seed=8)
    store.save(other, make_run(5))
    (store.run_folder(other) / "checkpoint.npz").replace(checkpoint)
    with pytest.raises(ForeignRunError, match="its seed is 8, expected 7.*--store"):
        store.load(spec, with_weights=True)
    # Its spec is the same, but that led to another run.
    store.save(spec, make_run(3))
    rewrite(checkpoint, run="0123456789abcdef")
    with pytest.raises(ForeignRunError, match="run 0123456789abcdef.*another version"):
        store.load(spec)


def test_files_are_what_their_names_say(store, spec, checkpoint):
    store.save_snapshot(spec, 3, [np.zeros(1)])
    snapshot = checkpoint.with_name("weights_after_000003.npz")
    checkpoint.write_bytes(snapshot.read_bytes())
    with pytest.raises(DamagedRunError, match="holds a run's weights, not its checkpoint"):
        store.load(spec)
    assert store.epochs_done(spec) == 0
    store.save(spec, make_run(3))
    rewrite(checkpoint, epochs=4)
    with pytest.raises(DamagedRunError, match="3 epochs, not 4"):
        store.load(spec)


def test_what_a_newer_version_wrote_is_said_to_be_newer(store, spec, checkpoint):
    newer = spec.to_dict()
    newer["model"]["flow"], newer["clip"] = 2, None
    rewrite(checkpoint, spec=newer)
    with pytest.raises(NewerRunError, match="newer version.*with model.flow, clip. Install"):
        store.load(spec)
    rewrite(checkpoint, spec=spec.to_dict(), format=2)
    with pytest.raises(NewerRunError, match="newer version"):
        store.load(spec)


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b"[" * 100_000])
def test_a_missing_or_damaged_description_costs_nothing(store, spec, checkpoint, content):
    path = checkpoint.with_name("spec.json")
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    assert store.load(spec, with_weights=True).epochs == 3
    store.describe(spec)
    assert json.loads(path.read_text()) == spec.to_dict()
    path.unlink()
    store.save(spec, make_run(4))
    assert json.loads(path.read_text()) == spec.to_dict()


def test_runs_of_version_0_2_0_go_on(store, spec):
    """Their files have no digest, and do not say what they are."""
    run, folder = make_run(3), store.run_folder(spec)
    folder.mkdir(parents=True)
    np.savez(
        folder / "checkpoint.npz",
        epochs=3,
        activity=run.activity,
        versions=json.dumps(run.versions),
        **{f"history/{name}": values for name, values in run.history.items()},
        **{f"weights/{index:04d}": value for index, value in enumerate(run.weights)},
    )
    (folder / "evaluations.json").write_text('{"measure": 1.5}')
    np.testing.assert_array_equal(store.load(spec, with_weights=True).weights[0], run.weights[0])
    assert store.epochs_done(spec) == 3
    store.save_evaluation(spec, "other", 2)
    assert store.evaluations(spec) == {"measure": 1.5, "other": 2}


def test_a_pipe_in_place_of_a_file_is_damage(store, spec, checkpoint):
    checkpoint.unlink()
    os.mkfifo(checkpoint)
    with pytest.raises(DamagedRunError, match="not a file"):
        store.load(spec)
    assert store.epochs_done(spec) == 0


def test_a_pipe_in_place_of_the_description_keeps_nobody_waiting(store, spec, checkpoint):
    description = checkpoint.with_name("spec.json")
    description.unlink()
    os.mkfifo(description)
    store.describe(spec)
    assert json.loads(description.read_text()) == spec.to_dict()


@pytest.mark.parametrize("value", [5, {}, {"mean": 1.0}])
def test_log_likelihoods_of_version_0_2_0_that_are_none_are_damage(store, spec, checkpoint, value):
    content = json.dumps({"other": 5, "test_log_likelihood/50_samples/3_epochs": value})
    checkpoint.with_name("evaluations.json").write_text(content)
    with pytest.raises(DamagedRunError, match="3_epochs lacks mean, standard_error"):
        store.evaluations(spec)


def test_a_folder_in_place_of_a_lock_is_named(store, spec, checkpoint):
    checkpoint.with_name(".lock").mkdir()
    message = r"Its lock could not be stored in .*Is a directory"
    with pytest.raises(StoreError, match=message), store.lock(spec):
        pass


def test_a_relative_store_stays_where_it_was(tmp_path, spec, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = RunStore("store")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    store.save(spec, make_run(3))
    assert RunStore(tmp_path / "store").epochs_done(spec) == 3


def test_what_killed_processes_left_is_removed_under_the_next_lock(store, spec, checkpoint):
    folder = checkpoint.parent
    left = {".checkpoint.npz.a1", ".spec.json.b2", ".weights_after_000050.npz.c3"}
    for name in (*left, ".evaluations.json.d4"):
        (folder / name).touch()
    with store.lock(spec):
        names = {path.name for path in folder.iterdir()}
        assert not left & names and ".evaluations.json.d4" in names
    store.save_evaluation(spec, "a", 1)
    assert {path.name for path in folder.iterdir()} == {
        ".lock",
        ".evaluations.lock",
        "checkpoint.npz",
        "evaluations.json",
        "spec.json",
    }


def test_a_folder_that_is_removed_meanwhile_is_made_again(store, spec, checkpoint, monkeypatch):
    acquire, waited = filelock.FileLock.acquire, []

    def slowly(lock, *arguments, **keywords):
        if not waited:
            waited.append(shutil.rmtree(checkpoint.parent))
        return acquire(lock, *arguments, **keywords)

    monkeypatch.setattr(filelock.FileLock, "acquire", slowly)
    with store.lock(spec):
        assert waited and store.load(spec) is None
        shutil.rmtree(checkpoint.parent)
        store.save(spec, make_run(4))
    assert store.epochs_done(spec) == 4


@pytest.mark.parametrize("name, kind", [("EROFS", ReadOnlyStoreError), ("EIO", StoreError)])
def test_a_lock_that_cannot_be_had_is_an_error_of_the_store(store, spec, monkeypatch, name, kind):
    def refuse(*_, **__):
        raise OSError(getattr(errno, name), name)

    monkeypatch.setattr(filelock.FileLock, "acquire", refuse)
    with pytest.raises(kind, match=name) as raised, store.lock(spec):
        pass
    assert type(raised.value) is kind
    with pytest.raises(kind, match=name):
        store.save_evaluation(spec, "a", 1)


def test_a_full_disk_loses_nothing(store, spec, checkpoint, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="Epoch 4.*no space is left.*safe.*continue"):
        store.save(spec, make_run(4))
    monkeypatch.undo()
    assert store.load(spec, with_weights=True).epochs == 3
    assert sorted(path.name for path in checkpoint.parent.iterdir()) == [
        "checkpoint.npz",
        "spec.json",
    ]


def test_too_little_space_is_found_before_training(store, monkeypatch):
    usage = type("Usage", (), {"free": 2**20})
    monkeypatch.setattr("shutil.disk_usage", lambda folder: usage)
    with pytest.raises(StoreError, match="needs 64 MiB for 4 runs.*1 MiB left.*--store"):
        store.prepare(4)


@pytest.mark.parametrize(
    "keep_weights, runs, mebibytes", [(False, 4, 64), (True, 4, 128), (False, 1, 16)]
)
def test_the_space_that_runs_need(store, monkeypatch, keep_weights, runs, mebibytes):
    for short in (0, 1):
        usage = type("Usage", (), {"free": mebibytes * 2**20 - short})
        monkeypatch.setattr("shutil.disk_usage", lambda folder, usage=usage: usage)
        if short:
            with pytest.raises(StoreError, match=f"needs {mebibytes} MiB for {runs} runs"):
                store.prepare(runs, keep_weights)
        else:
            store.prepare(runs, keep_weights)
    assert store.folder.is_dir() and not list(store.folder.iterdir())


def test_a_run_is_held_by_one_at_a_time(store, spec, plain_spec):
    with store.lock(spec):
        with pytest.raises(filelock.Timeout):
            filelock.FileLock(store.run_folder(spec) / ".lock").acquire(timeout=0)
        # Other runs are free.
        with store.lock(plain_spec):
            pass
    with store.lock(spec):
        pass


def test_what_an_older_file_lacks_is_at_its_default():
    content, defaults = {"a": {"b": 1}, "c": None}, {"a": {"b": 0, "d": 2}, "c": {"e": 3}, "f": 4}
    assert with_missing(content, defaults) == {"a": {"b": 1, "d": 2}, "c": None, "f": 4}
    assert with_missing({"new": {"x": 1}}, {"a": 5}) == {"new": {"x": 1}, "a": 5}
    assert with_missing([1], {"a": 5}) == [1]


def test_variables_keep_their_order(store, spec):
    store.run_folder(spec).mkdir(parents=True)
    values = [np.full(2, index) for index in range(12)]
    store.save(spec, dataclasses.replace(make_run(1), weights=values, optimizer=values[::-1]))
    read = store.load(spec, with_weights=True)
    np.testing.assert_array_equal(read.weights, values)
    np.testing.assert_array_equal(read.optimizer, values[::-1])
    assert store.load(spec).optimizer == []


@pytest.mark.parametrize("epochs, activity", [(0, 0), (-1, 0), (2, 3), (3, 2)])
def test_impossible_numbers_of_epochs_are_damage(store, spec, epochs, activity):
    store.run_folder(spec).mkdir(parents=True)
    run = make_run(max(epochs, 0))
    store.save(spec, dataclasses.replace(run, epochs=epochs, activity=np.zeros((activity, 4))))
    with pytest.raises(DamagedRunError, match="damaged"):
        store.load(spec)
    assert store.epochs_done(spec) == max(0, epochs)


def test_a_store_that_cannot_be_written_is_found_before_training(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written.*--store"):
        RunStore(tmp_path / "file" / "store").prepare(1)


def test_evaluations(store, spec, checkpoint):
    assert store.evaluations(spec) == {}
    store.save_evaluation(spec, "first", {"mean": -80.5})
    store.save_evaluation(spec, "second", 2)
    assert store.evaluations(spec) == {"first": {"mean": -80.5}, "second": 2}
    path = checkpoint.with_name("evaluations.json")
    other = dataclasses.replace(spec, seed=8)
    store.save_evaluation(other, "first", {"mean": -80.0})
    path.write_bytes((store.run_folder(other) / "evaluations.json").read_bytes())
    with pytest.raises(ForeignRunError, match="evaluations.json belongs.*seed is 8, expected 7"):
        store.evaluations(spec)
    path.write_text("[")
    with pytest.raises(DamagedRunError, match="evaluations.json"):
        store.evaluations(spec)


def test_a_full_disk_keeps_the_evaluations(store, spec, checkpoint, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    store.save_evaluation(spec, "first", 1)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="evaluation second could not.*no space is left.*safe"):
        store.save_evaluation(spec, "second", 2)
    assert store.evaluations(spec) == {"first": 1}


def test_many_writers_of_evaluations_lose_none(store, spec, checkpoint):
    def write(writer):
        for index in range(10):
            store.save_evaluation(spec, f"{writer}/{index}", index)

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.evaluations(spec)) == 40


def test_the_folder_comes_from_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_VAE_STORE", str(tmp_path / "mine"))
    assert RunStore().folder == tmp_path / "mine"
    monkeypatch.delenv("KERAS_VAE_STORE")
    assert RunStore().folder.name == "runs"


def test_a_run_stored_before_a_field_was_added_is_still_that_run(store, spec):
    store.save(spec, make_run(2))
    path, content = store.run_folder(spec) / "checkpoint.npz", spec.to_dict()
    del content["data"]["classes"], content["data"]["train_images"], content["model"]["gated"]
    rewrite(path, spec=content)
    assert store.load(spec).epochs == 2
    # What is not at its default cannot be left out.
    del content["seed"]
    rewrite(path, spec=content)
    with pytest.raises(ForeignRunError, match="its seed is 0, expected 7"):
        store.load(spec)
    rewrite(path, spec={**content, "seed": 7, "data": {"classes": [1, 2]}})
    with pytest.raises(ForeignRunError, match="its data is"):
        store.load(spec)


OLDER = {
    "mean": -90.5,
    "standard_error": 0.3,
    "num_samples": 50,
    "images": 300,
    "epochs": 3,
}


@pytest.mark.parametrize("lacking", OLDER)
def test_evaluations_of_an_older_version_have_all_their_numbers(lacking):
    content = {f"{LOG_LIKELIHOOD}50": {**OLDER, "seconds": 1.0}, "other": "anything"}
    check_older_evaluations(content)
    content[f"{LOG_LIKELIHOOD}50"][lacking] = "many"
    with pytest.raises(DamagedFileError, match=lacking):
        check_older_evaluations(content)


def test_a_description_is_written_once_and_again_where_it_says_something_else(
    store, spec, checkpoint
):
    path = checkpoint.with_name("spec.json")
    assert json.loads(path.read_text()) == spec.to_dict()
    os.utime(path, (1, 1))
    store.describe(spec)
    assert path.stat().st_mtime == 1
    path.write_text('{"another": "run"}')
    store.describe(spec)
    assert json.loads(path.read_text()) == spec.to_dict()

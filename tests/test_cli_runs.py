"""`keras-vae runs` and `export`: what is shown of stored runs, and what is left alone."""

import dataclasses
import io
import json
import os
import re
import subprocess
import sys
import types

import filelock
import numpy as np
import pytest
import tensorflow as tf

import keras_vae as kv
from keras_vae.cli import main, stored_runs
from keras_vae.experiments.runs.run_models import build_model
from keras_vae.experiments.runs.spec import DataSpec, ModelSpec, ObjectiveSpec, RunSpec
from keras_vae.experiments.runs.store import RunStore, StoredRun

SPEC = RunSpec(
    data=DataSpec(name="mnist_5k"),
    model=ModelSpec(latent_dim=3, hidden_units=(4,)),
    objective=ObjectiveSpec(name="renyi", num_samples=2, alpha=0.5),
    seed=7,
)
OTHER = dataclasses.replace(SPEC, seed=8)


def add_run(store, spec, epochs=3, weights=()):
    store.run_folder(spec).mkdir(parents=True, exist_ok=True)
    run = StoredRun(
        epochs=epochs,
        history={"test_bound": np.linspace(-200.0, -100.0, epochs)},
        activity=np.zeros((epochs, 3)),
        weights=list(weights),
        optimizer=[],
        versions=[{"first_epoch": 0, "keras": "3"}],
    )
    store.save(spec, run)
    return store.run_folder(spec)


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_VAE_STORE", str(tmp_path / "store"))
    store = RunStore()
    add_run(store, SPEC)
    add_run(store, OTHER, epochs=5)
    return store


def test_runs_are_listed(store, capsys):
    (store.folder / "0123456789abcdef").mkdir()
    (store.folder / "notes").mkdir()
    damaged = dataclasses.replace(SPEC, seed=9)
    for name in ("spec.json", "checkpoint.npz"):
        (add_run(store, damaged) / name).write_text("{")
    assert main(["runs", "list", "--json"]) == 0
    rows = {row["id"]: row for row in json.loads(capsys.readouterr().out)}
    folder = store.run_folder(SPEC)
    assert rows.pop(SPEC.run_id) == {
        "id": SPEC.run_id,
        "dataset": "mnist_5k",
        "model": "VAE, 4, softplus, bernoulli",
        "objective": "renyi, alpha=0.5, 2 samples",
        "latent_dims": [3],
        "seed": 7,
        "epochs": 3,
        "bytes": sum(path.stat().st_size for path in folder.iterdir()),
    }
    assert rows.pop(OTHER.run_id)["epochs"] == 5
    assert rows.pop("0123456789abcdef")["problem"] == "no epoch finished"
    assert rows.pop(damaged.run_id)["problem"] == "damaged" and not rows
    assert main(["runs", "list", "--store", str(store.folder)]) == 0
    table = capsys.readouterr().out
    assert SPEC.run_id in table and "renyi, alpha=0.5" in table and "damaged" in table


def test_a_run_of_another_id_than_its_folders_is_damaged(store, capsys):
    store.run_folder(SPEC).rename(store.folder / "0123456789abcdef")
    assert main(["runs", "show", "0123456789abcdef"]) == 1
    assert f"holds the run {SPEC.run_id}, not the one of its name" in capsys.readouterr().err


def test_a_run_is_shown(store, capsys):
    store.save_evaluation(SPEC, "likelihood", {"mean": -90.0, "per_image": [-80.0, -100.0]})
    assert main(["runs", "show", SPEC.run_id[:6], "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["spec"] == SPEC.to_dict() and shown["last_epoch"] == {"test_bound": -100.0}
    assert shown["evaluations"] == {"likelihood": {"mean": -90.0}}
    assert main(["runs", "show", SPEC.run_id]) == 0
    assert "test_bound: -100.0" in capsys.readouterr().out


def test_one_damaged_run_leaves_the_list(store, capsys):
    for seed, epochs in ((20, np.arange(3)), (21, np.array(-3)), (22, np.array("x"))):
        damaged = dataclasses.replace(SPEC, seed=seed)
        path = add_run(store, damaged) / "checkpoint.npz"
        with np.load(path) as archive:
            arrays = dict(archive)
        np.savez(path, **{**arrays, "epochs": epochs})
        assert main(["runs", "show", damaged.run_id]) == 1
        assert "is damaged" in capsys.readouterr().err
        assert main(["export", damaged.run_id, "nowhere"]) == 1
    assert main(["runs", "list", "--json"]) == 0
    rows = {row["id"]: row for row in json.loads(capsys.readouterr().out)}
    assert len(rows) == 5 and rows[damaged.run_id]["problem"] == "damaged"


def test_a_diverged_run_and_odd_measures_are_shown(store, capsys):
    run = store.load(SPEC)
    run.history["test_bound"][-1] = np.nan
    store.save(SPEC, run)
    evaluations = store.run_folder(SPEC) / "evaluations.json"
    for content in ('{"likelihood": NaN}', "[]"):
        evaluations.write_text(content)
        assert main(["runs", "show", SPEC.run_id, "--json"]) == 0
        shown = json.loads(capsys.readouterr().out)
        assert shown["last_epoch"] == {"test_bound": None}
    # The run is shown without its measures, and why.
    assert shown["evaluations"] == {} and "evaluations.json is damaged" in shown["reason"]


def test_links_that_lead_nowhere_leave_the_rest_of_the_list(store, capsys):
    for name in ("checkpoint.npz", ".lock"):
        (store.run_folder(SPEC) / name).unlink(missing_ok=True)
        (store.run_folder(SPEC) / name).symlink_to(name)
    assert main(["runs", "list", "--json"]) == 0
    rows = {row["id"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows[SPEC.run_id]["epochs"] == 0 and rows[OTHER.run_id]["epochs"] == 5
    assert main(["runs", "disk"]) == 0


def test_a_home_that_nobody_knows_is_named(capsys, monkeypatch):
    assert main(["runs", "list", "--store", "~nobody-of-this-name/runs"]) == 1
    assert "The home folder in ~nobody-of-this-name/runs is not known" in capsys.readouterr().err
    monkeypatch.delenv("KERAS_VAE_STORE", raising=False)
    monkeypatch.setenv("KERAS_VAE_CACHE", "~nobody-of-this-name")
    for command in (["runs", "list"], ["data"]):
        assert main(command) == 1
        assert "is not known. Set HOME" in capsys.readouterr().err


def test_names_that_are_no_text_are_printed(tmp_path, capsys):
    folder = tmp_path / os.fsdecode(b"\xff")
    folder.mkdir()
    assert main(["runs", "disk", "--store", str(folder)]) == 0
    assert "\\udcff: 0 runs" in capsys.readouterr().out


def test_beginnings_of_ids(store, capsys):
    for name in ("aaaa000000000000", "aaab000000000000"):
        (store.folder / name).mkdir()
    assert stored_runs.find_run(store, "aaab").id == "aaab000000000000"
    assert main(["runs", "show", "aaa"]) == 1
    assert "'aaa': aaaa000000000000, aaab000000000000" in capsys.readouterr().err
    for nobody in ("fff0fff", ""):
        assert main(["runs", "remove", nobody, "--yes"]) == 1
        assert "There is no run" in capsys.readouterr().err
    assert store.run_folder(SPEC).exists()


def test_disk_space(store, capsys):
    store.save_snapshot(SPEC, 1, [np.zeros(2048, np.float32)])
    assert main(["runs", "disk"]) == 0
    printed = capsys.readouterr().out
    assert f"{store.folder}: 2 runs, " in printed
    assert "kept weights: 9." in printed and "free: " in printed


def test_removing_needs_yes_where_nobody_can_be_asked(store, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert main(["runs", "remove", SPEC.run_id]) == 2
    assert "--yes" in capsys.readouterr().err and store.epochs_done(SPEC) == 3
    assert main(["runs", "remove", SPEC.run_id[:8], "--yes"]) == 0
    assert not store.run_folder(SPEC).exists() and store.epochs_done(OTHER) == 5


@pytest.mark.parametrize("answer, code", [("y", 0), ("n", 1), ("", 1)])
def test_removing_asks_on_a_terminal(store, monkeypatch, capsys, answer, code):
    monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr("builtins.input", lambda question: answer)
    assert main(["runs", "remove", SPEC.run_id]) == code
    assert f"{SPEC.run_id}: 3 epochs" in capsys.readouterr().out
    assert store.run_folder(SPEC).exists() == (code != 0)


def test_one_unknown_run_keeps_all_from_being_removed(store):
    assert main(["runs", "remove", SPEC.run_id, "fff0fff", "--yes"]) == 1
    assert store.epochs_done(SPEC) == 3


HOLD = """
import sys, time, filelock
with filelock.FileLock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_run_that_is_being_trained_is_not_removed(store, capsys):
    lock = store.run_folder(SPEC) / ".lock"
    arguments = [sys.executable, "-c", HOLD, str(lock)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(arguments, **pipes) as trainer:
        assert trainer.stdout.readline() == "held\n"
        assert main(["runs", "remove", SPEC.run_id, OTHER.run_id, "--yes"]) == 1
        assert store.epochs_done(SPEC) == 3 and not store.run_folder(OTHER).exists()
        assert f"{SPEC.run_id} is being trained" in capsys.readouterr().err
        trainer.stdin.close()
        trainer.wait()
    assert main(["runs", "remove", SPEC.run_id, "--yes"]) == 0
    assert not store.run_folder(SPEC).exists()


def test_the_trainers_lock_is_the_one_that_is_asked_for(store):
    with store.lock(SPEC), pytest.raises(filelock.Timeout):
        filelock.FileLock(store.run_folder(SPEC) / ".lock").acquire(timeout=0)


@pytest.fixture
def exported(monkeypatch):
    """Models and paths given to `keras_vae.export.save`, which writes nothing."""
    calls = []
    monkeypatch.setattr(kv.export, "save", lambda model, path: calls.append((model, path)))
    return calls


def test_a_run_is_exported_with_the_weights_of_an_epoch(store, digits, exported, tmp_path, capsys):
    model = build_model(SPEC, digits.image_shape)
    last = [np.full(variable.shape, 3.0, np.float32) for variable in model.weights]
    add_run(store, SPEC, 3, last)
    store.save_snapshot(SPEC, 2, [value - 1 for value in last])
    for arguments, expected in (([], 3.0), (["--epoch", "2"], 2.0), (["--epoch", "3"], 3.0)):
        assert main(["export", SPEC.run_id[:7], str(tmp_path / "served" / "1"), *arguments]) == 0
        written, path = exported.pop()
        assert path == tmp_path / "served" / "1"
        assert all((value.numpy() == expected).all() for value in written.weights)
        assert f"after {expected:.0f} epochs" in capsys.readouterr().out


def test_a_run_that_is_being_trained_is_exported_as_it_is_then(
    store, digits, exported, tmp_path, capsys, monkeypatch
):
    model = build_model(SPEC, digits.image_shape)
    add_run(store, SPEC, 3, [np.full(v.shape, 3.0, np.float32) for v in model.weights])

    def one_more(*arguments):
        add_run(store, SPEC, 4, [np.full(v.shape, 4.0, np.float32) for v in model.weights])
        return build_model(*arguments)

    monkeypatch.setattr("keras_vae.experiments.runs.run_models.build_model", one_more)
    assert main(["export", SPEC.run_id, str(tmp_path / "1")]) == 0
    written, _ = exported.pop()
    assert all((value.numpy() == 4.0).all() for value in written.weights)
    assert "after 4 epochs" in capsys.readouterr().out


def test_a_full_disk_is_said(store, digits, tmp_path, capsys, monkeypatch):
    model = build_model(SPEC, digits.image_shape)
    add_run(store, SPEC, 3, [variable.numpy() for variable in model.weights])

    def full(*_, **__):
        raise tf.errors.ResourceExhaustedError(None, None, "No space left on device")

    monkeypatch.setattr(tf.saved_model, "save", full)
    assert main(["export", SPEC.run_id, str(tmp_path / "1")]) == 1
    assert "No space left on device" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["{id}", "{there}"], "exists. Name another"),
        (["fff0fff", "new"], "There is no run 'fff0fff'"),
        (["{id}", "new", "--epoch", "2"], "were not kept; there are those after 3."),
        (["{id}", "new", "--epoch", "9"], "is at epoch 3, not yet at 9.*--epochs 9"),
        (["0123", "new"], "none of its epochs is finished.*keras-vae reproduce"),
        (["{id}", "new", "--store", "{there}/none"], "There is no run store"),
    ],
)
def test_what_cannot_be_exported(store, exported, tmp_path, capsys, arguments, message):
    (store.folder / "0123456789abcdef").mkdir()
    known = {"id": SPEC.run_id, "there": tmp_path}
    assert main(["export", *(text.format(**known) for text in arguments)]) == 1
    printed = capsys.readouterr().err
    assert printed.startswith("error: ") and exported == []
    assert re.search(message, printed), printed


def test_a_damaged_checkpoint_cannot_be_exported(store, exported, tmp_path, capsys):
    (store.run_folder(SPEC) / "checkpoint.npz").write_bytes(b"nothing")
    assert main(["export", SPEC.run_id, str(tmp_path / "new")]) == 1
    assert f"keras-vae runs remove {SPEC.run_id}" in capsys.readouterr().err


def test_a_run_of_version_0_2_0_without_its_description_cannot_be_exported(
    store, exported, tmp_path, capsys
):
    """Of today's runs every file has it."""
    folder = store.run_folder(SPEC)
    (folder / "spec.json").unlink()
    assert main(["runs", "show", SPEC.run_id, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["spec"] == SPEC.to_dict()
    with np.load(folder / "checkpoint.npz") as archive:
        arrays = dict(archive)
    np.savez(folder / "checkpoint.npz", **arrays)
    assert main(["export", SPEC.run_id, str(tmp_path / "new")]) == 1
    printed = capsys.readouterr().err
    assert printed.startswith(f"error: Run {SPEC.run_id} has no spec.json") and exported == []

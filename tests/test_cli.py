"""The command `keras-vae`: what it prints, its exit codes, and what it leaves alone."""

import dataclasses
import io
import json
import os
import pathlib
import re
import subprocess
import sys
import types

import filelock
import numpy as np
import pytest

import keras_vae as kv
from keras_vae.cli import main, reproduce, result_state, scripts, stored_runs
from keras_vae.cli.data import IMAGES
from keras_vae.experiments import figure as figures
from keras_vae.experiments import page
from keras_vae.experiments.snapshots import save_snapshot
from keras_vae.experiments.spec import DataSpec, ModelSpec, ObjectiveSpec, RunSpec
from keras_vae.experiments.store import RunStore, StoredRun, StoreError
from keras_vae.experiments.training import build_model

ROOT = pathlib.Path(__file__).parents[1]
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


def write_result(folder, verdicts=(), reached=None, asked=300):
    folder.mkdir(parents=True)
    reached = {"dataset": "mnist", "epochs": 60, "trials": 2, **(reached or {})}
    protocol = {"reached": reached, "asked": {"epochs": asked}}
    (folder / "data.json").write_text(json.dumps({"protocol": protocol}))
    (folder / "claims.json").write_text(json.dumps([{"verdict": verdict} for verdict in verdicts]))


def run_process(*arguments, **environment):
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        check=False,
    )


WITHOUT_TENSORFLOW = """
import sys
sys.argv = ["/usr/bin/keras-vae", *sys.argv[1:]]
sys.orig_argv = [sys.executable, *sys.argv]
from keras_vae.cli import main
code = main()
assert "tensorflow" not in sys.modules and "keras" not in sys.modules
sys.exit(code)
"""


@pytest.mark.parametrize(
    "arguments, code",
    [
        (["--help"], 0),
        (["reproduce", "--help"], 0),
        (["runs", "remove", "--help"], 0),
        (["figures"], 0),
        (["runs", "disk"], 1),
        (["nonsense"], 2),
        (["reproduce", "fig_99"], 2),
    ],
)
def test_help_lists_and_mistakes_do_not_wait_for_tensorflow(arguments, code, tmp_path):
    nowhere = {"KERAS_VAE_STORE": str(tmp_path / "nowhere")}
    finished = run_process("-c", WITHOUT_TENSORFLOW, *arguments, **nowhere)
    assert finished.returncode == code, finished.stderr
    assert "Traceback" not in finished.stderr
    assert finished.stderr.startswith("error: ") == (code != 0)
    if arguments[-1] == "--help":
        assert "example" in finished.stdout and "keras-vae" in finished.stdout


def test_the_module_is_the_command():
    finished = run_process("-X", "importtime", "-m", "keras_vae.cli", "--help")
    assert finished.returncode == 0 and finished.stdout.startswith("usage: keras-vae ")
    assert "keras_vae.cli.command_line" in finished.stderr
    assert "tensorflow" not in finished.stderr


def test_what_the_command_put_off_is_there_when_it_is_asked_for():
    code = (
        "import sys; sys.argv = ['keras-vae']; sys.orig_argv = ['python', 'keras-vae']\n"
        "import keras_vae as kv\n"
        "assert 'tensorflow' not in sys.modules\n"
        "assert kv.VAE.__name__ == 'VAE' and kv.datasets.NAMES and kv.priors.PRIORS\n"
        "assert not hasattr(kv, 'nonsense')\n"
    )
    finished = run_process("-c", code)
    assert finished.returncode == 0 and finished.stderr == "", finished.stderr


def test_a_worker_of_the_command_imports_all(monkeypatch):
    # Workers inherit `sys.argv`, but not the command that they were started with.
    monkeypatch.setattr(sys, "argv", ["/usr/bin/keras-vae", "reproduce"])
    monkeypatch.setattr(sys, "orig_argv", ["python", "-m", "joblib.worker"])
    assert not kv.quiet.runs_command_line()
    monkeypatch.setattr(sys, "argv", ["train.py", "/projects/keras-vae"])
    monkeypatch.setattr(sys, "orig_argv", ["python", "train.py", "/projects/keras-vae"])
    assert not kv.quiet.runs_command_line()


def test_another_keras_backend_is_an_error_without_traceback(store):
    arguments = ("-m", "keras_vae.cli", "runs", "list")
    finished = run_process(*arguments, KERAS_BACKEND="numpy")
    assert finished.returncode == 1
    assert finished.stderr.startswith("error: ") and "KERAS_BACKEND=tensorflow" in finished.stderr


def test_scripts_are_what_their_names_say():
    found = scripts.find_scripts()
    assert len(found) == len(list((ROOT / "reproductions").rglob("*.py")))
    for script in found:
        figure = script.load()
        assert (script.figure, script.title) == (f"{figure.report}/{figure.name}", figure.title)


@pytest.mark.parametrize(
    "name, figure",
    [
        ("activity/fig_3_1", "activity/fig_3_1"),
        ("fig_3_1", "activity/fig_3_1"),
        ("fig_3_1_activity", "activity/fig_3_1"),
        ("beyond/two_layers", "activity/beyond/two_layers"),
        ("fig_10", "vampprior/fig_10"),
        ("geometry/fig_1", "geometry/fig_1"),
    ],
)
def test_names_of_figures(name, figure):
    assert [script.figure for script in scripts.choose(scripts.find_scripts(), [name])] == [figure]


def test_a_report_has_its_figures_beyond():
    known = scripts.find_scripts()
    assert {s.report for s in scripts.of_report(known, "activity")} == {
        "activity",
        "activity/beyond",
    }
    assert {s.report for s in scripts.of_report(known, "geometry")} == {"geometry"}


def test_without_scripts_there_is_a_message(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(scripts, "FOLDERS", (tmp_path,))
    assert main(["figures"]) == 1
    assert capsys.readouterr().err.startswith("error: There are no reproduction scripts")


def test_figures_shows_what_is_there(tmp_path, capsys):
    write_result(tmp_path / "activity/fig_3_1", ["reproduced", "inconclusive", "reproduced"])
    epochs = {"mnist/VAE": 100, "mnist/VAE without warm-up": 50}
    asked = {"mnist": {"VAE": 200}}
    write_result(tmp_path / "vampprior/warm_up_mnist", (), {"epochs": epochs}, asked)
    write_result(tmp_path / "vampprior/fig_10", (), {"epochs": {}})
    write_result(tmp_path / "geometry/fig_1_alpha_0_max")
    write_result(tmp_path / "geometry/fig_12")
    assert main(["figures", "--results", str(tmp_path), "--json"]) == 0
    rows = {row["folder"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["activity/fig_3_1"]["verdicts"] == {"reproduced": 2, "inconclusive": 1}
    assert rows["activity/fig_3_1"]["extent"] == "60 of 300 x 2"
    assert rows["vampprior/warm_up_mnist"]["figure"] == "vampprior/warm_up"
    assert rows["vampprior/warm_up_mnist"]["extent"] == "25-50% x 2"
    assert rows["vampprior/fig_10"]["extent"] == "no training"
    assert rows["geometry/fig_2"]["state"] == result_state.NOT_RUN
    assert rows["geometry/fig_1_alpha_0_max"]["figure"] == "geometry/fig_1"
    assert "geometry/fig_1" not in rows and "geometry/fig_12" not in rows
    assert "vampprior/warm_up" not in rows
    assert main(["figures", "--results", str(tmp_path)]) == 0
    table = capsys.readouterr().out
    assert "2 reproduced, 1 inconclusive" in table and "not run" in table and "25-50% x 2" in table


@pytest.mark.parametrize("content", ["{", "[]", '{"protocol": 1}', '{"protocol": {}}', "\x00"])
@pytest.mark.parametrize("name", ["data.json", "claims.json"])
def test_damaged_results_are_shown_as_damaged(tmp_path, capsys, name, content):
    folder = tmp_path / "activity/fig_3_1"
    write_result(folder, ["reproduced"])
    # An empty list of claims is what a figure without claims has.
    (folder / name).write_text("[1]" if (name, content) == ("claims.json", "[]") else content)
    assert main(["figures", "--results", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    (line,) = [line for line in printed.splitlines() if "activity/fig_3_1" in line]
    assert "damaged" in line and printed.count("damaged") == 1


def test_the_states_of_our_own_results_are_sound():
    states = result_state.states(scripts.find_scripts(), ROOT / "results")
    assert {row["state"] for row in states} <= {result_state.DONE, result_state.NOT_RUN}
    shown = {row["folder"] for row in states if row["state"] == result_state.DONE}
    written = {path.parent for path in (ROOT / "results").rglob("claims.json")}
    folders = {path.relative_to(ROOT / "results").as_posix() for path in written}
    assert shown == {folder for folder in folders if not folder.endswith("/longer_run")}


@pytest.fixture
def made(monkeypatch):
    """Names of the figures that were made, with their options; none is computed."""
    calls = []

    def make(figure, asked, console):
        calls.append((f"{figure.report}/{figure.name}", asked))
        if figure.name == "fig_2_2":
            raise StoreError("The disk is full.")
        if figure.name == "fig_2_3":
            raise RuntimeError("not foreseen")
        if figure.name == "fig_2_4":
            raise KeyboardInterrupt

    monkeypatch.setattr(figures, "make", make)
    return calls


def test_options_reach_the_script(made, tmp_path):
    chosen = ["--alphas", "-1", "0.5", "max", "--epochs", "4", "--output", str(tmp_path)]
    assert main(["reproduce", "geometry/fig_1", "--preset", "smoke", *chosen]) == 0
    ((name, asked),) = made
    assert name == "geometry/fig_1" and asked.preset == "smoke" and asked.epochs == 4
    assert asked.alphas == (float("-inf"), -1.0, 0.5) and asked.output == tmp_path


def test_a_failure_does_not_stop_the_others(made, capsys):
    figures_ = ["fig_2_1", "fig_2_2", "fig_2_3", "fig_2_5", "fig_2_1_decoders"]
    assert main(["reproduce", *figures_, "--preset", "smoke"]) == 1
    assert [name for name, _ in made] == [f"activity/{name}" for name in figures_[:4]]
    errors = capsys.readouterr().err
    assert "error: The disk is full." in errors and "not foreseen" in errors
    assert "2 of 4 figures were not made: activity/fig_2_2, activity/fig_2_3." in errors


def test_an_interruption_stops_all(made, capsys):
    assert main(["reproduce", "fig_2_4", "fig_2_5", "--preset", "smoke"]) == 130
    assert [name for name, _ in made] == ["activity/fig_2_4"]
    assert "Interrupted." in capsys.readouterr().err


def test_all_figures_of_a_report(made):
    assert main(["reproduce", "--preset", "smoke", "--report", "understanding"]) == 0
    assert [name for name, _ in made] == [f"understanding/fig_{n}" for n in (3, 4, 5, 6)]
    assert {asked.preset for _, asked in made} == {"smoke"}


def test_options_are_checked_before_anything_is_made(made, capsys):
    assert main(["reproduce", "fig_2_1", "fig_2_5", "--preset", "huge"]) == 2
    assert made == []
    errors = capsys.readouterr().err
    assert errors.startswith("error: argument --preset: invalid choice: 'huge'")
    assert errors.count("huge") == 1


def test_a_figure_that_refuses_an_option_does_not_stop_the_others(made, capsys):
    arguments = ["reproduce", "fig_2_1", "geometry/fig_4", "--dataset", "mnist"]
    assert main(arguments) == 1
    assert [name for name, _ in made] == ["activity/fig_2_1"]
    assert "error: geometry/fig_4: argument --dataset" in capsys.readouterr().err


def test_a_scripts_own_help(made, capsys):
    assert main(["reproduce", "geometry/fig_1", "--help"]) == 0
    printed = capsys.readouterr().out
    assert "usage: keras-vae reproduce geometry/fig_1" in printed and "--alphas" in printed
    assert made == []


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["fig_99"], "Unknown figure: 'fig_99'. Figures:\n  activity/fig_2_1\n"),
        (["fig_4"], "geometry/fig_4, understanding/fig_4, vampprior/fig_4"),
        (["--report", "physics"], "Unknown report: 'physics'. Reports: activity, "),
        (["--report"], "argument --report: expected one argument"),
        (["--preset", "smoke", "fig_3_1"], "Name either figures, before all options"),
        (["fig_3_1", "--all"], "Name either figures"),
        (["--all", "--report", "geometry"], "not allowed with"),
        ([], "Name either figures"),
    ],
)
def test_figures_that_make_no_sense(made, capsys, arguments, message):
    assert main(["reproduce", *arguments]) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith("error: ") and message in printed.err
    assert made == []


def test_splitting_leaves_other_commands_alone():
    assert reproduce.split(["figures", "--all"]) == (["figures", "--all"], [])
    assert reproduce.split(["reproduce", "a", "--jobs", "2", "--all"]) == (
        ["reproduce", "a", "--all"],
        ["--jobs", "2"],
    )


def test_runs_are_listed(store, capsys):
    (store.folder / "0123456789abcdef").mkdir()
    (store.folder / "notes").mkdir()
    damaged = dataclasses.replace(SPEC, seed=9)
    (add_run(store, damaged) / "spec.json").write_text("{")
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
    path = store.run_folder(SPEC) / "spec.json"
    path.write_text(path.read_text().replace('"seed": 7', '"seed": 70'))
    assert main(["runs", "show", SPEC.run_id]) == 1
    assert "not the one of its folder" in capsys.readouterr().err


def test_a_run_is_shown(store, capsys):
    store.save_evaluation(SPEC, "likelihood", {"mean": -90.0, "per_image": [-80.0, -100.0]})
    assert main(["runs", "show", SPEC.run_id[:6], "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["spec"] == SPEC.to_dict() and shown["last_epoch"] == {"test_bound": -100.0}
    assert shown["evaluations"] == {"likelihood": {"mean": -90.0}}
    assert main(["runs", "show", SPEC.run_id]) == 0
    assert "test_bound: -100.0" in capsys.readouterr().out


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
    save_snapshot(store.run_folder(SPEC), 1, [np.zeros(2048, np.float32)])
    assert main(["runs", "disk"]) == 0
    printed = capsys.readouterr().out
    assert f"{store.folder}: 2 runs, " in printed
    assert "kept weights: 8." in printed and "free: " in printed


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
    folder = add_run(store, SPEC, 3, last)
    save_snapshot(folder, 2, [value - 1 for value in last])
    for arguments, expected in (([], 3.0), (["--epoch", "2"], 2.0), (["--epoch", "3"], 3.0)):
        assert main(["export", SPEC.run_id[:7], str(tmp_path / "served" / "1"), *arguments]) == 0
        written, path = exported.pop()
        assert path == tmp_path / "served" / "1"
        assert all((value.numpy() == expected).all() for value in written.weights)
        assert f"after {expected:.0f} epochs" in capsys.readouterr().out


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


def test_compare_writes_the_page(monkeypatch, tmp_path, capsys):
    asked = []

    def write(results, originals=None):
        asked.append((results, originals))
        return [results / "index.html"]

    monkeypatch.setattr(page, "write", write)
    assert main(["compare", "--results", str(tmp_path), "--originals", str(tmp_path)]) == 0
    assert asked == [(tmp_path, tmp_path)]
    assert capsys.readouterr().out == f"{tmp_path / 'index.html'}\n"
    assert main(["compare", "--results", str(tmp_path / "none")]) == 1
    assert "There is no folder" in capsys.readouterr().err and len(asked) == 1


def test_there_is_no_page_of_nothing(tmp_path, capsys):
    assert main(["compare", "--results", str(tmp_path)]) == 1
    assert "holds no results" in capsys.readouterr().err and not list(tmp_path.iterdir())


def test_data_sets_are_shown(monkeypatch, capsys):
    monkeypatch.setattr(kv.datasets, "is_at_hand", lambda name: name == "mnist_5k")
    monkeypatch.setenv("TFDS_DATA_DIR", "/data/tfds")
    monkeypatch.setenv("KERAS_VAE_MANUAL_DIR", "/data/manual")
    assert main(["data"]) == 0
    printed = capsys.readouterr().out
    rows = {line.split()[1]: line.split()[3] for line in printed.splitlines() if "000" in line}
    assert rows["mnist_5k"] == "yes" and rows["mnist"] == "no"
    assert "/data/tfds" in printed and "/data/manual" in printed
    assert os.environ["KERAS_VAE_CACHE"] in printed


def test_a_data_set_is_prepared(capsys, digits):
    assert main(["data", "--prepare", "mnist_5k"]) == 0
    assert "4,000 to train, 1,000 to test" in capsys.readouterr().out
    assert tuple(IMAGES) == kv.datasets.NAMES
    assert IMAGES["mnist_5k"] == (len(digits.train), len(digits.test))


def test_a_data_set_that_is_not_to_be_had(monkeypatch, capsys):
    def load(name):
        raise ConnectionError("The network does not answer.")

    monkeypatch.setattr(kv.datasets, "load", load)
    assert main(["data", "--prepare", "mnist"]) == 1
    assert capsys.readouterr().err == "error: The network does not answer.\n"

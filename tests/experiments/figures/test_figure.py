"""A figure from command line to files, and every way it can be refused."""

import dataclasses
import errno
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

import matplotlib.image
import numpy as np
import pytest
import small_figure
from rich.console import Console

from keras_vae import UserError
from keras_vae.experiments.figures import catalogue, options, results
from keras_vae.experiments.figures import figure as figure_module
from keras_vae.experiments.figures.claims import Claim, Number, Reading
from keras_vae.experiments.figures.figure import Figure, find_original, main
from keras_vae.experiments.figures.plots import panels
from keras_vae.experiments.reports.activity import PRESETS
from keras_vae.experiments.runs.run_models import load_model
from keras_vae.experiments.runs.spec import ModelSpec
from keras_vae.experiments.runs.store import RunStore, StoredRun

FOLDER = pathlib.Path(__file__).parents[3] / "reproductions"
SCRIPT = FOLDER / "fig_3_1_activity.py"
INSTRUCTIONS = pathlib.Path(__file__).parents[2] / "README.md"


READING = Reading(rule="r", numbers={"x": Number(1.0, "nats", above=0.0)})
CLAIM = Claim(id="t.0.1", statement="s", reported="2 nats", measured="1 [nat]", readings=[READING])


@pytest.fixture
def figure(plain_spec):
    """A figure of one small method."""
    return Figure(
        report="tests",
        name="fig_0",
        title="A small figure",
        presets={
            "smoke": options.Preset(dataset="mnist_5k", epochs=1, trials=1),
            "quick": options.Preset(dataset=None, epochs=2, trials=1),
        },
        protocol={"epochs": 10},
        runs=lambda options, seed: {"small": dataclasses.replace(plain_spec, seed=seed)},
        measure=lambda methods, options: methods["small"].activity.shape,
        draw=lambda measured, options: panels(1)[0],
        caption="nothing",
        judge=lambda measured, options: [CLAIM],
        record=lambda measured, options: {"counts": measured},
    )


@pytest.fixture
def untrained(figure):
    """A figure of nothing but its options, with one of its own."""
    return dataclasses.replace(
        figure,
        runs=None,
        measure=lambda methods, options: (methods, options.choice("shape"), options.seed),
        record=lambda measured, options: {"measured": measured},
        caption=lambda measured, options: f"shape {measured[1]} of {options.dataset}",
        tables=lambda measured, options: {"table.md": f"{measured[1]}"},
        add_options=lambda parser: parser.add_argument("--shape", choices=("round", "flat")),
    )


def run(figure, tmp_path, *arguments):
    common = ["--store", str(tmp_path / "store"), "--output", str(tmp_path / "out")]
    return main(figure, [*common, *arguments])


def read(tmp_path, name, folder="tests/fig_0"):
    return json.loads((tmp_path / "out" / folder / name).read_text())


TWO_TRIALS = ("--preset", "smoke", "--trials", "2", "--seed", "5")


def test_trials_leave_picture_numbers_and_claims(
    figure, tmp_path, small_images, eager, capsys, monkeypatch, plain_spec
):
    estimate = ("--likelihood-samples", "7", "--likelihood-images", "5")
    command = (figure, tmp_path, *TWO_TRIALS, "--jobs", "1", *estimate)
    assert run(*command) == 0
    data = read(tmp_path, "data.json")
    reached = data["protocol"]["reached"]
    assert reached["epochs"] == 1 and reached["seeds"] == [5, 6]
    assert reached["dataset"] == "mnist_5k" and reached["binarize"] == {"small": "stochastic"}
    assert data["counts"] == [2, 1, 4]
    specs = [dataclasses.replace(plain_spec, seed=seed) for seed in (5, 6)]
    assert data["runs"]["small"]["ids"] == [spec.run_id for spec in specs]
    assert data["versions"]["keras"] and data["runs"]["small"]["trained_under"]
    for spec, found in zip(specs, data["runs"]["small"]["test_log_likelihood"], strict=True):
        model, images = load_model(spec, RunStore(tmp_path / "store"))
        expected = model.log_likelihood(images.test.images[:5], 7).mean()
        assert found["mean"] == pytest.approx(expected, rel=1e-6)
    assert read(tmp_path, "claims.json") == [
        {
            "id": "t.0.1",
            "verdict": "reproduced",
            "statement": "s",
            "reported": "2 nats",
            "measured": "1 [nat]",
            "extension": False,
            "readings": [
                {
                    "name": "",
                    "rule": "r",
                    "numbers": {"x": {"value": 1.0, "unit": "nats", "above": 0.0}},
                    "holds": True,
                    "unmet": [],
                }
            ],
        }
    ]
    picture = matplotlib.image.imread(tmp_path / "out" / "tests" / "fig_0" / "figure.png")
    assert picture.shape[0] > 100
    printed = capsys.readouterr().out
    assert "t.0.1" in printed and "Ours: 1 [nat]" in printed

    # All is stored now: the same command computes nothing of a run.
    for name in ("training.untrained_model", "evaluation.load_model"):
        monkeypatch.setattr(f"keras_vae.experiments.runs.{name}", None)

    def refuse(path):
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    # Nor has the store to be writable.
    for name in ("locked", "require_writable"):
        monkeypatch.setattr(f"keras_vae.experiments.runs.store.{name}", refuse)
    assert run(*command) == 0


@pytest.mark.slow
def test_trials_in_parallel_are_all_stored(figure, tmp_path, digits, plain_spec):
    assert run(figure, tmp_path, *TWO_TRIALS, "--jobs", "2") == 0
    runs = read(tmp_path, "data.json")["runs"]["small"]
    assert len(set(runs["ids"])) == 2
    for likelihood, bound in zip(runs["test_log_likelihood"], runs["test_bound"], strict=True):
        assert likelihood["mean"] > bound
    store = RunStore(tmp_path / "store")
    for seed in (5, 6):
        assert store.epochs_done(dataclasses.replace(plain_spec, seed=seed)) == 1


def test_a_figure_without_runs_trains_nothing_and_has_options_of_its_own(untrained, tmp_path):
    assert run(untrained, tmp_path, "--preset", "smoke", "--shape", "flat", "--seed", "3") == 0
    data = read(tmp_path, "data.json")
    assert data["measured"] == [{}, "flat", 3] and data["runs"] == {}
    assert (tmp_path / "out/tests/fig_0/table.md").read_text() == "flat"
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize("name", ["curves", "runs", "made"])
def test_a_figure_does_not_record_under_a_name_that_all_have(untrained, tmp_path, name):
    taken = dataclasses.replace(untrained, record=lambda measured, options: {name: [1]})
    with pytest.raises(ValueError, match=rf"under that name: \['{name}'\]"):
        run(taken, tmp_path, "--preset", "smoke", "--shape", "flat")
    assert not (tmp_path / "out/tests/fig_0/data.json").exists()


def test_each_part_of_a_figure_gets_what_was_measured_and_the_options(untrained):
    chosen = options.resolve(untrained.presets, preset="smoke", shape="round")
    analysis = untrained.make_analysis({"m": 1}, chosen)
    assert analysis.caption == "shape round of mnist_5k" and len(analysis.claims) == 1
    assert analysis.data == {"measured": ({"m": 1}, "round", 0)}
    assert analysis.tables == {"table.md": "round"}
    bare = dataclasses.replace(untrained, measure=None, caption="c", judge=None, record=None)
    analysis = dataclasses.replace(bare, tables=None).make_analysis({"m": 1}, chosen)
    assert (analysis.caption, analysis.claims, analysis.data, analysis.tables) == ("c", [], {}, {})


def test_an_option_of_another_figure_is_refused(figure, tmp_path, capsys):
    with pytest.raises(SystemExit):
        run(figure, tmp_path, "--shape", "flat")
    assert "unrecognized arguments: --shape" in capsys.readouterr().err


def test_results_say_their_script_and_what_each_run_reached(figure, tmp_path, monkeypatch):
    script = FOLDER / "beyond" / "five_digits.py"
    figure = dataclasses.replace(figure, script=str(script))
    chosen = options.resolve(figure.presets, preset="smoke")
    monkeypatch.setattr(figure_module, "describe", lambda method: {"ids": ["x"]})
    monkeypatch.setattr(figure_module, "compare_log_likelihoods", lambda methods: {})
    specs = list(figure.trial(chosen, 0).values())
    method = type("Method", (), {"epochs": 7, "specs": specs})()
    content = figure_module.describe_figure(figure, chosen, {"small": method})
    assert content["script"] == "beyond/five_digits.py" and content["figure"] == "tests/fig_0"
    assert content["runs"] == {"small": {"ids": ["x"], "epochs": {"reached": 7, "asked": 10}}}


def test_what_a_user_can_mend_is_a_line_and_a_fault_of_ours_a_traceback(
    untrained, tmp_path, capsys
):
    def fail(error):
        def measure(methods, options):
            raise error

        return dataclasses.replace(untrained, measure=measure)

    assert run(fail(UserError("the disk is full")), tmp_path, "--preset", "smoke") == 1
    assert capsys.readouterr().err == "error: the disk is full\n"
    for error in (ValueError("shapes differ"), LookupError("no such row")):
        with pytest.raises(type(error), match=str(error)):
            run(fail(error), tmp_path, "--preset", "smoke")


def test_options_that_contradict_each_other_are_a_line(figure, tmp_path, capsys):
    figure = dataclasses.replace(figure, runs=lambda options, seed: {"a": ModelSpec(latent_dim=0)})
    assert run(figure, tmp_path, "--preset", "smoke") == 1
    assert capsys.readouterr().err.startswith("error: `latent_dim` must be at least 1")


@pytest.mark.slow
def test_ctrl_c_leaves_a_store_that_continues(tmp_path, digits):
    places = ["--store", str(tmp_path / "store"), "--output", str(tmp_path / "out")]
    process = subprocess.Popen(
        [sys.executable, small_figure.__file__, "--jobs", "2", *places],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # Tests that a shell runs in the background inherit that Ctrl-C is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        _interrupt_after_the_first_epoch(process, tmp_path / "store")
        _, stderr = process.communicate(timeout=180)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 130
    assert "the same command continues there" in stderr
    assert "Traceback" not in stderr
    store = RunStore(tmp_path / "store")
    asked = options.resolve(small_figure.FIGURE.presets)
    specs = [small_figure.FIGURE.trial(asked, seed)["a"] for seed in asked.seeds]
    stored = [run for run in (store.load(spec, with_weights=True) for spec in specs) if run]
    assert stored and all(0 < run.epochs < asked.epochs for run in stored)


def _interrupt_after_the_first_epoch(process, folder):
    deadline = time.monotonic() + 120
    while not list(folder.glob("*/checkpoint.npz")) and time.monotonic() < deadline:
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.2)
    # As a terminal does: to every process of the group.
    os.killpg(process.pid, signal.SIGINT)


def test_a_damaged_run_is_named_before_anything_is_trained(figure, tmp_path, plain_spec, capsys):
    folder = tmp_path / "store" / plain_spec.run_id
    folder.mkdir(parents=True)
    (folder / "checkpoint.npz").write_bytes(b"damaged")
    (folder / "spec.json").write_text(json.dumps(plain_spec.to_dict()))
    assert run(figure, tmp_path, "--preset", "smoke", "--seed", str(plain_spec.seed)) == 1
    error = capsys.readouterr().err
    assert str(folder / "checkpoint.npz") in error and "damaged" in error


def test_a_foreign_store_is_named(figure, tmp_path, plain_spec, capsys):
    store = RunStore(tmp_path / "store")
    other = dataclasses.replace(plain_spec, batch_size=7)
    nothing = {"history": {}, "weights": [], "optimizer": [], "versions": []}
    store.save(other, StoredRun(epochs=1, activity=np.zeros((1, 4)), **nothing))
    store.run_folder(other).rename(store.run_folder(plain_spec))
    assert run(figure, tmp_path, "--preset", "smoke", "--seed", str(plain_spec.seed)) == 1
    assert "belongs to another run: its batch_size is 7" in capsys.readouterr().err


def test_an_output_that_cannot_be_written_is_found_before_training(figure, tmp_path, capsys):
    (tmp_path / "out").write_text("a file")
    assert run(figure, tmp_path, "--preset", "smoke") == 1
    assert "cannot be written" in capsys.readouterr().err
    assert not (tmp_path / "store").exists()


def test_a_store_that_cannot_be_written_is_found_before_training(figure, tmp_path, capsys):
    (tmp_path / "store").write_text("a file")
    assert run(figure, tmp_path, "--preset", "smoke") == 1
    assert "--store" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--preset", "huge"], "'huge'.*smoke.*quick"),
        (["--dataset", "cifar"], "'cifar'.*mnist.*mnist_5k"),
        (["--epochs", "0"], "--epochs.*at least 1"),
        (["--trials", "-2"], "--trials.*at least 1"),
        (["--jobs", "none"], "--jobs.*integer"),
        (["--seed", "-1"], "--seed"),
        (["--sed", "1"], "unrecognized"),
    ],
)
def test_bad_options_end_at_once(figure, tmp_path, capsys, arguments, message):
    with pytest.raises(SystemExit) as error:
        run(figure, tmp_path, *arguments)
    assert error.value.code == 2
    assert __import__("re").search(message, capsys.readouterr().err)


def test_unknown_names_from_python_list_the_valid_ones():
    with pytest.raises(ValueError, match="preset: 'huge'.*'smoke', 'quick', 'paper'"):
        options.resolve(PRESETS, preset="huge")


def test_quick_says_plainly_which_digits_it_uses(monkeypatch):
    monkeypatch.setattr("keras_vae.datasets.is_at_hand", lambda name: False)
    asked = options.resolve(PRESETS)
    assert asked.dataset == "mnist_5k" and asked.epochs == 60 and asked.trials == 2
    assert "mnist_5k" in asked.notice and "--dataset mnist" in asked.notice
    monkeypatch.setattr("keras_vae.datasets.is_at_hand", lambda name: True)
    asked = options.resolve(PRESETS)
    assert asked.dataset == "mnist" and asked.notice is None
    assert options.resolve(PRESETS, dataset="mnist", epochs=3).epochs == 3
    assert options.resolve(PRESETS, preset="paper").epochs == 300


def result(dataset, epochs, trials):
    reached = {"dataset": dataset, "epochs": epochs, "trials": trials}
    return {"protocol": {"reached": reached, "asked": {"dataset": "mnist"}}, "runs": {"VAE": {}}}


def test_a_longer_result_is_kept_beside_a_shorter_one(tmp_path):
    def write(*size):
        return results.write(tmp_path, panels(1)[0], result(*size), [])

    def dataset_and_epochs(folder):
        reached = json.loads((folder / "data.json").read_text())["protocol"]["reached"]
        return reached["dataset"], reached["epochs"]

    assert write("mnist", 60, 2) is None
    kept = write("mnist_5k", 300, 2)
    assert dataset_and_epochs(kept) == ("mnist", 60)
    assert dataset_and_epochs(tmp_path) == ("mnist_5k", 300)
    assert write("mnist_5k", 3, 1) == kept and dataset_and_epochs(kept) == ("mnist", 60)
    assert write("mnist", 90, 2) is None and dataset_and_epochs(tmp_path) == ("mnist", 90)
    # Another data set's result is none of the report's, however long.
    assert write("fashion_mnist", 300, 2) == kept and dataset_and_epochs(kept) == ("mnist", 90)
    assert write("mnist_5k", 1, 1) == kept and dataset_and_epochs(kept) == ("mnist", 90)


def test_epochs_that_differ_between_methods_add_up():
    one_number, one_each = result("mnist", 60, 2), result("mnist", {"VAE": 60, "HVAE": 61}, 2)
    one_number["runs"] = one_each["runs"] = {"VAE": {}, "HVAE": {}}
    assert results.size(one_each) > results.size(one_number)
    one_each["protocol"]["reached"]["epochs"]["HVAE"] = 60
    assert results.size(one_each) == results.size(one_number)


def test_what_is_no_script_is_not_run(tmp_path):
    (tmp_path / "notes.txt").write_text("FIGURE = None")
    with pytest.raises(catalogue.CatalogueError, match="notes.txt is not a Python script"):
        catalogue.load_script(tmp_path / "notes.txt")


def test_without_scripts_there_is_no_catalogue_to_write(tmp_path, monkeypatch):
    monkeypatch.setattr(catalogue, "FOLDERS", (tmp_path / "none", tmp_path / "neither"))
    with pytest.raises(catalogue.CatalogueError, match="none or .*neither"):
        catalogue.update_catalogue()


def test_refuses_a_folder_of_originals_that_is_not_there_before_training(figure, tmp_path, capsys):
    assert run(figure, tmp_path, "--preset", "smoke", "--originals", str(tmp_path / "none")) == 1
    assert "no folder" in capsys.readouterr().err
    assert not (tmp_path / "store").exists()


def test_finds_the_users_picture_of_the_original(figure, tmp_path, capsys):
    asked = options.resolve(figure.presets, preset="smoke", originals=tmp_path)
    console = Console()
    assert find_original(figure, asked, console).picture is None
    assert "No original to put beside ours" in capsys.readouterr().out
    (tmp_path / "tests").mkdir()
    path = tmp_path / "tests" / "fig_0.png"
    matplotlib.image.imsave(path, np.zeros((30, 40, 3)))
    (tmp_path / "tests" / "fig_1.png").write_bytes(b"of another figure")
    assert find_original(figure, asked, console).picture == path
    assert capsys.readouterr().out == ""
    path.write_bytes(b"no picture")
    with pytest.raises(UserError, match="fig_0.png: it cannot be read"):
        find_original(figure, asked, console)


def test_a_figure_keeps_its_curves_and_how_far_they_are_from_digitised_ones(
    untrained, tmp_path, capsys
):
    def draw(measured, options):
        picture, (axis, _) = panels(2)
        axis.plot([1, 2, 3], [10.0, 12.0, 14.0], label="IW")
        axis.set_title("(a)")
        return picture

    (tmp_path / "mine" / "tests").mkdir(parents=True)
    (tmp_path / "mine" / "tests" / "fig_0.csv").write_text("IW,,BN,\nX,Y,X,Y\n1,9,1,1\n3,15,,\n")
    drawn = dataclasses.replace(untrained, draw=draw)
    with_mine = ("--preset", "smoke", "--originals", str(tmp_path / "mine"))
    assert run(drawn, tmp_path, *with_mine) == 0
    assert "'BN' is none of our curves 'IW'" in capsys.readouterr().out
    data = read(tmp_path, "data.json")
    (curve,) = data["curves"]
    assert curve == {"panel": "(a)", "curve": "IW", "x": [1, 2, 3], "y": [10, 12, 14]}
    (difference,) = data["against_your_original"]
    assert (difference["mean_difference"], difference["largest_difference"]) == (0.0, 1.0)
    # The first panel of two is the left half.
    left, top, right, bottom = data["panel"]
    assert 0 <= left < 0.1 and 0.4 < right < 0.6 and 0 <= top < 0.1 and 0.8 < bottom <= 1
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", data["made"]["date"]) and data["made"]["machine"]
    assert results.find_damage(tmp_path / "out" / "tests" / "fig_0", data) is None
    results.add_to_data(tmp_path / "out" / "tests" / "fig_0", more=[1])
    data = read(tmp_path, "data.json")
    assert data["more"] == [1]
    assert results.find_damage(tmp_path / "out" / "tests" / "fig_0", data) is None
    data["more"] = [2]
    (tmp_path / "out" / "tests" / "fig_0" / "data.json").write_text(json.dumps(data))
    results.add_to_data(tmp_path / "out" / "tests" / "fig_0", even_more=[1])
    # What was damaged is not made whole.
    data = read(tmp_path, "data.json")
    assert "data.json" in results.find_damage(tmp_path / "out" / "tests" / "fig_0", data)


def test_the_figure_of_the_instructions_is_made(small_images, eager, tmp_path):
    """What `tests/README.md` shows is a whole script."""
    (script,) = re.findall(r"```python\n(.*?)```", INSTRUCTIONS.read_text(), re.DOTALL)
    assert len([line for line in script.splitlines() if line.strip()]) < 20
    path = tmp_path / "fig_1_bound.py"
    path.write_text(script)
    folders = ["--output", str(tmp_path / "results"), "--store", str(tmp_path / "store")]
    assert main(catalogue.load_script(path).FIGURE, [*folders, "--jobs", "1"]) == 0
    made = tmp_path / "results" / "mine" / "fig_1"
    picture = matplotlib.image.imread(made / "figure.png")
    assert picture[..., :3].min() < 0.5 < picture[..., :3].max()
    data = json.loads((made / "data.json").read_text())
    assert data["script"] == "fig_1_bound.py"
    assert data["runs"]["VAE"]["epochs"] == {"reached": 2, "asked": 100}


@pytest.mark.parametrize(
    ("trials", "first", "words"),
    [(1, False, "1 trial"), (2, False, "2 trials"), (1, True, "1 trial"), (2, True, "first of 2")],
)
def test_the_caption_says_which_trials_are_drawn(figure, trials, first, words):
    figure = dataclasses.replace(figure, draws_first_trial=first)
    asked = options.resolve(figure.presets, preset="smoke", trials=trials)
    analysis = figure_module.Analysis(picture=panels(1)[0], caption="c", claims=[], data={})
    figure_module.add_caption(figure, asked, analysis)
    written = [text.get_text() for text in analysis.picture.texts]
    assert any(f"mnist_5k, 1 of 10 epochs, {words}" in text for text in written)

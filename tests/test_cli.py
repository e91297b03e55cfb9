"""The command `keras-vae`: its help and exit codes, figures, pages and data sets."""

import argparse
import errno
import json
import os
import pathlib
import subprocess
import sys

import pytest

import keras_vae as kv
from keras_vae import cli
from keras_vae.cli import command_line, main, reproduce
from keras_vae.cli import figures as figures_command
from keras_vae.cli.common import MISUSED
from keras_vae.datasets.sources import DataUnavailableError
from keras_vae.experiments import page
from keras_vae.experiments.figures import catalogue
from keras_vae.experiments.figures.originals import Found, Original

ROOT = pathlib.Path(__file__).parents[1]


def write_result(folder, figure, verdicts=(), epochs=((60, 300),)):
    folder.mkdir(parents=True)
    runs = {
        f"run {i}": {"epochs": {"reached": reached, "asked": asked}}
        for i, (reached, asked) in enumerate(epochs)
    }
    protocol = {"reached": {"dataset": "mnist", "trials": 2}}
    data = {"figure": figure, "protocol": protocol, "runs": runs}
    (folder / "data.json").write_text(json.dumps(data))
    (folder / "claims.json").write_text(json.dumps([{"verdict": verdict} for verdict in verdicts]))


def run_process(*arguments, input=None, **environment):
    return subprocess.run(
        [sys.executable, *arguments],
        input=input,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        check=False,
    )


WITHOUT_TENSORFLOW = """
import contextlib, io, json, sys
sys.argv = ["/usr/bin/keras-vae"]
sys.orig_argv = [sys.executable, *sys.argv]
from keras_vae.cli import main
finished = []
for arguments in json.loads(sys.stdin.read()):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(arguments)
    started = sorted({"tensorflow", "keras"} & sys.modules.keys())
    finished.append([code, out.getvalue(), err.getvalue(), started])
print(json.dumps(finished))
"""
WITHOUT_TRAINING = [
    (["--help"], 0),
    (["reproduce", "--help"], 0),
    (["runs", "remove", "--help"], 0),
    (["figures"], 0),
    (["runs", "disk"], 1),
    (["nonsense"], 2),
    (["reproduce", "fig_99"], 2),
    (["reproduce", "fig_3_1", "--bogus"], 2),
    (["reproduce", "fig_3_1", "--epochs", "none"], 2),
    (["reproduce", "fig_3_1", "--alphas", "0"], 2),
    (["reproduce", "--report", "geometry", "--preset", "huge"], 2),
    (["reproduce", "geometry/fig_1", "--alphas", "0", "--dataset", "frey_faces"], 2),
]


def test_help_lists_and_mistakes_do_not_wait_for_tensorflow(tmp_path):
    nowhere = {"KERAS_VAE_STORE": str(tmp_path / "nowhere")}
    asked = json.dumps([arguments for arguments, _ in WITHOUT_TRAINING])
    process = run_process("-c", WITHOUT_TENSORFLOW, input=asked, **nowhere)
    assert process.returncode == 0, process.stderr
    finished = json.loads(process.stdout)
    for (arguments, expected), found in zip(WITHOUT_TRAINING, finished, strict=True):
        code, out, err, started = found
        assert (code, started) == (expected, []), (arguments, err)
        assert err.startswith("error: ") == (code != 0), arguments
        if arguments[-1] == "--help":
            assert "example" in out and "keras-vae" in out, arguments


def test_the_module_is_the_command():
    finished = run_process("-X", "importtime", "-m", "keras_vae.cli", "--help")
    assert finished.returncode == 0 and finished.stdout.startswith("usage: keras-vae ")
    assert "keras_vae.cli.command_line" in finished.stderr
    assert "tensorflow" not in finished.stderr


def test_another_keras_backend_is_an_error_without_traceback(tmp_path):
    arguments = ("-m", "keras_vae.cli", "runs", "list")
    finished = run_process(*arguments, KERAS_BACKEND="numpy", KERAS_VAE_STORE=str(tmp_path))
    assert finished.returncode == 1
    assert finished.stderr.startswith("error: ") and "KERAS_BACKEND=tensorflow" in finished.stderr


def test_scripts_are_what_their_names_say():
    found = catalogue.find_scripts()
    assert len(found) == len(list((ROOT / "reproductions").rglob("*.py")))
    for script in found:
        figure = script.load()
        assert (script.figure, script.title) == (f"{figure.report}/{figure.name}", figure.title)
        assert script.presets == tuple(figure.presets) and script.datasets == figure.datasets
        parser = argparse.ArgumentParser()
        if figure.add_options is not None:
            figure.add_options(parser)
        own = vars(parser.parse_args([]))
        assert script.options == tuple(f"--{name.replace('_', '-')}" for name in own)
    own = {script.figure: script.options for script in found if script.options}
    assert own["geometry/fig_1"] == ("--alphas", "--latent-dims")
    assert own["vampprior/fig_8"] == ("--prior", "--prior-components", "--pseudo-inputs")
    assert "activity/fig_3_1" not in own


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
    assert [script.figure for script in reproduce.choose(catalogue.find_scripts(), [name])] == [
        figure
    ]


def test_a_report_has_its_figures_beyond():
    known = catalogue.find_scripts()
    assert {s.report for s in reproduce.of_report(known, "activity")} == {
        "activity",
        "activity/beyond",
    }
    assert {s.report for s in reproduce.of_report(known, "geometry")} == {"geometry"}


def test_without_scripts_there_is_a_message(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(catalogue, "FOLDERS", (tmp_path,))
    assert main(["figures"]) == 1
    assert capsys.readouterr().err.startswith("error: There are no reproduction scripts")


def test_figures_shows_what_is_there(tmp_path, capsys):
    verdicts = ["reproduced", "inconclusive", "reproduced"]
    write_result(tmp_path / "activity/fig_3_1", "activity/fig_3_1", verdicts)
    epochs = ((100, 200), (50, 200), (9, None))
    write_result(tmp_path / "vampprior/warm_up_mnist", "vampprior/warm_up", (), epochs)
    write_result(tmp_path / "vampprior/fig_10", "vampprior/fig_10", (), ())
    write_result(tmp_path / "geometry/fig_1_alpha_0_max", "geometry/fig_1", (), ((7, None),))
    write_result(tmp_path / "geometry/fig_12", "geometry/fig_12")
    assert main(["figures", "--results", str(tmp_path), "--json"]) == 0
    rows = {row["folder"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["activity/fig_3_1"]["verdicts"] == {"reproduced": 2, "inconclusive": 1}
    assert rows["activity/fig_3_1"]["extent"] == "60 of 300 x 2"
    assert rows["vampprior/warm_up_mnist"]["figure"] == "vampprior/warm_up"
    assert rows["vampprior/warm_up_mnist"]["extent"] == "25-50% where given x 2"
    assert rows["vampprior/fig_10"]["extent"] == "no training"
    assert rows["geometry/fig_2"]["state"] == figures_command.NOT_RUN
    assert rows["geometry/fig_1_alpha_0_max"]["figure"] == "geometry/fig_1"
    assert rows["geometry/fig_1_alpha_0_max"]["extent"] == "7 x 2"
    # A result whose script is not there is shown all the same.
    assert "geometry/fig_1" not in rows and rows["geometry/fig_12"]["script"] is None
    assert "vampprior/warm_up" not in rows
    assert main(["figures", "--results", str(tmp_path)]) == 0
    table = capsys.readouterr().out
    told = ("2 reproduced, 1 inconclusive", "not run", "25-50% where given x 2")
    assert all(text in table for text in told)


@pytest.mark.parametrize("content", ["{", "[]", '{"protocol": 1}', '{"protocol": {}}', "\x00"])
@pytest.mark.parametrize("name", ["data.json", "claims.json"])
def test_damaged_results_are_shown_as_damaged(tmp_path, capsys, name, content):
    folder = tmp_path / "activity/fig_3_1"
    write_result(folder, "activity/fig_3_1", ["reproduced"])
    # An empty list of claims is what a figure without claims has.
    (folder / name).write_text("[1]" if (name, content) == ("claims.json", "[]") else content)
    assert main(["figures", "--results", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    (line,) = [line for line in printed.splitlines() if "activity/fig_3_1" in line]
    assert "damaged" in line and printed.count("damaged") == 1


def test_the_states_of_our_own_results_are_sound():
    states = figures_command.states(catalogue.find_scripts(), ROOT / "results")
    assert {row["state"] for row in states} <= {figures_command.DONE, figures_command.NOT_RUN}
    shown = {row["folder"] for row in states if row["state"] == figures_command.DONE}
    written = {path.parent for path in (ROOT / "results").rglob("claims.json")}
    folders = {path.relative_to(ROOT / "results").as_posix() for path in written}
    assert shown == {folder for folder in folders if not folder.endswith("/longer_run")}


def test_compare_writes_the_page_and_says_which_originals_it_used(monkeypatch, tmp_path, capsys):
    asked = []
    found = Found(
        {"activity/fig_3_1": Original(pathlib.Path("a.png"), curves={"IW": ()})},
        ["a.png"],
        ["activity/fig_2_1.png: it is broken"],
        ["activity/fig_2_2: no result"],
    )

    def write(results, originals=None):
        asked.append((results, originals))
        return [results / "index.html"], found

    monkeypatch.setattr(page, "write", write)
    monkeypatch.setattr(page, "figure_names", lambda results: ["activity/fig_2_1"] * 34)
    monkeypatch.setattr(page, "list_notes", lambda results: ["activity/fig_3_1: it is damaged"])
    assert main(["compare", "--results", str(tmp_path), "--originals", str(tmp_path)]) == 0
    assert asked == [(tmp_path, tmp_path)]
    printed = capsys.readouterr()
    counted = "Matched originals of 1 of 34 figures: activity/fig_3_1 (picture and curves)"
    assert printed.out == f"{counted}\n{tmp_path / 'index.html'}\n"
    assert "not used: a.png: no figure is called so\n" in printed.err
    assert "not used: activity/fig_2_1.png: it is broken\n" in printed.err
    assert "not shown: activity/fig_2_2: no result\n" in printed.err
    assert "--list-originals" in printed.err and "activity/fig_3_1: it is damaged\n" in printed.err
    assert main(["compare", "--results", str(tmp_path / "none")]) == 1
    assert "There is no folder" in capsys.readouterr().err and len(asked) == 1


def test_compare_lists_the_names_of_originals(tmp_path, capsys):
    assert main(["compare", "--list-originals", "--results", str(tmp_path / "none")]) == 0
    names = capsys.readouterr().out.split()
    assert names == [script.figure for script in catalogue.find_scripts()]


def test_compare_renews_the_readme(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(page, "write", lambda results, originals=None: ([], Found({}, [], [])))
    monkeypatch.setattr(page, "list_notes", lambda results: [])
    (tmp_path / "README.md").write_text("no marks")
    arguments = ["compare", "--results", str(tmp_path), "--update-readme"]
    assert main([*arguments, str(tmp_path / "README.md")]) == 1
    assert "needs lines like these" in capsys.readouterr().err
    renewed = []
    monkeypatch.setattr(page, "renew_readme", lambda *where: renewed.append(where))
    assert main(arguments) == 0
    assert renewed == [(pathlib.Path("README.md"), tmp_path)]


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
    source = kv.datasets.get_source("mnist_5k")
    assert (source.train_images, source.test_images) == (len(digits.train), len(digits.test))
    assert main(["data", "--prepare", "cifar"]) == MISUSED
    assert "dataset: 'cifar'. Valid values: 'mnist'" in capsys.readouterr().err


def test_errors_of_files_are_one_line_where_they_name_the_users(monkeypatch, capsys, tmp_path):
    raised = []

    def fail():
        raise raised.pop()

    monkeypatch.setattr("keras_vae.cli.data._print_state", fail)
    raised.append(OSError(errno.EIO, "broken", str(tmp_path / "mine")))
    assert main(["data"]) == 1
    assert capsys.readouterr().err == f"error: [Errno {errno.EIO}] broken: '{tmp_path / 'mine'}'\n"
    ours = pathlib.Path(cli.__file__).with_name("gone")
    for error in (OSError("a bug"), FileNotFoundError(errno.ENOENT, "none", str(ours))):
        raised.append(error)
        with pytest.raises(type(error)):
            main(["data"])


def test_a_data_set_that_is_not_to_be_had(monkeypatch, capsys):
    def load(name):
        raise DataUnavailableError("The network does not answer.")

    monkeypatch.setattr(kv.datasets, "load", load)
    assert main(["data", "--prepare", "mnist"]) == 1
    assert capsys.readouterr().err == "error: The network does not answer.\n"


def test_an_interruption_is_the_commands_status(monkeypatch, capsys):
    def stop(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", stop)
    assert command_line.main(["list"]) == 130 and "Interrupted." in capsys.readouterr().err

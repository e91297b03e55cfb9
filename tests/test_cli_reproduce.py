"""`keras-vae reproduce`: what reaches the scripts, and what a failure leads to."""

import pytest

from keras_vae.cli import main, reproduce
from keras_vae.experiments.figures import figure as figures
from keras_vae.experiments.runs.store import StoreError


@pytest.fixture
def made(monkeypatch):
    """Names of the figures that were made, with their options; none is computed."""
    calls = []

    def make(figure, options, console):
        calls.append((f"{figure.report}/{figure.name}", options))
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
    ((name, options),) = made
    assert name == "geometry/fig_1" and options.preset == "smoke" and options.epochs == 4
    assert options.choice("alphas") == [-1.0, 0.5, float("-inf")] and options.output == tmp_path


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
    assert {options.preset for _, options in made} == {"smoke"}


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

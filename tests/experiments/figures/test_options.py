"""The options that every script shares: each one arrives, and a preset fills in the rest."""

import dataclasses
import pathlib

import pytest

from keras_vae.experiments.figures.options import Options, Preset, parse_options, resolve

PRESETS = {
    "quick": Preset(None, epochs=20, trials=3, embedded_epochs=60, embedded_trials=2),
    "paper": Preset("mnist", epochs=300, trials=10, likelihood_samples=500, likelihood_images=1000),
    "plain": Preset(None, epochs=7, trials=4),
}
# By field: what is given on the command line, and what it becomes.
GIVEN = {
    "preset": (("--preset", "paper"), "paper"),
    "dataset": (("--dataset", "frey_faces"), "frey_faces"),
    "epochs": (("--epochs", "9"), 9),
    "trials": (("--trials", "5"), 5),
    "seed": (("--seed", "11"), 11),
    "jobs": (("--jobs", "6"), 6),
    "store": (("--store", "a/store"), pathlib.Path("a/store")),
    "output": (("--output", "an/output"), pathlib.Path("an/output")),
    "likelihood_samples": (("--likelihood-samples", "33"), 33),
    "likelihood_images": (("--likelihood-images", "2"), 2),
    "originals": (("--originals", "pictures"), pathlib.Path("pictures")),
    "tensorboard": (("--tensorboard", "logs"), pathlib.Path("logs")),
    "dask": (("--dask", "tcp://there:8786"), "tcp://there:8786"),
}


@pytest.fixture
def mnist_is_at_hand(monkeypatch):
    def choose(answer):
        monkeypatch.setattr("keras_vae.datasets.is_at_hand", lambda name: answer)

    choose(True)
    return choose


def parse(*arguments, **kwargs):
    return parse_options(arguments, description="a figure", presets=PRESETS, **kwargs)


def test_every_field_can_be_given_or_follows():
    fields = {field.name for field in dataclasses.fields(Options)}
    assert fields == GIVEN.keys() | {"notice", "own"}


@pytest.mark.parametrize("name", GIVEN)
def test_every_option_arrives(mnist_is_at_hand, name):
    arguments, expected = GIVEN[name]
    assert getattr(parse(), name) != expected
    assert getattr(parse(*arguments), name) == expected


def test_without_options_the_quick_preset_decides(mnist_is_at_hand):
    assert parse() == Options(
        preset="quick",
        dataset="mnist",
        epochs=20,
        trials=3,
        seed=0,
        jobs=None,
        store=None,
        output=pathlib.Path("results"),
        likelihood_samples=50,
        likelihood_images=None,
    )
    paper = parse("--preset", "paper")
    assert (paper.dataset, paper.epochs, paper.trials) == ("mnist", 300, 10)
    assert (paper.likelihood_samples, paper.likelihood_images) == (500, 1000)


@pytest.mark.parametrize(
    "at_hand, arguments, expected",
    [
        # Data set, epochs and trials; the last says whether mnist_5k stands in.
        (False, (), ("mnist_5k", 60, 2, True)),
        (False, ("--dataset", "mnist"), ("mnist", 20, 3, False)),
        (True, ("--dataset", "mnist_5k"), ("mnist_5k", 60, 2, False)),
        (False, ("--epochs", "1", "--trials", "1"), ("mnist_5k", 1, 1, True)),
        (False, ("--preset", "plain"), ("mnist_5k", 7, 4, True)),
        (False, ("--preset", "paper"), ("mnist", 300, 10, False)),
        (True, (), ("mnist", 20, 3, False)),
    ],
)
def test_the_embedded_digits_have_epochs_of_their_own(
    mnist_is_at_hand, at_hand, arguments, expected
):
    mnist_is_at_hand(at_hand)
    found = parse(*arguments)
    stands_in = found.notice is not None
    assert (found.dataset, found.epochs, found.trials, stands_in) == expected


def test_seeds_count_up(mnist_is_at_hand):
    assert list(parse("--seed", "7", "--trials", "3").seeds) == [7, 8, 9]


@pytest.mark.parametrize(
    "good, bad",
    [
        (("--epochs", "1"), ("--epochs", "0")),
        (("--trials", "1"), ("--trials", "0")),
        (("--jobs", "1"), ("--jobs", "0")),
        (("--likelihood-samples", "1"), ("--likelihood-samples", "0")),
        (("--likelihood-images", "2"), ("--likelihood-images", "1")),
        (("--seed", "0"), ("--seed", "-1")),
        (("--seed", f"{2**31 - 1001}"), ("--seed", f"{2**31 - 1000}")),
        (("--dataset", "mnist"), ("--dataset", "MNIST")),
        (("--epochs", f"{10**7}"), ("--epochs", f"{10**7 + 1}")),
        (("--epochs", "7"), ("--epochs", "9" * 30)),
        (("--output", "a"), ("--output", "")),
        (("--store", "a"), ("--store", " ")),
        (("--originals", "a"), ("--originals", "")),
        (("--tensorboard", "a"), ("--tensorboard", "")),
    ],
)
def test_values_at_their_bounds(mnist_is_at_hand, capsys, good, bad):
    name = good[0].removeprefix("--").replace("-", "_")
    assert str(getattr(parse(*good), name)) == good[1]
    with pytest.raises(SystemExit) as error:
        parse(*bad)
    assert error.value.code == 2 and good[0] in capsys.readouterr().err


def test_data_sets_that_a_figure_cannot_show_are_refused(mnist_is_at_hand, capsys):
    with pytest.raises(SystemExit):
        parse("--dataset", "frey_faces", dataset_names=("mnist", "mnist_5k"))
    assert "frey_faces" in capsys.readouterr().err


def test_options_of_a_figures_own_are_kept_apart(mnist_is_at_hand):
    def add(parser):
        parser.add_argument("--size", type=int)

    assert parse("--size", "3", add_options=add).choice("size") == 3
    assert parse(add_options=add).choice("size") is None
    assert resolve(PRESETS, size=4).choice("size") == 4
    assert resolve(PRESETS).choice("size") is None

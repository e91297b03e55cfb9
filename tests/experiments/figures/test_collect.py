"""Which runs a figure asks for, and how they come back by method."""

import dataclasses
import types

import pytest

from keras_vae.experiments.figures import figure as figure_module
from keras_vae.experiments.figures import options
from keras_vae.experiments.figures.figure import Figure, collect, describe_figure
from keras_vae.experiments.figures.plots import panels
from keras_vae.experiments.runs.store import RunStore


class OwnEpochs(Figure):
    """Methods that train for epochs of their own unless some are named."""

    def epochs_of(self, label, options):
        return options.epochs or {"a": 3, "b": 5}[label]

    def epochs_asked(self, label):
        return {"a": 30, "b": None}[label]


@pytest.fixture
def figure(plain_spec):
    def runs(options, seed):
        data = dataclasses.replace(plain_spec.data, name=options.dataset)
        a = dataclasses.replace(plain_spec, data=data, seed=seed)
        grey = dataclasses.replace(data, binarize=None)
        return {"a": a, "b": dataclasses.replace(a, data=grey, batch_size=4)}

    return OwnEpochs(
        report="tests",
        name="fig_0",
        title="Two methods",
        presets={"quick": options.Preset("mnist_5k", epochs=None, trials=3)},
        protocol={"epochs": 30, "seeds": "many"},
        runs=runs,
        draw=lambda measured, options: panels(1)[0],
    )


@pytest.fixture
def asked_of(monkeypatch):
    """What was asked of `train_all` and of each evaluation; runs are their batch size and seed."""
    calls = types.SimpleNamespace(trained=[], evaluated=[])

    def train_all(specs, epochs, store, **arguments):
        calls.trained.append(([(s.batch_size, s.seed) for s in specs], epochs, arguments))
        return [f"run {spec.batch_size}/{spec.seed}" for spec in specs]

    def evaluate(spec, store, *arguments):
        calls.evaluated.append(arguments)
        return f"likelihood {spec.batch_size}/{spec.seed}"

    monkeypatch.setattr(figure_module, "train_all", train_all)
    monkeypatch.setattr(figure_module, "evaluate_log_likelihood", evaluate)
    return calls


def test_trials_come_back_by_method(figure, asked_of, tmp_path):
    store = RunStore(tmp_path)
    chosen = options.resolve(
        figure.presets,
        seed=4,
        jobs=6,
        likelihood_samples=7,
        likelihood_images=5,
        tensorboard="logs",
        dask="tcp://there",
    )
    methods = collect(dataclasses.replace(figure, keep_weights=True), chosen, store, "console")
    ((trained, epochs, arguments),) = asked_of.trained
    assert trained == [(8, 4), (8, 5), (8, 6), (4, 4), (4, 5), (4, 6)]
    assert epochs == [3, 3, 3, 5, 5, 5]
    assert arguments == {
        "jobs": 6,
        "num_samples": 7,
        "num_images": 5,
        "console": "console",
        "tensorboard": chosen.tensorboard,
        "keep_weights": True,
        "make_callbacks": None,
        "dask": "tcp://there",
    }
    assert asked_of.evaluated == [(7, 5, 3)] * 3 + [(7, 5, 5)] * 3
    assert list(methods) == ["a", "b"]
    b = methods["b"]
    assert b.runs == ["run 4/4", "run 4/5", "run 4/6"] and b.epochs == 5 and b.store is store
    assert b.log_likelihood == ["likelihood 4/4", "likelihood 4/5", "likelihood 4/6"]
    assert [(spec.batch_size, spec.seed) for spec in b.specs] == [(4, 4), (4, 5), (4, 6)]
    assert methods["a"].runs[0] == "run 8/4" and methods["a"].epochs == 3


def test_a_result_says_what_was_reached_and_what_was_asked(figure, asked_of, tmp_path, monkeypatch):
    monkeypatch.setattr(figure_module, "describe", lambda method: {"runs": method.runs})
    monkeypatch.setattr(figure_module, "compare_log_likelihoods", lambda methods: list(methods))
    for epochs, reached in ((None, {"a": 3, "b": 5}), (9, 9)):
        chosen = options.resolve(figure.presets, seed=4, trials=2, epochs=epochs)
        methods = collect(figure, chosen, RunStore(tmp_path), None)
        content = describe_figure(figure, chosen, methods)
        assert content["protocol"] == {
            "reached": {
                "dataset": "mnist_5k",
                "binarize": {"a": "stochastic", "b": None},
                "epochs": reached,
                "trials": 2,
                "seeds": [4, 5],
            },
            "asked": {"epochs": 30, "seeds": "many"},
        }
        assert content["runs"]["a"] == {
            "runs": ["run 8/4", "run 8/5"],
            "epochs": {"reached": epochs or 3, "asked": 30},
        }
        assert content["runs"]["b"]["epochs"] == {"reached": epochs or 5, "asked": None}
        assert content["test_log_likelihood_differences"] == ["a", "b"]
        assert (content["figure"], content["title"]) == ("tests/fig_0", "Two methods")
        assert content["original"] is None and content["versions"]["tensorflow"]
    published = dataclasses.replace(figure, report="understanding", name="fig_3")
    content = describe_figure(published, chosen, methods)
    assert "Understanding Variational Auto-Encoder" in content["original"]

"""The runs of one method, cut to the epochs that were asked for."""

import dataclasses

import numpy as np
import pytest

from keras_vae.experiments.figures.method_runs import (
    MethodRuns,
    compare_log_likelihoods,
    describe,
)
from keras_vae.experiments.runs.spec import DataSpec
from keras_vae.experiments.runs.store import StoredRun, StoreError


def made_up(epochs, offset=0.0):
    """Epochs 1, 2, 3 ... with histories and activities that count them."""
    counted = offset + np.arange(1.0, epochs + 1)
    names = ("test_bound", "train_bound", "seconds")
    return StoredRun(
        epochs=epochs,
        history={name: counted * 10**i for i, name in enumerate(names)},
        activity=np.stack([counted, -counted], axis=1),
        weights=[],
        optimizer=[],
        versions=[{"first_epoch": 0, "keras": f"{offset}"}],
    )


@pytest.fixture
def method(store, plain_spec):
    """Two trials of 4 and 3 epochs, of which 3 were asked."""
    specs = [dataclasses.replace(plain_spec, seed=seed) for seed in (0, 1)]
    likelihoods = [{"mean": -1.0, "per_image": [-1.0]}, {"mean": -2.0, "per_image": [-2.0]}]
    return MethodRuns(specs, [made_up(4), made_up(3, 0.5)], 3, likelihoods, store)


def test_runs_are_cut_to_the_epochs_that_were_asked(method):
    np.testing.assert_array_equal(method.history("test_bound"), [[1, 2, 3], [1.5, 2.5, 3.5]])
    np.testing.assert_array_equal(method.history("train_bound"), [[10, 20, 30], [15, 25, 35]])
    assert method.activity.shape == (2, 3, 2)
    np.testing.assert_array_equal(method.activity[1, :, 1], [-1.5, -2.5, -3.5])
    assert method.weights_epochs == [4, 3]
    assert method.log_likelihood_summary() == [{"mean": -1.0}, {"mean": -2.0}]


def test_a_description_is_of_the_last_epoch_that_was_asked(method):
    described = describe(method)
    assert described["ids"] == [spec.run_id for spec in method.specs]
    assert described["spec"] == method.specs[0].to_dict()
    assert described["test_bound"] == [3.0, 3.5] and described["train_bound"] == [30.0, 35.0]
    # Of 100, 200, 300 and 150, 250, 350 seconds.
    assert described["median_seconds_per_epoch"] == 225.0
    assert described["test_log_likelihood"] == [{"mean": -1.0}, {"mean": -2.0}]
    assert [trial[0]["keras"] for trial in described["trained_under"]] == ["0.0", "0.5"]


def test_epochs_whose_weights_every_trial_has(method):
    kept = {0: (1, 2, 3), 1: (2, 10)}
    for spec in method.specs:
        for epoch in kept[spec.seed]:
            method.store.save_snapshot(spec, epoch, [np.zeros(1)])
    # The second trial's third epoch is its last.
    assert method.kept_epochs() == [2, 3]
    assert dataclasses.replace(method, epochs=2).kept_epochs() == [2]
    with pytest.raises(StoreError, match=r"epochs \[4, 3\] without keeping.*--epochs"):
        dataclasses.replace(method, epochs=1).kept_epochs()


def test_models_have_the_weights_of_their_epoch(trained, spec):
    run = trained.load(spec, with_weights=True)
    method = MethodRuns([spec], [run], 2, [{}], trained)
    assert method.kept_epochs() == [1, 2]
    ((model, data),) = method.load_models()
    assert len(data.test) == 12

    def assert_weights(expected):
        for weight, value in zip(model.weights, expected, strict=True):
            np.testing.assert_array_equal(weight.numpy(), value)

    # The run went on to epoch 3, but 2 were asked.
    assert method.weights_epochs == [2]
    assert_weights(trained.load_snapshot(spec, 2))
    method.restore(model, 0, 3)
    assert_weights(run.weights)
    # Another process trains the run on: the figure's own curves end at epoch 3.
    longer = {name: np.append(values, 0.0) for name, values in run.history.items()}
    activity = np.concatenate([run.activity, run.activity[:1]])
    weights = [value + 1 for value in run.weights]
    trained.save(
        spec, dataclasses.replace(run, epochs=4, history=longer, activity=activity, weights=weights)
    )
    method = dataclasses.replace(method, epochs=3)
    assert method.weights_epochs == [3]
    model, _ = method.load_model(0)
    assert_weights(run.weights)
    method.restore(model, 0, 2)
    method.restore(model, 0, 3)
    assert_weights(run.weights)
    assert method.remembered(0, "measure", lambda: [1.5]) == [1.5]
    assert method.remembered(0, "measure", lambda: pytest.fail("computed again")) == [1.5]


def test_methods_are_compared_trial_by_trial_on_the_same_images(method):
    def of(*per_image, **changed):
        specs = [dataclasses.replace(spec, **changed) for spec in method.specs]
        estimates = [{"per_image": list(values), "epochs": method.epochs} for values in per_image]
        return dataclasses.replace(method, specs=specs, log_likelihood=estimates)

    found = compare_log_likelihoods(
        {
            "a": of((1.0, 3.0), (0.0, 0.0)),
            "b": of((2.0, 4.0), (1.0, 5.0)),
            "other data": of((0.0, 0.0), (0.0, 0.0), data=DataSpec(name="mnist")),
            "c": of((0.0, 0.0), (1.0,)),
        }
    )
    assert found == {
        "b - a": [
            {"mean": 1.0, "standard_error": 0.0},
            {"mean": 3.0, "standard_error": pytest.approx(2.0)},
        ],
        "c - a": [{"mean": -2.0, "standard_error": pytest.approx(1.0)}, None],
    }
    assert compare_log_likelihoods({}) == {}
    assert compare_log_likelihoods({"a": of((1.0, 2.0))}) == {}
    # Of another epoch than the figure's in one trial, as no weights of that one were kept.
    later = of((2.0, 4.0), (1.0, 5.0))
    later.log_likelihood[0]["epochs"] += 1
    found = compare_log_likelihoods({"a": of((1.0, 3.0), (0.0, 0.0)), "b": later})
    assert found["b - a"] == [None, {"mean": 3.0, "standard_error": pytest.approx(2.0)}]

"""Log-likelihoods of stored runs: what is remembered, and the statistics of their differences."""

import dataclasses
import json

import numpy as np
import pytest
from scipy import stats

from keras_vae.experiments.runs import evaluation
from keras_vae.experiments.runs.evaluation import (
    evaluate_log_likelihood,
    mean_and_error,
    paired_difference,
    remembered,
    stored_log_likelihood,
    without_images,
)
from keras_vae.experiments.runs.run_models import load_model
from keras_vae.experiments.runs.store import ReadOnlyStoreError, RunStore
from keras_vae.models.base import LatentVariableModel


@pytest.fixture
def computed(monkeypatch):
    """What was computed, each time: samples, images and the model's first weights."""
    calls = []

    def log_likelihood(model, images, num_samples):
        calls.append((num_samples, len(images), model.weights[0].numpy()))
        return -100.0 - np.arange(len(images)) / num_samples

    monkeypatch.setattr(LatentVariableModel, "log_likelihood", log_likelihood)
    return calls


def test_the_log_likelihood_is_the_models_own(trained, spec):
    result = evaluate_log_likelihood(spec, trained, 20)
    model, data = load_model(spec, trained)
    values = model.log_likelihood(data.test.images, 20)
    np.testing.assert_allclose(result["per_image"], values, atol=1e-4)
    np.testing.assert_allclose(result["mean"], values.mean(), rtol=1e-6)
    np.testing.assert_allclose(result["standard_error"], stats.sem(values), rtol=1e-5)
    assert (result["num_samples"], result["images"], result["epochs"]) == (20, 12, 3)
    assert json.loads(json.dumps(result)) == result


def test_each_estimate_is_computed_once(trained, spec, computed):
    # Epochs 1 and 2 were kept, 3 is the last one; of others there are no weights but the last.
    for num_samples, num_images, epochs, done in (
        (20, None, None, 3),
        (21, None, None, 3),
        (20, 5, None, 3),
        (20, 6, None, 3),
        (20, None, 2, 2),
        (20, None, 1, 1),
        (20, 5, 1, 1),
    ):
        asked = (spec, trained, num_samples, num_images, epochs)
        assert stored_log_likelihood(*asked) is None
        result = evaluate_log_likelihood(*asked)
        ((samples, images, weights),) = computed
        computed.clear()
        assert (samples, images) == (num_samples, num_images or 12)
        assert (result["num_samples"], result["images"]) == (samples, images)
        assert result["epochs"] == done
        kept = trained.load(spec, with_weights=True).weights
        if done < 3:
            kept = trained.load_snapshot(spec, done)
        np.testing.assert_array_equal(weights, kept[0])
        assert evaluate_log_likelihood(*asked) == stored_log_likelihood(*asked) == result
        assert computed == []
    last = stored_log_likelihood(spec, trained, 20)
    for epochs in (3, 7):
        assert evaluate_log_likelihood(spec, trained, 20, None, epochs) == last
    assert computed == []


def test_a_run_that_went_on_is_evaluated_anew(trained, spec, computed):
    first = evaluate_log_likelihood(spec, trained, 20)
    run = trained.load(spec, with_weights=True)
    longer = dataclasses.replace(
        run,
        epochs=4,
        activity=np.concatenate([run.activity, run.activity[-1:]]),
        history={name: np.append(values, 0.0) for name, values in run.history.items()},
        weights=[value + 1 for value in run.weights],
    )
    trained.save(spec, longer)
    assert stored_log_likelihood(spec, trained, 20) is None
    computed.clear()
    assert evaluate_log_likelihood(spec, trained, 20)["epochs"] == 4
    ((_, _, weights),) = computed
    np.testing.assert_array_equal(weights, longer.weights[0])
    assert stored_log_likelihood(spec, trained, 20, epochs=3) == first
    assert stored_log_likelihood(spec, trained, 20)["epochs"] == 4


def test_an_estimate_says_the_epoch_of_the_weights_that_it_is_of(
    trained, spec, computed, monkeypatch
):
    """Also where another process stores the next epoch between any two reads."""
    run, load = trained.load(spec, with_weights=True), evaluation.load_model

    def one_more():
        now = trained.load(spec).epochs + 1
        trained.save(
            spec,
            dataclasses.replace(
                run,
                epochs=now,
                activity=np.zeros((now, 4)),
                history={name: np.zeros(now) for name in run.history},
                weights=[np.full_like(value, now) for value in run.weights],
            ),
        )

    def load_later(*arguments):
        one_more()
        loaded = load(*arguments)
        one_more()
        return loaded

    one_more()
    monkeypatch.setattr(evaluation, "load_model", load_later)
    for epochs in (None, 2, None):
        result = evaluate_log_likelihood(spec, trained, 20, epochs=epochs)
        ((_, _, weights),) = computed
        computed.clear()
        label = 0 if epochs else int(weights.ravel()[0])
        assert result["epochs"] == (epochs or label)
    assert label == 8


def test_what_cannot_be_stored_in_a_read_only_store_is_computed_all_the_same(
    trained, spec, computed, monkeypatch
):
    def refuse(*_):
        raise ReadOnlyStoreError("read-only")

    stored = evaluate_log_likelihood(spec, trained, 20)
    monkeypatch.setattr(RunStore, "save_evaluation", refuse)
    assert evaluate_log_likelihood(spec, trained, 20) == stored
    assert evaluate_log_likelihood(spec, trained, 21)["num_samples"] == 21
    assert remembered(spec, trained, "a/measure", lambda: 1.5) == 1.5


def test_evaluations_keep_their_names(trained, spec, computed):
    """Those of stored runs have to be found again."""
    evaluate_log_likelihood(spec, trained, 20)
    evaluate_log_likelihood(spec, trained, 50, 5, epochs=2)
    assert set(trained.evaluations(spec)) == {
        "test_log_likelihood/20_samples/3_epochs",
        "test_log_likelihood/50_samples/2_epochs/5_images",
    }


def test_a_run_that_is_not_stored_cannot_be_evaluated(trained, spec):
    with pytest.raises(LookupError, match="No epoch of run"):
        evaluate_log_likelihood(dataclasses.replace(spec, seed=8), trained, 20)


def test_measures_are_remembered_by_name(trained, spec):
    assert remembered(spec, trained, "a/measure", lambda: [1.5]) == [1.5]
    assert remembered(spec, trained, "a/measure", lambda: pytest.fail("computed again")) == [1.5]
    assert remembered(spec, trained, "another", lambda: None) is None
    assert remembered(spec, trained, "another", lambda: pytest.fail("computed again")) is None
    assert trained.evaluations(spec) == {"a/measure": [1.5], "another": None}


def test_mean_and_error_by_hand():
    found = mean_and_error(np.array([1.0, 2.0, 6.0]))
    # Squared deviations 4 + 1 + 9 = 14; 14 / 2 / 3 is the square of the error.
    assert found == {"mean": 3.0, "standard_error": pytest.approx((14 / 6) ** 0.5)}
    values = np.random.default_rng(0).normal(size=50)
    assert mean_and_error(values)["standard_error"] == pytest.approx(stats.sem(values))


def test_paired_difference_by_hand():
    """The second less the first, image by image: 2, 0 and 4 nats."""
    first, second = {"per_image": [1.0, 5.0, -3.0]}, {"per_image": [3.0, 5.0, 1.0]}
    found = paired_difference(first, second)
    assert found == {"mean": 2.0, "standard_error": pytest.approx((8 / 2 / 3) ** 0.5)}
    assert paired_difference(second, first)["mean"] == -2.0


def test_no_difference_without_the_same_images():
    some, fewer = {"per_image": [1.0, 2.0, 3.0]}, {"per_image": [1.0, 2.0]}
    assert paired_difference(some, fewer) is None
    assert paired_difference(some, {"mean": -80.0}) is None
    one = {"per_image": [1.0]}
    assert paired_difference(one, one) is None
    assert paired_difference(fewer, fewer) == {"mean": 0.0, "standard_error": 0.0}


def test_values_per_image_are_left_out():
    estimate = {"mean": -80.0, "images": 2, "per_image": [-79.0, -81.0]}
    assert without_images(estimate) == {"mean": -80.0, "images": 2}
    assert "per_image" in estimate

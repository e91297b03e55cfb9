"""Runs: continued, killed, asked for twice, diverged."""

import dataclasses
import pathlib
import pickle
import subprocess
import sys

import keras
import numpy as np
import pytest

from keras_vae.experiments.figures.method_runs import MethodRuns
from keras_vae.experiments.runs.evaluation import evaluate_log_likelihood as evaluate_log_likelihood
from keras_vae.experiments.runs.snapshots import load_snapshot, save_snapshot, snapshot_epochs
from keras_vae.experiments.runs.spec import ModelSpec, OptimizerSpec
from keras_vae.experiments.runs.store import DamagedRunError, RunStore
from keras_vae.experiments.runs.training import (
    DivergedError,
    build_model,
    largest_divisor,
    load_model,
    train,
)

SCRIPT = pathlib.Path(__file__).with_name("run_once.py")
STEPS_PER_EPOCH = 40


def start(folder, spec, epochs, die_after=None):
    """Starts a process that trains a run in `folder / "store"`."""
    folder.mkdir(exist_ok=True)
    arguments = folder / f"arguments_{epochs}_{die_after}.pkl"
    arguments.write_bytes(pickle.dumps((spec, epochs, folder / "store", die_after)))
    return subprocess.Popen([sys.executable, str(SCRIPT), str(arguments)])


def assert_same_run(first, second):
    """Bit by bit, but for the seconds that the epochs took."""
    assert first.epochs == second.epochs
    np.testing.assert_array_equal(first.activity, second.activity)
    for name in first.history.keys() - {"seconds"}:
        np.testing.assert_array_equal(first.history[name], second.history[name], err_msg=name)
    for part in ("weights", "optimizer"):
        for ours, theirs in zip(getattr(first, part), getattr(second, part), strict=True):
            np.testing.assert_array_equal(ours, theirs)


def assert_same_snapshots(tmp_path, spec):
    """Weights kept on the way are there, equal, and can be put back into a model."""
    stores = [RunStore(tmp_path / name / "store") for name in ("whole", "killed")]
    folders = [store.run_folder(spec) for store in stores]
    method = MethodRuns([spec], [stores[1].load(spec)], 4, [], stores[1])
    assert [snapshot_epochs(folder) for folder in folders] == [[1, 2, 5]] * 2
    assert method.kept_epochs() == [1, 2]
    for epoch in (1, 2, 5):
        ours, theirs = (load_snapshot(folder, epoch) for folder in folders)
        for first, second in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(first, second)
    model, _ = method.load_model(0)
    last = [weight.numpy() for weight in model.weights]
    method.restore(model, 0, 2)
    for weight, expected in zip(model.weights, load_snapshot(folders[1], 2), strict=True):
        np.testing.assert_array_equal(weight, expected)
    method.restore(model, 0, 5)
    for weight, expected in zip(model.weights, last, strict=True):
        np.testing.assert_array_equal(weight, expected)
    assert method.remembered(0, "measure", lambda: [1.5]) == [1.5]
    assert method.remembered(0, "measure", lambda: pytest.fail("computed again")) == [1.5]


def test_snapshots_that_are_not_there_or_damaged(tmp_path):
    save_snapshot(tmp_path, 10, [np.ones(3), np.zeros((2, 2))])
    assert snapshot_epochs(tmp_path) == [10]
    with pytest.raises(LookupError, match=r"epoch 7 .*\[10\]"):
        load_snapshot(tmp_path, 7)
    (tmp_path / "weights_after_000010.npz").write_bytes(b"PK nonsense")
    with pytest.raises(DamagedRunError, match="weights_after_000010"):
        load_snapshot(tmp_path, 10)


def test_killed_continued_and_raced_runs_end_bit_identical(tmp_path, spec, digits):
    whole = start(tmp_path / "whole", spec, epochs=5)
    # In the middle of the third epoch, with warm-up, batch normalisation and fresh noise.
    killed = start(tmp_path / "killed", spec, epochs=5, die_after=2 * STEPS_PER_EPOCH + 20)
    assert whole.wait() == 0
    assert killed.wait() == -9
    store = RunStore(tmp_path / "killed" / "store")
    assert store.load(spec).epochs == 2
    # Two processes continue it at once.
    continued = [start(tmp_path / "killed", spec, epochs=5) for _ in range(2)]
    assert [process.wait() for process in continued] == [0, 0]
    expected = RunStore(tmp_path / "whole" / "store").load(spec, with_weights=True)
    assert expected.epochs == 5
    assert_same_run(store.load(spec, with_weights=True), expected)
    assert_same_snapshots(tmp_path, spec)


def test_a_stored_run_is_not_trained_again_and_can_be_extended(store, spec, digits):
    first = train(spec, 2, store)
    assert set(first.history) == {
        *(
            f"{split}_{name}"
            for split in ("train", "test")
            for name in ("loss", "bound", "reconstruction", "kl")
        ),
        "seconds",
    }
    assert first.activity.shape == (2, 4)
    path = store.run_folder(spec) / "checkpoint.npz"
    written = path.stat().st_mtime_ns
    assert train(spec, 1, store).epochs == 2
    assert path.stat().st_mtime_ns == written
    longer = train(spec, 3, store)
    assert longer.epochs == 3 and [v["first_epoch"] for v in longer.versions] == [0, 2]
    np.testing.assert_array_equal(longer.activity[:2], first.activity)


def test_a_stored_model_is_the_one_that_was_trained(store, plain_spec, digits):
    run = train(plain_spec, 1, store)
    model, data = load_model(plain_spec, store)
    model.compile()
    bound = model.evaluate(data.test_batches(500), verbose=0, return_dict=True)["bound"]
    np.testing.assert_allclose(bound, run.history["test_bound"][-1], rtol=1e-6)
    means = model.encode(data.test.images).mean().numpy()
    np.testing.assert_allclose(means.var(axis=0), run.activity[-1], rtol=1e-3)


def test_the_log_likelihood_is_stored_for_each_length(store, plain_spec, digits, monkeypatch):
    with pytest.raises(LookupError, match="No epoch of run"):
        evaluate_log_likelihood(plain_spec, store, 20)
    run = train(plain_spec, 1, store)
    result = evaluate_log_likelihood(plain_spec, store, 20)
    assert result["mean"] > run.history["test_bound"][-1]
    assert result["images"] == 1000 and result["epochs"] == 1
    assert 0 < result["standard_error"] < 5
    np.testing.assert_allclose(np.mean(result["per_image"]), result["mean"], atol=1e-4)
    train(plain_spec, 2, store)
    later = evaluate_log_likelihood(plain_spec, store, 20)
    assert later["epochs"] == 2 and later["mean"] != result["mean"]
    monkeypatch.setattr("keras_vae.experiments.runs.evaluation.load_model", None)
    assert evaluate_log_likelihood(plain_spec, store, 20) == later
    assert evaluate_log_likelihood(plain_spec, store, 20, epochs=1) == result


def test_divergence_is_an_error_and_keeps_the_epochs_before(store, plain_spec, digits):
    class Spoil(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 1:
                self.model.encoder.dense_layers[0].kernel.assign(
                    np.full((784, 8), np.nan, "float32")
                )

    with pytest.raises(DivergedError, match="epoch 2.*smaller learning rate"):
        train(plain_spec, 3, store, callbacks=[Spoil()])
    assert store.load(plain_spec).epochs == 1


def test_grey_levels_under_a_binary_likelihood_are_refused_unless_asked_for(
    store, plain_spec, digits
):
    grey = dataclasses.replace(plain_spec, data=dataclasses.replace(plain_spec.data, binarize=None))
    with pytest.raises(ValueError, match="binary pixels"):
        train(grey, 1, store)
    model = dataclasses.replace(grey.model, grey_levels=True)
    assert train(dataclasses.replace(grey, model=model), 1, store).epochs == 1


def test_epochs_must_be_positive(store, spec):
    with pytest.raises(ValueError, match="epochs.*at least 1"):
        train(spec, 0, store)


def test_the_spec_reaches_model_and_optimizer(spec):
    spec = dataclasses.replace(
        spec,
        model=ModelSpec(latent_dim=6, hidden_units=(9, 5), likelihood="gaussian"),
        optimizer=OptimizerSpec("sgd", (("momentum", 0.9), ("learning_rate", 0.5))),
    )
    model = build_model(spec, (28, 20))
    assert (model.latent_dim, model.hidden_units, model.seed) == (6, (9, 5), 7)
    assert model.objective.num_samples == 2 and model.image_shape == (28, 20)
    optimizer = spec.optimizer.make()
    assert optimizer.momentum == 0.9 and float(optimizer.learning_rate) == 0.5


@pytest.mark.parametrize("number, limit, expected", [(600, 100, 100), (40, 100, 40), (17, 8, 1)])
def test_largest_divisor(number, limit, expected):
    assert largest_divisor(number, limit) == expected

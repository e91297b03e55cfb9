"""Runs: continued, killed, asked for twice, diverged."""

import dataclasses
import functools
import math
import pathlib
import pickle
import subprocess
import sys

import keras
import numpy as np
import pytest

from keras_vae.activity import latent_activity
from keras_vae.experiments.runs import run_models, training
from keras_vae.experiments.runs.run_folder import snapshot_epochs
from keras_vae.experiments.runs.run_models import CompiledModels, load_model, restore
from keras_vae.experiments.runs.spec import DataSpec, ModelSpec
from keras_vae.experiments.runs.store import DamagedRunError, RunStore
from keras_vae.experiments.runs.training import (
    DivergedError,
    RefuseDivergence,
    check_runs,
    largest_divisor,
    train,
)
from keras_vae.models import VAE

SCRIPT = pathlib.Path(__file__).with_name("run_once.py")
STEPS_PER_EPOCH = 3


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
    assert first.history.keys() == second.history.keys()
    for name in first.history.keys() - {"seconds"}:
        np.testing.assert_array_equal(first.history[name], second.history[name], err_msg=name)
    for part in ("weights", "optimizer"):
        assert len(getattr(first, part)) > 0
        for ours, theirs in zip(getattr(first, part), getattr(second, part), strict=True):
            np.testing.assert_array_equal(ours, theirs)


def assert_same_snapshots(spec, first, second, epochs):
    """Weights kept on the way are there and equal in two stores."""
    for store in (first, second):
        assert snapshot_epochs(store.run_folder(spec)) == epochs
    for epoch in epochs:
        kept = (store.load_snapshot(spec, epoch) for store in (first, second))
        for ours, theirs in zip(*kept, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def assert_weights(model, expected):
    for weight, value in zip(model.weights, expected, strict=True):
        np.testing.assert_array_equal(weight.numpy(), value)


@pytest.mark.slow
def test_killed_continued_and_raced_runs_end_bit_identical(
    tmp_path, spec, small_images, monkeypatch
):
    # Several executions an epoch, as in the processes, so that there is a middle to die in.
    monkeypatch.setattr(training, "MAX_STEPS_PER_EXECUTION", 1)
    # In the middle of the third epoch, with warm-up, batch normalisation and fresh noise.
    killed = start(tmp_path / "killed", spec, epochs=5, die_after=2 * STEPS_PER_EPOCH + 2)
    whole = RunStore(tmp_path / "whole")
    train(spec, 5, whole, keep_weights=True)
    assert killed.wait() == -9
    store = RunStore(tmp_path / "killed" / "store")
    assert store.load(spec).epochs == 2
    # Two processes continue it at once.
    other = start(tmp_path / "killed", spec, epochs=5)
    train(spec, 5, store, keep_weights=True)
    assert other.wait() == 0
    assert_same_run(store.load(spec, with_weights=True), whole.load(spec, with_weights=True))
    assert_same_snapshots(spec, store, whole, [1, 2, 5])


def test_one_epoch_and_two_more_are_three(store, spec, small_images, eager, three_epochs):
    first = train(spec, 1, store, keep_weights=True)
    assert first.epochs == 1 and first.activity.shape == (1, 4)
    longer = train(spec, 3, store, keep_weights=True)
    assert [stretch["first_epoch"] for stretch in longer.versions] == [0, 1]
    assert longer.versions[1].keys() >= {"python", *training.PACKAGES}
    at_once = RunStore(three_epochs)
    assert_same_run(store.load(spec, with_weights=True), at_once.load(spec, with_weights=True))
    assert_same_snapshots(spec, store, at_once, [1, 2])


def test_runs_of_a_kind_are_traced_once_and_are_as_if_each_were_the_first(
    store, spec, small_images, monkeypatch, tmp_path
):
    compile_model = VAE.compile
    without_xla = functools.partialmethod(compile_model, jit_compile=False)
    monkeypatch.setattr(VAE, "compile", without_xla)
    monkeypatch.setattr(training, "_models", CompiledModels())
    traced, log_terms = [], VAE.log_terms
    monkeypatch.setattr(VAE, "log_terms", lambda *a, **k: traced.append(0) or log_terms(*a, **k))
    # They differ in what is no part of the compiled step: seed, warm-up, data.
    other = dataclasses.replace(
        spec,
        seed=8,
        objective=dataclasses.replace(spec.objective, warm_up_epochs=0),
        data=DataSpec("mnist_5k", "static"),
    )
    train(spec, 1, store)
    once = len(traced)
    train(other, 2, store)
    assert once > 0 and len(traced) == once
    # Another step is another kind.
    train(dataclasses.replace(other, batch_size=4), 1, store)
    assert len(traced) > once
    monkeypatch.setattr(training, "_models", CompiledModels())
    alone = RunStore(tmp_path / "alone")
    train(other, 2, alone)
    assert_same_run(store.load(other, with_weights=True), alone.load(other, with_weights=True))


def test_what_is_stored_is_not_trained_again(trained, spec, monkeypatch):
    monkeypatch.setattr(training, "untrained_model", lambda *_: pytest.fail("trained again"))
    with monkeypatch.context() as patch:
        # Another process may hold the run for hours, to train it further.
        patch.setattr(RunStore, "lock", lambda *_: pytest.fail("waits for others"))
        for epochs in (1, 3):
            run = train(spec, epochs, trained)
            assert run.epochs == 3 and run.weights == []
    with pytest.raises(pytest.fail.Exception):
        train(spec, 4, trained)


def test_a_run_keeps_its_columns(trained, spec):
    run = trained.load(spec)
    terms = ("loss", "bound", "reconstruction", "kl")
    columns = {f"{split}_{name}" for split in ("train", "test") for name in terms}
    assert set(run.history) == {*columns, "seconds"}
    assert all(values.shape == (3,) for values in run.history.values())
    assert (run.history["seconds"] > 0).all()


def test_weights_are_kept_where_that_is_asked(store, plain_spec, small_images, eager):
    train(plain_spec, 1, store)
    assert snapshot_epochs(store.run_folder(plain_spec)) == []


def test_warm_up_is_in_a_stored_run_and_evaluation_is_without(
    store, plain_spec, small_images, eager
):
    """Also in a run that is continued: beta is that of the epoch."""
    warm_up = dataclasses.replace(plain_spec.objective, warm_up_epochs=3)
    spec = dataclasses.replace(plain_spec, objective=warm_up)
    train(spec, 2, store)
    history = train(spec, 4, store).history
    for split, beta in (("train", np.array([0, 1 / 3, 2 / 3, 1])), ("test", 1.0)):
        loss, bound, reconstruction, kl = (
            history[f"{split}_{name}"] for name in ("loss", "bound", "reconstruction", "kl")
        )
        assert (kl > 0.001).all()
        np.testing.assert_allclose(loss, beta * kl - reconstruction, rtol=1e-6)
        np.testing.assert_allclose(bound, reconstruction - kl, rtol=1e-6)


def test_a_stored_model_is_the_one_that_was_trained(trained, spec):
    run = trained.load(spec)
    model, data = load_model(spec, trained)
    for epoch in (3, 2, None):
        assert restore(model, spec, trained, epoch) == (epoch or 3)
        row = (epoch or 3) - 1
        means = model.encode(data.test.images).mean().numpy()
        np.testing.assert_allclose(latent_activity(means), run.activity[row], rtol=1e-5)
        model.compile()
        found = model.evaluate(data.test_batches(500), verbose=0, return_dict=True)
        for name, value in found.items():
            np.testing.assert_allclose(value, run.history[f"test_{name}"][row], rtol=1e-5)


def test_weights_of_an_epoch_are_those_that_were_kept(trained, spec):
    last = trained.load(spec, with_weights=True).weights
    model, _ = load_model(spec, trained)
    assert_weights(model, last)
    kept = trained.load_snapshot(spec, 1)
    assert not np.array_equal(kept[0], last[0])
    restore(model, spec, trained, 1)
    assert_weights(model, kept)
    with pytest.raises(LookupError, match=r"epoch 7 .*\[1, 2\]"):
        restore(model, spec, trained, 7)
    unknown = dataclasses.replace(spec, seed=8)
    for ask in (
        lambda: load_model(unknown, trained),
        lambda: restore(model, unknown, trained),
    ):
        with pytest.raises(LookupError, match=f"No epoch of run {unknown.run_id}"):
            ask()


def test_a_run_that_goes_on_meanwhile_gives_the_weights_that_were_asked(trained, spec, monkeypatch):
    model, _ = load_model(spec, trained)
    # A third epoch was stored after this was asked.
    monkeypatch.setattr(trained, "epochs_done", lambda spec: 2)
    assert restore(model, spec, trained, 2) == 2
    assert_weights(model, trained.load_snapshot(spec, 2))
    assert restore(model, spec, trained) == 3
    assert_weights(model, trained.load(spec, with_weights=True).weights)


def test_arrays_that_do_not_fit_the_model_are_damage(trained, spec):
    run = trained.load(spec, with_weights=True)
    model, _ = load_model(spec, trained)
    kept = run.weights
    wrong_type = [value.astype("f8") for value in kept]
    for wrong in (kept[1:], [*kept, kept[0]], [np.append(kept[0], 0), *kept[1:]], wrong_type):
        with pytest.raises(DamagedRunError, match="do not fit.*expected.*found.*Delete"):
            run_models.assign(model.weights, wrong, spec, trained)
    trained.save_snapshot(spec, 2, kept[1:])
    trained.save(spec, dataclasses.replace(run, optimizer=run.optimizer[1:]))
    for read in (lambda: restore(model, spec, trained, 2), lambda: train(spec, 4, trained)):
        with pytest.raises(DamagedRunError, match="do not fit"):
            read()
    less = {name: values for name, values in run.history.items() if name != "test_kl"}
    for wrong in ({"history": less}, {"activity": run.activity[:, 1:]}):
        trained.save(spec, dataclasses.replace(run, **wrong))
        with pytest.raises(DamagedRunError, match="history.*does not fit.*Delete"):
            train(spec, 4, trained)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_not_finite_are_divergence(spec, value):
    refuse = RefuseDivergence(spec)
    refuse.on_epoch_end(4, {"loss": 1e30, "val_loss": -1e30})
    for name in ("loss", "val_kl"):
        with pytest.raises(DivergedError, match=f"{spec.run_id} diverged in epoch 5.*smaller"):
            refuse.on_epoch_end(4, {"bound": 1.0, name: value})


def test_divergence_is_an_error_and_keeps_the_epochs_before(store, plain_spec, small_images, eager):
    class Spoil(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 1:
                kernel = self.model.encoder.dense_layers[0].kernel
                kernel.assign(np.full(kernel.shape, np.nan, "float32"))

    with pytest.raises(DivergedError, match="epoch 2"):
        train(plain_spec, 3, store, callbacks=[Spoil()])
    run = store.load(plain_spec, with_weights=True)
    assert run.epochs == 1 and all(np.isfinite(weights).all() for weights in run.weights)


def test_grey_levels_under_a_binary_likelihood_are_refused_unless_asked_for(
    store, plain_spec, small_images, eager
):
    grey = dataclasses.replace(plain_spec, data=dataclasses.replace(plain_spec.data, binarize=None))
    with pytest.raises(ValueError, match="binary pixels"):
        train(grey, 1, store)
    model = dataclasses.replace(grey.model, grey_levels=True)
    assert train(dataclasses.replace(grey, model=model), 1, store).epochs == 1


def test_data_that_do_not_suit_a_run_are_found_beforehand(spec, small_images):
    some = dataclasses.replace(spec, data=DataSpec(name="mnist_5k", train_images=8))
    assert check_runs([spec, some, spec]) == [26, 8, 26]
    with pytest.raises(ValueError, match="8. Received: 9"):
        check_runs([spec, some, dataclasses.replace(some, batch_size=9)])
    vamp = ModelSpec(prior="vamp", prior_components=9, pseudo_inputs="data")
    with pytest.raises(ValueError, match="9 pseudo-inputs.*from 8"):
        check_runs([spec, dataclasses.replace(some, model=vamp)])
    with pytest.raises(ValueError, match="class: 4"):
        check_runs([dataclasses.replace(spec, data=DataSpec(name="mnist_5k", classes=(4,)))])


@pytest.mark.parametrize("epochs", [0, -1])
def test_epochs_must_be_positive(store, spec, epochs):
    with pytest.raises(ValueError, match="epochs.*at least 1"):
        train(spec, epochs, store)


@pytest.mark.parametrize(
    "number, limit, expected",
    [(600, 100, 100), (40, 100, 40), (17, 8, 1), (100, 100, 100), (12, 7, 6)],
)
def test_largest_divisor(number, limit, expected):
    assert largest_divisor(number, limit) == expected

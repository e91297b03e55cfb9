"""Many runs: which are trained, how many at a time, and what a failure leaves."""

import dataclasses
import io
import threading

import keras
import numpy as np
import pytest
from rich.console import Console

from keras_vae import UserError
from keras_vae.experiments.runs import sweeps, workers
from keras_vae.experiments.runs.run_models import NoEpochError
from keras_vae.experiments.runs.spec import DataSpec, ModelSpec, ObjectiveSpec
from keras_vae.experiments.runs.store import DamagedRunError, StoredRun, StoreError
from keras_vae.experiments.runs.sweeps import (
    SweepError,
    cost_per_epoch,
    default_jobs,
    train_all,
)
from keras_vae.experiments.runs.training import DivergedError


def made_up(epochs):
    return StoredRun(
        epochs=epochs,
        history={"test_bound": np.zeros(epochs)},
        activity=np.zeros((epochs, 4)),
        weights=[],
        optimizer=[],
        versions=[],
    )


def add(store, spec, epochs, *evaluated):
    """Stores a made-up run with log-likelihoods of 50 samples at some lengths."""
    store.run_folder(spec).mkdir(parents=True, exist_ok=True)
    store.save(spec, made_up(epochs))
    for length in evaluated:
        store.save_evaluation(spec, f"test_log_likelihood/50_samples/{length}_epochs", {})


@pytest.fixture
def seeds(plain_spec):
    return [dataclasses.replace(plain_spec, seed=seed) for seed in range(4)]


@pytest.fixture
def attempts(monkeypatch, small_images):
    """Runs that were trained or evaluated, as (seed, ...); each only writes a made-up run."""
    calls = {"train": [], "evaluate": []}

    def train(spec, epochs, store, callbacks=(), keep_weights=False):
        calls["train"].append((spec.seed, epochs, len(callbacks), keep_weights))
        add(store, spec, max(epochs, store.epochs_done(spec)))

    def evaluate(spec, store, num_samples, num_images, epochs):
        calls["evaluate"].append((spec.seed, num_samples, num_images, epochs))

    monkeypatch.setattr(sweeps, "train", train)
    monkeypatch.setattr(sweeps, "evaluate_log_likelihood", evaluate)
    return calls


def test_what_is_asked_reaches_every_run(attempts, seeds, store):
    runs = train_all(
        seeds[:3],
        [2, 1, 3],
        store,
        jobs=1,
        num_samples=7,
        num_images=5,
        make_callbacks=lambda spec: [keras.callbacks.Callback()] * spec.seed,
        keep_weights=True,
    )
    assert [run.epochs for run in runs] == [2, 1, 3]
    assert attempts["train"] == [(0, 2, 0, True), (1, 1, 1, True), (2, 3, 2, True)]
    assert attempts["evaluate"] == [(0, 7, 5, 2), (1, 7, 5, 1), (2, 7, 5, 3)]


def test_one_number_of_epochs_is_for_every_run(attempts, seeds, store):
    assert [run.epochs for run in train_all(seeds[:2], 4, store, jobs=1)] == [4, 4]
    assert attempts["train"] == [(0, 4, 0, False), (1, 4, 0, False)]
    assert attempts["evaluate"] == [(0, 50, None, 4), (1, 50, None, 4)]


def test_only_what_is_missing_is_done(attempts, seeds, store):
    done, not_evaluated, shorter, longer = seeds
    add(store, done, 3, 3)
    add(store, not_evaluated, 3, 2)
    add(store, shorter, 2, 2)
    add(store, longer, 4, 4)
    runs = train_all(seeds, 3, store, jobs=1)
    assert [run.epochs for run in runs] == [3, 3, 3, 4]
    assert [seed for seed, *_ in attempts["train"]] == [1, 2]
    attempts["train"].clear()
    train_all([done], 3, store, jobs=1, num_samples=51)
    train_all([longer], 3, store, jobs=1, num_images=5)
    assert [seed for seed, *_ in attempts["train"]] == [0, 3]


def test_a_failed_run_leaves_the_others(attempts, seeds, store, monkeypatch):
    train = sweeps.train

    def fail(spec, *arguments):
        if spec.seed == 0:
            raise DivergedError("the first diverged")
        if spec.seed == 2:
            raise StoreError("the third met a full disk")
        return train(spec, *arguments)

    monkeypatch.setattr(sweeps, "train", fail)
    with pytest.raises(SweepError, match="^the first diverged\nthe third met a full disk$"):
        train_all(seeds, 2, store, jobs=1)
    assert [store.epochs_done(spec) for spec in seeds] == [0, 2, 0, 2]
    # A process that is killed twice is named as well.
    with monkeypatch.context() as patch:
        patch.setattr(workers, "call_each", lambda function, each, jobs, lost: [lost(1), None])
        with pytest.raises(SweepError, match=f"{seeds[1].run_id} was killed twice.*--jobs 1"):
            train_all(seeds[:2], 5, store, jobs=2)
    # What was not foreseen is not collected.
    monkeypatch.setattr(sweeps, "train", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        train_all(seeds[:1], 2, store, jobs=1)


def test_nothing_is_trained_where_something_is_wrong(attempts, seeds, store, monkeypatch):
    for arguments in ({"epochs": 0}, {"epochs": [1, 0]}, {"epochs": 1, "jobs": 0}):
        with pytest.raises(ValueError, match="at least 1"):
            train_all(seeds[:2], arguments.pop("epochs"), store, **arguments)
    add(store, seeds[1], 1)
    (store.run_folder(seeds[1]) / "checkpoint.npz").write_bytes(b"nothing")
    with pytest.raises(DamagedRunError):
        train_all(seeds, 1, store, jobs=1)
    large = dataclasses.replace(seeds[0], batch_size=27)
    with pytest.raises(UserError, match="batch_size"):
        train_all([seeds[2], large], 1, store, jobs=1)
    prepared = []
    monkeypatch.setattr(type(store), "prepare", lambda _, *asked: prepared.append(asked))
    train_all(seeds[2:], 1, store, jobs=1, keep_weights=True)
    train_all(seeds[2:3], 1, store, jobs=1)
    assert prepared == [(2, True), (1, False)]
    assert [seed for seed, *_ in attempts["train"]] == [2, 3, 2]


@pytest.mark.parametrize(
    "jobs, cores, expected", [(1, 8, (1, 8)), (3, 8, (3, 2)), (4, 2, (4, 1)), (None, 3, (3, 1))]
)
def test_cores_are_shared_among_the_jobs(
    attempts, seeds, store, monkeypatch, jobs, cores, expected
):
    monkeypatch.setattr(sweeps.backend, "cores", lambda: cores)
    monkeypatch.setattr(sweeps.backend, "gpus", list)
    threads, asked = [], []
    monkeypatch.setattr(sweeps.backend, "configure", threads.append)

    def call_each(function, arguments, jobs, lost):
        asked.append(jobs)
        return [function(*each) for each in arguments]

    monkeypatch.setattr(sweeps.workers, "call_each", call_each)
    monkeypatch.setattr(sweeps, "SHORT", 3 * 26 * 4 - 1)
    train_all(seeds, 1, store, jobs=jobs)
    assert asked == [expected[0]]
    assert threads == [expected[1]] * 4


@pytest.mark.parametrize(
    "runs, gpus, cores, expected, of_short_ones",
    [
        *((3, 0, 8, 3, 1), (20, 0, 8, 8, 8), (20, 1, 8, 4, 4), (20, 2, 2, 8, 8), (3, 1, 1, 3, 1)),
        *((0, 0, 8, 1, 1), (4, 0, 2, 2, 1), (5, 0, 2, 2, 2)),
    ],
)
def test_runs_at_a_time_suit_the_machine_and_a_few_short_ones_stay_in_this_process(
    monkeypatch, runs, gpus, cores, expected, of_short_ones
):
    monkeypatch.setattr(sweeps.backend, "cores", lambda: cores)
    monkeypatch.setattr(sweeps.backend, "gpus", lambda: ["a GPU"] * gpus)
    assert default_jobs(runs, sweeps.SHORT + 1) == expected
    assert default_jobs(runs, sweeps.SHORT) == of_short_ones


def test_costs(plain_spec):
    def cost(images, samples, *upper):
        model = ModelSpec(latent_dim=4, hidden_units=(8,), upper_latent_dims=upper)
        objective = ObjectiveSpec("iwae", num_samples=samples)
        return cost_per_epoch(
            dataclasses.replace(plain_spec, model=model, objective=objective), images
        )

    assert cost(100, 1) == 300 and cost(100, 5) == 700 and cost(10, 1) == 30
    assert cost(100, 1, 3, 2) == 900


def test_the_bar_is_renewed_while_runs_are_trained(attempts, seeds, store, monkeypatch):
    monkeypatch.setattr(sweeps, "POLL_SECONDS", 0.001)
    renewed = threading.Semaphore(0)

    class Bar(sweeps.Progress):
        def update(self, task, **shown):
            renewed.release()
            super().update(task, **shown)

    def train(spec, epochs, store, *args):
        # The first is before anything is trained.
        assert all(renewed.acquire(timeout=60) for _ in range(4))
        add(store, spec, epochs)

    monkeypatch.setattr(sweeps, "Progress", Bar)
    monkeypatch.setattr(sweeps, "train", train)
    train_all(seeds[:1], 1, store, jobs=1, console=Console(file=io.StringIO()))


def test_the_bar_follows_the_store(attempts, seeds, store, monkeypatch):
    """It ends where the work does, and counts what was there before."""
    monkeypatch.setattr(sweeps, "POLL_SECONDS", 1000)
    half = dataclasses.replace(seeds[0], data=DataSpec(name="mnist_5k", train_images=13))
    bars = []

    class Bar(sweeps.Progress):
        def update(self, task, **shown):
            bars.append((self.tasks[0].total, shown))
            super().update(task, **shown)

    monkeypatch.setattr(sweeps, "Progress", Bar)
    add(store, half, 2)
    add(store, seeds[3], 9, 9)
    train_all([half, seeds[1]], [4, 2], store, jobs=1, console=Console(file=io.StringIO()))
    total = 3 * (13 * 4 + 26 * 2)
    assert bars == [
        (total, {"completed": 3 * 13 * 2, "description": "2 runs, epoch 2 of 6"}),
        (total, {"completed": total, "description": "0 of 2 log-likelihoods"}),
    ]
    add(store, seeds[2], 9, 1)
    train_all([seeds[2], seeds[1]], 2, store, jobs=1, console=Console(file=io.StringIO()))
    # Of a run that is longer no more than what was asked counts.
    assert bars[-1][1]["completed"] == bars[-1][0] == 3 * 26 * 4


def test_the_bar_is_drawn_on_the_console_that_is_given(attempts, seeds, store, capsys):
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    train_all(seeds[:1], 1, store, jobs=1, console=console)
    assert "0 of 1 log-likelihoods" in console.file.getvalue()
    assert capsys.readouterr().out == ""


def test_workers_know_parts_that_a_script_added(store, spec, tmp_path, monkeypatch):
    """As in a worker process: one that does not know them."""
    passed = []
    for known in sweeps.PARTS:
        monkeypatch.setitem(known, "mine", type("Mine", (), {}))
    monkeypatch.setattr(sweeps, "_train_missing", lambda *arguments: passed.append(arguments[4]))
    with pytest.raises(NoEpochError):
        # Nothing was trained.
        train_all([spec], 1, store)
    work = dataclasses.replace(passed[0], store=str(tmp_path))
    added = [known.pop("mine") for known in sweeps.PARTS]
    sweeps._find_missing("none", [], work)
    assert not any("mine" in known for known in sweeps.PARTS)
    (tmp_path / "there").touch()
    assert sweeps._find_missing("there", [], work) is None
    assert [known["mine"] for known in sweeps.PARTS] == added


def test_a_worker_says_whether_it_sees_the_store(store, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    store.folder.mkdir(exist_ok=True)
    work = sweeps.Work(
        str(store.folder), (50, None), None, None, False, (), ({},) * 3, ("asker", 1), 1
    )
    with store.marker() as name:
        assert sweeps._find_missing(name, [], work) is None
        blind = dataclasses.replace(work, store=str(elsewhere))
        assert str(elsewhere) in sweeps._find_missing(name, [], blind)

"""Runs on a Dask cluster: two worker processes, one of which is killed."""

import contextlib
import dataclasses
import os
import signal

import keras
import numpy as np
import pytest

from keras_vae import datasets
from keras_vae.datasets import Source
from keras_vae.experiments.runs import workers
from keras_vae.experiments.runs.spec import DataSpec
from keras_vae.experiments.runs.store import RunStore
from keras_vae.experiments.runs.sweeps import train_all
from keras_vae.experiments.runs.workers import ClusterError

distributed = pytest.importorskip("distributed")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
EPOCHS = 6


@pytest.fixture
def cluster(tmp_path):
    with distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        dashboard_address=None,
        local_directory=str(tmp_path / "dask"),
    ) as cluster:
        yield cluster


@pytest.fixture
def specs(plain_spec, monkeypatch):
    """Two runs on a data set that the workers are given."""

    def arrays():
        pixels = np.random.default_rng(0).integers(0, 256, (26, 4, 4)).astype(np.uint8)
        return {"x_train": pixels, "x_test": pixels[:12]}

    monkeypatch.setattr(datasets, "_sources", dict(datasets._sources))
    made = Source(name="dots", train_images=26, test_images=12, labelled=False, arrays=arrays)
    datasets.register(made)
    data = DataSpec(name="dots")
    return [dataclasses.replace(plain_spec, data=data, seed=seed) for seed in (0, 1)]


def test_a_killed_worker_changes_no_bit(cluster, specs, tmp_path):
    whole, killed = RunStore(tmp_path / "whole"), RunStore(tmp_path / "killed")
    at_once = train_all(specs, EPOCHS, whole, jobs=1)
    marker = tmp_path / "was killed"

    def make_callbacks(spec):
        class Kill(keras.callbacks.Callback):
            def on_epoch_begin(self, epoch, logs=None):
                if spec.seed == 1 and epoch == 3 and not marker.exists():
                    marker.touch()
                    os.kill(os.getpid(), signal.SIGKILL)

        return [Kill()]

    runs = train_all(
        specs, EPOCHS, killed, dask=cluster.scheduler_address, make_callbacks=make_callbacks
    )
    assert marker.exists() and [len(run.versions) for run in runs] == [1, 2]
    for spec, ours, theirs in zip(specs, runs, at_once, strict=True):
        for value, expected in zip(ours.weights, theirs.weights, strict=True):
            np.testing.assert_array_equal(value, expected)
        np.testing.assert_array_equal(ours.history["test_bound"], theirs.history["test_bound"])
        stored = (store.evaluations(spec) for store in (killed, whole))
        means = [next(iter(found.values()))["mean"] for found in stored]
        assert means[0] == means[1]


def test_workers_that_lack_something_say_so_before_training(cluster, specs, tmp_path, monkeypatch):
    store = RunStore(tmp_path / "store")
    address = cluster.scheduler_address
    monkeypatch.setattr(RunStore, "marker", lambda self: contextlib.nullcontext("elsewhere"))
    with pytest.raises(ClusterError, match="(?s)Dask worker.*does not see the run store.*--store"):
        train_all(specs, 1, store, dask=address)
    monkeypatch.undo()
    nowhere = dataclasses.replace(specs[0], data=DataSpec(name="frey_faces"))
    monkeypatch.setattr("keras_vae.experiments.runs.sweeps.check_runs", lambda specs: [1])
    with pytest.raises(ClusterError, match="(?s)Dask worker.*'frey_faces'"):
        train_all([nowhere], 1, store, dask=address)
    assert not [path for path in store.folder.iterdir() if path.is_dir()]


def test_a_scheduler_without_workers_is_said(monkeypatch, specs, tmp_path):
    monkeypatch.setattr(workers, "DASK_SECONDS", 1)
    with (
        distributed.LocalCluster(n_workers=0, dashboard_address=None) as cluster,
        pytest.raises(ClusterError, match="has no workers. Start some with: dask worker"),
    ):
        train_all(specs, 1, RunStore(tmp_path), dask=cluster.scheduler_address)

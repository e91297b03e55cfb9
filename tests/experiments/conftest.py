"""A run small enough to train in seconds."""

import contextlib
import dataclasses
import shutil
import warnings

import pytest
import small_data
import tensorflow as tf
from matplotlib import pyplot

import keras_vae as kv
from keras_vae.experiments.runs import training
from keras_vae.experiments.runs.spec import ModelSpec, ObjectiveSpec
from keras_vae.experiments.runs.store import RunStore


@pytest.fixture(autouse=True)
def closed_pictures():
    """Keeps pyplot from gathering every test's pictures: it warns of more than twenty."""
    yield
    pyplot.close("all")


@pytest.fixture
def spec():
    return small_data.SPEC


@pytest.fixture
def plain_spec(spec):
    """One without random layers and warm-up, where the run's kind does not matter."""
    plain = ModelSpec(latent_dim=4, hidden_units=(8,))
    return dataclasses.replace(spec, model=plain, objective=ObjectiveSpec())


@pytest.fixture
def small_images(monkeypatch):
    """Runs see 16 pixels, whatever their data set."""
    monkeypatch.setattr(kv.datasets, "load", small_data.load)


@pytest.fixture
def eager(monkeypatch):
    """Where the compiler is not the subject, steps are neither traced nor compiled."""
    with run_eagerly(monkeypatch):
        yield


@contextlib.contextmanager
def run_eagerly(patch):
    patch.setattr(training, "MAX_STEPS_PER_EXECUTION", 1)
    tf.config.run_functions_eagerly(True)
    try:
        with warnings.catch_warnings():
            # Functions of data sets are traced all the same.
            warnings.filterwarnings("ignore", "Even though the `tf.config.exp", UserWarning)
            yield
    finally:
        tf.config.run_functions_eagerly(False)


@pytest.fixture(scope="session")
def three_epochs(tmp_path_factory):
    """Folder of a store with three epochs of `spec`, their weights kept; to be copied."""
    folder = tmp_path_factory.mktemp("trained") / "store"
    with pytest.MonkeyPatch.context() as patch, run_eagerly(patch):
        patch.setattr(kv.datasets, "load", small_data.load)
        training.train(small_data.SPEC, 3, RunStore(folder), keep_weights=True)
    return folder


@pytest.fixture
def trained(store, three_epochs, small_images, eager):
    """A store of its own with the three epochs of `spec`."""
    shutil.copytree(three_epochs, store.folder)
    return store


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "store")

"""A run small enough to train in seconds."""

import dataclasses

import pytest

from keras_vae.experiments.reports.activity.protocol import ADAM
from keras_vae.experiments.runs.spec import DataSpec, ModelSpec, ObjectiveSpec, RunSpec
from keras_vae.experiments.runs.store import RunStore


@pytest.fixture
def spec():
    return RunSpec(
        data=DataSpec(name="mnist_5k", binarize="stochastic"),
        model=ModelSpec(latent_dim=4, hidden_units=(8,), batch_norm=True),
        objective=ObjectiveSpec(name="iwae", num_samples=2, warm_up_epochs=3),
        optimizer=ADAM,
        seed=7,
    )


@pytest.fixture
def plain_spec(spec):
    """One that compiles in half the time, where the run's kind does not matter."""
    plain = ModelSpec(latent_dim=4, hidden_units=(8,))
    return dataclasses.replace(spec, model=plain, objective=ObjectiveSpec())


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "store")

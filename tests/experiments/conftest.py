"""A run small enough to train in seconds."""

import pytest

from keras_vae.experiments.activity_report.protocol import ADAM
from keras_vae.experiments.spec import DataSpec, ModelSpec, ObjectiveSpec, RunSpec
from keras_vae.experiments.store import RunStore


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
def store(tmp_path):
    return RunStore(tmp_path / "store")

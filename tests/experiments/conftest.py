"""A run small enough to train in seconds, and made-up ones of three data sets."""

import dataclasses

import numpy as np
import pytest
from vampprior_runs import MODELS, Trained

import keras_vae as kv
from keras_vae.datasets import Split
from keras_vae.experiments.reports.activity.protocol import ADAM
from keras_vae.experiments.reports.vampprior import warm_up
from keras_vae.experiments.reports.vampprior.protocol import run_spec as vampprior_run
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


@pytest.fixture
def three_data_sets():
    """Methods of the three models on stand-ins for the report's three data sets."""
    rng = np.random.default_rng(0)
    sides = {"mnist": (28, 28), "frey_faces": (28, 20), "fashion_mnist": (28, 28)}
    methods = {}
    for dataset, shape in sides.items():
        train, test = (rng.integers(0, 256, size=(n, *shape)).astype(np.uint8) for n in (80, 20))
        binarize = "static" if dataset == "mnist" else None
        if binarize:
            train, test = (kv.datasets.image_data.threshold(x) for x in (train, test))
        data = kv.datasets.ImageData(dataset, binarize, Split(train), Split(test))
        for model in (*MODELS, warm_up.WITHOUT):
            spec = vampprior_run(dataset, 0, model)
            methods[f"{dataset}/{model}"] = Trained(
                data=data,
                specs=[spec],
                epochs=30,
                weights_epochs=[30],
                activity=np.ones((1, 30, 4)),
                log_likelihood=[
                    {
                        "mean": -90.0,
                        "standard_error": 1.0,
                        "images": 3,
                        "num_samples": 50,
                        "epochs": 30,
                        "per_image": [-91.0, -90.0, -89.0],
                    }
                ],
            )
    return methods

"""What the figures of "An Explanatory Analysis of the Geometry of Latent Variables" have in common.

Where the report is silent, images are binarised at one half, batches have 100 images, Adam has
Keras' learning rate, and the Renyi bounds are trained with the ten samples that they are reported
with, at alpha = 1 too. Figures 3 and 5 are of the usual VAE, with one sample. Either way the KL
divergence of alpha = 1 is in closed form.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_vae import datasets
from keras_vae._internal.files import JsonObject
from keras_vae.experiments.figures.figure import Figure, Report
from keras_vae.experiments.figures.options import Preset
from keras_vae.experiments.reports import REPORTS
from keras_vae.experiments.runs.spec import (
    DataSpec,
    ModelSpec,
    ObjectiveSpec,
    OptimizerSpec,
    RunSpec,
)

REPORT = "geometry"
EPOCHS = 1000
NUM_SAMPLES = 10
LATENT_DIM = 30
# What `claims.unmet_requirements` asks of every claim.
NEEDED: dict[str, Any] = {
    "min_epochs": 50,
    "min_trials": 2,
    "own_options": ("alphas", "latent_dims"),
}
LASTING = (
    "The answer has to stay if the runs go on for as many epochs again at their rates since half "
    "of them, two standard errors included."
)

PROTOCOL = {
    "dataset": "mnist",
    "binarize": "not given; static at 0.5 here",
    "epochs": EPOCHS,
    "trials": "10 (the text also says 3)",
    "batch_size": "not given; 100 here",
    "optimizer": "Adam (learning rate not given; 1e-3 here)",
    "samples": "10 in the bound (1 for the usual VAE of Figures 3 and 5 here); 2,000 for the "
    "log-likelihood",
}
# `results` is the largest protocol that our own stored results reached.
PRESETS = {
    "smoke": Preset(dataset="mnist_5k", epochs=3, trials=1),
    "quick": Preset(dataset=None, epochs=8, trials=1, embedded_epochs=40),
    "results": Preset(
        dataset="mnist", epochs=50, trials=2, likelihood_samples=2000, likelihood_images=1000
    ),
    "paper": Preset(dataset="mnist", epochs=EPOCHS, trials=10, likelihood_samples=2000),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class GeometryFigure(Figure):
    """A figure of the report, under its protocol unless it says otherwise."""

    report: str = REPORT
    about: Report | None = REPORTS[REPORT]
    presets: dict[str, Preset] = dataclasses.field(default_factory=lambda: PRESETS)
    protocol: JsonObject = dataclasses.field(default_factory=lambda: PROTOCOL)
    datasets: tuple[str, ...] = dataclasses.field(default_factory=lambda: datasets.LABELLED)
    keep_weights: bool = True


def run_spec(
    dataset: str,
    seed: int,
    alpha: float = 1.0,
    latent_dim: int = LATENT_DIM,
    num_samples: int = NUM_SAMPLES,
) -> RunSpec:
    """A run of the report's architecture.

    Arguments:
        dataset: Name of the data set, which is binarised at one half.
        seed: Seed of the trial.
        alpha: Order of the Renyi bound; 1 is the ELBO.
        latent_dim: Number of latent dimensions.
        num_samples: Samples of q per image in training.

    Returns:
        `RunSpec`.
    """
    objective = ObjectiveSpec(name="elbo", num_samples=num_samples)
    if alpha != 1:
        objective = ObjectiveSpec(name="renyi", alpha=float(alpha), num_samples=num_samples)
    return RunSpec(
        data=DataSpec(name=dataset, binarize="static"),
        model=ModelSpec(
            latent_dim=latent_dim,
            hidden_units=(200, 200),
            activation="relu",
            kernel_initializer="glorot_uniform",
        ),
        objective=objective,
        optimizer=OptimizerSpec(arguments=(("learning_rate", 1e-3),)),
        seed=seed,
    )


def vae_spec(dataset: str, seed: int, latent_dim: int = LATENT_DIM) -> RunSpec:
    """The usual VAE in the report's architecture; see `run_spec`."""
    return run_spec(dataset, seed, latent_dim=latent_dim, num_samples=1)


def rates_since_half(epochs: Sequence[int], values: np.ndarray) -> np.ndarray:
    """How fast each trial changed since half of the epochs, or before: a rate, not a change.

    A change would be smaller the shorter the runs are.

    Arguments:
        epochs: Epochs at which it was measured, ascending.
        values: Array of shape (trials, epochs).

    Returns:
        Array of shape (trials,), in the values' unit per epoch; NaN if nothing was measured until
        half of the epochs.
    """
    earlier = [index for index, epoch in enumerate(epochs) if 2 * epoch <= epochs[-1]]
    if not earlier:
        return np.full(len(values), np.nan)
    start = earlier[-1]
    return (values[:, -1] - values[:, start]) / (epochs[-1] - epochs[start])

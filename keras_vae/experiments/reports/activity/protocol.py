"""What the figures of "Latent Space Activity and Visualization" run, and for how long."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from keras_vae.experiments.figures.figure import Figure
from keras_vae.experiments.figures.options import Preset
from keras_vae.experiments.runs.spec import (
    DataSpec,
    ModelSpec,
    ObjectiveSpec,
    OptimizerSpec,
    RunSpec,
    Specs,
)

REPORT = "activity"
METHOD_STYLES = {"IW": 0, "VAE": 1, "IW+BN": 2, "IW+WU": 3}
LATENT_DIM = 50
LATENT_DIMS = (2, 5, 10, 20, 50, 100)
NUM_SAMPLES = 5
WARM_UP_EPOCHS = 100
# Epochs below which a claim is not decided: about a plain contrast, about where training ends,
# and about where it ends after warm-up.
CONTRAST_EPOCHS = 50
CONVERGED_EPOCHS = 100
AFTER_WARM_UP_EPOCHS = 120
ADAM = OptimizerSpec(
    name="adam",
    arguments=(("learning_rate", 1e-3), ("beta_1", 0.9), ("beta_2", 0.9), ("epsilon", 1e-4)),
)
ELBO = ObjectiveSpec(name="elbo")
IMPORTANCE_WEIGHTED = ObjectiveSpec(name="iwae", num_samples=NUM_SAMPLES)
WARM_UP = ObjectiveSpec(name="iwae", num_samples=NUM_SAMPLES, warm_up_epochs=WARM_UP_EPOCHS)

PROTOCOL = {
    "dataset": "mnist",
    "binarize": "static at 0.5",
    "epochs": 300,
    "trials": "several (number not given)",
    "batch_size": 100,
    "optimizer": "Adam, learning rate 1e-3, beta_1 0.9, beta_2 0.9, epsilon 1e-4",
}

PRESETS = {
    "smoke": Preset(dataset="mnist_5k", epochs=3, trials=1),
    "quick": Preset(dataset=None, epochs=8, trials=1, embedded_epochs=60, embedded_trials=2),
    "paper": Preset(dataset="mnist", epochs=300, trials=3, likelihood_samples=5000),
}
TWO_TRIAL_PRESETS = {
    "smoke": PRESETS["smoke"],
    "quick": Preset(dataset=None, epochs=8, trials=1, embedded_epochs=60),
    "paper": Preset(dataset="mnist", epochs=300, trials=2, likelihood_samples=5000),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class ActivityFigure(Figure):
    """A figure of the report, under its protocol unless it says otherwise."""

    report: str = REPORT
    presets: dict = dataclasses.field(default_factory=lambda: TWO_TRIAL_PRESETS)
    protocol: dict = dataclasses.field(default_factory=lambda: PROTOCOL)


def run_spec(
    data: str | DataSpec,
    seed: int,
    objective: ObjectiveSpec = IMPORTANCE_WEIGHTED,
    latent_dim: int = LATENT_DIM,
    **model: Any,
) -> RunSpec:
    """A run under the report's optimiser.

    Arguments:
        data: `DataSpec`, or the name of a data set to binarise at one half.
        seed: Seed of the trial.
        objective: `ObjectiveSpec`.
        latent_dim: Number of latent dimensions.
        **model: Further arguments of `ModelSpec`.

    Returns:
        `RunSpec`.
    """
    if isinstance(data, str):
        data = DataSpec(name=data, binarize="static")
    return RunSpec(
        data=data,
        model=ModelSpec(latent_dim=latent_dim, **model),
        objective=objective,
        optimizer=ADAM,
        seed=seed,
    )


def method_specs(
    data: str | DataSpec,
    seed: int,
    names: Sequence[str] = ("VAE", "IW", "IW+BN", "IW+WU"),
    **model: Any,
) -> Specs:
    """Some of the four methods whose activity the report compares.

    Arguments:
        data: As in `run_spec`.
        seed: Seed of the trial.
        names: Names of the methods.
        **model: Further arguments of `ModelSpec`.

    Returns:
        Dictionary of `RunSpec` by method.
    """
    methods: dict[str, dict[str, Any]] = {
        "VAE": {"objective": ELBO},
        "IW": {},
        "IW+BN": {"batch_norm": True},
        "IW+WU": {"objective": WARM_UP},
    }
    return {name: run_spec(data, seed, **methods[name], **model) for name in names}


def latent_dim_specs(data: str | DataSpec, seed: int, sizes: Sequence[int] = LATENT_DIMS) -> Specs:
    """Importance weighting with these numbers of latent dimensions, by the number as text."""
    return {str(size): run_spec(data, seed, latent_dim=size) for size in sizes}

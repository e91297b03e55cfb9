"""What the figures of "An Explanatory Analysis of the Geometry of Latent Variables" have in common.

Where the report is silent, images are binarised at one half, batches have 100 images, Adam has
Keras' learning rate, and the Renyi bounds are trained with the ten samples that they are reported
with, at alpha = 1 too. Figures 3 and 5 are of the usual VAE, with one sample. Either way the KL
divergence of alpha = 1 is in closed form.
"""

from collections.abc import Sequence

import numpy as np

from keras_vae import datasets
from keras_vae.experiments.figures import claims
from keras_vae.experiments.figures.options import Options, Preset
from keras_vae.experiments.runs.spec import (
    DataSpec,
    ModelSpec,
    ObjectiveSpec,
    OptimizerSpec,
    RunSpec,
)

EPOCHS = 1000
NUM_SAMPLES = 10
LATENT_DIM = 30
# Epochs and trials below which a claim is not decided: about a plain contrast. What is said of
# where training ends needs a quantity that has stopped changing, too.
CONTRAST_EPOCHS = 50
TRIALS = 2

# What every `Figure` of the report is given. `results` is the largest protocol that our own stored
# results reached.
SHARED = {
    "report": "geometry",
    "presets": {
        "smoke": Preset(dataset="mnist_5k", epochs=3, trials=1),
        "quick": Preset(dataset=None, epochs=8, trials=1, embedded_epochs=40),
        "results": Preset(
            dataset="mnist", epochs=50, trials=2, likelihood_samples=2000, likelihood_images=1000
        ),
        "paper": Preset(dataset="mnist", epochs=EPOCHS, trials=10, likelihood_samples=2000),
    },
    "protocol": {
        "dataset": "mnist",
        "binarize": "not given; static at 0.5 here",
        "epochs": EPOCHS,
        "trials": "10 (the text also says 3)",
        "batch_size": "not given; 100 here",
        "optimizer": "Adam (learning rate not given; 1e-3 here)",
        "samples": "10 in the bound (1 for the usual VAE of Figures 3 and 5 here); 2,000 for the "
        "log-likelihood",
    },
    "datasets": datasets.LABELLED,
    "keep_weights": True,
}


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


def unmet_requirements(
    options: Options,
    weights_epochs: Sequence[int],
    *,
    settled: bool = True,
    min_trials: int = TRIALS,
) -> tuple[str, ...]:
    """Lists what keeps runs from deciding a claim.

    Arguments:
        options: `Options`.
        weights_epochs: Epochs after which the weights that were measured were stored.
        settled: Whether the quantity had stopped changing at the end, where that matters.
        min_trials: Runs of each kind below which it is not decided.

    Returns:
        Tuple of strings.
    """
    reasons = claims.unmet_requirements(
        options,
        min_epochs=CONTRAST_EPOCHS,
        min_trials=min_trials,
        settled=settled,
        weights_epochs=weights_epochs,
    )
    if options.choice("alphas") is not None or options.choice("latent_dims") is not None:
        reasons += ("orders or latent dimensions of the user's choice, not the report's",)
    return reasons


def change_since_half(epochs: Sequence[int], values: np.ndarray) -> float | None:
    """How much a mean over trials changed since half of the epochs, or before.

    Arguments:
        epochs: Epochs at which it was measured, ascending.
        values: Array of shape (trials, epochs).

    Returns:
        Float, or None if nothing was measured until then.
    """
    earlier = [index for index, epoch in enumerate(epochs) if 2 * epoch <= epochs[-1]]
    if not earlier:
        return None
    mean = values.mean(axis=0)
    return float(mean[-1] - mean[earlier[-1]])

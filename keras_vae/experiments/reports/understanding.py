"""What the figures of "Understanding Variational Auto-Encoder" have in common.

Where the report's text is silent, the runs follow its author's public code: biases drawn
uniformly in +-sqrt(3) and moved at twice the learning rate, and a weight decay of 5e-4.
"""

import dataclasses
import functools
from collections.abc import Callable

from keras_vae.experiments.figures.figure import Figure
from keras_vae.experiments.figures.options import Options, Preset
from keras_vae.experiments.reports import REPORTS, of_dataset
from keras_vae.experiments.runs.spec import (
    DataSpec,
    ModelSpec,
    ObjectiveSpec,
    OptimizerSpec,
    RunSpec,
    Specs,
)

REPORT = "understanding"
EPOCHS = 150
BATCH_SIZE = 250
LATENT_DIM = 20
BIAS_RATE = 2.0
WEIGHT_DECAY = 5e-4
VALIDATION_IMAGES = {"mnist": 10000, "fashion_mnist": 10000, "mnist_5k": 750, "frey_faces": 265}

PROTOCOL = {
    "dataset": "mnist",
    "binarize": "static, white from 0.5 on",
    "split": "first 50,000 training images; the last 10,000 of the training set to validate",
    "epochs": EPOCHS,
    "trials": "1",
    "batch_size": BATCH_SIZE,
    "optimizer": "SGD with momentum 0.9 at 5e-4, Adagrad 1e-2, RMSprop 1e-3, Adam 1e-3",
    "biases": "uniform in +-sqrt(3), at twice the learning rate, as the author's code has them",
    "weight_decay": "5e-4, as the author's code has it; the report names none",
}

PRESETS = {
    "smoke": Preset(dataset="mnist_5k", epochs=3, trials=1),
    "quick": Preset(dataset=None, epochs=10, trials=1, embedded_epochs=60),
    "paper": Preset(dataset="mnist", epochs=EPOCHS, trials=1, likelihood_samples=5000),
}

# Runs of each kind below which a claim is not decided: seeds are its error.
TRIALS = 2
# For figures with claims, three in place of the report's one.
SEEDS_PRESETS = {**PRESETS, "paper": dataclasses.replace(PRESETS["paper"], trials=3)}

report_figure = functools.partial(
    Figure, report=REPORT, about=REPORTS[REPORT], presets=PRESETS, protocol=PROTOCOL
)


def optimizer_spec(name: str, **arguments: float) -> OptimizerSpec:
    """An optimiser that moves biases faster and decays weights, as the author's code does."""
    arguments = {"weight_decay": WEIGHT_DECAY, **arguments}
    return OptimizerSpec(name=name, arguments=tuple(arguments.items()), bias_rate=BIAS_RATE)


# The public code adds its epsilon to the root of gradients that are summed over the batch; ours
# are means over it.
ADAM = optimizer_spec(
    "adam", learning_rate=1e-3, beta_1=0.9, beta_2=0.999, epsilon=1e-8 / BATCH_SIZE
)


def run_spec(
    dataset: str, seed: int, optimizer: OptimizerSpec = ADAM, latent_dim: int = LATENT_DIM
) -> RunSpec:
    """A run of the report's architecture.

    Arguments:
        dataset: Name of the data set.
        seed: Seed of the trial.
        optimizer: `OptimizerSpec`.
        latent_dim: Number of latent dimensions.

    Returns:
        `RunSpec`.
    """
    return RunSpec(
        data=DataSpec(name=dataset, validation_images=of_dataset(VALIDATION_IMAGES, dataset)),
        model=ModelSpec(
            latent_dim=latent_dim,
            hidden_units=(500,),
            activation="tanh",
            kernel_initializer="keras_vae>FanInUniform",
            bias_initializer="keras_vae>FanInUniform",
        ),
        objective=ObjectiveSpec(name="elbo"),
        optimizer=optimizer,
        batch_size=BATCH_SIZE,
        seed=seed,
    )


def latent_dim_runs(*sizes: int) -> Callable[[Options, int], Specs]:
    """Returns a figure's `runs`: Adam's, by their latent dimensions."""

    def runs(options: Options, seed: int) -> Specs:
        return {str(size): run_spec(options.dataset, seed, latent_dim=size) for size in sizes}

    return runs

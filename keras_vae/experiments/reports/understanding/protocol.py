"""What the figures of "Understanding Variational Auto-Encoder" have in common.

Where the report's text is silent, the runs follow its author's public code: biases drawn
uniformly in +-sqrt(3) and moved at twice the learning rate, and a weight decay of 5e-4.
"""

from keras_vae.experiments.figures.options import Preset
from keras_vae.experiments.runs.spec import (
    DataSpec,
    ModelSpec,
    ObjectiveSpec,
    OptimizerSpec,
    RunSpec,
)

REPORT = "understanding"
EPOCHS = 150
BATCH_SIZE = 250
LATENT_DIM = 20
BIAS_RATE = 2.0
WEIGHT_DECAY = 5e-4
MOMENTUM = 0.9
VALIDATION_IMAGES = {"mnist": 10000, "fashion_mnist": 10000, "mnist_5k": 750, "frey_faces": 265}

# The public code adds its epsilons, 1e-8 for Adam and 1e-4 for RMSprop and Adagrad, to the root
# of gradients that are summed over the batch. Ours are means over it, and Keras adds epsilon
# under RMSprop's and Adagrad's root, hence its square.
ADAM_EPSILON = 1e-8 / BATCH_SIZE
ROOT_EPSILON = (1e-4 / BATCH_SIZE) ** 2
UNCORRECTED = "Adam, uncorrected"
OPTIMIZER_ARGUMENTS = {
    "Adam": {"learning_rate": 1e-3, "beta_1": 0.9, "beta_2": 0.999, "epsilon": ADAM_EPSILON},
    "RMSprop": {"learning_rate": 1e-3, "rho": 0.9, "epsilon": ROOT_EPSILON},
    "Adagrad": {
        "learning_rate": 1e-2,
        "initial_accumulator_value": 0.0,
        "epsilon": ROOT_EPSILON,
    },
    "SGD": {"learning_rate": 5e-4, "momentum": MOMENTUM},
}

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


def optimizer_spec(name):
    """One of the report's optimisers.

    `UNCORRECTED` is Adam as in the author's code, which leaves out the bias correction.

    Weight decay acts on SGD's weights directly in Keras, but through its momentum in the
    author's code, where each decay counts 1 / (1 - momentum) times.
    """
    decay = WEIGHT_DECAY / (1 - MOMENTUM) if name == "SGD" else WEIGHT_DECAY
    kind = "Adam" if name == UNCORRECTED else name
    arguments = {**OPTIMIZER_ARGUMENTS[kind], "weight_decay": decay}
    return OptimizerSpec(
        name=kind.lower(),
        arguments=tuple(arguments.items()),
        bias_rate=BIAS_RATE,
        bias_correction=name != UNCORRECTED,
        scaled_weight_decay=name != UNCORRECTED,
    )


def run_spec(dataset, seed, optimizer="Adam", latent_dim=LATENT_DIM):
    """A run of the report's architecture.

    Arguments:
        dataset: Name of the data set.
        seed: Seed of the trial.
        optimizer: One of `OPTIMIZER_ARGUMENTS`, or `UNCORRECTED`.
        latent_dim: Number of latent dimensions.

    Returns:
        `RunSpec`.
    """
    return RunSpec(
        data=DataSpec(name=dataset, validation_images=VALIDATION_IMAGES[dataset]),
        model=ModelSpec(
            latent_dim=latent_dim,
            hidden_units=(500,),
            activation="tanh",
            kernel_initializer="keras_vae>FanInUniform",
            bias_initializer="keras_vae>FanInUniform",
        ),
        objective=ObjectiveSpec(name="elbo"),
        optimizer=optimizer_spec(optimizer),
        batch_size=BATCH_SIZE,
        seed=seed,
    )


def optimizer_specs(dataset, seed):
    """The report's optimisers with twenty latent dimensions: `RunSpec` by name."""
    names = (*OPTIMIZER_ARGUMENTS, UNCORRECTED)
    return {name: run_spec(dataset, seed, name) for name in names}


def latent_dim_specs(*sizes):
    """Returns a function from (dataset, seed) to Adam's runs by their latent dimensions."""

    def specs(dataset, seed):
        return {str(size): run_spec(dataset, seed, latent_dim=size) for size in sizes}

    return specs

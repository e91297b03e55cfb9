"""What the figures of "Latent Space Activity and Visualization" have in common."""

from keras_vae.experiments.figures.options import Preset
from keras_vae.experiments.runs.spec import (
    DataSpec,
    ModelSpec,
    ObjectiveSpec,
    OptimizerSpec,
    RunSpec,
)

REPORT = "activity"
METHOD_STYLES = {"IW": 0, "VAE": 1, "IW+BN": 2, "IW+WU": 3}
LATENT_DIM = 50
LATENT_DIMS = (2, 5, 10, 20, 50, 100)
NUM_SAMPLES = 5
WARM_UP_EPOCHS = 100
# With two stochastic layers: shorter, so that runs of fifty epochs are past it.
SHORT_WARM_UP_EPOCHS = 20
# Epochs below which a claim is not decided: about a plain contrast, about where training ends,
# and about where it ends after warm-up.
CONTRAST_EPOCHS = 50
CONVERGED_EPOCHS = 100
AFTER_WARM_UP_EPOCHS = 120
# About as many training images as show the digits 1-5.
FEW_IMAGES = {"mnist": 30000, "mnist_5k": 2000}
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


def run_spec(data, seed, objective=IMPORTANCE_WEIGHTED, latent_dim=LATENT_DIM, **model):
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
    model = ModelSpec(latent_dim=latent_dim, **model)
    return RunSpec(data=data, model=model, objective=objective, optimizer=ADAM, seed=seed)


def method_specs(data, seed, **model):
    """The four methods whose activity the report compares: `RunSpec` by name."""
    return {
        "VAE": run_spec(data, seed, ELBO, **model),
        "IW": run_spec(data, seed, **model),
        "IW+BN": run_spec(data, seed, batch_norm=True, **model),
        "IW+WU": run_spec(data, seed, WARM_UP, **model),
    }


def chosen_methods(*names):
    """Returns a function like `method_specs` for some of the four methods."""

    def specs(data, seed):
        found = method_specs(data, seed)
        return {name: found[name] for name in names}

    return specs


def decoder_specs(dataset, seed):
    """The plain VAE with both decoders, on binary and on grey images."""
    grey = DataSpec(name=dataset, binarize=None)
    return {
        "Bernoulli": run_spec(dataset, seed, ELBO),
        "Gaussian": run_spec(dataset, seed, ELBO, likelihood="gaussian"),
        "Bernoulli, grey (cross-entropy)": run_spec(grey, seed, ELBO, grey_levels=True),
        "Gaussian, grey": run_spec(grey, seed, ELBO, likelihood="gaussian"),
    }


def latent_dim_specs(dataset, seed):
    """Importance weighting with each of `LATENT_DIMS`, by that number as text."""
    return chosen_latent_dims(*LATENT_DIMS)(dataset, seed)


def chosen_latent_dims(*sizes):
    """Returns a function like `latent_dim_specs` for other numbers of dimensions."""

    def specs(dataset, seed):
        return {str(size): run_spec(dataset, seed, latent_dim=size) for size in sizes}

    return specs


def five_digits_specs(dataset, seed):
    """VAE and IW on digits 1-5, on as many images of all digits, and on all images."""
    few = FEW_IMAGES[dataset]
    parts = {
        "digits 1-5": {"classes": (1, 2, 3, 4, 5), "train_images": few},
        "all digits, as many images": {"train_images": few},
        "all digits": {},
    }
    return {
        f"{method}, {part}": run_spec(DataSpec(name=dataset, **choice), seed, objective)
        for method, objective in (("VAE", ELBO), ("IW", IMPORTANCE_WEIGHTED))
        for part, choice in parts.items()
    }


def grey_method_specs(dataset, seed):
    """The four methods on grey images with the Gaussian decoder: `RunSpec` by name."""
    return method_specs(DataSpec(name=dataset, binarize=None), seed, likelihood="gaussian")


def two_layer_specs(dataset, seed):
    """A second stochastic layer above the first, under three objectives: `RunSpec` by name."""
    warm_up = ObjectiveSpec(
        name="iwae", num_samples=NUM_SAMPLES, warm_up_epochs=SHORT_WARM_UP_EPOCHS
    )
    objectives = {"VAE": ELBO, "IW": IMPORTANCE_WEIGHTED, "IW+WU": warm_up}
    return {
        name: run_spec(dataset, seed, objective, upper_latent_dims=(LATENT_DIM,))
        for name, objective in objectives.items()
    }

"""What the figures of "Latent Space Activity and Visualization" have in common."""

from keras_vae.experiments.options import Preset
from keras_vae.experiments.spec import (
    DataSpec,
    ModelSpec,
    ObjectiveSpec,
    OptimizerSpec,
    RunSpec,
)

LATENT_DIM = 50
NUM_SAMPLES = 5
WARM_UP_EPOCHS = 100
ADAM = OptimizerSpec(
    name="adam",
    arguments=(("learning_rate", 1e-3), ("beta_1", 0.9), ("beta_2", 0.9), ("epsilon", 1e-4)),
)

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
    "paper": Preset(dataset="mnist", epochs=300, trials=3),
}


def method_specs(dataset, seed, latent_dim=LATENT_DIM):
    """The four methods whose activity the report compares.

    Arguments:
        dataset: Name of the data set, binarised at one half.
        seed: Seed of the trial.
        latent_dim: Number of latent dimensions.

    Returns:
        Dictionary of `RunSpec` by the name that figures give the method.
    """

    def spec(objective, batch_norm=False):
        return RunSpec(
            data=DataSpec(name=dataset, binarize="static"),
            model=ModelSpec(latent_dim=latent_dim, batch_norm=batch_norm),
            objective=objective,
            optimizer=ADAM,
            seed=seed,
        )

    importance_weighted = ObjectiveSpec(name="iwae", num_samples=NUM_SAMPLES)
    warm_up = ObjectiveSpec(name="iwae", num_samples=NUM_SAMPLES, warm_up_epochs=WARM_UP_EPOCHS)
    return {
        "VAE": spec(ObjectiveSpec(name="elbo")),
        "IW": spec(importance_weighted),
        "IW+BN": spec(importance_weighted, batch_norm=True),
        "IW+WU": spec(warm_up),
    }

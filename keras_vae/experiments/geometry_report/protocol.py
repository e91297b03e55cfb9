"""What the figures of "An Explanatory Analysis of the Geometry of Latent Variables" have in common.

Where the report is silent, images are binarised at one half, batches have 100 images, Adam has
Keras' learning rate, and the Renyi bounds are trained with the ten samples that they are reported
with. At alpha = 1 the bound does not depend on their number: that run is the usual VAE with one
sample and the KL divergence in closed form, which Figure 3 asks for.
"""

from keras_vae.experiments.spec import (
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


def run_spec(dataset, seed, alpha=1.0, latent_dim=LATENT_DIM):
    """A run of the report's architecture.

    Arguments:
        dataset: Name of the data set, which is binarised at one half.
        seed: Seed of the trial.
        alpha: Order of the Renyi bound; 1 is the ELBO.
        latent_dim: Number of latent dimensions.

    Returns:
        `RunSpec`.
    """
    objective = ObjectiveSpec(name="elbo")
    if alpha != 1:
        objective = ObjectiveSpec(name="renyi", alpha=float(alpha), num_samples=NUM_SAMPLES)
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

"""Variational auto-encoders in Keras 3 and TensorFlow Probability."""

from keras_vae import quiet

quiet.import_tensorflow()

from keras_vae import (  # noqa: E402
    activity,
    callbacks,
    datasets,
    export,
    geometry,
    layer_arrays,
    likelihoods,
    linear_probe,
    objectives,
    optimizers,
    priors,
)
from keras_vae.models import VAE, HierarchicalVAE, LatentVariableModel  # noqa: E402

__version__ = "0.2.0"

__all__ = [
    "HierarchicalVAE",
    "VAE",
    "LatentVariableModel",
    "activity",
    "callbacks",
    "datasets",
    "export",
    "geometry",
    "layer_arrays",
    "likelihoods",
    "linear_probe",
    "objectives",
    "optimizers",
    "priors",
]

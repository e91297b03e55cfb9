"""Variational auto-encoders in Keras 3 and TensorFlow Probability."""

import importlib

from keras_vae import quiet

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

# The command line answers `--help` and mistakes at once; TensorFlow takes seconds to start.
if not quiet.runs_command_line():
    quiet.import_tensorflow()

    from keras_vae import (
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
    from keras_vae.models import VAE, HierarchicalVAE, LatentVariableModel


def __getattr__(name):
    """Imports what the command line put off."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    quiet.import_tensorflow()
    models = importlib.import_module("keras_vae.models")
    return getattr(models, name, None) or importlib.import_module(f"keras_vae.{name}")

"""Variational auto-encoders in Keras 3 and TensorFlow Probability.

Names are imported when they are first used, since TensorFlow takes seconds to start: `import
keras_vae` itself is quick, and so is the command line.
"""

import importlib
import sys
from typing import TYPE_CHECKING

from keras_vae._internal.registration import register_with_keras

if TYPE_CHECKING:
    from keras_vae import (
        activations,
        activity,
        callbacks,
        datasets,
        distributions,
        export,
        geometry,
        layer_arrays,
        likelihoods,
        linear_probe,
        networks,
        objectives,
        optimizers,
        posteriors,
        priors,
        sklearn,
    )
    from keras_vae.models import VAE, HierarchicalVAE, LatentVariableModel

__version__ = "0.2.0"

__all__ = [
    "VAE",
    "HierarchicalVAE",
    "LatentVariableModel",
    "UserError",
    "activations",
    "activity",
    "callbacks",
    "datasets",
    "distributions",
    "export",
    "geometry",
    "layer_arrays",
    "likelihoods",
    "linear_probe",
    "networks",
    "objectives",
    "optimizers",
    "posteriors",
    "priors",
    "sklearn",
]


class UserError(Exception):
    """Something that the user can mend; the message says what is wrong and what to do.

    Scripts and commands print such an error as one line. Any other exception is a fault of
    this package or of what was given to it from Python, and keeps its traceback.
    """


def __getattr__(name: str) -> object:
    """Imports a module or class of the package on first use (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    is_class = name[0].isupper()
    # Where Keras is imported, it has to know the classes; data sets need neither.
    with_models = is_class or "keras" in sys.modules
    models = importlib.import_module("keras_vae.models") if with_models else None
    value = getattr(models, name) if is_class else importlib.import_module(f"keras_vae.{name}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Lists what can be used, imported or not."""
    return sorted({*globals(), *__all__})


register_with_keras()

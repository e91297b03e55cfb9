"""Priors p(z)."""

from typing import Any

from keras_vae._internal.checks import get_part
from keras_vae.priors.base import Encoder, Prior, StandardNormal
from keras_vae.priors.flow import Flow
from keras_vae.priors.learned import (
    MixtureOfGaussians,
    UnitInterval,
    VampPrior,
    check_no_batch_statistics,
    check_no_conditions,
)

__all__ = [
    "PRIORS",
    "Encoder",
    "Flow",
    "MixtureOfGaussians",
    "Prior",
    "StandardNormal",
    "UnitInterval",
    "VampPrior",
    "check_no_batch_statistics",
    "check_no_conditions",
    "get",
]

PRIORS = {
    "standard_normal": StandardNormal,
    "vamp": VampPrior,
    "mixture_of_gaussians": MixtureOfGaussians,
    "flow": Flow,
}


def get(identifier: Any, seed: int | None = None) -> Prior:
    """Returns a prior from a name, a class, a config, an instance or None (standard normal).

    Arguments:
        identifier: Name, class, config, instance or None.
        seed: Integer from which the weights of a prior given by name or class are drawn, if its
            constructor takes a `seed`.
    """
    return get_part(identifier, PRIORS, Prior, "prior", seed=seed)

"""Posteriors q(z|x): from an encoder's features to a distribution over codes, and its samples."""

from typing import Any

from keras_vae._internal.checks import get_part
from keras_vae.posteriors.base import Posterior
from keras_vae.posteriors.flow import InverseAutoregressiveFlow
from keras_vae.posteriors.gaussian import (
    ConditionalGaussian,
    DiagonalGaussian,
    FullCovarianceGaussian,
)
from keras_vae.posteriors.sampling import (
    Drawn,
    Noise,
    PathGate,
    analytic_kl,
    check_shape,
    diagonal_gaussian,
    draw,
    in_batches,
    is_diagonal_gaussian,
    level_seed,
    reparameterize,
    sample_with_log_prob,
    takes_noise,
)

__all__ = [
    "POSTERIORS",
    "ConditionalGaussian",
    "DiagonalGaussian",
    "Drawn",
    "FullCovarianceGaussian",
    "InverseAutoregressiveFlow",
    "Noise",
    "PathGate",
    "Posterior",
    "analytic_kl",
    "check_shape",
    "diagonal_gaussian",
    "draw",
    "get",
    "in_batches",
    "is_diagonal_gaussian",
    "level_seed",
    "reparameterize",
    "sample_with_log_prob",
    "takes_noise",
]

POSTERIORS = {
    "diagonal": DiagonalGaussian,
    "full_covariance": FullCovarianceGaussian,
    "inverse_autoregressive": InverseAutoregressiveFlow,
}


def get(identifier: Any, seed: int | None = None) -> Posterior:
    """Returns a posterior from a name, a class, a config, an instance or None (diagonal).

    Arguments:
        identifier: Name, class, config, instance or None.
        seed: Integer from which the networks of a posterior given by name or class are drawn, if
            its constructor takes a `seed`.
    """
    return get_part(identifier, POSTERIORS, Posterior, "posterior", seed=seed)

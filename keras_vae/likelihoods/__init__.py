"""Likelihoods p(x | z): from a decoder's features to a distribution over the data."""

from typing import Any

from keras_vae._internal.checks import get_part
from keras_vae.likelihoods.base import Likelihood
from keras_vae.likelihoods.counts import Categorical, NegativeBinomial, Poisson
from keras_vae.likelihoods.mixed import Mixed
from keras_vae.likelihoods.pixels import (
    Bernoulli,
    DiscretizedLogistic,
    Gaussian,
    bits_per_dimension,
)

__all__ = [
    "LIKELIHOODS",
    "Bernoulli",
    "Categorical",
    "DiscretizedLogistic",
    "Gaussian",
    "Likelihood",
    "Mixed",
    "NegativeBinomial",
    "Poisson",
    "bits_per_dimension",
    "get",
]

LIKELIHOODS = {
    "bernoulli": Bernoulli,
    "gaussian": Gaussian,
    "discretized_logistic": DiscretizedLogistic,
    "poisson": Poisson,
    "negative_binomial": NegativeBinomial,
}


def get(identifier: Any) -> Likelihood:
    """Returns a likelihood from a name, a class, a config, an instance or None (Bernoulli)."""
    return get_part(identifier, LIKELIHOODS, Likelihood, "likelihood")

"""Posteriors q(z|x): from an encoder's features to a distribution over codes, and its samples."""

from keras_vae.posteriors.conditional import ConditionalGaussian
from keras_vae.posteriors.sampling import (
    Drawn,
    Noise,
    PathGate,
    diagonal_gaussian,
    in_batches,
    is_diagonal_gaussian,
    reparameterize,
    sample_with_log_prob,
)

__all__ = [
    "ConditionalGaussian",
    "Drawn",
    "Noise",
    "PathGate",
    "diagonal_gaussian",
    "in_batches",
    "is_diagonal_gaussian",
    "reparameterize",
    "sample_with_log_prob",
]

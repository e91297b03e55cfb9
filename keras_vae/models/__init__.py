"""Latent-variable models."""

from keras_vae.models.base import LatentVariableModel, LogTerms
from keras_vae.models.vae import VAE

__all__ = ["LatentVariableModel", "LogTerms", "VAE"]

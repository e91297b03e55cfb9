"""Latent-variable models."""

from keras_vae.models.base import LatentVariableModel, LogTerms
from keras_vae.models.hierarchical_vae import HierarchicalVAE
from keras_vae.models.vae import VAE

__all__ = ["HierarchicalVAE", "LatentVariableModel", "LogTerms", "VAE"]

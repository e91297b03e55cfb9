"""Latent-variable models."""

from keras_vae.models.base import LatentVariableModel
from keras_vae.models.hierarchical_vae import HierarchicalVAE
from keras_vae.models.vae import VAE
from keras_vae.objectives import LogTerms

__all__ = ["VAE", "HierarchicalVAE", "LatentVariableModel", "LogTerms"]

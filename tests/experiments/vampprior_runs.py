"""Made-up runs of the vampprior report."""

import dataclasses

from keras_vae.experiments.figures import options
from keras_vae.experiments.reports import vampprior as protocol
from keras_vae.experiments.reports.vampprior import HVAE, VAE, VAMPPRIOR

MODELS = (VAE, VAMPPRIOR, HVAE)


def ask(**chosen):
    return options.resolve(protocol.PRESETS, **{"preset": "paper", **chosen})


def small(spec):
    return dataclasses.replace(spec, model=dataclasses.replace(spec.model, hidden_units=(8,)))

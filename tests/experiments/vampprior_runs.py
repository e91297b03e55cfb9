"""Made-up runs of the vampprior report."""

import dataclasses
import types

import numpy as np

from keras_vae.experiments.figures import options
from keras_vae.experiments.reports.vampprior import (
    protocol,
)
from keras_vae.experiments.reports.vampprior.protocol import HVAE, VAE, VAMPPRIOR, run_spec
from keras_vae.experiments.runs.training import build_model

MODELS = (VAE, VAMPPRIOR, HVAE)


def ask(**chosen):
    return options.resolve(protocol.PRESETS, **{"preset": "paper", **chosen})


def small(spec):
    return dataclasses.replace(spec, model=dataclasses.replace(spec.model, hidden_units=(8,)))


def runs(dataset="mnist", epochs=None, **by_model):
    """Methods whose log-likelihoods have given means, with an error of 0.1."""
    methods = {}
    for model, mean in by_model.items():
        count = epochs or protocol.schedule(dataset, model).epochs
        per_image = mean + np.linspace(-1, 1, 200) * (1 if model == VAE else 1.1)
        methods[f"{dataset}/{model}"] = types.SimpleNamespace(
            epochs=count,
            weights_epochs=[count],
            specs=[run_spec(dataset, 0, model)],
            log_likelihood=[{"mean": mean, "standard_error": 0.1, "per_image": list(per_image)}],
        )
    return methods


class Trained(types.SimpleNamespace):
    """Runs of one spec with made-up numbers, whose model is untrained and small."""

    def load_models(self):
        for spec in self.specs:
            yield build_model(small(spec), self.data.image_shape), self.data

    def history(self, name):
        return -100.0 + np.arange(30.0)[None] / 10


def of(methods, *models):
    return {name: runs for name, runs in methods.items() if name.split("/")[1] in models}

"""Every reproduction script on made-up runs: drawn numbers and untrained small models."""

import contextlib
import dataclasses
import functools
import pathlib

import numpy as np
import pytest
from scipy import special

import keras_vae as kv
from keras_vae import linear_probe
from keras_vae.experiments.figures.catalogue import load_script
from keras_vae.experiments.figures.method_runs import MethodRuns
from keras_vae.experiments.measures import first_epoch
from keras_vae.experiments.reports.vampprior import samples
from keras_vae.experiments.runs.run_models import build_model
from keras_vae.experiments.runs.store import StoredRun

FOLDER = pathlib.Path(__file__).parents[1] / "reproductions"
SCRIPTS = sorted(path.relative_to(FOLDER) for path in FOLDER.rglob("*.py"))
# More test images than a code has dimensions, and some of each class.
TRAIN_IMAGES, TEST_IMAGES = 200, 100
# What in scripts would take minutes; a timing on a machine that runs tests means nothing.
SMALLER = {
    "geometry/noise.py": {"IMAGES": 3, "SAMPLES": (2, 4, 8, 16)},
    "geometry/fig_5_interpolations.py": {"PAIRS": 20},
    "understanding/fig_6_morphing.py": {"PAIRS": 20},
    "vampprior/cost_per_epoch.py": {
        "time_steps": lambda specs: {name: np.arange(1.0, 4.0) for name in specs}
    },
}
QUANTITIES = ("bound", "reconstruction", "kl")
HISTORY = (
    "seconds",
    "train_loss",
    *(f"{s}_{name}" for s in ("train", "test") for name in QUANTITIES),
)


def load(script):
    """The `Figure` of a script, named by its path below `reproductions`."""
    module = load_script(FOLDER / script)
    for name, value in SMALLER.get(script.as_posix(), {}).items():
        assert hasattr(module, name)
        setattr(module, name, value)
    return module.FIGURE


@contextlib.contextmanager
def little_is_measured():
    """The first embedded digits stand in for every data set, and few images are drawn."""
    load_all = functools.cache(kv.datasets.load)

    def few_images(name="mnist_5k", binarize=None, **_):
        data = load_all("mnist_5k", binarize)
        train, test = data.train.first(TRAIN_IMAGES), data.test.first(TEST_IMAGES)
        return dataclasses.replace(data, name=name, train=train, test=test)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kv.datasets, "load", few_images)
        patch.setattr(samples, "BATCHES", 2)
        patch.setattr(samples, "BATCH", 60)
        patch.setattr(linear_probe, "MAX_ITERATIONS", 2)
        patch.setattr(first_epoch, "activity_by_step", made_up_steps)
        yield


@functools.cache
def small_model(spec):
    """An untrained model of a run's kind, with a layer of eight units."""
    small = dataclasses.replace(spec.model, hidden_units=(8,), batch_norm=False)
    model = build_model(dataclasses.replace(spec, model=small), (28, 28))

    def log_likelihood(images, num_samples, seed=0):
        """The model's own, without the minute that compiling it for all of them takes."""
        log_weights = model.log_weights(images, num_samples, seed)
        return special.logsumexp(log_weights, axis=0, b=1 / num_samples)

    model.log_likelihood = log_likelihood
    return model


def made_up_steps(spec):
    """A first epoch in which every other dimension rises, and half of those fall again."""
    dims = np.arange(sum(spec.model.latent_dims))
    risen = np.where(dims % 2, 0.05, 0.5)
    fallen = np.where(dims % 4, risen, 0.005)
    return {"steps": [0, 20, 40], "activity": [np.zeros(dims.size), risen, fallen]}


class MadeUpRuns(MethodRuns):
    """Runs with drawn numbers and untrained small models."""

    def load_models(self):
        for trial in range(len(self.specs)):
            yield self.load_model(trial)

    def load_model(self, trial):
        spec = self.specs[trial]
        return small_model(spec), kv.datasets.load(spec.data.name, spec.data.binarize)

    def kept_epochs(self):
        return [self.epochs // 2, self.epochs]

    def restore(self, model, trial, epoch):
        """There are no other weights."""

    def remembered(self, trial, name, compute):
        return compute()


def made_up(specs, epochs=30):
    """Runs of a method that are still noisy and decide nothing.

    Arguments:
        specs: List of `RunSpec`, one a trial.
        epochs: Epochs of each.
    """
    rng = np.random.default_rng(0)
    runs = []
    for spec in specs:
        history = {
            name: -100 - 50 * np.exp(-0.2 * np.arange(epochs)) + rng.normal(size=epochs)
            for name in HISTORY
        }
        activity = 10 ** rng.uniform(-4, 1, size=(epochs, sum(spec.model.latent_dims)))
        runs.append(_stored(epochs, history, activity))
    return MadeUpRuns(specs, runs, epochs, [_likelihood(epochs)] * len(specs), None)


def made_up_settled(specs, epochs, rank):
    """Runs of a method that have settled, on a level that the method's rank names.

    Arguments:
        specs: List of `RunSpec`, one a trial.
        epochs: Epochs of each.
        rank: Number of at least 0: how many times 2 nats the bounds are above -100, and how many
            more dimensions are active.
    """
    rng = np.random.default_rng(0)
    time = np.arange(epochs)[:, None]
    runs, likelihoods = [], []
    for spec in specs:
        rates = 0.1 + 0.4 * rng.random(len(HISTORY))
        curves = -100 + 2 * rank - 50 * np.exp(-rates * time)
        curves += rng.normal(scale=0.02, size=curves.shape)
        dims = np.arange(sum(spec.model.latent_dims))
        final = np.where(dims < 6 + rank, 1.0, 0.001)
        activity = final + np.exp(-rng.uniform(0.05, 1.0, size=dims.size) * time)
        runs.append(_stored(epochs, dict(zip(HISTORY, curves.T, strict=True)), activity))
        likelihoods.append(_likelihood(epochs, -90 + 2 * rank + 0.1 * rng.random(), 2000))
    return MadeUpRuns(specs, runs, epochs, likelihoods, None)


def _stored(epochs, history, activity):
    return StoredRun(
        epochs=epochs,
        history=history,
        activity=activity,
        weights=None,
        optimizer=None,
        versions=[],
    )


def _likelihood(epochs, mean=-90.0, num_samples=50):
    return {
        "mean": mean,
        "standard_error": 0.2,
        "epochs": epochs,
        "images": 3,
        "num_samples": num_samples,
        "per_image": [mean + 2, mean, mean - 2],
    }

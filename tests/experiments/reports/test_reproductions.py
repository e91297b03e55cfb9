"""Every reproduction script's picture, numbers and claims, on made-up runs."""

import dataclasses
import functools
import importlib.util
import json
import pathlib

import matplotlib.image
import numpy as np
import pytest
from scipy import special

import keras_vae as kv
from keras_vae import linear_probe
from keras_vae.experiments.figures import options, plots
from keras_vae.experiments.figures.claims import INCONCLUSIVE, REPRODUCED
from keras_vae.experiments.figures.figure import add_caption
from keras_vae.experiments.figures.method_runs import MethodRuns
from keras_vae.experiments.reports.geometry import bounds, interpolations
from keras_vae.experiments.reports.understanding import morphing
from keras_vae.experiments.reports.vampprior import cost, sample_quality
from keras_vae.experiments.runs.store import StoredRun
from keras_vae.experiments.runs.training import build_model

FOLDER = pathlib.Path(__file__).parents[3] / "reproductions"
SCRIPTS = sorted(path.relative_to(FOLDER) for path in FOLDER.rglob("*.py"))
CLAIMS_OF_THE_REPORTS = {
    *("activity.2.1.1", "activity.2.1.2", "activity.2.2.1", "activity.2.3.1"),
    *("activity.2.4.1", "activity.2.4.2", "activity.2.5.1", "activity.2.5.2", "activity.2.5.3"),
    *("activity.3.1a.1", "activity.3.1a.2", "activity.3.1a.3", "activity.3.1a.4"),
    *("activity.3.1b.1", "activity.3.1b.2"),
    *("activity.3.1c.1", "activity.3.1c.2", "activity.3.1c.3"),
    *("activity.3.2.1", "activity.3.2.2", "activity.3.3.1"),
    *("activity.4.1.1", "activity.4.1.2", "activity.4.1.3"),
    *("activity.4.2.1", "activity.4.2.2", "activity.4.3.1"),
    *("understanding.3.1", "understanding.6.1"),
    *("vampprior.8.1", "vampprior.10.1", "vampprior.10.2", "vampprior.T1.1", "vampprior.T1.2"),
    *("vampprior.cost.1", "vampprior.warm_up.1"),
    *("geometry.1.1", "geometry.2a.1", "geometry.2a.2", "geometry.2b.1", "geometry.2b.2"),
    *("geometry.3.1", "geometry.3.2", "geometry.3.3", "geometry.3.4"),
    *("geometry.4.1", "geometry.5.1"),
}
WITHOUT_CLAIMS = {
    *("understanding/fig_4_random_samples", "understanding/fig_5_manifold"),
    *("vampprior/fig_4_reconstructions", "vampprior/fig_6_reconstructions"),
    *("vampprior/fig_9_reconstructions", "vampprior/fig_5_generations"),
    *("vampprior/fig_7_pseudo_inputs", "vampprior/fig_11_losses"),
}
WITHOUT_TRAINING = {"geometry/fig_4_geodesics"}
EPOCHS = 30
# More test images than a code has dimensions, and some of each class.
TRAIN_IMAGES, TEST_IMAGES = 200, 100
QUANTITIES = ("bound", "reconstruction", "kl")
HISTORY = ("seconds", *(f"{s}_{name}" for s in ("train", "test") for name in QUANTITIES))
LIKELIHOODS = [
    {
        "mean": -90.0,
        "standard_error": 0.2,
        "epochs": EPOCHS,
        "images": 3,
        "num_samples": 50,
        "per_image": [-88.0, -90.0, -92.0],
    }
] * 2


# Two iterations of the classifier are too few, and meant to be.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module", autouse=True)
def little_is_measured(own_cache):
    """A timing on a machine that runs tests means nothing; the rest would take minutes."""
    load = functools.cache(kv.datasets.load)

    def few_images(name="mnist_5k", binarize=None, **arguments):
        data = load(name, binarize, **arguments)
        train, test = data.train.first(TRAIN_IMAGES), data.test.first(TEST_IMAGES)
        return dataclasses.replace(data, train=train, test=test)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kv.datasets, "load", few_images)
        patch.setattr(sample_quality, "BATCHES", 2)
        patch.setattr(sample_quality, "BATCH", 60)
        patch.setattr(bounds, "NOISE_IMAGES", 3)
        patch.setattr(linear_probe, "MAX_ITERATIONS", 2)
        patch.setattr(interpolations, "PAIRS", 20)
        patch.setattr(morphing, "PAIRS", 20)
        patch.setattr(cost, "measure", lambda specs: {name: np.arange(1.0, 4.0) for name in specs})
        yield


def load(script):
    module_spec = importlib.util.spec_from_file_location(script.stem, FOLDER / script)
    module = importlib.util.module_from_spec(module_spec)
    module_spec.loader.exec_module(module)
    return module.FIGURE


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


class MadeUpRuns(MethodRuns):
    """Runs with drawn numbers and untrained small models."""

    def load_models(self):
        for trial in range(len(self.specs)):
            yield self.load_model(trial)

    def load_model(self, trial):
        return small_model(self.specs[trial]), kv.datasets.load("mnist_5k", "static")

    def kept_epochs(self):
        return [EPOCHS // 2, EPOCHS]

    def restore(self, model, trial, epoch):
        """There are no other weights."""

    def remembered(self, trial, name, compute):
        return compute()


def made_up(specs):
    rng = np.random.default_rng(0)
    runs = [
        StoredRun(
            epochs=EPOCHS,
            history={
                name: -100 - 50 * np.exp(-0.2 * np.arange(EPOCHS)) + rng.normal(size=EPOCHS)
                for name in HISTORY
            },
            activity=10 ** rng.uniform(-4, 1, size=(EPOCHS, sum(spec.model.latent_dims))),
            weights=None,
            optimizer=None,
            versions=[],
        )
        for spec in specs
    ]
    return MadeUpRuns(specs, runs, EPOCHS, LIKELIHOODS, None)


@functools.cache
def analysed(script):
    """The script's `Figure`, the `Options`, and the `Analysis` of made-up runs."""
    figure = load(script)
    asked = options.resolve(figure.presets, preset="smoke", epochs=EPOCHS, trials=2)
    trials = [figure.trial(asked, seed) for seed in asked.seeds]
    methods = {label: made_up([trial[label] for trial in trials]) for label in trials[0]}
    return figure, asked, figure.make_analysis(methods, asked)


@pytest.mark.parametrize("script", SCRIPTS, ids=str)
def test_script(script, tmp_path, digits):
    figure, asked, analysis = analysed(script)
    add_caption(figure, asked, analysis)
    width, height = analysis.picture.get_size_inches() * plots.STYLE["savefig.dpi"]
    assert height > 300 and width > 500
    with matplotlib.rc_context({"savefig.dpi": 40}):
        plots.save(analysis.picture, tmp_path / "figure.png")
    picture = matplotlib.image.imread(tmp_path / "figure.png")
    # Something is drawn on it, in other than one colour.
    assert picture[..., :3].min() < 0.5 < picture[..., :3].max()
    assert json.loads(json.dumps(analysis.data, allow_nan=False))
    json.dumps([claim.to_dict() for claim in analysis.claims], allow_nan=False)
    verdicts, name = {claim.verdict for claim in analysis.claims}, str(script.with_suffix(""))
    expected = {REPRODUCED} if name in WITHOUT_TRAINING else {INCONCLUSIVE}
    assert verdicts == (set() if name in WITHOUT_CLAIMS else expected)
    assert script.stem.startswith(figure.name)
    assert {"smoke", "quick", "paper"} <= set(figure.presets)


def test_every_claim_of_the_reports_is_judged_once(digits):
    scripts = [script for script in SCRIPTS if script.parent.name != "beyond"]
    claims = [claim.id for script in scripts for claim in analysed(script)[2].claims]
    assert sorted(claims) == sorted(CLAIMS_OF_THE_REPORTS)

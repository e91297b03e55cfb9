"""What `golden.py` writes and compares: runs of every kind, and every figure of made-up ones."""

import functools
import hashlib
import math
import tempfile
import warnings

import matplotlib.pyplot as plt
import numpy as np
from made_up_runs import (
    SCRIPTS,
    little_is_measured,
    load,
    made_up,
    made_up_settled,
)

from keras_vae.experiments.figures import options
from keras_vae.experiments.figures.figure import add_caption, describe_figure
from keras_vae.experiments.runs.evaluation import evaluate_log_likelihood
from keras_vae.experiments.runs.run_folder import snapshot_epochs
from keras_vae.experiments.runs.spec import (
    DataSpec,
    ModelSpec,
    ObjectiveSpec,
    OptimizerSpec,
    RunSpec,
)
from keras_vae.experiments.runs.store import RunStore
from keras_vae.experiments.runs.training import train

EPOCHS = 3
CONTINUED = "elbo_continued"
NOISY_EPOCHS, SETTLED_EPOCHS, TRIALS = 30, 150, 2
SETTINGS = ("smoke", "up", "down")
GREY, STOCHASTIC = {"binarize": None}, {"binarize": "stochastic"}
IWAE = {"name": "iwae", "num_samples": 3}
VAMP = {"prior": "vamp", "prior_components": 5}
LEVELS = {"latent_dim": 3, "hidden_units": (8,)}
# Data, model, objective, optimiser: what differs from the smallest run, the ELBO's.
RUNS = {
    CONTINUED: ({}, {}, {"warm_up_epochs": 3}, {}),
    "elbo_without_closed_form": (STOCHASTIC, {}, {"name": "renyi", "alpha": 1.0}, {}),
    "elbo_grey_levels": (
        {**GREY, "validation_images": 300},
        {"grey_levels": True},
        {"num_samples": 3},
        {"name": "sgd"},
    ),
    "iwae_batch_norm": (STOCHASTIC, {"batch_norm": True}, {**IWAE, "warm_up_epochs": 2}, {}),
    "iwae_doubly_reparameterized": (
        {"classes": (1, 3, 8)},
        {},
        {**IWAE, "doubly_reparameterized": True},
        {"name": "adagrad"},
    ),
    "renyi": (
        {},
        {"activation": "relu", "kernel_initializer": "glorot_uniform", "bias_initializer": "ones"},
        {"name": "renyi", "alpha": 0.5, "num_samples": 3},
        {"bias_rate": 2.0},
    ),
    "vr_max_gaussian": (
        GREY,
        {"likelihood": "gaussian"},
        {"name": "renyi", "alpha": -math.inf, "num_samples": 3},
        {"bias_correction": False, "bias_rate": 0.5},
    ),
    "vamp_noise": ({}, VAMP, {}, {"name": "rmsprop"}),
    "vamp_grey_gated_discretized_logistic": (
        GREY,
        {
            **VAMP,
            "pseudo_inputs": "grey",
            "gated": True,
            "activation": "linear",
            "likelihood": "discretized_logistic",
        },
        {"warm_up_epochs": 2},
        {},
    ),
    "vamp_data_renyi_doubly_reparameterized": (
        {},
        {**VAMP, "pseudo_inputs": "data"},
        {"name": "renyi", "alpha": 0.5, "num_samples": 3, "doubly_reparameterized": True},
        {},
    ),
    "mixture": (
        {},
        {"prior": "mixture_of_gaussians", "prior_components": 3},
        {},
        {"bias_correction": False},
    ),
    "two_levels": ({}, {**LEVELS, "upper_latent_dims": (2,), "gated": True}, {}, {}),
    "three_levels_vamp": (
        STOCHASTIC,
        {**LEVELS, **VAMP, "upper_latent_dims": (1, 2)},
        {**IWAE, "warm_up_epochs": 2},
        {},
    ),
}


def all_items():
    """Dictionary by name of functions that make a pair: JSON-compatible values, and arrays."""
    runs = {f"runs/{name}": functools.partial(run_item, name) for name in RUNS}
    figures = {
        f"figures/{figure.report}/{figure.name}/{setting}": functools.partial(
            figure_item, script, setting
        )
        for script, figure in ((script, load(script)) for script in SCRIPTS)
        for setting in SETTINGS
    }
    return runs | figures


def run_spec(name):
    """The spec of one golden run, by its name in `RUNS`."""
    data, model, objective, optimizer = RUNS[name]
    return RunSpec(
        data=DataSpec(**{"name": "mnist_5k", "train_images": 200, **data}),
        model=ModelSpec(**{"latent_dim": 4, "hidden_units": (8,), **model}),
        objective=ObjectiveSpec(**objective),
        optimizer=OptimizerSpec(**{"arguments": (("learning_rate", 0.01),), **optimizer}),
        batch_size=50,
        seed=7,
    )


def run_item(name):
    """Trains a run through the store, evaluates it, and reads all of it back."""
    spec = run_spec(name)
    with tempfile.TemporaryDirectory() as folder:
        store = RunStore(folder)
        for epochs in (EPOCHS - 1, EPOCHS) if name == CONTINUED else (EPOCHS,):
            train(spec, epochs, store, keep_weights=name == CONTINUED)
        evaluate_log_likelihood(spec, store, num_samples=4, num_images=8)
        run, kept = store.load(spec, with_weights=True), snapshot_epochs(store.run_folder(spec))
        evaluations = store.evaluations(spec)
        lists = {f"weights_after_{epoch}": store.load_snapshot(spec, epoch) for epoch in kept}
    for evaluation in evaluations.values():
        del evaluation["seconds"]
    lists |= {"weights": run.weights, "optimizer": run.optimizer}
    arrays = {f"history/{name}": values for name, values in run.history.items()}
    del arrays["history/seconds"]
    arrays["activity"] = run.activity
    for what, values in lists.items():
        arrays |= {f"{what}/{index:02d}": value for index, value in enumerate(values)}
    counts = {what: len(values) for what, values in lists.items()}
    values = {"run_id": spec.run_id, "spec": spec.to_dict(), "epochs": run.epochs}
    return {**values, "counts": counts, "evaluations": evaluations}, arrays


def figure_item(script, setting):
    """Draws and judges a figure of made-up runs."""
    figure = load(script)
    options = ask(figure, setting)
    # Two iterations of the classifier are too few, and meant to be.
    with little_is_measured(), warnings.catch_warnings(action="ignore"):
        methods = make_methods(figure, options, setting)
        analysis = figure.make_analysis(methods, options)
        add_caption(figure, options, analysis)
        data = {**describe_figure(figure, options, methods), **analysis.data}
    # Those of packages are the environment's; ours may change.
    del data["versions"]
    claims = [claim.to_dict() for claim in analysis.claims]
    values = {
        "folder": figure.folder(options),
        "extent": figure.extent(options),
        "caption": analysis.caption,
        "picture": picture_digest(analysis.picture),
        "data": data,
        "claim_ids": [claim["id"] for claim in claims],
        "claims": {claim["id"]: claim for claim in claims},
        "tables": analysis.tables,
    }
    return values, {}


def ask(figure, setting):
    """The options with which a figure is made."""
    if setting == "smoke":
        return options.resolve(figure.presets, preset=setting, epochs=NOISY_EPOCHS, trials=TRIALS)
    # Where the epochs are each run's own, they are those of the report.
    epochs = SETTLED_EPOCHS if figure.presets["paper"].epochs else None
    dataset = figure.protocol["dataset"]
    return options.resolve(
        figure.presets, preset="paper", dataset=dataset, epochs=epochs, trials=TRIALS
    )


def make_methods(figure, options, setting):
    """Dictionary of made-up `MethodRuns` by method."""
    trials = [figure.trial(options, seed) for seed in options.seeds]
    labels = list(trials[0])
    methods = {}
    for index, label in enumerate(labels):
        specs, epochs = [trial[label] for trial in trials], figure.epochs_of(label, options)
        rank = index if setting == "up" else len(labels) - 1 - index
        smoke = setting == "smoke"
        methods[label] = made_up(specs, epochs) if smoke else made_up_settled(specs, epochs, rank)
    return methods


def picture_digest(picture):
    """Size of a Matplotlib figure and a digest of its pixels; closes it."""
    picture.canvas.draw()
    pixels = np.asarray(picture.canvas.buffer_rgba())
    plt.close(picture)
    digest = hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest()
    return {"shape": list(pixels.shape), "sha256": digest}

"""What a training step of each model costs, measured in turn in one process."""

import time

import numpy as np

from keras_vae.experiments import plots
from keras_vae.experiments.claims import Claim
from keras_vae.experiments.training import build_model
from keras_vae.experiments.vampprior_report.protocol import HVAE, VAE, VAMPPRIOR, run_spec

ROUNDS = 7
STEPS = 50
COMPONENTS = 500
MIXTURE = f"VAE, mixture of {COMPONENTS} Gaussians"
# A claim that one model costs more than another needs more than timing's own scatter.
CLEARLY_MORE = 1.02


def compared_specs(dataset, seed):
    """The report's three models, all with 500 components, and one with free ones: `RunSpec`."""
    return {
        VAE: run_spec(dataset, seed, VAE),
        MIXTURE: run_spec(dataset, seed, VAE, "mixture_of_gaussians", COMPONENTS),
        VAMPPRIOR: run_spec(dataset, seed, VAMPPRIOR, components=COMPONENTS),
        HVAE: run_spec(dataset, seed, HVAE),
    }


def measure(specs, rounds=ROUNDS, steps=STEPS, jit_compile="auto"):
    """Times training steps of several models in turn, so that all meet the same conditions.

    Arguments:
        specs: Dictionary of `RunSpec` by name, of one data set and batch size.
        rounds: Measurements of each model.
        steps: Training steps in each.
        jit_compile: As of `keras_vae.VAE.compile`.

    Returns:
        Dictionary by name of arrays of shape (rounds,): milliseconds a step.
    """
    first = next(iter(specs.values()))
    data = first.data.load()
    models = {name: build_model(spec, data.image_shape) for name, spec in specs.items()}
    for name, model in models.items():
        model.compile(
            optimizer=specs[name].optimizer.make(),
            steps_per_execution=steps,
            jit_compile=jit_compile,
        )

    def run(name):
        batches = data.batches(first.batch_size, first.seed)
        start = time.perf_counter()
        models[name].fit(batches, steps_per_epoch=steps, epochs=1, verbose=0)
        return 1000 * (time.perf_counter() - start) / steps

    for name in models:
        run(name)
    timed = [{name: run(name) for name in models} for _ in range(rounds)]
    return {name: np.array([one[name] for one in timed]) for name in models}


def summarise(milliseconds, steps_per_epoch):
    """Medians and their ratios to the VAE's, as JSON-compatible values.

    Arguments:
        milliseconds: What `measure` returns.
        steps_per_epoch: Steps in an epoch of the data set.
    """
    return {
        name: {
            "milliseconds_per_step": float(np.median(values)),
            "lowest": float(values.min()),
            "highest": float(values.max()),
            "seconds_per_epoch": float(np.median(values)) * steps_per_epoch / 1000,
            "times_the_vae": float(np.median(values / milliseconds[VAE])),
        }
        for name, values in milliseconds.items()
    }


def judge(milliseconds):
    """Judges the order of the models' costs; needs no trained runs."""
    pairs = ((VAE, VAMPPRIOR), (VAMPPRIOR, HVAE))
    ratios = {
        f"{more} / {less}": float(np.median(milliseconds[more] / milliseconds[less]))
        for less, more in pairs
    }
    return [
        Claim(
            id="vampprior.cost.1",
            statement="An epoch takes longer with the VampPrior than with the VAE, and longest "
            "with the HVAE.",
            rule=f"In {ROUNDS} rounds in turn, the median of either ratio is at least "
            f"{CLEARLY_MORE:g}.",
            numbers=ratios,
            holds=all(ratio >= CLEARLY_MORE for ratio in ratios.values()),
        )
    ]


def draw(milliseconds):
    """Draws the median of each model, with its range."""
    figure, (axis,) = plots.panels(1, width=6.5, height=3.0)
    medians = np.array([np.median(values) for values in milliseconds.values()])
    ranges = np.array([[values.min(), values.max()] for values in milliseconds.values()]).T
    axis.barh(
        list(milliseconds),
        medians,
        xerr=abs(ranges - medians),
        color=plots.COLORS[: len(medians)],
        capsize=3,
    )
    axis.invert_yaxis()
    axis.grid(axis="y", visible=False)
    axis.set_xlabel("Milliseconds a training step (batch 100)")
    return figure

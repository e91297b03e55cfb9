"""What a training step of the three models costs, measured in turn in one process.

"Project: Large VAE", Section 4. All learned priors have 500 components here. Nothing is trained for
it but what is timed, and no stored run plays a part; leave the machine to it.
"""

import sys
import time

import numpy as np
from matplotlib.figure import Figure as Picture

from keras_vae import datasets
from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.claims import Claim, JsonObject, Number, Reading
from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.figures.method_runs import Methods
from keras_vae.experiments.figures.options import Options, Preset
from keras_vae.experiments.reports.vampprior.figures import report_figure
from keras_vae.experiments.reports.vampprior.protocol import (
    HVAE,
    PANELS,
    PROTOCOL,
    VAE,
    VAMPPRIOR,
    run_spec,
)
from keras_vae.experiments.runs.spec import Specs
from keras_vae.experiments.runs.training import build_model

ROUNDS = 7
STEPS = 50
COMPONENTS = 500
MIXTURE = f"VAE, mixture of {COMPONENTS} Gaussians"
# A claim that one model costs more than another needs more than timing's own scatter.
CLEARLY_MORE = 1.02


def compared_specs(dataset: str, seed: int) -> Specs:
    """The report's three models, all with 500 components, and one with free ones: `RunSpec`."""
    return {
        VAE: run_spec(dataset, seed, VAE),
        MIXTURE: run_spec(dataset, seed, VAE, "mixture_of_gaussians", COMPONENTS),
        VAMPPRIOR: run_spec(dataset, seed, VAMPPRIOR, components=COMPONENTS),
        HVAE: run_spec(dataset, seed, HVAE),
    }


def measure(methods: Methods, options: Options) -> JsonObject:
    """What `time_steps` returns for the compared models, and the steps in an epoch."""
    specs = compared_specs(options.dataset, options.seed)
    first = next(iter(specs.values()))
    return {
        "milliseconds": time_steps(specs),
        "steps_per_epoch": first.data.load().steps_per_epoch(first.batch_size),
    }


def time_steps(
    specs: Specs, rounds: int = ROUNDS, steps: int = STEPS, jit_compile: bool | str = "auto"
) -> dict[str, np.ndarray]:
    """Times training steps of several models in turn, so that all meet the same conditions.

    What `fit` does once, before its first step, is not timed.

    Arguments:
        specs: Dictionary of `RunSpec` by name, of one data set and batch size.
        rounds: Measurements of each model.
        steps: Training steps in each.
        jit_compile: As of `keras_vae.VAE.compile`.

    Returns:
        Dictionary by name of arrays of shape (rounds,): milliseconds a step.
    """
    data = next(iter(specs.values())).data.load()
    executions = {name: _execution(spec, data, steps, jit_compile) for name, spec in specs.items()}
    for execute in executions.values():
        execute()
    timed = [{name: execute() for name, execute in executions.items()} for _ in range(rounds)]
    return {name: np.array([one[name] for one in timed]) for name in specs}


def _execution(spec, data, steps, jit_compile):
    """A function that runs some training steps and returns milliseconds a step."""
    model = build_model(spec, data.image_shape)
    model.compile(
        optimizer=spec.optimizer.make(), steps_per_execution=steps, jit_compile=jit_compile
    )
    model.optimizer.build(model.trainable_variables)
    model.make_train_function()
    batches = iter(data.batches(spec.batch_size, spec.seed))

    def execute():
        start = time.perf_counter()
        logs = model.train_function(batches)
        float(logs["loss"])
        return 1000 * (time.perf_counter() - start) / steps

    return execute


def judge(measured: JsonObject, options: Options) -> list[Claim]:
    """Judges the order of the models' costs; needs no trained runs."""
    milliseconds = measured["milliseconds"]
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
            reported="longer, longest; measured on its own runs",
            measured=", ".join(f"{pair} {ratio:.2f}" for pair, ratio in ratios.items()),
            readings=[
                Reading(
                    rule=f"In {ROUNDS} rounds in turn, the median of either ratio is at least "
                    f"{CLEARLY_MORE:g}.",
                    numbers={pair: Number(ratio, "1") for pair, ratio in ratios.items()},
                    holds=all(ratio >= CLEARLY_MORE for ratio in ratios.values()),
                    unmet=() if options.dataset in PANELS else (f"measured on {options.dataset}",),
                )
            ],
        )
    ]


def draw(measured: JsonObject, options: Options) -> Picture:
    """Draws the median of each model, with its range."""
    milliseconds = measured["milliseconds"]
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


def record(measured: JsonObject, options: Options) -> JsonObject:
    """Medians and their ratios to the VAE's."""
    milliseconds = measured["milliseconds"]
    return {
        "cost": {
            name: {
                "milliseconds_per_step": float(np.median(values)),
                "lowest": float(values.min()),
                "highest": float(values.max()),
                "seconds_per_epoch": float(np.median(values)) * measured["steps_per_epoch"] / 1000,
                "times_the_vae": float(np.median(values / milliseconds[VAE])),
            }
            for name, values in milliseconds.items()
        }
    }


FIGURE = report_figure(
    script=__file__,
    name="cost_per_epoch",
    title="Cost of a training step of the three models",
    measure=measure,
    judge=judge,
    draw=draw,
    caption=f"median and range of {ROUNDS} rounds of {STEPS} steps",
    record=record,
    datasets=datasets.NAMES,
    presets={
        "smoke": Preset(dataset="mnist_5k", epochs=None, trials=1),
        "quick": Preset(dataset=None, epochs=None, trials=1),
        "paper": Preset(dataset="mnist", epochs=None, trials=1),
    },
    protocol={**PROTOCOL, "dataset": "mnist"},
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

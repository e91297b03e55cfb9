"""What a training step of the three models costs, measured in turn in one process.

"Project: Large VAE", Section 4. The models have the report's own sizes: 200 pseudo-inputs on
MNIST, 500 elsewhere; beside them a mixture of as many free Gaussians. Nothing is trained for it
but what is timed; leave the machine to it. What epochs of stored runs took, on whatever machine
and beside whatever else, is a second reading.
"""

import sys
import time
from collections.abc import Callable

import numpy as np
from matplotlib.figure import Figure as Picture

from keras_vae import datasets
from keras_vae.datasets import ImageData
from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.claims import Claim, JsonObject, Number, Reading
from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.figures.method_runs import Methods
from keras_vae.experiments.figures.options import Options, Preset
from keras_vae.experiments.reports.vampprior import (
    HVAE,
    PANELS,
    PROTOCOL,
    STYLES,
    TITLES,
    VAE,
    VAMPPRIOR,
    run_spec,
)
from keras_vae.experiments.reports.vampprior.figures import report_figure
from keras_vae.experiments.runs.run_models import build_model, load_stored
from keras_vae.experiments.runs.spec import RunSpec, Specs
from keras_vae.experiments.runs.store import RunStore

ROUNDS = 7
STEPS = 50
MIXTURE = "VAE, mixture of Gaussians"
COLORS = {**STYLES, MIXTURE: 3}
# Costs that differ by less are a tie, which decides nothing.
TIE = 0.02
# The report's "slightly slower" is read as less than half as much again.
SLIGHTLY = 1.5
IN_TURN = f"On {{}}, in {ROUNDS} rounds of {STEPS} training steps in turn, the median ratio"


def compared_specs(dataset: str, seed: int) -> Specs:
    """The report's three models, and one with a mixture of Gaussians: `RunSpec`."""
    return {
        VAE: run_spec(dataset, seed, VAE),
        MIXTURE: run_spec(dataset, seed, VAE, "mixture_of_gaussians"),
        VAMPPRIOR: run_spec(dataset, seed, VAMPPRIOR),
        HVAE: run_spec(dataset, seed, HVAE),
    }


def measure(methods: Methods, options: Options) -> JsonObject:
    """What `time_steps` returns for the compared models, and what is stored of their runs.

    Returns:
        Dictionary of `milliseconds`, of `steps_per_epoch`, and of `stored_seconds`: the median
        epoch of each model's stored run of the first seed, for those that are stored.
    """
    specs, store = compared_specs(options.dataset, options.seed), RunStore(options.store)
    first = next(iter(specs.values()))
    return {
        "milliseconds": time_steps(specs),
        "steps_per_epoch": first.data.load().steps_per_epoch(first.batch_size),
        "stored_seconds": {
            name: float(np.median(load_stored(spec, store).history["seconds"]))
            for name, spec in specs.items()
            if store.epochs_done(spec)
        },
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


def _execution(
    spec: RunSpec, data: ImageData, steps: int, jit_compile: bool | str
) -> Callable[[], float]:
    """A function that runs some training steps and returns milliseconds a step."""
    model = build_model(spec, data.image_shape)
    model.compile(
        optimizer=spec.optimizer.make(), steps_per_execution=steps, jit_compile=jit_compile
    )
    model.optimizer.build(model.trainable_variables)
    model.make_train_function()
    run_steps = model.train_function
    assert run_steps is not None  # now that it is made
    batches = iter(data.batches(spec.batch_size, spec.seed))

    def execute() -> float:
        start = time.perf_counter()
        logs = run_steps(batches)
        float(logs["loss"])
        return 1000 * (time.perf_counter() - start) / steps

    return execute


def judge(measured: JsonObject, options: Options) -> list[Claim]:
    """Judges the order of the models' costs."""
    dataset = options.dataset
    about = () if dataset in PANELS else (f"measured on {dataset}",)
    milliseconds, stored = measured["milliseconds"], measured["stored_seconds"]
    described = (
        ("1", VAMPPRIOR, VAE, "An epoch of the VampPrior takes longer than one of the VAE."),
        ("2", HVAE, VAMPPRIOR, "An epoch of the HVAE takes longer than one of the VampPrior."),
    )
    return [
        Claim(
            id=f"vampprior.cost.{number}",
            statement=statement,
            reported="VAE fastest, VampPrior 'slightly slower', HVAE 'the slowest' (4)",
            measured=f"a step of the {more} takes {_ratio(milliseconds, more, less):.2f} times as "
            f"long as one of the {less} ({TITLES[dataset]})",
            readings=[
                _in_turn(dataset, milliseconds, more, less, about),
                _of_stored_runs(dataset, stored, more, less, about),
                *([_slightly(dataset, milliseconds, about)] if more == VAMPPRIOR else ()),
            ],
        )
        for number, more, less, statement in described
    ]


def _ratio(milliseconds: dict[str, np.ndarray], more: str, less: str) -> float:
    return float(np.median(np.divide(milliseconds[more], milliseconds[less])))


def _in_turn(
    dataset: str,
    milliseconds: dict[str, np.ndarray],
    more: str,
    less: str,
    unmet: tuple[str, ...],
) -> Reading:
    rule = f"{IN_TURN.format(TITLES[dataset])} is above 1"
    return _reading("timed in turn in one process", rule, _ratio(milliseconds, more, less), unmet)


def _slightly(dataset: str, milliseconds: dict[str, np.ndarray], unmet: tuple[str, ...]) -> Reading:
    ratio = _ratio(milliseconds, VAMPPRIOR, VAE)
    return Reading(
        "slightly (added after a first result)",
        rule=f"{IN_TURN.format(TITLES[dataset])} is above 1 and below {SLIGHTLY:g}.",
        numbers={"ratio": Number(ratio, "1", above=1.0, below=SLIGHTLY)},
        unmet=unmet,
    )


def _of_stored_runs(
    dataset: str, seconds: dict[str, float], more: str, less: str, unmet: tuple[str, ...]
) -> Reading:
    missing = tuple(f"{model} is not stored" for model in (more, less) if model not in seconds)
    ratio = None if missing else seconds[more] / seconds[less]
    rule = (
        f"On {TITLES[dataset]}, the ratio of the median seconds per epoch of the stored runs of "
        "the first seed is above 1"
    )
    return _reading("of the stored runs", rule, ratio, (*unmet, *missing))


def _reading(name: str, rule: str, ratio: float | None, unmet: tuple[str, ...]) -> Reading:
    tie = () if ratio is None or abs(ratio - 1) > TIE else (f"a tie, within {TIE:.0%}",)
    return Reading(
        name,
        rule=f"{rule}; within {TIE:.0%} of 1 it is a tie.",
        numbers={"ratio": Number(ratio, "1", above=1.0)},
        unmet=(*unmet, *tie),
    )


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
        color=[plots.COLORS[COLORS[name]] for name in milliseconds],
        capsize=3,
    )
    axis.invert_yaxis()
    axis.grid(axis="y", visible=False)
    axis.set_xlabel("Milliseconds a training step (batch 100)")
    return figure


def record(measured: JsonObject, options: Options) -> JsonObject:
    """Medians and their ratios to the VAE's, and what stored epochs took."""
    milliseconds = measured["milliseconds"]
    return {
        "cost": {
            name: {
                "milliseconds_per_step": float(np.median(values)),
                "rounds": values.tolist(),
                "lowest": float(values.min()),
                "highest": float(values.max()),
                "seconds_per_epoch": float(np.median(values)) * measured["steps_per_epoch"] / 1000,
                "times_the_vae": float(np.median(values / milliseconds[VAE])),
            }
            for name, values in milliseconds.items()
        },
        "median_seconds_of_a_stored_epoch": measured["stored_seconds"],
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

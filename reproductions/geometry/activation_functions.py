"""Whether the number of informative components depends on the activation function.

"An Explanatory Analysis of the Geometry of Latent Variables", Section 2.1: as alpha goes to 0 the
number saturates, "with different values which depends on the activation function". The report
shows only ReLU and names no other. Beside ReLU's run of Figure 2 at k = 30 and alpha = 0, this
trains the same with tanh and with softplus, and counts components as Figure 2 does.
"""

import dataclasses
import itertools
import sys

import numpy as np
from matplotlib.figure import Figure as Picture

from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.claims import (
    Claim,
    JsonObject,
    Number,
    Reading,
    over_seeds,
    plus_minus,
    unmet_requirements,
)
from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.figures.method_runs import Methods
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.reports.geometry import (
    LASTING,
    LATENT_DIM,
    NEEDED,
    GeometryFigure,
    run_spec,
)
from keras_vae.experiments.reports.geometry.renyi_runs import (
    INFORMATIVE,
    Components,
    measure_components,
)
from keras_vae.experiments.runs.spec import Specs

ACTIVATIONS = {"ReLU": "relu", "tanh": "tanh", "softplus": "softplus"}
APART = 1.0


def runs(options: Options, seed: int) -> Specs:
    """One run of each activation function, at k = 30 and alpha = 0."""
    spec = run_spec(options.dataset, seed, alpha=0.0)
    return {
        name: dataclasses.replace(
            spec, model=dataclasses.replace(spec.model, activation=activation)
        )
        for name, activation in ACTIVATIONS.items()
    }


def measure(methods: Methods, options: Options) -> dict[str, Components]:
    """`Components` by activation function."""
    return {name: measure_components(method) for name, method in methods.items()}


def draw(found: dict[str, Components], options: Options) -> Picture:
    """Draws how many components are informative after each epoch whose weights are kept."""
    figure, (axis,) = plots.panels(1, width=6.0, height=3.8)
    for index, (name, of) in enumerate(found.items()):
        plots.line_with_band(axis, of.epochs, of.informative_after, name, index)
    axis.set(xscale="log", xlabel="Epoch", ylabel=f"Components above {INFORMATIVE:g}")
    plots.plain_ticks(axis, of.epochs)
    axis.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def judge(found: dict[str, Components], options: Options) -> list[Claim]:
    """Judges whether any two activation functions end with different numbers."""
    counts = {name: over_seeds(of.informative) for name, of in found.items()}
    apart, may_turn = {}, {}
    # Either way round: whichever of two ends with more decides.
    for one, other in itertools.permutations(found, 2):
        more = over_seeds(np.subtract(found[one].informative, found[other].informative))
        number = Number(more, "components", at_least=APART)
        apart[f"{one} - {other}"] = number
        may_turn[f"{one} - {other}"] = number.may_turn(
            found[one].rates - found[other].rates, options.epochs
        )
    widest = max(apart.values(), key=lambda number: number.value["mean"])
    # One pair that differs, and stays so, decides.
    lasts = any(number.holds and not may_turn[name] for name, number in apart.items())
    unmet = unmet_requirements(
        options, weights_epochs=[of.epochs[-1] for of in found.values()], **NEEDED
    ) + (() if lasts else tuple(itertools.chain(*may_turn.values())))
    of_seeds = max(float(np.ptp(of.informative)) for of in found.values())
    return [
        Claim(
            id="geometry.text.1",
            statement="The number at which components saturate depends on the activation function.",
            reported="'different values which depends on the activation function' (Section 2.1)",
            measured=", ".join(f"{name} {plus_minus(of)}" for name, of in counts.items()),
            readings=[
                Reading(
                    "on average",
                    rule=f"At k = {LATENT_DIM} and alpha = 0, the two activation functions that "
                    f"differ most differ by at least {APART:g}. {LASTING}",
                    numbers={
                        "widest_difference": widest,
                        "difference": Number(
                            {name: number.value for name, number in apart.items()}, "components"
                        ),
                        "count": Number(counts, "components"),
                    },
                    unmet=unmet,
                ),
                Reading(
                    "by more than seeds do",
                    rule="The two that differ most differ by more than any two seeds of one "
                    f"activation function. {LASTING}",
                    numbers={
                        "widest_difference_less_that_of_seeds": Number(
                            widest.value["mean"] - of_seeds, "components", above=0.0
                        ),
                        "widest_difference_of_seeds": Number(of_seeds, "components"),
                    },
                    unmet=unmet,
                ),
            ],
        )
    ]


def record(found: dict[str, Components], options: Options) -> JsonObject:
    """The components' measures for `data.json`."""
    return {"components": {name: of.to_dict() for name, of in found.items()}}


FIGURE = GeometryFigure(
    script=__file__,
    name="activation_functions",
    title="Informative components by activation function (k = 30, alpha = 0)",
    runs=runs,
    measure=measure,
    draw=draw,
    caption=lambda found, options: "components as in Figure 2" + plots.band_caption(options.trials),
    judge=judge,
    record=record,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

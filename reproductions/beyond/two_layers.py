"""Beyond the activity report: latent activity of two stochastic layers.

"Latent Space Activity and Visualization", Section 5.1, asks for deep VAEs. Runs: a second layer of
fifty dimensions above the first, in the networks of `keras_vae.HierarchicalVAE` with 200 softplus
units. Measured: the activity of every dimension over the test images after every epoch. Drawn and
recorded: the counts at the threshold 0.1, a panel for each layer. The claims are what Burda et al.
(2015, Section 5) and Sonderby et al. (2016) found of other models.
"""

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
from keras_vae.experiments.measures.convergence import FINAL, LASTING, final_rates, final_values
from keras_vae.experiments.reports import activity as protocol
from keras_vae.experiments.reports.activity import (
    THRESHOLD,
    active_counts,
    draw_counts,
    label_counts,
)
from keras_vae.experiments.runs.spec import ObjectiveSpec, Specs

# Shorter than the report's, so that runs of fifty epochs are past it.
WARM_UP_EPOCHS = 20
LAYERS = {"upper": slice(protocol.LATENT_DIM), "lower": slice(protocol.LATENT_DIM, None)}
TITLES = {"upper": "(a) Upper layer", "lower": "(b) Lower layer, next to the images"}
CLEAR_DIFFERENCE = 1.0
COUNTED = (
    f"{FINAL} {LASTING} A lower dimension's activity is the "
    "variance over images of its posterior mean, given the upper layer's posterior mean."
)


def runs(options: Options, seed: int) -> Specs:
    """A second stochastic layer above the first, under three objectives."""
    warm_up = ObjectiveSpec(
        name="iwae", num_samples=protocol.NUM_SAMPLES, warm_up_epochs=WARM_UP_EPOCHS
    )
    objectives = {"VAE": protocol.ELBO, "IW": protocol.IMPORTANCE_WEIGHTED, "IW+WU": warm_up}
    return {
        name: protocol.run_spec(
            options.dataset, seed, objective, upper_latent_dims=(protocol.LATENT_DIM,)
        )
        for name, objective in objectives.items()
    }


def measure(methods: Methods, options: Options) -> dict[str, dict[str, np.ndarray]]:
    """Active dimensions by layer and method, integer arrays of shape (trials, epochs)."""
    return {
        layer: {name: active_counts(method.activity[..., part]) for name, method in methods.items()}
        for layer, part in LAYERS.items()
    }


def draw(counts: dict[str, dict[str, np.ndarray]], options: Options) -> Picture:
    """Draws a panel for each layer."""
    figure, axes = plots.panels(2, width=4.6, sharey=True)
    for axis, (layer, by_method) in zip(axes, counts.items(), strict=True):
        draw_counts(axis, by_method)
        axis.set_title(TITLES[layer])
    axes[1].legend(loc="upper left", bbox_to_anchor=(1, 1))
    label_counts(axes[0])
    return figure


def caption(counts: dict[str, dict[str, np.ndarray]], options: Options) -> str:
    """What the panels show."""
    return f"threshold {THRESHOLD:g}; warm-up of {WARM_UP_EPOCHS} epochs" + plots.trials_caption(
        options.trials
    )


def judge(counts: dict[str, dict[str, np.ndarray]], options: Options) -> list[Claim]:
    """Judges how activity divides between the layers, and what warm-up does to it."""
    ends = {
        layer: {name: final_values(value) for name, value in by_method.items()}
        for layer, by_method in counts.items()
    }
    upper, lower = ends["upper"], ends["lower"]
    fewer = {name: over_seeds(upper[name] - lower[name]) for name in ("VAE", "IW")}
    more = over_seeds(upper["IW+WU"] - upper["IW"])
    unmet = unmet_requirements(options, min_epochs=protocol.CONTRAST_EPOCHS, min_trials=2)
    rates = {
        layer: {name: final_rates(value) for name, value in by_method.items()}
        for layer, by_method in counts.items()
    }
    apart = {name: rates["upper"][name] - rates["lower"][name] for name in fewer}
    between_layers = Number(fewer, "dimensions", at_most=-CLEAR_DIFFERENCE)
    with_warm_up = Number(more, "dimensions", at_least=CLEAR_DIFFERENCE)
    growth = rates["upper"]["IW+WU"] - rates["upper"]["IW"]
    return [
        Claim(
            id="beyond.two_layers.1",
            statement="The upper layer keeps fewer dimensions active than the lower one.",
            reported="Burda et al. 2015, Section 5, of other networks",
            measured="upper less lower: "
            + ", ".join(f"{name} {plus_minus(value)}" for name, value in fewer.items()),
            readings=[
                Reading(
                    rule=f"Without warm-up, by at least {CLEAR_DIFFERENCE:g}, for VAE and for IW, "
                    f"on average over seeds. {COUNTED}",
                    numbers={
                        "upper - lower": between_layers,
                        **final_numbers(ends),
                    },
                    unmet=unmet + between_layers.may_turn(apart, options.epochs),
                )
            ],
            extension=True,
        ),
        Claim(
            id="beyond.two_layers.2",
            statement="Warm-up keeps more dimensions of the upper layer active.",
            reported="Sonderby et al. 2016, of other networks",
            measured=f"IW+WU less IW: {plus_minus(more)} dimensions of the upper layer",
            readings=[
                Reading(
                    rule="IW+WU's final count there is higher than IW's by at least "
                    f"{CLEAR_DIFFERENCE:g}, on average over seeds. {COUNTED}",
                    numbers={
                        "IW+WU - IW": with_warm_up,
                        **final_numbers(ends),
                    },
                    unmet=unmet + with_warm_up.may_turn(growth, options.epochs),
                )
            ],
            extension=True,
        ),
    ]


def final_numbers(ends: dict[str, dict[str, np.ndarray]]) -> dict[str, Number]:
    """Final counts of each trial, by layer and method."""
    return {
        f"{layer} layer, each trial": Number(
            {name: values.tolist() for name, values in by_method.items()}, "dimensions"
        )
        for layer, by_method in ends.items()
    }


def record(counts: dict[str, dict[str, np.ndarray]], options: Options) -> JsonObject:
    """Active dimensions of every trial and epoch, by layer and method."""
    return {
        "active_dimensions": {
            layer: {name: values.tolist() for name, values in by_method.items()}
            for layer, by_method in counts.items()
        }
    }


FIGURE = protocol.ActivityFigure(
    script=__file__,
    report=f"{protocol.REPORT}/beyond",
    name="two_layers",
    title="Beyond: active dimensions of two stochastic layers (n_z = 50 each)",
    protocol={**protocol.PROTOCOL, "note": "ours: the report asks for deep VAEs and names none"},
    runs=runs,
    measure=measure,
    draw=draw,
    caption=caption,
    judge=judge,
    record=record,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

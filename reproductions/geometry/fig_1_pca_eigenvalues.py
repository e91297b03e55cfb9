"""Figure 1: principal components of the posterior means, for orders of the Renyi bound.

"An Explanatory Analysis of the Geometry of Latent Variables", Section 2.1.
"""

import sys

import numpy as np
from matplotlib.figure import Figure as Picture

from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.claims import Claim, JsonObject, Number, Reading
from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.figures.method_runs import Methods
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.reports.geometry.protocol import SHARED, unmet_requirements
from keras_vae.experiments.reports.geometry.renyi_runs import (
    INFORMATIVE,
    ROTATIONS,
    Components,
    Grid,
    RenyiFigure,
    add_options,
    all_orders,
    flat_list,
    measure_components,
    measure_grid,
    nested_dict,
    order_name,
    renyi_runs,
)

ALIGNED = 0.5


def measure(methods: Methods, options: Options) -> Grid:
    """`Components` by number of latent dimensions and order."""
    return measure_grid(methods, measure_components)


def draw(components: Grid, options: Options) -> Picture:
    """Draws sorted eigenvalues, a panel for each number of latent dimensions."""
    figure, axes = plots.panels(len(components), width=3.8, sharey=True)
    # An order has one style, whatever orders a panel shows.
    styles = {alpha: index for index, alpha in enumerate(all_orders(components))}
    for axis, letter, (size, by_order) in plots.lettered(axes, components.items()):
        ranks = np.arange(1, size + 1)
        for alpha, found in by_order.items():
            label = "VR-max" if np.isinf(alpha) else f"α = {order_name(alpha)}"
            plots.line_with_band(axis, ranks, found.eigenvalues, label, styles[alpha])
        axis.axhline(INFORMATIVE, color="#444444", linewidth=0.8, linestyle=":")
        axis.set(yscale="log", xlabel="Component", title=f"{letter} k = {size}")
        axis.legend()
    axes[0].set_ylabel("Eigenvalue of the posterior means")
    return figure


def caption(components: Grid, options: Options) -> str:
    """What the panels show, in words."""
    return "dotted: the report's threshold of 0.01" + plots.band_caption(options.trials)


def judge(components: Grid, options: Options) -> list[Claim]:
    """Judges whether eigenvectors align with the axes."""
    found = flat_list(components)
    alignment = [value for one in found for value in one.alignment]
    chance = [value for one in found for value in one.random_alignment]
    return [
        Claim(
            id="geometry.1.1",
            statement="The eigenvectors tend to align with the axes.",
            reported="'tend to align', in words (Section 2.1, Figure 1)",
            measured=f"alignment {np.mean(alignment):.2f}; random rotations reach "
            f"{np.mean(chance):.2f}",
            readings=[
                Reading(
                    rule="The largest squared entry of the informative eigenvectors, averaged "
                    f"over them and over all runs, is at least {ALIGNED:g}, so that one axis "
                    f"makes up most of a direction, and above the highest average of {ROTATIONS} "
                    "random rotations of as many axes. (Axes without any correlation but of like "
                    "variances need not meet it: which directions among those are eigenvectors "
                    "is up to chance. Hence the correlations beside it.)",
                    numbers={
                        "mean": Number(float(np.mean(alignment)), "squared entry"),
                        "lowest": Number(min(alignment), "squared entry"),
                        "highest_of_random_rotations": Number(
                            float(np.mean(chance)), "squared entry"
                        ),
                        "mean_absolute_correlation_of_active_axes": Number(
                            float(np.mean([value for one in found for value in one.correlation])),
                            "correlation",
                        ),
                        "by_k_and_alpha": Number(
                            nested_dict(components, lambda one: one.alignment), "squared entry"
                        ),
                    },
                    holds=bool(
                        np.mean(alignment) >= ALIGNED and np.mean(alignment) > np.mean(chance)
                    ),
                    unmet=unmet_requirements(options, [one.epochs[-1] for one in found]),
                )
            ],
        )
    ]


def record(components: Grid, options: Options) -> JsonObject:
    """The components' measures for `data.json`."""
    return {"components": nested_dict(components, Components.to_dict)}


FIGURE = RenyiFigure(
    **SHARED,
    script=__file__,
    name="fig_1",
    title="Figure 1: eigenvalues of the posterior means by alpha and latent dimensions",
    add_options=add_options,
    runs=renyi_runs,
    measure=measure,
    draw=draw,
    caption=caption,
    judge=judge,
    record=record,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

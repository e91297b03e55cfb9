"""Figure 2: informative components, bound and log-likelihood against alpha.

"An Explanatory Analysis of the Geometry of Latent Variables", Section 2.1; beside the report's two
panels, how much an estimate of the log-likelihood varies from one set of samples to the next.
"""

import sys

from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.figure import Analysis, main
from keras_vae.experiments.reports.geometry import (
    bound_claims,
    bounds,
    component_claims,
    components,
)
from keras_vae.experiments.reports.geometry.figures import nested_dict, renyi_figure


def draw(found, reached):
    """Draws the three panels."""
    picture, axes = plots.panels(3, width=4.2, height=3.8)
    components.draw_counts(axes[0], found)
    bounds.draw_bounds(axes[1], reached)
    bounds.draw_noise(axes[2], reached)
    titles = ("Informative components", "Bound and log-likelihood", "Noise of the estimate")
    for axis, letter, title in plots.lettered(axes, titles):
        axis.set_title(f"{letter} {title}")
    return picture


def analyse(methods, asked):
    """Measures, draws and judges."""
    found, reached = components.measure_all(methods), bounds.measure_all(methods)
    return Analysis(
        picture=draw(found, reached),
        caption=bounds.caption(reached, asked.trials),
        claims=[
            *component_claims.judge_counts(found, asked),
            *bound_claims.judge_bounds(reached, asked),
        ],
        data={
            "components": nested_dict(found, components.Components.to_dict),
            "bounds": nested_dict(reached, bounds.Bounds.to_dict),
        },
    )


FIGURE = renyi_figure(
    name="fig_2",
    title="Figure 2: informative components, bound and log-likelihood against alpha",
    analyse=analyse,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

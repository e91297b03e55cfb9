"""Figure 1: principal components of the posterior means, for orders of the Renyi bound.

"An Explanatory Analysis of the Geometry of Latent Variables", Section 2.1.
"""

import sys

from keras_vae.experiments.figures.figure import Analysis, main
from keras_vae.experiments.figures.plots import band_caption
from keras_vae.experiments.reports.geometry import component_claims, components
from keras_vae.experiments.reports.geometry.figures import nested_dict, renyi_figure


def analyse(methods, asked):
    """Measures, draws and judges."""
    found = components.measure_all(methods)
    return Analysis(
        picture=components.draw_eigenvalues(found),
        caption="dotted: the report's threshold of 0.01" + band_caption(asked.trials),
        claims=component_claims.judge_alignment(found, asked),
        data={"components": nested_dict(found, components.Components.to_dict)},
    )


FIGURE = renyi_figure(
    name="fig_1",
    title="Figure 1: eigenvalues of the posterior means by alpha and latent dimensions",
    analyse=analyse,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

"""Reconstruction with and without warm-up, which the report calls significant.

"Project: Large VAE", Section 4; the standard VAE on three data sets.
"""

import sys

from keras_vae.experiments.figures.figure import Analysis, main
from keras_vae.experiments.reports.vampprior.figures import report_figure
from keras_vae.experiments.reports.vampprior.protocol import VAE
from keras_vae.experiments.reports.vampprior.warm_up import WITHOUT, draw, judge, measure


def analyse(methods, asked):
    """Draws, measures and judges."""
    measured = measure(methods)
    return Analysis(
        picture=draw(methods),
        caption="scales leave out the lowest twentieth",
        claims=judge(measured, methods),
        data={"ended_with": measured},
    )


FIGURE = report_figure(
    name="warm_up",
    title="Whether warm-up is needed",
    models=(VAE, WITHOUT),
    analyse=analyse,
    priors=(),
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

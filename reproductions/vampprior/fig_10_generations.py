"""Figure 10: images generated with the hierarchical VAE, on three data sets.

"Project: Large VAE", Section 3.2.3. The claims compare them with the other models'.
"""

import sys

from keras_vae.experiments.figure import Analysis, main
from keras_vae.experiments.vampprior_report.figures import report_figure
from keras_vae.experiments.vampprior_report.generation_claims import (
    judge_hierarchical,
    measure_all,
)
from keras_vae.experiments.vampprior_report.pictures import generations
from keras_vae.experiments.vampprior_report.protocol import HVAE, VAE, VAMPPRIOR


def analyse(methods, asked):
    """Draws the hierarchical model's images, and measures all three models'."""
    measured = measure_all(methods, asked)
    return Analysis(
        picture=generations(methods, asked, HVAE),
        caption=f"means of p(x|z) at codes from the prior, none left out, seed {asked.seed}",
        claims=judge_hierarchical(measured, methods),
        data={"distances_of_draws": measured},
    )


FIGURE = report_figure(
    name="fig_10",
    title="Figure 10: generations with the hierarchical VAE",
    models=(VAE, VAMPPRIOR, HVAE),
    with_prior=(HVAE,),
    analyse=analyse,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

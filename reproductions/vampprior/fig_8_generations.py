"""Figure 8: images generated with the VampPrior, on three data sets.

"Project: Large VAE", Section 3.2.2. The claim compares them with the standard VAE's.
"""

import sys

from keras_vae.experiments.figure import Analysis, main
from keras_vae.experiments.vampprior_report.figures import report_figure
from keras_vae.experiments.vampprior_report.generation_claims import judge_vampprior, measure_all
from keras_vae.experiments.vampprior_report.pictures import generations
from keras_vae.experiments.vampprior_report.protocol import VAE, VAMPPRIOR


def analyse(methods, asked):
    """Draws the VampPrior's images, and measures both models'."""
    measured = measure_all(methods, asked)
    return Analysis(
        picture=generations(methods, asked, VAMPPRIOR),
        caption=f"means of p(x|z) at codes from the prior, none left out, seed {asked.seed}",
        claims=judge_vampprior(measured, methods),
        data={"distances_of_draws": measured},
    )


FIGURE = report_figure(
    name="fig_8",
    title="Figure 8: generations with the VampPrior",
    models=(VAE, VAMPPRIOR),
    with_prior=(VAMPPRIOR,),
    analyse=analyse,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

"""Figure 5: images generated with the standard VAE, on three data sets.

"Project: Large VAE", Section 3.2.1.
"""

import sys

from keras_vae.experiments.figure import Analysis, main
from keras_vae.experiments.vampprior_report.figures import report_figure
from keras_vae.experiments.vampprior_report.generation_claims import measure_all
from keras_vae.experiments.vampprior_report.pictures import generations
from keras_vae.experiments.vampprior_report.protocol import VAE


def analyse(methods, asked):
    """Draws and measures; Figures 8 and 10 judge how the models compare."""
    return Analysis(
        picture=generations(methods, asked, VAE),
        caption=f"means of p(x|z) at codes from the prior, none left out, seed {asked.seed}",
        claims=[],
        data={"distances_of_draws": measure_all(methods, asked)},
    )


FIGURE = report_figure(
    name="fig_5",
    title="Figure 5: generations with the standard VAE",
    models=(VAE,),
    with_prior=(VAE,),
    analyse=analyse,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

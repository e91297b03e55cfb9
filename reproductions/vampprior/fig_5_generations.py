"""Figure 5: images generated with the standard VAE, on three data sets.

"Project: Large VAE", Section 3.2.1.
"""

import sys

from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.reports.vampprior.figures import report_figure
from keras_vae.experiments.reports.vampprior.generations import analyse_generations
from keras_vae.experiments.reports.vampprior.protocol import VAE

FIGURE = report_figure(
    name="fig_5",
    title="Figure 5: generations with the standard VAE",
    models=(VAE,),
    with_prior=(VAE,),
    analyse=analyse_generations(VAE),
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

"""Figure 8: images generated with the VampPrior, on three data sets.

"Project: Large VAE", Section 3.2.2. The claim compares them with the standard VAE's.
"""

import sys

from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.reports.vampprior.figures import report_figure
from keras_vae.experiments.reports.vampprior.generation_claims import judge_vampprior
from keras_vae.experiments.reports.vampprior.generations import analyse_generations
from keras_vae.experiments.reports.vampprior.protocol import VAE, VAMPPRIOR

FIGURE = report_figure(
    name="fig_8",
    title="Figure 8: generations with the VampPrior",
    models=(VAE, VAMPPRIOR),
    with_prior=(VAMPPRIOR,),
    analyse=analyse_generations(VAMPPRIOR, judge_vampprior),
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

"""Figure 10: images generated with the hierarchical VAE, on three data sets.

"Project: Large VAE", Section 3.2.3. The claims compare them with the other models'.
"""

import sys

from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.reports.vampprior.figures import report_figure
from keras_vae.experiments.reports.vampprior.generation_claims import judge_hierarchical
from keras_vae.experiments.reports.vampprior.generations import analyse_generations
from keras_vae.experiments.reports.vampprior.protocol import HVAE, VAE, VAMPPRIOR

FIGURE = report_figure(
    name="fig_10",
    title="Figure 10: generations with the hierarchical VAE",
    models=(VAE, VAMPPRIOR, HVAE),
    with_prior=(HVAE,),
    analyse=analyse_generations(HVAE, judge_hierarchical),
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

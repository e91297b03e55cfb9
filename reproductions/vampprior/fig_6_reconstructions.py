"""Figure 6: test images and their reconstructions with the VampPrior, on three data sets.

"Project: Large VAE", Section 3.2.
"""

import sys

from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.reports.vampprior.figures import report_figure
from keras_vae.experiments.reports.vampprior.pictures import reconstructions
from keras_vae.experiments.reports.vampprior.protocol import VAMPPRIOR

FIGURE = report_figure(
    name="fig_6",
    title="Figure 6: reconstructions with the VampPrior",
    models=(VAMPPRIOR,),
    with_prior=(VAMPPRIOR,),
    analyse=reconstructions,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

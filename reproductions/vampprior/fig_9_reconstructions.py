"""Figure 9: test images and their reconstructions with the hierarchical VAE, on three data sets.

"Project: Large VAE", Section 3.2.
"""

import sys

from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.reports.vampprior.figures import report_figure
from keras_vae.experiments.reports.vampprior.pictures import reconstructions
from keras_vae.experiments.reports.vampprior.protocol import HVAE

FIGURE = report_figure(
    name="fig_9",
    title="Figure 9: reconstructions with the hierarchical VAE",
    models=(HVAE,),
    with_prior=(HVAE,),
    analyse=reconstructions,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

"""Figure 4: test images and their reconstructions with the standard VAE, on three data sets.

"Project: Large VAE", Section 3.2.
"""

import sys

from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.reports.vampprior.figures import report_figure
from keras_vae.experiments.reports.vampprior.pictures import reconstructions
from keras_vae.experiments.reports.vampprior.protocol import VAE

FIGURE = report_figure(
    name="fig_4",
    title="Figure 4: reconstructions with the standard VAE",
    models=(VAE,),
    with_prior=(VAE,),
    analyse=reconstructions,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

"""Figure 7: the pseudo-inputs that the VampPrior learned, on three data sets.

"Project: Large VAE", Section 3.2.2. Of a mixture of Gaussians, it draws the decoded means.
"""

import sys

from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.reports.vampprior.figures import report_figure
from keras_vae.experiments.reports.vampprior.pictures import pseudo_inputs
from keras_vae.experiments.reports.vampprior.protocol import LEARNED_PRIORS, VAMPPRIOR

FIGURE = report_figure(
    name="fig_7",
    title="Figure 7: the VampPrior's pseudo-inputs",
    models=(VAMPPRIOR,),
    with_prior=(VAMPPRIOR,),
    priors=LEARNED_PRIORS,
    analyse=pseudo_inputs,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

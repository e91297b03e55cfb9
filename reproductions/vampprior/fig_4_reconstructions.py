"""Figure 4: test images and their reconstructions with the standard VAE, on three data sets.

"Project: Large VAE", Section 3.2. Drawn: ten test images of the first trial, over what their
posterior means decode to. Measured and recorded, over all test images and trials: errors of pixels.
What the report says of these compares the models, and is judged with Figure 9.
"""

import sys

from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.reports.vampprior import VAE
from keras_vae.experiments.reports.vampprior.figures import add_prior_options, report_figure
from keras_vae.experiments.reports.vampprior.pictures import (
    RECONSTRUCTION_CAPTION,
    draw_reconstructions,
    measure_reconstructions,
    record_reconstructions,
)

FIGURE = report_figure(
    script=__file__,
    name="fig_4",
    title="Figure 4: reconstructions with the standard VAE",
    models=(VAE,),
    with_prior=(VAE,),
    add_options=add_prior_options,
    measure=measure_reconstructions,
    draw=draw_reconstructions,
    caption=RECONSTRUCTION_CAPTION,
    record=record_reconstructions,
    draws_first_trial=True,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

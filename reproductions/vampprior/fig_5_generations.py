"""Figure 5: images generated with the standard VAE, on three data sets.

"Project: Large VAE", Section 3.2.1.
"""

import sys

from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.reports.vampprior.figures import add_prior_options, report_figure
from keras_vae.experiments.reports.vampprior.protocol import VAE
from keras_vae.experiments.reports.vampprior.samples import (
    caption_generations,
    draw_generations,
    measure_generations,
    record_generations,
)

FIGURE = report_figure(
    script=__file__,
    name="fig_5",
    title="Figure 5: generations with the standard VAE",
    models=(VAE,),
    with_prior=(VAE,),
    add_options=add_prior_options,
    measure=measure_generations(VAE),
    draw=draw_generations,
    caption=caption_generations,
    record=record_generations,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

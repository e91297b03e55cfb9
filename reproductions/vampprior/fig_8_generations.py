"""Figure 8: images generated with the VampPrior, on three data sets.

"Project: Large VAE", Section 3.2.2. Codes are drawn from the learned prior. Drawn: 25 images of the
first trial. Measured, for it and the standard VAE and every trial: how far thousands of generated
images are from the training images, by two distances, the Frechet distance of their principal
components and the squared distance of single images from the nearest ones. A model's images are
nearer to the data than another's if both distances are smaller by two standard errors over seeds.
"""

import sys

from keras_vae.experiments.figures.claims import Claim, JsonObject
from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.reports.vampprior import VAE, VAMPPRIOR
from keras_vae.experiments.reports.vampprior.figures import add_prior_options, report_figure
from keras_vae.experiments.reports.vampprior.samples import (
    caption_generations,
    draw_generations,
    line,
    measure_generations,
    nearer_reading,
    record_generations,
)


def judge(measured: JsonObject, options: Options) -> list[Claim]:
    """Judges whether the VampPrior's digits are better than the standard prior's."""
    return [
        Claim(
            id="vampprior.8.1",
            statement="Images generated with the VampPrior are better than the standard VAE's on "
            "MNIST.",
            reported="'better latent representations' (3.2.2), 'much better for MNIST' (4)",
            measured=line(measured, "mnist"),
            readings=[nearer_reading(measured, ("mnist",), VAMPPRIOR, (VAE,))],
        )
    ]


FIGURE = report_figure(
    script=__file__,
    name="fig_8",
    title="Figure 8: generations with the VampPrior",
    models=(VAE, VAMPPRIOR),
    with_prior=(VAMPPRIOR,),
    add_options=add_prior_options,
    measure=measure_generations(VAMPPRIOR),
    judge=judge,
    draw=draw_generations,
    caption=caption_generations,
    record=record_generations,
    draws_first_trial=True,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

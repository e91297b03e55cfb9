"""Figure 10: images generated with the hierarchical VAE, on three data sets.

"Project: Large VAE", Section 3.2.3. Codes are drawn from both levels of the prior. Drawn: 25 images
of the first trial. Measured, for all three models and every trial: how far thousands of generated
images are from the training images, by two distances, the Frechet distance of their principal
components and the squared distance of single images from the nearest ones. A model's images are
nearer to the data than another's if both distances are smaller by two standard errors over seeds.
An image is unlike the data if it is farther from its nearest training images than 95% of held-out
images are from theirs.
"""

import sys

from keras_vae.experiments.figures.claims import Claim, JsonObject, Number, Reading, plus_minus
from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.reports.vampprior import HVAE, VAE, VAMPPRIOR
from keras_vae.experiments.reports.vampprior.figures import add_prior_options, report_figure
from keras_vae.experiments.reports.vampprior.samples import (
    UNLIKE_MEANS,
    caption_generations,
    draw_generations,
    line,
    measure_generations,
    nearer_reading,
    record_generations,
    unlike,
    unmet,
)

MOST = 0.5


def judge(measured: JsonObject, options: Options) -> list[Claim]:
    """Judges the images of the model with two levels, on digits and on faces."""
    share = unlike(measured, "mnist", HVAE)
    return [
        Claim(
            id="vampprior.10.1",
            statement="Images generated with the HVAE are poor on MNIST.",
            reported="'unintelligible pictures for MNIST' (3.2.3)",
            measured="not measured"
            if share is None
            else f"{line(measured, 'mnist')}; unlike {plus_minus(share, 2)}",
            readings=[
                nearer_reading(measured, ("mnist",), VAE, (HVAE,), "than the standard VAE's"),
                Reading(
                    "by themselves",
                    rule=f"More than {MOST:g} of the images are unlike the data. {UNLIKE_MEANS}",
                    numbers={"share_unlike": Number(share, "share", above=MOST)},
                    unmet=unmet(measured, ("mnist",), (HVAE,)),
                ),
            ],
        ),
        Claim(
            id="vampprior.10.2",
            statement="Images generated with the HVAE are the best on Frey Faces.",
            reported="'far better than the Standard VAE and Vamp Prior VAE' (3.2.3)",
            measured=line(measured, "frey_faces"),
            readings=[nearer_reading(measured, ("frey_faces",), HVAE, (VAE, VAMPPRIOR))],
        ),
    ]


FIGURE = report_figure(
    script=__file__,
    name="fig_10",
    title="Figure 10: generations with the hierarchical VAE",
    models=(VAE, VAMPPRIOR, HVAE),
    with_prior=(HVAE,),
    add_options=add_prior_options,
    measure=measure_generations(HVAE),
    judge=judge,
    draw=draw_generations,
    caption=caption_generations,
    record=record_generations,
    draws_first_trial=True,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

"""Figure 5: images generated with the standard VAE, on three data sets.

"Project: Large VAE", Section 3.2.1. Codes are drawn from the prior. Drawn: 25 images of the first
trial. Measured, for all three models and every trial: how far thousands of generated images are
from the training images, by two distances, the Frechet distance of their principal components and
the squared distance of single images from the nearest ones. A model's images are nearer to the data
than another's if both distances are smaller by two standard errors over seeds. An image is unlike
the data if it is farther from its nearest training images than 95% of held-out images are from
theirs.
"""

import sys

import numpy as np

from keras_vae.experiments.figures.claims import (
    Claim,
    JsonObject,
    Number,
    Reading,
    over_seeds,
    plus_minus,
)
from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.reports.vampprior import GREY, HVAE, PANELS, TITLES, VAE, VAMPPRIOR
from keras_vae.experiments.reports.vampprior.figures import add_prior_options, report_figure
from keras_vae.experiments.reports.vampprior.samples import (
    UNLIKE,
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
    """Judges the standard VAE's images against the others', and by themselves."""
    shares = {dataset: unlike(measured, dataset, VAE) for dataset in PANELS}
    known = {dataset: share for dataset, share in shares.items() if share is not None}
    above = {
        f"mnist - {dataset}": over_seeds(
            np.subtract(*(measured["distances"][name][VAE][UNLIKE] for name in ("mnist", dataset)))
        )
        if {"mnist", dataset} <= known.keys()
        else None
        for dataset in GREY
    }
    readings = [
        nearer_reading(measured, names, VAMPPRIOR, (VAE,), f"than the VampPrior's, {where}")
        for names, where in ((("mnist",), "on MNIST"), (PANELS, "on every data set"))
    ]
    return [
        Claim(
            id="vampprior.5.1",
            statement="Images generated with the standard VAE are the least accurate.",
            reported="'limitations, especially for MNIST' (3.2.1), 'the least accurate' (4)",
            measured=f"on MNIST, {line(measured, 'mnist')}",
            readings=[
                *readings,
                nearer_reading(measured, ("mnist",), HVAE, (VAE,), "than the HVAE's, on MNIST"),
                nearer_reading(
                    measured, PANELS, HVAE, (VAE,), "than the HVAE's, on every data set"
                ),
            ],
        ),
        Claim(
            id="vampprior.text.1",
            statement="The standard VAE's images are good on Frey Faces and on Fashion-MNIST.",
            reported="'achieves good results both on the fashion MNIST and Frey datasets' (3.2.1)",
            measured="unlike the data: "
            + ", ".join(f"{plus_minus(of, 2)} on {name}" for name, of in known.items()),
            readings=[
                *(
                    Reading(
                        f"by themselves, {TITLES[dataset]}",
                        rule=f"Less than {MOST:g} of the images are unlike the data. "
                        f"{UNLIKE_MEANS}",
                        numbers={"share_unlike": Number(shares[dataset], "share", below=MOST)},
                        unmet=unmet(measured, (dataset,), (VAE,)),
                    )
                    for dataset in GREY
                ),
                Reading(
                    "better than on MNIST",
                    rule="On both, the share of images that are unlike the data is smaller than "
                    "on MNIST. "
                    f"{UNLIKE_MEANS}",
                    numbers={"share_above": Number(above, "share", above=0.0)},
                    unmet=unmet(measured, PANELS, (VAE,)),
                ),
            ],
        ),
    ]


FIGURE = report_figure(
    script=__file__,
    name="fig_5",
    title="Figure 5: generations with the standard VAE",
    models=(VAE, VAMPPRIOR, HVAE),
    with_prior=(VAE,),
    add_options=add_prior_options,
    measure=measure_generations(VAE),
    judge=judge,
    draw=draw_generations,
    caption=caption_generations,
    record=record_generations,
    draws_first_trial=True,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

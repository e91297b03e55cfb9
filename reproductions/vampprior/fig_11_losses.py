"""Figure 11: losses per epoch of the three models, on Fashion-MNIST.

"Project: Large VAE", Section 4.
"""

import dataclasses
import sys

from keras_vae import datasets
from keras_vae.experiments.figures.figure import Analysis, main
from keras_vae.experiments.reports.vampprior.figures import report_figure
from keras_vae.experiments.reports.vampprior.losses import draw, losses, summarise
from keras_vae.experiments.reports.vampprior.protocol import (
    ALL,
    HVAE,
    PRESETS,
    PROTOCOL,
    VAE,
    VAMPPRIOR,
)

DATASET = "fashion_mnist"


def analyse(methods, asked):
    """Draws the losses; the report claims nothing of them."""
    found = losses(methods)
    return Analysis(
        picture=draw(found, asked.dataset),
        caption="the scale leaves out the first two epochs; dotted: warm-up ends; the validation "
        "images are the test set's",
        claims=[],
        data=summarise(found),
    )


FIGURE = report_figure(
    name="fig_11",
    title="Figure 11: losses on Fashion-MNIST",
    models=(VAE, VAMPPRIOR, HVAE),
    with_prior=(VAMPPRIOR,),
    analyse=analyse,
    datasets=datasets.NAMES,
    presets={
        name: dataclasses.replace(preset, dataset=DATASET) if preset.dataset == ALL else preset
        for name, preset in PRESETS.items()
    },
    protocol={**PROTOCOL, "dataset": DATASET},
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

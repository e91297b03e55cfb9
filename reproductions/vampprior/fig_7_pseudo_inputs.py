"""Figure 7: the pseudo-inputs that the VampPrior learned, on three data sets.

"Project: Large VAE", Section 3.2.2. Of a mixture of Gaussians, it draws the decoded means.
"""

import functools
import sys

import numpy as np
from matplotlib.figure import Figure as Picture

from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.claims import JsonObject
from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.figures.method_runs import Methods
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.reports.vampprior.figures import (
    add_prior_options,
    report_figure,
    split_name,
)
from keras_vae.experiments.reports.vampprior.pictures import (
    SIDE,
    draw_square,
    each_panel,
    first_trained,
)
from keras_vae.experiments.reports.vampprior.protocol import LEARNED_PRIORS, VAMPPRIOR
from keras_vae.models import LatentVariableModel


def component_images(model: LatentVariableModel) -> np.ndarray:
    """What the components of a model's prior stand for, shape (components, height, width).

    Raises:
        ValueError: If the prior has no components.
    """
    prior = model.prior_layer
    if hasattr(prior, "pseudo_inputs"):
        return np.asarray(prior.pseudo_inputs)
    if not hasattr(prior, "loc"):
        raise ValueError("The standard normal prior has no pseudo-inputs to draw.")
    return model.decode(np.asarray(prior.loc)).mean().numpy()


def measure(methods: Methods, options: Options) -> JsonObject:
    """Of each method's first trial the components as images."""
    measured = {}
    for label, method in methods.items():
        model, _, epochs = first_trained(method)
        measured[label] = {"epochs": epochs, "images": component_images(model)}
    return measured


def draw(measured: JsonObject, options: Options) -> Picture:
    """Draws the first components."""
    figure, axes = plots.panels(len(measured), width=3.2, height=3.9)
    for axis, dataset, found in each_panel(axes, measured):
        draw_square(axis, found["images"][: SIDE**2], dataset)
    return figure


def record(measured: JsonObject, options: Options) -> JsonObject:
    """How far the components differ, by data set; the report claims nothing of them."""
    recorded = {}
    for label, found in measured.items():
        squared = ((found["images"] - found["images"].mean(axis=0)) ** 2).sum(axis=(1, 2))
        recorded[split_name(label)[0]] = {
            "components": len(squared),
            "mean_distance_from_their_mean": float(np.sqrt(squared).mean()),
        }
    return {"pseudo_inputs": recorded}


FIGURE = report_figure(
    script=__file__,
    name="fig_7",
    title="Figure 7: the VampPrior's pseudo-inputs",
    models=(VAMPPRIOR,),
    with_prior=(VAMPPRIOR,),
    add_options=functools.partial(add_prior_options, priors=LEARNED_PRIORS),
    measure=measure,
    draw=draw,
    caption="the first components of the prior",
    record=record,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

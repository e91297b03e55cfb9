"""Beyond the activity report: the four methods' latent activity on continuous data.

"Latent Space Activity and Visualization", Section 5.1, asks for it: Figure 3.1 over again on
Fashion-MNIST's grey images, with the report's Gaussian decoder.
"""

import dataclasses
import sys

import numpy as np

from keras_vae.experiments import plots
from keras_vae.experiments.activity_report.protocol import (
    METHOD_STYLES,
    PROTOCOL,
    REPORT,
    grey_method_specs,
)
from keras_vae.experiments.activity_report.pruning_claims import judge_methods
from keras_vae.experiments.activity_report.pruning_figure import (
    CAPTION,
    THRESHOLD,
    counts_by_threshold,
    label_counts,
)
from keras_vae.experiments.figure import Analysis, Figure, main
from keras_vae.experiments.options import Preset
from keras_vae.experiments.pruning import active_counts

DATASET = "fashion_mnist"
PRESETS = {
    "smoke": Preset(dataset="mnist_5k", epochs=3, trials=1),
    "quick": Preset(dataset=DATASET, epochs=8, trials=1),
    "paper": Preset(dataset=DATASET, epochs=300, trials=2, likelihood_samples=5000),
}


def draw(methods, asked):
    """Draws all four methods in one panel."""
    figure, (axis,) = plots.panels(1, width=6.0, height=4.0)
    epochs = np.arange(1, asked.epochs + 1)
    for label, method in methods.items():
        counts = active_counts(method.activity, THRESHOLD)
        plots.line_with_band(axis, epochs, counts, label, METHOD_STYLES[label])
    plots.label_epochs(axis)
    axis.legend(loc="upper left", bbox_to_anchor=(1, 1))
    label_counts(axis)
    return figure


def analyse(methods, asked):
    """Draws, and asks of these data what the report claims of MNIST."""
    activity = {label: method.activity for label, method in methods.items()}
    claims = [
        dataclasses.replace(claim, id=claim.id.replace("activity", "beyond.continuous_data"))
        for claim in judge_methods(activity, THRESHOLD, asked.dataset, about=DATASET)
    ]
    return Analysis(draw(methods, asked), CAPTION, claims, counts_by_threshold(methods))


FIGURE = Figure(
    report=f"{REPORT}/beyond",
    name="continuous_data",
    title="Beyond: active dimensions on Fashion-MNIST, Gaussian decoder (n_z = 50)",
    presets=PRESETS,
    protocol={**PROTOCOL, "dataset": DATASET, "binarize": "none", "decoder": "Gaussian"},
    specs=grey_method_specs,
    analyse=analyse,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

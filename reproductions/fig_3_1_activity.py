"""Figure 3.1: active latent dimensions per epoch, by training method.

"Latent Space Activity and Visualization", Section 3: mean over trials, n_z = 50,
threshold 0.1, in three panels that compare importance weighting with the plain VAE, with
batch normalisation and with warm-up.
"""

import sys

import numpy as np

from keras_vae.experiments import plots
from keras_vae.experiments.activity_report.protocol import (
    METHOD_STYLES,
    PRESETS,
    PROTOCOL,
    REPORT,
    method_specs,
)
from keras_vae.experiments.activity_report.pruning_claims import judge_methods
from keras_vae.experiments.activity_report.pruning_figure import (
    CAPTION,
    THRESHOLD,
    counts_by_threshold,
    label_counts,
)
from keras_vae.experiments.figure import Analysis, Figure, main
from keras_vae.experiments.pruning import active_counts

PANELS = {"a": ("VAE", "IW"), "b": ("IW", "IW+BN"), "c": ("IW", "IW+WU")}


def draw(methods, asked):
    """Draws the three panels."""
    figure, axes = plots.panels(len(PANELS), sharey=True)
    epochs = np.arange(1, asked.epochs + 1)
    for axis, (letter, labels) in zip(axes, PANELS.items(), strict=True):
        for label in labels:
            counts = active_counts(methods[label].activity, THRESHOLD)
            plots.line_with_band(axis, epochs, counts, label, METHOD_STYLES[label])
        axis.set_title(f"({letter}) {labels[0]} and {labels[1]}")
        plots.label_epochs(axis)
        axis.legend()
    label_counts(axes[0])
    return figure


def analyse(methods, asked):
    """Draws, and judges the report's claims at the report's threshold."""
    activity = {label: method.activity for label, method in methods.items()}
    claims = judge_methods(activity, THRESHOLD, asked.dataset)
    return Analysis(draw(methods, asked), CAPTION, claims, counts_by_threshold(methods))


FIGURE = Figure(
    report=REPORT,
    name="fig_3_1",
    title="Figure 3.1: effect of methods on latent dimension activity (n_z = 50)",
    presets=PRESETS,
    protocol=PROTOCOL,
    specs=method_specs,
    analyse=analyse,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

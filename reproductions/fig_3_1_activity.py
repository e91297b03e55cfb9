"""Figure 3.1: active latent dimensions per epoch, by training method.

"Latent Space Activity and Visualization", Section 3: mean over trials, n_z = 50,
threshold 0.1, in three panels that compare importance weighting with the plain VAE, with
batch normalisation and with warm-up.
"""

import sys

import numpy as np

from keras_vae.experiments import plots
from keras_vae.experiments.activity_claims import judge_methods
from keras_vae.experiments.activity_report import PRESETS, PROTOCOL, method_specs
from keras_vae.experiments.figure import Figure, main
from keras_vae.experiments.pruning import active_counts

THRESHOLD = 0.1
THRESHOLDS = (0.1, 0.01)
PANELS = {"a": ("VAE", "IW"), "b": ("IW", "IW+BN"), "c": ("IW", "IW+WU")}
COLOR_INDEX = {"VAE": 1, "IW": 0, "IW+BN": 2, "IW+WU": 3}


def draw(methods, asked):
    """Draws the three panels."""
    figure, axes = plots.panels(len(PANELS), sharey=True)
    epochs = np.arange(1, asked.epochs + 1)
    for axis, (letter, labels) in zip(axes, PANELS.items(), strict=True):
        for label in labels:
            counts = active_counts(methods[label].activity, THRESHOLD)
            plots.line_with_band(axis, epochs, counts, label, COLOR_INDEX[label])
        axis.set_title(f"({letter}) {labels[0]} and {labels[1]}")
        plots.label_epochs(axis)
        axis.legend()
    axes[0].set_ylim(bottom=0)
    axes[0].set_ylabel(f"Active latent dimensions\n(activity > {THRESHOLD:g})")
    plots.add_protocol(
        figure, asked, PROTOCOL, "mean over trials, band from lowest to highest trial"
    )
    return figure


def data(methods):
    """The numbers behind the panels, per trial and epoch."""
    return {
        "active_dimensions": {
            label: {str(t): active_counts(method.activity, t).tolist() for t in THRESHOLDS}
            for label, method in methods.items()
        }
    }


def judge(methods, asked):
    """Judges the report's claims at the report's threshold."""
    return judge_methods(
        {label: method.activity for label, method in methods.items()}, THRESHOLD, asked.dataset
    )


FIGURE = Figure(
    report="activity",
    name="fig_3_1",
    title="Figure 3.1: effect of methods on latent dimension activity (n_z = 50)",
    presets=PRESETS,
    protocol=PROTOCOL,
    specs=method_specs,
    draw=draw,
    judge=judge,
    data=data,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

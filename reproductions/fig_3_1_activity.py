"""Figure 3.1: active latent dimensions per epoch, by training method.

"Latent Space Activity and Visualization", Section 3: mean over trials, n_z = 50,
threshold 0.1, in three panels that compare importance weighting with the plain VAE, with
batch normalisation and with warm-up.
"""

import sys

from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.reports.activity.figures import report_figure
from keras_vae.experiments.reports.activity.protocol import METHOD_STYLES, PRESETS, method_specs
from keras_vae.experiments.reports.activity.pruning_claims import judge_methods
from keras_vae.experiments.reports.activity.pruning_figure import (
    THRESHOLD,
    activities,
    count_analysis,
    draw_counts,
    label_counts,
)

PANELS = {"a": ("VAE", "IW"), "b": ("IW", "IW+BN"), "c": ("IW", "IW+WU")}


def draw(methods):
    """Draws the three panels."""
    figure, axes = plots.panels(len(PANELS), sharey=True)
    for axis, (letter, labels) in zip(axes, PANELS.items(), strict=True):
        draw_counts(axis, methods, {label: label for label in labels}, METHOD_STYLES)
        axis.set_title(f"({letter}) {labels[0]} and {labels[1]}")
        axis.legend()
    label_counts(axes[0])
    return figure


def analyse(methods, asked):
    """Draws, and judges the report's claims at the report's threshold."""
    claims = judge_methods(activities(methods), THRESHOLD, asked)
    return count_analysis(draw(methods), claims, methods)


FIGURE = report_figure(
    name="fig_3_1",
    title="Figure 3.1: effect of methods on latent dimension activity (n_z = 50)",
    specs=method_specs,
    analyse=analyse,
    presets=PRESETS,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

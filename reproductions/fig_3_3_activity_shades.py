"""Figure 3.3: shade plots of the activity of every latent dimension after every epoch.

"Latent Space Activity and Visualization", Section 3.3: dimensions sorted by their activity
after the first epoch, the most active at the bottom; one trial. The report samples the
variance over a random subset of the data, this takes the whole test set.
"""

import sys

import numpy as np

from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.figure import Analysis, main
from keras_vae.experiments.reports.activity.figures import report_figure
from keras_vae.experiments.reports.activity.protocol import (
    method_specs,
)
from keras_vae.experiments.reports.activity.pruning_figure import THRESHOLD, activities
from keras_vae.experiments.reports.activity.shade_claims import LEAST, judge_shades


def log_sorted(activity):
    """Log activity of shape (epochs, latent_dim), from the most to the least active at first."""
    in_order = activity[:, np.argsort(-activity[0], kind="stable")]
    return np.log10(np.maximum(in_order, LEAST))


def draw(methods):
    """Draws a panel for each method, all in one scale of shades."""
    shades = {label: log_sorted(method.activity[0]).T for label, method in methods.items()}
    figure, axes = plots.panels(len(shades), width=3.0, height=3.8, sharey=True)
    limits = min(map(np.min, shades.values())), max(map(np.max, shades.values()))
    for axis, letter, (label, shade) in zip(axes, "abcd", shades.items(), strict=True):
        image = plots.shade_plot(axis, shade, limits)
        axis.set_title(f"({letter}) {label}")
    axes[0].set_ylabel("Latent dimension, sorted by\nactivity after the first epoch")
    bar = figure.colorbar(image, ax=axes, label="log10 activity", pad=0.01)
    bar.ax.axhline(np.log10(THRESHOLD), color=plots.COLORS[1], linewidth=2)
    return figure


def analyse(methods, asked):
    """Draws the first trial, and judges the claim over all trials."""
    activity = activities(methods)
    sorted_activity = {
        label: np.round(log_sorted(value[0]), 4).tolist() for label, value in activity.items()
    }
    return Analysis(
        draw(methods),
        f"shown is the trial of seed {asked.seed}; the line in the scale marks the threshold "
        f"{THRESHOLD:g}",
        judge_shades(activity, THRESHOLD, asked),
        {"log10_activity_by_epoch_and_sorted_dimension": sorted_activity},
    )


FIGURE = report_figure(
    name="fig_3_3",
    title="Figure 3.3: latent dimension activity during training (n_z = 50)",
    specs=method_specs,
    analyse=analyse,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

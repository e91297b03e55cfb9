"""What the figures of active dimensions per epoch have in common."""

import numpy as np

from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.figure import Analysis
from keras_vae.experiments.measures.pruning import active_counts

THRESHOLD = 0.1
THRESHOLDS = (0.1, 0.01)


def activities(methods):
    """Activity of every trial, epoch and dimension, by method."""
    return {label: method.activity for label, method in methods.items()}


def draw_counts(axis, methods, names, styles):
    """Draws active dimensions per epoch, one line a method.

    Arguments:
        axis: Matplotlib axes.
        methods: Dictionary of `MethodRuns` by method.
        names: Dictionary by method, of those to draw, of their names in the legend.
        styles: Dictionary by method of the index of colour and line style.
    """
    for label, name in names.items():
        draw_count(axis, active_counts(methods[label].activity, THRESHOLD), name, styles[label])
    plots.label_epochs(axis)


def draw_count(axis, counts, name, style):
    """Draws one line of active dimensions per epoch, from counts of shape (trials, epochs)."""
    plots.line_with_band(axis, np.arange(1, counts.shape[1] + 1), counts, name, style)


def label_counts(axis):
    """Labels a y axis of active dimensions."""
    axis.set_ylim(bottom=0)
    axis.set_ylabel(f"Active latent dimensions\n(activity > {THRESHOLD:g})")


def one_panel(methods, styles, legend_title=None):
    """Draws all methods in one panel, the legend beside it.

    Arguments:
        methods: Dictionary of `MethodRuns` by method.
        styles: Dictionary by method of the index of colour and line style.
        legend_title: What the methods' names are.

    Returns:
        Matplotlib figure.
    """
    figure, (axis,) = plots.panels(1, width=6.0, height=4.0)
    draw_counts(axis, methods, {label: label for label in methods}, styles)
    axis.legend(title=legend_title, loc="upper left", bbox_to_anchor=(1, 1))
    label_counts(axis)
    return figure


def count_analysis(picture, claims, methods):
    """The `Analysis` of a picture of counts, with the counts at both thresholds as its data."""
    counts = {
        label: {str(t): active_counts(method.activity, t).tolist() for t in THRESHOLDS}
        for label, method in methods.items()
    }
    trials = len(next(iter(methods.values())).activity)
    caption = f"threshold {THRESHOLD:g}" + plots.band_caption(trials)
    return Analysis(picture, caption, claims, {"active_dimensions": counts})

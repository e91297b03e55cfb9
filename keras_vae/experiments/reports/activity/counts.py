"""What the activity report's figures of active dimensions share (Figures 3.1 to 3.3, beyond)."""

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture

from keras_vae._internal.files import JsonObject
from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.method_runs import Methods
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.reports.activity.protocol import ActivityFigure

# Activity of shape (trials, epochs, latent_dim) by method.
Activity = dict[str, np.ndarray]
THRESHOLD = 0.1
THRESHOLDS = (0.1, 0.01)


def measure_activity(methods: Methods, options: Options) -> Activity:
    """Activity of every trial, epoch and dimension, shape (trials, epochs, D), by method."""
    return {name: method.activity for name, method in methods.items()}


def active_counts(activity: npt.ArrayLike, threshold: float = THRESHOLD) -> np.ndarray:
    """Active dimensions after each epoch.

    Arguments:
        activity: Array of shape (..., epochs, latent_dim).
        threshold: Activity above which a dimension counts as active.

    Returns:
        Integer array of shape (..., epochs).
    """
    return np.count_nonzero(np.asarray(activity) > threshold, axis=-1)


def draw_counts(axis: Axes, counts: Mapping[str, np.ndarray], styles: Mapping[str, int]) -> None:
    """Draws active dimensions per epoch, one line a method.

    Arguments:
        axis: Matplotlib axes.
        counts: Dictionary by name in the legend of integer arrays of shape (trials, epochs).
        styles: Dictionary by that name of the index of colour and line style.
    """
    for name, values in counts.items():
        epochs = np.arange(1, values.shape[1] + 1)
        plots.line_with_band(axis, epochs, values, name, styles[name])
    plots.label_epochs(axis)


def label_counts(axis: Axes) -> None:
    """Labels a y axis of active dimensions."""
    axis.set_ylim(bottom=0)
    axis.set_ylabel(f"Active latent dimensions\n(activity > {THRESHOLD:g})")


def draw_in_one_panel(
    activity: Activity, styles: Mapping[str, int], legend_title: str | None = None
) -> Picture:
    """Draws all methods in one panel, the legend beside it.

    Arguments:
        activity: From `measure_activity`.
        styles: Dictionary by method of the index of colour and line style.
        legend_title: What the methods' names are.

    Returns:
        Matplotlib figure.
    """
    figure, (axis,) = plots.panels(1, width=6.0, height=4.0)
    draw_counts(axis, {name: active_counts(value) for name, value in activity.items()}, styles)
    axis.legend(title=legend_title, loc="upper left", bbox_to_anchor=(1, 1))
    label_counts(axis)
    return figure


def caption_counts(activity: Activity, options: Options) -> str:
    """What a picture of counts shows."""
    return f"threshold {THRESHOLD:g}" + plots.band_caption(options.trials)


def record_counts(activity: Activity, options: Options) -> JsonObject:
    """Active dimensions of every trial and epoch at both thresholds, by method."""
    return {
        "active_dimensions": {
            name: {str(t): active_counts(value, t).tolist() for t in THRESHOLDS}
            for name, value in activity.items()
        }
    }


@dataclasses.dataclass(frozen=True, kw_only=True)
class CountFigure(ActivityFigure):
    """A figure of active dimensions per epoch; its claims are judged by activities by method."""

    measure: Callable = measure_activity
    caption: Callable = caption_counts
    record: Callable = record_counts

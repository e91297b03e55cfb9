"""Figures 2.1 to 2.5 of the activity report: bounds per epoch."""

import numpy as np

from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.figure import Analysis
from keras_vae.experiments.measures.convergence import epochs_to_level, final_value
from keras_vae.experiments.reports.activity.bound_claims import NEAR
from keras_vae.experiments.reports.activity.figures import report_figure
from keras_vae.experiments.reports.activity.protocol import METHOD_STYLES


def bound_figure(*, name, title, specs, judge, legend_title=None):
    """A figure that shows training and test bounds per epoch.

    Arguments:
        name: Name of the figure's folder.
        title: What it shows.
        specs: Function from (dataset, seed) to a dictionary of `RunSpec` by method.
        judge: Function from (methods, options) to a list of `Claim`.
        legend_title: What the methods' names are, where they do not say so themselves.

    Returns:
        `Figure`.
    """

    def analyse(methods, asked):
        picture = draw(methods, asked, legend_title)
        caption = "bounds at beta = 1" + plots.band_caption(asked.trials)
        return Analysis(picture, caption, judge(methods, asked), data(methods))

    return report_figure(name=name, title=title, specs=specs, analyse=analyse)


def draw(methods, asked, legend_title):
    """Two panels: the bound on training data, and on test data."""
    figure, axes = plots.panels(2, width=4.6, sharey=True)
    epochs = np.arange(1, asked.epochs + 1)
    for axis, split in zip(axes, ("train", "test"), strict=True):
        for index, (label, method) in enumerate(methods.items()):
            style = METHOD_STYLES.get(label, index)
            plots.line_with_band(axis, epochs, method.history(f"{split}_bound"), label, style)
        axis.set_title({"train": "Training data", "test": "Test data"}[split])
        plots.label_epochs(axis)
    axes[0].set_ylabel("Bound on log p(x) (nats per image)")
    axes[1].legend(title=legend_title, loc="upper left", bbox_to_anchor=(1, 1))
    curves = [m.history(f"{s}_bound") for m in methods.values() for s in ("train", "test")]
    plots.zoom_on_ends(axes[0], curves)
    return figure


def data(methods):
    """The curves, and how fast each came near its end, per method."""
    return {
        "bounds": {
            label: {
                split: np.round(method.history(f"{split}_bound"), 4).tolist()
                for split in ("train", "test")
            }
            for label, method in methods.items()
        },
        "convergence": {
            label: _convergence(method.history("test_bound")) for label, method in methods.items()
        },
    }


def _convergence(values):
    final = final_value(values)
    # Of a bound that still rises this tells as much about the length of the run.
    return {
        "final_test_bound": final,
        "epochs_to_within_1_nat_of_it": epochs_to_level(values, final - NEAR),
        "of_epochs": values.shape[1],
    }

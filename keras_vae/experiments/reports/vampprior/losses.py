"""Figure 11 of the report: losses per epoch on training and validation images."""

import numpy as np

from keras_vae.experiments.figures import plots
from keras_vae.experiments.reports.vampprior.figures import by_dataset
from keras_vae.experiments.reports.vampprior.protocol import schedule

SPLITS = {"train": "train", "validation": "test"}
HIDDEN_EPOCHS = 2


def losses(methods):
    """Negative bounds at beta = 1: arrays of shape (trials, epochs) by model and by split."""
    (by_model,) = by_dataset(methods).values()
    return {
        model: {name: -method.history(f"{stored}_bound") for name, stored in SPLITS.items()}
        for model, method in by_model.items()
    }


def draw(found, dataset):
    """Draws a panel for each model, on one scale that leaves out the first epochs.

    Arguments:
        found: What `losses` returns.
        dataset: Name of the data set.

    Returns:
        Matplotlib figure.
    """
    figure, axes = plots.panels(len(found), width=4.0, height=3.6, sharey=True)
    late = [
        trials[:, min(HIDDEN_EPOCHS, trials.shape[1] - 1) :]
        for by_split in found.values()
        for trials in by_split.values()
    ]
    for axis, letter, (model, by_split) in plots.lettered(axes, found.items()):
        for index, (name, trials) in enumerate(by_split.items()):
            epochs = np.arange(1, trials.shape[1] + 1)
            plots.line_with_band(axis, epochs, trials, name, index)
        warm_up = schedule(dataset, model).warm_up
        if warm_up < trials.shape[1]:
            axis.axvline(warm_up, color="#777777", linewidth=0.8, linestyle=":")
        axis.set_title(f"{letter} {model}")
        plots.label_epochs(axis)
    low, high = min(map(np.min, late)), max(map(np.max, late))
    axes[0].set_ylim(low - 0.03 * (high - low), high + 0.03 * (high - low))
    axes[0].set_ylabel("Negative bound, nats per image")
    axes[-1].legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def summarise(found):
    """The curves, and how far training and validation ended apart, as JSON-compatible values."""
    return {
        "negative_bound": {
            model: {name: np.round(trials, 4).tolist() for name, trials in by_split.items()}
            for model, by_split in found.items()
        },
        "validation_less_train_at_the_end": {
            model: (by_split["validation"] - by_split["train"])[:, -1].tolist()
            for model, by_split in found.items()
        },
    }

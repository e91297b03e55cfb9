"""Figure 11: losses per epoch of the three models, on Fashion-MNIST.

"Project: Large VAE", Section 4. The report claims nothing of them.
"""

import dataclasses
import sys

import numpy as np
from matplotlib.figure import Figure as Picture

from keras_vae import datasets
from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.claims import JsonObject
from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.figures.method_runs import Methods
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.reports.vampprior.figures import (
    add_prior_options,
    by_dataset,
    report_figure,
)
from keras_vae.experiments.reports.vampprior.protocol import (
    ALL,
    HVAE,
    PRESETS,
    PROTOCOL,
    VAE,
    VAMPPRIOR,
    schedule,
)

DATASET = "fashion_mnist"
SPLITS = {"train": "train", "validation": "test"}
HIDDEN_EPOCHS = 2


def measure(methods: Methods, options: Options) -> dict[str, dict[str, np.ndarray]]:
    """Negative bounds at beta = 1: arrays of shape (trials, epochs) by model and by split."""
    (by_model,) = by_dataset(methods).values()
    return {
        model: {name: -method.history(f"{stored}_bound") for name, stored in SPLITS.items()}
        for model, method in by_model.items()
    }


def draw(measured: dict[str, dict[str, np.ndarray]], options: Options) -> Picture:
    """Draws a panel for each model, on one scale that leaves out the first epochs."""
    figure, axes = plots.panels(len(measured), width=4.0, height=3.6, sharey=True)
    late = [
        trials[:, min(HIDDEN_EPOCHS, trials.shape[1] - 1) :]
        for by_split in measured.values()
        for trials in by_split.values()
    ]
    for axis, letter, (model, by_split) in plots.lettered(axes, measured.items()):
        for index, (name, trials) in enumerate(by_split.items()):
            epochs = np.arange(1, trials.shape[1] + 1)
            plots.line_with_band(axis, epochs, trials, name, index)
        warm_up = schedule(options.dataset, model).warm_up
        if warm_up < trials.shape[1]:
            axis.axvline(warm_up, color="#777777", linewidth=0.8, linestyle=":")
        axis.set_title(f"{letter} {model}")
        plots.label_epochs(axis)
    low, high = min(map(np.min, late)), max(map(np.max, late))
    axes[0].set_ylim(low - 0.03 * (high - low), high + 0.03 * (high - low))
    axes[0].set_ylabel("Negative bound, nats per image")
    axes[-1].legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def record(measured: dict[str, dict[str, np.ndarray]], options: Options) -> JsonObject:
    """The curves, and how far training and validation ended apart."""
    return {
        "negative_bound": {
            model: {name: np.round(trials, 4).tolist() for name, trials in by_split.items()}
            for model, by_split in measured.items()
        },
        "validation_less_train_at_the_end": {
            model: (by_split["validation"] - by_split["train"])[:, -1].tolist()
            for model, by_split in measured.items()
        },
    }


FIGURE = report_figure(
    script=__file__,
    name="fig_11",
    title="Figure 11: losses on Fashion-MNIST",
    models=(VAE, VAMPPRIOR, HVAE),
    with_prior=(VAMPPRIOR,),
    add_options=add_prior_options,
    measure=measure,
    draw=draw,
    caption="the scale leaves out the first two epochs; dotted: warm-up ends; the validation "
    "images are the test set's",
    record=record,
    datasets=datasets.NAMES,
    presets={
        name: dataclasses.replace(preset, dataset=DATASET) if preset.dataset == ALL else preset
        for name, preset in PRESETS.items()
    },
    protocol={**PROTOCOL, "dataset": DATASET},
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

"""Beyond the activity report: latent activity when only the digits 1-5 are learned.

"Latent Space Activity and Visualization", Section 5.1, asks whether about ten dimensions
stay active because MNIST has ten classes. Digits 1-5 are also half of the images, so that
as many images of all ten digits are the comparison.
"""

import sys

import numpy as np

from keras_vae.experiments import plots
from keras_vae.experiments.activity_report.five_digits_claims import judge_five_digits
from keras_vae.experiments.activity_report.protocol import (
    FEW_IMAGES,
    PROTOCOL,
    REPORT,
    SINGLE_TRIAL_PRESETS,
    five_digits_specs,
)
from keras_vae.experiments.activity_report.pruning_figure import (
    CAPTION,
    THRESHOLD,
    counts_by_threshold,
    label_counts,
)
from keras_vae.experiments.figure import Analysis, Figure, main
from keras_vae.experiments.pruning import active_counts


def draw(methods, asked):
    """Draws a panel for the VAE and one for importance weighting."""
    figure, axes = plots.panels(2, width=4.6, sharey=True)
    epochs = np.arange(1, asked.epochs + 1)
    for axis, method in zip(axes, ("VAE", "IW"), strict=True):
        parts = [label for label in methods if label.startswith(f"{method}, ")]
        for index, label in enumerate(parts):
            counts = active_counts(methods[label].activity, THRESHOLD)
            plots.line_with_band(axis, epochs, counts, label.partition(", ")[2], index)
        axis.set_title(method)
        plots.label_epochs(axis)
    axes[1].legend()
    label_counts(axes[0])
    return figure


def analyse(methods, asked):
    """Draws, and judges whether the count follows the number of classes."""
    activity = {label: method.activity for label, method in methods.items()}
    claims = judge_five_digits(activity, THRESHOLD, asked)
    return Analysis(draw(methods, asked), CAPTION, claims, counts_by_threshold(methods))


FIGURE = Figure(
    report=f"{REPORT}/beyond",
    name="five_digits",
    title="Beyond: active dimensions when only digits 1-5 are learned (n_z = 50)",
    presets=SINGLE_TRIAL_PRESETS,
    protocol=PROTOCOL,
    specs=five_digits_specs,
    analyse=analyse,
    datasets=tuple(FEW_IMAGES),
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

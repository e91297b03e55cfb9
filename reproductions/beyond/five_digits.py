"""Beyond the activity report: latent activity when only the digits 1-5 are learned.

"Latent Space Activity and Visualization", Section 5.1, asks whether about ten dimensions
stay active because MNIST has ten classes. Digits 1-5 are also half of the images, so that
as many images of all ten digits are the comparison.
"""

import sys

from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.reports.activity.figures import report_figure
from keras_vae.experiments.reports.activity.five_digits_claims import judge_five_digits
from keras_vae.experiments.reports.activity.protocol import FEW_IMAGES, five_digits_specs
from keras_vae.experiments.reports.activity.pruning_figure import (
    THRESHOLD,
    activities,
    count_analysis,
    draw_counts,
    label_counts,
)


def draw(methods):
    """Draws a panel for the VAE and one for importance weighting."""
    figure, axes = plots.panels(2, width=4.6, sharey=True)
    for axis, objective in zip(axes, ("VAE", "IW"), strict=True):
        parts = [label.partition(", ") for label in methods]
        names = {"".join(part): part[2] for part in parts if part[0] == objective}
        draw_counts(axis, methods, names, {label: index for index, label in enumerate(names)})
        axis.set_title(objective)
    axes[1].legend()
    label_counts(axes[0])
    return figure


def analyse(methods, asked):
    """Draws, and judges whether the count follows the number of classes."""
    claims = judge_five_digits(activities(methods), THRESHOLD, asked)
    return count_analysis(draw(methods), claims, methods)


FIGURE = report_figure(
    name="five_digits",
    title="Beyond: active dimensions when only digits 1-5 are learned (n_z = 50)",
    specs=five_digits_specs,
    analyse=analyse,
    dataset_names=tuple(FEW_IMAGES),
    beyond=True,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

"""Figure 3.2: active latent dimensions per epoch, by the number of latent dimensions.

"Latent Space Activity and Visualization", Section 3.2: importance weighting, threshold 0.1.
"""

import sys

import numpy as np

from keras_vae.experiments import plots
from keras_vae.experiments.activity_report.latent_dim_claims import judge_latent_dim_activity
from keras_vae.experiments.activity_report.protocol import (
    PROTOCOL,
    REPORT,
    SINGLE_TRIAL_PRESETS,
    latent_dim_specs,
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
    """Draws one line for each number of latent dimensions."""
    figure, (axis,) = plots.panels(1, width=6.0, height=4.0)
    epochs = np.arange(1, asked.epochs + 1)
    for index, (label, method) in enumerate(methods.items()):
        plots.line_with_band(axis, epochs, active_counts(method.activity, THRESHOLD), label, index)
    plots.label_epochs(axis)
    axis.legend(title="n_z", loc="upper left", bbox_to_anchor=(1, 1))
    label_counts(axis)
    return figure


def analyse(methods, asked):
    """Draws, and judges the report's claims at the report's threshold."""
    activity = {label: method.activity for label, method in methods.items()}
    claims = judge_latent_dim_activity(activity, THRESHOLD, asked)
    return Analysis(draw(methods, asked), CAPTION, claims, counts_by_threshold(methods))


FIGURE = Figure(
    report=REPORT,
    name="fig_3_2",
    title="Figure 3.2: effect of the number of latent dimensions on their activity (IW)",
    presets=SINGLE_TRIAL_PRESETS,
    protocol=PROTOCOL,
    specs=latent_dim_specs,
    analyse=analyse,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

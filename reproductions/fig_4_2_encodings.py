"""Figure 4.2: test images encoded in two latent dimensions, by class.

"Latent Space Activity and Visualization", Section 4.2.
"""

import sys

import numpy as np

from keras_vae import datasets
from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.figure import Analysis, main
from keras_vae.experiments.reports.activity.figures import report_figure
from keras_vae.experiments.reports.activity.latent_view_claims import judge_encodings, requirements
from keras_vae.experiments.reports.activity.latent_views import encoded_test_sets, encoding_measures
from keras_vae.experiments.reports.activity.protocol import (
    chosen_latent_dims,
)

SHOWN = 5000


def draw(view):
    """Draws the posterior means of the first test images."""
    figure, (axis,) = plots.panels(1, width=6.4, height=5.2)
    plots.scatter_classes(axis, view.means[:SHOWN], view.labels[:SHOWN])
    axis.set_xlabel("First latent dimension (posterior mean)")
    axis.set_ylabel("Second latent dimension (posterior mean)")
    return figure


def analyse(methods, asked):
    """Draws the first trial, and measures all test images of all trials."""
    views = list(encoded_test_sets(methods["2"]))
    measures = [encoding_measures(view) for view in views]
    trials = {name: np.stack([trial[name] for trial in measures]) for name in measures[0]}
    return Analysis(
        picture=draw(views[0]),
        caption=f"first {min(SHOWN, len(views[0].labels)):,} test images, n_z = 2 (IW), "
        f"seed {asked.seed}",
        claims=judge_encodings(
            trials["neighbour_confusion"],
            trials["recognised_share_by_class"],
            requirements(methods, asked),
        ),
        data={
            "trials": [
                {name: np.round(value, 5).tolist() for name, value in trial.items()}
                for trial in measures
            ]
        },
    )


FIGURE = report_figure(
    name="fig_4_2",
    title="Figure 4.2: test images in a latent space of two dimensions (IW)",
    specs=chosen_latent_dims(2),
    analyse=analyse,
    dataset_names=datasets.LABELLED,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

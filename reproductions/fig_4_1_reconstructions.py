"""Figure 4.1: test images and their reconstructions from 2 and from 50 latent dimensions.

"Latent Space Activity and Visualization", Section 4.1: the first test image of each digit.
"""

import sys

import numpy as np

from keras_vae import datasets
from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.figure import Analysis, main
from keras_vae.experiments.reports.activity.figures import report_figure
from keras_vae.experiments.reports.activity.latent_view_claims import (
    judge_reconstructions,
    requirements,
)
from keras_vae.experiments.reports.activity.latent_views import (
    encoded_test_sets,
    reconstruction_measures,
)
from keras_vae.experiments.reports.activity.protocol import (
    chosen_latent_dims,
)


def analyse(methods, asked):
    """Draws the first trial, and measures all test images of all trials."""
    small, large = (list(encoded_test_sets(methods[name])) for name in ("2", "50"))
    measures = {
        name: [reconstruction_measures(view) for view in views]
        for name, views in (("2", small), ("50", large))
    }
    better = [
        np.mean(b.reconstruction_log_likelihood > a.reconstruction_log_likelihood)
        for a, b in zip(small, large, strict=True)
    ]
    shown = np.unique(small[0].labels, return_index=True)[1]
    rows = {
        "Input": small[0].images[shown],
        "n_z = 2": small[0].reconstructions[shown],
        "n_z = 50": large[0].reconstructions[shown],
    }
    recognised = np.stack([trial["recognised_share_by_class"] for trial in measures["2"]])
    return Analysis(
        picture=plots.image_rows(rows),
        caption="the first test image of each class, decoded at the posterior's mean "
        f"(IW, seed {asked.seed})",
        claims=judge_reconstructions(np.array(better), recognised, requirements(methods, asked)),
        data={
            "share_of_test_images_better_with_50": [float(share) for share in better],
            "by_latent_dim": {
                name: [{key: value.tolist() for key, value in trial.items()} for trial in trials]
                for name, trials in measures.items()
            },
        },
    )


FIGURE = report_figure(
    name="fig_4_1",
    title="Figure 4.1: reconstructions from 2 and 50 latent dimensions (IW)",
    specs=chosen_latent_dims(2, 50),
    analyse=analyse,
    dataset_names=datasets.LABELLED,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

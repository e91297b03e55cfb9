"""Beyond the activity report: the four methods' latent activity on continuous data.

"Latent Space Activity and Visualization", Section 5.1, asks for it: Figure 3.1 over again on
Fashion-MNIST's grey images, with the report's Gaussian decoder.
"""

import dataclasses
import sys

from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.figures.options import Preset
from keras_vae.experiments.reports.activity.figures import report_figure
from keras_vae.experiments.reports.activity.protocol import (
    METHOD_STYLES,
    PROTOCOL,
    grey_method_specs,
)
from keras_vae.experiments.reports.activity.pruning_claims import judge_methods
from keras_vae.experiments.reports.activity.pruning_figure import (
    THRESHOLD,
    activities,
    count_analysis,
    one_panel,
)

DATASET = "fashion_mnist"
PRESETS = {
    "smoke": Preset(dataset="mnist_5k", epochs=3, trials=1),
    "quick": Preset(dataset=DATASET, epochs=8, trials=1),
    "paper": Preset(dataset=DATASET, epochs=300, trials=2, likelihood_samples=5000),
}


def judge(activity, options):
    """Asks of these data what the report claims of MNIST."""
    return [
        dataclasses.replace(claim, id=claim.id.replace("activity", "beyond.continuous_data"))
        for claim in judge_methods(activity, THRESHOLD, options, about=DATASET)
    ]


def analyse(methods, asked):
    """Draws and judges."""
    claims = judge(activities(methods), asked)
    return count_analysis(one_panel(methods, METHOD_STYLES), claims, methods)


FIGURE = report_figure(
    name="continuous_data",
    title="Beyond: active dimensions on Fashion-MNIST, Gaussian decoder (n_z = 50)",
    specs=grey_method_specs,
    analyse=analyse,
    presets=PRESETS,
    protocol={
        **PROTOCOL,
        "dataset": DATASET,
        "binarize": "none",
        "decoder": "Gaussian",
        "note": "ours: the report asks for continuous data and names none",
    },
    beyond=True,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

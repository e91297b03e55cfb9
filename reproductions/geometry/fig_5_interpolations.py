"""Figure 5: five interpolations between two digits, two of them along Fisher-Rao geodesics.

"An Explanatory Analysis of the Geometry of Latent Variables", Section 2.3.
"""

import sys

from keras_vae.experiments.figures.figure import Analysis, main
from keras_vae.experiments.reports.geometry import interpolations
from keras_vae.experiments.reports.geometry.figures import report_figure
from keras_vae.experiments.reports.geometry.protocol import LATENT_DIM, vae_spec

LABEL = f"VAE, k = {LATENT_DIM}"


def analyse(methods, asked):
    """Measures, draws and judges, in the first trial."""
    method = methods[LABEL]
    model, data = method.load_model(0)
    epoch = method.kept_epochs()[-1]
    method.restore(model, 0, epoch)
    transitions = interpolations.measure(model, data, asked.seed)
    summary = interpolations.summarise(transitions)
    return Analysis(
        picture=interpolations.draw(transitions, interpolations.first_clear_pair(transitions)),
        caption=f"VAE with k = {LATENT_DIM}, seed {asked.seed}; red: the first image whose digit, "
        "by a classifier of posterior means, is no longer the first one's",
        claims=interpolations.judge(summary, asked, [epoch]),
        data={"transitions": summary},
    )


FIGURE = report_figure(
    name="fig_5",
    title="Figure 5: interpolations in pixels, in codes and along geodesics",
    specs=lambda dataset, seed: {LABEL: vae_spec(dataset, seed)},
    analyse=analyse,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

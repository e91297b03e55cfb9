"""Figure 4: images decoded from samples of the prior, in two and in twenty dimensions.

"Understanding Variational Auto-Encoder", Section 4.
"""

import sys

from keras_vae import datasets
from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.figure import Analysis, main
from keras_vae.experiments.reports.understanding.figures import report_figure
from keras_vae.experiments.reports.understanding.protocol import latent_dim_specs
from keras_vae.experiments.reports.understanding.samples import (
    SIDE,
    distance_of_samples,
    draw_samples,
)


def analyse(methods, asked):
    """Draws the first trial's samples; the report claims nothing of them."""
    figure, axes = plots.panels(len(methods), width=4.6, height=5.2)
    measured = {}
    for axis, letter, (label, method) in plots.lettered(axes, methods.items()):
        trained = list(method.load_models())
        samples = draw_samples(trained[0][0], asked.seed, SIDE**2)
        plots.mosaic(axis, samples.reshape(SIDE, SIDE, *samples.shape[1:]))
        axis.set_title(f"{letter} {label} latent dimensions")
        measured[label] = [distance_of_samples(*pair, asked.seed) for pair in trained]
    return Analysis(
        picture=figure,
        caption=f"means of p(x|z) at codes from p(z), Adam, seed {asked.seed}",
        claims=[],
        data={"distance_from_the_data": measured},
    )


FIGURE = report_figure(
    name="fig_4",
    title="Figure 4: samples in two and in twenty latent dimensions",
    specs=latent_dim_specs(2, 20),
    analyse=analyse,
    datasets=datasets.LABELLED,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

"""Figure 3: lower bound, negative log-likelihood and KL divergence under four optimisers.

"Understanding Variational Auto-Encoder", Section 3: 500 tanh units on each side, twenty latent
dimensions, batches of 250. The report's own curves lie thinly under ours. Its author's code
leaves out Adam's bias correction; a fifth run does so too.
"""

import sys

from keras_vae.experiments.figures.figure import Analysis, main
from keras_vae.experiments.reports.understanding import optimizer_curves as curves
from keras_vae.experiments.reports.understanding.figures import report_figure
from keras_vae.experiments.reports.understanding.protocol import optimizer_specs


def analyse(methods, asked):
    """Draws, compares with the report's own curves, and judges its claim."""
    ours = curves.curves(methods)
    original = curves.original_curves(asked)
    return Analysis(
        picture=curves.draw(ours, original, asked.epochs),
        caption=curves.caption(asked, original),
        claims=curves.judge(ours, asked),
        data=curves.analyse_data(ours, original),
    )


FIGURE = report_figure(
    name="fig_3",
    title="Figure 3: four optimisers (n_z = 20)",
    specs=optimizer_specs,
    analyse=analyse,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

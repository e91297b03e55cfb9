"""Figure 6: from one digit to another in image space and in latent space.

"Understanding Variational Auto-Encoder", Section 4: twelve rows, each of which starts where the
last one ended. Codes are posterior means.
"""

import sys

from keras_vae import datasets
from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.figure import Analysis, main
from keras_vae.experiments.reports.understanding import morphing
from keras_vae.experiments.reports.understanding.figures import report_figure
from keras_vae.experiments.reports.understanding.protocol import latent_dim_specs


def draw(model, data, seed):
    """Draws the rows in image space beside those in latent space."""
    images = morphing.chain(data.test.images, seed)
    paths = morphing.join(model, images[:-1], images[1:])
    figure, axes = plots.panels(2, width=5.4, height=5.6)
    plots.mosaic(axes[0], paths.image)
    axes[0].set_title("(a) In image space")
    plots.mosaic(axes[1], paths.latent)
    axes[1].set_title("(b) In latent space")
    return figure


def analyse(methods, asked):
    """Draws the first trial, and measures likeness to digits along many paths in it."""
    method = methods["20"]
    model, data = next(method.load_models())
    summary = morphing.summarise(morphing.measure(model, data, asked.seed))
    return Analysis(
        picture=draw(model, data, asked.seed),
        caption=f"n_z = 20, Adam, seed {asked.seed}; each row starts where the last one ended",
        claims=morphing.judge(summary, asked, method.weights_epochs),
        data={"paths": summary},
    )


FIGURE = report_figure(
    name="fig_6",
    title="Figure 6: morphing in image space and in latent space (n_z = 20)",
    specs=latent_dim_specs(20),
    analyse=analyse,
    datasets=datasets.LABELLED,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

"""Figure 5: images decoded from an even lattice over two latent dimensions.

"Understanding Variational Auto-Encoder", Section 4. The lattice is that of its author's code:
20 x 20 codes from -3 to 3.
"""

import sys

from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.figure import Analysis, main
from keras_vae.experiments.measures.lattices import plane_lattice
from keras_vae.experiments.reports.understanding.figures import report_figure
from keras_vae.experiments.reports.understanding.protocol import latent_dim_specs


def analyse(methods, asked):
    """Draws the first trial; the report claims nothing of it."""
    model, _ = next(methods["2"].load_models())
    lattice = plane_lattice()
    figure, (axis,) = plots.panels(1, width=6.2, height=6.6)
    plots.image_lattice(axis, model.decode(lattice).mean().numpy(), lattice[0, :, 0])
    axis.set_xlabel("First latent dimension")
    axis.set_ylabel("Second latent dimension")
    return Analysis(
        picture=figure,
        caption=f"means of p(x|z), Adam, seed {asked.seed}",
        claims=[],
        data={"lattice": lattice[0, :, 0].tolist()},
    )


FIGURE = report_figure(
    name="fig_5",
    title="Figure 5: the manifold of digits (n_z = 2)",
    specs=latent_dim_specs(2),
    analyse=analyse,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

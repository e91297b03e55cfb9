"""Figure 5: images decoded from an even lattice over two latent dimensions.

"Understanding Variational Auto-Encoder", Section 4. The lattice is that of its author's code: 20 x
20 codes from -3 to 3. Drawn: the first trial's images. Nothing is judged.
"""

import sys

import numpy as np
from matplotlib.figure import Figure as Picture

from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.claims import JsonObject
from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.figures.method_runs import Methods
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.measures.points import plane_lattice
from keras_vae.experiments.reports.understanding import latent_dim_runs, report_figure

POINTS = plane_lattice()[0, :, 0]


def measure(methods: Methods, options: Options) -> np.ndarray:
    """The first trial's images at the lattice's codes, shape (20, 20, height, width)."""
    model, _ = next(methods["2"].load_models())
    return model.decode(plane_lattice()).mean().numpy()


def draw(images: np.ndarray, options: Options) -> Picture:
    """Draws the images where their codes lie."""
    figure, (axis,) = plots.panels(1, width=6.2, height=6.6)
    plots.image_lattice(axis, images, POINTS)
    axis.set_xlabel("First latent dimension")
    axis.set_ylabel("Second latent dimension")
    return figure


def record(images: np.ndarray, options: Options) -> JsonObject:
    """The lattice; the report claims nothing of its images."""
    return {"lattice": POINTS.tolist()}


FIGURE = report_figure(
    script=__file__,
    name="fig_5",
    title="Figure 5: the manifold of digits (n_z = 2)",
    runs=latent_dim_runs(2),
    measure=measure,
    draw=draw,
    caption=lambda images, options: f"means of p(x|z), Adam, seed {options.seed}",
    record=record,
    draws_first_trial=True,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

"""Figure 4.3: images decoded from a lattice over two latent dimensions.

"Latent Space Activity and Visualization", Section 4.3. One lattice covers the prior's mass
evenly, through the inverse of the Gaussian's distribution function; the other is the report's,
evenly spaced on the plane.
"""

import sys

from keras_vae import datasets
from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.figure import Analysis, main
from keras_vae.experiments.measures.lattices import plane_lattice, quantile_lattice
from keras_vae.experiments.reports.activity.figures import report_figure
from keras_vae.experiments.reports.activity.latent_view_claims import judge_manifold, requirements
from keras_vae.experiments.reports.activity.latent_views import (
    decoded_classes,
    encoded_test_sets,
    lattice_agreement,
)
from keras_vae.experiments.reports.activity.protocol import (
    chosen_latent_dims,
)

LATTICES = {
    "(a) Equal prior mass": quantile_lattice(),
    "(b) Even spacing": plane_lattice(),
}


def draw(model):
    """Draws one panel for each lattice."""
    figure, axes = plots.panels(len(LATTICES), width=5.2, height=6.2)
    for axis, (title, lattice) in zip(axes, LATTICES.items(), strict=True):
        plots.image_lattice(axis, model.decode(lattice).mean().numpy(), lattice[0, :, 0])
        axis.set_title(title)
        axis.set_xlabel("First latent dimension")
    axes[0].set_ylabel("Second latent dimension")
    return figure


def analyse(methods, asked):
    """Draws the first trial, and measures the agreement with Figure 4.2 over all trials."""
    views = list(encoded_test_sets(methods["2"]))
    agreement = {
        title: [lattice_agreement(view, lattice, decoded_classes(view, lattice)) for view in views]
        for title, lattice in LATTICES.items()
    }
    return Analysis(
        picture=draw(views[0].model),
        caption=f"means of p(x|z), n_z = 2 (IW), seed {asked.seed}",
        claims=judge_manifold(agreement["(a) Equal prior mass"], requirements(methods, asked)),
        data={"agreement_with_the_codes_around": agreement},
    )


FIGURE = report_figure(
    name="fig_4_3",
    title="Figure 4.3: the latent manifold of two dimensions (IW)",
    specs=chosen_latent_dims(2),
    analyse=analyse,
    dataset_names=datasets.LABELLED,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

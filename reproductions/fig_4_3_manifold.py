"""Figure 4.3: images decoded from a lattice over two latent dimensions.

"Latent Space Activity and Visualization", Section 4.3. One lattice covers the prior's mass
evenly, through the inverse of the Gaussian's distribution function; the other is the report's,
evenly spaced on the plane.
"""

import sys

import numpy as np
from matplotlib.figure import Figure as Picture
from scipy.stats import norm
from sklearn.neighbors import NearestNeighbors

from keras_vae import datasets
from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.claims import Claim, JsonObject, Number, Reading
from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.figures.method_runs import Methods
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.measures.lattices import LATTICE_SIZE, plane_lattice, square_lattice
from keras_vae.experiments.reports import activity as protocol
from keras_vae.experiments.reports.activity.views import (
    EncodedTestSet,
    encoded_test_sets,
    unmet_by_weights,
    weights_epochs,
)
from keras_vae.experiments.runs.spec import Specs

LATTICE_NEIGHBOURS = 25
AGREE = 0.7


def quantile_lattice(size: int = LATTICE_SIZE) -> np.ndarray:
    """Codes of a square lattice of equal prior mass in two dimensions.

    Arguments:
        size: Codes along each axis, at the middles of as many equally probable intervals.

    Returns:
        Array of shape (size, size, 2): rows along the second dimension, from low to high.
    """
    return square_lattice(norm.ppf((np.arange(size) + 0.5) / size))


LATTICES = {
    "(a) Equal prior mass": quantile_lattice(),
    "(b) Even spacing": plane_lattice(),
}


def runs(options: Options, seed: int) -> Specs:
    """Importance weighting with 2 latent dimensions."""
    return protocol.latent_dim_specs(options.dataset, seed, (2,))


def measure(methods: Methods, options: Options) -> JsonObject:
    """The models of all trials, and how far they agree with the encoding of Figure 4.2.

    Returns:
        Dictionary: `views`, a list of `EncodedTestSet`; `agreement`, lists of shares by lattice,
        one a trial; `weights_epochs`.
    """
    views = encoded_test_sets(methods["2"])
    return {
        "views": views,
        "agreement": {
            title: [
                lattice_agreement(view, lattice, decoded_classes(view, lattice)) for view in views
            ]
            for title, lattice in LATTICES.items()
        },
        "weights_epochs": weights_epochs(methods),
    }


def decoded_classes(view: EncodedTestSet, lattice: np.ndarray) -> np.ndarray:
    """Classes that the classifier sees in the images decoded from a lattice, shape (codes,)."""
    return view.classify(view.model.decode(lattice.reshape(-1, 2)).mean().numpy())


def lattice_agreement(view: EncodedTestSet, lattice: np.ndarray, classes: np.ndarray) -> float:
    """Share of lattice codes whose class is the most frequent one among the codes around.

    Arguments:
        view: `EncodedTestSet` of a model with two latent dimensions.
        lattice: Array of shape (size, size, 2).
        classes: Class of each lattice code, for example from `decoded_classes`.

    Returns:
        Number in [0, 1].
    """
    search = NearestNeighbors(n_neighbors=LATTICE_NEIGHBOURS).fit(view.means)
    around = view.labels[search.kneighbors(lattice.reshape(-1, 2), return_distance=False)]
    most_frequent = np.array([np.bincount(labels).argmax() for labels in around])
    return float((classes == most_frequent).mean())


def draw(measured: JsonObject, options: Options) -> Picture:
    """Draws one panel for each lattice, as the first trial's model decodes it."""
    model = measured["views"][0].model
    figure, axes = plots.panels(len(LATTICES), width=5.2, height=6.2)
    for axis, (title, lattice) in zip(axes, LATTICES.items(), strict=True):
        plots.image_lattice(axis, model.decode(lattice).mean().numpy(), lattice[0, :, 0])
        axis.set_title(title)
        axis.set_xlabel("First latent dimension")
    axes[0].set_ylabel("Second latent dimension")
    return figure


def caption(measured: JsonObject, options: Options) -> str:
    """What is decoded."""
    return f"means of p(x|z), n_z = 2 (IW), seed {options.seed}"


def judge(measured: JsonObject, options: Options) -> list[Claim]:
    """Judges how far the lattice of equal prior mass agrees with the codes around it."""
    agreement = measured["agreement"]["(a) Equal prior mass"]
    return [
        Claim(
            id="activity.4.3.1",
            statement="The manifold's regions agree with the encoding of the classes.",
            reported="'exactly corresponds' (Section 4.3)",
            measured=f"on {min(agreement):.0%} of the lattice, in the lowest trial",
            readings=[
                Reading(
                    rule=f"On at least {AGREE:.0%} of the lattice, a nearest-neighbour classifier "
                    "on pixels sees in the decoded image the most frequent class of the 25 "
                    "nearest codes, in every trial.",
                    numbers={"agreeing_share": Number(agreement, "share")},
                    holds=min(agreement) >= AGREE,
                    unmet=unmet_by_weights(measured["weights_epochs"], options),
                )
            ],
        )
    ]


def record(measured: JsonObject, options: Options) -> JsonObject:
    """The agreement on either lattice, of each trial."""
    return {"agreement_with_the_codes_around": measured["agreement"]}


FIGURE = protocol.ActivityFigure(
    script=__file__,
    name="fig_4_3",
    title="Figure 4.3: the latent manifold of two dimensions (IW)",
    datasets=datasets.LABELLED,
    runs=runs,
    measure=measure,
    draw=draw,
    caption=caption,
    judge=judge,
    record=record,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

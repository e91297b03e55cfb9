"""Figure 4.3: images decoded from a lattice over two latent dimensions.

"Latent Space Activity and Visualization", Section 4.3. One lattice covers the prior's mass evenly,
through the inverse of the Gaussian's distribution function; the other is the report's, evenly
spaced on the plane. Measured: which class a classifier sees in each decoded image, and how much it
is like one class. Drawn: the images of both. Recorded: shares and classes by trial.
"""

import dataclasses
import sys

import numpy as np
from matplotlib.figure import Figure as Picture
from scipy.stats import norm
from sklearn.neighbors import NearestNeighbors

from keras_vae import datasets
from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.claims import (
    Claim,
    JsonObject,
    Number,
    Reading,
    in_digits,
    over_seeds,
)
from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.figures.method_runs import Methods
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.measures.points import LATTICE_SIZE, plane_lattice, square_lattice
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
PROBLEMATIC = ((7, 9), (9, 4))
# Against what images at a transition are held: a reading's name, and the same in its rule.
AGAINST = {
    "less_alike": (", against other borders", "other classes meet"),
    "less_alike_than_inside": (", against insides", "neighbours are of one class"),
}


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


@dataclasses.dataclass(frozen=True)
class DecodedLattice:
    """What one trial's model decodes from a lattice.

    Attributes:
        classes: Class that a classifier sees in each decoded image, shape (size, size).
        around: The most frequent class of the codes of test images around, shape (size, size).
        alike: Largest share of the nearest training images that is of one class, in the same shape.
    """

    classes: np.ndarray
    around: np.ndarray
    alike: np.ndarray


def measure(methods: Methods, options: Options) -> JsonObject:
    """The models of all trials, and how what they decode agrees with the encoding of Figure 4.2.

    Returns:
        Dictionary: `views`, a list of `EncodedTestSet`; by lattice, lists with one item a trial,
        `decoded`, of `DecodedLattice`, `agreement`, of shares, and `transitions`, of
        `transitions_of`; `weights_epochs`.
    """
    views = encoded_test_sets(methods["2"])
    decoded = {
        title: [decode_lattice(view, lattice) for view in views]
        for title, lattice in LATTICES.items()
    }
    return {
        "views": views,
        "decoded": decoded,
        "agreement": {
            title: [float((one.classes == one.around).mean()) for one in trials]
            for title, trials in decoded.items()
        },
        "transitions": {
            title: [transitions_of(one) for one in trials] for title, trials in decoded.items()
        },
        "weights_epochs": weights_epochs(methods),
    }


def decode_lattice(view: EncodedTestSet, lattice: np.ndarray) -> DecodedLattice:
    """Decodes a lattice of shape (size, size, 2), and looks at what classes it shows."""
    codes, size = lattice.reshape(-1, 2), lattice.shape[:2]
    decoded = view.model.decode(codes).mean().numpy()
    return DecodedLattice(
        classes=view.classify(decoded).reshape(size),
        around=classes_around(view.means, view.labels, codes).reshape(size),
        alike=view.confidence(decoded > 0.5).reshape(size),
    )


def classes_around(means: np.ndarray, labels: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """The most frequent label of the posterior means nearest to each code, shape (codes,)."""
    search = NearestNeighbors(n_neighbors=LATTICE_NEIGHBOURS).fit(means)
    around = labels[search.kneighbors(codes, return_distance=False)]
    return np.array([np.bincount(labels).argmax() for labels in around])


def transitions_of(decoded: DecodedLattice) -> dict[str, dict[str, float | None]]:
    """How 7 and 9, and 9 and 4, meet among a lattice's decoded images, side by side or one above.

    Returns:
        Dictionary, by pair, of dictionaries of `meetings`, the number of such neighbours; of
        `less_alike`, by how much a smaller share of the nearest training images is of one class
        there than where classes of neither pair meet, None where there are no such neighbours; and
        of `less_alike_than_inside`, the same against neighbours of one class.
    """
    classes, alike = decoded.classes, decoded.alike
    beside = [(np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1, :], np.s_[1:, :])]
    pairs = np.concatenate(
        [np.stack([classes[a], classes[b]], axis=-1).reshape(-1, 2) for a, b in beside]
    )
    shares = np.concatenate([((alike[a] + alike[b]) / 2).ravel() for a, b in beside])
    found = {
        f"{first} and {second}": (np.sort(pairs, axis=1) == sorted((first, second))).all(axis=1)
        for first, second in PROBLEMATIC
    }
    inside = pairs[:, 0] == pairs[:, 1]
    elsewhere = ~inside & ~np.logical_or.reduce(list(found.values()))

    def less_alike(here: np.ndarray, there: np.ndarray) -> float | None:
        both = here.any() and there.any()
        return float(shares[there].mean() - shares[here].mean()) if both else None

    return {
        pair: {
            "meetings": int(here.sum()),
            "less_alike": less_alike(here, elsewhere),
            "less_alike_than_inside": less_alike(here, inside),
        }
        for pair, here in found.items()
    }


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
    """Judges how far lattices agree with the codes around them, and how 7, 9 and 4 meet."""
    unmet = unmet_by_weights(measured["weights_epochs"], options)
    return [
        judge_agreement(measured["agreement"], unmet),
        judge_transitions(measured["transitions"], unmet),
    ]


def judge_agreement(agreement: dict[str, list[float]], unmet: tuple[str, ...]) -> Claim:
    """Both lattices against the encoding of Figure 4.2."""
    return Claim(
        id="activity.4.3.1",
        statement="The manifold's regions agree with the encoding of the classes.",
        reported="'exactly corresponds to the encoding' (Section 4.3, Figures 4.2 and 4.3)",
        measured="lowest trial: "
        + ", ".join(f"{min(shares):.0%} ({in_words(name)})" for name, shares in agreement.items()),
        readings=[
            Reading(
                in_words(name),
                rule=f"On at least {AGREE:.0%} of the lattice, a nearest-neighbour classifier on "
                "pixels sees in the decoded image the most frequent class of the 25 nearest codes "
                "of test images, in every trial.",
                numbers={"agreeing share, each trial": Number(shares, "1", at_least=AGREE)},
                unmet=unmet,
            )
            for name, shares in agreement.items()
        ],
    )


def judge_transitions(
    transitions: dict[str, list[dict[str, dict[str, float | None]]]], unmet: tuple[str, ...]
) -> Claim:
    """Whether 7, 9 and 4 lie side by side, and decoded images between them are less like digits."""

    def by_pair(title: str, what: str) -> dict[str, list[float | None]]:
        pairs = transitions[title][0]
        return {pair: [trial[pair][what] for trial in transitions[title]] for pair in pairs}

    less = {
        title: {
            kind: {pair: over_seeds(of) for pair, of in by_pair(title, kind).items()}
            for kind in AGAINST
        }
        for title in transitions
    }
    return Claim(
        id="activity.text.5",
        statement="The manifold has problematic transitions from 7 to 9 to 4.",
        reported="'problematic representation, such as the transition from 7s to 9s to 4s' (4.3)",
        measured="less alike (7 and 9; 9 and 4) by "
        + ", ".join(
            f"{'; '.join(in_digits(value, 2) for value in of['less_alike'].values())} "
            f"({in_words(title)})"
            for title, of in less.items()
        ),
        readings=[
            Reading(
                f"{in_words(title)}{name}",
                rule="In every trial a 7 lies beside or above a 9, or the reverse, and a 9 a 4; "
                "and of the images decoded at either, a smaller share of the nearest training "
                f"images is of one class than of those where {there}, on average over seeds.",
                numbers={
                    "meetings": Number(by_pair(title, "meetings"), "pairs of images", at_least=1),
                    "share by which they are less alike": Number(of[kind], "share", above=0),
                },
                unmet=unmet,
            )
            for title, of in less.items()
            for kind, (name, there) in AGAINST.items()
        ],
    )


def in_words(title: str) -> str:
    """A panel's title as the name of a reading."""
    return title.partition(" ")[2].lower()


def record(measured: JsonObject, options: Options) -> JsonObject:
    """The agreement on either lattice, how 7, 9 and 4 meet, and what is decoded, of each trial."""
    return {
        "agreement_with_the_codes_around": measured["agreement"],
        "transitions_from_7_to_9_to_4": measured["transitions"],
        "coordinates_along_either_axis": {
            title: np.round(lattice[0, :, 0].astype(float), 5).tolist()
            for title, lattice in LATTICES.items()
        },
        "lattices": {
            title: [
                {name: np.round(value, 5).tolist() for name, value in vars(one).items()}
                for one in trials
            ]
            for title, trials in measured["decoded"].items()
        },
    }


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
    draws_first_trial=True,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

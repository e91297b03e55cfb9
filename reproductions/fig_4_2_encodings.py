"""Figure 4.2: test images encoded in two latent dimensions, by class.

"Latent Space Activity and Visualization", Section 4.2. Measured: of which classes a code's nearest
neighbours are, how far classes lie apart, and which reconstructions a classifier recognises. Drawn:
the first test images' posterior means. Recorded: the shares by class, and all codes.
"""

import sys

import numpy as np
from matplotlib.figure import Figure as Picture
from scipy.stats import spearmanr
from sklearn.metrics import silhouette_samples
from sklearn.neighbors import NearestNeighbors

from keras_vae import datasets
from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.claims import Claim, JsonObject, Number, Reading
from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.figures.method_runs import Methods
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.measures.class_measures import by_class
from keras_vae.experiments.reports import activity as protocol
from keras_vae.experiments.reports.activity.views import (
    EncodedTestSet,
    by_digit,
    encoded_test_sets,
    unmet_by_weights,
    weights_epochs,
)
from keras_vae.experiments.runs.spec import Specs

SHOWN = 5000
NEIGHBOURS = 10
SILHOUETTE_CODES = 3000
CORRELATED = 0.6
OVERLAP = 0.1
MOST_CONFUSED = 5


def runs(options: Options, seed: int) -> Specs:
    """Importance weighting with 2 latent dimensions."""
    return protocol.latent_dim_specs(options.dataset, seed, (2,))


def neighbour_confusion(
    codes: np.ndarray, labels: np.ndarray, neighbours: int = NEIGHBOURS
) -> np.ndarray:
    """How often the nearest neighbours of one class's codes are of another class.

    Arguments:
        codes: Array of shape (N, D).
        labels: Integer array of shape (N,).
        neighbours: Neighbours of each code that count, itself not among them.

    Returns:
        Array of shape (classes, classes); row i holds the shares among class i's neighbours.
    """
    classes, index = np.unique(labels, return_inverse=True)
    search = NearestNeighbors(n_neighbors=neighbours).fit(codes)
    found = index[search.kneighbors(return_distance=False)]
    shares = np.stack([(found == label).mean(axis=1) for label in range(len(classes))], axis=1)
    return np.stack([shares[index == label].mean(axis=0) for label in range(len(classes))])


def silhouette_by_class(
    codes: np.ndarray, labels: np.ndarray, limit: int = SILHOUETTE_CODES
) -> np.ndarray:
    """Mean silhouette of each class, from -1 (amid another class) to 1 (apart from all).

    Arguments:
        codes: Array of shape (N, D).
        labels: Integer array of shape (N,).
        limit: Codes, from the first on, that count: time and memory grow with their square.

    Returns:
        Array of shape (classes,).
    """
    return by_class(silhouette_samples(codes[:limit], labels[:limit]), labels[:limit])


def measure(methods: Methods, options: Options) -> JsonObject:
    """All test images of all trials, and how their codes lie by class.

    Returns:
        Dictionary: `views`, a list of `EncodedTestSet`; `trials`, a list of `class_measures_of`;
        `weights_epochs`.
    """
    views = encoded_test_sets(methods["2"])
    return {
        "views": views,
        "trials": [class_measures_of(view) for view in views],
        "weights_epochs": weights_epochs(methods),
    }


def class_measures_of(view: EncodedTestSet) -> dict[str, np.ndarray]:
    """Numbers of one model: arrays of shape (classes,) or (classes, classes)."""
    confusion = neighbour_confusion(view.means, view.labels)
    return {
        "neighbour_confusion": confusion,
        "own_class_share_of_neighbours": np.diag(confusion),
        "silhouette_by_class": silhouette_by_class(view.means, view.labels),
        "recognised_share_by_class": view.recognised_by_class(),
    }


def draw(measured: JsonObject, options: Options) -> Picture:
    """Draws the posterior means of the first test images in the first trial."""
    view = measured["views"][0]
    figure, (axis,) = plots.panels(1, width=6.4, height=5.2)
    plots.scatter_classes(axis, view.means[:SHOWN], view.labels[:SHOWN])
    axis.set_xlabel("First latent dimension (posterior mean)")
    axis.set_ylabel("Second latent dimension (posterior mean)")
    return figure


def caption(measured: JsonObject, options: Options) -> str:
    """How many images are shown."""
    shown = min(SHOWN, len(measured["views"][0].labels))
    return f"first {shown:,} test images, n_z = 2 (IW), seed {options.seed}"


def judge(measured: JsonObject, options: Options) -> list[Claim]:
    """Judges whether separated classes are reconstructed well, and whether 2 and 3 overlap."""
    trials = {
        name: np.stack([trial[name] for trial in measured["trials"]])
        for name in measured["trials"][0]
    }
    unmet = unmet_by_weights(measured["weights_epochs"], options)
    return [
        judge_separation(trials, unmet),
        judge_overlap(trials["neighbour_confusion"], unmet),
    ]


def judge_separation(trials: dict[str, np.ndarray], unmet: tuple[str, ...]) -> Claim:
    """How the ten digits' separation goes with their reconstructions."""
    recognised = trials["recognised_share_by_class"]
    measures = {
        "by nearest neighbours": "own_class_share_of_neighbours",
        "by silhouettes": "silhouette_by_class",
    }
    correlations = {
        reading: [
            float(spearmanr(*trial).statistic)
            for trial in zip(trials[name], recognised, strict=True)
        ]
        for reading, name in measures.items()
    }
    rules = {
        "by nearest neighbours": f"the share of a code's {NEIGHBOURS} nearest neighbours, among "
        "the codes of all test images, that are of its class",
        "by silhouettes": f"the mean silhouette of its codes, of the first {SILHOUETTE_CODES} "
        "test images,",
    }
    return Claim(
        id="activity.4.2.1",
        statement="Classes that are separated in latent space are the ones reconstructed well.",
        reported="'clearly distinguished' classes 'were better constructed' (Section 4.2)",
        measured="rank correlation, lowest trial: "
        + ", ".join(f"{min(values):.2f} {reading}" for reading, values in correlations.items()),
        readings=[
            Reading(
                reading,
                rule=f"Over the ten digits, Spearman's rank correlation between {rules[reading]} "
                f"and the share of recognised reconstructions is at least {CORRELATED:g}, in every "
                "trial.",
                numbers={
                    "rank correlation, each trial": Number(
                        correlations[reading], "1", at_least=CORRELATED
                    ),
                    "separation": Number(by_digit(trials[name]), "1"),
                    "recognised": Number(by_digit(recognised), "share"),
                },
                unmet=unmet,
            )
            for reading, name in measures.items()
        ],
    )


def judge_overlap(confusion: np.ndarray, unmet: tuple[str, ...]) -> Claim:
    """How often 2s and 3s are neighbours, by itself and among all pairs of digits."""
    mutual = (confusion + confusion.swapaxes(1, 2)) / 2
    pairs = mutual[:, *np.tril_indices(10, k=-1)]
    shares = mutual[:, 2, 3]
    ranks = 1 + np.sum(pairs > shares[:, None], axis=1)
    return Claim(
        id="activity.4.2.2",
        statement="Classes 2 and 3 overlap in latent space.",
        reported="'not distinguished in the latent encoding' (Section 4.2, Figure 4.2)",
        measured=f"{shares.mean():.1%} of the neighbours of 2s are 3s, or the reverse; rank of 45 "
        f"pairs, by trial: {', '.join(map(str, ranks))}",
        readings=[
            Reading(
                "by itself",
                rule=f"In every trial at least {OVERLAP:.0%} of the {NEIGHBOURS} nearest "
                "neighbours of 2s, among the codes of all test images, are 3s and the reverse, on "
                "average.",
                numbers={
                    "share of neighbours, each trial": Number(
                        shares.tolist(), "1", at_least=OVERLAP
                    ),
                    "median pair's": Number(np.median(pairs, axis=1).tolist(), "1"),
                },
                unmet=unmet,
            ),
            Reading(
                "among the pairs of digits",
                rule=f"In every trial the pair is among the {MOST_CONFUSED} of 45 whose nearest "
                "neighbours are most often of the other digit.",
                numbers={"rank, each trial": Number(ranks.tolist(), "rank", at_most=MOST_CONFUSED)},
                unmet=unmet,
            ),
        ],
    )


def record(measured: JsonObject, options: Options) -> JsonObject:
    """The numbers by class of each trial, and the codes that they are of, in test images' order."""
    views = measured["views"]
    return {
        "trials": [
            {name: np.round(value, 5).tolist() for name, value in trial.items()}
            for trial in measured["trials"]
        ],
        "labels": "".join(map(str, views[0].labels)),
        "codes": [np.round(view.means.astype(float), 4).tolist() for view in views],
        "recognised": ["".join(map(str, view.recognised().astype(int))) for view in views],
    }


FIGURE = protocol.ActivityFigure(
    script=__file__,
    name="fig_4_2",
    title="Figure 4.2: test images in a latent space of two dimensions (IW)",
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

"""Figure 3: linear classifiers of latent features through training, by latent dimensions.

"An Explanatory Analysis of the Geometry of Latent Variables", Section 2.2. The VAE is trained once;
classifiers are fitted to weights that were kept on the way.
"""

import dataclasses
import itertools
import math
import sys

import numpy as np
from matplotlib.figure import Figure as Picture

from keras_vae import datasets, linear_probe
from keras_vae.datasets import ImageData
from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.claims import Claim, JsonObject, Number, Reading
from keras_vae.experiments.figures.figure import Figure, main
from keras_vae.experiments.figures.method_runs import MethodRuns, Methods
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.measures.class_measures import flatten
from keras_vae.experiments.reports.geometry.protocol import (
    LATENT_DIM,
    SHARED,
    change_since_half,
    run_spec,
    unmet_requirements,
    vae_spec,
)
from keras_vae.experiments.runs.spec import Specs
from keras_vae.models import LatentVariableModel

LATENT_DIMS = (5, 10, 20, 30, 50)
OTHER_ORDER = f"k = {LATENT_DIM}, α = 0"
TITLES = {
    "means": "Means",
    "means_and_variances": "Means and variances",
    "samples": "Samples",
}
PIXELS = {"grey": None, "binary": "static"}
# The report's 0.93 to 0.94, as rounding to two decimals has it.
RANGE = (0.925, 0.945)
SMALLEST = 10
STANDARD_ERRORS = 2
SETTLED = 0.003
CAPTION = (
    "the usual VAE (α = 1, one sample) where no α is named, else ten samples; logistic regression "
    "of standardised features, fitted to all training images"
)


def runs(options: Options, seed: int) -> Specs:
    """The plain VAE with each number of latent dimensions, and one run under another order."""
    plain = {f"k = {size}": vae_spec(options.dataset, seed, size) for size in LATENT_DIMS}
    return {**plain, OTHER_ORDER: run_spec(options.dataset, seed, alpha=0.0)}


@dataclasses.dataclass(frozen=True)
class Separability:
    """Test accuracies of linear classifiers of one method's latent features.

    Attributes:
        epochs: Epochs after which weights were kept.
        accuracy: Dictionary by kind of features of arrays of shape (trials, epochs).
    """

    epochs: list[int]
    accuracy: dict[str, np.ndarray]

    def final(self, kind: str) -> float:
        """Mean over trials of the accuracy after the last epoch."""
        return float(self.accuracy[kind][:, -1].mean())

    def to_dict(self) -> JsonObject:
        """Returns it as JSON-compatible values."""
        return {
            "epochs": self.epochs,
            "accuracy": {kind: values.tolist() for kind, values in self.accuracy.items()},
        }


@dataclasses.dataclass(frozen=True)
class Measured:
    """What the figure shows.

    Attributes:
        by_size: Dictionary of the plain VAE's `Separability` by number of latent dimensions.
        other_order: The `Separability` of one of these numbers under another order.
        pixels: Test accuracies of the same classifier of pixels, grey and binary.
        test_images: Number of images that accuracies are taken over.
    """

    by_size: dict[int, Separability]
    other_order: Separability
    pixels: dict[str, float]
    test_images: int

    @property
    def by_method(self) -> dict[str, Separability]:
        """Dictionary of every `Separability` by the name of its runs."""
        plain = {f"k = {size}": one for size, one in self.by_size.items()}
        return {**plain, OTHER_ORDER: self.other_order}


def measure(methods: Methods, options: Options) -> Measured:
    """Fits all classifiers, of latent features and of pixels."""
    return Measured(
        {size: measure_separability(methods[f"k = {size}"]) for size in LATENT_DIMS},
        measure_separability(methods[OTHER_ORDER]),
        pixel_accuracies(options.dataset),
        len(datasets.load(options.dataset).test),
    )


def measure_separability(method: MethodRuns) -> Separability:
    """Measures the `Separability` of one method; what is stored is not computed again."""
    epochs = method.kept_epochs()
    rows = [_measure_trial(method, trial, epochs) for trial in range(len(method.specs))]
    accuracy = {
        kind: np.array([[found[kind] for found in row] for row in rows])
        for kind in linear_probe.FEATURES
    }
    return Separability(epochs, accuracy)


def _measure_trial(method, trial, epochs):
    """One dictionary by kind of features for each epoch."""
    loaded = []

    def accuracies(epoch):
        if not loaded:
            loaded.extend(method.load_model(trial))
        model, data = loaded
        method.restore(model, trial, epoch)
        return {kind: latent_accuracy(model, data, kind) for kind in linear_probe.FEATURES}

    return [
        method.remembered(
            trial, f"standardized_linear_accuracy/{epoch}_epochs", lambda e=epoch: accuracies(e)
        )
        for epoch in epochs
    ]


def latent_accuracy(model: LatentVariableModel, data: ImageData, kind: str) -> float:
    """Test accuracy of a linear classifier of one of `linear_probe.FEATURES`."""
    features = [
        # Seeds that differ: a training and a test image shall not share their noise.
        linear_probe.posterior_features(model, split.images, kind, seed)
        for seed, split in enumerate(data)
    ]
    return linear_probe.linear_accuracy(
        features[0], data.train.labels, features[1], data.test.labels
    )


def pixel_accuracies(name: str) -> dict[str, float]:
    """Test accuracies of the same classifier of a data set's pixels, grey and binary."""
    found = {}
    for kind, binarize in PIXELS.items():
        train, test = datasets.load(name, binarize)
        found[kind] = linear_probe.linear_accuracy(
            flatten(train.images), train.labels, flatten(test.images), test.labels
        )
    return found


def draw(measured: Measured, options: Options) -> Picture:
    """Draws accuracies against epochs, a panel for each kind of features."""
    figure, axes = plots.panels(len(TITLES), width=3.6, sharey=True)
    for axis, letter, (kind, title) in plots.lettered(axes, TITLES.items()):
        for index, (label, one) in enumerate(measured.by_method.items()):
            plots.line_with_band(axis, one.epochs, one.accuracy[kind], label, index)
        for style, (name, accuracy) in zip(":-", measured.pixels.items(), strict=True):
            axis.axhline(
                accuracy, color="#555555", linewidth=0.9, linestyle=style, label=f"{name} pixels"
            )
        axis.set(xscale="log", xlabel="Epoch", title=f"{letter} {title}")
        plots.plain_ticks(axis, one.epochs)
    axes[0].set_ylabel("Test accuracy")
    axes[-1].legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def tables(measured: Measured, options: Options) -> dict[str, str]:
    """The accuracies after the last epoch as a table in Markdown."""
    heading = " | ".join(title.lower() for title in TITLES.values())
    lines = [
        f"| linear classifier of | {heading} | pixels |",
        f"|---|{'---|' * (len(TITLES) + 1)}",
    ]
    for label, one in measured.by_method.items():
        cells = " | ".join(_range(one.accuracy[kind][:, -1]) for kind in TITLES)
        lines.append(f"| latent features, {label} | {cells} | |")
    for name, accuracy in measured.pixels.items():
        lines.append(f"| {name} pixels |{' |' * len(TITLES)} {accuracy:.4f} |")
    return {"table.md": "\n".join([*lines, "", CAPTION, ""])}


def _range(values):
    """The mean of trials, and the lowest and the highest of several."""
    mean = f"{values.mean():.4f}"
    return mean if len(values) == 1 else f"{mean} ({values.min():.4f}-{values.max():.4f})"


def judge(measured: Measured, options: Options) -> list[Claim]:
    """Judges the claims about accuracies after the last epoch."""
    found = measured.by_size
    means = {size: one.final("means") for size, one in found.items()}
    epochs = [one.epochs[-1] for one in found.values()]
    large = [one for size, one in found.items() if size >= SMALLEST]
    changes = [change_since_half(one.epochs, one.accuracy["means"]) for one in large]
    settled = None not in changes and max(map(abs, changes)) <= SETTLED
    contrast = unmet_requirements(options, epochs)
    other = measured.other_order
    with_other = unmet_requirements(options, [*epochs, other.epochs[-1]])
    converged = unmet_requirements(options, epochs, settled=settled)
    return [
        _judge_level(means, measured.pixels, converged),
        _judge_variances(found, contrast),
        _judge_sizes(found, means, measured.test_images, contrast),
        _judge_order(means, other, with_other),
    ]


def _judge_level(means, pixels, unmet):
    large = [value for size, value in means.items() if size >= SMALLEST]
    return Claim(
        id="geometry.3.1",
        statement="Linear classifiers of the latents reach 0.93 to 0.94, those of pixels less.",
        reported="0.93 to 0.94; pixels 0.88 to 0.92 (Section 2.2)",
        measured=f"{min(large):.4f} to {max(large):.4f}; binary pixels {pixels['binary']:.4f}",
        readings=[
            Reading(
                rule=f"With means and k of at least {SMALLEST}, every mean accuracy lies in "
                f"{RANGE} and above the same classifier's of binary pixels, which are what the "
                "encoder sees.",
                numbers={
                    "means": Number(_by_name(means), "accuracy"),
                    "pixels": Number(pixels, "accuracy"),
                },
                holds=all(
                    RANGE[0] <= value <= RANGE[1] and value > pixels["binary"] for value in large
                ),
                unmet=unmet,
            )
        ],
    )


def _judge_variances(found, unmet):
    kinds = ("means", "means_and_variances")
    gains = {
        size: one.accuracy["means_and_variances"][:, -1] - one.accuracy["means"][:, -1]
        for size, one in found.items()
    }
    every = np.concatenate(list(gains.values()))
    error = float(every.std(ddof=1) / np.sqrt(len(every)))
    return Claim(
        id="geometry.3.2",
        statement="Adding the variances to the features helps.",
        reported="Section 2.2, Figure 3",
        measured=f"gain {every.mean():.4f} ± {error:.4f}",
        readings=[
            Reading(
                rule="The gain in accuracy, averaged over runs, is positive at every k, and over "
                f"all runs at least {STANDARD_ERRORS} standard errors.",
                numbers={
                    **{
                        kind: Number(
                            _by_name({size: one.final(kind) for size, one in found.items()}),
                            "accuracy",
                        )
                        for kind in kinds
                    },
                    "gain": Number(
                        {str(size): values.tolist() for size, values in gains.items()}, "accuracy"
                    ),
                    "standard_error": Number(error, "accuracy"),
                },
                holds=bool(
                    min(values.mean() for values in gains.values()) > 0
                    and every.mean() >= STANDARD_ERRORS * error
                ),
                unmet=unmet,
            )
        ],
    )


def _judge_sizes(found, means, test_images, unmet):
    trials = min(len(one.accuracy["means"]) for one in found.values())
    # Of a difference of two accuracies, as if they were of different images.
    share = float(np.mean(list(means.values())))
    error = math.sqrt(2 * share * (1 - share) / (test_images * trials))
    steps = [after - before for before, after in itertools.pairwise(means.values())]
    decided = min(steps) > 0 or min(steps) < -error
    return Claim(
        id="geometry.3.3",
        statement="More latent dimensions are slightly but consistently better.",
        reported="'slightly but consistently' better (Section 2.2)",
        measured=f"least step {min(steps):+.4f}, standard error {error:.4f}",
        readings=[
            Reading(
                rule="With means, the mean accuracy rises with each larger k; a fall within one "
                "standard error leaves it undecided.",
                numbers={
                    "means": Number(_by_name(means), "accuracy"),
                    "standard_error_of_a_difference": Number(error, "accuracy"),
                },
                holds=min(steps) > 0 if decided else None,
                unmet=unmet,
            )
        ],
    )


def _judge_order(means, other, unmet):
    difference = other.final("means") - means[LATENT_DIM]
    by_size = abs(means[max(means)] - means[SMALLEST])
    return Claim(
        id="geometry.3.4",
        statement="The order alpha matters less for it (Section 2.2).",
        reported="Section 2.2",
        measured=f"alpha {abs(difference):.4f}, size {by_size:.4f}",
        readings=[
            Reading(
                rule=f"At k = {LATENT_DIM}, the accuracy with means at alpha = 0 differs from "
                f"that at 1 by less than that of k = {max(means)} does from that of k = "
                f"{SMALLEST}.",
                numbers={
                    "alpha_0_minus_1": Number(difference, "accuracy"),
                    "largest_k_minus_10": Number(by_size, "accuracy"),
                },
                holds=abs(difference) < by_size,
                unmet=unmet,
            )
        ],
    )


def _by_name(by_size):
    return {str(size): value for size, value in by_size.items()}


def caption(measured: Measured, options: Options) -> str:
    """What the panels show, in words."""
    return CAPTION + plots.band_caption(options.trials)


def record(measured: Measured, options: Options) -> JsonObject:
    """All accuracies for `data.json`."""
    return {
        "separability": {label: one.to_dict() for label, one in measured.by_method.items()},
        "pixels": measured.pixels,
    }


FIGURE = Figure(
    **SHARED,
    script=__file__,
    name="fig_3",
    title="Figure 3: linear separability of latent features during training",
    runs=runs,
    measure=measure,
    draw=draw,
    caption=caption,
    judge=judge,
    record=record,
    tables=tables,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

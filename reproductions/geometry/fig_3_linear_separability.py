"""Figure 3: linear classifiers of latent features through training, by latent dimensions.

"An Explanatory Analysis of the Geometry of Latent Variables", Section 2.2. Runs: the usual VAE with
k = 5 to 50 latent dimensions, and one run at alpha = 0. Measured: the test accuracy of logistic
regression on posterior means, on means and variances, and on samples, with each set of weights that
was kept during training; and the same of pixels. Drawn: accuracies against epochs. Judged: how high
they end, with which features and at which k. Claims about where they end need accuracies that have
stopped changing.
"""

import dataclasses
import functools
import itertools
import sys

import numpy as np
from matplotlib.figure import Figure as Picture

from keras_vae import datasets, linear_probe
from keras_vae.datasets import ImageData
from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.claims import (
    Claim,
    JsonObject,
    Number,
    Reading,
    over_seeds,
    plus_minus,
    unmet_requirements,
)
from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.figures.method_runs import MethodRuns, Methods
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.measures.class_measures import flatten
from keras_vae.experiments.reports.geometry import (
    LASTING,
    LATENT_DIM,
    NEEDED,
    GeometryFigure,
    rates_since_half,
    run_spec,
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
RANGE_KINDS = ("means", "means_and_variances")
SMALLEST = 10
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

    def final(self, kind: str) -> np.ndarray:
        """Each trial's accuracy after the last epoch; array of shape (trials,)."""
        return self.accuracy[kind][:, -1]

    def rates(self, kind: str) -> np.ndarray:
        """`rates_since_half` of the accuracy, shape (trials,)."""
        return rates_since_half(self.epochs, self.accuracy[kind])

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
    """

    by_size: dict[int, Separability]
    other_order: Separability
    pixels: dict[str, float]

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


def _measure_trial(method: MethodRuns, trial: int, epochs: list[int]) -> list[dict[str, float]]:
    """One dictionary by kind of features for each epoch."""
    # Once for all epochs, and not at all if every one is stored.
    load_model = functools.cache(method.load_model)

    def accuracies(epoch: int) -> dict[str, float]:
        model, data = load_model(trial)
        method.restore(model, trial, epoch)
        return {kind: latent_accuracy(model, data, kind) for kind in linear_probe.FEATURES}

    return [
        method.remembered(
            trial,
            f"standardized_linear_accuracy/{epoch}_epochs",
            functools.partial(accuracies, epoch),
        )
        for epoch in epochs
    ]


def latent_accuracy(model: LatentVariableModel, data: ImageData, kind: str) -> float:
    """Test accuracy of a linear classifier of one of `linear_probe.FEATURES`."""
    (train_images, train_labels), (test_images, test_labels) = data
    # Seeds that differ: a training and a test image must not share their noise.
    train, test = (
        linear_probe.posterior_features(model, images, kind, seed)
        for seed, images in enumerate((train_images, test_images))
    )
    return linear_probe.linear_accuracy(train, train_labels, test, test_labels)


def pixel_accuracies(name: str) -> dict[str, float]:
    """Test accuracies of the same classifier of a data set's pixels, grey and binary."""
    found = {}
    for kind, binarize in PIXELS.items():
        (train, train_labels), (test, test_labels) = datasets.load(name, binarize)
        found[kind] = linear_probe.linear_accuracy(
            flatten(train), train_labels, flatten(test), test_labels
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


def _range(values: np.ndarray) -> str:
    """Mean of trials, with the lowest and the highest of several."""
    mean = f"{values.mean():.4f}"
    return mean if len(values) == 1 else f"{mean} ({values.min():.4f}-{values.max():.4f})"


def judge(measured: Measured, options: Options) -> list[Claim]:
    """Judges the claims about accuracies after the last epoch, paired by seed."""
    found, other = measured.by_size, measured.other_order
    epochs = [one.epochs[-1] for one in found.values()]
    unmet = unmet_requirements(options, weights_epochs=epochs, **NEEDED)
    with_other = unmet_requirements(options, weights_epochs=[*epochs, other.epochs[-1]], **NEEDED)
    return [
        _judge_level(found, measured.pixels, unmet, options),
        _judge_variances(found, unmet),
        _judge_sizes(found, unmet, options),
        _judge_order(found, other, with_other),
    ]


def _judge_level(
    found: dict[int, Separability],
    pixels: dict[str, float],
    unmet: tuple[str, ...],
    options: Options,
) -> Claim:
    large = {f"k = {k}": one for k, one in found.items() if k >= SMALLEST}
    levels = {
        kind: Number(
            {name: over_seeds(one.final(kind)) for name, one in large.items()},
            "accuracy",
            *RANGE,
            above=pixels["binary"],
        )
        for kind in RANGE_KINDS
    }
    rates = {kind: {name: one.rates(kind) for name, one in large.items()} for kind in RANGE_KINDS}
    means = [of["mean"] for of in levels["means"].value.values()]
    return Claim(
        id="geometry.3.1",
        statement="Linear classifiers of the latents reach 0.93 to 0.94, those of pixels less.",
        reported="0.93 to 0.94; pixels 0.88 to 0.92 (Section 2.2)",
        measured=f"means {min(means):.3f} to {max(means):.3f}; binary pixels "
        f"{pixels['binary']:.3f}",
        readings=[
            Reading(
                f"with {TITLES[kind].lower()}",
                rule=f"With k of at least {SMALLEST}, every mean accuracy lies in {RANGE} and is "
                "above the same classifier's of binary pixels, which are what the encoder sees. "
                f"{LASTING}",
                numbers={"accuracy": level, "pixels": Number(pixels, "accuracy")},
                unmet=unmet + level.may_turn(rates[kind], options.epochs),
            )
            for kind, level in levels.items()
        ],
    )


def _judge_variances(found: dict[int, Separability], unmet: tuple[str, ...]) -> Claim:
    gains = {k: one.final("means_and_variances") - one.final("means") for k, one in found.items()}
    overall = over_seeds(np.mean(list(gains.values()), axis=0))
    return Claim(
        id="geometry.3.2",
        statement="Adding the variances to the features helps.",
        reported="'the improvement in accuracy given by adding' them (Section 2.2, Figure 3)",
        measured=f"accuracy {plus_minus(overall, 4)} higher with variances",
        readings=[
            Reading(
                rule="The gain in accuracy is positive at every k, and over all k by two standard "
                "errors over seeds.",
                numbers={
                    "gain_over_all_k": Number(overall, "accuracy", above=0.0),
                    "gain": Number(
                        {f"k = {k}": float(gain.mean()) for k, gain in gains.items()},
                        "accuracy",
                        above=0.0,
                    ),
                },
                unmet=unmet,
            )
        ],
    )


def _judge_sizes(found: dict[int, Separability], unmet: tuple[str, ...], options: Options) -> Claim:
    finals = {k: one.final("means") for k, one in found.items()}
    rates = {k: one.rates("means") for k, one in found.items()}
    steps = {name: over_seeds(step) for name, step in _steps(finals).items()}
    least = min(steps.values(), key=lambda step: step["mean"])
    rise = Number(steps, "accuracy", above=0.0)
    slopes = {
        kind: Number(
            over_seeds(_slopes({k: one.final(kind) for k, one in found.items()})),
            "accuracy",
            above=0.0,
        )
        for kind in TITLES
    }
    return Claim(
        id="geometry.3.3",
        statement="More latent dimensions are slightly but consistently better.",
        reported="'marginally but consistently better' (Section 2.2)",
        measured=f"least step {plus_minus(least, 4)}, {plus_minus(slopes['means'].value, 4)} for "
        "each doubling",
        readings=[
            Reading(
                "from each k to the next",
                rule=f"With means, the accuracy rises with each larger k. {LASTING}",
                numbers={"rise": rise},
                unmet=unmet + rise.may_turn(_steps(rates), options.epochs),
            ),
            *(
                Reading(
                    f"on the whole, with {TITLES[kind].lower()}",
                    rule="The straight line of accuracy against the logarithm of k rises. "
                    f"{LASTING}",
                    numbers={"rise_for_each_doubling": slope},
                    unmet=unmet
                    + slope.may_turn(
                        _slopes({k: one.rates(kind) for k, one in found.items()}), options.epochs
                    ),
                )
                for kind, slope in slopes.items()
            ),
        ],
    )


def _steps(by_size: dict[int, np.ndarray]) -> dict[str, np.ndarray]:
    """How much more each k has than the one before, arrays of shape (trials,)."""
    return {
        f"k {after} - {before}": by_size[after] - by_size[before]
        for before, after in itertools.pairwise(by_size)
    }


def _slopes(by_size: dict[int, np.ndarray]) -> np.ndarray:
    """The straight line of each trial against the logarithm of k: its rise for each doubling."""
    doublings = np.log2(list(by_size))
    return np.polynomial.polynomial.polyfit(doublings, np.array(list(by_size.values())), 1)[1]


def _judge_order(
    found: dict[int, Separability], other: Separability, unmet: tuple[str, ...]
) -> Claim:
    difference = other.final("means") - found[LATENT_DIM].final("means")
    by_size = found[max(found)].final("means") - found[SMALLEST].final("means")
    less = over_seeds(abs(by_size) - abs(difference))
    return Claim(
        id="geometry.text.3",
        statement="The order alpha matters less for the classifiers than the size does.",
        reported="'appears to be less relevant' (Section 2.2)",
        measured=f"alpha 0 for 1: {plus_minus(over_seeds(difference), 4)}; k = {max(found)} for "
        f"{SMALLEST}: {plus_minus(over_seeds(by_size), 4)}",
        readings=[
            Reading(
                rule=f"With means, alpha = 0 in place of 1 at k = {LATENT_DIM} changes the "
                f"accuracy by less than k = {max(found)} in place of {SMALLEST} does.",
                numbers={
                    "change_by_size_less_change_by_alpha": Number(less, "accuracy", above=0.0),
                    "alpha_0_minus_1": Number(over_seeds(difference), "accuracy"),
                    "largest_k_minus_10": Number(over_seeds(by_size), "accuracy"),
                },
                unmet=unmet,
            )
        ],
    )


def caption(measured: Measured, options: Options) -> str:
    """What the panels show, in words."""
    return CAPTION + plots.band_caption(options.trials)


def record(measured: Measured, options: Options) -> JsonObject:
    """All accuracies for `data.json`."""
    return {
        "separability": {label: one.to_dict() for label, one in measured.by_method.items()},
        "pixels": measured.pixels,
    }


FIGURE = GeometryFigure(
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

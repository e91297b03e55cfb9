"""What Figures 2.1 to 2.5 of the activity report share: bounds per epoch, drawn and recorded."""

import dataclasses
from collections.abc import Callable

import numpy as np
from matplotlib.figure import Figure as Picture

from keras_vae._internal.files import JsonObject
from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.claims import Number
from keras_vae.experiments.figures.method_runs import MethodRuns, Methods
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.measures.convergence import epochs_to_level, final_value, has_settled
from keras_vae.experiments.reports.activity import METHOD_STYLES, ActivityFigure

# Nats under a bound's end from which it counts as reached, and that a settled bound may move.
NEAR = 1.0
SETTLED = 0.2


class MethodBounds:
    """One method's bounds over epochs, and the numbers that claims are judged by.

    Arguments:
        method: `MethodRuns`.

    Attributes:
        by_split: Bounds by `"train"` and `"test"`, shape (trials, epochs), in nats.
        test: Those of the test data.
        final: Mean of the test bound over trials and the last tenth of the epochs.
        trials: The same of each trial, a list.
        settled: Whether the mean test bound moves by at most `SETTLED` between the two last
            tenths of the epochs.
        log_likelihood: Each trial's test log-likelihood. Importance-weighted bounds are tighter
            at the same model; this is the same for all.
    """

    def __init__(self, method: MethodRuns) -> None:
        self.by_split = {split: method.history(f"{split}_bound") for split in ("train", "test")}
        self.test = self.by_split["test"]
        self.final = final_value(self.test)
        self.trials = [final_value(trial[None]) for trial in self.test]
        self.settled = has_settled(self.test, SETTLED)
        self.log_likelihood = method.log_likelihood_summary()


Bounds = dict[str, MethodBounds]


def measure_bounds(methods: Methods, options: Options) -> Bounds:
    """`MethodBounds` by method."""
    return {name: MethodBounds(method) for name, method in methods.items()}


def draw_bounds(bounds: Bounds, options: Options, legend_title: str | None = None) -> Picture:
    """Two panels: the bound on training data, and on test data."""
    figure, axes = plots.panels(2, width=4.6, sharey=True)
    epochs = np.arange(1, options.epochs + 1)
    for axis, split in zip(axes, ("train", "test"), strict=True):
        for index, (label, method) in enumerate(bounds.items()):
            style = METHOD_STYLES.get(label, index)
            plots.line_with_band(axis, epochs, method.by_split[split], label, style)
        axis.set_title({"train": "Training data", "test": "Test data"}[split])
        plots.label_epochs(axis)
    axes[0].set_ylabel("Bound on log p(x) (nats per image)")
    axes[1].legend(title=legend_title, loc="upper left", bbox_to_anchor=(1, 1))
    curves = [curve for method in bounds.values() for curve in method.by_split.values()]
    plots.zoom_on_ends(axes[0], curves)
    return figure


def caption_bounds(bounds: Bounds, options: Options) -> str:
    """What the panels of `draw_bounds` show."""
    return "bounds at beta = 1" + plots.band_caption(options.trials)


def record_bounds(bounds: Bounds, options: Options) -> JsonObject:
    """The curves, and how fast each came near its end, per method."""
    return {
        "bounds": {
            label: {
                split: np.round(values, 4).tolist() for split, values in method.by_split.items()
            }
            for label, method in bounds.items()
        },
        # Of a bound that still rises this tells as much about the length of the run.
        "convergence": {
            label: {
                "final_test_bound": method.final,
                "epochs_to_within_1_nat_of_it": epochs_to_level(method.test, method.final - NEAR),
                "of_epochs": method.test.shape[1],
            }
            for label, method in bounds.items()
        },
    }


def epochs_to_common_level(bounds: Bounds) -> dict[str, int | None]:
    """Epochs until each method's mean test bound is within `NEAR` of the lowest final one."""
    level = min(method.final for method in bounds.values()) - NEAR
    return {name: epochs_to_level(method.test, level) for name, method in bounds.items()}


def final_bounds(bounds: Bounds) -> dict[str, Number]:
    """The numbers of a claim about where bounds end: those of each trial, by method."""
    likelihoods = {name: method.log_likelihood for name, method in bounds.items()}
    return {
        "final_test_bound": Number({name: of.trials for name, of in bounds.items()}, "nats"),
        "test_log_likelihood": Number(likelihoods, "nats"),
    }


def describe_ends(bounds: Bounds) -> str:
    """The final test bounds in a line."""
    return ", ".join(f"{name} {method.final:.1f}" for name, method in bounds.items()) + " nats"


@dataclasses.dataclass(frozen=True, kw_only=True)
class BoundFigure(ActivityFigure):
    """A figure of bounds per epoch; its claims are judged by `MethodBounds` by method."""

    measure: Callable = measure_bounds
    draw: Callable = draw_bounds
    caption: Callable = caption_bounds
    record: Callable = record_bounds

"""What Figures 2.1 to 2.5 of the activity report share: bounds per epoch, drawn and recorded."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping

import numpy as np
from matplotlib.figure import Figure as Picture

from keras_vae._internal.files import JsonObject
from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.claims import Number, over_seeds
from keras_vae.experiments.figures.method_runs import MethodRuns, Methods
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.measures.convergence import (
    FINAL,
    epochs_to_level,
    final_rates,
    final_values,
    has_settled,
)
from keras_vae.experiments.reports.activity import PROTOCOL, STYLES, ActivityFigure

# A bound has reached its end once it is within so many nats of it, and has settled if it changes by
# at most so many an epoch: a nat in a hundred epochs.
NEAR = 1.0
SETTLED = 0.01
SPLITS = ("train", "test")
# What "the bound" of a text may mean, and the model's own quality, which bounds tell less of.
READINGS = {
    "train": "on training data",
    "test": "on test data",
    "log_likelihood": "by the test log-likelihood",
}
SEEDS = "Differences are of trials with the same seed, errors over seeds."
PAIRED = f"{FINAL} {SEEDS}"
# How the end of each of `READINGS` is taken.
ENDS = {"train": PAIRED, "test": PAIRED, "log_likelihood": f"Taken after the last epoch. {SEEDS}"}
STILL = f"its bound still changes by over {SETTLED:g} nats an epoch, errors included"


class MethodBounds:
    """One method's bounds over epochs, and the numbers that claims are judged by.

    Arguments:
        method: `MethodRuns`.

    Attributes:
        by_split: Bounds by `"train"` and `"test"`, shape (trials, epochs), in nats.
        objective: What training maximised, of that shape: the training bound with the KL weighted
            by beta, which is the bound itself once beta is 1.
        log_likelihood: Each trial's test log-likelihood. Importance-weighted bounds are tighter
            at the same model; this is the same for all.
    """

    def __init__(self, method: MethodRuns) -> None:
        self.by_split = {split: method.history(f"{split}_bound") for split in SPLITS}
        self.objective = -method.history("train_loss")
        self.log_likelihood = method.log_likelihood_summary()

    def ends(self, reading: str) -> np.ndarray:
        """Each trial's final bound, or its log-likelihood, by one of `READINGS`."""
        if reading == "log_likelihood":
            return np.array([trial["mean"] for trial in self.log_likelihood])
        return final_values(self.by_split[reading])

    def epochs_to_own_end(self, split: str) -> list[int | None]:
        """Epochs until each trial is within `NEAR` of its own final bound."""
        return epochs_to_level(self.by_split[split], self.ends(split) - NEAR)

    def rates(self, split: str) -> JsonObject:
        """Change of the bound per epoch over the last third of the epochs, with its error."""
        return over_seeds(final_rates(self.by_split[split]))


Bounds = dict[str, MethodBounds]


def measure_bounds(methods: Methods, options: Options) -> Bounds:
    """`MethodBounds` by method."""
    return {name: MethodBounds(method) for name, method in methods.items()}


def gains(
    bounds: Bounds, first: str, second: str, readings: Iterable[str] = SPLITS
) -> dict[str, JsonObject]:
    """How much higher the second method ends than the first, by reading, as means over seeds."""
    return {
        reading: over_seeds(bounds[second].ends(reading) - bounds[first].ends(reading))
        for reading in readings
    }


def final_numbers(bounds: Bounds, reading: str) -> dict[str, Number]:
    """What stands beside a difference: where each trial of each method ended."""
    ends = {name: method.ends(reading).tolist() for name, method in bounds.items()}
    return {"final, each trial": Number(ends, "nats")}


def still_moving(bounds: Bounds, split: str) -> tuple[str, ...]:
    """Why bounds of these methods cannot be said to have converged; empty if they can."""
    return tuple(
        f"{name}: {STILL}"
        for name, method in bounds.items()
        if not has_settled(method.by_split[split], SETTLED)
    )


def own_ends_move(bounds: Bounds, options: Options) -> dict[str, tuple[str, ...]]:
    """`still_moving` by the readings that ask for a bound's own end.

    Of a bound that still rises, that is where the run stops; empty at the report's own epochs.
    """
    if options.epochs >= PROTOCOL["epochs"]:
        return {}
    return {f"to its own end, {READINGS[split]}": still_moving(bounds, split) for split in SPLITS}


def epochs_to_common_level(bounds: Bounds, split: str) -> dict[str, list[int | None]]:
    """Epochs until each trial is within `NEAR` of the lowest final bound of its seed's methods."""
    levels = np.min([method.ends(split) for method in bounds.values()], axis=0) - NEAR
    return {
        name: epochs_to_level(method.by_split[split], levels) for name, method in bounds.items()
    }


def draw_bounds(bounds: Bounds, options: Options, legend_title: str | None = None) -> Picture:
    """Two panels: the bound on training data, and on test data."""
    figure, axes = plots.panels(2, width=4.6, sharey=True)
    epochs = np.arange(1, options.epochs + 1)
    for axis, split in zip(axes, SPLITS, strict=True):
        for label, method in bounds.items():
            plots.line_with_band(axis, epochs, method.by_split[split], label, STYLES[label])
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
    """The curves, where each trial ended, and how fast it came near its end, per method."""
    return {
        "bounds": {
            label: {
                split: np.round(values, 4).tolist()
                for split, values in {**method.by_split, "objective": method.objective}.items()
            }
            for label, method in bounds.items()
        },
        # Of a bound that still rises this tells as much about the length of the run.
        "convergence": {
            label: {
                split: {
                    "final_bound": method.ends(split).tolist(),
                    "epochs_to_within_1_nat_of_it": method.epochs_to_own_end(split),
                    "of_epochs": method.by_split[split].shape[1],
                    "change_per_epoch": method.rates(split),
                }
                for split in SPLITS
            }
            for label, method in bounds.items()
        },
    }


def in_words(by_reading: Mapping[str, JsonObject], suffix: str = "nats") -> str:
    """Estimates by reading in a line, for a claim's `measured`."""
    names = {"train": "training", "test": "test", "log_likelihood": "log-likelihood"}
    found = ", ".join(f"{names[name]} {of['mean']:+.1f}" for name, of in by_reading.items())
    return f"{found} {suffix}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class BoundFigure(ActivityFigure):
    """A figure of bounds per epoch; its claims are judged by `MethodBounds` by method."""

    measure: Callable = measure_bounds
    draw: Callable = draw_bounds
    caption: Callable = caption_bounds
    record: Callable = record_bounds

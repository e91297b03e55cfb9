"""What the figures of "Latent Space Activity and Visualization" run, and for how long."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture

from keras_vae._internal.files import JsonObject
from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.figure import Figure, Report
from keras_vae.experiments.figures.method_runs import Methods
from keras_vae.experiments.figures.options import Options, Preset
from keras_vae.experiments.measures.pruning import crossings
from keras_vae.experiments.reports import REPORTS
from keras_vae.experiments.runs.spec import (
    DataSpec,
    ModelSpec,
    ObjectiveSpec,
    OptimizerSpec,
    RunSpec,
    Specs,
)

REPORT = "activity"
# Colour and dash of everything that the report's figures draw, the same in all of them. What
# differs only in the data has its method's colour with another dash.
STYLES = {
    "IW": 0,
    "VAE": 1,
    "IW+BN": 2,
    "IW+WU": 3,
    "IW+WU, as maximised": 13,
    "Bernoulli": 1,
    "Gaussian": 8,
    "Bernoulli, grey (cross-entropy)": 11,
    "Gaussian, grey": 18,
    "2": 4,
    "5": 5,
    "10": 6,
    "20": 7,
    "50": 0,
    "100": 9,
    "digits 1-5": 4,
    "all digits, as many images": 5,
    "all digits": 6,
}
METHODS = ("VAE", "IW", "IW+BN", "IW+WU")
LATENT_DIM = 50
LATENT_DIMS = (2, 5, 10, 20, 50, 100)
NUM_SAMPLES = 5
WARM_UP_EPOCHS = 100
# Epochs below which a claim is not decided: about a plain contrast, about where training ends,
# and about where it ends after warm-up.
CONTRAST_EPOCHS = 50
CONVERGED_EPOCHS = 100
AFTER_WARM_UP_EPOCHS = 120
ADAM = OptimizerSpec(
    name="adam",
    arguments=(("learning_rate", 1e-3), ("beta_1", 0.9), ("beta_2", 0.9), ("epsilon", 1e-4)),
)
ELBO = ObjectiveSpec(name="elbo")
IMPORTANCE_WEIGHTED = ObjectiveSpec(name="iwae", num_samples=NUM_SAMPLES)
WARM_UP = ObjectiveSpec(name="iwae", num_samples=NUM_SAMPLES, warm_up_epochs=WARM_UP_EPOCHS)

PROTOCOL: JsonObject = {
    "dataset": "mnist",
    "binarize": "static at 0.5",
    "epochs": 300,
    "trials": "several (number not given)",
    "batch_size": 100,
    "optimizer": "Adam, learning rate 1e-3, beta_1 0.9, beta_2 0.9, epsilon 1e-4",
}

PRESETS = {
    "smoke": Preset(dataset="mnist_5k", epochs=3, trials=1),
    "quick": Preset(dataset=None, epochs=8, trials=1, embedded_epochs=60, embedded_trials=2),
    "paper": Preset(dataset="mnist", epochs=300, trials=3, likelihood_samples=5000),
}
TWO_TRIAL_PRESETS = {
    "smoke": PRESETS["smoke"],
    "quick": Preset(dataset=None, epochs=8, trials=1, embedded_epochs=60),
    "paper": Preset(dataset="mnist", epochs=300, trials=2, likelihood_samples=5000),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class ActivityFigure(Figure):
    """A figure of the report, under its protocol unless it says otherwise."""

    report: str = REPORT
    about: Report | None = REPORTS[REPORT]
    presets: dict[str, Preset] = dataclasses.field(default_factory=lambda: TWO_TRIAL_PRESETS)
    protocol: JsonObject = dataclasses.field(default_factory=lambda: PROTOCOL)


def run_spec(
    data: str | DataSpec,
    seed: int,
    objective: ObjectiveSpec = IMPORTANCE_WEIGHTED,
    latent_dim: int = LATENT_DIM,
    **model: Any,
) -> RunSpec:
    """A run under the report's optimiser.

    Arguments:
        data: `DataSpec`, or the name of a data set to binarise at one half.
        seed: Seed of the trial.
        objective: `ObjectiveSpec`.
        latent_dim: Number of latent dimensions.
        **model: Further arguments of `ModelSpec`.

    Returns:
        `RunSpec`.
    """
    if isinstance(data, str):
        data = DataSpec(name=data, binarize="static")
    return RunSpec(
        data=data,
        model=ModelSpec(latent_dim=latent_dim, **model),
        objective=objective,
        optimizer=ADAM,
        seed=seed,
    )


def method_specs(
    data: str | DataSpec,
    seed: int,
    names: Sequence[str] = METHODS,
    **model: Any,
) -> Specs:
    """Some of the four methods whose activity the report compares.

    Arguments:
        data: As in `run_spec`.
        seed: Seed of the trial.
        names: Names of the methods.
        **model: Further arguments of `ModelSpec`.

    Returns:
        Dictionary of `RunSpec` by method.
    """
    methods: dict[str, dict[str, Any]] = {
        "VAE": {"objective": ELBO},
        "IW": {},
        "IW+BN": {"batch_norm": True},
        "IW+WU": {"objective": WARM_UP},
    }
    return {name: run_spec(data, seed, **methods[name], **model) for name in names}


def latent_dim_specs(data: str | DataSpec, seed: int, sizes: Sequence[int] = LATENT_DIMS) -> Specs:
    """Importance weighting with these numbers of latent dimensions, by the number as text."""
    return {str(size): run_spec(data, seed, latent_dim=size) for size in sizes}


# Activity of shape (trials, epochs, latent_dim) by method.
Activity = dict[str, np.ndarray]
THRESHOLD = 0.1
THRESHOLDS = (0.1, 0.01)


def measure_activity(methods: Methods, options: Options) -> Activity:
    """Activity of every trial, epoch and dimension, shape (trials, epochs, D), by method."""
    return {name: method.activity for name, method in methods.items()}


def active_counts(activity: npt.ArrayLike, threshold: float = THRESHOLD) -> np.ndarray:
    """Active dimensions after each epoch.

    Arguments:
        activity: Array of shape (..., epochs, latent_dim).
        threshold: Activity above which a dimension counts as active.

    Returns:
        Integer array of shape (..., epochs).
    """
    return np.count_nonzero(np.asarray(activity) > threshold, axis=-1)


def count_after(counts: np.ndarray, epoch: int) -> np.ndarray:
    """Each trial's count after an epoch counted from 1, shape (trials,); NaN if it never ran."""
    if epoch > counts.shape[1]:
        return np.full(len(counts), np.nan)
    return counts[:, epoch - 1]


def draw_counts(axis: Axes, counts: Mapping[str, np.ndarray]) -> None:
    """Draws active dimensions per epoch, one line a method.

    Arguments:
        axis: Matplotlib axes.
        counts: Dictionary by name in the legend of integer arrays of shape (trials, epochs).
    """
    for name, values in counts.items():
        epochs = np.arange(1, values.shape[1] + 1)
        plots.line_with_trials(axis, epochs, values, name, STYLES[name])
    plots.label_epochs(axis)


def label_counts(axis: Axes) -> None:
    """Labels a y axis of active dimensions."""
    axis.set_ylim(bottom=0)
    axis.set_ylabel(f"Active latent dimensions\n(activity > {THRESHOLD:g})")


def draw_in_one_panel(activity: Activity, legend_title: str | None = None) -> Picture:
    """Draws all methods in one panel, the legend beside it.

    Arguments:
        activity: From `measure_activity`.
        legend_title: What the methods' names are.

    Returns:
        Matplotlib figure.
    """
    figure, (axis,) = plots.panels(1, width=6.0, height=4.0)
    draw_counts(axis, {name: active_counts(value) for name, value in activity.items()})
    axis.legend(title=legend_title, loc="upper left", bbox_to_anchor=(1, 1))
    label_counts(axis)
    return figure


def caption_counts(activity: Activity, options: Options) -> str:
    """What a picture of counts shows."""
    return f"threshold {THRESHOLD:g}" + plots.trials_caption(options.trials)


def record_counts(activity: Activity, options: Options) -> JsonObject:
    """Counts of every trial and epoch at both thresholds, and when each dimension crossed them."""

    def by_threshold(measure: Callable[[np.ndarray, float], Any]) -> JsonObject:
        return {
            name: {str(threshold): measure(value, threshold) for threshold in THRESHOLDS}
            for name, value in activity.items()
        }

    return {
        "active_dimensions": by_threshold(lambda *of: active_counts(*of).tolist()),
        "crossings": by_threshold(crossings),
    }


@dataclasses.dataclass(frozen=True, kw_only=True)
class CountFigure(ActivityFigure):
    """A figure of active dimensions per epoch; its claims are judged by activities by method."""

    measure: Callable = measure_activity
    caption: Callable = caption_counts
    record: Callable = record_counts

"""Figure 3: lower bound, negative log-likelihood and KL divergence under four optimisers.

"Understanding Variational Auto-Encoder", Section 3. Runs: one of each optimiser, with 500 tanh
units on each side, twenty latent dimensions and batches of 250. Its author's code leaves out Adam's
bias correction, so that the first steps are larger; a fifth run does so too, and is also compared
with the report's Adam. Drawn: the three quantities per epoch, on training and on validation data,
and below them how far ours lie above the report's own curves, which were read from its figure.
Judged: whether Adam's bound ends highest. Recorded: the curves, and how far they lie from the
report's.
"""

import dataclasses
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture
from matplotlib.lines import Line2D

from keras_vae.experiments.figures import plots, results
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
from keras_vae.experiments.figures.method_runs import Methods
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.measures.convergence import FINAL, final_values
from keras_vae.experiments.reports.understanding import (
    ADAM,
    BATCH_SIZE,
    EPOCHS,
    REPORT,
    SEEDS_PRESETS,
    TRIALS,
    WEIGHT_DECAY,
    optimizer_spec,
    report_figure,
    run_spec,
)
from keras_vae.experiments.runs.spec import Specs

# The public code adds 1e-4 to the root of gradients that are summed over the batch. Ours are
# means over it, and Keras adds epsilon under RMSprop's and Adagrad's root, hence its square.
ROOT_EPSILON = (1e-4 / BATCH_SIZE) ** 2
MOMENTUM = 0.9
UNCORRECTED = "Adam, uncorrected"
OPTIMIZERS = {
    "Adam": ADAM,
    "RMSprop": optimizer_spec("rmsprop", learning_rate=1e-3, rho=0.9, epsilon=ROOT_EPSILON),
    "Adagrad": optimizer_spec(
        "adagrad", learning_rate=1e-2, initial_accumulator_value=0.0, epsilon=ROOT_EPSILON
    ),
    # Weight decay acts on the weights directly in Keras, but through the momentum in the author's
    # code, where each decay counts 1 / (1 - momentum) times.
    "SGD": optimizer_spec(
        "sgd", learning_rate=5e-4, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY / (1 - MOMENTUM)
    ),
    UNCORRECTED: dataclasses.replace(ADAM, bias_correction=False, scaled_weight_decay=False),
}
# A panel's name in the original's data: how our history has it, its sign there, and its title.
PANELS = {
    "lower_bound": ("bound", 1, "(a) Lower bound"),
    "negative_log_likelihood": ("reconstruction", -1, "(b) Negative log-likelihood"),
    "kl_divergence": ("kl", 1, "(c) KL divergence"),
}
SPLITS = {"train": "train", "validation": "test"}
SPLIT_STYLES: dict[str, Literal["-", "--"]] = {"train": "--", "validation": "-"}
RANK_EPOCHS = (10, 50, 150)
CLEARLY_HIGHER = 0.5
HIDDEN_EPOCHS = 2
RUNNING = 9


def runs(options: Options, seed: int) -> Specs:
    """One run of each optimiser, with twenty latent dimensions."""
    return {
        name: run_spec(options.dataset, seed, optimizer) for name, optimizer in OPTIMIZERS.items()
    }


def measure(methods: Methods, options: Options) -> JsonObject:
    """Every curve of ours, and the original's data, None where ours are of another data set.

    Returns:
        Dictionary of `ours`, nested dictionaries by panel, optimiser and split of arrays of shape
        (trials, epochs), in nats, and of `original`.
    """
    ours = {
        panel: {
            label: {
                split: sign * method.history(f"{stored}_{name}") for split, stored in SPLITS.items()
            }
            for label, method in methods.items()
        }
        for panel, (name, sign, _) in PANELS.items()
    }
    original = results.load_original(REPORT, "fig_3") if options.dataset == "mnist" else None
    return {"ours": ours, "original": original}


def original_name(label: str) -> str:
    """The optimiser of the original that one of ours stands beside."""
    return "Adam" if label == UNCORRECTED else label


def compare(ours: Sequence[float], original: Sequence[float]) -> JsonObject:
    """How far a curve lies from the original's, over the epochs that both have.

    Arguments:
        ours: Array of shape (epochs,).
        original: Array of shape (epochs,), in the same unit.

    Returns:
        Dictionary of numbers in that unit; differences are ours less the original's.
    """
    epochs = min(len(ours), len(original))
    difference = np.asarray(ours, dtype=float)[:epochs] - np.asarray(original)[:epochs]
    return {
        "epochs_compared": epochs,
        "mean_absolute_difference": float(np.abs(difference).mean()),
        "final_difference": float(difference[-1]),
        "ours_there": float(ours[epochs - 1]),
        "original_there": float(original[epochs - 1]),
    }


def rank_order(curves: Mapping[str, Sequence[float]], epoch: int) -> list[str] | None:
    """Names of rising curves from the highest to the lowest at an epoch.

    Arguments:
        curves: Dictionary by name of arrays of shape (epochs,).
        epoch: Epoch, counted from 1.

    Returns:
        List of names, or None if a curve is shorter.
    """
    if any(len(curve) < epoch for curve in curves.values()):
        return None
    return sorted(curves, key=lambda name: -curves[name][epoch - 1])


def judge(measured: JsonObject, options: Options) -> list[Claim]:
    """Judges whether Adam's bound is the highest."""
    finals = {
        label: final_values(by_split["validation"])
        for label, by_split in measured["ours"]["lower_bound"].items()
    }
    above = {
        label: over_seeds(finals["Adam"] - values)
        for label, values in finals.items()
        if original_name(label) != "Adam"
    }
    best = min(above, key=lambda label: above[label]["mean"])
    return [
        Claim(
            id="understanding.3.1",
            statement="Adam's lower bound is the highest.",
            reported="Adam -82.92, RMSprop -86.53, Adagrad -89.48, SGD -89.93 nats (Figure 3a)",
            measured=f"Adam {plus_minus(over_seeds(finals['Adam']), 2)} nats, "
            f"{plus_minus(above[best], 2)} above {best}",
            readings=[
                Reading(
                    rule="Its final validation bound is higher by at least "
                    f"{CLEARLY_HIGHER:g} nats than every other optimiser's, by runs of the same "
                    f"seed. {FINAL} (Adam without bias correction counts as Adam.)",
                    numbers={
                        "adam_-_other": Number(above, "nats", at_least=CLEARLY_HIGHER),
                        "final_validation_bound": Number(
                            {label: over_seeds(values) for label, values in finals.items()}, "nats"
                        ),
                    },
                    unmet=unmet_requirements(options, min_epochs=EPOCHS, min_trials=TRIALS),
                )
            ],
        )
    ]


def draw(measured: JsonObject, options: Options) -> Picture:
    """Draws the three panels, and under each how far our curves lie above the original's."""
    ours, original = measured["ours"], measured["original"]
    figure, rows = plots.grid(1 if original is None else 2, len(PANELS), width=4.6, height=3.4)
    for axis, (panel, (_, _, title)) in zip(rows[0], PANELS.items(), strict=True):
        shown = []
        for index, by_split in enumerate(ours[panel].values()):
            for split, values in by_split.items():
                mean = values.mean(axis=0)
                _draw_curve(axis, mean, index, SPLIT_STYLES[split])
                shown.append(mean[min(HIDDEN_EPOCHS, len(mean) - 1) :])
        axis.set_title(title)
        axis.set_ylim(*_padded(shown))
        plots.label_epochs(axis)
    rows[0][0].set_ylabel("Nats per image")
    if original is not None:
        for axis, panel in zip(rows[1], PANELS, strict=True):
            _draw_residuals(axis, ours[panel], original["panels"][panel])
        rows[1][0].set_ylabel("Ours less the report's, nats")
    rows[0][-1].legend(
        handles=_legend(ours["lower_bound"]), loc="upper left", bbox_to_anchor=(1, 1)
    )
    return figure


def _draw_residuals(
    axis: Axes, ours: Mapping[str, Mapping[str, np.ndarray]], theirs: JsonObject
) -> None:
    """Ours less the original's, validation only, as running means of `RUNNING` epochs.

    The lines are means over trials, the bands reach from the lowest trial to the highest.
    """
    for index, (label, by_split) in enumerate(ours.items()):
        trials = by_split["validation"]
        other = np.array(theirs[original_name(label)]["validation"][: trials.shape[1]])
        differences = trials[:, : len(other)] - other
        width = min(RUNNING, len(other))
        running = np.lib.stride_tricks.sliding_window_view(differences, width, axis=1).mean(axis=-1)
        epochs = np.arange(running.shape[1]) + (width + 1) / 2
        color = plots.COLORS[index]
        axis.plot(epochs, running.mean(axis=0), color=color, linewidth=1.2)
        axis.fill_between(
            epochs, running.min(axis=0), running.max(axis=0), color=color, alpha=0.2, linewidth=0
        )
    axis.axhline(0, color="black", linewidth=0.8)
    axis.set_title("Validation, ours less the report's", fontsize=9)
    plots.label_epochs(axis)


def _draw_curve(axis: Axes, values: np.ndarray, index: int, style: str) -> None:
    epochs = np.arange(1, len(values) + 1)
    axis.plot(epochs, values, style, color=plots.COLORS[index], linewidth=1.2)


def _padded(curves: Sequence[np.ndarray]) -> tuple[float, float]:
    low, high = min(map(np.min, curves)), max(map(np.max, curves))
    margin = 0.04 * (high - low) + 0.1
    return low - margin, high + margin


def _legend(labels: Iterable[str]) -> list[Line2D]:
    handles = [
        Line2D([], [], color=plots.COLORS[index], label=label, linewidth=1.6)
        for index, label in enumerate(labels)
    ]
    return handles + [
        Line2D([], [], color="black", linestyle=style, label=split, linewidth=1.6)
        for split, style in SPLIT_STYLES.items()
    ]


def caption(measured: JsonObject, options: Options) -> str:
    """How the picture shows its curves."""
    text = (
        f"scales cover epochs {HIDDEN_EPOCHS + 1} and later; Adam, uncorrected: without bias "
        f"correction, as in the author's code; below, running means of {RUNNING} epochs"
    )
    over_trials = "; lines: mean over trials; bands: lowest to highest trial"
    return text + (over_trials if options.trials > 1 else "")


def record(measured: JsonObject, options: Options) -> JsonObject:
    """The curves, and how they compare with the original's."""
    ours, original = measured["ours"], measured["original"]
    compared = None
    if original is not None:
        compared = {
            "differences": _each(
                ours,
                lambda values, panel, label, split: compare(
                    values.mean(axis=0), original["panels"][panel][original_name(label)][split]
                ),
            ),
            "order_by_validation_bound": rank_orders(ours, original),
        }
    rounded = _each(ours, lambda values, *_: np.round(values, 4).tolist())
    return {"history": rounded, "against_the_original": compared}


def rank_orders(ours: JsonObject, original: JsonObject) -> JsonObject:
    """The optimisers by validation bound, best first, at `RANK_EPOCHS`."""
    bounds = {
        label: by_split["validation"].mean(axis=0)
        for label, by_split in ours["lower_bound"].items()
        if label != UNCORRECTED
    }
    theirs = {
        label: by_split["validation"]
        for label, by_split in original["panels"]["lower_bound"].items()
    }
    return {
        str(epoch): {
            "ours": rank_order(bounds, epoch),
            "original": rank_order(theirs, epoch),
        }
        for epoch in RANK_EPOCHS
    }


def _each(ours: JsonObject, function: Callable[..., Any]) -> JsonObject:
    """What a function of (values, panel, optimiser, split) makes of every curve, nested alike."""
    return {
        panel: {
            label: {
                split: function(values, panel, label, split) for split, values in by_split.items()
            }
            for label, by_split in by_label.items()
        }
        for panel, by_label in ours.items()
    }


FIGURE = report_figure(
    script=__file__,
    name="fig_3",
    title="Figure 3: four optimisers (n_z = 20)",
    presets=SEEDS_PRESETS,
    runs=runs,
    measure=measure,
    judge=judge,
    draw=draw,
    caption=caption,
    record=record,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

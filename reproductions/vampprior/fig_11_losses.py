"""Figure 11: losses per epoch of the three models, on Fashion-MNIST.

"Project: Large VAE", Section 4, which says that they show the standard VAE to overfit. Measured:
losses, which are negative bounds at beta = 1, after every epoch; the validation images are those of
the test set. Drawn: a panel for each model. Judged: whether the standard VAE's validation loss
rises again, or ends farther above its training loss than the other models'.
"""

import dataclasses
import sys

import numpy as np
from matplotlib.figure import Figure as Picture

from keras_vae import datasets
from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.claims import (
    Claim,
    JsonObject,
    Number,
    Reading,
    over_seeds,
    plus_minus,
)
from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.figures.method_runs import Methods
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.reports.vampprior import (
    ALL,
    HVAE,
    PRESETS,
    PROTOCOL,
    STYLES,
    VAE,
    VAMPPRIOR,
    schedule,
    tenths,
    unmet_requirements,
)
from keras_vae.experiments.reports.vampprior.figures import (
    add_prior_options,
    by_dataset,
    report_figure,
)

DATASET = "fashion_mnist"
SPLITS = {"train": "train", "validation": "test"}
DASHES = {"train": "--", "validation": "-"}
HIDDEN_EPOCHS = 2
# Nats, of some 2,000.
RISEN = 1.0


def measure(methods: Methods, options: Options) -> JsonObject:
    """Negative bounds at beta = 1, and the runs.

    Returns:
        Dictionary of `losses`, arrays of shape (trials, epochs) by model and by split, and of
        `runs`, by data set and by model.
    """
    runs = by_dataset(methods)
    (by_model,) = runs.values()
    losses = {
        model: {name: -method.history(f"{stored}_bound") for name, stored in SPLITS.items()}
        for model, method in by_model.items()
    }
    return {"losses": losses, "runs": runs}


def draw(measured: JsonObject, options: Options) -> Picture:
    """Draws a panel for each model, on one scale that leaves out the first epochs."""
    losses = measured["losses"]
    figure, axes = plots.panels(len(losses), width=4.0, height=3.6, sharey=True)
    late = [
        trials[:, min(HIDDEN_EPOCHS, trials.shape[1] - 1) :]
        for by_split in losses.values()
        for trials in by_split.values()
    ]
    for axis, letter, (model, by_split) in plots.lettered(axes, losses.items()):
        for name, trials in by_split.items():
            epochs = np.arange(1, trials.shape[1] + 1)
            color, style = plots.COLORS[STYLES[model]], DASHES[name]
            axis.plot(epochs, trials.mean(axis=0), style, color=color, label=name)
        warm_up = schedule(options.dataset, model).warm_up
        if warm_up < trials.shape[1]:
            axis.axvline(warm_up, color="#777777", linewidth=0.8, linestyle=":")
        axis.set_title(f"{letter} {model}")
        plots.label_epochs(axis)
        axis.legend()
    low, high = min(map(np.min, late)), max(map(np.max, late))
    axes[0].set_ylim(low - 0.03 * (high - low), high + 0.03 * (high - low))
    axes[0].set_ylabel("Negative bound, nats per image")
    return figure


def judge(measured: JsonObject, options: Options) -> list[Claim]:
    """Judges whether the standard VAE overfits."""
    losses, runs = measured["losses"], measured["runs"]
    means = tenths(losses[VAE]["validation"])
    rise = over_seeds(means[-1] - means.min(axis=0))
    apart = {model: of["validation"] - of["train"] for model, of in losses.items()}
    of_vae = tenths(apart[VAE])
    widening = over_seeds(of_vae[-1] - of_vae[len(of_vae) // 2])
    all_have = min(gaps.shape[1] for gaps in apart.values())
    ends = {model: tenths(gaps[:, :all_have])[-1] for model, gaps in apart.items()}
    wider = {model: over_seeds(ends[VAE] - ends[model]) for model in ends if model != VAE}
    return [
        Claim(
            id="vampprior.text.4",
            statement="The standard VAE overfits Fashion-MNIST.",
            reported="'a correlation between overfitting and reconstructions' (4, Figure 11a)",
            measured=f"validation loss {plus_minus(rise)} nats above its lowest, "
            f"{plus_minus(over_seeds(of_vae[-1]))} above training",
            readings=[
                Reading(
                    "its validation loss rises again",
                    rule="Averaged over tenths of the epochs, its validation loss ends at least "
                    f"{RISEN:g} nat above its lowest.",
                    numbers={"rise": Number(rise, "nats", at_least=RISEN)},
                    unmet=unmet_requirements(DATASET, runs, (VAE,)),
                ),
                Reading(
                    "its losses move apart",
                    rule="Its validation loss is above its training loss, and over the last tenth "
                    f"of the epochs by at least {RISEN:g} nat more than over the sixth tenth.",
                    numbers={
                        "apart": Number(over_seeds(of_vae[-1]), "nats", above=0.0),
                        "widening": Number(widening, "nats", at_least=RISEN),
                    },
                    unmet=unmet_requirements(DATASET, runs, (VAE,)),
                ),
                Reading(
                    "its losses are farther apart than the other models'",
                    rule="Over the last tenth of the epochs that all three have, its validation "
                    "loss is above its training loss by more than either other model's is.",
                    numbers={"gap_above_the_others": Number(wider, "nats", above=0.0)},
                    unmet=unmet_requirements(DATASET, runs, (VAE, VAMPPRIOR, HVAE)),
                ),
            ],
        )
    ]


def record(measured: JsonObject, options: Options) -> JsonObject:
    """The curves, and how far training and validation ended apart."""
    losses = measured["losses"]
    return {
        "negative_bound": {
            model: {name: np.round(trials, 4).tolist() for name, trials in by_split.items()}
            for model, by_split in losses.items()
        },
        "validation_less_train_at_the_end": {
            model: (by_split["validation"] - by_split["train"])[:, -1].tolist()
            for model, by_split in losses.items()
        },
    }


FIGURE = report_figure(
    script=__file__,
    name="fig_11",
    title="Figure 11: losses on Fashion-MNIST",
    models=(VAE, VAMPPRIOR, HVAE),
    with_prior=(VAMPPRIOR,),
    add_options=add_prior_options,
    measure=measure,
    draw=draw,
    caption=lambda measured, options: (
        "the scale is that of what follows the first two epochs; dotted: warm-up ends; the "
        "validation images are the test set's"
        + ("; means over trials" if options.trials > 1 else "")
    ),
    judge=judge,
    record=record,
    datasets=datasets.NAMES,
    presets={
        name: dataclasses.replace(preset, dataset=DATASET) if preset.dataset == ALL else preset
        for name, preset in PRESETS.items()
    },
    protocol={**PROTOCOL, "dataset": DATASET},
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

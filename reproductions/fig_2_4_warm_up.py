"""Figure 2.4: bounds per epoch with and without warm-up.

"Latent Space Activity and Visualization", Section 2.6. Measured: the bound at beta = 1 after every
epoch, on training and on test data, and what warm-up maximises, which is the training bound with
the KL weighted by beta. Drawn: all three. Recorded: the curves, and each trial's end.
"""

import sys

import numpy as np
from matplotlib.figure import Figure as Picture

from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.claims import (
    Claim,
    JsonObject,
    Number,
    Reading,
    in_digits,
    over_seeds,
    unmet_requirements,
)
from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.measures.convergence import (
    FINAL,
    LASTING,
    epochs_to_stay,
    final_rates,
    final_values,
)
from keras_vae.experiments.reports import activity as protocol
from keras_vae.experiments.reports.activity.bounds import (
    ENDS,
    NEAR,
    READINGS,
    SPLITS,
    BoundFigure,
    Bounds,
    draw_bounds,
    epochs_to_common_level,
    final_numbers,
    gains,
    in_words,
    own_ends_move,
)
from keras_vae.experiments.runs.spec import Specs

SAME_RATE = 1.25
SAME_BOUND = 0.5
# Left, bottom, width and height, in shares of the panel.
INSET = (0.52, 0.56, 0.46, 0.36)
MAXIMISED = "IW+WU, as maximised"
FOR_GOOD = "to a common level for good, as maximised"


def runs(options: Options, seed: int) -> Specs:
    """Importance weighting, without and with warm-up."""
    return protocol.method_specs(options.dataset, seed, ("IW", "IW+WU"))


def draw(bounds: Bounds, options: Options) -> Picture:
    """Draws the bounds at beta = 1, and with them what warm-up maximises while beta rises."""
    figure = draw_bounds(bounds, options)
    objective = bounds["IW+WU"].objective
    epochs = np.arange(1, objective.shape[1] + 1)
    axes = figure.axes
    plots.line_with_band(axes[0], epochs, objective, MAXIMISED, protocol.STYLES[MAXIMISED])
    handles, labels = axes[0].get_legend_handles_labels()
    axes[1].legend(handles, labels, loc="upper left", bbox_to_anchor=(1, 1))
    shown = [objective, *(method.by_split[split] for method in bounds.values() for split in SPLITS)]
    plots.zoom_on_ends(axes[0], shown)
    figure.set_figheight(4.4)
    for axis, split in zip(axes, SPLITS, strict=False):
        inset = axis.inset_axes(INSET)
        for name, method in bounds.items():
            values = method.by_split[split]
            plots.line_with_band(inset, epochs, values, name, protocol.STYLES[name])
        ends = [method.by_split[split][:, -len(epochs) // 3 :] for method in bounds.values()]
        inset.set_xlim(len(epochs) * 2 / 3, len(epochs))
        inset.set_ylim(min(map(np.min, ends)) - 0.2, max(map(np.max, ends)) + 0.2)
        inset.tick_params(labelsize=7)
        inset.set_title("last third", fontsize=8)
    return figure


def caption(bounds: Bounds, options: Options) -> str:
    """What the lines are."""
    return "bounds at beta = 1; 'as maximised': the KL weighted by beta" + plots.band_caption(
        options.trials
    )


def epochs_by_reading(bounds: Bounds) -> dict[str, dict[str, list[int | None]]]:
    """Epochs until each trial is near its end or a common level, by reading and method."""
    found = {
        f"to its own end, {READINGS[split]}": {
            name: method.epochs_to_own_end(split) for name, method in bounds.items()
        }
        for split in SPLITS
    }
    found |= {
        f"to a common level, {READINGS[split]}": epochs_to_common_level(bounds, split)
        for split in SPLITS
    }
    objective = {name: method.objective for name, method in bounds.items()}
    lower = np.min([final_values(values) for values in objective.values()], axis=0) - NEAR
    return found | {
        FOR_GOOD: {name: epochs_to_stay(values, lower) for name, values in objective.items()}
    }


def ratio(epochs: dict[str, list[int | None]]) -> JsonObject:
    """How many times as many epochs warm-up takes, over seeds."""
    pairs = zip(epochs["IW+WU"], epochs["IW"], strict=True)
    return over_seeds([None if a is None or b is None else a / b for a, b in pairs])


def judge(bounds: Bounds, options: Options) -> list[Claim]:
    """Judges how fast the bounds rise, and where they end."""
    by_reading = epochs_by_reading(bounds)
    ratios = {name: ratio(epochs) for name, epochs in by_reading.items()}
    levels = {
        name: "its own final bound" if "own" in name else "the lower of the two final bounds"
        for name in by_reading
    }
    until = {
        name: f"each first comes within {NEAR:g} nat of {level}" for name, level in levels.items()
    }
    # Before beta rises, what warm-up maximises is above its end.
    until[FOR_GOOD] = (
        f"what each maximises stays no more than {NEAR:g} nat below {levels[FOR_GOOD]}"
    )
    higher = gains(bounds, "IW", "IW+WU", READINGS)
    needs = unmet_requirements(options, min_epochs=protocol.AFTER_WARM_UP_EPOCHS, min_trials=2)
    moving = own_ends_move(bounds, options)
    same = {
        reading: Number(gain, "nats", at_least=-SAME_BOUND, at_most=SAME_BOUND)
        for reading, gain in higher.items()
    }
    return [
        Claim(
            id="activity.2.4.1",
            statement="Warm-up learns at the same rate.",
            reported="'learn at the same rate' (Section 2.6, Figure 2.4)",
            measured="times as many epochs (training, test): to its own end {}, {}; to a common "
            "level {}, {}".format(*map(in_digits, ratios.values())),
            readings=[
                Reading(
                    name,
                    rule=f"The numbers of epochs until {until[name]} differ by at most a "
                    f"factor of {SAME_RATE:g}, on average over seeds. {FINAL}",
                    numbers={
                        "IW+WU / IW": Number(
                            ratios[name], "1", at_least=1 / SAME_RATE, at_most=SAME_RATE
                        ),
                        "epochs, each trial": Number(epochs, "epochs"),
                    },
                    unmet=needs + moving.get(name, ()),
                )
                for name, epochs in by_reading.items()
            ],
        ),
        Claim(
            id="activity.2.4.2",
            statement="Warm-up converges to the same bound.",
            reported="'converge to the same lower bound' (Section 2.6, Figure 2.4)",
            measured=f"IW+WU minus IW: {in_words(higher)}",
            readings=[
                Reading(
                    READINGS[reading],
                    rule=f"They differ by at most {SAME_BOUND:g} nats. {ENDS[reading]}"
                    + (f" {LASTING}" if reading in SPLITS else ""),
                    numbers={"IW+WU - IW": number, **final_numbers(bounds, reading)},
                    unmet=needs + (may_turn(bounds, reading, number) if reading in SPLITS else ()),
                )
                for reading, number in same.items()
            ],
        ),
    ]


def may_turn(bounds: Bounds, split: str, difference: Number) -> tuple[str, ...]:
    """Why the bounds may come to differ, or not to, if training goes on."""
    rates = {name: final_rates(method.by_split[split]) for name, method in bounds.items()}
    epochs = bounds["IW"].by_split[split].shape[1]
    return difference.may_turn(rates["IW+WU"] - rates["IW"], epochs)


FIGURE = BoundFigure(
    script=__file__,
    name="fig_2_4",
    title="Figure 2.4: effect of warm-up over 100 epochs (n_z = 50)",
    presets=protocol.PRESETS,
    runs=runs,
    draw=draw,
    caption=caption,
    judge=judge,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

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
    LASTING,
    epochs_to_level,
    final_rates,
    final_values,
)
from keras_vae.experiments.reports import activity as protocol
from keras_vae.experiments.reports.activity.bounds import (
    NEAR,
    PAIRED,
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
MAXIMISED = "IW+WU, as maximised"


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
    # Both from below: while beta is small, what is maximised lies above where it will end.
    found["of what training maximises"] = {
        name: epochs_to_stay_near(method.objective) for name, method in bounds.items()
    }
    return found


def epochs_to_stay_near(values: np.ndarray) -> list[int | None]:
    """Epochs after which each trial's values stay within `NEAR` of their end, above or below."""
    ends = final_values(values)
    away = np.abs(values - ends[:, None]) > NEAR
    near = np.flip(np.logical_and.accumulate(np.flip(~away, axis=1), axis=1), axis=1)
    return epochs_to_level(near, np.ones(len(near)))


def ratio(epochs: dict[str, list[int | None]]) -> JsonObject:
    """How many times as many epochs warm-up takes, over seeds."""
    pairs = zip(epochs["IW+WU"], epochs["IW"], strict=True)
    return over_seeds([None if a is None or b is None else a / b for a, b in pairs])


def judge(bounds: Bounds, options: Options) -> list[Claim]:
    """Judges how fast the bounds rise, and where they end."""
    by_reading = epochs_by_reading(bounds)
    ratios = {name: ratio(epochs) for name, epochs in by_reading.items()}
    higher = gains(bounds, "IW", "IW+WU")
    needs = unmet_requirements(options, min_epochs=protocol.AFTER_WARM_UP_EPOCHS, min_trials=2)
    moving = own_ends_move(bounds, options)
    same = {
        split: Number(gain, "nats", at_least=-SAME_BOUND, at_most=SAME_BOUND)
        for split, gain in higher.items()
    }
    return [
        Claim(
            id="activity.2.4.1",
            statement="Warm-up learns at the same rate.",
            reported="'learn at the same rate' (Section 2.6, Figure 2.4)",
            measured="times as many epochs (training, test): to its own end {}, {}; to a common "
            "level {}, {}".format(*map(in_digits, list(ratios.values())[:4])),
            readings=[
                Reading(
                    name,
                    rule=f"The epochs that each needs to come within {NEAR:g} nat of its own "
                    "final bound, or of the lower of the two final bounds for a common level "
                    "(what training maximises has to stay there), differ by at most a factor of "
                    f"{SAME_RATE:g}. {PAIRED}",
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
            measured=f"IW+WU less IW: {in_words(higher)}",
            readings=[
                Reading(
                    READINGS[split],
                    rule=f"The final bounds differ by at most {SAME_BOUND:g} nats. {PAIRED} "
                    f"{LASTING}",
                    numbers={"IW+WU - IW": number, **final_numbers(bounds, split)},
                    unmet=needs
                    + number.may_turn(
                        final_rates(bounds["IW+WU"].by_split[split])
                        - final_rates(bounds["IW"].by_split[split]),
                        options.epochs,
                    ),
                )
                for split, number in same.items()
            ],
        ),
    ]


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

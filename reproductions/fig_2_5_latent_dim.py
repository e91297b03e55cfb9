"""Figure 2.5: bounds per epoch by the number of latent dimensions.

"Latent Space Activity and Visualization", Section 2.7. Measured: the bound after every epoch, on
training and on test data. Drawn: both, a panel each, and once more enlarged for 10 dimensions and
more. Recorded: the curves, and each trial's end and last change.
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
    plus_minus,
    unmet_requirements,
)
from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.measures.convergence import LASTING, final_rates
from keras_vae.experiments.reports import activity as protocol
from keras_vae.experiments.reports.activity.bounds import (
    NEAR,
    PAIRED,
    READINGS,
    SEEDS,
    SPLITS,
    BoundFigure,
    Bounds,
    draw_bounds,
    epochs_to_common_level,
    final_numbers,
    own_ends_move,
)
from keras_vae.experiments.runs.spec import Specs

CLEAR = 1.0
FASTER, AT_FIRST = 1, 5
# Where the enlargement lies in a panel, the nats that make room for it under the lowest end, and
# how far under the lowest end of its own curves it begins.
INSET, ROOM, INSET_BELOW = (0.33, 0.1, 0.64, 0.36), 85.0, 3.0


def runs(options: Options, seed: int) -> Specs:
    """Importance weighting with 2, 5, 10, 20, 50 and 100 latent dimensions."""
    return protocol.latent_dim_specs(options.dataset, seed)


def large(bounds: Bounds) -> Bounds:
    """Those of 10 and more dimensions."""
    return {name: method for name, method in bounds.items() if int(name) >= 10}


def draw(bounds: Bounds, options: Options) -> Picture:
    """Draws all sizes, and 10 and more enlarged in a corner below the curves."""
    figure = draw_bounds(bounds, options, legend_title="n_z")
    lowest = min(np.min(of.by_split[split][:, -1]) for of in bounds.values() for split in SPLITS)
    figure.set_figheight(4.4)
    figure.axes[0].set_ylim(bottom=lowest - ROOM)
    for axis, split in zip(figure.axes, SPLITS, strict=True):
        curves = {name: method.by_split[split] for name, method in large(bounds).items()}
        inset = axis.inset_axes(INSET)
        for name, values in curves.items():
            epochs = np.arange(1, values.shape[1] + 1)
            plots.line_with_band(inset, epochs, values, name, protocol.STYLES[name])
        plots.zoom_on_ends(inset, list(curves.values()), below=INSET_BELOW, above=1.0)
        inset.tick_params(labelsize=7)
        inset.set_title("n_z of 10 and more", fontsize=8)
    return figure


def judge(bounds: Bounds, options: Options) -> list[Claim]:
    """Judges where the bounds with few and with many dimensions end, and how fast they rise."""
    return [
        judge_small(bounds, options),
        judge_same(large(bounds), options),
        judge_faster(large(bounds), options),
    ]


def judge_small(bounds: Bounds, options: Options) -> Claim:
    """2 and 5 dimensions against the worst of the others."""
    small = [method for name, method in bounds.items() if int(name) < 10]
    gaps = {
        split: over_seeds(
            np.min([method.ends(split) for method in large(bounds).values()], axis=0)
            - np.max([method.ends(split) for method in small], axis=0)
        )
        for split in SPLITS
    }
    return Claim(
        id="activity.2.5.1",
        statement="Models with 2 or 5 latent dimensions are worse.",
        reported="'not trained as successfully' (Section 2.7, Figure 2.5)",
        measured="under every model of 10 or more by "
        + ", ".join(f"{plus_minus(gap, 1)} nats ({split})" for split, gap in gaps.items()),
        readings=[
            Reading(
                READINGS[split],
                rule="The higher of their final bounds lies under the lowest of those with 10 or "
                f"more dimensions by at least {CLEAR:g} nat. {PAIRED}",
                numbers={
                    "lowest of 10 or more - highest of 2 and 5": Number(
                        gap, "nats", at_least=CLEAR
                    ),
                    **final_numbers(bounds, split),
                },
                unmet=unmet_requirements(
                    options, min_epochs=protocol.CONTRAST_EPOCHS, min_trials=2
                ),
            )
            for split, gap in gaps.items()
        ],
    )


def judge_same(bounds: Bounds, options: Options) -> Claim:
    """10 and more dimensions against each other."""
    spans, changes = {}, {}
    for split in SPLITS:
        ends = np.ptp([method.ends(split) for method in bounds.values()], axis=0)
        spans[split] = Number(over_seeds(ends), "nats", at_most=CLEAR)
        rates = [final_rates(method.by_split[split]) for method in bounds.values()]
        later = [method.ends(split) for method in bounds.values()] + options.epochs * np.array(
            rates
        )
        changes[split] = (np.ptp(later, axis=0) - ends) / options.epochs
    needs = unmet_requirements(options, min_epochs=protocol.CONVERGED_EPOCHS, min_trials=2)
    return Claim(
        id="activity.2.5.2",
        statement="All models with 10 or more latent dimensions converge to the same bound.",
        reported="'converged to the same log-likelihood bound' (Section 2.7, Figure 2.5)",
        measured="they span "
        + ", ".join(f"{plus_minus(span.value, 1)} nats ({split})" for split, span in spans.items()),
        readings=[
            Reading(
                READINGS[split],
                rule=f"Their final bounds span at most {CLEAR:g} nat. {PAIRED} {LASTING}",
                numbers={"highest - lowest": span, **final_numbers(bounds, split)},
                unmet=needs + span.may_turn(changes[split], options.epochs),
            )
            for split, span in spans.items()
        ],
    )


def judge_faster(bounds: Bounds, options: Options) -> Claim:
    """How many epochs sooner 10 dimensions are near an end than more."""
    by_reading = {
        f"to its own end, {READINGS[split]}": {
            name: method.epochs_to_own_end(split) for name, method in bounds.items()
        }
        for split in SPLITS
    } | {
        f"to a common level, {READINGS[split]}": epochs_to_common_level(bounds, split)
        for split in SPLITS
    }
    needs = unmet_requirements(options, min_epochs=protocol.CONVERGED_EPOCHS, min_trials=2)
    moving = own_ends_move(bounds, options)
    early = {split: leads(bounds, split) for split in SPLITS}
    own = {
        split: [
            in_digits(over_seeds(epochs), 0)
            for epochs in by_reading[f"to its own end, {READINGS[split]}"].values()
        ]
        for split in SPLITS
    }
    return Claim(
        id="activity.2.5.3",
        statement="The model with 10 latent dimensions converges slightly faster.",
        reported="'converged slightly faster' (Section 2.7, Figure 2.5)",
        measured=f"epochs to its own end, n_z {', '.join(bounds)}: "
        + "; ".join(f"{split} {', '.join(epochs)}" for split, epochs in own.items()),
        readings=[
            Reading(
                name,
                rule=f"It comes within {NEAR:g} nat of its own final bound, or of the lowest of "
                "these models' for a common level (a hard test for the model that ends lowest), "
                f"before each larger model does, by at least an epoch. {PAIRED}",
                numbers={
                    "epochs sooner than n_z": Number(
                        {size: sooner(epochs, size) for size in epochs if size != "10"},
                        "epochs",
                        at_least=FASTER,
                    ),
                    "epochs, each trial": Number(epochs, "epochs"),
                },
                unmet=needs + moving.get(name, ()),
            )
            for name, epochs in by_reading.items()
        ]
        + [
            Reading(
                f"at first, {READINGS[split]}",
                rule=f"Over the first {AT_FIRST} epochs its bound is on average higher than each "
                f"larger model's. {SEEDS}",
                numbers={"higher than n_z": Number(lead, "nats", above=0)},
                unmet=needs,
            )
            for split, lead in early.items()
        ],
    )


def sooner(epochs: dict[str, list[int | None]], size: str) -> JsonObject:
    """Epochs that 10 dimensions need fewer than another number of them, over seeds."""
    pairs = zip(epochs[size], epochs["10"], strict=True)
    return over_seeds([None if a is None or b is None else a - b for a, b in pairs])


def leads(bounds: Bounds, split: str) -> dict[str, JsonObject]:
    """How much higher the bound of 10 dimensions is than others' in the first epochs."""
    first = {name: of.by_split[split][:, :AT_FIRST].mean(axis=1) for name, of in bounds.items()}
    return {name: over_seeds(first["10"] - of) for name, of in first.items() if name != "10"}


FIGURE = BoundFigure(
    script=__file__,
    name="fig_2_5",
    title="Figure 2.5: number of latent dimensions (IW)",
    runs=runs,
    draw=draw,
    judge=judge,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

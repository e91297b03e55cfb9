"""Figure 3.1: active latent dimensions per epoch, by training method.

"Latent Space Activity and Visualization", Section 3. Runs: the four methods, n_z = 50. Measured:
the activity of every dimension over the test images, after every epoch, and every 20 steps within
the first epoch, since a dimension that is inactive after it may have been pruned or may not have
risen yet.
Drawn: the counts at the threshold 0.1, a panel for each comparison, and below it the first epoch,
also at the threshold 0.01. Recorded: the counts at both thresholds, and how many dimensions were
pruned within the first epoch or had not risen by its end.
"""

import dataclasses
import itertools
import sys
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure as Picture

from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.claims import (
    Claim,
    JsonObject,
    Number,
    Reading,
    in_digits,
    in_json,
    over_seeds,
    plus_minus,
    unmet_requirements,
)
from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.figures.method_runs import Methods
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.measures import first_epoch
from keras_vae.experiments.measures.convergence import FINAL, LASTING, final_rates, final_values
from keras_vae.experiments.measures.pruning import (
    chances,
    epochs_to_half_pruned,
    largest_drop,
    returned_share,
    time_to_half_pruned,
)
from keras_vae.experiments.reports import activity as protocol
from keras_vae.experiments.reports.activity import THRESHOLD, THRESHOLDS
from keras_vae.experiments.runs.spec import Specs

PANELS = {"a": ("VAE", "IW"), "b": ("IW", "IW+BN"), "c": ("IW", "IW+WU")}
EARLY, LAST = 30, protocol.WARM_UP_EPOCHS
QUARTERS = (LAST // 4, LAST // 2, 3 * LAST // 4, LAST)
CLEAR_DIFFERENCE, UNLIKELY = 0.5, 0.5
DIMS = "dimensions"
# What of the first epoch counts as early pruning.
EARLY_READINGS = {
    "all count as active before the first epoch": "What is inactive after the first epoch counts "
    "as pruned in it.",
    "from the end of the first epoch on": "What happened within the first epoch does not count.",
    "of dimensions that had risen": "In the first epoch a dimension counts that was active at one "
    f"of every {first_epoch.STEPS_BETWEEN} steps and is not after the last.",
}
# The faster and the slower method, the claim, its source, what the slower one's fall has to be,
# and the same as the most that it minus a multiple of the faster one's may be.
SLOWER = {
    "3.1a.2": (
        *("VAE", "IW", "IW smooths early pruning."),
        *("'to smooth the early pruning' (Section 3.2)", "smaller than VAE's by at least 1", 1, -1),
    ),
    "3.1b.1": (
        *("IW", "IW+BN", "Batch normalisation slows early pruning."),
        "'reduced the rate of early pruning' (Section 3.2)",
        *("smaller than IW's by at least 1", 1, -1),
    ),
    "3.1c.1": (
        *("IW", "IW+WU", "Warm-up removes the initial drop."),
        *("'removing the drastic initial drop' (Section 3.2)", "at most half of IW's", 0.5, 0),
    ),
}
# The first and the second method, the claim, its source, and what the second one's count has to be.
ENDS: dict[str, tuple[str, str, str, str, str, dict[str, float]]] = {
    "3.1a.3": (
        *("VAE", "IW", "IW ends with fewer active dimensions than the VAE."),
        "'convergence to fewer latent dimensions than the vanilla VAE' (Section 3.2)",
        *(f"is lower by at least {CLEAR_DIFFERENCE:g}", {"at_most": -CLEAR_DIFFERENCE}),
    ),
    "3.1b.2": (
        *("IW", "IW+BN", "Batch normalisation ends with more active dimensions."),
        "'a greater number of active latent dimensions' (Section 3.2)",
        *(f"is higher by at least {CLEAR_DIFFERENCE:g}", {"at_least": CLEAR_DIFFERENCE}),
    ),
    "3.1c.3": (
        *("IW", "IW+WU", "Warm-up ends with the same count as IW."),
        "'did not differ with warm-up' (Section 3.2)",
        *("differs by at most 1", {"at_least": -1.0, "at_most": 1.0}),
    ),
}
ABOUT_TEN = {"of VAE and IW": ("VAE", "IW"), "of all four methods": protocol.METHODS}


def runs(options: Options, seed: int) -> Specs:
    """The four methods."""
    return protocol.method_specs(options.dataset, seed)


@dataclasses.dataclass(frozen=True)
class MethodActivity:
    """What is measured of one method's trials.

    Attributes:
        activity: Array of shape (trials, epochs, latent_dim).
        first_epoch: `FirstEpoch` of the same trials.
    """

    activity: np.ndarray
    first_epoch: first_epoch.FirstEpoch

    @property
    def counts(self) -> np.ndarray:
        """Active dimensions, integers of shape (trials, epochs)."""
        return protocol.active_counts(self.activity)

    def early_falls(self) -> dict[str, np.ndarray]:
        """Largest fall of each trial's count in an early epoch, by reading."""
        dims = self.activity.shape[-1]
        fall = largest_drop(self.counts, EARLY)
        falls = (
            largest_drop(self.counts, EARLY, start=dims),
            fall,
            np.maximum(fall, self.first_epoch.pruned(THRESHOLD)),
        )
        return dict(zip(EARLY_READINGS, falls, strict=True))

    def half_times(self) -> np.ndarray:
        """`time_to_half_pruned` of each trial."""
        return time_to_half_pruned(self.counts, start=self.activity.shape[-1])


Measured = dict[str, MethodActivity]


def measure(methods: Methods, options: Options) -> Measured:
    """`MethodActivity` by method."""
    return {
        name: MethodActivity(method.activity, first_epoch.measure(method))
        for name, method in methods.items()
    }


def draw(measured: Measured, options: Options) -> Picture:
    """Draws the three panels of epochs, and under each the first one, dots at 0.01."""
    figure, (upper, lower) = plots.grid(2, len(PANELS), width=4.0, sharey=True)
    for axis, within, (letter, names) in zip(upper, lower, PANELS.items(), strict=True):
        protocol.draw_counts(axis, {name: measured[name].counts for name in names})
        axis.set_title(f"({letter}) {names[0]} and {names[1]}")
        # Most is pruned in the first ten of three hundred epochs.
        axis.set_xscale("log")
        plots.plain_ticks(axis, (1, 3, 10, 30, 100, 300))
        for name in names:
            style, first = protocol.STYLES[name], measured[name].first_epoch
            plots.line_with_trials(within, first.steps, first.counts(THRESHOLD), name, style)
            low, color = first.counts(min(THRESHOLDS)).mean(axis=0), plots.COLORS[style]
            within.plot(first.steps, low, ".", color=color, markersize=4, label=f"{name}, > 0.01")
        axis.legend()
        within.set_xlabel("Step of the first epoch")
    protocol.label_counts(upper[0])
    lower[0].set_ylabel("Active latent dimensions\n(> 0.1 lines, > 0.01 dots)")
    return figure


def caption(measured: Measured, options: Options) -> str:
    """What the lines are."""
    return f"activity over the test images{plots.trials_caption(options.trials)}"


def record(measured: Measured, options: Options) -> JsonObject:
    """Active dimensions of every trial and epoch, and of the first epoch's steps, by method."""
    return {
        **protocol.record_counts({name: of.activity for name, of in measured.items()}, options),
        "first_epoch": {
            name: of.first_epoch.to_dict(THRESHOLDS, stored=of.activity[:, 0])
            for name, of in measured.items()
        },
    }


def judge(measured: Measured, options: Options, about: str = "mnist") -> list[Claim]:
    """Judges the report's claims, in its order, about one data set."""

    def unmet(min_epochs: int) -> tuple[str, ...]:
        return unmet_requirements(options, min_epochs=min_epochs, min_trials=2, about=about)

    converged = protocol.CONVERGED_EPOCHS
    return [
        judge_quick_pruning(measured["VAE"], unmet(converged)),
        judge_slower(measured, "3.1a.2", unmet(EARLY)),
        judge_ends(measured, "3.1a.3", unmet(converged)),
        judge_about_ten(measured, unmet(converged)),
        judge_slower(measured, "3.1b.1", unmet(EARLY)),
        judge_ends(measured, "3.1b.2", unmet(converged)),
        judge_slower(measured, "3.1c.1", unmet(EARLY)),
        judge_smooth(measured["IW+WU"], unmet(LAST)),
        judge_ends(measured, "3.1c.3", unmet(protocol.AFTER_WARM_UP_EPOCHS)),
    ]


def judge_quick_pruning(vae: MethodActivity, unmet: tuple[str, ...]) -> Claim:
    """Panel (a): how fast the VAE prunes, and whether it is for good."""
    half = Number(over_seeds(epochs_to_half_pruned(vae.counts)), "epochs", at_most=EARLY)
    share = over_seeds(returned_share(vae.activity, THRESHOLD))
    returned = "none" if share["mean"] is None else f"{share['mean']:.0%}"
    pruned, back = chances(vae.activity, THRESHOLD, EARLY)
    return Claim(
        id="activity.3.1a.1",
        statement="The VAE prunes quickly, and pruned dimensions are not likely to come back.",
        reported="'tends to quickly prune'; 'not likely to reactivate' (Section 3.2)",
        measured=f"half pruned {plus_minus(half.value)} epochs after the start; {returned} of the "
        "pruned dimensions return",
        readings=[
            Reading(
                "at most half return",
                rule="Half of the pruning, from a trial's highest count down to its last, is done "
                f"within {EARLY} epochs of the start, and at most half of the pruned dimensions "
                "are active again after any later epoch; on average over seeds. Pruned is what was "
                "active after an earlier epoch and is not now.",
                numbers={
                    "epochs to half pruned": half,
                    "share that returns": Number(share, "1", at_most=UNLIKELY),
                },
                unmet=unmet,
            ),
            Reading(
                "less likely to return than to be pruned",
                rule=f"Half of the pruning is done within {EARLY} epochs of the start, and in "
                "these epochs a pruned dimension is less likely to be active an epoch later than "
                "an active one is to be inactive, on average over seeds.",
                numbers={
                    "epochs to half pruned": half,
                    "chance to be pruned - to return": Number(
                        over_seeds(pruned - back), "1", above=0
                    ),
                    "chance an epoch": Number(
                        {"to be pruned": over_seeds(pruned), "to return": over_seeds(back)}, "1"
                    ),
                },
                unmet=unmet,
            ),
        ],
    )


def judge_slower(measured: Measured, figure: str, unmet: tuple[str, ...]) -> Claim:
    """All panels: whether one method's early falls are smaller than another's."""
    fast, slow, statement, reported, rule, factor, limit = SLOWER[figure]
    names = (fast, slow)
    falls_of = {name: measured[name].early_falls() for name in names}
    falls = {each: {name: falls_of[name][each] for name in names} for each in EARLY_READINGS}
    less = {reading: over_seeds(of[slow] - factor * of[fast]) for reading, of in falls.items()}
    first, second, _ = falls.values()
    in_words = "; ".join(
        f"{name} {first[name].mean():.3g}, {second[name].mean():.3g}, "
        f"{measured[name].half_times().mean():.2g}"
        for name in names
    )
    beside = first_epoch.numbers({name: measured[name].first_epoch for name in names}, THRESHOLDS)
    readings = [
        Reading(
            reading,
            rule=f"In the first {EARLY} epochs the largest fall of {slow}'s count in an epoch is "
            f"{rule}, on average over seeds. {counted}",
            numbers={
                difference_name(slow, factor, fast): Number(less[reading], DIMS, at_most=limit),
                "fall in an epoch, each trial": Number(
                    {name: values.tolist() for name, values in falls[reading].items()}, DIMS
                ),
                **beside,
            },
            unmet=unmet,
        )
        for reading, counted in EARLY_READINGS.items()
    ]
    return Claim(
        id=f"activity.{figure}",
        statement=statement,
        reported=reported,
        measured=f"largest fall, that after epoch 1, epochs to half: {in_words}",
        readings=[
            *readings,
            judge_half_times(measured, figure, unmet),
            judge_early_rate(measured, figure, unmet),
        ],
    )


def difference_name(slow: str, factor: float, fast: str) -> str:
    """What a number is called that is one method's less a multiple of another's."""
    return f"{slow} - {fast if factor == 1 else f'{factor:g} x {fast}'}"


def judge_half_times(measured: Measured, figure: str, unmet: tuple[str, ...]) -> Reading:
    """Whether one method takes longer until half of what it prunes in all is pruned."""
    fast, slow, _, _, _, factor, _ = SLOWER[figure]
    half_times = {name: measured[name].half_times() for name in (fast, slow)}
    longer = over_seeds(half_times[slow] - half_times[fast] / factor)
    times = "longer than" if factor == 1 else f"more than {1 / factor:g} times as long as"
    return Reading(
        "by the time to half of all pruning",
        rule=f"{slow} takes {times} {fast} until half of what is pruned in all is pruned, on "
        "average over seeds; all dimensions count as active at the start, and between two epochs "
        "a count is a straight line.",
        numbers={
            difference_name(slow, 1 / factor, fast): Number(longer, "epochs", above=0),
            "epochs, each trial": Number(
                {name: in_json(values) for name, values in half_times.items()}, "epochs"
            ),
        },
        unmet=unmet,
    )


def judge_early_rate(measured: Measured, figure: str, unmet: tuple[str, ...]) -> Reading:
    """Whether one method prunes fewer dimensions an epoch, over all early epochs together."""
    fast, slow, _, _, rule, factor, limit = SLOWER[figure]
    lost = {
        name: measured[name].activity.shape[-1] - protocol.count_after(measured[name].counts, EARLY)
        for name in (fast, slow)
    }
    return Reading(
        f"by how many are pruned in {EARLY} epochs",
        rule=f"Counted from all dimensions, the fall of {slow}'s count over the first {EARLY} "
        f"epochs is {rule}, on average over seeds.",
        numbers={
            difference_name(slow, factor, fast): Number(
                over_seeds(lost[slow] - factor * lost[fast]), DIMS, at_most=limit
            ),
            "fall, each trial": Number({name: in_json(of) for name, of in lost.items()}, DIMS),
        },
        unmet=unmet,
    )


def final_counts(measured: Measured, names: Sequence[str]) -> tuple[dict[str, JsonObject], str]:
    """Final counts of methods over seeds, and the same in a line."""
    ends = {name: over_seeds(final_values(measured[name].counts)) for name in names}
    return ends, ", ".join(f"{name} {plus_minus(end)}" for name, end in ends.items())


def judge_ends(measured: Measured, figure: str, unmet: tuple[str, ...]) -> Claim:
    """All panels: where both methods end."""
    first, second, statement, reported, rule, limits = ENDS[figure]
    counts = measured[second].counts, measured[first].counts
    difference = Number(over_seeds(np.subtract(*map(final_values, counts))), DIMS, **limits)
    rates = np.subtract(*map(final_rates, counts))
    ends, in_words = final_counts(measured, (first, second))
    return Claim(
        id=f"activity.{figure}",
        statement=statement,
        reported=reported,
        measured=f"active dimensions: {in_words}",
        readings=[
            Reading(
                rule=f"{second}'s final count {rule}, on average over seeds. {FINAL} {LASTING}",
                numbers={f"{second} - {first}": difference, "final count": Number(ends, DIMS)},
                unmet=unmet + difference.may_turn(rates, counts[0].shape[1]),
            )
        ],
    )


def judge_about_ten(measured: Measured, unmet: tuple[str, ...]) -> Claim:
    """All panels: how many remain."""
    ends, in_words = final_counts(measured, tuple(measured))
    rates = {name: final_rates(of.counts) for name, of in measured.items()}
    epochs = min(of.counts.shape[1] for of in measured.values())

    def reading(which: str, names: Sequence[str]) -> Reading:
        found = {name: ends[name] for name in names}
        number = Number(found, DIMS, at_least=8, at_most=12)
        return Reading(
            which,
            rule=f"The final counts lie in [8, 12], on average over seeds. {FINAL} {LASTING}",
            numbers={"final count": number},
            unmet=unmet + number.may_turn({name: rates[name] for name in names}, epochs),
        )

    return Claim(
        id="activity.3.1a.4",
        statement="About 10 active dimensions remain.",
        reported="'~ 10 active dimensions', 'with these methods' (Section 3.2)",
        measured=f"active dimensions: {in_words}",
        readings=[reading(*each) for each in ABOUT_TEN.items()],
    )


def judge_smooth(warm_up: MethodActivity, unmet: tuple[str, ...]) -> Claim:
    """Panel (c): how pruning goes on while beta rises."""
    drop = Number(over_seeds(largest_drop(warm_up.counts, LAST)), DIMS, at_most=5)
    start = np.full(len(warm_up.counts), float(warm_up.activity.shape[-1]))
    counts = [start, *(protocol.count_after(warm_up.counts, epoch) for epoch in QUARTERS)]
    falls = [over_seeds(before - after) for before, after in itertools.pairwise(counts)]
    parts = {f"to epoch {end}": of for end, of in zip(QUARTERS, falls, strict=True)}
    half = Number(over_seeds(counts[2] - counts[4]), DIMS, at_least=1)
    return Claim(
        id="activity.3.1c.2",
        statement="With warm-up, pruning goes on smoothly through epoch 100.",
        reported="'smoothly throughout the entire warm-up period of 100 epochs' (Section 3.2)",
        measured=f"fall in each quarter of warm-up: {', '.join(map(in_digits, falls))}; at most "
        f"{in_digits(drop.value)} in an epoch",
        readings=[
            Reading(
                "in every quarter of it",
                rule=f"In each quarter of the first {LAST} epochs, counted from all dimensions on, "
                "the count falls by at least 1, and it never falls by more than 5 in an epoch, on "
                "average over seeds.",
                numbers={
                    "fall in each quarter": Number(parts, DIMS, at_least=1),
                    "largest fall in an epoch": drop,
                },
                unmet=unmet,
            ),
            Reading(
                "up to its end",
                rule=f"From epoch {LAST // 2} to {LAST} the count falls by at least 1, and in the "
                f"first {LAST} epochs it never falls by more than 5 in one, on average over seeds.",
                numbers={"fall in its second half": half, "largest fall in an epoch": drop},
                unmet=unmet,
            ),
        ],
    )


FIGURE = protocol.ActivityFigure(
    script=__file__,
    name="fig_3_1",
    title="Figure 3.1: effect of methods on latent dimension activity (n_z = 50)",
    presets=protocol.PRESETS,
    runs=runs,
    measure=measure,
    draw=draw,
    caption=caption,
    judge=judge,
    record=record,
    make_callbacks=first_epoch.recorders,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

"""Figure 3.1: active latent dimensions per epoch, by training method.

"Latent Space Activity and Visualization", Section 3: mean over trials, n_z = 50,
threshold 0.1, in three panels that compare importance weighting with the plain VAE, with
batch normalisation and with warm-up.
"""

import sys
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure as Picture

from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.claims import (
    Claim,
    Number,
    Reading,
    unmet_requirements,
)
from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.measures.convergence import final_value, has_settled
from keras_vae.experiments.reports import activity as protocol
from keras_vae.experiments.reports.activity import (
    THRESHOLD,
    Activity,
    CountFigure,
    active_counts,
    draw_counts,
    label_counts,
)
from keras_vae.experiments.runs.spec import Specs

# From the least number of epochs, and the methods that must have settled, to what is unmet.
Unmet = Callable[..., tuple[str, ...]]
PANELS = {"a": ("VAE", "IW"), "b": ("IW", "IW+BN"), "c": ("IW", "IW+WU")}
EARLY = 30
CLEAR_DIFFERENCE = 0.5
FROM_ALL = "all dimensions count as active before the first epoch"


def runs(options: Options, seed: int) -> Specs:
    """The four methods."""
    return protocol.method_specs(options.dataset, seed)


def largest_drop(counts: npt.ArrayLike, epochs: int, start: float | None = None) -> float:
    """Largest fall of the mean count from one epoch to the next, in the first epochs.

    Arguments:
        counts: Array of shape (trials, all_epochs).
        epochs: Number of epochs, from the first on, to look at.
        start: Count before the first epoch; None leaves out what fell in that one.

    Returns:
        Number of dimensions; 0 if the count never falls.
    """
    mean = np.asarray(counts, dtype=float).mean(axis=0)[:epochs]
    if start is not None:
        mean = np.concatenate([[start], mean])
    return float(max(0.0, -np.diff(mean).min(initial=0.0)))


def epochs_to_half_pruned(counts: npt.ArrayLike) -> int:
    """Epochs until half of all pruning that ever happens has happened.

    Arguments:
        counts: Array of shape (trials, epochs).

    Returns:
        Number of epochs, counted from 1, on the mean over trials, from its highest count
        down to its last.
    """
    mean = np.asarray(counts, dtype=float).mean(axis=0)
    start = int(mean.argmax())
    half = (mean[start] + mean[-1]) / 2
    return start + int(np.argmax(mean[start:] <= half)) + 1


def returned_fraction(activity: npt.ArrayLike, threshold: float = THRESHOLD) -> float:
    """Share of pruned dimensions that became active again.

    A dimension is pruned once it was active after one epoch and inactive after a later
    one; it has returned if it is active after any epoch that follows.

    Arguments:
        activity: Array of shape (trials, epochs, latent_dim).
        threshold: Activity above which a dimension counts as active.

    Returns:
        Number in [0, 1] over all trials; 0 if nothing was pruned.
    """
    active = np.asarray(activity) > threshold
    was_active = np.maximum.accumulate(active, axis=1)
    pruned = np.maximum.accumulate(was_active & ~active, axis=1)
    returned = (pruned & active).any(axis=1)
    return float(returned.sum() / max(1, pruned[:, -1].sum()))


class MethodActivity:
    """Activity of one method's trials, and the numbers that claims are judged by.

    Arguments:
        activity: Array of shape (trials, epochs, latent_dim).
    """

    def __init__(self, activity: np.ndarray) -> None:
        self.counts = active_counts(activity)
        # Activities rise within the first hundreds of steps and may fall in the same epoch:
        # what is inactive after the first epoch counts as pruned in it.
        self.early_drop = largest_drop(self.counts, EARLY, start=activity.shape[-1])
        self.half_pruned = epochs_to_half_pruned(self.counts)
        self.returned = returned_fraction(activity)
        self.final = final_value(self.counts)
        self.settled = has_settled(self.counts, CLEAR_DIFFERENCE)

    def mean_count(self, epoch: int) -> float | None:
        """Mean count over trials after an epoch counted from 1; None if it never ran."""
        if epoch > self.counts.shape[1]:
            return None
        return float(self.counts[:, epoch - 1].mean())


def draw(activity: Activity, options: Options) -> Picture:
    """Draws the three panels."""
    counts = {name: active_counts(value) for name, value in activity.items()}
    figure, axes = plots.panels(len(PANELS), sharey=True)
    for axis, (letter, names) in zip(axes, PANELS.items(), strict=True):
        draw_counts(axis, {name: counts[name] for name in names}, protocol.METHOD_STYLES)
        axis.set_title(f"({letter}) {names[0]} and {names[1]}")
        axis.legend()
    label_counts(axes[0])
    return figure


def judge(activity: Activity, options: Options, about: str = "mnist") -> list[Claim]:
    """Judges the report's nine claims, in its order, about one data set."""
    methods = {name: MethodActivity(value) for name, value in activity.items()}

    def unmet(min_epochs: int, *settled: str) -> tuple[str, ...]:
        return unmet_requirements(
            options,
            min_epochs=min_epochs,
            min_trials=2,
            settled=all(methods[name].settled for name in settled),
            about=about,
        )

    return [
        *vae_claims(methods["VAE"], methods["IW"], unmet),
        *batch_norm_claims(methods["IW"], methods["IW+BN"], unmet),
        *warm_up_claims(methods["IW"], methods["IW+WU"], unmet),
    ]


def vae_claims(vae: MethodActivity, iw: MethodActivity, unmet: Unmet) -> list[Claim]:
    """Panel (a)."""
    return [
        Claim(
            id="activity.3.1a.1",
            statement="The VAE prunes quickly, and pruned dimensions do not come back.",
            reported="'tends to quickly prune'; 'not likely to reactivate' (Section 3.2)",
            measured=f"half pruned after {vae.half_pruned} epochs; {vae.returned:.0%} return",
            readings=[
                Reading(
                    rule=f"Half of the VAE's pruning is done within {EARLY} epochs, and at most "
                    "10% of its pruned dimensions are active again after any later epoch.",
                    numbers={
                        "epochs_to_half_pruned": Number(vae.half_pruned, "epochs"),
                        "returned_share": Number(vae.returned, "share"),
                    },
                    holds=vae.half_pruned <= EARLY and vae.returned <= 0.1,
                    unmet=unmet(protocol.CONVERGED_EPOCHS),
                )
            ],
        ),
        slower_pruning(
            "activity.3.1a.2", "IW smooths early pruning.", ("VAE", vae), ("IW", iw), unmet
        ),
        Claim(
            id="activity.3.1a.3",
            statement="IW ends with fewer active dimensions than the VAE.",
            reported="'convergence to fewer latent dimensions' (Section 3.2)",
            measured=f"IW {iw.final:.1f}, VAE {vae.final:.1f} dimensions",
            readings=[
                Reading(
                    rule=f"IW's final count is lower by at least {CLEAR_DIFFERENCE}.",
                    numbers=final_numbers(VAE=vae, IW=iw),
                    holds=iw.final <= vae.final - CLEAR_DIFFERENCE,
                    unmet=unmet(protocol.CONVERGED_EPOCHS, "VAE", "IW"),
                )
            ],
        ),
        Claim(
            id="activity.3.1a.4",
            statement="About 10 active dimensions remain.",
            reported="'~ 10 active dimensions' (Section 3.2)",
            measured=f"VAE {vae.final:.1f}, IW {iw.final:.1f} dimensions",
            readings=[
                Reading(
                    rule="The final counts of VAE and IW both lie in [8, 12].",
                    numbers=final_numbers(VAE=vae, IW=iw),
                    holds=all(8 <= method.final <= 12 for method in (vae, iw)),
                    unmet=unmet(protocol.CONVERGED_EPOCHS, "VAE", "IW"),
                )
            ],
        ),
    ]


def batch_norm_claims(iw: MethodActivity, batch_norm: MethodActivity, unmet: Unmet) -> list[Claim]:
    """Panel (b)."""
    return [
        slower_pruning(
            "activity.3.1b.1",
            "Batch normalisation slows early pruning.",
            ("IW", iw),
            ("IW+BN", batch_norm),
            unmet,
        ),
        Claim(
            id="activity.3.1b.2",
            statement="Batch normalisation ends with more active dimensions.",
            reported="'a greater number of active latent dimensions' (Section 3.2)",
            measured=f"IW+BN {batch_norm.final:.1f}, IW {iw.final:.1f} dimensions",
            readings=[
                Reading(
                    rule=f"IW+BN's final count is higher by at least {CLEAR_DIFFERENCE}.",
                    numbers=final_numbers(**{"IW": iw, "IW+BN": batch_norm}),
                    holds=batch_norm.final >= iw.final + CLEAR_DIFFERENCE,
                    unmet=unmet(protocol.CONVERGED_EPOCHS, "IW", "IW+BN"),
                )
            ],
        ),
    ]


def warm_up_claims(iw: MethodActivity, warm_up: MethodActivity, unmet: Unmet) -> list[Claim]:
    """Panel (c)."""
    last = protocol.CONVERGED_EPOCHS
    middle, end = warm_up.mean_count(last // 2), warm_up.mean_count(last)
    drop = largest_drop(warm_up.counts, last)
    smooth = None if end is None else drop <= 5 and middle - end >= 1
    return [
        Claim(
            id="activity.3.1c.1",
            statement="Warm-up removes the initial drop.",
            reported="'removing the drastic initial drop' (Section 3.2)",
            measured=f"largest fall {warm_up.early_drop:.1f} with warm-up, {iw.early_drop:.1f} "
            "without",
            readings=[
                Reading(
                    rule=f"In the first {EARLY} epochs IW+WU's largest fall of the mean count "
                    f"from one epoch to the next is at most half of IW's; {FROM_ALL}.",
                    numbers={
                        "largest_drop": Number(
                            {"IW": iw.early_drop, "IW+WU": warm_up.early_drop}, "dimensions"
                        )
                    },
                    holds=warm_up.early_drop <= 0.5 * iw.early_drop if iw.early_drop else None,
                    unmet=unmet(EARLY),
                )
            ],
        ),
        Claim(
            id="activity.3.1c.2",
            statement="With warm-up, pruning goes on smoothly through epoch 100.",
            reported="'continues smoothly throughout the entire warm-up period of 100 epochs' "
            "(Section 3.2)",
            measured=f"largest fall in an epoch: {drop:.1f} dimensions",
            readings=[
                Reading(
                    rule=f"From epoch {last // 2} to {last} the mean count falls by at least 1, "
                    f"and in the first {last} epochs it never falls by more than 5 in one.",
                    numbers={
                        f"count_at_{last // 2}": Number(middle, "dimensions"),
                        f"count_at_{last}": Number(end, "dimensions"),
                        "largest_drop": Number(drop, "dimensions"),
                    },
                    holds=smooth,
                    unmet=unmet(last),
                )
            ],
        ),
        Claim(
            id="activity.3.1c.3",
            statement="Warm-up ends with the same count as IW.",
            reported="'did not differ with warm-up' (Section 3.2)",
            measured=f"IW+WU {warm_up.final:.1f}, IW {iw.final:.1f} dimensions",
            readings=[
                Reading(
                    rule="The final counts differ by at most 1.",
                    numbers=final_numbers(**{"IW": iw, "IW+WU": warm_up}),
                    holds=abs(warm_up.final - iw.final) <= 1,
                    unmet=unmet(protocol.AFTER_WARM_UP_EPOCHS, "IW", "IW+WU"),
                )
            ],
        ),
    ]


def slower_pruning(
    claim_id: str,
    statement: str,
    faster: tuple[str, MethodActivity],
    slower: tuple[str, MethodActivity],
    unmet: Unmet,
) -> Claim:
    """The claim that one method's largest early fall is smaller than another's."""
    (fast_name, fast), (slow_name, slow) = faster, slower
    return Claim(
        id=claim_id,
        statement=statement,
        reported="Section 3.2",
        measured=f"largest fall: {slow_name} {slow.early_drop:.1f}, {fast_name} "
        f"{fast.early_drop:.1f}",
        readings=[
            Reading(
                rule=f"In the first {EARLY} epochs the largest fall of the mean count from one "
                f"epoch to the next is smaller for {slow_name} than for {fast_name} by at least "
                f"1; {FROM_ALL}.",
                numbers={
                    "largest_drop": Number(
                        {fast_name: fast.early_drop, slow_name: slow.early_drop}, "dimensions"
                    )
                },
                holds=slow.early_drop <= fast.early_drop - 1,
                unmet=unmet(EARLY),
            )
        ],
    )


def final_numbers(**methods: MethodActivity) -> dict[str, Number]:
    """The numbers of a claim about final counts, by method."""
    return {
        "final_count": Number({name: of.final for name, of in methods.items()}, "dimensions"),
        "lowest_and_highest_trial_after_the_last_epoch": Number(
            {
                name: [int(method.counts[:, -1].min()), int(method.counts[:, -1].max())]
                for name, method in methods.items()
            },
            "dimensions",
        ),
    }


FIGURE = CountFigure(
    script=__file__,
    name="fig_3_1",
    title="Figure 3.1: effect of methods on latent dimension activity (n_z = 50)",
    presets=protocol.PRESETS,
    runs=runs,
    draw=draw,
    judge=judge,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

"""Section 5: what each choice brings to the bound, and whether active dimensions go with it.

"Latent Space Activity and Visualization", Sections 3.2 and 5, say so in words; the report has no
such figure. Runs: those of Figures 2.1 to 2.5, and no others. Measured: where the bounds, on
training and on test data, and the test log-likelihood end, and how many dimensions are active then.
Drawn: (a) how much each choice adds, (b) each run's bound against its count.
"""

import dataclasses
import sys

import numpy as np
from matplotlib.figure import Figure as Picture
from matplotlib.ticker import MaxNLocator
from scipy.stats import spearmanr

from keras_vae.experiments.figures import plots
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
from keras_vae.experiments.reports import activity as protocol
from keras_vae.experiments.reports.activity.bounds import PAIRED, READINGS, Bounds, measure_bounds
from keras_vae.experiments.runs.spec import Specs

# The better choice by the report, and the other one; the first two are those that matter most.
CHOICES = {
    "Bernoulli decoder": ("VAE", "Gaussian"),
    "importance weighting": ("IW", "VAE"),
    "batch normalisation": ("IW+BN", "IW"),
    "warm-up": ("IW+WU", "IW"),
}
MOST_IMPORTANT = tuple(CHOICES)[:2]
OTHER_SIZES = (2, 5, 10, 20, 100)
CLEAR_DIFFERENCE = 0.5
SIGNIFICANT = 0.05


@dataclasses.dataclass(frozen=True)
class Measured:
    """Where runs ended.

    Attributes:
        bounds: `MethodBounds` by method.
        counts: Final number of active dimensions, shape (trials,), by method.
    """

    bounds: Bounds
    counts: dict[str, np.ndarray]

    def gains(self, reading: str) -> dict[str, np.ndarray]:
        """Nats that each choice adds, shape (trials,)."""
        ends = {name: method.ends(reading) for name, method in self.bounds.items()}
        return {choice: ends[name] - ends[other] for choice, (name, other) in CHOICES.items()}

    def size_range(self, reading: str) -> np.ndarray:
        """Nats between the best and the worst number of latent dimensions, shape (trials,)."""
        sizes = ["IW", *map(str, OTHER_SIZES)]
        return np.ptp([self.bounds[name].ends(reading) for name in sizes], axis=0)


def runs(options: Options, seed: int) -> Specs:
    """The Gaussian decoder, the four methods, and importance weighting with other sizes."""
    gaussian = protocol.run_spec(options.dataset, seed, protocol.ELBO, likelihood="gaussian")
    return {
        "Gaussian": gaussian,
        **protocol.method_specs(options.dataset, seed),
        **protocol.latent_dim_specs(options.dataset, seed, OTHER_SIZES),
    }


def measure(methods: Methods, options: Options) -> Measured:
    """Ends of bounds and counts, by method."""
    return Measured(
        measure_bounds(methods, options),
        {
            name: final_values(protocol.active_counts(method.activity))
            for name, method in methods.items()
        },
    )


def draw(measured: Measured, options: Options) -> Picture:
    """Draws the gains on a scale that is linear within a nat, and bounds against counts."""
    figure, axes = plots.panels(2, width=5.0)
    for index, (reading, title) in enumerate(READINGS.items()):
        gains = {
            **measured.gains(reading),
            "latent dimensions, 2-100": measured.size_range(reading),
        }
        for row, values in enumerate(gains.values()):
            height = np.full(len(values), row + 0.2 * (index - 1))
            label = title if row == 0 else None
            axes[0].plot(values, height, "os^"[index], color=plots.COLORS[4 + index], label=label)
    axes[0].set_yticks(range(len(gains)), gains)
    axes[0].invert_yaxis()
    axes[0].set_xscale("symlog", linthresh=1)
    axes[0].margins(x=0.08)
    ticks = [-10, -1, 0, 1, 10, 100]
    axes[0].set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes[0].axvline(0, color="black", linewidth=1)
    axes[0].set_xlabel("Gain (nats per image)")
    axes[0].set_title("(a) What each choice adds")
    axes[0].legend(fontsize=8, ncols=3, loc="upper center", bbox_to_anchor=(0.4, -0.18))
    for name in protocol.METHODS:
        color = plots.COLORS[protocol.STYLES[name]]
        axes[1].plot(
            measured.counts[name], measured.bounds[name].ends("test"), "o", color=color, label=name
        )
    axes[1].set_xlabel("Active latent dimensions at the end")
    axes[1].xaxis.set_major_locator(MaxNLocator(integer=True))
    axes[1].set_ylabel("Test bound at the end (nats)")
    axes[1].set_title("(b) Active dimensions and bounds")
    axes[1].legend(fontsize=8)
    return figure


def judge(measured: Measured, options: Options) -> list[Claim]:
    """Judges whether more active dimensions come with a better bound, and what matters most."""
    unmet = unmet_requirements(options, min_epochs=protocol.CONVERGED_EPOCHS, min_trials=2)
    return [judge_no_better_bound(measured, unmet), judge_most_important(measured, unmet)]


def judge_no_better_bound(measured: Measured, unmet: tuple[str, ...]) -> Claim:
    """Sections 3.2 and 5: batch normalisation, and all runs of the four methods."""
    counts = measured.counts
    dims = over_seeds(counts["IW+BN"] - counts["IW"])
    better = {name: over_seeds(measured.gains(name)["batch normalisation"]) for name in READINGS}
    by_normalisation = [
        Reading(
            f"of batch normalisation, {READINGS[name]}",
            rule=f"IW+BN ends with at least {CLEAR_DIFFERENCE:g} dimensions more than IW and with "
            f"no higher bound. {PAIRED}",
            numbers={
                "dimensions more": Number(dims, "dimensions", at_least=CLEAR_DIFFERENCE),
                "IW+BN - IW": Number(gain, "nats", at_most=0),
            },
            unmet=unmet,
        )
        for name, gain in better.items()
    ]
    over_all = [
        Reading(
            f"of all runs of the four methods, {READINGS[name]}",
            rule="Spearman's rank correlation of final count and final bound is not positive at "
            f"the {SIGNIFICANT:.0%} level, by a one-sided test that takes runs as independent. "
            f"{FINAL}",
            numbers=rank_correlation(measured, name),
            unmet=unmet,
        )
        for name in READINGS
    ]
    return Claim(
        id="activity.text.3",
        statement="More active dimensions do not go with a better bound.",
        reported="'does not improve training' (Section 3.2); 'no significant correlation' (5)",
        measured="IW+BN less IW: "
        + ", ".join(plus_minus(gain) for gain in better.values())
        + f" nats with {plus_minus(dims)} dimensions more",
        readings=[*by_normalisation, *over_all],
    )


def rank_correlation(measured: Measured, reading: str) -> dict[str, Number]:
    """Spearman's correlation of final count and bound over all runs, and its one-sided p-value."""
    counts = np.concatenate([measured.counts[name] for name in protocol.METHODS])
    ends = np.concatenate([measured.bounds[name].ends(reading) for name in protocol.METHODS])
    correlation = p_value = None
    if np.ptp(counts) and np.ptp(ends):
        found = spearmanr(counts, ends, alternative="greater")
        correlation, p_value = float(found.statistic), float(found.pvalue)
    return {
        "p": Number(p_value, "probability", at_least=SIGNIFICANT),
        "rank correlation": Number(correlation, "1"),
    }


def judge_most_important(measured: Measured, unmet: tuple[str, ...]) -> Claim:
    """Section 5: decoder and importance weighting against all other choices."""
    readings, leads = [], []
    for name, title in READINGS.items():
        gains = measured.gains(name)
        least = np.min([gains[choice] for choice in MOST_IMPORTANT], axis=0)
        others = [values for choice, values in gains.items() if choice not in MOST_IMPORTANT]
        for among, rivals in (
            ("among the methods", others),
            ("with the number of latent dimensions", [*others, measured.size_range(name)]),
        ):
            lead = over_seeds(least - np.max(rivals, axis=0))
            leads.append(lead)
            every = {choice: over_seeds(values) for choice, values in gains.items()}
            readings.append(
                Reading(
                    f"{among}, {title}",
                    rule="The smaller of the gains from the Bernoulli decoder and from importance "
                    "weighting is larger than the largest of the other gains; of the number of "
                    f"latent dimensions it is that from the worst to the best one. {PAIRED}",
                    numbers={
                        "smaller of the two - largest other": Number(lead, "nats", above=0),
                        "gains": Number(every, "nats"),
                    },
                    unmet=unmet,
                )
            )
    return Claim(
        id="activity.text.4",
        statement="The decoder's distribution and importance weighting matter most.",
        reported="'the most important improvements' (Section 5)",
        measured="lead over the next choice, by reading: "
        + ", ".join("none" if lead["mean"] is None else f"{lead['mean']:+.1f}" for lead in leads),
        readings=readings,
    )


def record(measured: Measured, options: Options) -> JsonObject:
    """The gains and the ends of each trial, by reading."""
    return {
        "gains": {
            reading: {name: values.tolist() for name, values in measured.gains(reading).items()}
            for reading in READINGS
        },
        "ends": {
            reading: {name: of.ends(reading).tolist() for name, of in measured.bounds.items()}
            for reading in READINGS
        },
        "final_counts": {name: values.tolist() for name, values in measured.counts.items()},
    }


FIGURE = protocol.ActivityFigure(
    script=__file__,
    name="section_5",
    title="Section 5: what each choice adds to the bound, and active dimensions beside it",
    runs=runs,
    measure=measure,
    draw=draw,
    caption="each mark is a trial; final values, means over the last tenth of the epochs",
    judge=judge,
    record=record,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

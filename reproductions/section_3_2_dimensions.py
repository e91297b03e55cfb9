"""Section 3.2: whether more active dimensions go with a better bound.

"Latent Space Activity and Visualization", Sections 3.2 and 5, say in words that they do not; the
report has no such figure. Runs: those of Figure 3.1. Measured: where the bounds, on training and on
test data, and the test log-likelihood end, and how many dimensions are active then. Drawn: each
run's end against its count, a panel for each of the three.
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
from keras_vae.experiments.reports.activity.bounds import ENDS, READINGS, Bounds, measure_bounds
from keras_vae.experiments.runs.spec import Specs

CLEAR_DIFFERENCE = 0.5
SIGNIFICANT = 0.05
LAST = "The count is the mean over the last tenth of the epochs, the log-likelihood is of the last."
LABELS = {
    "train": "Training bound at the end (nats)",
    "test": "Test bound at the end (nats)",
    "log_likelihood": "Test log-likelihood (nats)",
}


@dataclasses.dataclass(frozen=True)
class Measured:
    """Where runs ended.

    Attributes:
        bounds: `MethodBounds` by method.
        counts: Final number of active dimensions, shape (trials,), by method.
    """

    bounds: Bounds
    counts: dict[str, np.ndarray]


def runs(options: Options, seed: int) -> Specs:
    """The four methods."""
    return protocol.method_specs(options.dataset, seed)


def measure(methods: Methods, options: Options) -> Measured:
    """Ends of bounds and counts, by method."""
    counts = {
        name: final_values(protocol.active_counts(method.activity))
        for name, method in methods.items()
    }
    return Measured(measure_bounds(methods, options), counts)


def draw(measured: Measured, options: Options) -> Picture:
    """Draws a panel for each of `READINGS`."""
    figure, axes = plots.panels(len(READINGS), width=4.2, height=3.8)
    for axis, letter, (reading, title) in plots.lettered(axes, READINGS.items()):
        for name in protocol.METHODS:
            color = plots.COLORS[protocol.STYLES[name]]
            ends = measured.bounds[name].ends(reading)
            axis.plot(measured.counts[name], ends, "o", color=color, alpha=0.7, label=name)
        axis.set(title=f"{letter} {title[0].upper()}{title[1:]}", ylabel=LABELS[reading])
        axis.set_xlabel("Active latent dimensions at the end")
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes[-1].legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def judge(measured: Measured, options: Options) -> list[Claim]:
    """Judges whether more active dimensions come with a better bound."""
    unmet = unmet_requirements(options, min_epochs=protocol.AFTER_WARM_UP_EPOCHS, min_trials=2)
    dims = over_seeds(measured.counts["IW+BN"] - measured.counts["IW"])
    better = {
        name: over_seeds(measured.bounds["IW+BN"].ends(name) - measured.bounds["IW"].ends(name))
        for name in READINGS
    }
    by_normalisation = [
        Reading(
            f"of batch normalisation, {READINGS[name]}",
            rule=f"IW+BN ends with at least {CLEAR_DIFFERENCE:g} dimensions more than IW, on "
            f"average over the last tenth of the epochs, and no higher. {ENDS[name]}",
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
            f"of all runs of the four methods, {title}",
            rule="Spearman's rank correlation of the final count with where a run ends is not "
            f"positive at the {SIGNIFICANT:.0%} level, by a one-sided test that takes runs as "
            f"independent. {FINAL if name != 'log_likelihood' else LAST}",
            numbers=rank_correlation(measured, name),
            unmet=unmet,
        )
        for name, title in READINGS.items()
    ]
    return [
        Claim(
            id="activity.text.3",
            statement="More active dimensions do not go with a better bound.",
            reported="'does not improve training' (Section 3.2); 'no significant correlation' (5)",
            measured="IW+BN less IW: "
            + ", ".join(plus_minus(gain) for gain in better.values())
            + f" nats with {plus_minus(dims)} dimensions more",
            readings=[*by_normalisation, *over_all],
        )
    ]


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


def record(measured: Measured, options: Options) -> JsonObject:
    """The ends of each trial, by reading, and its count."""
    return {
        "ends": {
            reading: {name: of.ends(reading).tolist() for name, of in measured.bounds.items()}
            for reading in READINGS
        },
        "final_counts": {name: values.tolist() for name, values in measured.counts.items()},
    }


FIGURE = protocol.ActivityFigure(
    script=__file__,
    name="section_3_2",
    title="Section 3.2: active dimensions, and the bound beside them",
    presets=protocol.PRESETS,
    runs=runs,
    measure=measure,
    draw=draw,
    caption="each mark is a trial; bounds and counts are means over the last tenth of the epochs",
    judge=judge,
    record=record,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

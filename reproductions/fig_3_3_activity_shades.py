"""Figure 3.3: shade plots of the activity of every latent dimension after every epoch.

"Latent Space Activity and Visualization", Section 3.3. Runs: the four methods of Figure 3.1.
Measured: the activity of every dimension; the report samples the variance over a random subset of
the data, this takes the whole test set. Drawn: one trial, its dimensions sorted by their activity
after the first epoch, the most active at the bottom. The shade is the logarithm, darker where it is
higher, blue below the threshold 0.1 and brown above it; it runs from the first to the ninety-ninth
percentile, so that a few values do not decide the scale. Judged, from the same activities: what the
dimensions below the threshold contribute, and two sentences about counts.
"""

import sys

import numpy as np
from matplotlib.colors import TwoSlopeNorm
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
from keras_vae.experiments.measures.convergence import (
    FINAL,
    LASTING,
    final_rates,
    final_values,
)
from keras_vae.experiments.measures.pruning import crossings_per_epoch
from keras_vae.experiments.reports import activity as protocol
from keras_vae.experiments.reports.activity import (
    THRESHOLD,
    THRESHOLDS,
    Activity,
    active_counts,
    measure_activity,
)
from keras_vae.experiments.runs.spec import Specs

CLEARLY_MORE = 1.5
NEAR_FINAL, MANY = 2, 5
LEAST = 1e-12
PERCENTILES = (1, 99)


def runs(options: Options, seed: int) -> Specs:
    """The four methods."""
    return protocol.method_specs(options.dataset, seed)


def log_sorted(activity: np.ndarray) -> np.ndarray:
    """Log activity of shape (epochs, latent_dim), from the most to the least active at first."""
    in_order = activity[:, np.argsort(-activity[0], kind="stable")]
    return np.log10(np.maximum(in_order, LEAST))


def under_threshold(activity: np.ndarray, reading: str) -> list[float | None]:
    """What the last epoch's activities that do not exceed the threshold amount to.

    Arguments:
        activity: Array of shape (trials, epochs, latent_dim).
        reading: `"each"` for their geometric mean, `"together"` for their sum.

    Returns:
        List, one number a trial; None where every dimension is active.
    """
    found: list[float | None] = []
    for last in activity[:, -1]:
        inactive = np.maximum(last[last <= THRESHOLD], LEAST)
        mean = np.exp(np.log(inactive).mean()) if inactive.size else None
        found.append(float(inactive.sum()) if reading == "together" and inactive.size else mean)
    return found


def draw(activity: Activity, options: Options) -> Picture:
    """Draws the first trial, a panel for each method, all in one scale of shades."""
    shades = {name: log_sorted(value[0]).T for name, value in activity.items()}
    figure, axes = plots.panels(len(shades), width=3.0, height=3.8, sharey=True)
    every, middle = np.concatenate([each.ravel() for each in shades.values()]), np.log10(THRESHOLD)
    low, high = np.percentile(every, PERCENTILES)
    low, high = min(low, middle - 0.1), max(high, middle + 0.1)
    scale = TwoSlopeNorm(middle, low, high)
    for axis, letter, (name, shade) in zip(axes, "abcd", shades.items(), strict=True):
        image = plots.shade_plot(axis, shade, scale)
        axis.set_title(f"({letter}) {name}")
    axes[0].set_ylabel("Latent dimension, sorted by\nactivity after the first epoch")
    bar = figure.colorbar(image, ax=axes, label="Activity", pad=0.01, extend="both")
    ticks = np.arange(np.ceil(low), np.floor(high) + 1).tolist()
    bar.set_ticks(ticks, labels=[f"{10**tick:g}" for tick in ticks])
    bar.ax.axhline(middle, color="black", linewidth=2)
    return figure


def caption(activity: Activity, options: Options) -> str:
    """Which trial is shown."""
    return f"seed {options.seed}; blue is under the threshold {THRESHOLD:g}, brown above it"


def judge(activity: Activity, options: Options) -> list[Claim]:
    """Judges, over all trials, what dimensions under a threshold do, and warm-up's end."""
    warmed_up = unmet_requirements(options, min_epochs=protocol.AFTER_WARM_UP_EPOCHS, min_trials=2)
    converged = unmet_requirements(options, min_epochs=protocol.CONVERGED_EPOCHS, min_trials=2)
    return [
        judge_contribution(activity, warmed_up),
        judge_end_of_warm_up(active_counts(activity["IW+WU"]), warmed_up),
        judge_low_threshold(activity, converged),
    ]


def judge_contribution(activity: Activity, unmet: tuple[str, ...]) -> Claim:
    """Section 3.3: dimensions under the threshold, against the VAE's."""
    rules = {
        "each": "Each dimension: the geometric mean of the last epoch's activities under the "
        "threshold",
        "together": "All dimensions together: the sum of the last epoch's activities under the "
        "threshold",
    }
    amounts = {
        reading: {name: under_threshold(value, reading) for name, value in activity.items()}
        for reading in rules
    }
    times = {
        reading: {name: ratio_to(of["VAE"], of[name]) for name in of if name != "VAE"}
        for reading, of in amounts.items()
    }
    return Claim(
        id="activity.3.3.1",
        statement="With importance weighting, batch normalisation or warm-up, dimensions under "
        "the threshold still contribute more than in the VAE.",
        reported="'a nonzero contribution' in (b), (c) and (d) (Section 3.3, Figure 3.3)",
        measured="times the VAE's (each, together): "
        + "; ".join(
            f"{name} {', '.join(_three_digits(of[name]['mean']) for of in times.values())}"
            for name in times["each"]
        ),
        readings=[
            Reading(
                reading,
                rule=f"{rule} is at least {CLEARLY_MORE:g} times the VAE's in each of the other "
                "three, on average over seeds.",
                numbers={
                    "times the VAE's": Number(times[reading], "1", at_least=CLEARLY_MORE),
                    "under the threshold, each trial": Number(amounts[reading], "activity"),
                },
                unmet=unmet,
            )
            for reading, rule in rules.items()
        ],
    )


def _three_digits(value: float | None) -> str:
    return "none" if value is None else format(value, ".3g")


def ratio_to(reference: list[float | None], amounts: list[float | None]) -> JsonObject:
    """How many times a reference amounts are, over seeds."""
    pairs = zip(amounts, reference, strict=True)
    return over_seeds([None if a is None or b is None else a / b for a, b in pairs])


def judge_end_of_warm_up(counts: np.ndarray, unmet: tuple[str, ...]) -> Claim:
    """Section 3.2: whether all pruning is done once beta is 1."""
    last = protocol.WARM_UP_EPOCHS
    at_end = protocol.count_after(counts, last)
    left = over_seeds(at_end - final_values(counts))
    number = Number(left, "dimensions", at_least=-NEAR_FINAL, at_most=NEAR_FINAL)
    return Claim(
        id="activity.text.1",
        statement="The number of active dimensions at the end of warm-up is near its final value.",
        reported="'near to the final converged value' (Section 3.2)",
        measured=f"{plus_minus(over_seeds(at_end))} after epoch {last}, {plus_minus(left)} more "
        "than at the end",
        readings=[
            Reading(
                rule=f"The count after epoch {last} lies within {NEAR_FINAL:g} dimensions of the "
                f"final one, on average over seeds. {FINAL} {LASTING}",
                numbers={f"count after epoch {last} - final count": number},
                unmet=unmet + number.may_turn(-final_rates(counts), counts.shape[1]),
            )
        ],
    )


def judge_low_threshold(activity: Activity, unmet: tuple[str, ...]) -> Claim:
    """Section 3.1: what passes the threshold of 0.01, and how steadily."""
    high, low = THRESHOLDS
    extra, peak, crossings = {}, {}, {}
    for name in ("VAE", "IW"):
        value = activity[name]
        more = active_counts(value, low) - active_counts(value, high)
        extra[name], peak[name] = over_seeds(final_values(more)), over_seeds(more.max(axis=1))
        crossing = (crossings_per_epoch(value, threshold) for threshold in (low, high))
        crossings[name] = over_seeds(np.subtract(*crossing))
    return Claim(
        id="activity.text.2",
        statement="A threshold of 0.01 is too low: many dimensions pass it with random variation.",
        reported="'many dimensions surpassed this lower threshold' (Section 3.1)",
        measured="more pass 0.01 than 0.1 (at most, at the end): "
        + "; ".join(f"{name} {in_digits(peak[name])}, {in_digits(extra[name])}" for name in extra),
        readings=[
            Reading(
                "many pass it for a time",
                rule=f"In the epoch in which most do, at least {MANY} dimensions more pass 0.01 "
                "than 0.1, with VAE and with IW, on average over seeds.",
                numbers={"most at 0.01": Number(peak, "dimensions", at_least=MANY)},
                unmet=unmet,
            ),
            Reading(
                "many pass it at the end",
                rule=f"At the end at least {MANY} dimensions more pass 0.01 than 0.1, with VAE and "
                f"with IW, on average over seeds. {FINAL}",
                numbers={"more at 0.01": Number(extra, "dimensions", at_least=MANY)},
                unmet=unmet,
            ),
            Reading(
                "they come and go",
                rule="From one epoch to the next more dimensions cross 0.01 than 0.1, in either "
                "direction, with VAE and with IW, on average over epochs and seeds.",
                numbers={"more crossings of 0.01": Number(crossings, "per epoch", above=0)},
                unmet=unmet,
            ),
        ],
    )


def record(activity: Activity, options: Options) -> JsonObject:
    """What the panels show, and of all trials the last activities and the counts."""
    return {
        "log10_activity_by_epoch_and_sorted_dimension": {
            name: np.round(log_sorted(value[0]), 4).tolist() for name, value in activity.items()
        },
        "activity_after_the_last_epoch": {
            name: np.round(value[:, -1], 7).tolist() for name, value in activity.items()
        },
        **protocol.record_counts(activity, options),
    }


FIGURE = protocol.ActivityFigure(
    script=__file__,
    name="fig_3_3",
    title="Figure 3.3: latent dimension activity during training (n_z = 50)",
    presets=protocol.PRESETS,
    runs=runs,
    measure=measure_activity,
    draw=draw,
    caption=caption,
    judge=judge,
    record=record,
    draws_first_trial=True,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

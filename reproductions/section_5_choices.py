"""Section 5: what each choice brings to the bound.

"Latent Space Activity and Visualization", Section 5, says in words which ones matter most; the
report has no such figure. Runs: those of Figures 2.1 to 2.5, and no others. Measured: where the
bounds, on training and on test data, and the test log-likelihood end. Drawn: how much each choice
adds.
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
    over_seeds,
    unmet_requirements,
)
from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.reports import activity as protocol
from keras_vae.experiments.reports.activity.bounds import ENDS, READINGS, Bounds, measure_bounds
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
# The report calls fewer dimensions than ten a handicap, and more no benefit.
ENOUGH = 10
SIZES = {
    "all": "2-100 latent dimensions",
    "enough": f"{ENOUGH}-100 latent dimensions",
}


def gains(bounds: Bounds, reading: str) -> dict[str, np.ndarray]:
    """Nats that each choice adds, shape (trials,)."""
    ends = {name: method.ends(reading) for name, method in bounds.items()}
    return {choice: ends[name] - ends[other] for choice, (name, other) in CHOICES.items()}


def size_gains(bounds: Bounds, reading: str) -> dict[str, np.ndarray]:
    """Nats between the best and the worst number of latent dimensions, by the names in `SIZES`."""
    ends = {size: bounds[str(size)].ends(reading) for size in OTHER_SIZES}
    ends[protocol.LATENT_DIM] = bounds["IW"].ends(reading)
    enough = [values for size, values in ends.items() if size >= ENOUGH]
    return {SIZES["all"]: np.ptp(list(ends.values()), axis=0), SIZES["enough"]: np.ptp(enough, 0)}


def runs(options: Options, seed: int) -> Specs:
    """The Gaussian decoder, the four methods, and importance weighting with other sizes."""
    gaussian = protocol.run_spec(options.dataset, seed, protocol.ELBO, likelihood="gaussian")
    return {
        "Gaussian": gaussian,
        **protocol.method_specs(options.dataset, seed),
        **protocol.latent_dim_specs(options.dataset, seed, OTHER_SIZES),
    }


def draw(bounds: Bounds, options: Options) -> Picture:
    """Draws the gains on a scale that is linear within a nat."""
    figure, (axis,) = plots.panels(1, width=6.5, height=3.6)
    for index, (reading, title) in enumerate(READINGS.items()):
        found = {**gains(bounds, reading), **size_gains(bounds, reading)}
        for row, values in enumerate(found.values()):
            height = np.full(len(values), row + 0.2 * (index - 1))
            label = title if row == 0 else None
            axis.plot(values, height, "os^"[index], color=plots.COLORS[4 + index], label=label)
    axis.set_yticks(range(len(found)), found)
    axis.invert_yaxis()
    axis.set_xscale("symlog", linthresh=1)
    axis.margins(x=0.08)
    ticks = [-10, -1, 0, 1, 10, 100]
    axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axis.axvline(0, color="black", linewidth=1)
    axis.set_xlabel("Gain, nats per image (linear from -1 to 1, logarithmic beyond)")
    axis.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def judge(bounds: Bounds, options: Options) -> list[Claim]:
    """Judges decoder and importance weighting against all other choices."""
    unmet = unmet_requirements(options, min_epochs=protocol.AFTER_WARM_UP_EPOCHS, min_trials=2)
    readings: list[Reading] = []
    leads: dict[str | None, list[str]] = {size: [] for size in (None, *SIZES.values())}
    for name, title in READINGS.items():
        of_choices, of_sizes = gains(bounds, name), size_gains(bounds, name)
        least = np.min([of_choices[choice] for choice in MOST_IMPORTANT], axis=0)
        others = [values for choice, values in of_choices.items() if choice not in MOST_IMPORTANT]
        for size in leads:
            rivals = others if size is None else [*others, of_sizes[size]]
            lead = over_seeds(least - np.max(rivals, axis=0))
            leads[size].append("none" if lead["mean"] is None else f"{lead['mean']:+.1f}")
            every = of_choices if size is None else {**of_choices, size: of_sizes[size]}
            readings.append(
                Reading(
                    f"among {'the methods' if size is None else f'them and {size}'}, {title}",
                    rule="The smaller of the gains from the Bernoulli decoder and from importance "
                    "weighting is larger than the largest of the other gains"
                    + ("." if size is None else ", that from the worst to the best size included.")
                    + f" {ENDS[name]}",
                    numbers={
                        "smaller of the two - largest other": Number(lead, "nats", above=0),
                        "gains": Number(
                            {choice: over_seeds(values) for choice, values in every.items()}, "nats"
                        ),
                    },
                    unmet=unmet,
                )
            )
    return [
        Claim(
            id="activity.text.4",
            statement="The decoder's distribution and importance weighting matter most.",
            reported="'the most important improvements' (Section 5)",
            measured=f"nats ahead of other methods {', '.join(leads[None])}; of "
            f"{SIZES['enough']} too {', '.join(leads[SIZES['enough']])}",
            readings=readings,
        )
    ]


def record(bounds: Bounds, options: Options) -> JsonObject:
    """The gains and the ends of each trial, by reading."""
    found = {name: {**gains(bounds, name), **size_gains(bounds, name)} for name in READINGS}
    return {
        "gains": {
            reading: {name: values.tolist() for name, values in of.items()}
            for reading, of in found.items()
        },
        "ends": {
            reading: {name: of.ends(reading).tolist() for name, of in bounds.items()}
            for reading in READINGS
        },
    }


FIGURE = protocol.ActivityFigure(
    script=__file__,
    name="section_5",
    title="Section 5: what each choice adds to the bound",
    runs=runs,
    measure=measure_bounds,
    draw=draw,
    caption="each mark is a trial; bounds are means over the last tenth of the epochs",
    judge=judge,
    record=record,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

"""Figure 3.3: shade plots of the activity of every latent dimension after every epoch.

"Latent Space Activity and Visualization", Section 3.3: dimensions sorted by their activity
after the first epoch, the most active at the bottom; one trial. The report samples the
variance over a random subset of the data, this takes the whole test set.
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
    unmet_requirements,
)
from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.reports import activity as protocol
from keras_vae.experiments.reports.activity import THRESHOLD, Activity, measure_activity
from keras_vae.experiments.runs.spec import Specs

CLEARLY_MORE = 1.5
LEAST = 1e-12


def runs(options: Options, seed: int) -> Specs:
    """The four methods."""
    return protocol.method_specs(options.dataset, seed)


def log_sorted(activity: np.ndarray) -> np.ndarray:
    """Log activity of shape (epochs, latent_dim), from the most to the least active at first."""
    in_order = activity[:, np.argsort(-activity[0], kind="stable")]
    return np.log10(np.maximum(in_order, LEAST))


def inactive_contribution(activity: np.ndarray) -> float | None:
    """Geometric mean of the last epoch's activities that do not exceed the threshold.

    Arguments:
        activity: Array of shape (trials, epochs, latent_dim).

    Returns:
        Positive number, or None if every dimension is active.
    """
    last = np.asarray(activity)[:, -1]
    inactive = np.maximum(last[last <= THRESHOLD], LEAST)
    return float(np.exp(np.log(inactive).mean())) if inactive.size else None


def draw(activity: Activity, options: Options) -> Picture:
    """Draws the first trial, a panel for each method, all in one scale of shades."""
    shades = {name: log_sorted(value[0]).T for name, value in activity.items()}
    figure, axes = plots.panels(len(shades), width=3.0, height=3.8, sharey=True)
    limits = min(map(np.min, shades.values())), max(map(np.max, shades.values()))
    for axis, letter, (name, shade) in zip(axes, "abcd", shades.items(), strict=True):
        image = plots.shade_plot(axis, shade, limits)
        axis.set_title(f"({letter}) {name}")
    axes[0].set_ylabel("Latent dimension, sorted by\nactivity after the first epoch")
    bar = figure.colorbar(image, ax=axes, label="log10 activity", pad=0.01)
    bar.ax.axhline(np.log10(THRESHOLD), color=plots.COLORS[1], linewidth=2)
    return figure


def caption(activity: Activity, options: Options) -> str:
    """Which trial is shown."""
    return (
        f"shown is the trial of seed {options.seed}; the line in the scale marks the threshold "
        f"{THRESHOLD:g}"
    )


def judge(activity: Activity, options: Options) -> list[Claim]:
    """Judges, over all trials, what the dimensions under the threshold contribute."""
    means = {name: inactive_contribution(value) for name, value in activity.items()}
    others = [value for name, value in means.items() if name != "VAE"]
    measurable = all(value is not None for value in means.values())
    return [
        Claim(
            id="activity.3.3.1",
            statement="With importance weighting, batch normalisation or warm-up, dimensions under "
            "the threshold still contribute more than in the VAE.",
            reported="'a nonzero contribution' in (b), (c) and (d) (Section 3.3)",
            measured="geometric means under the threshold: see the numbers",
            readings=[
                Reading(
                    rule="The geometric mean of the last epoch's activities under the threshold "
                    f"is at least {CLEARLY_MORE:g} times the VAE's in each of the other three.",
                    numbers={"geometric_mean_activity_under_threshold": Number(means, "activity")},
                    holds=min(others) >= CLEARLY_MORE * means["VAE"] if measurable else None,
                    unmet=unmet_requirements(
                        options, min_epochs=protocol.AFTER_WARM_UP_EPOCHS, min_trials=2
                    ),
                )
            ],
        )
    ]


def record(activity: Activity, options: Options) -> JsonObject:
    """What the panels show."""
    return {
        "log10_activity_by_epoch_and_sorted_dimension": {
            name: np.round(log_sorted(value[0]), 4).tolist() for name, value in activity.items()
        }
    }


FIGURE = protocol.ActivityFigure(
    script=__file__,
    name="fig_3_3",
    title="Figure 3.3: latent dimension activity during training (n_z = 50)",
    runs=runs,
    measure=measure_activity,
    draw=draw,
    caption=caption,
    judge=judge,
    record=record,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

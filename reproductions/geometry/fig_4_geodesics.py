"""Figure 4: Fisher-Rao geodesics between Gaussians in the plane of mean and deviation.

"An Explanatory Analysis of the Geometry of Latent Variables", Section 2.3. Nothing is trained:
geodesics have a closed form. Drawn: five of them, beside straight lines. Measured and judged:
whether the deviation rises along geodesics between 10,000 random pairs of Gaussians.
"""

import sys

import numpy as np
from matplotlib.figure import Figure as Picture

from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.claims import Claim, JsonObject, Number, Reading
from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.figures.method_runs import Methods
from keras_vae.experiments.figures.options import Options, Preset
from keras_vae.experiments.reports.geometry import PROTOCOL, GeometryFigure
from keras_vae.geometry import fisher_rao_distance, fisher_rao_geodesic, straight_line

# (mu, sigma) of both ends: equal deviations near and far, unequal ones, and equal means.
PAIRS = (
    ((-4.0, 0.5), (-2.5, 0.5)),
    ((-2.0, 0.3), (2.0, 0.3)),
    ((-0.5, 0.4), (0.8, 1.2)),
    ((2.2, 1.6), (4.0, 0.3)),
    ((4.6, 0.3), (4.6, 1.9)),
)
POINTS, MARKS = 201, 9
RANDOM_PAIRS = 10000
TOLERANCE = 1e-9


def measure(methods: Methods, options: Options) -> JsonObject:
    """How sigma runs along geodesics between random Gaussians, as JSON-compatible values."""
    rng = np.random.default_rng(options.seed)
    loc_a, loc_b = rng.normal(scale=2, size=(2, RANDOM_PAIRS, 1))
    scale_a, scale_b = np.exp(rng.normal(scale=0.7, size=(2, RANDOM_PAIRS, 1)))
    t = np.linspace(0, 1, 21)[1:-1]
    loc, scale = fisher_rao_geodesic(loc_a, scale_a, loc_b, scale_b, t)
    # Where the straight line has the same mean.
    share = (loc - loc_a) / (loc_b - loc_a)
    above = scale / ((1 - share) * scale_a + share * scale_b)
    _, equal = fisher_rao_geodesic(loc_a, scale_a, loc_b, scale_a, [0.5])
    rise = equal[0] / scale_a
    # A geodesic is half an ellipse, whose top is above its centre.
    x_a, x_b = loc_a / np.sqrt(2), loc_b / np.sqrt(2)
    centre = (x_b**2 + scale_b**2 - x_a**2 - scale_a**2) / (2 * (x_b - x_a))
    has_top = (centre - x_a) * (centre - x_b) < 0
    return {
        "pairs": RANDOM_PAIRS,
        "lowest_ratio_to_the_straight_line": float(above.min()),
        "median_ratio_to_the_straight_line_at_the_middle": float(np.median(above[9])),
        "lowest_rise_between_equal_deviations": float(rise.min()),
        "median_rise_between_equal_deviations": float(np.median(rise)),
        "share_of_pairs_that_rise_above_both_ends": float(has_top.mean()),
    }


def draw(numbers: JsonObject, options: Options) -> Picture:
    """Draws geodesics solid, with marks at equal distances, and straight lines dotted."""
    figure, (axis,) = plots.panels(1, width=7.5, height=2.5)
    for index, ends in enumerate(PAIRS):
        color = plots.COLORS[index]
        loc_a, scale_a, loc_b, scale_b = (np.array([value]) for end in ends for value in end)
        t = np.linspace(0, 1, POINTS)
        loc, scale = fisher_rao_geodesic(loc_a, scale_a, loc_b, scale_b, t)
        distance = fisher_rao_distance(loc_a, scale_a, loc_b, scale_b)
        axis.plot(loc[:, 0], scale[:, 0], color=color, label=f"distance {distance:.2f}")
        marks = slice(None, None, (POINTS - 1) // (MARKS - 1))
        axis.plot(loc[marks, 0], scale[marks, 0], "o", color=color, markersize=3)
        loc, scale = straight_line(loc_a, scale_a, loc_b, scale_b, [0.0, 1.0])
        axis.plot(loc[:, 0], scale[:, 0], ":", color=color, linewidth=1.8)
    axis.set(xlabel="μ", ylabel="σ", ylim=(0, 2.1), aspect="equal")
    axis.legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize=8)
    return figure


def judge(numbers: JsonObject, options: Options) -> list[Claim]:
    """Judges whether the variance rises along the geodesic."""
    middle = numbers["median_ratio_to_the_straight_line_at_the_middle"]
    risen = numbers["share_of_pairs_that_rise_above_both_ends"]
    return [
        Claim(
            id="geometry.4.1",
            statement="Along the Fisher-Rao geodesic the variance rises.",
            reported="Figure 4",
            measured=f"above the line between all {RANDOM_PAIRS} pairs (midway {middle - 1:.0%}), "
            f"above both ends for {risen:.0%}",
            readings=[
                Reading(
                    rule=f"Between {RANDOM_PAIRS} random pairs of Gaussians (means from N(0, 2^2), "
                    "log sigma from N(0, 0.7^2)), sigma is nowhere below the straight line; "
                    "between ends of equal sigma it is nowhere below them. (A property of the "
                    "formula, checked with numbers; how often sigma rises above both of two "
                    "unequal ends depends on the pairs.)",
                    numbers={
                        name: Number(
                            value,
                            "pairs" if name == "pairs" else "1",
                            at_least=1 - TOLERANCE if name.startswith("lowest") else None,
                        )
                        for name, value in numbers.items()
                    },
                )
            ],
        )
    ]


def record(numbers: JsonObject, options: Options) -> JsonObject:
    """The numbers for `data.json`."""
    return {"geodesics": numbers}


ONCE = Preset(dataset="mnist_5k", epochs=None, trials=1)
FIGURE = GeometryFigure(
    script=__file__,
    name="fig_4",
    title="Figure 4: Fisher-Rao geodesics and straight lines between Gaussians",
    presets=dict.fromkeys(("smoke", "quick", "paper"), ONCE),
    protocol={**PROTOCOL, "dataset": "none", "epochs": {}},
    measure=measure,
    draw=draw,
    caption="solid: geodesics, marked at equal distances; dotted: straight lines",
    judge=judge,
    record=record,
    datasets=("mnist_5k",),
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

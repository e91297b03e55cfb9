"""Beyond the activity report: latent activity when only the digits 1-5 are learned.

"Latent Space Activity and Visualization", Section 5.1, asks whether about ten dimensions stay
active because MNIST has ten classes. Digits 1-5 are also half of the images, so they are compared
with as many images of all ten digits. Measured: the activity of every dimension over the test
images after every epoch. Drawn: the counts at the threshold 0.1, a panel for each method. Recorded:
the counts at 0.1 and 0.01.
"""

import sys
from typing import Any

from matplotlib.figure import Figure as Picture

from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.claims import (
    Claim,
    Number,
    Reading,
    over_seeds,
    plus_minus,
    unmet_requirements,
)
from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.measures.convergence import FINAL, LASTING, final_rates, final_values
from keras_vae.experiments.reports import activity as protocol
from keras_vae.experiments.reports.activity import (
    Activity,
    CountFigure,
    active_counts,
    draw_counts,
    label_counts,
)
from keras_vae.experiments.runs.spec import DataSpec, Specs

# About as many training images as show the digits 1-5.
FEW_IMAGES = {"mnist": 30000, "mnist_5k": 2000}
OBJECTIVES = {"VAE": protocol.ELBO, "IW": protocol.IMPORTANCE_WEIGHTED}
CLEAR_DIFFERENCE = 0.5
CLASSES = 5
ABOUT = 1.0


def runs(options: Options, seed: int) -> Specs:
    """VAE and IW on digits 1-5, on as many images of all digits, and on all images."""
    few = FEW_IMAGES[options.dataset]
    parts: dict[str, dict[str, Any]] = {
        "digits 1-5": {"classes": (1, 2, 3, 4, 5), "train_images": few},
        "all digits, as many images": {"train_images": few},
        "all digits": {},
    }
    return {
        f"{method}, {part}": protocol.run_spec(
            DataSpec(name=options.dataset, **choice), seed, objective
        )
        for method, objective in OBJECTIVES.items()
        for part, choice in parts.items()
    }


def draw(activity: Activity, options: Options) -> Picture:
    """Draws a panel for the VAE and one for importance weighting."""
    figure, axes = plots.panels(2, width=4.6, sharey=True)
    for axis, objective in zip(axes, OBJECTIVES, strict=True):
        counts = {
            label.removeprefix(f"{objective}, "): active_counts(value)
            for label, value in activity.items()
            if label.startswith(f"{objective}, ")
        }
        draw_counts(axis, counts)
        axis.set_title(objective)
    axes[1].legend()
    label_counts(axes[0])
    return figure


def judge(activity: Activity, options: Options) -> list[Claim]:
    """Judges whether the number of active dimensions follows the number of classes."""
    counts = {name: active_counts(value) for name, value in activity.items()}
    ends = {name: final_values(value) for name, value in counts.items()}
    few = {method: ends[f"{method}, digits 1-5"] for method in OBJECTIVES}
    fewer = {
        method: over_seeds(few[method] - ends[f"{method}, all digits, as many images"])
        for method in OBJECTIVES
    }
    remaining = {method: over_seeds(values) for method, values in few.items()}
    rates = {name: final_rates(value) for name, value in counts.items()}
    few_rates = {method: rates[f"{method}, digits 1-5"] for method in OBJECTIVES}
    apart = {
        method: few_rates[method] - rates[f"{method}, all digits, as many images"]
        for method in OBJECTIVES
    }
    difference = Number(fewer, "dimensions", at_most=-CLEAR_DIFFERENCE)
    count = Number(remaining, "dimensions", at_least=CLASSES - ABOUT, at_most=CLASSES + ABOUT)
    unmet = unmet_requirements(options, min_epochs=protocol.CONVERGED_EPOCHS, min_trials=2)
    every = Number({name: over_seeds(value) for name, value in ends.items()}, "dimensions")
    return [
        Claim(
            id="beyond.five_digits.1",
            statement="Fewer classes leave fewer active dimensions.",
            reported="asked: 'observing the effect' of digits 1-5 alone (Section 5.1)",
            measured="digits 1-5 less as many images of all: "
            + ", ".join(f"{name} {plus_minus(value)}" for name, value in fewer.items()),
            readings=[
                Reading(
                    rule="For VAE and for IW, the final count is lower on digits 1-5 than on as "
                    f"many images of all digits by at least {CLEAR_DIFFERENCE:g}, on average over "
                    f"seeds. {FINAL} {LASTING}",
                    numbers={"digits 1-5 - all digits": difference, "final count": every},
                    unmet=unmet + difference.may_turn(apart, options.epochs),
                )
            ],
            extension=True,
        ),
        Claim(
            id="beyond.five_digits.2",
            statement="As many dimensions stay active as there are classes.",
            reported="asked: whether 10 dimensions are for 'exactly 10 classes' (Section 5.1)",
            measured="on digits 1-5: "
            + ", ".join(f"{name} {plus_minus(value)}" for name, value in remaining.items()),
            readings=[
                Reading(
                    rule="On digits 1-5 the final counts of VAE and IW both lie within "
                    f"{ABOUT:g} of {CLASSES}, on average over seeds. {FINAL} {LASTING}",
                    numbers={"final count, digits 1-5": count},
                    unmet=unmet + count.may_turn(few_rates, options.epochs),
                )
            ],
            extension=True,
        ),
    ]


FIGURE = CountFigure(
    script=__file__,
    report=f"{protocol.REPORT}/beyond",
    name="five_digits",
    title="Beyond: active dimensions when only digits 1-5 are learned (n_z = 50)",
    datasets=tuple(FEW_IMAGES),
    runs=runs,
    draw=draw,
    judge=judge,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

"""Figure 3.2: active latent dimensions per epoch by the number of latent dimensions.

"Latent Space Activity and Visualization", Section 3.2. Measured: the activity of every dimension
over the test images after every epoch. Drawn: the counts at the threshold 0.1, a line for each
number of dimensions. Recorded: the counts at 0.1 and 0.01.
"""

import sys

from matplotlib.figure import Figure as Picture

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
from keras_vae.experiments.measures.convergence import (
    FINAL,
    LASTING,
    final_rates,
    final_values,
)
from keras_vae.experiments.measures.pruning import ever_pruned
from keras_vae.experiments.reports import activity as protocol
from keras_vae.experiments.reports.activity import (
    THRESHOLD,
    Activity,
    CountFigure,
    active_counts,
    draw_in_one_panel,
)
from keras_vae.experiments.runs.spec import Specs

KEPT, ABOUT = 10, 2


def runs(options: Options, seed: int) -> Specs:
    """Importance weighting with 2, 5, 10, 20, 50 and 100 latent dimensions."""
    return protocol.latent_dim_specs(options.dataset, seed)


def draw(activity: Activity, options: Options) -> Picture:
    """Draws a line for each number of dimensions."""
    return draw_in_one_panel(activity, legend_title="n_z")


def judge(activity: Activity, options: Options) -> list[Claim]:
    """Judges whether few dimensions stay active, and how many of many do."""
    small = {name: value for name, value in activity.items() if int(name) < KEPT}
    pruned = {name: ever_pruned(value, THRESHOLD).tolist() for name, value in small.items()}
    inactive = {
        name: (int(name) - active_counts(value)[:, -1]).tolist() for name, value in small.items()
    }
    counts = {name: active_counts(value) for name, value in activity.items() if int(name) > KEPT}
    ends = {name: over_seeds(final_values(value)) for name, value in counts.items()}
    number = Number(ends, "dimensions", at_least=KEPT - ABOUT, at_most=KEPT + ABOUT)
    rates = {name: final_rates(value) for name, value in counts.items()}
    return [
        Claim(
            id="activity.3.2.1",
            statement="Fewer than 10 latent dimensions are never pruned.",
            reported="'latent dimensions fewer than 10 were never pruned' (Section 3.2)",
            measured="ever pruned, by trial: "
            + "; ".join(f"{', '.join(map(str, of))} of {name}" for name, of in pruned.items()),
            readings=[
                Reading(
                    "at any epoch",
                    rule="With 2 and 5 dimensions, none that was active after an epoch is inactive "
                    "after a later one, in any trial.",
                    numbers={"pruned": Number(pruned, "dimensions", at_most=0)},
                    unmet=unmet_requirements(
                        options, min_epochs=protocol.CONTRAST_EPOCHS, min_trials=2
                    ),
                ),
                Reading(
                    "at the end",
                    rule="With 2 and 5 dimensions, all are active after the last epoch, in every "
                    "trial.",
                    numbers={"inactive": Number(inactive, "dimensions", at_most=0)},
                    unmet=unmet_requirements(
                        options, min_epochs=protocol.CONTRAST_EPOCHS, min_trials=2
                    ),
                ),
            ],
        ),
        Claim(
            id="activity.3.2.2",
            statement="More than 10 latent dimensions are pruned to about 10.",
            reported="'pruned to ~ 10 active dimensions' (Section 3.2, Figure 3.2)",
            measured="; ".join(f"{plus_minus(end)} of {name}" for name, end in ends.items()),
            readings=[
                Reading(
                    rule="The final counts with 20, 50 and 100 dimensions all lie within "
                    f"{ABOUT:g} of {KEPT}, on average over seeds. {FINAL} {LASTING}",
                    numbers={"final count": number},
                    unmet=unmet_requirements(
                        options, min_epochs=protocol.CONVERGED_EPOCHS, min_trials=2
                    )
                    + number.may_turn(rates, options.epochs),
                )
            ],
        ),
    ]


FIGURE = CountFigure(
    script=__file__,
    name="fig_3_2",
    title="Figure 3.2: effect of the number of latent dimensions on their activity (IW)",
    runs=runs,
    draw=draw,
    judge=judge,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

"""Figure 3.2: active latent dimensions per epoch, by the number of latent dimensions.

"Latent Space Activity and Visualization", Section 3.2: importance weighting, threshold 0.1.
"""

import sys

import numpy as np
from matplotlib.figure import Figure as Picture

from keras_vae.experiments.figures.claims import Claim, Number, Reading, unmet_requirements
from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.measures.convergence import final_value, has_settled
from keras_vae.experiments.reports import activity as protocol
from keras_vae.experiments.reports.activity import (
    Activity,
    CountFigure,
    active_counts,
    draw_in_one_panel,
)
from keras_vae.experiments.runs.spec import Specs

KEPT = 10
STARTED_EPOCHS = 5
ABOUT = 2.0
SETTLED = 0.5


def runs(options: Options, seed: int) -> Specs:
    """Importance weighting with 2, 5, 10, 20, 50 and 100 latent dimensions."""
    return protocol.latent_dim_specs(options.dataset, seed)


def draw(activity: Activity, options: Options) -> Picture:
    """Draws a line for each number of dimensions."""
    styles = {name: index for index, name in enumerate(activity)}
    return draw_in_one_panel(activity, styles, legend_title="n_z")


def judge(activity: Activity, options: Options) -> list[Claim]:
    """Judges whether few dimensions stay active, and how many of many do."""
    counts = {int(name): active_counts(value) for name, value in activity.items()}
    small = {size: value for size, value in counts.items() if size < KEPT}
    large = {size: value for size, value in counts.items() if size > KEPT}
    finals = {size: final_value(value) for size, value in counts.items()}
    settled = all(has_settled(value, SETTLED) for value in large.values())
    lowest = {
        size: int(np.min(value[:, STARTED_EPOCHS - 1 :]))
        for size, value in small.items()
        if value.shape[1] >= STARTED_EPOCHS
    }
    return [
        Claim(
            id="activity.3.2.1",
            statement="Fewer than 10 latent dimensions are never pruned.",
            reported="'never pruned' (Section 3.2)",
            measured=f"least active of n_z: {lowest}",
            readings=[
                Reading(
                    rule="With 2 and 5 dimensions, all are active after every epoch from "
                    f"{STARTED_EPOCHS} on, in every trial.",
                    numbers={"lowest_count": Number(lowest, "dimensions")},
                    holds=all(lowest[size] == size for size in small) if lowest else None,
                    unmet=unmet_requirements(options, min_epochs=protocol.CONTRAST_EPOCHS),
                )
            ],
        ),
        Claim(
            id="activity.3.2.2",
            statement="More than 10 latent dimensions are pruned to about 10.",
            reported="'pruned to ~ 10' (Section 3.2)",
            measured="; ".join(f"n_z = {size}: {count:.1f}" for size, count in finals.items()),
            readings=[
                Reading(
                    rule="The final counts with 20, 50 and 100 dimensions all lie within "
                    f"{ABOUT:g} of {KEPT}.",
                    numbers={"final_count": Number(finals, "dimensions")},
                    holds=all(abs(finals[size] - KEPT) <= ABOUT for size in large),
                    unmet=unmet_requirements(
                        options, min_epochs=protocol.CONVERGED_EPOCHS, settled=settled
                    ),
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

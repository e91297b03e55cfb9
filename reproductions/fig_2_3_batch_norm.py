"""Figure 2.3: bounds per epoch with and without batch normalisation.

"Latent Space Activity and Visualization", Section 2.5.
"""

import sys

from keras_vae.experiments.figures.claims import Claim, Reading, unmet_requirements
from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.reports import activity as protocol
from keras_vae.experiments.reports.activity.bounds import (
    BoundFigure,
    Bounds,
    describe_ends,
    final_bounds,
)
from keras_vae.experiments.runs.spec import Specs

LOWER = 0.5


def runs(options: Options, seed: int) -> Specs:
    """Importance weighting, without and with batch normalisation."""
    return protocol.method_specs(options.dataset, seed, ("IW", "IW+BN"))


def judge(bounds: Bounds, options: Options) -> list[Claim]:
    """Judges which bound ends lower, on average and in every trial."""
    plain, normalised = bounds["IW"], bounds["IW+BN"]
    return [
        Claim(
            id="activity.2.3.1",
            statement="Batch normalisation is worse.",
            reported="Figure 2.3; 'performing poorer' (Section 2.5)",
            measured=describe_ends(bounds),
            readings=[
                Reading(
                    rule="IW+BN's final test bound is lower than IW's in every trial, by at least "
                    f"{LOWER:g} nats on average.",
                    numbers=final_bounds(bounds),
                    holds=normalised.final <= plain.final - LOWER
                    and all(
                        ours < other
                        for ours, other in zip(normalised.trials, plain.trials, strict=True)
                    ),
                    unmet=unmet_requirements(
                        options, min_epochs=protocol.CONTRAST_EPOCHS, min_trials=2
                    ),
                )
            ],
        )
    ]


FIGURE = BoundFigure(
    script=__file__,
    name="fig_2_3",
    title="Figure 2.3: effect of batch normalisation (n_z = 50)",
    runs=runs,
    judge=judge,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

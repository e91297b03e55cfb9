"""Figure 2.3: bounds per epoch with and without batch normalisation.

"Latent Space Activity and Visualization", Section 2.5. Measured: the bound after every epoch, on
training and on test data, and the test log-likelihood at the end. Drawn: both bounds, a panel each.
Recorded: the curves, and each trial's end and last change. Training bounds are taken with each
batch's own statistics, as the model trains, test bounds with the running ones.
"""

import sys

from keras_vae.experiments.figures.claims import Claim, Number, Reading, unmet_requirements
from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.reports import activity as protocol
from keras_vae.experiments.reports.activity.bounds import (
    ENDS,
    READINGS,
    BoundFigure,
    Bounds,
    final_numbers,
    gains,
    in_words,
)
from keras_vae.experiments.runs.spec import Specs

LOWER = 0.5


def runs(options: Options, seed: int) -> Specs:
    """Importance weighting, without and with batch normalisation."""
    return protocol.method_specs(options.dataset, seed, ("IW", "IW+BN"))


def judge(bounds: Bounds, options: Options) -> list[Claim]:
    """Judges which bound ends lower, and which model is worse."""
    higher = gains(bounds, "IW", "IW+BN", READINGS)
    return [
        Claim(
            id="activity.2.3.1",
            statement="Batch normalisation is worse.",
            reported="'performing poorer' (Section 2.5, Figure 2.3)",
            measured=f"IW+BN minus IW: {in_words(higher)}",
            readings=[
                Reading(
                    READINGS[reading],
                    rule=f"IW+BN ends lower than IW by at least {LOWER:g} nats. {ENDS[reading]}",
                    numbers={
                        "IW+BN - IW": Number(gain, "nats", at_most=-LOWER),
                        **final_numbers(bounds, reading),
                    },
                    unmet=unmet_requirements(
                        options, min_epochs=protocol.CONTRAST_EPOCHS, min_trials=2
                    ),
                )
                for reading, gain in higher.items()
            ],
        )
    ]


FIGURE = BoundFigure(
    script=__file__,
    name="fig_2_3",
    title="Figure 2.3: effect of batch normalisation (n_z = 50)",
    presets=protocol.PRESETS,
    runs=runs,
    judge=judge,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

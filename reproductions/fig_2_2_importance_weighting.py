"""Figure 2.2: bounds per epoch of the plain VAE and with importance weighting.

"Latent Space Activity and Visualization", Section 2.4. Measured: the bound after every epoch, on
training and on test data, and the test log-likelihood at the end. Drawn: both bounds, a panel each.
Recorded: the curves, and each trial's end and last change.
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

CLEAR = 1.0


def runs(options: Options, seed: int) -> Specs:
    """Variational and importance-weighted training."""
    return protocol.method_specs(options.dataset, seed, ("VAE", "IW"))


def judge(bounds: Bounds, options: Options) -> list[Claim]:
    """Judges how far the bounds end apart, and the models."""
    higher = gains(bounds, "VAE", "IW", READINGS)
    return [
        Claim(
            id="activity.2.2.1",
            statement="Importance weighting's bound is significantly higher.",
            reported="'significantly improves the learned log-likelihood bound' (Section 2.4)",
            measured=f"IW minus VAE: {in_words(higher)}",
            readings=[
                Reading(
                    READINGS[reading],
                    rule=f"IW ends higher than the VAE by at least {CLEAR:g} nat. {ENDS[reading]} "
                    "(A weighted bound is higher even for an equal model; the log-likelihood "
                    "compares the models themselves.)",
                    numbers={
                        "IW - VAE": Number(gain, "nats", at_least=CLEAR),
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
    name="fig_2_2",
    title="Figure 2.2: variational and importance-weighted training (n_z = 50)",
    presets=protocol.PRESETS,
    runs=runs,
    judge=judge,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

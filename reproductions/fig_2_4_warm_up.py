"""Figure 2.4: bounds per epoch with and without warm-up.

"Latent Space Activity and Visualization", Section 2.6.
"""

import sys

from keras_vae.experiments.figures.claims import Claim, Number, Reading, unmet_requirements
from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.reports import activity as protocol
from keras_vae.experiments.reports.activity.bounds import (
    BoundFigure,
    Bounds,
    describe_ends,
    epochs_to_common_level,
    final_bounds,
)
from keras_vae.experiments.runs.spec import Specs

SAME_RATE = 1.25
SAME_BOUND = 0.5


def runs(options: Options, seed: int) -> Specs:
    """Importance weighting, without and with warm-up."""
    return protocol.method_specs(options.dataset, seed, ("IW", "IW+WU"))


def judge(bounds: Bounds, options: Options) -> list[Claim]:
    """Judges how fast the bounds rise, and where they end."""
    plain, warm_up = bounds["IW"], bounds["IW+WU"]
    epochs = epochs_to_common_level(bounds)
    needs = {"min_epochs": protocol.AFTER_WARM_UP_EPOCHS, "min_trials": 2}
    return [
        Claim(
            id="activity.2.4.1",
            statement="Warm-up learns at the same rate.",
            reported="'learn at the same rate' (Section 2.6)",
            measured=f"epochs to a common level: {epochs}",
            readings=[
                Reading(
                    rule="The epochs each needs to come within 1 nat of the lower of the two "
                    f"final test bounds differ by at most a factor of {SAME_RATE:g}.",
                    numbers={"epochs_to_common_level": Number(epochs, "epochs")},
                    holds=max(epochs.values()) / min(epochs.values()) <= SAME_RATE,
                    unmet=unmet_requirements(options, **needs),
                )
            ],
        ),
        Claim(
            id="activity.2.4.2",
            statement="Warm-up converges to the same bound.",
            reported="'converge to the same lower bound' (Section 2.6)",
            measured=describe_ends(bounds),
            readings=[
                Reading(
                    rule=f"The final test bounds differ by at most {SAME_BOUND:g} nats.",
                    numbers=final_bounds(bounds),
                    holds=abs(plain.final - warm_up.final) <= SAME_BOUND,
                    unmet=unmet_requirements(
                        options, settled=plain.settled and warm_up.settled, **needs
                    ),
                )
            ],
        ),
    ]


FIGURE = BoundFigure(
    script=__file__,
    name="fig_2_4",
    title="Figure 2.4: effect of warm-up over 100 epochs (n_z = 50)",
    runs=runs,
    judge=judge,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

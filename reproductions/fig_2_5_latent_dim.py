"""Figure 2.5: bounds per epoch by the number of latent dimensions.

"Latent Space Activity and Visualization", Section 2.7.
"""

import functools
import sys

from keras_vae.experiments.figures.claims import Claim, Number, Reading, unmet_requirements
from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.reports import activity as protocol
from keras_vae.experiments.reports.activity.bounds import (
    BoundFigure,
    Bounds,
    describe_ends,
    draw_bounds,
    epochs_to_common_level,
    final_bounds,
)
from keras_vae.experiments.runs.spec import Specs

CLEAR = 1.0


def runs(options: Options, seed: int) -> Specs:
    """Importance weighting with 2, 5, 10, 20, 50 and 100 latent dimensions."""
    return protocol.latent_dim_specs(options.dataset, seed)


def judge(bounds: Bounds, options: Options) -> list[Claim]:
    """Judges where the bounds with few and with many dimensions end, and how fast they rise."""
    small = {name: method for name, method in bounds.items() if int(name) < 10}
    large = {name: method for name, method in bounds.items() if int(name) >= 10}
    ends = [method.final for method in large.values()]
    settled = all(method.settled for method in large.values())
    epochs = epochs_to_common_level(large)
    needs = {"min_epochs": protocol.CONVERGED_EPOCHS, "min_trials": 2}
    return [
        Claim(
            id="activity.2.5.1",
            statement="Models with 2 or 5 latent dimensions are worse.",
            reported="'not trained as successfully' (Section 2.7)",
            measured=describe_ends(bounds),
            readings=[
                Reading(
                    rule="Both final test bounds lie under that of every model with 10 or more "
                    f"dimensions by at least {CLEAR:g} nat.",
                    numbers=final_bounds(bounds),
                    holds=max(method.final for method in small.values()) <= min(ends) - CLEAR,
                    unmet=unmet_requirements(options, min_epochs=protocol.CONTRAST_EPOCHS),
                )
            ],
        ),
        Claim(
            id="activity.2.5.2",
            statement="All models with 10 or more latent dimensions converge to the same bound.",
            reported="'converged to the same log-likelihood bound' (Section 2.7)",
            measured=describe_ends(large),
            readings=[
                Reading(
                    rule=f"Their final test bounds span at most {CLEAR:g} nat.",
                    numbers={"span": Number(max(ends) - min(ends), "nats"), **final_bounds(large)},
                    holds=max(ends) - min(ends) <= CLEAR,
                    unmet=unmet_requirements(options, settled=settled, **needs),
                )
            ],
        ),
        Claim(
            id="activity.2.5.3",
            statement="The model with 10 latent dimensions converges slightly faster.",
            reported="'converged slightly faster' (Section 2.7)",
            measured=f"epochs to a common level: {epochs}",
            readings=[
                Reading(
                    rule="It needs fewer epochs than each larger model to come within 1 nat of "
                    "the lowest of their final test bounds.",
                    numbers={"epochs_to_common_level": Number(epochs, "epochs")},
                    holds=all(
                        epochs["10"] < count for name, count in epochs.items() if name != "10"
                    ),
                    unmet=unmet_requirements(options, **needs),
                )
            ],
        ),
    ]


FIGURE = BoundFigure(
    script=__file__,
    name="fig_2_5",
    title="Figure 2.5: number of latent dimensions (IW)",
    runs=runs,
    draw=functools.partial(draw_bounds, legend_title="n_z"),
    judge=judge,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

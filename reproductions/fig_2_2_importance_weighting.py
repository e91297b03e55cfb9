"""Figure 2.2: bounds per epoch of the plain VAE and with importance weighting.

"Latent Space Activity and Visualization", Section 2.4.
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

CLEAR = 1.0


def runs(options: Options, seed: int) -> Specs:
    """Variational and importance-weighted training."""
    return protocol.method_specs(options.dataset, seed, ("VAE", "IW"))


def judge(bounds: Bounds, options: Options) -> list[Claim]:
    """Judges how far the bounds end apart."""
    return [
        Claim(
            id="activity.2.2.1",
            statement="Importance weighting's bound is significantly higher.",
            reported="Figure 2.2; 'significantly improves' the bound (Section 2.4)",
            measured=describe_ends(bounds),
            readings=[
                Reading(
                    rule=f"IW's final test bound is higher than the VAE's by at least {CLEAR:g} "
                    "nat; the log-likelihoods tell how much of that is a better model.",
                    numbers=final_bounds(bounds),
                    holds=bounds["IW"].final >= bounds["VAE"].final + CLEAR,
                    unmet=unmet_requirements(options, min_epochs=protocol.CONTRAST_EPOCHS),
                )
            ],
        )
    ]


FIGURE = BoundFigure(
    script=__file__,
    name="fig_2_2",
    title="Figure 2.2: variational and importance-weighted training (n_z = 50)",
    runs=runs,
    judge=judge,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

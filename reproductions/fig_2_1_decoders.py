"""Figure 2.1: bounds per epoch with a Bernoulli and with a Gaussian decoder.

"Latent Space Activity and Visualization", Section 2.3. Beyond the report, the same two on
grey images, since the claim is that a decoder has to suit its data; bounds on grey and on
binary images, or of a probability and of a density, do not measure the same thing.
"""

import math
import sys

from keras_vae.experiments.figures.claims import Claim, Number, Reading, unmet_requirements
from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.reports import activity as protocol
from keras_vae.experiments.reports.activity.bounds import SETTLED, BoundFigure, Bounds, final_bounds
from keras_vae.experiments.runs.spec import DataSpec, Specs

FAR = 50.0
GAUSSIAN_CEILING = 28 * 28 * 0.5 * (1 - math.log(2 * math.pi))


def runs(options: Options, seed: int) -> Specs:
    """The plain VAE with both decoders, on binary and on grey images."""
    binary, grey = options.dataset, DataSpec(name=options.dataset, binarize=None)
    return {
        "Bernoulli": protocol.run_spec(binary, seed, protocol.ELBO),
        "Gaussian": protocol.run_spec(binary, seed, protocol.ELBO, likelihood="gaussian"),
        "Bernoulli, grey (cross-entropy)": protocol.run_spec(
            grey, seed, protocol.ELBO, grey_levels=True
        ),
        "Gaussian, grey": protocol.run_spec(grey, seed, protocol.ELBO, likelihood="gaussian"),
    }


def judge(bounds: Bounds, options: Options) -> list[Claim]:
    """Judges how far the decoders' bounds on binary data are apart, and whether one converged."""
    bernoulli, gaussian = bounds["Bernoulli"], bounds["Gaussian"]
    unmet = unmet_requirements(options, min_epochs=protocol.CONTRAST_EPOCHS)
    return [
        Claim(
            id="activity.2.1.1",
            statement="The Bernoulli decoder's bound is far higher than the Gaussian's.",
            reported="Figure 2.1; 'a much tighter lower bound' (Section 2.3.3)",
            measured=f"Bernoulli {bernoulli.final:.1f} nats, Gaussian {gaussian.final:.1f} nats",
            readings=[
                Reading(
                    rule=f"On binary data its final test bound is higher by at least {FAR:g} nats "
                    "(one is on a log-probability, the other on a log-density, which this "
                    "decoder's least variance of 1/e limits).",
                    numbers={
                        "highest_possible_for_the_gaussian": Number(GAUSSIAN_CEILING, "nats"),
                        **final_bounds(bounds),
                    },
                    holds=bernoulli.final >= gaussian.final + FAR,
                    unmet=unmet,
                )
            ],
        ),
        Claim(
            id="activity.2.1.2",
            statement="The Gaussian decoder's bound has converged.",
            reported="'has converged to its lower bound' (Section 2.3.3)",
            measured=f"{'settled' if gaussian.settled else 'still moving'} at "
            f"{gaussian.final:.1f} nats",
            readings=[
                Reading(
                    rule=f"Its mean test bound moves by at most {SETTLED:g} nats between the last "
                    "two tenths of the epochs, on binary data.",
                    numbers={
                        "settled": Number(gaussian.settled, "yes or no"),
                        **final_bounds({"Gaussian": gaussian}),
                    },
                    holds=gaussian.settled,
                    unmet=unmet,
                )
            ],
        ),
    ]


FIGURE = BoundFigure(
    script=__file__,
    name="fig_2_1",
    title="Figure 2.1: Bernoulli and Gaussian decoders (VAE, n_z = 50)",
    runs=runs,
    judge=judge,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

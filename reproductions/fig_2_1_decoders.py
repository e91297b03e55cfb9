"""Figure 2.1: bounds per epoch with a Bernoulli and with a Gaussian decoder.

"Latent Space Activity and Visualization", Section 2.3. Runs: the plain VAE with either decoder on
binary images; beyond the report, the same two on grey images, since the claim is that a decoder has
to suit its data (bounds on grey and on binary images, or of a probability and of a density, do not
measure the same thing). Measured: the bound after every epoch, on training and on test data. Drawn:
both bounds, a panel each. Judged: how far the bounds on binary images end apart, and whether the
Gaussian's has converged. Recorded: the curves, and each trial's end and last change.
"""

import math
import sys

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
from keras_vae.experiments.measures.convergence import final_rates
from keras_vae.experiments.reports import activity as protocol
from keras_vae.experiments.reports.activity.bounds import (
    PAIRED,
    READINGS,
    SETTLED,
    SPLITS,
    BoundFigure,
    Bounds,
    final_numbers,
    gains,
    in_words,
)
from keras_vae.experiments.runs.spec import DataSpec, Specs

FAR = 50.0
# Ten times the report's epochs.
MUCH_LONGER = 3000
# The decoder's least variance is 1/e.
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
    higher = gains(bounds, "Gaussian", "Bernoulli")
    unmet = unmet_requirements(options, min_epochs=protocol.CONTRAST_EPOCHS, min_trials=2)
    return [
        Claim(
            id="activity.2.1.1",
            statement="The Bernoulli decoder's bound is far higher than the Gaussian's.",
            reported="'a much tighter lower bound' (Section 2.3.3, Figure 2.1)",
            measured=f"Bernoulli minus Gaussian: {in_words(higher)}",
            readings=[
                Reading(
                    READINGS[split],
                    rule=f"On binary images Bernoulli's final bound is higher by at least {FAR:g} "
                    f"nats. {PAIRED} (One is of a probability, the other of a density, which this "
                    "decoder's least variance limits: the number below is the highest possible.)",
                    numbers={
                        "Bernoulli - Gaussian": Number(gain, "nats", at_least=FAR),
                        "highest possible for the Gaussian": Number(GAUSSIAN_CEILING, "nats"),
                        **final_numbers(bounds, split),
                    },
                    unmet=unmet,
                )
                for split, gain in higher.items()
            ],
        ),
        _judge_convergence(bounds, unmet, options),
    ]


def _judge_convergence(bounds: Bounds, unmet: tuple[str, ...], options: Options) -> Claim:
    gaussian, bernoulli = bounds["Gaussian"], bounds["Bernoulli"]
    changes = {
        split: Number(gaussian.rates(split), "nats", at_least=-SETTLED, at_most=SETTLED)
        for split in SPLITS
    }
    # What still changes in the middle of the report's epochs may settle before their end.
    early = unmet_requirements(options, min_epochs=protocol.PROTOCOL["epochs"], min_trials=2)
    left = {
        split: over_seeds(
            bernoulli.ends(split)
            - gaussian.ends(split)
            - MUCH_LONGER * final_rates(gaussian.by_split[split])
        )
        for split in SPLITS
    }
    return Claim(
        id="activity.2.1.2",
        statement="The Gaussian decoder's bound has converged.",
        reported="'has converged to its lower bound' (Section 2.3.3)",
        measured="change per epoch: "
        + ", ".join(f"{split} {plus_minus(of.value, 3)} nats" for split, of in changes.items()),
        readings=[
            *(
                Reading(
                    READINGS[split],
                    rule="On binary images the Gaussian's bound changes, over the last third of "
                    f"the epochs, by at most {SETTLED:g} nats an epoch, by least squares; the "
                    "error is over seeds. (Before the report's epochs, a bound that changes by "
                    "more decides nothing.)",
                    numbers={
                        "change per epoch": change,
                        **final_numbers({"Gaussian": gaussian}, split),
                    },
                    unmet=early if change.holds is False else unmet,
                )
                for split, change in changes.items()
            ),
            Reading(
                "even with longer training it is not the better model",
                rule="If it went on at its rate over the last third of the epochs, the Gaussian's "
                f"bound would still be below Bernoulli's after {MUCH_LONGER} more epochs.",
                numbers={"Bernoulli - Gaussian, then": Number(left, "nats", above=0.0)},
                unmet=unmet,
            ),
        ],
    )


FIGURE = BoundFigure(
    script=__file__,
    name="fig_2_1",
    title="Figure 2.1: Bernoulli and Gaussian decoders (VAE, n_z = 50)",
    runs=runs,
    judge=judge,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

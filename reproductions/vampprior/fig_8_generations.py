"""Figure 8: images generated with the VampPrior, on three data sets.

"Project: Large VAE", Section 3.2.2. The claim compares them with the standard VAE's.
"""

import sys

from keras_vae.experiments.figures.claims import Claim, JsonObject
from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.reports.vampprior.figures import add_prior_options, report_figure
from keras_vae.experiments.reports.vampprior.protocol import VAE, VAMPPRIOR
from keras_vae.experiments.reports.vampprior.samples import (
    RULE,
    caption_generations,
    draw_generations,
    measure_generations,
    nearer,
    record_generations,
    sample_claim,
)


def judge(measured: JsonObject, options: Options) -> list[Claim]:
    """Judges whether the VampPrior's digits are better than the standard prior's."""
    return [
        sample_claim(
            measured,
            "mnist",
            (VAE, VAMPPRIOR),
            holds=lambda of: nearer(of[VAMPPRIOR], of[VAE]),
            id="vampprior.8.1",
            reported="better than the standard VAE's (Sections 3.2.2 and 4)",
            statement="Images generated with the VampPrior are better than the standard VAE's on "
            "MNIST.",
            rule=RULE.format("smaller with the VampPrior"),
        )
    ]


FIGURE = report_figure(
    script=__file__,
    name="fig_8",
    title="Figure 8: generations with the VampPrior",
    models=(VAE, VAMPPRIOR),
    with_prior=(VAMPPRIOR,),
    add_options=add_prior_options,
    measure=measure_generations(VAMPPRIOR),
    judge=judge,
    draw=draw_generations,
    caption=caption_generations,
    record=record_generations,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

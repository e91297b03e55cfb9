"""Figure 10: images generated with the hierarchical VAE, on three data sets.

"Project: Large VAE", Section 3.2.3. The claims compare them with the other models'.
"""

import sys

from keras_vae.experiments.figures.claims import Claim, JsonObject
from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.reports.vampprior.figures import add_prior_options, report_figure
from keras_vae.experiments.reports.vampprior.protocol import HVAE, VAE, VAMPPRIOR
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
    """Judges the images of the model with two levels, on digits and on faces."""
    return [
        sample_claim(
            measured,
            "mnist",
            (VAE, HVAE),
            holds=lambda of: nearer(of[VAE], of[HVAE]),
            id="vampprior.10.1",
            reported="'poor' (Sections 3.2.3 and 4)",
            statement="Images generated with the HVAE are poor on MNIST.",
            rule=RULE.format("larger with the HVAE than with the standard VAE"),
        ),
        sample_claim(
            measured,
            "frey_faces",
            (VAE, VAMPPRIOR, HVAE),
            holds=lambda of: all(nearer(of[HVAE], of[model]) for model in (VAE, VAMPPRIOR)),
            id="vampprior.10.2",
            reported="the best (Sections 3.2.3 and 4)",
            statement="Images generated with the HVAE are the best on Frey Faces.",
            rule=RULE.format("smaller with the HVAE than with either other model"),
        ),
    ]


FIGURE = report_figure(
    script=__file__,
    name="fig_10",
    title="Figure 10: generations with the hierarchical VAE",
    models=(VAE, VAMPPRIOR, HVAE),
    with_prior=(HVAE,),
    add_options=add_prior_options,
    measure=measure_generations(HVAE),
    judge=judge,
    draw=draw_generations,
    caption=caption_generations,
    record=record_generations,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

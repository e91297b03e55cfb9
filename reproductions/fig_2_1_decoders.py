"""Figure 2.1: bounds per epoch with a Bernoulli and with a Gaussian decoder.

"Latent Space Activity and Visualization", Section 2.3. Beyond the report, the same two on
grey images, since the claim is that a decoder has to suit its data; bounds on grey and on
binary images, or of a probability and of a density, do not measure the same thing.
"""

import sys

from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.reports.activity.bound_claims import judge_decoders
from keras_vae.experiments.reports.activity.bound_figure import bound_figure
from keras_vae.experiments.reports.activity.protocol import decoder_specs

FIGURE = bound_figure(
    name="fig_2_1",
    title="Figure 2.1: Bernoulli and Gaussian decoders (VAE, n_z = 50)",
    specs=decoder_specs,
    judge=judge_decoders,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

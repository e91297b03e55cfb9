"""Figure 2.3: bounds per epoch with and without batch normalisation.

"Latent Space Activity and Visualization", Section 2.5.
"""

import sys

from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.reports.activity.bound_claims import judge_batch_norm
from keras_vae.experiments.reports.activity.bound_figure import bound_figure
from keras_vae.experiments.reports.activity.protocol import chosen_methods

FIGURE = bound_figure(
    name="fig_2_3",
    title="Figure 2.3: effect of batch normalisation (n_z = 50)",
    specs=chosen_methods("IW", "IW+BN"),
    judge=judge_batch_norm,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

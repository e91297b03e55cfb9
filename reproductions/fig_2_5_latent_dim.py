"""Figure 2.5: bounds per epoch by the number of latent dimensions.

"Latent Space Activity and Visualization", Section 2.7.
"""

import sys

from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.reports.activity.bound_claims import judge_latent_dim
from keras_vae.experiments.reports.activity.bound_figure import bound_figure
from keras_vae.experiments.reports.activity.protocol import latent_dim_specs

FIGURE = bound_figure(
    name="fig_2_5",
    title="Figure 2.5: number of latent dimensions (IW)",
    specs=latent_dim_specs,
    judge=judge_latent_dim,
    legend_title="n_z",
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

"""Figure 2.2: bounds per epoch of the plain VAE and with importance weighting.

"Latent Space Activity and Visualization", Section 2.4.
"""

import sys

from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.reports.activity.bound_claims import judge_importance_weighting
from keras_vae.experiments.reports.activity.bound_figure import bound_figure
from keras_vae.experiments.reports.activity.protocol import chosen_methods

FIGURE = bound_figure(
    name="fig_2_2",
    title="Figure 2.2: variational and importance-weighted training (n_z = 50)",
    specs=chosen_methods("VAE", "IW"),
    judge=judge_importance_weighting,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

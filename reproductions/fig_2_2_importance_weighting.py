"""Figure 2.2: bounds per epoch of the plain VAE and with importance weighting.

"Latent Space Activity and Visualization", Section 2.4.
"""

import sys

from keras_vae.experiments.activity_report.bound_claims import judge_importance_weighting
from keras_vae.experiments.activity_report.bound_figure import bound_figure
from keras_vae.experiments.activity_report.protocol import chosen_methods
from keras_vae.experiments.figure import main

FIGURE = bound_figure(
    name="fig_2_2",
    title="Figure 2.2: variational and importance-weighted training (n_z = 50)",
    specs=chosen_methods("VAE", "IW"),
    judge=judge_importance_weighting,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

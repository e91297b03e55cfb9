"""Figure 2.4: bounds per epoch with and without warm-up.

"Latent Space Activity and Visualization", Section 2.6.
"""

import sys

from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.reports.activity.bound_claims import judge_warm_up
from keras_vae.experiments.reports.activity.bound_figure import bound_figure
from keras_vae.experiments.reports.activity.protocol import chosen_methods

FIGURE = bound_figure(
    name="fig_2_4",
    title="Figure 2.4: effect of warm-up over 100 epochs (n_z = 50)",
    specs=chosen_methods("IW", "IW+WU"),
    judge=judge_warm_up,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

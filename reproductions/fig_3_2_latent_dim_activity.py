"""Figure 3.2: active latent dimensions per epoch, by the number of latent dimensions.

"Latent Space Activity and Visualization", Section 3.2: importance weighting, threshold 0.1.
"""

import sys

from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.reports.activity.figures import report_figure
from keras_vae.experiments.reports.activity.latent_dim_claims import judge_latent_dim_activity
from keras_vae.experiments.reports.activity.protocol import latent_dim_specs
from keras_vae.experiments.reports.activity.pruning_figure import (
    THRESHOLD,
    activities,
    count_analysis,
    one_panel,
)


def analyse(methods, asked):
    """Draws, and judges the report's claims at the report's threshold."""
    styles = {label: index for index, label in enumerate(methods)}
    claims = judge_latent_dim_activity(activities(methods), THRESHOLD, asked)
    return count_analysis(one_panel(methods, styles, legend_title="n_z"), claims, methods)


FIGURE = report_figure(
    name="fig_3_2",
    title="Figure 3.2: effect of the number of latent dimensions on their activity (IW)",
    specs=latent_dim_specs,
    analyse=analyse,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

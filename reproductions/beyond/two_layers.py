"""Beyond the activity report: latent activity of two stochastic layers.

"Latent Space Activity and Visualization", Section 5.1, asks for deep VAEs: a second layer of
fifty dimensions above the first, in the networks of `keras_vae.HierarchicalVAE` with 200
softplus units.
"""

import sys

from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.figure import Analysis, main
from keras_vae.experiments.measures.pruning import active_counts
from keras_vae.experiments.reports.activity.figures import report_figure
from keras_vae.experiments.reports.activity.protocol import (
    LATENT_DIM,
    METHOD_STYLES,
    PROTOCOL,
    SHORT_WARM_UP_EPOCHS,
    two_layer_specs,
)
from keras_vae.experiments.reports.activity.pruning_figure import (
    THRESHOLD,
    activities,
    draw_count,
    label_counts,
)
from keras_vae.experiments.reports.activity.two_layer_claims import judge_two_layers

LAYERS = {"upper": slice(LATENT_DIM), "lower": slice(LATENT_DIM, None)}
TITLES = {"upper": "(a) Upper layer", "lower": "(b) Lower layer, next to the images"}


def draw(counts):
    """Draws a panel for each layer."""
    figure, axes = plots.panels(2, width=4.6, sharey=True)
    for axis, (layer, by_method) in zip(axes, counts.items(), strict=True):
        for label, values in by_method.items():
            draw_count(axis, values, label, METHOD_STYLES[label])
        plots.label_epochs(axis)
        axis.set_title(TITLES[layer])
    axes[1].legend(loc="upper left", bbox_to_anchor=(1, 1))
    label_counts(axes[0])
    return figure


def analyse(methods, asked):
    """Draws, and judges how activity divides between the layers."""
    counts = {
        layer: {
            label: active_counts(value[..., part], THRESHOLD)
            for label, value in activities(methods).items()
        }
        for layer, part in LAYERS.items()
    }
    return Analysis(
        picture=draw(counts),
        caption=f"threshold {THRESHOLD:g}; warm-up of {SHORT_WARM_UP_EPOCHS} epochs"
        + plots.band_caption(asked.trials),
        claims=judge_two_layers(counts, asked),
        data={
            "active_dimensions": {
                layer: {label: values.tolist() for label, values in by_method.items()}
                for layer, by_method in counts.items()
            }
        },
    )


FIGURE = report_figure(
    name="two_layers",
    title="Beyond: active dimensions of two stochastic layers (n_z = 50 each)",
    specs=two_layer_specs,
    analyse=analyse,
    protocol={**PROTOCOL, "note": "ours: the report asks for deep VAEs and names none"},
    beyond=True,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

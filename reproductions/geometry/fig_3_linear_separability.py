"""Figure 3: linear classifiers of latent features through training, by latent dimensions.

"An Explanatory Analysis of the Geometry of Latent Variables", Section 2.2. The VAE is trained once;
classifiers are fitted to weights that were kept on the way.
"""

import sys

from keras_vae import datasets
from keras_vae.experiments.figures.figure import Analysis, main
from keras_vae.experiments.figures.plots import band_caption
from keras_vae.experiments.reports.geometry import separability, separability_claims
from keras_vae.experiments.reports.geometry.figures import report_figure
from keras_vae.experiments.reports.geometry.protocol import (
    LATENT_DIM,
    PROBED_LATENT_DIMS,
    run_spec,
    vae_spec,
)

OTHER_ORDER = f"k = {LATENT_DIM}, α = 0"
CAPTION = (
    "the usual VAE (α = 1, one sample) where no α is named, else ten samples; logistic regression "
    "of standardised features, fitted to all training images"
)


def specs(dataset, seed):
    """The plain VAE with each number of latent dimensions, and one run under another order."""
    plain = {f"k = {size}": vae_spec(dataset, seed, size) for size in PROBED_LATENT_DIMS}
    return {**plain, OTHER_ORDER: run_spec(dataset, seed, alpha=0.0)}


def analyse(methods, asked):
    """Measures, draws and judges."""
    found = {label: separability.measure(runs) for label, runs in methods.items()}
    pixels = separability.pixel_accuracies(asked.dataset)
    test_images = len(datasets.load(asked.dataset).test)
    plain = {size: found[f"k = {size}"] for size in PROBED_LATENT_DIMS}
    return Analysis(
        picture=separability.draw(found, pixels),
        caption=CAPTION + band_caption(asked.trials),
        claims=separability_claims.judge(
            plain, {LATENT_DIM: found[OTHER_ORDER]}, pixels, test_images, asked
        ),
        data={
            "separability": {label: one.to_dict() for label, one in found.items()},
            "pixels": pixels,
        },
        tables={"table.md": separability.markdown(found, pixels, CAPTION)},
    )


FIGURE = report_figure(
    name="fig_3",
    title="Figure 3: linear separability of latent features during training",
    specs=specs,
    analyse=analyse,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

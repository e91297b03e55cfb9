"""Figure 4: images decoded from samples of the prior, in two and in twenty dimensions.

"Understanding Variational Auto-Encoder", Section 4. Drawn: a hundred samples of the first trial, a
panel for each number of dimensions. Measured and recorded, for every trial: how many pixels samples
differ from their nearest training images, beside the same of held-out images.
"""

import sys

import numpy as np
from matplotlib.figure import Figure as Picture

from keras_vae import datasets, random
from keras_vae.datasets import ImageData
from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.claims import JsonObject
from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.figures.method_runs import Methods
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.measures.class_measures import distance_to_images, draw_pixels
from keras_vae.experiments.reports.understanding import latent_dim_runs, report_figure
from keras_vae.experiments.runs.evaluation import mean_and_error
from keras_vae.models import LatentVariableModel

SIDE = 10
MEASURED = 1000


def draw_samples(model: LatentVariableModel, seed: int, count: int) -> np.ndarray:
    """Means of p(x|z) at codes drawn from the prior, shape (count, height, width)."""
    codes = model.sample_prior(count, random.stream(seed, random.GENERATION))
    return model.decode(codes).mean().numpy()


def distance_of_samples(model: LatentVariableModel, data: ImageData, seed: int) -> dict[str, float]:
    """How far the samples are from images of the data, and how far held-out images are.

    Arguments:
        model: Trained model.
        data: `ImageData`, binarised.
        seed: Integer.

    Returns:
        Dictionary of numbers of pixels.
    """
    distance = distance_to_images(data.train)
    sampled = mean_and_error(distance(draw_pixels(draw_samples(model, seed, MEASURED), seed)))
    return {
        "pixels_from_nearest_images": sampled["mean"],
        "standard_error": sampled["standard_error"],
        "the_same_of_held_out_images": float(distance(data.test.images[:MEASURED]).mean()),
    }


def measure(methods: Methods, options: Options) -> JsonObject:
    """The first trial's samples and every trial's distances, by latent dimensions."""
    measured = {}
    for label, method in methods.items():
        trained = list(method.load_models())
        measured[label] = {
            "samples": draw_samples(trained[0][0], options.seed, SIDE**2),
            "distances": [distance_of_samples(*pair, options.seed) for pair in trained],
        }
    return measured


def draw(measured: JsonObject, options: Options) -> Picture:
    """Draws the first trial's samples in a square."""
    figure, axes = plots.panels(len(measured), width=4.6, height=5.2)
    for axis, letter, (label, found) in plots.lettered(axes, measured.items()):
        samples = found["samples"]
        plots.mosaic(axis, samples.reshape(SIDE, SIDE, *samples.shape[1:]))
        axis.set_title(f"{letter} {label} latent dimensions")
    return figure


def record(measured: JsonObject, options: Options) -> JsonObject:
    """The distances; the report claims nothing of them."""
    return {
        "distance_from_the_data": {label: found["distances"] for label, found in measured.items()}
    }


FIGURE = report_figure(
    script=__file__,
    name="fig_4",
    title="Figure 4: samples in two and in twenty latent dimensions",
    runs=latent_dim_runs(2, 20),
    measure=measure,
    draw=draw,
    caption=lambda measured, options: (
        f"means of p(x|z) at codes from p(z), Adam, seed {options.seed}"
    ),
    record=record,
    datasets=datasets.LABELLED,
    draws_first_trial=True,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

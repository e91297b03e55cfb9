"""Figure 4 of the report: images decoded from codes drawn from the prior."""

import numpy as np

from keras_vae import random
from keras_vae.experiments.measures.class_measures import distance_to_images, draw_pixels

SIDE = 10
MEASURED = 1000


def draw_samples(model, seed, count):
    """Means of p(x|z) at codes drawn from the prior, shape (count, height, width).

    Arguments:
        model: Trained model.
        seed: Integer.
        count: How many.
    """
    codes = model.sample_prior(count, random.stream(seed, random.GENERATION))
    return model.decode(codes).mean().numpy()


def distance_of_samples(model, data, seed):
    """How far the samples are from images of the data, and how far held-out images are.

    Arguments:
        model: Trained model.
        data: `ImageData`, binarised.
        seed: Integer.

    Returns:
        Dictionary of numbers of pixels.
    """
    distance = distance_to_images(data.train)
    sampled = distance(draw_pixels(draw_samples(model, seed, MEASURED), seed))
    return {
        "pixels_from_nearest_images": float(sampled.mean()),
        "standard_error": float(sampled.std(ddof=1) / np.sqrt(len(sampled))),
        "the_same_of_held_out_images": float(distance(data.test.images[:MEASURED]).mean()),
    }

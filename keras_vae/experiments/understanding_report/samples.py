"""Figure 4 of the report: images decoded from codes drawn from the prior."""

import numpy as np

from keras_vae import random
from keras_vae.experiments.class_measures import digit_confidence, draw_pixels

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


def confidence_of_samples(model, data, seed):
    """How much like single digits the samples are, and how much the data themselves.

    Arguments:
        model: Trained model.
        data: `ImageData` with labels, binarised.
        seed: Integer.

    Returns:
        Dictionary of numbers.
    """
    confidence = digit_confidence(data.train)
    sampled = confidence(draw_pixels(draw_samples(model, seed, MEASURED), seed))
    held_out = confidence(data.test.images[:MEASURED])
    return {
        "share_of_neighbours_of_one_class": float(sampled.mean()),
        "standard_error": float(sampled.std(ddof=1) / np.sqrt(len(sampled))),
        "the_same_of_held_out_images": float(held_out.mean()),
    }

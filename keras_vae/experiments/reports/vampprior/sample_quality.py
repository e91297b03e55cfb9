"""How near images drawn from a model are to the data, as single images and all together."""

import numpy as np
from sklearn.decomposition import PCA

from keras_vae import random
from keras_vae._internal.backend import tf
from keras_vae.datasets.image_data import as_floats
from keras_vae.experiments.measures.class_measures import distance_to_images, flatten
from keras_vae.experiments.runs.evaluation import mean_and_error

BATCHES = 10
BATCH = 1000
COMPONENTS = 50
MEASURES = ("frechet_distance", "distance_from_nearest_images")


def draw_images(model, count, seed, counter=0, *, pixels):
    """Draws images from the model, with z from the prior.

    Arguments:
        model: Trained model.
        count: How many.
        pixels: Whether to draw pixels from p(x|z), as images have to be compared with binary ones;
            else its means, which are what the report shows.
        seed: Integer.
        counter: Number of the draw; each is independent of the others.

    Returns:
        Array of shape (count, height, width).
    """
    codes = model.sample_prior(count, random.stream(seed, random.GENERATION, 2 * counter))
    if not pixels:
        return model.decode(codes).mean().numpy()
    noise = random.stream(seed, random.GENERATION, 2 * counter + 1)
    return model.decode(codes).sample(seed=tf.cast(noise, tf.int32)).numpy()


def measure_samples(model, measure, seed, *, pixels):
    """Two distances of a model's draws from the training images.

    The Frechet distance, between Gaussians fitted to the principal components of draws and of
    images, sees what is missing or overly frequent among the draws. The squared distance of each
    draw from its nearest images, among the first `REFERENCE_IMAGES` of them, sees whether single
    draws look like images; for binary ones it is a number of pixels. Binary images are drawn pixel
    by pixel, of grey ones the means are measured, which are what a picture shows.

    Arguments:
        model: Trained model.
        measure: What `sample_measure` returns for the training images.
        seed: Integer.
        pixels: Whether the images are binary.

    Returns:
        Dictionary by `MEASURES` of means and standard errors; both are 0 or more, and lower is
        better.
    """
    trials = [
        measure(draw_images(model, BATCH, seed, index, pixels=pixels)) for index in range(BATCHES)
    ]
    return {name: mean_and_error(np.array([t[name] for t in trials])) for name in MEASURES}


def sample_measure(split):
    """Returns the function from images to a dictionary by `MEASURES`, against a `Split`."""
    flat = flatten(as_floats(split.pixels))
    pca = PCA(min(COMPONENTS, *flat.shape), svd_solver="covariance_eigh").fit(flat)
    reference = _moments(pca.transform(flat))
    nearest = distance_to_images(split)

    def measure(images):
        moments = _moments(pca.transform(flatten(images)))
        return {
            "frechet_distance": frechet_distance(*moments, *reference),
            "distance_from_nearest_images": float(nearest(images).mean()),
        }

    return measure


def frechet_distance(mean_a, covariance_a, mean_b, covariance_b):
    """`|m_a - m_b|^2 + tr(C_a + C_b - 2 (C_a C_b)^(1/2))` of two Gaussians.

    Arguments:
        mean_a: Array of shape (D,).
        covariance_a: Array of shape (D, D), as the next ones for the other Gaussian.
        mean_b: Array of shape (D,).
        covariance_b: Array of shape (D, D).

    Returns:
        Number of at least 0, the squared 2-Wasserstein distance.

    Reference: Dowson & Landau, "The Frechet distance between multivariate normal distributions",
    1982; Heusel et al. 2017, equation 6.
    """
    values, vectors = np.linalg.eigh(covariance_a)
    root = vectors * np.sqrt(np.clip(values, 0, None)) @ vectors.T
    shared = np.linalg.eigvalsh(root @ covariance_b @ root)
    overlap = np.sqrt(np.clip(shared, 0, None)).sum()
    distance = np.sum(np.subtract(mean_a, mean_b) ** 2)
    shape = np.trace(covariance_a) + np.trace(covariance_b) - 2 * overlap
    # Rounding leaves equal covariances a little below 0.
    return float(distance + max(shape, 0.0))


def _moments(codes):
    codes = codes.astype(np.float64)
    return codes.mean(axis=0), np.cov(codes, rowvar=False)

"""Images from the vampprior report's models (Figures 5, 8, 10): how near to the data they are."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure as Picture
from sklearn.decomposition import PCA

from keras_vae import random
from keras_vae._internal.backend import tf
from keras_vae._internal.files import JsonObject
from keras_vae.datasets import Split
from keras_vae.datasets.image_data import as_floats
from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.claims import Claim, Number, Reading
from keras_vae.experiments.figures.method_runs import Methods
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.measures.class_measures import distance_to_images, flatten
from keras_vae.experiments.reports.vampprior.figures import by_dataset, method_name
from keras_vae.experiments.reports.vampprior.pictures import (
    SIDE,
    draw_square,
    each_panel,
    first_trained,
)
from keras_vae.experiments.reports.vampprior.protocol import STANDARD_ERRORS, unmet_requirements
from keras_vae.experiments.runs.evaluation import Estimate, independent_difference, mean_and_error
from keras_vae.models import LatentVariableModel

BATCHES = 10
BATCH = 1000
COMPONENTS = 50
MEASURES = ("frechet_distance", "distance_from_nearest_images")
RULE = (
    "Both distances of generated images from the training images, of all together and of single "
    f"ones, are {{}} by at least {STANDARD_ERRORS} standard errors over draws; one trial of each. "
    "Binary pixels are drawn, of grey ones the means are taken."
)


def measure_generations(drawn: str) -> Callable[[Methods, Options], JsonObject]:
    """A figure's `measure`: images of one model to show, and the distances of every model's.

    Arguments:
        drawn: Name of the model whose images are shown.

    Returns:
        Function from (methods, options) to a dictionary of `distances` from `measure_samples`, by
        data set and by model, of the `images` to show, by method, and of the `methods`.
    """

    def measure(methods: Methods, options: Options) -> JsonObject:
        distances, images = {}, {}
        for dataset, by_model in by_dataset(methods).items():
            trained = {model: first_trained(method) for model, method in by_model.items()}
            _, data, _ = next(iter(trained.values()))
            distance, binary = sample_measure(data.train), data.binarize is not None
            distances[dataset] = {
                model: measure_samples(vae, distance, options.seed, pixels=binary)
                for model, (vae, *_) in trained.items()
            }
            vae, _, epochs = trained[drawn]
            means = draw_images(vae, SIDE**2, options.seed, pixels=False)
            images[method_name(dataset, drawn)] = {"epochs": epochs, "images": means}
        return {"distances": distances, "images": images, "methods": methods}

    return measure


def draw_generations(measured: JsonObject, options: Options) -> Picture:
    """Draws images from the prior, of one of the models."""
    figure, axes = plots.panels(len(measured["images"]), width=3.2, height=3.9)
    for axis, dataset, found in each_panel(axes, measured["images"]):
        draw_square(axis, found["images"], dataset)
    return figure


def caption_generations(measured: JsonObject, options: Options) -> str:
    """Which images are drawn."""
    return f"means of p(x|z) at codes from the prior, none left out, seed {options.seed}"


def record_generations(measured: JsonObject, options: Options) -> JsonObject:
    """The distances, by data set and by model."""
    return {"distances_from_the_data": measured["distances"]}


def sample_claim(
    measured: JsonObject,
    dataset: str,
    models: Sequence[str],
    holds: Callable[[dict[str, JsonObject]], bool | None],
    **described: Any,
) -> Claim:
    """A `Claim` about the distances on one data set.

    Arguments:
        measured: What a figure's `measure_generations` returns.
        dataset: Name of the data set.
        models: Names of the models whose runs it rests on.
        holds: Function from distances, by model, to whether its rule holds.
        **described: The claim's `id`, `statement`, `reported` and `rule`.
    """
    found = measured["distances"].get(dataset)
    return Claim(
        reported=described.pop("reported"),
        measured=_line(found),
        readings=[
            Reading(
                rule=described.pop("rule"),
                numbers={dataset: Number(found, "1; pixels")},
                holds=None if found is None else holds(found),
                unmet=unmet_requirements(dataset, by_dataset(measured["methods"]), models),
            )
        ],
        **described,
    )


def _line(found: dict[str, JsonObject] | None) -> str:
    """The Frechet distances, by model, in a line."""
    if found is None:
        return "not measured"
    means = ", ".join(
        f"{model} {of['frechet_distance']['mean']:.2f}" for model, of in found.items()
    )
    return f"Frechet distances: {means}"


def nearer(first: JsonObject, second: JsonObject) -> bool:
    """Whether one model's draws are nearer to the data than another's, by `measure_samples`."""
    farther = (independent_difference(first[name], second[name]) for name in MEASURES)
    return all(by["mean"] >= STANDARD_ERRORS * by["standard_error"] for by in farther)


def draw_images(
    model: LatentVariableModel, count: int, seed: int, counter: int = 0, *, pixels: bool
) -> np.ndarray:
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


def measure_samples(
    model: LatentVariableModel,
    measure: Callable[[np.ndarray], dict[str, float]],
    seed: int,
    *,
    pixels: bool,
) -> dict[str, Estimate]:
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


def sample_measure(split: Split) -> Callable[[np.ndarray], dict[str, float]]:
    """Returns the function from images to a dictionary by `MEASURES`, against a `Split`."""
    flat = flatten(as_floats(split.pixels))
    pca = PCA(min(COMPONENTS, *flat.shape), svd_solver="covariance_eigh").fit(flat)
    reference = _moments(pca.transform(flat))
    nearest = distance_to_images(split)

    def measure(images: np.ndarray) -> dict[str, float]:
        moments = _moments(pca.transform(flatten(images)))
        return {
            "frechet_distance": frechet_distance(*moments, *reference),
            "distance_from_nearest_images": float(nearest(images).mean()),
        }

    return measure


def frechet_distance(
    mean_a: np.ndarray, covariance_a: np.ndarray, mean_b: np.ndarray, covariance_b: np.ndarray
) -> float:
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


def _moments(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    codes = codes.astype(np.float64)
    return codes.mean(axis=0), np.cov(codes, rowvar=False)

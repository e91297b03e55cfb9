"""Images from the vampprior report's models (Figures 5, 8, 10): how near to the data they are.

Three distances of generated images from the training images are measured, for every trial. Binary
pixels are drawn, as images have to be compared with binary ones; grey ones are at their location,
which is what a picture shows, and beside it at their mean.
"""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.figure import Figure as Picture
from sklearn.decomposition import PCA

from keras_vae import random
from keras_vae._internal.backend import tf
from keras_vae._internal.files import JsonObject
from keras_vae.datasets import Split
from keras_vae.datasets.image_data import as_floats
from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.claims import Number, Reading, over_seeds
from keras_vae.experiments.figures.method_runs import Methods
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.measures.class_measures import (
    NEIGHBOURS,
    REFERENCE_IMAGES,
    distance_to_images,
    flatten,
)
from keras_vae.experiments.reports.vampprior import unmet_requirements
from keras_vae.experiments.reports.vampprior.figures import by_dataset, method_name
from keras_vae.experiments.reports.vampprior.pictures import (
    SIDE,
    draw_square,
    each_panel,
    first_trained,
    shown_images,
)
from keras_vae.models import LatentVariableModel

BATCHES = 10
BATCH = 1000
COMPONENTS = 50
HELD_OUT_QUANTILE = 0.95
DISTANCES = {
    "frechet_distance": "squared grey levels",
    "distance_from_nearest_images": "squared grey levels",
}
UNLIKE = "share_unlike_images"
NEAREST = f"the {NEIGHBOURS} nearest of the first {REFERENCE_IMAGES} training images"
UNLIKE_MEANS = (
    f"An image is unlike the data if its mean squared distance from {NEAREST} is above that of "
    "95 of 100 held-out images."
)
NEARER = (
    f"Of {BATCHES} times {BATCH} generated images, both distances from the training images are "
    "smaller with {better} than with {worse}, by two standard errors over seeds: the Frechet "
    f"distance of all together, in {COMPONENTS} principal components, and the mean squared "
    f"distance of single ones from {NEAREST}. Binary pixels are sampled, so that a squared "
    "distance counts pixels; grey ones are at their location."
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
            vae, data, epochs = first_trained(by_model[drawn])
            distance = sample_measure(data.train, data.test)
            distances[dataset] = {
                model: _columns(
                    [
                        measure_samples(trained, distance, seed, binary=data.binarize is not None)
                        for seed, (trained, _) in zip(
                            options.seeds, method.load_models(), strict=True
                        )
                    ]
                )
                for model, method in by_model.items()
            }
            codes = vae.sample_prior(SIDE**2, random.stream(options.seed, random.GENERATION))
            images[method_name(dataset, drawn)] = {
                "epochs": epochs,
                "images": shown_images(vae.decode(codes)),
            }
        return {"distances": distances, "images": images, "methods": methods}

    return measure


def _columns(trials: list[JsonObject]) -> JsonObject:
    """Nested dictionaries of one number a trial from one for each trial."""
    first = trials[0]
    if not isinstance(first, dict):
        return trials
    return {name: _columns([trial[name] for trial in trials]) for name in first}


def draw_generations(measured: JsonObject, options: Options) -> Picture:
    """Draws images from the prior, of one of the models."""
    figure, axes = plots.panels(len(measured["images"]), width=3.2, height=3.9)
    for axis, dataset, found in each_panel(axes, measured["images"]):
        draw_square(axis, found["images"], dataset)
    return figure


def caption_generations(measured: JsonObject, options: Options) -> str:
    """Which images are drawn."""
    return (
        "codes from the prior, none left out; binary pixels at the mean of p(x|z), grey ones at "
        f"its location; seed {options.seed}"
    )


def record_generations(measured: JsonObject, options: Options) -> JsonObject:
    """The distances, by data set and by model, lists of one number a trial."""
    return {"distances_from_the_data": measured["distances"]}


def nearer_reading(
    measured: JsonObject, datasets: Sequence[str], better: str, worse: Sequence[str], name: str = ""
) -> Reading:
    """That one model's images are nearer to the data than some others', on some data sets.

    Arguments:
        measured: What a figure's `measure_generations` returns.
        datasets: Names of the data sets.
        better: Name of the model.
        worse: Names of the others.
        name: The reading's name.
    """
    differences = {
        f"{dataset}, {other} - {better}, {measure.replace('_', ' ')}": _paired(
            measured["distances"].get(dataset), measure, other, better
        )
        for dataset in datasets
        for other in worse
        for measure in DISTANCES
    }
    return Reading(
        name,
        rule=NEARER.format(better=f"the {better}", worse=" and ".join(f"the {m}" for m in worse)),
        numbers={"difference": Number(differences, "squared grey levels", above=0.0)},
        unmet=unmet(measured, datasets, (better, *worse)),
    )


def _paired(
    by_model: JsonObject | None, measure: str, other: str, better: str
) -> JsonObject | None:
    if by_model is None:
        return None
    return over_seeds(np.subtract(by_model[other][measure], by_model[better][measure]))


def unmet(measured: JsonObject, datasets: Sequence[str], models: Sequence[str]) -> tuple[str, ...]:
    """What the runs of some models lack on some data sets."""
    runs = by_dataset(measured["methods"])
    return tuple(reason for name in datasets for reason in unmet_requirements(name, runs, models))


def unlike(measured: JsonObject, dataset: str, model: str) -> JsonObject | None:
    """The share of a model's images that are unlike the data, over seeds; None if not measured."""
    found = measured["distances"].get(dataset)
    return None if found is None else over_seeds(found[model][UNLIKE])


def line(measured: JsonObject, dataset: str) -> str:
    """The Frechet distances on a data set, by model, in a line."""
    found = measured["distances"].get(dataset)
    if found is None:
        return "not measured"
    means = {model: np.mean(of["frechet_distance"]) for model, of in found.items()}
    return "Frechet distances: " + ", ".join(f"{name} {mean:.2f}" for name, mean in means.items())


def measure_samples(
    model: LatentVariableModel,
    measure: Callable[[np.ndarray], dict[str, float]],
    seed: int,
    *,
    binary: bool,
) -> JsonObject:
    """Distances of a model's draws from the training images, averaged over `BATCHES` draws.

    The Frechet distance, between Gaussians fitted to the principal components of draws and of
    images, sees what is missing or overly frequent among the draws. The squared distance of each
    draw from its nearest images, among the first `REFERENCE_IMAGES` of them, sees whether single
    draws look like images; for binary ones it is a number of pixels.

    Arguments:
        model: Trained model.
        measure: What `sample_measure` returns for the training images.
        seed: Integer.
        binary: Whether the images are binary.

    Returns:
        Dictionary by measure, lower being better; of grey images with the same `of_means`.
    """
    found: dict[str, list[dict[str, float]]] = {}
    for index in range(BATCHES):
        stream = random.stream(seed, random.GENERATION, 2 * index)
        decoded = model.decode(model.sample_prior(BATCH, stream))
        if binary:
            noise = tf.cast(random.stream(seed, random.GENERATION, 2 * index + 1), tf.int32)
            images = {"": decoded.sample(seed=noise).numpy()}
        else:
            images = {"": shown_images(decoded), "of_means": decoded.mean().numpy()}
        for name, batch in images.items():
            found.setdefault(name, []).append(measure(batch))
    means = {
        name: {key: float(np.mean([of[key] for of in draws])) for key in draws[0]}
        for name, draws in found.items()
    }
    return {**means.pop(""), **means}


def sample_measure(train: Split, held_out: Split) -> Callable[[np.ndarray], dict[str, float]]:
    """Returns the function from images to a dictionary of distances from training images."""
    flat = flatten(as_floats(train.pixels))
    pca = PCA(min(COMPONENTS, *flat.shape), svd_solver="covariance_eigh").fit(flat)
    reference = _moments(pca.transform(flat))
    nearest = distance_to_images(train)
    usual = np.quantile(nearest(held_out.images[:BATCH]), HELD_OUT_QUANTILE)

    def measure(images: np.ndarray) -> dict[str, float]:
        moments, distances = _moments(pca.transform(flatten(images))), nearest(images)
        return {
            "frechet_distance": frechet_distance(*moments, *reference),
            "distance_from_nearest_images": float(distances.mean()),
            UNLIKE: float((distances > usual).mean()),
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

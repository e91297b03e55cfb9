"""Figure 2 (right): the Renyi bound, the log-likelihood, and how noisy its estimate is."""

import dataclasses
import functools

import numpy as np

from keras_vae.experiments.figures import plots
from keras_vae.experiments.reports.geometry.components import (
    error_line,
    mark_orders,
    position,
)
from keras_vae.experiments.reports.geometry.figures import by_latent_dim, flat_list
from keras_vae.experiments.reports.geometry.protocol import NUM_SAMPLES, order_of
from keras_vae.experiments.runs.batching import BATCH
from keras_vae.experiments.runs.evaluation import mean_and_error, without_images
from keras_vae.objectives import renyi_bound
from keras_vae.random import derive_seed

REPEATS = 5
NOISE_IMAGES = 500
# Apart from the noise with which runs are evaluated.
NOISE_SEED = 301


@dataclasses.dataclass(frozen=True)
class Bounds:
    """What one method's runs reach on the test set, one entry a trial.

    Attributes:
        bound: The bound that the run was trained on, with `NUM_SAMPLES` samples, on the images
            of the log-likelihood: dictionaries with `mean`, `standard_error` and `per_image`.
        log_likelihood: Dictionaries from `evaluate_log_likelihood`.
        noise: Arrays of shape (images,): the variance over `REPEATS` estimates of each image's
            log-likelihood, in squared nats.
        epochs: Epochs after which the weights of all of these were stored.
    """

    bound: list[dict]
    log_likelihood: list[dict]
    noise: list[np.ndarray]
    epochs: list[int]

    @property
    def gap(self):
        """log-likelihood - bound of each image, the mean over trials, in nats."""
        pairs = zip(self.log_likelihood, self.bound, strict=True)
        return np.mean([np.subtract(a["per_image"], b["per_image"]) for a, b in pairs], axis=0)

    @property
    def noise_level(self):
        """Standard deviation of an estimate over repetitions, in nats; one number a trial."""
        return [float(np.sqrt(variances.mean())) for variances in self.noise]

    def to_dict(self):
        """Returns all but the values per image as JSON-compatible values."""
        return {
            "renyi_bound": [without_images(one) for one in self.bound],
            "log_likelihood": [without_images(one) for one in self.log_likelihood],
            "gap": mean_and_error(self.gap),
            "standard_deviation_of_an_estimate": self.noise_level,
        }


def measure(method):
    """Measures the `Bounds` of one method; what is stored is not computed again.

    Arguments:
        method: `MethodRuns`.
    """
    trials = [_measure_trial(method, trial) for trial in range(len(method.specs))]
    bounds, noise = (list(column) for column in zip(*trials, strict=True))
    epochs = [method.kept_epochs()[-1], *(of["epochs"] for of in method.log_likelihood)]
    return Bounds(bounds, method.log_likelihood, noise, epochs)


def _measure_trial(method, trial):
    alpha, epochs = order_of(method.specs[trial]), method.kept_epochs()[-1]
    estimate = method.log_likelihood[trial]
    samples, images = estimate["num_samples"], estimate["images"]

    @functools.cache
    def loaded():
        model, data = method.load_model(trial)
        method.restore(model, trial, epochs)
        return model, data.test.images

    def bound():
        model, pixels = loaded()
        return estimate_bound(model, pixels[:images], alpha)

    def noise():
        model, pixels = loaded()
        return estimation_variance(model, pixels[:NOISE_IMAGES], samples)

    after = f"{epochs}_epochs"
    name = f"renyi_bound/{alpha:g}/{NUM_SAMPLES}_samples/{after}/{images}_images"
    noise_name = (
        f"estimation_variance/{samples}_samples/{REPEATS}_times/{after}/{NOISE_IMAGES}_images"
    )
    return (
        method.remembered(trial, name, bound),
        np.array(method.remembered(trial, noise_name, noise)),
    )


def measure_all(methods):
    """`Bounds` by number of latent dimensions and order."""
    return by_latent_dim({label: measure(runs) for label, runs in methods.items()}, methods)


def estimate_bound(model, images, alpha, num_samples=NUM_SAMPLES):
    """The Renyi bound on images, as JSON-compatible values.

    Arguments:
        model: Trained model.
        images: Array of shape (N, *image_shape).
        alpha: Order of the bound.
        num_samples: Samples of q per image.

    Returns:
        Dictionary with `mean`, `standard_error` and `per_image`, in nats.
    """

    values = []
    for start in range(0, len(images), BATCH):
        # Images that shared their noise would not be independent.
        seed = derive_seed(NOISE_SEED, start)
        weights = model.log_weights(images[start : start + BATCH], num_samples, seed)
        values.append(renyi_bound(weights, alpha).numpy())
    values = np.concatenate(values).astype(np.float64)
    return {**mean_and_error(values), "per_image": np.round(values, 4).tolist()}


def estimation_variance(model, images, num_samples, repeats=REPEATS):
    """How much importance-sampled log-likelihoods vary from one estimate to the next.

    Arguments:
        model: Trained model.
        images: Array of shape (N, *image_shape).
        num_samples: Importance samples per image and estimate.
        repeats: Number of estimates.

    Returns:
        List of N variances, in squared nats.
    """
    # One call for all of them: each compiles anew.
    again = np.tile(images, (repeats, *[1] * (images.ndim - 1)))
    values = model.log_likelihood(again, num_samples, seed=NOISE_SEED).reshape(repeats, -1)
    return np.round(values.var(axis=0, ddof=1), 8).tolist()


def draw_bounds(axis, bounds):
    """Draws bound and log-likelihood against alpha, and a band for the error over images.

    Arguments:
        axis: Matplotlib axes.
        bounds: What `measure_all` returns.
    """
    for index, (size, by_order) in enumerate(bounds.items()):
        for attribute, filled, name in (
            ("log_likelihood", True, "log p(x)"),
            ("bound", False, "bound"),
        ):
            trials = [getattr(one, attribute) for one in by_order.values()]
            means, errors = (
                np.array([[of[key] for of in column] for column in trials]).T
                for key in ("mean", "standard_error")
            )
            error_line(axis, by_order, means, f"k = {size}, {name}", index, filled=filled)
            middle, error = means.mean(axis=0), errors.mean(axis=0)
            axis.fill_between(
                [position(alpha, by_order) for alpha in by_order],
                middle - error,
                middle + error,
                color=plots.COLORS[index],
                alpha=0.08,
                linewidth=0,
            )
    axis.set(ylabel="Nats per test image")
    mark_orders(axis, bounds)
    axis.legend(fontsize=8)


def draw_noise(axis, bounds):
    """Draws the spread of an estimate over repetitions against alpha."""
    for index, (size, by_order) in enumerate(bounds.items()):
        levels = np.array([one.noise_level for one in by_order.values()]).T
        error_line(axis, by_order, levels, f"k = {size}", index)
    axis.set(ylabel="St. dev. of an estimate, nats", ylim=(0, None))
    mark_orders(axis, bounds)
    axis.legend(fontsize=8)


def caption(bounds, trials):
    """What the panels show, in words."""
    estimate = flat_list(bounds)[0].log_likelihood[0]
    bars = "; bars: lowest to highest trial" if trials > 1 else ""
    samples, images = estimate["num_samples"], estimate["images"]
    return (
        f"bound: {NUM_SAMPLES} samples; log p(x): {samples} samples; both "
        f"over {images} test images, bands: standard error over these, which all models share; "
        f"(c) {REPEATS} estimates of each of {NOISE_IMAGES} images{bars}"
    )

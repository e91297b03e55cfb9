"""Figure 2 (right): the Renyi bound, the log-likelihood, and how noisy its estimate is."""

import dataclasses
import functools

import numpy as np

from keras_vae.experiments.batching import in_batches
from keras_vae.experiments.evaluation import mean_and_error, without_images
from keras_vae.experiments.geometry_report.components import error_line
from keras_vae.experiments.geometry_report.figures import by_latent_dim
from keras_vae.experiments.geometry_report.protocol import NUM_SAMPLES, order_of
from keras_vae.objectives import renyi_bound

REPEATS = 5
NOISE_IMAGES = 200
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
    """

    bound: list[dict]
    log_likelihood: list[dict]
    noise: list[np.ndarray]

    @property
    def gap(self):
        """log-likelihood - bound, the mean over images and trials, in nats."""
        return float(np.mean(self._gaps()))

    @property
    def noise_level(self):
        """Standard deviation of an estimate over repetitions, in nats; one number a trial."""
        return [float(np.sqrt(variances.mean())) for variances in self.noise]

    def to_dict(self):
        """Returns all but the values per image as JSON-compatible values."""
        return {
            "renyi_bound": [without_images(one) for one in self.bound],
            "log_likelihood": [without_images(one) for one in self.log_likelihood],
            "gap": self._gaps(),
            "standard_deviation_of_an_estimate": self.noise_level,
        }

    def _gaps(self):
        pairs = zip(self.log_likelihood, self.bound, strict=True)
        return [estimate["mean"] - bound["mean"] for estimate, bound in pairs]


def measure(method):
    """Measures the `Bounds` of one method; what is stored is not computed again.

    Arguments:
        method: `MethodRuns`.
    """
    trials = [_measure_trial(method, trial) for trial in range(len(method.specs))]
    bounds, noise = (list(column) for column in zip(*trials, strict=True))
    return Bounds(bounds, method.log_likelihood, noise)


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
    noise_name = f"estimation_variance/{samples}_samples/{REPEATS}_times/{after}"
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

    def bound(batch):
        return renyi_bound(model.log_weights(batch, num_samples), alpha)

    values = np.concatenate(in_batches(bound, images)).astype(np.float64)
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
    """Draws bound and log-likelihood against alpha.

    Arguments:
        axis: Matplotlib axes.
        bounds: What `measure_all` returns.
    """
    for index, (size, by_order) in enumerate(bounds.items()):
        orders = [alpha for alpha in by_order if np.isfinite(alpha)]
        for attribute, filled, name in (
            ("log_likelihood", True, "log p(x)"),
            ("bound", False, "bound"),
        ):
            columns = [[of["mean"] for of in getattr(by_order[a], attribute)] for a in orders]
            means = np.array(columns).T
            error_line(axis, orders, means, f"k = {size}, {name}", index, filled=filled)
    axis.set(xlabel="α", ylabel="Nats per test image")
    axis.legend(fontsize=8)


def draw_noise(axis, bounds):
    """Draws the spread of an estimate over repetitions against alpha."""
    for index, (size, by_order) in enumerate(bounds.items()):
        orders = [alpha for alpha in by_order if np.isfinite(alpha)]
        levels = np.array([by_order[alpha].noise_level for alpha in orders]).T
        error_line(axis, orders, levels, f"k = {size}", index)
    axis.set(xlabel="α", ylabel="St. dev. of an estimate of log p(x), nats", ylim=(0, None))
    axis.legend(fontsize=8)


def caption(bounds):
    """What the panels show, in words."""
    estimate = next(iter(next(iter(bounds.values())).values())).log_likelihood[0]
    spread = max(
        one["standard_error"]
        for by_order in bounds.values()
        for found in by_order.values()
        for one in found.log_likelihood
    )
    return (
        f"bound: {NUM_SAMPLES} samples; log p(x): {estimate['num_samples']} samples; both over "
        f"{estimate['images']} test images, standard error over images up to {spread:.2f} nats; "
        f"(c) {REPEATS} estimates of each of {NOISE_IMAGES} images; bars: lowest to highest trial"
    )

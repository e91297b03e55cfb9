"""The Bernoulli formula of the vampprior report's public code, whose arguments are swapped.

That code hands prediction and data to its Bernoulli log-probability in swapped order, and clips the
data as if they were probabilities. A pixel predicted as y where x is 0 or 1 then counts
`(1 - |x - y|) log(1 - e) + |x - y| log e`, about -11.5 |x - y|, with e = 1e-5. It is the code's
training loss, and what its "log-likelihood" is made of: four samples, and the logarithm of the mean
of their *inverse* weights, with the sign turned.
"""

from __future__ import annotations

import numpy as np

from keras_vae import likelihoods
from keras_vae._internal.backend import keras, tf, tfp
from keras_vae.experiments.runs.evaluation import Estimate, mean_and_error
from keras_vae.models import LatentVariableModel
from keras_vae.objectives import IWAE

EPSILON = 1e-5
NUM_SAMPLES = 4
BATCH = 500
NAME = "swapped_bernoulli"


class SwappedArguments(tfp.distributions.Bernoulli):
    """A "Bernoulli" whose `log_prob` takes the data for the probability; it is not normalised."""

    def _log_prob(self, event: tf.Tensor) -> tf.Tensor:
        probability = tf.clip_by_value(tf.cast(event, self.dtype), EPSILON, 1 - EPSILON)
        predicted = self.probs_parameter()
        return predicted * tf.math.log(probability) + (1 - predicted) * tf.math.log1p(-probability)


@keras.saving.register_keras_serializable(package="keras_vae")
class SwappedBernoulli(likelihoods.Likelihood):
    """The Bernoulli head with the arguments of its log-probability swapped."""

    parameters = ("logits",)

    def make_distribution(self, logits: tf.Tensor) -> SwappedArguments:
        return SwappedArguments(logits=logits, dtype=logits.dtype)


def with_swapped_arguments(model: LatentVariableModel) -> LatentVariableModel:
    """A copy of a model, with the same weights, that is evaluated by the swapped formula."""
    copy = type(model).from_config({**model.get_config(), "likelihood": SwappedBernoulli()})
    copy.set_weights(model.get_weights())
    return copy


def evaluate_swapped(model: LatentVariableModel, images: np.ndarray) -> dict[str, Estimate]:
    """A trained model's printed "log-likelihood", by the swapped formula and by the right one.

    Arguments:
        model: Model with a Bernoulli likelihood.
        images: Binary images of shape (N, height, width).

    Returns:
        Dictionary of means and standard errors over the images: of the code's estimator under the
        swapped formula, of the importance-weighted bound with as many samples under it and under
        the right formula, and of the pixels' mean absolute error, summed over an image.
    """
    swapped = sample_log_weights(with_swapped_arguments(model), images)
    right = sample_log_weights(model, images)
    reconstructed = model.reconstruct(images, batch_size=BATCH)
    error = np.abs(np.asarray(reconstructed) - images).sum(axis=(1, 2))
    return {
        "as_the_code_estimates": mean_and_error(as_the_code_estimates(swapped)),
        "importance_weighted": mean_and_error(_log_mean_exp(swapped)),
        "right_formula": mean_and_error(_log_mean_exp(right)),
        "absolute_error_of_an_image": mean_and_error(error),
    }


def as_the_code_estimates(log_weights: np.ndarray) -> np.ndarray:
    """Minus the logarithm of the mean of inverse weights, shape (N,), of those of shape (K, N)."""
    return -_log_mean_exp(-log_weights)


def sample_log_weights(model: LatentVariableModel, images: np.ndarray) -> np.ndarray:
    """Log-weights of `NUM_SAMPLES` samples an image, shape (NUM_SAMPLES, N), in float64."""
    return np.asarray(model.log_weights(images, NUM_SAMPLES), np.float64)


def _log_mean_exp(log_weights: np.ndarray) -> np.ndarray:
    return IWAE(num_samples=len(log_weights)).bound(tf.constant(log_weights)).numpy()


# So that a run's spec can name it.
likelihoods.LIKELIHOODS[NAME] = SwappedBernoulli

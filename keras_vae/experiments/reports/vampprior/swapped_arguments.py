"""What the report's public code computed in the place of a Bernoulli log-likelihood.

It hands prediction and data to its Bernoulli log-probability in swapped order, and clips the data
as if they were probabilities. A pixel predicted as y where x is 0 or 1 then counts
`(1 - |x - y|) log(1 - e) + |x - y| log e`, about -11.5 |x - y|, with e = 1e-5. Its estimate from
four samples is the logarithm of the mean of their *inverse* weights, with the sign turned. The
same term is its training loss; our models are trained on the right one, so that this shows what
the formula makes of a good model, and not what that code's own models were like.
"""

import numpy as np

from keras_vae._internal.backend import keras, tf, tfp
from keras_vae.experiments.runs.batching import in_batches
from keras_vae.experiments.runs.evaluation import mean_and_error
from keras_vae.likelihoods import Bernoulli
from keras_vae.objectives import IWAE

tfd = tfp.distributions
EPSILON = 1e-5
NUM_SAMPLES = 4


class SwappedArguments(tfd.Bernoulli):
    """A "Bernoulli" whose `log_prob` takes the data for the probability; it is not normalised."""

    def _log_prob(self, event):
        probability = tf.clip_by_value(tf.cast(event, self.dtype), EPSILON, 1 - EPSILON)
        predicted = self.probs_parameter()
        return predicted * tf.math.log(probability) + (1 - predicted) * tf.math.log1p(-probability)


@keras.saving.register_keras_serializable(package="keras_vae")
class SwappedBernoulli(Bernoulli):
    """The Bernoulli head with the arguments of its log-probability swapped."""

    def make_distribution(self, logits):
        return SwappedArguments(logits=logits, dtype=logits.dtype)


def with_swapped_arguments(model):
    """A copy of a model, with the same weights, that is evaluated by the swapped formula."""
    config = model.get_config()
    config["likelihood"] = keras.saving.serialize_keras_object(SwappedBernoulli())
    copy = type(model).from_config(config)
    copy.set_weights(model.get_weights())
    return copy


def evaluate(model, images):
    """A trained model's printed "log-likelihood", by the swapped formula and by the right one.

    Arguments:
        model: Model with a Bernoulli likelihood.
        images: Binary images of shape (N, height, width).

    Returns:
        Dictionary of means and standard errors over the images: of the code's estimator under the
        swapped formula, of the importance-weighted bound with as many samples under it and under
        the right formula, and of the pixels' mean absolute error, summed over an image.
    """
    swapped = _log_weights(with_swapped_arguments(model), images)
    right = _log_weights(model, images)
    reconstructed = np.concatenate(in_batches(model.reconstruct, images))
    error = np.abs(reconstructed - images).sum(axis=(1, 2))
    return {
        "as_the_code_estimates": mean_and_error(-_log_mean_exp(-swapped)),
        "importance_weighted": mean_and_error(_log_mean_exp(swapped)),
        "right_formula": mean_and_error(_log_mean_exp(right)),
        "absolute_error_of_an_image": mean_and_error(error),
    }


def _log_weights(model, images):
    parts = in_batches(lambda part: model.log_weights(part, NUM_SAMPLES), images)
    return np.concatenate(parts, axis=1).astype(np.float64)


def _log_mean_exp(log_weights):
    return IWAE(num_samples=len(log_weights)).bound(tf.constant(log_weights)).numpy()

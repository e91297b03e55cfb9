"""The held-out log-likelihood by importance sampling, in chunks that fit in memory."""

import numpy as np
import tensorflow as tf

IMAGES_PER_CHUNK = 100
SAMPLES_PER_CHUNK = 50


def log_likelihood(model, images, num_samples, seed):
    """`log 1/K sum_k w_k` with a running log-sum-exp over chunks of samples.

    Arguments:
        model: A `LatentVariableModel`.
        images: float32 array of shape (batch, *image_shape).
        num_samples: Number of samples K.
        seed: Integer tensor of shape (2,).

    Returns:
        float64 array of shape (batch,), in nats.
    """

    @tf.function(jit_compile=True)
    def log_sum_weights(batch, samples, counter):
        noise = tf.random.experimental.stateless_fold_in(seed, counter, alg="philox")
        terms = model.log_terms(batch, samples, noise, training=False)
        return tf.reduce_logsumexp(terms.log_weights(), axis=0)

    chunk = min(SAMPLES_PER_CHUNK, num_samples)
    sizes = [chunk] * (num_samples // chunk)
    if num_samples % chunk:
        sizes.append(num_samples % chunk)
    width = min(IMAGES_PER_CHUNK, len(images))
    estimates = []
    for start in range(0, len(images), width):
        batch = images[start : start + width]
        # Padding keeps one shape, and so one compilation.
        padded = np.concatenate([batch, np.repeat(batch[:1], width - len(batch), axis=0)])
        total = np.full(width, -np.inf)
        for index, size in enumerate(sizes):
            counter = tf.constant(start * len(sizes) + index, tf.int64)
            total = np.logaddexp(total, log_sum_weights(padded, size, counter).numpy())
        estimates.append(total[: len(batch)] - np.log(num_samples))
    return np.concatenate(estimates)

"""The held-out log-likelihood by importance sampling, in chunks that fit in memory."""

import math

import keras
import numpy as np
import tensorflow as tf

MEMORY_BUDGET = 128 * 2**20
IMAGES_PER_CHUNK = 100
# Parameters, density and what lies between, as float32, for each pixel of each decoded image.
BYTES_PER_PIXEL = 8 * 4


def log_likelihood(model, images, num_samples, seed, memory_budget=MEMORY_BUDGET, verbose=0):
    """`log 1/K sum_k w_k` with a running log-sum-exp over chunks of samples.

    Arguments:
        model: A `LatentVariableModel`.
        images: float32 array of shape (batch, *image_shape).
        num_samples: Number of samples K.
        seed: Integer tensor of shape (2,).
        memory_budget: Bytes that decoded images may take, about; what the model itself needs
            comes on top.
        verbose: 1 shows a progress bar, 0 none.

    Returns:
        float64 array of shape (batch,), in nats.
    """

    @tf.function(jit_compile=True)
    def log_sum_weights(batch, samples, counter):
        noise = tf.random.experimental.stateless_fold_in(seed, counter, alg="philox")
        terms = model.log_terms(batch, samples, noise, training=False)
        return tf.reduce_logsumexp(terms.log_weights(), axis=0)

    width, sizes = chunk_sizes(len(images), math.prod(images.shape[1:]), num_samples, memory_budget)
    starts = range(0, len(images), width)
    progress = keras.utils.Progbar(len(starts) * len(sizes), verbose=verbose, unit_name="chunk")
    estimates = []
    for start in starts:
        batch = images[start : start + width]
        # Padding keeps one shape, and so one compilation.
        padded = np.concatenate([batch, np.repeat(batch[:1], width - len(batch), axis=0)])
        total = np.full(width, -np.inf)
        for index, size in enumerate(sizes):
            counter = tf.constant(start * len(sizes) + index, tf.int64)
            total = np.logaddexp(total, log_sum_weights(padded, size, counter).numpy())
            progress.add(1)
        estimates.append(total[: len(batch)] - np.log(num_samples))
    return np.concatenate(estimates)


def chunk_sizes(num_images, pixels, num_samples, memory_budget=MEMORY_BUDGET):
    """How images and samples are divided so that a chunk fits in memory.

    Arguments:
        num_images: Number of images.
        pixels: Pixels of each.
        num_samples: Samples for each image.
        memory_budget: Bytes that the decoded images of a chunk may take.

    Returns:
        The number of images in a chunk, and a list of numbers of samples that add up to
        `num_samples`, all but the last one equal.
    """
    decoded = max(1, memory_budget // (pixels * BYTES_PER_PIXEL))
    width = min(IMAGES_PER_CHUNK, num_images, decoded)
    chunk = min(num_samples, decoded // width)
    # A smaller last chunk costs a second compilation, which a slightly smaller one avoids.
    even = next(size for size in range(chunk, 0, -1) if num_samples % size == 0)
    chunk = even if 2 * even > chunk else chunk
    whole, rest = divmod(num_samples, chunk)
    return width, [chunk] * whole + [rest] * (rest > 0)

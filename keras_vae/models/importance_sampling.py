"""The held-out log-likelihood by importance sampling, in chunks that fit in memory."""

from __future__ import annotations

import math
import warnings
import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_vae._internal.backend import keras, tf

if TYPE_CHECKING:
    from keras_vae.models import LatentVariableModel
    from keras_vae.models.base import Images

MEMORY_BUDGET = 128 * 2**20
IMAGES_PER_CHUNK = 100
# Parameters, density and what lies between, as float32, for each pixel of each decoded image.
BYTES_PER_PIXEL = 8 * 4
# An estimate from n effective samples is about 1 / sqrt(n) nats off.
FEW_EFFECTIVE_SAMPLES = 10
TOLERATED_SHARE = 0.1
# Who asks for fewer wants a bound of that many samples.
FEWEST_TO_WARN_OF = 100
# By model: its layers, and compiled functions by the shapes that they take.
_compiled: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()


def log_likelihood(
    model: LatentVariableModel,
    images: Images,
    num_samples: int,
    seed: tf.Tensor,
    memory_budget: int = MEMORY_BUDGET,
    verbose: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """`log 1/K sum_k w_k` with running log-sum-exps over chunks of samples.

    Arguments:
        model: A `LatentVariableModel`.
        images: float32 array of shape (batch, *image_shape).
        num_samples: Number of samples K.
        seed: Integer tensor of shape (2,).
        memory_budget: Bytes that decoded images may take, about; what the model itself needs
            comes on top.
        verbose: 1 shows a progress bar, 0 none.

    Returns:
        Two float64 arrays of shape (batch,): the estimates, in nats, and Kish's effective sample
        sizes `(sum_k w_k)^2 / sum_k w_k^2`, between 1 and K.
    """
    width, sizes = chunk_sizes(len(images), math.prod(images.shape[1:]), num_samples, memory_budget)
    starts = range(0, len(images), width)
    progress = keras.utils.Progbar(len(starts) * len(sizes), verbose=verbose, unit_name="chunk")
    estimates, effective = [], []
    for start in starts:
        batch = images[start : start + width]
        # Padding keeps one shape, and so one compilation.
        padded = np.concatenate([batch, np.repeat(batch[:1], width - len(batch), axis=0)])
        totals = np.full((2, width), -np.inf)
        for index, size in enumerate(sizes):
            counter = tf.constant(start * len(sizes) + index, tf.int64)
            log_sums = _log_sums(model, padded.shape, size)
            totals = np.logaddexp(totals, log_sums(padded, seed, counter))
            progress.add(1)
        log_sum, log_sum_of_squares = totals[:, : len(batch)]
        estimates.append(log_sum - np.log(num_samples))
        effective.append(np.exp(2 * log_sum - log_sum_of_squares))
    return np.concatenate(estimates), np.concatenate(effective)


def _log_sums(
    model: LatentVariableModel, shape: Sequence[int], num_samples: int
) -> Callable[..., list[tf.Tensor]]:
    """A compiled function from images of a shape, a seed and a counter to sums of weights.

    It is compiled once a model. A model whose layers were replaced has other functions.
    """
    layers = [value for value in vars(model).values() if isinstance(value, keras.layers.Layer)]
    if model not in _compiled or _compiled[model][0] != layers:
        _compiled[model] = layers, {}
    functions = _compiled[model][1]
    if (shape, num_samples) not in functions:
        functions[shape, num_samples] = _compile(weakref.ref(model), num_samples)
    return functions[shape, num_samples]


def _compile(model: Callable[[], Any], num_samples: int) -> Callable[..., list[tf.Tensor]]:
    # A function that referred to the model itself would keep it alive.
    @tf.function(jit_compile=True)
    def log_sums(batch: tf.Tensor, seed: tf.Tensor, counter: tf.Tensor) -> list[tf.Tensor]:
        noise = tf.random.experimental.stateless_fold_in(seed, counter, alg="philox")
        log_weights = model().log_terms(batch, num_samples, noise, training=False).log_weights()
        return [tf.reduce_logsumexp(power * log_weights, axis=0) for power in (1.0, 2.0)]

    return log_sums


def warn_of_few_effective_samples(effective: np.ndarray, num_samples: int) -> None:
    """Warns if, for many images, a few of the samples carry nearly all of the weight.

    Arguments:
        effective: Array of shape (batch,): effective sample sizes.
        num_samples: Number of samples that were drawn for each image.
    """
    share = np.mean(np.less(effective, FEW_EFFECTIVE_SAMPLES))
    if num_samples >= FEWEST_TO_WARN_OF and share > TOLERATED_SHARE:
        warnings.warn(
            f"For {share:.0%} of the images, {num_samples} samples are worth fewer than "
            f"{FEW_EFFECTIVE_SAMPLES}: their log-likelihoods may be too low by tenths of a nat or "
            "more. See `return_effective_sample_size`; more samples help a little, a better "
            "posterior much.",
            RuntimeWarning,
            stacklevel=3,
        )


def chunk_sizes(
    num_images: int, pixels: int, num_samples: int, memory_budget: int = MEMORY_BUDGET
) -> tuple[int, list[int]]:
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

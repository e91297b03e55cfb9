"""What models compile: many training steps as one XLA computation, and importance sampling.

The held-out log-likelihood is sampled in chunks that fit in memory.
"""

from __future__ import annotations

import functools
import math
import warnings
import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_vae._internal.backend import keras, tf

if TYPE_CHECKING:
    from keras_vae.models.inference import Data, Inference

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
    model: Inference,
    images: Data,
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
    model: Inference, shape: Sequence[int], num_samples: int
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


# What a training step returns: running means by name.
Logs = dict[str, tf.Tensor]


def fused_train_function(
    train_step: Callable[[Any], Logs], steps: int
) -> Callable[[tf.data.Iterator], Logs]:
    """Returns what `keras.Model.fit` calls once for `steps` training steps.

    Keras launches each compiled step by itself. One computation for all of them saves that
    launch and lets XLA keep the weights where they are from step to step. Batches are gathered
    first, so that `steps` of them are in memory at once. Where fewer are left, or their sizes
    differ, each step is launched by itself; the numbers are the same either way.

    Arguments:
        train_step: Function from a batch without labels to a dictionary of scalar tensors.
        steps: Number of steps, at least 2.

    Returns:
        Function from a `tf.data.Iterator` to the last step's dictionary. It raises
        `tf.errors.OutOfRangeError` where the iterator is at its end.
    """
    compiled = functools.partial(tf.function, jit_compile=True, autograph=False)

    @functools.partial(tf.function, autograph=False)
    def train_function(iterator: tf.data.Iterator) -> Logs:
        first = _without_labels(next(iterator))
        batches, sizes, count = _gather(iterator, tf.nest.flatten(first), steps)

        @functools.partial(compiled, reduce_retracing=True)
        def one_step(parts: list[tf.Tensor]) -> Logs:
            return train_step(tf.nest.pack_sequence_as(first, parts))

        def logs_of(shapes: list[tf.TensorShape]) -> Logs:
            specs = [
                tf.TensorSpec(shape, batch.dtype)
                for shape, batch in zip(shapes, batches, strict=True)
            ]
            return one_step.get_concrete_function(specs).structured_outputs

        @compiled
        def fused_steps(stacked: list[tf.Tensor]) -> Logs:
            shapes = [part.shape[1:] for part in stacked]
            return _loop(lambda i: one_step([part[i] for part in stacked]), steps, logs_of(shapes))

        alike = tf.reduce_all(sizes.stack() == sizes.read(0))
        return tf.cond(
            alike & (count == steps),
            lambda: fused_steps([batch.stack() for batch in batches]),
            lambda: _loop(
                lambda i: one_step([batch.read(i) for batch in batches]),
                count,
                logs_of([batch.element_shape for batch in batches]),
            ),
        )

    return train_function


def _loop(step: Callable[[tf.Tensor], Logs], count: int | tf.Tensor, logs: Logs) -> Logs:
    """Calls `step(i)` for i = 0 ... count - 1, and returns what the last returns.

    The loop begins with zeros in the place of `logs`: a step outside it would be compiled too.
    """
    nothing = tf.nest.map_structure(lambda log: tf.zeros(log.shape, log.dtype), logs)
    _, logs = tf.while_loop(
        lambda i, logs: i < count,
        lambda i, logs: (i + 1, step(i)),
        (0, nothing),
    )
    return logs


def _gather(
    iterator: tf.data.Iterator, first: list[tf.Tensor], steps: int
) -> tuple[list[tf.TensorArray], tf.TensorArray, tf.Tensor]:
    """Takes batches after the first, `steps` in all; returns them, their sizes and their number."""
    batches = [
        tf.TensorArray(
            part.dtype, steps, element_shape=part.shape, infer_shape=False, clear_after_read=False
        )
        for part in first
    ]
    sizes = tf.TensorArray(tf.int32, steps, element_shape=(), clear_after_read=False)

    def put(
        i: tf.Tensor, parts: list[tf.Tensor], batches: list[tf.TensorArray], sizes: tf.TensorArray
    ) -> tuple[list[tf.TensorArray], tf.TensorArray]:
        written = [batch.write(i, part) for batch, part in zip(batches, parts, strict=True)]
        return written, sizes.write(i, tf.shape(parts[0])[0])

    def more(
        i: tf.Tensor,
        batch: tf.experimental.Optional,
        batches: list[tf.TensorArray],
        sizes: tf.TensorArray,
    ) -> tf.Tensor:
        return (i < steps) & batch.has_value()

    def take(
        i: tf.Tensor,
        batch: tf.experimental.Optional,
        batches: list[tf.TensorArray],
        sizes: tf.TensorArray,
    ) -> tuple[tf.Tensor, tf.experimental.Optional, list[tf.TensorArray], tf.TensorArray]:
        parts = tf.nest.flatten(_without_labels(batch.get_value()))
        batches, sizes = put(i, parts, batches, sizes)
        following = tf.cond(i + 1 < steps, iterator.get_next_as_optional, lambda: batch)
        return i + 1, following, batches, sizes

    count, _, batches, sizes = tf.while_loop(
        more, take, (1, iterator.get_next_as_optional(), *put(0, first, batches, sizes))
    )
    return batches, sizes, count


def _without_labels(batch: Any) -> Any:
    """A batch's items, and their weights where they have some, with which the labels go."""
    x, _, weights = keras.utils.unpack_x_y_sample_weight(batch)
    return x if weights is None else (x, weights, weights)

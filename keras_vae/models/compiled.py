"""What models compile: many training steps as one XLA computation, and importance sampling.

The held-out log-likelihood is sampled in chunks that fit in memory.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import functools
import math
import threading
import warnings
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_vae import posteriors, random
from keras_vae._internal import backend
from keras_vae._internal.backend import keras, tf
from keras_vae.models import xla

if TYPE_CHECKING:
    from keras_vae.models.inference import Inference
    from keras_vae.models.inputs import Data

MEMORY_BUDGET = 128 * 2**20
# Parameters, density and what lies between, as float32, for each pixel of each decoded image.
BYTES_PER_PIXEL = 8 * 4
# Of a chunk, so that its decoded images stay in a processor's cache.
CHUNK_BYTES, CHUNK_ROWS = 16 * 2**20, 500
# Latent codes are small: those of so many samples are drawn together.
SAMPLES_PER_BLOCK = 5000
# Of one call of a compiled function, which costs a millisecond or two by itself.
ROWS_PER_CALL = 20_000
# An estimate from n effective samples is about 1 / sqrt(n) nats off.
FEW_EFFECTIVE_SAMPLES = 10
TOLERATED_SHARE = 0.1
# Who asks for fewer wants a bound of that many samples.
FEWEST_TO_WARN_OF = 100
# By model: its layers, and compiled functions by how they divide samples and images.
_compiled: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()
_falling_back = threading.Lock()


@dataclasses.dataclass(frozen=True)
class Blocks:
    """How samples and images are divided: into blocks that draw noise of their own.

    Of these numbers only `chunk` depends on the memory budget, so that the noise does not.

    Attributes:
        images: Data of a block: several where few samples of each are wanted.
        samples: Samples of each of them.
        draws: Blocks for the same images, which together have all samples, or more.
        chunk: Samples of each image that are decoded at a time.
    """

    images: int
    samples: int
    draws: int
    chunk: int

    @classmethod
    def of(cls, num_samples: int, pixels: int, memory_budget: int = MEMORY_BUDGET) -> Blocks:
        """The blocks for a number of samples of images of so many pixels.

        Arguments:
            num_samples: Number of samples for each image.
            pixels: Pixels of an image.
            memory_budget: Bytes that the decoded images of a chunk may take; one sample of each
                image of a block is decoded in any case, which takes `CHUNK_BYTES` or one image.
        """
        rows = min(CHUNK_ROWS, max(1, CHUNK_BYTES // (pixels * BYTES_PER_PIXEL)))
        draws = math.ceil(num_samples / SAMPLES_PER_BLOCK)
        samples = math.ceil(num_samples / draws)
        images = max(1, rows // samples)
        fitting = min(rows, memory_budget // (pixels * BYTES_PER_PIXEL)) // images
        chunks = math.ceil(samples / max(1, fitting))
        return cls(images, samples, draws, chunk=math.ceil(samples / chunks))


def log_likelihood(
    model: Inference,
    images: Data,
    num_samples: int,
    seed: tf.Tensor,
    memory_budget: int = MEMORY_BUDGET,
    verbose: int = 0,
    **given: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """`log 1/K sum_k w_k`, block by block.

    Several blocks are computed side by side, since a chunk of one is too small for many cores.

    Arguments:
        model: A `LatentVariableModel`.
        images: Array of shape (batch, *event_shape), of the type in which densities are computed.
        num_samples: Number of samples K.
        seed: Integer tensor of shape (2,).
        memory_budget: Bytes that decoded images may take, about; what the model itself needs
            comes on top. The numbers are the same for each.
        verbose: 1 shows a progress bar, 0 none.
        **given: Further arguments of `log_terms`, an entry an item: the mask of missing values,
            conditions.

    Returns:
        Two float64 arrays of shape (batch,): the estimates, in nats, and Kish's effective sample
        sizes `(sum_k w_k)^2 / sum_k w_k^2`, between 1 and K.
    """
    threads = 1 if backend.gpus() else backend.threads()
    blocks = Blocks.of(num_samples, math.prod(images.shape[1:]), memory_budget // threads)
    log_sums = _log_sums(model, num_samples, blocks)
    padded = {name: _in_blocks(data, blocks) for name, data in {"x": images, **given}.items()}
    # A block's number gives its noise, and its images.
    count = len(padded["x"]) * blocks.draws
    per_call = max(1, ROWS_PER_CALL // (blocks.images * blocks.samples))
    starts = range(0, count, per_call)

    def call(start: int) -> np.ndarray:
        numbers = np.minimum(np.arange(start, start + per_call), count - 1)
        there = tf.constant(min(per_call, count - start))
        first = tf.constant(start, tf.int64)
        data = {name: part[numbers // blocks.draws] for name, part in padded.items()}
        return log_sums(data, seed, first, there)

    progress = keras.utils.Progbar(len(starts), verbose=verbose, unit_name="chunk")
    parts = []
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        for part in pool.map(call, starts):
            parts.append(part)
            progress.add(1)
    sums = np.concatenate(parts)[:count].reshape(-1, blocks.draws, 2, blocks.images)
    totals = np.logaddexp.reduce(sums.astype(float), axis=1).swapaxes(0, 1)
    log_sum, log_sum_of_squares = totals.reshape(2, -1)[:, : len(images)]
    return log_sum - np.log(num_samples), np.exp(2 * log_sum - log_sum_of_squares)


def _in_blocks(data: np.ndarray, blocks: Blocks) -> np.ndarray:
    """Data of shape (blocks, images of a block, *event_shape), the last block filled up."""
    padding = np.repeat(data[:1], -len(data) % blocks.images, axis=0)
    return np.concatenate([data, padding]).reshape(-1, blocks.images, *data.shape[1:])


def _log_sums(model: Inference, num_samples: int, blocks: Blocks) -> Callable[..., np.ndarray]:
    """`_compile`'s function, made once a model. One whose layers were replaced has another.

    Where XLA refuses a model, its function is made without XLA, once as well.
    """
    layers = [value for value in vars(model).values() if isinstance(value, keras.layers.Layer)]
    if model not in _compiled or _compiled[model][0] != layers:
        _compiled[model] = layers, {}
    functions, key, reference = _compiled[model][1], (num_samples, blocks), weakref.ref(model)
    if key not in functions:
        functions[key] = _compile(reference, *key)

    def log_sums(*arguments: Any) -> np.ndarray:
        function = functions[key]
        try:
            return function(*arguments).numpy()
        except xla.ERRORS as error:
            words = xla.refusal(error)
            if words is None:
                raise
        with _falling_back:
            # Several blocks at once are refused.
            if functions[key] is function:
                said = f"{words} Its log-likelihood is evaluated without XLA."
                warnings.warn(said, RuntimeWarning, stacklevel=2)
                functions[key] = _compile(reference, *key, jit=False)
        return functions[key](*arguments).numpy()

    return log_sums


def _compile(
    model: Callable[[], Any], num_samples: int, blocks: Blocks, jit: bool = True
) -> Callable[..., tf.Tensor]:
    """A compiled function that sums weights, and their squares, over the samples of some blocks.

    It takes a dictionary of images `x`, of shape (blocks, images of a block, *event_shape), and of
    their mask and conditions, if there are any; a seed, the number of the first block, and how many
    of the blocks to compute. It returns logarithms, of shape (blocks, 2, images of a block). A
    function that referred to the model itself would keep it alive. Without XLA, the noise
    is different.
    """
    normal = random.xla_normal if jit else random.normal

    @functools.partial(tf.function, jit_compile=jit, autograph=False)
    def log_sums(
        data: dict[str, tf.Tensor], seed: tf.Tensor, first: tf.Tensor, count: tf.Tensor
    ) -> tf.Tensor:
        def block(i: tf.Tensor, done: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            number = first + tf.cast(i, tf.int64)
            noise = tf.random.experimental.stateless_fold_in(seed, number, alg="philox")
            of_block = {name: part[i] for name, part in data.items()}
            weights = _block_log_weights(model(), of_block, noise, blocks, normal)
            sample = tf.range(weights.shape[0], dtype=tf.int64)
            left = num_samples - number % blocks.draws * blocks.samples
            wanted = (sample < blocks.samples) & (sample < left)
            weights = tf.where(wanted[:, None], weights, -math.inf)
            sums = tf.stack([tf.reduce_logsumexp(power * weights, axis=0) for power in (1.0, 2.0)])
            return i + 1, tf.tensor_scatter_nd_update(done, [[i]], sums[None])

        nothing = tf.zeros((data["x"].shape[0], 2, blocks.images), data["x"].dtype)
        return tf.while_loop(lambda i, _: i < count, block, (0, nothing))[1]

    return log_sums


def _block_log_weights(
    model: Inference,
    data: dict[str, tf.Tensor],
    seed: tf.Tensor,
    blocks: Blocks,
    normal: Callable[..., tf.Tensor],
) -> tf.Tensor:
    """Log-weights, chunk by chunk, of one block's samples and of what fills up the last chunk.

    The noise of all chunks is drawn at once, so that it does not depend on their number.
    """
    images = data["x"]
    given = {name: part for name, part in data.items() if name != "x"}
    chunks = math.ceil(blocks.samples / blocks.chunk)
    padding = ((0, chunks * blocks.chunk - blocks.samples), (0, 0), (0, 0))
    shape = (chunks, blocks.chunk, blocks.images)
    seeds = tf.random.experimental.stateless_split(seed, len(model.latent_dims), alg="philox")
    noise = []
    for size, level_seed in zip(model.latent_dims, tf.unstack(seeds), strict=True):
        drawn = normal((blocks.samples, blocks.images, size), level_seed)
        noise.append(tf.reshape(tf.pad(drawn, padding), (*shape, size)))

    def chunk(i: tf.Tensor, done: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        other = tf.random.experimental.stateless_fold_in(seed, i, alg="philox")
        part = posteriors.Drawn(tuple(level[i] for level in noise), other)
        terms = model.log_terms(images, blocks.chunk, part, training=False, **given)
        weights = terms.log_weights()
        return i + 1, tf.tensor_scatter_nd_update(done, [[i]], tf.cast(weights, done.dtype)[None])

    nothing = tf.zeros(shape, images.dtype)
    _, weights = tf.while_loop(lambda i, _: i < chunks, chunk, (0, nothing))
    return tf.reshape(weights, (-1, blocks.images))


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


# What a training step returns: running means by name.
Logs = dict[str, tf.Tensor]
# What Keras' `fit` calls with an iterator of batches.
TrainFunction = Callable[[Any], Logs]


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


def for_tf_data(train_function: TrainFunction, otherwise: Any) -> TrainFunction:
    """`train_function` for `tf.data` iterators; `train_on_batch` hands over a generator."""

    def choose(iterator: Any) -> Any:
        return (train_function if isinstance(iterator, tf.data.Iterator) else otherwise)(iterator)

    return choose


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
    pack = keras.utils.pack_x_y_sample_weight
    return pack(x) if weights is None else (x, weights, weights)

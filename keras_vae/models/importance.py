"""Importance sampling of the held-out log-likelihood, compiled, in chunks that fit in memory."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import functools
import math
import threading
import warnings
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

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
# A function from a model, data, the number of samples, their noise, and what else is given an item
# each, to log-weights of shape (num_samples, batch).
LogWeights: TypeAlias = Callable[..., "tf.Tensor"]
# By model: its layers, and the functions that are compiled for them.
_compiled: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()
_making, _falling_back = threading.Lock(), threading.Lock()


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


def of_posterior(
    model: Inference, x: tf.Tensor, num_samples: int, noise: posteriors.Drawn, **given: tf.Tensor
) -> tf.Tensor:
    """Log importance weights of samples of q(z|x), shape (num_samples, batch), in nats."""
    return model.log_terms(x, num_samples, noise, training=False, **given).log_weights()


def log_likelihood(
    model: Inference,
    images: Data,
    num_samples: int,
    seed: tf.Tensor,
    memory_budget: int = MEMORY_BUDGET,
    verbose: int = 0,
    log_weights: LogWeights = of_posterior,
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
        log_weights: What draws the samples and gives their log-weights.
        **given: Further arguments of it, an entry an item, such as conditions.

    Returns:
        Two float64 arrays of shape (batch,): the estimates, in nats, and Kish's effective sample
        sizes `(sum_k w_k)^2 / sum_k w_k^2`, between 1 and K.
    """
    threads = 1 if backend.gpus() else backend.threads()
    blocks = Blocks.of(num_samples, math.prod(images.shape[1:]), memory_budget // threads)
    log_sums = _log_sums(model, num_samples, blocks, log_weights)
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


def function_of(
    model: Inference, key: Any, make: Callable[[Callable[[], Any]], Callable[..., Any]]
) -> Callable[..., Any]:
    """What `make` returns, made once a model. One whose layers were replaced has another.

    Arguments:
        model: A `LatentVariableModel`.
        key: What names the function.
        make: Function from a weak reference to the model, which a function that referred to the
            model itself would keep alive, to a compiled function.
    """
    layers = [value for value in vars(model).values() if isinstance(value, keras.layers.Layer)]
    with _making:
        if model not in _compiled or _compiled[model][0] != layers:
            _compiled[model] = layers, {}
        functions = _compiled[model][1]
        if key not in functions:
            functions[key] = make(weakref.ref(model))
        return functions[key]


def _log_sums(
    model: Inference, num_samples: int, blocks: Blocks, log_weights: LogWeights
) -> Callable[..., np.ndarray]:
    """`_compile`'s function. Where XLA refuses a model, its function is made without XLA, once."""
    key = (num_samples, blocks, log_weights)
    function_of(model, key, lambda reference: _compile(reference, *key))
    functions = _compiled[model][1]

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
                functions[key] = _compile(weakref.ref(model), *key, jit=False)
        return functions[key](*arguments).numpy()

    return log_sums


def _compile(
    model: Callable[[], Any],
    num_samples: int,
    blocks: Blocks,
    log_weights: LogWeights,
    jit: bool = True,
) -> Callable[..., tf.Tensor]:
    """A compiled function that sums weights, and their squares, over the samples of some blocks.

    It takes a dictionary of images `x`, of shape (blocks, images of a block, *event_shape), and of
    what else `log_weights` takes; a seed, the number of the first block, and how many of the blocks
    to compute. It returns logarithms, of shape (blocks, 2, images of a block). Without XLA, the
    noise is different.
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
            weights = _block_log_weights(model(), of_block, noise, blocks, normal, log_weights)
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
    log_weights: LogWeights,
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
        weights = log_weights(model, images, blocks.chunk, part, **given)
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

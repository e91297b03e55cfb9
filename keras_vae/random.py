"""Stateless random numbers: all noise is a function of seeds and step counters.

Nothing here keeps state, so a training run that is stopped and continued draws the very
numbers it would have drawn. The algorithm is named because the default one depends on the
device. XLA maps a seed to other numbers than eager TensorFlow does: compare like with like.
"""

import math
import random as python_random
from collections.abc import Sequence

import numpy as np

from keras_vae._internal.backend import tf

TRAINING_NOISE, EVALUATION_NOISE, SHUFFLING, BINARIZATION, GENERATION, INITIALIZATION = range(6)


def resolve_seed(seed: int | None) -> int:
    """Returns `seed`, or a fresh one that follows `keras.utils.set_random_seed` if None."""
    if seed is None:
        return python_random.randint(0, 2**31 - 1)
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
        raise TypeError(f"`seed` must be an integer or None. Received: {seed!r}.")
    if not 0 <= seed < 2**31:
        raise ValueError(f"`seed` must lie in [0, 2**31). Received: {seed}.")
    return int(seed)


def derive_seed(seed: int, *path: int) -> int:
    """A new integer seed for one of several independent uses of `seed`.

    Arguments:
        seed: Integer.
        *path: Non-negative integers that name the use; zeros at the end do not count.

    Returns:
        Integer in [0, 2**31).
    """
    state = np.random.SeedSequence([seed, *path]).generate_state(1)[0]
    return int(state >> 1)


def stream(seed: int | tf.Tensor, purpose: int, counter: int | tf.Tensor = 0) -> tf.Tensor:
    """The stateless seed of one purpose at one count.

    Arguments:
        seed: Integer, a number or a tensor.
        purpose: One of this module's purposes, for example `TRAINING_NOISE`.
        counter: Integer scalar, a number or a tensor: the step or the epoch.

    Returns:
        Integer tensor of shape (2,), as `tf.random.stateless_*` take it.
    """
    root = tf.stack([tf.cast(seed, tf.int32), purpose])
    return tf.random.experimental.stateless_fold_in(root, tf.cast(counter, tf.int64), alg="philox")


def normal(
    shape: Sequence[int] | tf.Tensor, seed: tf.Tensor, dtype: tf.DType = tf.float32
) -> tf.Tensor:
    """Standard-normal noise from a seed of shape (2,).

    These are the quantiles of uniform noise. None is further from 0 than 5.5, or than 8.3 in double
    precision. Half precision is rounded from single.
    """
    return _quantiles(shape, seed, dtype, "philox")


def box_muller(
    shape: Sequence[int] | tf.Tensor, seed: tf.Tensor, dtype: tf.DType = tf.float32
) -> tf.Tensor:
    """Standard-normal noise as TensorFlow itself draws it."""
    return tf.random.stateless_normal(shape, seed=seed, dtype=dtype, alg="philox")


def xla_normal(shape: Sequence[int], seed: tf.Tensor) -> tf.Tensor:
    """As `normal`, from other uniform noise: Threefry's, as JAX has it; in an XLA computation only.

    On a processor it takes less than half the time of `box_muller`.
    """
    # For debugging nothing is compiled, and only XLA has Threefry in this form.
    algorithm = "philox" if tf.config.functions_run_eagerly() else "threefry"
    return _quantiles(shape, seed, tf.float32, algorithm)


def _quantiles(
    shape: Sequence[int] | tf.Tensor, seed: tf.Tensor, dtype: tf.DType, algorithm: str
) -> tf.Tensor:
    dtype = tf.as_dtype(dtype)
    # Half precision has too few numbers near 1, and no quantiles outside XLA.
    drawn = tf.float32 if dtype.size < tf.float32.size else dtype
    # -1 itself would be minus infinity; this is what follows it.
    lowest = -1.0 + float(np.finfo(drawn.as_numpy_dtype).epsneg)
    uniform = tf.random.stateless_uniform(shape, seed, lowest, 1.0, drawn, alg=algorithm)
    return tf.cast(math.sqrt(2.0) * tf.math.erfinv(uniform), dtype)


def uniform(
    shape: Sequence[int] | tf.Tensor, seed: tf.Tensor, dtype: tf.DType = tf.float32
) -> tf.Tensor:
    """Noise uniform in [0, 1) from a seed of shape (2,)."""
    return tf.random.stateless_uniform(shape, seed=seed, dtype=dtype, alg="philox")

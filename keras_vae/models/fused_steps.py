"""Many training steps inside one XLA computation, as `jax.lax.scan` runs them."""

import functools
from collections.abc import Callable
from typing import Any

from keras_vae._internal.backend import keras, tf

# What a training step returns: running means by name.
Logs = dict[str, tf.Tensor]


def fused_train_function(
    train_step: Callable[[tf.Tensor], Logs], steps: int
) -> Callable[[tf.data.Iterator], Logs]:
    """Returns what `keras.Model.fit` calls once for `steps` training steps.

    Keras launches each compiled step by itself. One computation for all of them saves that
    launch and lets XLA keep the weights where they are from step to step. Batches are gathered
    first, so that `steps` of them are in memory at once. Where fewer are left, or their sizes
    differ, each step is launched by itself; the numbers are the same either way.

    Arguments:
        train_step: Function from a batch of images to a dictionary of scalar tensors.
        steps: Number of steps, at least 2.

    Returns:
        Function from a `tf.data.Iterator` to the last step's dictionary. It raises
        `tf.errors.OutOfRangeError` where the iterator is at its end.
    """
    compiled = functools.partial(tf.function, jit_compile=True, autograph=False)
    one_step = compiled(train_step, reduce_retracing=True)

    def logs_of(shape: tf.TensorShape) -> Logs:
        return one_step.get_concrete_function(tf.TensorSpec(shape)).structured_outputs

    @compiled
    def fused_steps(batches: tf.Tensor) -> Logs:
        return _loop(lambda i: one_step(batches[i]), steps, logs_of(batches.shape[1:]))

    @functools.partial(tf.function, autograph=False)
    def train_function(iterator: tf.data.Iterator) -> Logs:
        batches, sizes, count = _gather(iterator, steps)
        alike = tf.reduce_all(sizes.stack() == sizes.read(0))
        return tf.cond(
            alike & (count == steps),
            lambda: fused_steps(batches.stack()),
            lambda: _loop(
                lambda i: one_step(batches.read(i)), count, logs_of(batches.element_shape)
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
    iterator: tf.data.Iterator, steps: int
) -> tuple[tf.TensorArray, tf.TensorArray, tf.Tensor]:
    """Takes up to `steps` batches; returns their images, their sizes and their number."""
    first = _images(next(iterator))
    batches = tf.TensorArray(
        first.dtype, steps, element_shape=first.shape, infer_shape=False, clear_after_read=False
    )
    sizes = tf.TensorArray(tf.int32, steps, element_shape=(), clear_after_read=False)

    def put(
        i: tf.Tensor, images: tf.Tensor, batches: tf.TensorArray, sizes: tf.TensorArray
    ) -> tuple[tf.TensorArray, tf.TensorArray]:
        return batches.write(i, images), sizes.write(i, tf.shape(images)[0])

    def more(
        i: tf.Tensor,
        batch: tf.experimental.Optional,
        batches: tf.TensorArray,
        sizes: tf.TensorArray,
    ) -> tf.Tensor:
        return (i < steps) & batch.has_value()

    def take(
        i: tf.Tensor,
        batch: tf.experimental.Optional,
        batches: tf.TensorArray,
        sizes: tf.TensorArray,
    ) -> tuple[tf.Tensor, tf.experimental.Optional, tf.TensorArray, tf.TensorArray]:
        batches, sizes = put(i, _images(batch.get_value()), batches, sizes)
        following = tf.cond(i + 1 < steps, iterator.get_next_as_optional, lambda: batch)
        return i + 1, following, batches, sizes

    count, _, batches, sizes = tf.while_loop(
        more, take, (1, iterator.get_next_as_optional(), *put(0, first, batches, sizes))
    )
    return batches, sizes, count


def _images(batch: Any) -> tf.Tensor:
    return keras.utils.unpack_x_y_sample_weight(batch)[0]

"""Many training steps as one XLA computation."""

import functools
from collections.abc import Callable
from typing import Any

from keras_vae._internal.backend import keras, tf

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

"""What `fit` is given: data in memory, checked and shuffled, and callbacks."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from keras_vae import posteriors, random
from keras_vae._internal.backend import keras, tf
from keras_vae._internal.checks import check_finite, check_positive_integer
from keras_vae.models.inputs import is_table

# Whether more of a logged quantity is better; Keras finds it out only for its own metrics.
DIRECTIONS = {"bound": "max", "reconstruction": "max", "kl": "min", "active_units": "max"}


def check_first_batch(data: Any, check: Callable[[Any], None]) -> None:
    """Applies a check to an array, or to the first batch of a dataset.

    Arguments:
        data: What `fit` takes as `x`: arrays, or a dataset.
        check: Function that takes arrays without labels and raises if they are unusable.
    """
    if isinstance(data, tf.data.Dataset):
        data = without_labels(next(iter(data.take(1)), None))
    elif isinstance(data, keras.utils.PyDataset):
        data = without_labels(data[0])
    parts = tf.nest.flatten(data)
    if parts and all(hasattr(part, "shape") for part in parts):
        check(data)


def without_labels(data: Any) -> Any:
    """Of data, labels and weights, as Keras takes them, the data."""
    return keras.utils.unpack_x_y_sample_weight(data)[0]


def is_arrays(x: Any) -> bool:
    """Whether `x` is an array or a structure of arrays, all of which are in memory."""
    parts = tf.nest.flatten(x)
    return bool(parts) and all(isinstance(part, (np.ndarray, tf.Tensor)) for part in parts)


def with_arrays(data: Any) -> Any:
    """Arrays in the place of the tables that are in a structure."""
    return tf.nest.map_structure(lambda x: x.to_numpy() if is_table(x) else x, data)


def of_list(x: Any) -> Any:
    """A list of nested numbers as an array, one of arrays as a tuple; anything else as it is."""
    if not isinstance(x, list):
        return x
    first = tf.nest.flatten(x[:1])
    numbers = bool(first) and isinstance(first[0], (int, float))
    if numbers:
        return np.asarray(x, "float64")
    return tuple(x) if is_arrays(x) else x


def labels(x: Any, y: Any, weights: Any) -> Any:
    """Labels, of which Keras needs some, no matter which, where items have weights.

    Raises:
        ValueError: If weights are not finite.
    """
    if weights is not None and is_arrays(weights):
        check_finite(weights, "sample weights")
    if y is None and weights is not None and is_arrays(x):
        return np.zeros(len(tf.nest.flatten(x)[0]), "float32")
    return y


def split_off(arrays: Any, share: float) -> tuple[Any, Any]:
    """The first items of arrays, and a share of them, the last, as Keras' `validation_split`."""
    if not 0 < share < 1:
        raise ValueError(f"`validation_split` must lie between 0 and 1. Received: {share}.")
    items = len(tf.nest.flatten(arrays)[0])
    first = int(items * (1 - share))
    if first in (0, items):
        raise ValueError(f"`validation_split={share}` leaves a part of {items} items empty.")

    def part(chosen: slice) -> Any:
        return tf.nest.map_structure(lambda a: None if a is None else a[chosen], arrays)

    return part(slice(first)), keras.utils.pack_x_y_sample_weight(*part(slice(first, None)))


def shuffled_batches(
    arrays: Any, batch_size: int | None, seed: int, steps_done: Callable[[], int]
) -> tf.data.Dataset:
    """Batches of arrays in an order that a seed and the number of steps so far decide.

    Arguments:
        arrays: Structure of arrays with one first axis, of which an item is left out if None.
        batch_size: Items in a batch; the last may have fewer. None for 32, as Keras has it.
        seed: Integer.
        steps_done: Function that is asked at the start of each pass.
    """
    batch_size = 32 if batch_size is None else batch_size
    check_positive_integer(batch_size, "batch_size")
    tensors = tf.nest.map_structure(
        lambda a: None if a is None else tf.convert_to_tensor(a), arrays
    )
    sizes = {int(tensor.shape[0]) for tensor in tf.nest.flatten(tensors) if tensor is not None}
    if len(sizes) != 1:
        raise ValueError(f"Arrays must have as many items as each other. Received: {sizes}.")
    (items,) = sizes

    def orders() -> Iterator[np.ndarray]:
        state = np.random.SeedSequence([seed, random.SHUFFLING, steps_done()])
        yield np.random.default_rng(state).permutation(items)

    def parts(order: tf.Tensor) -> tf.data.Dataset:
        starts = tf.data.Dataset.range(0, items, batch_size)
        return starts.map(lambda start: order[start : start + batch_size])

    def gather(indices: tf.Tensor) -> Any:
        return tf.nest.map_structure(
            lambda t: None if t is None else tf.gather(t, indices), tensors
        )

    signature = tf.TensorSpec((items,), tf.int64)
    order = tf.data.Dataset.from_generator(orders, output_signature=signature)
    # In slices: numbers one by one would take as long as what is gathered by them.
    batches = (
        order.flat_map(parts)
        .map(gather, num_parallel_calls=tf.data.AUTOTUNE)
        .prefetch(tf.data.AUTOTUNE)
    )
    return batches.apply(tf.data.experimental.assert_cardinality(-(-items // batch_size)))


def steps_of(optimizer: keras.optimizers.Optimizer) -> keras.Variable:
    """The variable that counts an optimiser's training steps.

    `iterations` counts updates, of which gradient accumulation makes one from several steps.
    """
    while isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        optimizer = optimizer.inner_optimizer
    return optimizer._iterations


def stream_of_replica(seed: keras.Variable, purpose: int, counter: int | tf.Tensor) -> tf.Tensor:
    """The random stream of a purpose; replicas that train together have one each."""
    stream = random.stream(seed, purpose, counter)
    replica = tf.distribute.get_replica_context()
    if replica is None or replica.num_replicas_in_sync == 1:
        return stream
    number = replica.replica_id_in_sync_group
    return tf.random.experimental.stateless_fold_in(stream, number, alg="philox")


def noise_of_step(
    model: Any, purpose: int, counter: int | tf.Tensor, x: tf.Tensor
) -> posteriors.Noise:
    """What a model's step draws samples from: a seed, or noise that its `draw_normal` drew."""
    seed = stream_of_replica(model._untracked.seed, purpose, counter)
    if model.draw_normal is None:
        return seed
    sizes = model.objective.num_samples, tf.shape(x)[0], model.latent_dims
    return posteriors.draw(model.draw_normal, seed, *sizes, model.density_dtype)


def weighted_mean(values: tf.Tensor, weights: tf.Tensor | None) -> tf.Tensor:
    """The mean of values times their weights, if there are any, as Keras has losses."""
    if weights is None:
        return tf.reduce_mean(values)
    return tf.reduce_mean(tf.cast(weights, values.dtype) * values)


def set_directions(callbacks: Any) -> None:
    """Tells callbacks that monitor a bound, and leave it open, whether more of it is better."""
    for callback in tf.nest.flatten(getattr(callbacks, "callbacks", callbacks)):
        monitored = str(getattr(callback, "monitor", "")).removeprefix("val_")
        if getattr(callback, "mode", None) == "auto" and monitored in DIRECTIONS:
            callback.mode = DIRECTIONS[monitored]


class Progress(keras.callbacks.ProgbarLogger):
    """Keras' progress bar without `loss`, which mostly repeats the bound with another sign."""

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        super().on_train_batch_end(batch, _without_loss(logs))

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        super().on_epoch_end(epoch, _without_loss(logs))


def with_progress(callbacks: Any, verbose: int | str) -> Any:
    """Callbacks with our progress bar, where Keras would add its own."""
    if verbose == 0 or isinstance(callbacks, keras.callbacks.CallbackList):
        return callbacks
    given = (
        list(callbacks) if isinstance(callbacks, (list, tuple)) else [callbacks] * bool(callbacks)
    )
    if any(isinstance(one, keras.callbacks.ProgbarLogger) for one in given):
        return callbacks
    return [*given, Progress()]


def _without_loss(logs: dict[str, Any] | None) -> dict[str, Any]:
    shown = {"loss", "val_loss"}
    return {name: value for name, value in (logs or {}).items() if name not in shown}

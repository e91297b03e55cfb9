"""Networks that a model is given: drawn from its seed, tried out, named by their part."""

import re
from collections.abc import Sequence
from typing import Any

from keras_vae._internal.backend import keras, tf
from keras_vae.networks import draw_weights


def get_network(identifier: Any) -> Any:
    """A network that a model is given, or that is made anew from its config; None stays None."""
    if isinstance(identifier, dict):
        return keras.saving.deserialize_keras_object(identifier)
    return identifier


def take(network: Any, what: str, shapes: Sequence[tuple[int, ...]], seed: int) -> tuple[int, ...]:
    """Makes a network that was given part of a model: draws its weights and tries it out.

    Weights that are still as an initialiser without a seed drew them are drawn from `seed`, and so
    is the noise of layers without one; other weights are kept, such as those of a trained network.

    Arguments:
        network: Keras layer or model of one output.
        what: Its part in the model, `"encoder"` or `"decoder"`; its name, unless it has its own.
        shapes: Shapes of its inputs, without the batch.
        seed: Integer.

    Returns:
        Shape of its output, without the batch.

    Raises:
        TypeError: If it is no Keras layer, or does not return one tensor.
        ValueError: If it cannot take such inputs.
    """
    if not isinstance(network, keras.layers.Layer):
        raise TypeError(f"The `{what}` must be a Keras layer or model. Received: {network!r}.")
    draw_weights(network, seed)
    inputs = [tf.zeros((1, *shape), network.input_dtype) for shape in shapes]
    try:
        outputs = network(inputs if len(inputs) > 1 else inputs[0], training=False)
    except Exception as error:
        wanted = " and ".join(str(("batch", *shape)) for shape in shapes)
        raise ValueError(f"The `{what}` cannot take inputs of shape {wanted}: {error}") from error
    if not tf.is_tensor(outputs) or outputs.shape.rank < 2 or outputs.shape[0] != 1:
        raise TypeError(
            f"The `{what}` must return one tensor of shape (batch, ...). Received: {outputs!r}."
        )
    # What it built just now is drawn again.
    draw_weights(network, seed)
    name_by_part(network, what)
    return tuple(int(size) for size in outputs.shape[1:])


def name_by_part(layer: keras.layers.Layer, part: str) -> None:
    """Names a layer by its part in a model, for `summary`, unless it has a name of its own."""
    automatic = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(layer).__name__).lower()
    if re.fullmatch(rf"{re.escape(automatic)}(_\d+)?", layer.name):
        layer.name = part

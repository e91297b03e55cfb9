"""Activations of hidden layers: Keras' own, and a softplus that trains faster on a processor."""

import contextlib
import contextvars
from collections.abc import Callable, Iterator
from typing import Any

from keras_vae._internal.backend import keras, tf

Activation = Callable[[tf.Tensor], tf.Tensor]
_convertible = contextvars.ContextVar("convertible", default=False)


@keras.saving.register_keras_serializable(package="keras_vae")
def softplus(x: tf.Tensor) -> tf.Tensor:
    """`log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|))`, with one exponential for both passes.

    TensorFlow's own takes a logarithm and an exponential of x itself, compares x with two limits,
    and its gradient takes another exponential: on a processor a whole training step is a few per
    cent slower. The two differ by rounding.

    Arguments:
        x: Tensor of any shape.

    Returns:
        Tensor of the same shape.
    """
    return tf.nn.softplus(x) if _convertible.get() else _softplus(x)


@contextlib.contextmanager
def convertible() -> Iterator[None]:
    """Within this, `softplus` is TensorFlow's own operation, which ONNX's converter knows."""
    before = _convertible.set(True)
    try:
        yield
    finally:
        _convertible.reset(before)


# AutoGraph would take the function that is returned for a type.
@tf.autograph.experimental.do_not_convert
@tf.custom_gradient
def _softplus(x: tf.Tensor) -> tuple[tf.Tensor, Activation]:
    # Not -|x|: forward-mode differentiation would take its slope at zero, which is 0 there.
    small = tf.exp(tf.minimum(x, -x))
    value = tf.nn.relu(x) + tf.math.log1p(small)
    return value, lambda upstream: upstream * _logistic(x, small)


@tf.autograph.experimental.do_not_convert
@tf.custom_gradient
def _logistic(x: tf.Tensor, small: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], Any]]:
    """The logistic function of x. `small` is `exp(-|x|)`, and gets no gradient of its own."""
    value = tf.where(x > 0, tf.ones_like(small), small) / (1 + small)
    return value, lambda upstream: (upstream * small / (1 + small) ** 2, None)


def get(identifier: Any) -> Activation:
    """Returns the activation of a name, which for `"softplus"` is this module's.

    Arguments:
        identifier: Name or config of a Keras activation, or a function, which is returned itself.

    Raises:
        ValueError: If Keras has no activation of that name.
    """
    return softplus if identifier == "softplus" else keras.activations.get(identifier)


def serialize(activation: Activation) -> Any:
    """The name or config of an activation for `get`; Keras' own softplus becomes this module's."""
    return "softplus" if activation is softplus else keras.activations.serialize(activation)

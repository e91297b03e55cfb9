"""What XLA, TensorFlow's compiler, does badly or not at all, and what is said or done then."""

import functools
import re
from collections.abc import Callable
from typing import Any

from keras_vae._internal.backend import gpus, keras, tf

CONVOLUTIONS = tuple(
    getattr(keras.layers, f"{kind}Conv{rank}D{transposed}")
    for kind in ("", "Depthwise", "Separable")
    for rank in (1, 2, 3)
    for transposed in ("", "Transpose")
    if hasattr(keras.layers, f"{kind}Conv{rank}D{transposed}")
)
# What TensorFlow raises where XLA refuses.
ERRORS = (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError)


def convolves_without_gpu(model: keras.Model) -> bool:
    """Whether a model has convolutions, and there is no GPU: on a processor XLA's are slow."""
    return not gpus() and any(isinstance(one, CONVOLUTIONS) for one in model._flatten_layers())


def refusal(error: Exception) -> str | None:
    """What XLA could not compile, in words; None of an error that is not XLA's refusal."""
    text = str(error)
    if "tf2xla" not in text and "XLA_" not in text:
        return None
    operations = sorted(set(re.findall(r"No registered '(\w+)' OpKernel for XLA", text)))
    if operations:
        return f"XLA cannot compile {', '.join(operations)}, which this model uses."
    # Names of nodes and of TensorFlow's own functions tell a user nothing.
    lines = [re.sub(r"\[\[.*?\]\]|\[Op:\w+\]", "", line).strip() for line in text.splitlines()]
    said = [line for line in lines if line]
    return f"XLA cannot compile this model. {said[-1][:500]}"


def explained(function: Any) -> Callable[..., Any]:
    """What Keras calls for a step, with an error that says what to do where XLA refuses it."""

    @functools.wraps(function)
    def step(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except ERRORS as error:
            words = refusal(error)
            if words is None:
                raise
            raise RuntimeError(f"{words} Use `model.compile(..., jit_compile=False)`.") from error

    return step

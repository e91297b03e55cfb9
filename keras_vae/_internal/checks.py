"""Argument and data checks, made before any training starts, and parts of a model by name."""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt


def check_choice(value: object, choices: Collection[object], what: str) -> None:
    """Raises `ValueError` unless `value` is one of `choices`, and lists them."""
    if value not in choices:
        valid = ", ".join(repr(choice) for choice in choices)
        raise ValueError(f"Unknown {what}: {value!r}. Valid values: {valid}.")


def check_positive_integer(value: object, name: str) -> None:
    """Raises `TypeError` or `ValueError` unless `value` is an integer of at least one."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(
            f"`{name}` must be an integer. Received: {value!r} of type {type(value).__name__}."
        )
    if value < 1:
        raise ValueError(f"`{name}` must be at least 1. Received: {value}.")


def as_sizes(value: int | Sequence[int], name: str) -> tuple[int, ...]:
    """Sizes as a tuple, where an integer is a tuple of one.

    Raises:
        ValueError: If a size is below 1.
        TypeError: If one is no integer.
    """
    sizes = (value,) if isinstance(value, (int, float, np.number)) else tuple(value)
    for size in sizes:
        check_positive_integer(size, name)
    return tuple(int(size) for size in sizes)


def one_shape(
    image_shape: int | Sequence[int],
    event_shape: int | Sequence[int] | None,
    default: Sequence[int],
) -> int | Sequence[int]:
    """The shape of an item, which two arguments name.

    Raises:
        ValueError: If both are given, and differ.
    """
    if event_shape is None:
        return image_shape
    image = as_sizes(image_shape, "image_shape")
    if image not in (tuple(default), as_sizes(event_shape, "event_shape")):
        raise ValueError(
            "`event_shape` and `image_shape` are two names for one shape. Received: "
            f"event_shape={event_shape}, image_shape={image_shape}."
        )
    return event_shape


def check_data_shape(
    shape: Iterable[int | None], event_shape: Sequence[int], what: str = "data"
) -> None:
    """Raises `ValueError` unless `shape` is (batch, *event_shape); unknown sizes pass."""
    shape = tuple(shape)
    expected = tuple(event_shape)
    fits = len(shape) == len(expected) + 1 and all(
        size is None or size == wanted for size, wanted in zip(shape[1:], expected, strict=True)
    )
    if not fits:
        raise ValueError(
            f"Expected {what} of shape ({', '.join(map(str, ('batch', *expected)))}"
            f"{'' if expected else ','}). Received shape: {shape}."
        )


def check_finite(x: npt.ArrayLike, what: str = "data") -> None:
    """Raises `ValueError` if an array is empty or holds NaN or infinity, `TypeError` if no numbers.

    The error names the first offending value and its index.
    """
    x = np.asarray(x)
    if x.size == 0:
        raise ValueError(f"Expected at least one item. Received shape: {x.shape}.")
    # NumPy has no kind of its own for bfloat16.
    if x.dtype.kind not in "fiub" and x.dtype.name != "bfloat16":
        raise TypeError(f"The {what} must be numbers. Received dtype: {x.dtype}.")
    # A sum is finite unless a value is not, or it overflows.
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(x.sum(dtype=np.float64)):
            return
    refuse_first(~np.isfinite(x), x, f"The {what} must be finite")


def check_pixels(x: npt.ArrayLike) -> None:
    """Raises `ValueError` if an array of pixels leaves [0, 1], with advice that suits the data."""
    x = np.asarray(x)
    highest = x.max()
    if x.min() >= 0 and highest <= 1:
        return
    advice = ""
    if x.min() < 0:
        advice = "; `keras_vae.likelihoods.Gaussian(link='identity')` takes any real numbers"
    elif (x == np.round(x)).all():
        advice = f"; divide by the largest possible value, such as {highest}"
        if 127 < highest <= 255:
            advice = "; divide 8-bit images by 255"
    refuse_first(~((x >= 0) & (x <= 1)), x, "Pixel values must lie in [0, 1]", advice)


def refuse_first(wrong: np.ndarray, x: np.ndarray, rule: str, advice: str = "") -> None:
    """Raises `ValueError` that names a rule and the first value, if any, that breaks it."""
    if wrong.any():
        index = np.unravel_index(np.argmax(wrong), wrong.shape)
        place = ", ".join(str(int(i)) for i in index)
        raise ValueError(f"{rule}. Received {x[index]} at index ({place}){advice}.")


def get_part(
    identifier: Any, choices: Mapping[str, Callable[..., Any]], base: type, what: str, **kwargs: Any
) -> Any:
    """Returns a part from what a constructor was given.

    Arguments:
        identifier: Name, class, Keras config, instance, or None for the first of `choices`.
        choices: Dictionary of classes by name; each can be made without arguments.
        base: Class of the parts, whose instances are returned as they are.
        what: What the part is called in an error.
        **kwargs: Arguments for a part given by name or class, if its constructor takes them.

    Raises:
        ValueError: If a name is not one of `choices`; the error lists them.
        TypeError: If a class or a config is not one of such a part.
    """
    if identifier is None:
        identifier = next(iter(choices))
    if isinstance(identifier, dict):
        # The checks of data sets should not wait for TensorFlow.
        from keras_vae._internal.backend import keras

        identifier = keras.saving.deserialize_keras_object(identifier)
    elif not isinstance(identifier, (type, base)):
        check_choice(identifier, tuple(choices), what)
        identifier = choices[identifier]
    if isinstance(identifier, type) and issubclass(identifier, base):
        taken = inspect.signature(identifier).parameters
        identifier = identifier(**{key: kwargs[key] for key in kwargs if key in taken})
    if not isinstance(identifier, base):
        raise TypeError(f"Expected a {what}, a `{base.__name__}`. Received: {identifier!r}.")
    return identifier


def check_seen_by_keras(
    part: str, watched: Iterable[Any], seen: Iterable[Any], advice: str
) -> None:
    """Raises `ValueError` if a part of a model depends on weights that Keras cannot see.

    Networks of TensorFlow Probability have such: they would stay as they began.

    Arguments:
        part: The part, for the error.
        watched: Trainable variables that it depends on, as a `tf.GradientTape` names them.
        seen: Variables that Keras knows.
        advice: How such weights are made.
    """
    values = [variable.value for variable in seen]
    # Under a distribution strategy a tape watches each device's copy.
    known = {id(copy) for value in values for copy in getattr(value, "values", [value])}
    hidden = [variable.name for variable in watched if id(variable) not in known]
    if hidden:
        raise ValueError(
            f"The {part} has weights that Keras does not train: {', '.join(hidden)}. {advice}"
        )


def raising(kind: type[ValueError]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Makes a function that checks something raise errors of a kind in place of `ValueError`."""

    def decorate(check: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(check)
        def checked(*arguments: Any) -> None:
            try:
                check(*arguments)
            except ValueError as error:
                raise kind(str(error)) from error

        return checked

    return decorate


def as_range(values: Any, name: str) -> tuple[float, float] | None:
    """Two finite numbers, the smaller one first, as a tuple; None stays None.

    Raises:
        ValueError: If `values` are anything else.
    """
    if values is None:
        return None
    try:
        low, high = map(float, values)
    except (TypeError, ValueError):
        low = high = math.nan
    if not -math.inf < low < high < math.inf:
        raise ValueError(
            f"`{name}` must be two finite numbers, the smaller one first, or None. "
            f"Received: {values!r}."
        )
    return low, high

"""Argument and data checks, made before any training starts, and parts of a model by name."""

from __future__ import annotations

import inspect
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


def check_image_shape(shape: Iterable[int | None], image_shape: Sequence[int]) -> None:
    """Raises `ValueError` unless `shape` is (batch, *image_shape); unknown sizes pass."""
    shape = tuple(shape)
    expected = tuple(image_shape)
    fits = len(shape) == len(expected) + 1 and all(
        size is None or size == wanted for size, wanted in zip(shape[1:], expected, strict=True)
    )
    if not fits:
        raise ValueError(
            f"Expected images of shape (batch, {', '.join(map(str, expected))}). "
            f"Received shape: {shape}."
        )


def check_pixels(images: npt.ArrayLike) -> None:
    """Raises `ValueError` if an array of pixels holds NaN or leaves [0, 1].

    The error names the first offending value and its index.
    """
    images = np.asarray(images)
    if images.size == 0:
        raise ValueError(f"Expected at least one image. Received shape: {images.shape}.")
    if images.dtype.kind not in "fiub":
        raise TypeError(f"Pixels must be numbers. Received dtype: {images.dtype}.")
    lowest, highest = images.min(), images.max()
    if lowest >= 0 and highest <= 1:
        return
    outside = ~((images >= 0) & (images <= 1))
    index = np.unravel_index(np.argmax(outside), outside.shape)
    hint = "; divide 8-bit images by 255" if highest > 1 else ""
    raise ValueError(
        f"Pixel values must lie in [0, 1]. Received {images[index]} at index "
        f"{tuple(int(i) for i in index)}{hint}."
    )


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
        # The checks of data sets shall not wait for TensorFlow.
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

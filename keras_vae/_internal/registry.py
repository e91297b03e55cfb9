"""Parts of a model by name, class, config or instance."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from keras_vae._internal.backend import keras
from keras_vae._internal.checks import check_choice


def get(
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

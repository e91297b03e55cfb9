"""Parts of a model by name, config or instance."""

from collections.abc import Callable, Mapping
from typing import Any

from keras_vae._internal.backend import keras
from keras_vae._internal.checks import check_choice


def get(
    identifier: Any, choices: Mapping[str, Callable[..., Any]], base: type, what: str, **kwargs: Any
) -> Any:
    """Returns a part from what a constructor was given.

    Arguments:
        identifier: Name, Keras config or instance.
        choices: Dictionary of classes by name; each can be made without arguments.
        base: Class whose instances are returned as they are.
        what: What the part is called in an error.
        **kwargs: Arguments of the constructor, for a part given by name.

    Raises:
        ValueError: If a name is not one of `choices`; the error lists them.
    """
    if isinstance(identifier, base):
        return identifier
    if isinstance(identifier, dict):
        return keras.saving.deserialize_keras_object(identifier)
    check_choice(identifier, choices, what)
    return choices[identifier](**kwargs)

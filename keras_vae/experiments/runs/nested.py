"""Nested dataclasses as JSON-compatible dictionaries, and back."""

import dataclasses
import json
from typing import TYPE_CHECKING, Any, TypeVar

from keras_vae._internal.files import JsonObject

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Kind = TypeVar("Kind", bound="DataclassInstance")
INFINITIES = ("Infinity", "-Infinity")


def to_dict(instance: Any) -> JsonObject:
    """A nested dataclass as JSON-compatible values; an infinite number is its name."""
    return json.loads(json.dumps(dataclasses.asdict(instance)), parse_constant=str)


def from_dict(kind: type[Kind], content: object) -> Kind:
    """Rebuilds a nested dataclass from what `to_dict` made of it.

    Arguments:
        kind: The dataclass. Its nested ones have one of their kind as default.
        content: Dictionary; fields that it lacks are at their default.

    Returns:
        Instance of `kind`.

    Raises:
        ValueError: If a field is unknown, or the value of one impossible.
    """
    if not isinstance(content, dict):
        raise ValueError(f"Expected the fields of a {kind.__name__}. Received: {content!r}.")
    fields = {field.name: field for field in dataclasses.fields(kind)}
    if unknown := sorted(set(content) - set(fields)):
        raise ValueError(
            f"Unknown fields of a {kind.__name__}: {', '.join(map(repr, unknown))}. A later "
            f"version of keras_vae may have written them. Known fields: {', '.join(fields)}."
        )
    values = {name: _value(fields[name], value) for name, value in content.items()}
    try:
        return kind(**values)
    except TypeError as error:
        raise ValueError(f"Impossible value in a {kind.__name__}: {error}") from error


def without_defaults(instance: Any) -> JsonObject:
    """A nested dataclass as a dictionary of what differs from its defaults."""
    content = {}
    for field in dataclasses.fields(instance):
        value = getattr(instance, field.name)
        if dataclasses.is_dataclass(value):
            value = without_defaults(value)
            if value:
                content[field.name] = value
        elif value != field.default:
            content[field.name] = value
    return content


def _value(field: dataclasses.Field[Any], value: Any) -> Any:
    if dataclasses.is_dataclass(field.default) and not isinstance(field.default, type):
        return from_dict(type(field.default), value)
    return float(value) if value in INFINITIES else value

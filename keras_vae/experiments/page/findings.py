"""What is worth knowing of the results: sentences whose numbers are read from them."""

import json
import os
import pathlib
import re
import string
from collections.abc import Mapping, Sequence
from typing import Any

from keras_vae import UserError
from keras_vae.experiments.figures.claims import Claim
from keras_vae.experiments.figures.results import CLAIMS
from keras_vae.experiments.page.entries import read_json

FINDINGS = "findings.json"
# What a path of a number that is no more, or a wrong type on the way, can raise.
UNUSABLE = (
    UserError,
    OSError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    StopIteration,
    RecursionError,
)
FORMAT = re.compile(r"[+-]?[ ,]?\d{0,2}(\.\d{1,2})?[dfge%]?")


def read_findings(folder: str | os.PathLike[str]) -> tuple[list[tuple[str, str]], list[str]]:
    """Reads `findings.json` and fills in its numbers.

    Each entry has a `text` with named fields of Python's formatting, the `figure` that it is
    about, and `values`: for each field the path of a number, `<file>#<key>/<key>/...`, in the
    results. Claims are found by their id; numbers of a reading have their `value` below it.

    Arguments:
        folder: Folder of results.

    Returns:
        List of pairs (text, name of the figure), and a list of notes on those that have no
        number any more; both empty if there is no such file.
    """
    path = pathlib.Path(folder) / FINDINGS
    if not path.is_file():
        return [], []
    found: list[tuple[str, str]] = []
    notes: list[str] = []
    for entry in read_json(path, list, notes) or ():
        try:
            values = {name: _look_up(path.parent, at) for name, at in entry["values"].items()}
            found.append((Sentence().vformat(entry["text"], (), values), str(entry["figure"])))
        except UNUSABLE as error:
            notes.append(f"A finding cannot be shown ({type(error).__name__}: {error}).")
    return found, notes


class Sentence(string.Formatter):
    """Fills in numbers by their names; of Python's formatting it knows digits and kinds alone."""

    def get_field(self, field_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        return kwargs[field_name], field_name

    def format_field(self, value: Any, format_spec: str) -> str:
        if not FORMAT.fullmatch(format_spec):
            raise ValueError(f"unknown format {format_spec!r}")
        if not isinstance(value, int | float | str):
            raise TypeError(f"a {type(value).__name__} in place of a number")
        return format(value, format_spec)


def _look_up(folder: pathlib.Path, address: str) -> Any:
    file, _, keys = address.partition("#")
    path = (folder / file).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise ValueError(f"{file} is not among the results")
    if not path.is_file():
        raise ValueError(f"there is no file {file}")
    value = json.loads(path.read_text(encoding="utf-8"))
    if file.endswith(CLAIMS):
        # Those of an older version are then found where the newer have their numbers.
        value = [Claim.from_dict(claim).to_dict() for claim in value]
    for key in keys.split("/"):
        if isinstance(value, dict):
            value = value[key]
        elif key.isdigit():
            value = value[int(key)]
        else:
            value = next(item for item in value if item["id"] == key)
    return value

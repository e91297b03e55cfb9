"""What a figure leaves behind: its picture, its numbers, its claims.

A report's own numbers are JSON files in `original_curves`, named `<report>_<figure>.json`, with
their source.
"""

import collections
import contextlib
import datetime
import hashlib
import importlib.resources
import io
import json
import pathlib
import platform
import re
import subprocess
from collections.abc import Mapping, Sequence
from importlib.resources.abc import Traversable
from typing import Any

import numpy as np
from matplotlib.figure import Figure as Picture

from keras_vae import UserError
from keras_vae._internal.files import (
    JsonObject,
    atomic_write,
    encode_json,
    finish_writing,
    locked,
    read_json_object,
    remove_temporaries,
    require_writable,
    write_together,
)
from keras_vae.experiments.figures import originals, plots
from keras_vae.experiments.figures.claims import Claim, ClaimError

PICTURE, DATA, CLAIMS = "figure.png", "data.json", "claims.json"
SIDE_BY_SIDE = "side_by_side.png"
LONGER, LOCK = "longer_run", ".lock"
# What `data.json` says of the files.
FORMAT, SHA256 = "format", "sha256"


class OutputError(UserError):
    """The output folder cannot be written."""


def prepare_folder(folder: pathlib.Path) -> None:
    """Makes sure, before anything is trained, that results can be written.

    Raises:
        OutputError: If they cannot.
    """
    try:
        require_writable(folder)
        with locked(folder / LOCK):
            finish_writing(folder)
    except OSError as error:
        raise OutputError(
            f"The output folder {folder} cannot be written ({error}). "
            "Name another one with --output."
        ) from error


def write(
    folder: pathlib.Path,
    picture: Picture,
    data: JsonObject,
    claims: Sequence[Claim],
    tables: Mapping[str, str] | None = None,
) -> pathlib.Path | None:
    """Writes a figure's three files, and its tables, all of them or none.

    The data have the digests of all, by which `find_damage` knows whether they belong together. A
    result of a longer protocol that is already there is kept in a folder beside them.

    Arguments:
        folder: `results/<report>/<figure>`.
        picture: Matplotlib figure.
        data: JSON-compatible dictionary with a `protocol`.
        claims: List of `Claim`.
        tables: Dictionary of further texts by name of file; None for none.

    Returns:
        Path of the kept earlier result, or None.

    Raises:
        ClaimError: If a claim is incomplete, or its verdict contradicts its numbers.
        OutputError: If the files cannot be written.
    """
    claims = list(claims)
    for claim in claims:
        claim.check()
    twice = [
        one for one, count in collections.Counter(claim.id for claim in claims).items() if count > 1
    ]
    if twice:
        raise ClaimError(f"There are two claims of the id {twice[0]!r}.")
    drawn = io.BytesIO()
    plots.save(picture, drawn)
    contents = {
        PICTURE: drawn.getvalue(),
        CLAIMS: encode_json([claim.to_dict() for claim in claims]),
        **{name: text.encode() for name, text in (tables or {}).items()},
    }
    digests = {name: _digest(content) for name, content in contents.items()}
    digests[DATA] = _digest(encode_json(data))
    contents[DATA] = encode_json({FORMAT: 1, SHA256: digests, **data})
    try:
        with locked(folder / LOCK):
            kept = _keep_longer(folder, size(data))
            write_together(folder, contents)
    except OSError as error:
        raise OutputError(
            f"The results could not be written to {folder} ({error}). The runs are stored: "
            "the same command with another --output writes them without training."
        ) from error
    return kept


def find_damage(folder: pathlib.Path, data: JsonObject) -> str | None:
    """Finds out whether the files of a result are those that were written together.

    Arguments:
        folder: `results/<report>/<figure>`.
        data: What is in its `data.json`; one of version 0.2.0 has no digests.

    Returns:
        What is wrong, or None.
    """
    rest = dict(data)
    form, digests = rest.pop(FORMAT, None), rest.pop(SHA256, None)
    if form is None and digests is None:
        return None
    if form != 1 or not isinstance(digests, dict):
        return f"{DATA} does not say what belongs to it"
    try:
        found: dict[str, str | None] = {DATA: _digest(encode_json(rest))}
    except ValueError as error:
        return f"{DATA} holds what is no number ({error})"
    for name in digests.keys() - {DATA}:
        path = folder / pathlib.PurePath(name).name
        found[name] = _digest(path.read_bytes()) if path.is_file() else None
    wrong = sorted(name for name in digests if digests[name] != found.get(name))
    if not wrong:
        return None
    return f"{', '.join(wrong)}: not what was written together; make the figure again"


def add_to_data(folder: pathlib.Path, **added: Any) -> None:
    """Adds entries to a result's `data.json`, whose digest is renewed if it was right.

    Raises:
        OSError, ValueError: If it cannot be read or written.
    """
    with locked(folder / LOCK):
        data = read_json_object(folder / DATA)
        is_whole = find_damage(folder, data) is None
        data |= added
        if is_whole and isinstance(data.get(SHA256), dict):
            rest = {name: value for name, value in data.items() if name not in (FORMAT, SHA256)}
            data[SHA256] = {**data[SHA256], DATA: _digest(encode_json(rest))}
        with atomic_write(folder / DATA) as file:
            file.write(encode_json(data))


def panel_box(picture: Picture) -> list[float]:
    """Where a figure's first panel is in its picture: left, top, right, bottom, from 0 to 1."""
    picture.draw_without_rendering()
    panel, whole = picture.axes[0].get_tightbbox(), picture.bbox
    if panel is None:
        return [0.0, 0.0, 1.0, 1.0]
    left, right = panel.x0 / whole.width, panel.x1 / whole.width
    top, bottom = 1 - panel.y1 / whole.height, 1 - panel.y0 / whole.height
    return [round(float(min(max(side, 0), 1)), 4) for side in (left, top, right, bottom)]


def provenance() -> JsonObject:
    """When and where results are made: date, commit of the scripts (None outside git), machine."""
    # It imports TensorFlow, for which those that only read results should not wait.
    from keras_vae._internal import backend

    cores, gpus = backend.cores(), len(backend.gpus())
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "commit": _commit(),
        "machine": f"{_processor()}, {cores} core{'s' if cores > 1 else ''}"
        + (f", {gpus} GPU{'s' if gpus > 1 else ''}" if gpus else ""),
    }


def _commit() -> str | None:
    command = ["git", "-C", str(pathlib.Path(__file__).parent), "rev-parse", "--short=10", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def _processor() -> str:
    try:
        information = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        information = ""
    names = re.findall(r"^model name\s*:\s*(.+)$", information, re.MULTILINE)
    return names[0].strip() if names else platform.processor() or platform.machine()


def write_side_by_side(folder: pathlib.Path, original: np.ndarray) -> None:
    """Writes our picture with the original's beside it.

    Arguments:
        folder: `results/<report>/<figure>`, already written.
        original: Array from `originals.read_picture`.

    Raises:
        OutputError: If the file cannot be written.
    """
    picture = originals.beside(folder / PICTURE, original)
    try:
        with locked(folder / LOCK):
            remove_temporaries(folder / SIDE_BY_SIDE)
            with atomic_write(folder / SIDE_BY_SIDE) as file:
                plots.save(picture, file)
    except OSError as error:
        raise OutputError(f"{folder / SIDE_BY_SIDE} could not be written ({error}).") from error


def size(data: JsonObject) -> tuple[int, int]:
    """How much was computed, to compare results by.

    The data set that the report asks for comes first, then any other but the embedded one;
    after that the epochs of all methods x trials.
    """
    reached, asked = data["protocol"]["reached"], data["protocol"]["asked"]
    dataset = reached["dataset"]
    rank = 2 if dataset == asked.get("dataset") else int(dataset != "mnist_5k")
    epochs = reached["epochs"]
    # One number is the epochs of every method, a dictionary has those of each.
    total = sum(epochs.values()) if isinstance(epochs, dict) else epochs * len(data["runs"])
    return (rank, total * reached["trials"])


def _keep_longer(folder: pathlib.Path, new_size: tuple[int, int]) -> pathlib.Path | None:
    kept = folder / LONGER
    old_size, kept_size = _size_of(folder), _size_of(kept)
    if old_size is None or old_size <= new_size:
        return None
    if kept_size is None or kept_size <= old_size:
        kept.mkdir(exist_ok=True)
        files = [path for path in folder.iterdir() if path.is_file() and path.name != LOCK]
        write_together(kept, {path.name: path.read_bytes() for path in files})
    return kept


def _size_of(folder: pathlib.Path) -> tuple[int, int] | None:
    # What an older version, or somebody else, has written there may be of any shape.
    with contextlib.suppress(OSError, ValueError, LookupError, TypeError, AttributeError):
        rank, total = size(read_json_object(folder / DATA))
        if isinstance(total, int):
            return rank, total
    return None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def load_original(report: str, name: str) -> JsonObject:
    """Returns the numbers of a report's figure as a dictionary.

    Arguments:
        report: Name of the report.
        name: Name of the figure, for example `"fig_3"`.

    Raises:
        FileNotFoundError: If `has_original` says that there are none.
    """
    return json.loads(_original(report, name).read_text(encoding="utf-8"))


def has_original(report: str, name: str) -> bool:
    """Whether there are numbers of a report's figure."""
    return _original(report, name).is_file()


def _original(report: str, name: str) -> Traversable:
    folder = importlib.resources.files("keras_vae.experiments.figures") / "original_curves"
    return folder / f"{report}_{name}.json".replace("/", "_")

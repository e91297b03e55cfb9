"""Reads what the figures left behind into what the page shows."""

import dataclasses
import json
import os
import pathlib
from collections.abc import Callable
from typing import Any, TypeVar

import keras_vae
from keras_vae import UserError
from keras_vae._internal.files import JsonObject
from keras_vae.experiments.figures import results
from keras_vae.experiments.figures.claims import Claim, ClaimError, count_verdicts
from keras_vae.experiments.figures.results import CLAIMS, DATA, LONGER, PICTURE
from keras_vae.experiments.page.wording import (
    Table,
    describe_extent,
    describe_protocol,
    parse_table,
)
from keras_vae.experiments.reports import REPORTS

Content = TypeVar("Content")
# What reading a file that something else has changed can raise.
UNREADABLE = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RecursionError,
)


class PageError(UserError):
    """There are no results to make a page of, or it cannot be written."""


@dataclasses.dataclass(frozen=True)
class Entry:
    """One figure's results.

    Attributes:
        name: Folder below the results, for example `"activity/fig_3_1"`.
        title: What the figure shows.
        script: Path of its script below the folder of scripts, or None.
        claims: List of `Claim`, without those that cannot be read.
        claims_are_all: Whether all of them could be read.
        extent: What was computed of what the report asks for, in short.
        protocol: Rows (what, reached, asked) of texts.
        versions: Dictionary of versions by package.
        picture: Whether there is a picture.
        table: What is in `table.md`, or None.
        original: Path of the user's picture of the original, or None.
        source: Where the original's numbers, to which ours are compared, come from, or None.
        notes: What a reader has to be warned of.
    """

    name: str
    title: str
    script: str | None
    claims: list[Claim]
    claims_are_all: bool
    extent: str
    protocol: list[tuple[str, str, str]]
    versions: dict[str, str]
    picture: bool
    table: Table | None
    original: pathlib.Path | None
    source: str | None
    notes: list[str]

    @property
    def report(self) -> str:
        """Name of the report."""
        return self.name.split("/")[0]

    @property
    def counts(self) -> dict[str, int]:
        """Number of claims by kind of verdict."""
        return count_verdicts(self.claims)


def read_results(
    folder: str | os.PathLike[str], originals_folder: pathlib.Path | None = None
) -> list[Entry]:
    """Reads all results, in the reports' order.

    Arguments:
        folder: Folder of results, `<report>/<figure>/{data,claims}.json` and pictures.
        originals_folder: Folder with the user's pictures of the originals; None for none.

    Returns:
        List of `Entry`.

    Raises:
        PageError: If there is no result.
        results.OriginalsError: If there is no such folder of originals.
    """
    folder = pathlib.Path(folder)
    found = sorted(
        {path.parent for name in (DATA, CLAIMS) for path in folder.rglob(name)}, key=_order(folder)
    )
    entries = [read_entry(folder, path, originals_folder) for path in found if path.name != LONGER]
    if not entries:
        raise PageError(f"{folder} holds no results. Run a reproduction first, or name --results.")
    return entries


def read_entry(
    folder: pathlib.Path, path: pathlib.Path, originals_folder: pathlib.Path | None = None
) -> Entry:
    """Reads one figure's results; what is damaged becomes a note.

    Arguments:
        folder: Folder of results.
        path: The figure's folder in it.
        originals_folder: As of `read_results`.
    """
    notes: list[str] = []
    data = read_json(path / DATA, dict, notes) or {}
    if (damage := results.find_damage(path, data)) is not None:
        notes.append(f"{damage}.")
    claims, claims_are_all = _read_claims(path / CLAIMS, notes)
    name = path.relative_to(folder).as_posix()
    try:
        protocol = data.get("protocol", {})
        extent, rows = describe_extent(data), describe_protocol(protocol)
    except UNREADABLE as error:
        notes.append(f"The protocol in {DATA} cannot be read ({type(error).__name__}: {error}).")
        extent, rows = "unknown", []
    versions = _versions(data, notes)
    if (path / LONGER).is_dir():
        notes.append(f"An earlier result of a longer protocol is kept in {LONGER}.")
    original = _find_original(originals_folder, name, notes)
    return Entry(
        name=name,
        title=str(data.get("title", name)),
        script=data.get("script"),
        claims=claims,
        claims_are_all=claims_are_all,
        extent=extent,
        protocol=rows,
        versions=versions,
        picture=(path / PICTURE).is_file(),
        table=_read_table(path / "table.md", notes),
        original=original,
        source=data.get("original"),
        notes=notes,
    )


def _find_original(folder: pathlib.Path | None, name: str, notes: list[str]) -> pathlib.Path | None:
    """Path of the user's picture of a figure, or None if there is none that can be shown."""
    if folder is None:
        return None
    report, _, figure = name.rpartition("/")
    path = results.find_picture(folder, report, figure)
    try:
        if path is not None:
            results.open_picture(path).close()
    except results.OriginalsError as error:
        notes.append(str(error))
        return None
    return path


def read_json(path: pathlib.Path, kind: type[Content], notes: list[str]) -> Content | None:
    """Reads a file of results, or says in a note why it cannot be read.

    Arguments:
        path: The file.
        kind: Type of what it holds.
        notes: List that the note is added to.

    Returns:
        What it holds, or None.
    """
    if path.exists() and not path.is_file():
        notes.append(f"{path.name} is damaged: it is not a file.")
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(content, kind):
            return content
        notes.append(f"{path.name} is damaged: it holds no {kind.__name__}.")
    except FileNotFoundError:
        notes.append(f"{path.name} is missing.")
    except UNREADABLE as error:
        notes.append(f"{path.name} is damaged ({error}).")
    return None


def _versions(data: JsonObject, notes: list[str]) -> JsonObject:
    versions = data.get("versions", {})
    if not isinstance(versions, dict):
        notes.append(f"The versions in {DATA} cannot be read.")
        return {}
    made_by = versions.get("keras-vae", keras_vae.__version__)
    if made_by != keras_vae.__version__:
        notes.append(f"Made by keras_vae {made_by}; this page by {keras_vae.__version__}.")
    return versions


def _read_claims(path: pathlib.Path, notes: list[str]) -> tuple[list[Claim], bool]:
    """The claims that can be shown, and whether those are all."""
    contents = read_json(path, list, notes)
    if contents is None:
        return [], False
    claims, older = [], 0
    for content in contents:
        try:
            claims.append(Claim.from_dict(content))
            older += "readings" not in content
        except ClaimError as error:
            notes.append(f"One of the claims in {CLAIMS} is left out: {error}")
    if older:
        notes.append(
            f"{older} of the claims are of an older version, with one rule and numbers without "
            "units; making the figure again renews them."
        )
    return claims, len(claims) == len(contents)


def _read_table(path: pathlib.Path, notes: list[str]) -> Table | None:
    if not path.is_file():
        return None
    try:
        return parse_table(path.read_text(encoding="utf-8"))
    except UNREADABLE as error:
        notes.append(f"{path.name} cannot be read ({error}).")
    return None


def _order(folder: pathlib.Path) -> Callable[[pathlib.Path], tuple[Any, ...]]:
    """A key that sorts figures by report, those beyond it last, and numbers as numbers."""

    def key(path: pathlib.Path) -> tuple[Any, ...]:
        parts = path.relative_to(folder).parts
        report = list(REPORTS).index(parts[0]) if parts[0] in REPORTS else len(REPORTS)
        numbers = [
            [(0, int(piece), "") if piece.isdigit() else (1, 0, piece) for piece in p.split("_")]
            for p in parts[1:]
        ]
        return report, parts[0], len(parts), numbers

    return key

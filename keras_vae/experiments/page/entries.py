"""Reads what the figures left behind into what the page shows."""

import dataclasses
import json
import math
import os
import pathlib
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import keras_vae
from keras_vae import UserError
from keras_vae._internal.files import JsonObject
from keras_vae.experiments.figures import catalogue
from keras_vae.experiments.figures.catalogue import Script
from keras_vae.experiments.figures.claims import Claim, ClaimError, count_verdicts
from keras_vae.experiments.figures.originals import LARGEST_DRAWN
from keras_vae.experiments.figures.results import CLAIMS, DATA, LONGER, PICTURE, find_damage
from keras_vae.experiments.page.pictures import Shown, show
from keras_vae.experiments.page.wording import (
    Table,
    describe_differences,
    describe_epochs,
    describe_extent,
    describe_protocol,
    parse_table,
)

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
FINDINGS = "findings.json"
# What of a result may stand in a command that a reader copies.
PLAIN = re.compile(r"[\w/.+-]+")


class PageError(UserError):
    """There are no results to make a page of, or it cannot be written."""


@dataclasses.dataclass(frozen=True)
class Entry:
    """One figure's results.

    Attributes:
        name: Folder below the results, for example `"activity/fig_3_1"`.
        figure: The figure that its script makes: other options have folders of their own.
        title: What the figure shows.
        report_title: Title of its report, or the report's name.
        report_authors: Its authors; empty where they are not known.
        script: Path of its script below the folder of scripts, or None.
        claims: List of `Claim`, without those that cannot be read.
        claims_are_all: Whether all of them could be read.
        claims_lack: Whether there are none although its script judges some.
        extent: What was computed of what the report asks for, in short.
        epochs: The epochs of that, and
        trials: the trials; empty where nothing was trained.
        differs: In what the protocol differs from the report's, in words; may be empty.
        protocol: Rows (what, reached, asked) of texts.
        versions: Dictionary of versions by package.
        made: Date, commit and machine, as far as they are recorded.
        seconds: Seconds of training by run.
        command: What makes this result again, or None.
        picture: Our picture, or None.
        table: What is in `table.md`, or None.
        curves: Our curves, as `data.json` has them.
        source: Where the original's numbers, to which ours are compared, come from, or None.
        notes: What a reader has to be warned of.
    """

    name: str
    figure: str
    title: str
    report_title: str
    report_authors: str
    script: str | None
    claims: list[Claim]
    claims_are_all: bool
    claims_lack: bool
    extent: str
    epochs: str
    trials: str
    differs: str
    protocol: list[tuple[str, str, str]]
    versions: dict[str, str]
    made: dict[str, str]
    seconds: dict[str, float]
    command: str | None
    picture: Shown | None
    table: Table | None
    curves: list[JsonObject]
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


def find_scripts() -> dict[str, Script]:
    """The scripts of this installation by figure; none where it has no catalogue."""
    try:
        return {script.figure: script for script in catalogue.find_scripts()}
    except catalogue.CatalogueError:
        return {}


def read_results(folder: str | os.PathLike[str]) -> list[Entry]:
    """Reads all results, by report and number.

    Arguments:
        folder: Folder of results, `<report>/<figure>/{data,claims}.json` and pictures.

    Returns:
        List of `Entry`.

    Raises:
        PageError: If there is no result.
    """
    folder = pathlib.Path(folder)
    found = {path.parent for name in (DATA, CLAIMS) for path in folder.rglob(name)}
    scripts = find_scripts()
    entries = [
        read_entry(folder, path, scripts)
        for path in sorted(found, key=_order(folder))
        if path.name != LONGER and path != folder
    ]
    if not entries:
        raise PageError(f"{folder} holds no results. Run a reproduction first, or name --results.")
    return entries


def read_entry(
    folder: pathlib.Path, path: pathlib.Path, scripts: Mapping[str, Script] | None = None
) -> Entry:
    """Reads one figure's results; what is damaged becomes a note.

    Arguments:
        folder: Folder of results.
        path: The figure's folder in it.
        scripts: Dictionary of `Script` by figure.
    """
    notes: list[str] = []
    data = read_json(path / DATA, dict, notes) or {}
    if (damage := find_damage(path, data)) is not None:
        notes.append(f"{damage}.")
    claims, claims_are_all = _read_claims(path / CLAIMS, notes)
    name = path.relative_to(folder).as_posix()
    figure = _of_type(data, "figure", str) or name
    # Made with other options, a figure's folder has its name and these.
    if not f"{name}_".startswith(f"{figure}_"):
        notes.append(f"{DATA} is of {figure}, but lies in the folder of {name}.")
    script = (scripts or {}).get(figure)
    claims_lack = claims_are_all and not claims and script is not None and script.judges
    if claims_lack:
        notes.append(
            f"{CLAIMS} is empty, although the figure's script judges claims; making the figure "
            "again judges them."
        )
    protocol: JsonObject = {"extent": "unknown", "epochs": "", "trials": "", "differs": ""}
    if data:
        try:
            protocol = _protocol(data)
        except UNREADABLE as error:
            notes.append(
                f"The protocol in {DATA} cannot be read ({type(error).__name__}: {error})."
            )
    if (path / LONGER).is_dir():
        notes.append(f"An earlier result of a longer protocol is kept in {LONGER}.")
    about, made = (_of_type(data, key, dict) or {} for key in ("about", "made"))
    return Entry(
        name=name,
        figure=figure,
        title=_of_type(data, "title", str) or (script.title if script else name),
        report_title=str(about.get("title") or (script and script.report_title) or ""),
        report_authors=str(about.get("authors") or (script and script.report_authors) or ""),
        script=_of_type(data, "script", str),
        claims=claims,
        claims_are_all=claims_are_all,
        claims_lack=claims_lack,
        protocol=protocol.pop("rows", []),
        **protocol,
        versions=_versions(data, notes),
        made={key: str(value) for key, value in made.items() if value is not None},
        seconds=_seconds(data),
        command=_command(name, figure, data),
        picture=show(path / PICTURE, folder, notes),
        table=_read_table(path / "table.md", notes),
        curves=_curves(data),
        source=_of_type(data, "original", str),
        notes=notes,
    )


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
        what = "list" if kind is list else "dictionary"
        notes.append(f"{path.name} is damaged: it holds no {what}.")
    except FileNotFoundError:
        notes.append(f"{path.name} is missing.")
    except UNREADABLE as error:
        notes.append(f"{path.name} is damaged ({error}).")
    return None


def read_findings(
    folder: pathlib.Path, entries: list[Entry]
) -> tuple[list[tuple[Claim, Entry]], list[str]]:
    """The claims that are worth knowing first.

    Arguments:
        folder: Folder of results. Its `findings.json` is a list of ids of claims.
        entries: From `read_results`.

    Returns:
        List of pairs of a claim and its figure; and a list of notes on ids of no claim. Both are
        empty if there is no such file.
    """
    notes: list[str] = []
    if not (folder / FINDINGS).is_file():
        return [], notes
    claims = {claim.id: (claim, entry) for entry in entries for claim in entry.claims}
    found = []
    for name in read_json(folder / FINDINGS, list, notes) or []:
        if isinstance(name, str) and name in claims:
            found.append(claims[name])
        elif isinstance(name, str):
            notes.append(f"{FINDINGS} names {name!r}, which is no claim of these results.")
        else:
            notes.append(f"{FINDINGS} has something else than ids of claims.")
    return found, list(dict.fromkeys(notes))


def _of_type(data: JsonObject, key: str, kind: type[Content]) -> Content | None:
    value = data.get(key)
    return value if isinstance(value, kind) else None


def _protocol(data: JsonObject) -> JsonObject:
    trials = data["protocol"]["reached"]["trials"] if data["runs"] else ""
    return {
        "extent": describe_extent(data),
        "epochs": describe_epochs(data),
        "trials": str(trials),
        "differs": describe_differences(data),
        "rows": describe_protocol(data["protocol"]),
    }


def _seconds(data: JsonObject) -> dict[str, float]:
    """Seconds of training by run, as far as they are recorded."""
    seconds = {}
    for run in (_of_type(data, "runs", dict) or {}).values():
        try:
            each = float(run["epochs"]["reached"] * run["median_seconds_per_epoch"])
            if math.isfinite(each):
                seconds.update(dict.fromkeys(map(str, run["ids"]), each))
        except UNREADABLE:
            continue
    return seconds


def _curves(data: JsonObject) -> list[JsonObject]:
    """Our curves; none of them if one is not what `originals.curves_of` returns."""
    try:
        curves: list[JsonObject] = [
            {
                **{name: str(curve[name]) for name in ("panel", "curve")},
                "x": [float(value) for value in curve["x"]],
                "y": [None if value is None else float(value) for value in curve["y"]],
            }
            for curve in data.get("curves", [])
        ]
    except UNREADABLE:
        return []
    drawable = all(
        len(curve["x"]) == len(curve["y"])
        and all(abs(value) < LARGEST_DRAWN for value in (*curve["x"], *curve["y"]) if value)
        for curve in curves
    )
    return curves if drawable else []


def _command(name: str, figure: str, data: JsonObject) -> str | None:
    """The command that computes a result again; None if it is not known."""
    try:
        reached, trained = data["protocol"]["reached"], bool(data["runs"])
        epochs, dataset = reached.get("epochs"), str(reached["dataset"])
        if name not in (figure, f"{figure}_{dataset}"):
            # Options that a figure has of its own are not recorded.
            return None
        options = []
        if trained and isinstance(epochs, int):
            options = ["--dataset", dataset, "--epochs", str(epochs)]
            options += ["--trials", str(reached["trials"])]
        elif trained:
            # Epochs that differ from model to model are the report's, as far as they go.
            options = ["--preset", "paper"]
            if dataset != data["protocol"]["asked"].get("dataset"):
                options += ["--dataset", dataset]
            if "trials" in reached:
                options += ["--trials", str(reached["trials"])]
        if trained and reached.get("seeds", [0])[0] != 0:
            options += ["--seed", str(reached["seeds"][0])]
    except UNREADABLE:
        return None
    words = ["keras-vae", "reproduce", figure, *options]
    return " ".join(words) if all(map(PLAIN.fullmatch, words)) else None


def _versions(data: JsonObject, notes: list[str]) -> dict[str, str]:
    versions = data.get("versions", {})
    if not isinstance(versions, dict):
        notes.append(f"The versions in {DATA} cannot be read.")
        return {}
    made_by = versions.get("keras-vae", keras_vae.__version__)
    if made_by != keras_vae.__version__:
        notes.append(f"Made by keras_vae {made_by}; this page by {keras_vae.__version__}.")
    return {str(package): str(number) for package, number in versions.items()}


def _read_claims(path: pathlib.Path, notes: list[str]) -> tuple[list[Claim], bool]:
    """The claims that can be shown, and whether those are all."""
    contents = read_json(path, list, notes)
    if contents is None:
        return [], False
    claims, older = [], 0
    for content in contents:
        try:
            claim = Claim.from_dict(content)
            if not claim.id:
                raise ClaimError("It has no `id`.")
            claims.append(claim)
            older += "readings" not in content
        except (ClaimError, *UNREADABLE) as error:
            notes.append(f"One of the claims in {CLAIMS} is left out: {error}")
    if older:
        whose = "1 claim is" if older == 1 else f"{older} claims are"
        notes.append(
            f"{whose} of an older version, with one rule and numbers without units; making the "
            "figure again adds what is missing."
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
        numbers = [
            [(0, int(piece), "") if piece.isdecimal() else (1, 0, piece) for piece in p.split("_")]
            for p in parts[1:]
        ]
        return parts[:1], len(parts), numbers

    return key

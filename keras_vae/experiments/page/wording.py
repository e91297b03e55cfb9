"""Numbers, protocols, and under what results were made, in words."""

from __future__ import annotations

import collections
import math
import re
import typing
from collections.abc import Mapping, Sequence
from typing import Any

from keras_vae._internal.files import JsonObject
from keras_vae.experiments.figures.claims import DEPENDS, LONGEST_MEASURED, Claim
from keras_vae.experiments.figures.numbers import Number

if typing.TYPE_CHECKING:
    from keras_vae.experiments.page.entries import Entry

SHOWN = ("dataset", "binarize", "epochs", "trials")
LONGEST = 12
ESTIMATE = ("mean", "standard_error")
MOST_DECIMALS = 6
WHERE_GIVEN = " where given"
PLURALS = {DEPENDS: "depend on the reading"}
MADE = ("machine", "date", "commit")
# More commits than these are counted.
MOST_COMMITS = 3


class Table(typing.NamedTuple):
    """A Markdown text that begins with a table, and its parts.

    Attributes:
        text: All of it.
        head: Names of the columns.
        rows: Rows of texts.
        below: Texts under the table.
    """

    text: str
    head: list[str]
    rows: list[list[str]]
    below: list[str]


def describe_extent(data: JsonObject) -> str:
    """What was computed of what the report asks for, in short.

    Arguments:
        data: Dictionary as in `data.json`.

    Returns:
        `"120 of 300 x 2"` (epochs x trials); a range of shares, `"34-100% x 1"`, where runs differ
        in epochs, with `WHERE_GIVEN` if the report gives none for some; `"no training"` where
        nothing was trained.
    """
    trials = data["protocol"]["reached"]["trials"]
    found = {(run["epochs"]["reached"], run["epochs"]["asked"]) for run in data["runs"].values()}
    if not found:
        return "no training"
    if len(found) == 1:
        reached, asked = found.pop()
        return f"{reached} x {trials}" if asked is None else f"{reached} of {asked} x {trials}"
    shares = [round(100 * reached / asked) for reached, asked in found if asked is not None]
    span = "-".join(str(share) for share in sorted({min(shares), max(shares)}))
    of_what = "" if all(asked is not None for _, asked in found) else WHERE_GIVEN
    return f"{span}%{of_what} x {trials}"


def describe_epochs(data: JsonObject) -> str:
    """The epochs reached of those asked for, `"120 of 300"` or `"34-100%"`; empty without runs."""
    extent = describe_extent(data)
    return extent.rpartition(" x ")[0] if data["runs"] else ""


def describe_differences(data: JsonObject) -> str:
    """In what a result's protocol differs from the report's, in words; empty if in nothing."""
    reached, asked = data["protocol"]["reached"], data["protocol"]["asked"]
    found = []
    if asked.get("dataset") not in (None, "all", "none", reached["dataset"]):
        found.append(f"data set ({reached['dataset']}, not {asked['dataset']})")
    epochs = [run["epochs"] for run in data["runs"].values()]
    if any(each["asked"] not in (None, each["reached"]) for each in epochs):
        found.append(f"epochs ({describe_epochs(data)})")
    trials = str(asked.get("trials", ""))
    if data["runs"] and trials.isdigit() and int(trials) != reached["trials"]:
        found.append(f"trials ({reached['trials']}, not {trials})")
    return ", ".join(found)


def describe_time(seconds: float) -> str:
    """A time in hours, or in minutes if it is short."""
    if seconds < 60:
        return "less than a minute"
    hours = seconds / 3600
    return f"{hours:.1f} hours" if hours >= 1 else f"{round(seconds / 60)} minutes"


def describe_measured(claim: Claim) -> str:
    """What we measured, in one line; of a claim of an older version its first numbers."""
    if claim.measured:
        return claim.measured
    pairs = [pair for reading in claim.readings for pair in describe_numbers(reading.numbers)]
    text = ""
    for what, value in pairs:
        longer = f"{text}; {what}: {value}" if text else f"{what}: {value}"
        if len(longer) > LONGEST_MEASURED:
            return f"{text or longer[: LONGEST_MEASURED - 2]} …"
        text = longer
    return text


def describe_counts(counts: Mapping[str, int]) -> str:
    """How many claims have each kind of verdict, in words."""
    return ", ".join(
        f"{count} {kind if count == 1 else PLURALS.get(kind, kind)}"
        for kind, count in counts.items()
        if count
    )


def describe_source(claim: Claim) -> str:
    """Whose words a claim's statement is; a report is not to say what we ask beyond it."""
    return "Beyond the report" if claim.extension else "The report says"


def describe_protocol(protocol: JsonObject) -> list[tuple[str, str, str]]:
    """The protocol reached against the one asked for, as rows (what, reached, asked) of texts."""
    reached, asked = protocol["reached"], protocol["asked"]
    names = [*SHOWN, *(name for name in asked if name not in SHOWN)]
    rows = ((name, _plain(reached.get(name)), _plain(asked.get(name))) for name in names)
    return [(name.replace("_", " "), ours, theirs) for name, ours, theirs in rows if ours or theirs]


def describe_number(value: object) -> str:
    """A number with four significant digits, anything else as it is."""
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    return f"{value:.4g}" if isinstance(value, float) else str(value)


LIMIT_WORDS = {"at_least": "at least", "at_most": "at most", "above": "above", "below": "below"}


def describe_numbers(
    numbers: Mapping[str, Number], most: int | None = None
) -> list[tuple[str, str]]:
    """What a reading measured, as pairs (name with unit and the rule's limits, values in a line).

    Arguments:
        numbers: Dictionary of `Number` by name.
        most: How many values, those that decide first; None for all.
    """
    pairs, shown, count = [], 0, 0
    # Those that decide come first.
    for name, number in sorted(numbers.items(), key=lambda pair: not pair[1].limits):
        limits = " and ".join(
            f"{LIMIT_WORDS[kind]} {describe_number(limit)}" for kind, limit in number.limits.items()
        )
        unit = "" if number.unit == "1" else number.unit
        notes = ", ".join(filter(None, (unit, f"to be {limits}" if limits else "")))
        values = [": ".join(filter(None, pair)) for pair in describe_values(number.value)]
        told = values if most is None else values[: most - shown]
        shown, count = shown + len(told), count + len(values)
        if told:
            what = name.replace("_", " ") + (f" ({notes})" if notes else "")
            pairs.append((what, "; ".join(told)))
    return pairs if shown == count else [*pairs, ("and", f"{count - shown} more in claims.json")]


def describe_values(numbers: Any, prefix: str = "") -> list[tuple[str, str]]:
    """Nested values as pairs (name, text).

    Nested names are joined; a list is one text, and so are a mean and its standard error.

    Arguments:
        numbers: Nested dictionary of JSON values.
        prefix: What the names begin with.
    """
    if isinstance(numbers, list):
        return [(prefix, _list(numbers))]
    if not isinstance(numbers, dict):
        return [(prefix, describe_number(numbers))]
    if _is_estimate(numbers):
        return [(prefix, _estimate(numbers))]
    pairs = []
    for name, value in numbers.items():
        readable = str(name).replace("_", " ")
        pairs += describe_values(value, f"{prefix}, {readable}" if prefix else readable)
    return pairs


def _is_estimate(value: object) -> bool:
    return isinstance(value, dict) and value.keys() >= set(ESTIMATE)


def _estimate(value: JsonObject) -> str:
    """`mean ± standard_error`, and in brackets of what; of trials, as the figure says itself."""
    parts = [value[key] for key in ESTIMATE if value[key] is not None]
    error = value["standard_error"]
    # As many decimals as two digits of the error have.
    decimals = max(1 - math.floor(math.log10(error)), 0) if error else MOST_DECIMALS + 1
    texts = [
        f"{part:.{decimals}f}" if decimals <= MOST_DECIMALS else describe_number(part)
        for part in parts
    ]
    shown = {key: part for key, part in value.items() if key not in (*ESTIMATE, "seeds")}
    of_what = [f"{name} {text}" for name, text in describe_values(shown)]
    if error is None and value.get("seeds") == 1:
        of_what.append("one seed")
    return (" ± ".join(texts) or "none") + (f" ({', '.join(of_what)})" if of_what else "")


def _list(values: list[Any]) -> str:
    if values and all(map(_is_estimate, values)):
        return "; ".join(map(_estimate, values))
    if any(isinstance(value, dict | list) for value in values):
        return f"rows in claims.json: {len(values)}"
    shown = ", ".join(describe_number(value) for value in values[:LONGEST])
    return shown if len(values) <= LONGEST else f"{shown}, … ({len(values)} values)"


def _plain(value: object) -> str:
    """A protocol's entry as text: of runs that agree, what they agree on."""
    if value is None or value == {}:
        return ""
    if isinstance(value, dict):
        texts = {name: _plain(part) or "none" for name, part in value.items()}
        if len(set(texts.values())) == 1:
            return next(iter(texts.values()))
        return "; ".join(f"{name}: {text}" for name, text in texts.items())
    return str(value)


def markdown_text(text: object) -> str:
    """A text in which Markdown and HTML see nothing but text, in one line, for cells too."""
    escaped = re.sub(r"([\\`*_\[\]|#!~])", r"\\\1", str(text))
    return " ".join(escaped.replace("&", "&amp;").replace("<", "&lt;").split())


def markdown_code(text: object) -> str:
    """A name as code in Markdown; as text if it is more than a name."""
    return f"`{text}`" if re.fullmatch(r"[\w./+-]+", str(text)) else markdown_text(text)


def parse_table(text: str) -> Table:
    """Splits a Markdown text that begins with a table.

    Arguments:
        text: The table, a blank line and further paragraphs or points.

    Returns:
        `Table`.
    """
    lines = text.strip().split("\n")
    count = next((i for i, line in enumerate(lines) if not line.startswith("|")), len(lines))
    head, _, *rows = (
        [cell.strip() for cell in line.strip("|").split("|")] for line in lines[:count]
    )
    below = [line.removeprefix("- ") for line in lines[count:] if line.strip()]
    return Table(text, head, rows, below)


def list_versions(versions: Mapping[str, str]) -> str:
    """Versions by package in one line."""
    return ", ".join(f"{package} {number}" for package, number in versions.items())


def all_versions(entries: Sequence[Entry]) -> dict[str, str]:
    """The versions under which results were made, all that there are of each package."""
    found: dict[str, dict[str, None]] = collections.defaultdict(dict)
    for entry in entries:
        for package, number in entry.versions.items():
            found[package][number] = None
    return {package: " and ".join(numbers) for package, numbers in found.items()}


def shared_making(entries: Sequence[Entry]) -> dict[str, str]:
    """The machine, date and commit where all results have the same, which the head says once."""
    found = {what: {entry.made.get(what) for entry in entries} for what in MADE}
    alone = {what: values.pop() for what, values in found.items() if len(values) == 1}
    return {what: value for what, value in alone.items() if value is not None}


def describe_making(entries: Sequence[Entry]) -> str:
    """Under what the results were made; says so where only some of them have recorded it."""
    versions = list_versions(all_versions(entries))
    recorded = [entry.made for entry in entries if entry.made]
    machines, dates, commits = (
        sorted({made[what] for made in recorded if what in made}) for what in MADE
    )
    texts = [" and ".join(machines)] if machines else []
    if dates:
        texts.append(dates[0] if dates[0] == dates[-1] else f"from {dates[0]} to {dates[-1]}")
    if commits:
        more = len(commits) - MOST_COMMITS
        rest = f" and {more} more" if more > 0 else ""
        texts.append(f"at commit {', '.join(commits[:MOST_COMMITS])}{rest}")
    sentences = [f"Made with {versions}."] if versions else []
    if texts:
        some = len(recorded) < len(entries)
        which = f", recorded of {len(recorded)} of {len(entries)} figures" if some else ""
        sentences.append(f"Machine, date and commit{which}: {', '.join(texts)}.")
    return " ".join(sentences)


def describe_models(records: JsonObject, entries: Sequence[Entry]) -> list[list[str]]:
    """Rows of the table of trained models.

    Arguments:
        records: What `models.json` has of each file, by its name.
        entries: List of `Entry`; those whose runs include a model's are named beside it.

    Returns:
        List of lists of five texts: file, figures, epochs, log-likelihood and digest.
    """
    rows = []
    for name, record in records.items():
        figures = [entry.name for entry in entries if record["run"] in entry.seconds]
        estimate = record["test_log_likelihood"]
        reached = "not estimated"
        if estimate is not None:
            reached = (
                f"{estimate['mean']:.2f} ± {estimate['standard_error']:.2f} "
                f"({estimate['images']:,} images, {estimate['num_samples']:,} samples)"
            )
        rows.append(
            [name, ", ".join(figures) or "-", str(record["epochs"]), reached, record["sha256"][:16]]
        )
    return rows

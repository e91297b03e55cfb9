"""Under what results were made, in words: versions, machines, dates and commits."""

import collections
from collections.abc import Mapping, Sequence

from keras_vae.experiments.page.entries import Entry

MADE = ("machine", "date", "commit")
# More commits than these are counted.
MOST_COMMITS = 3


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

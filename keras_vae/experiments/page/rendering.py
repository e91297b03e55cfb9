"""Writes the page, as HTML and as Markdown."""

import collections
import dataclasses
import os
import pathlib
import re
from collections.abc import Callable, Sequence
from typing import Any

import jinja2

import keras_vae
from keras_vae._internal.files import (
    JsonObject,
    atomic_write,
    encode_text,
    read_json_object,
    require_no_other,
)
from keras_vae._internal.verified_files import read_json as read_verified
from keras_vae.experiments.figures.catalogue import Script
from keras_vae.experiments.figures.claims import (
    DEPENDS,
    INCONCLUSIVE,
    NOT_REPRODUCED,
    REPRODUCED,
    STYLES,
    Claim,
    count_verdicts,
)
from keras_vae.experiments.figures.originals import Found, find_originals
from keras_vae.experiments.figures.results import PICTURE
from keras_vae.experiments.page.entries import (
    UNREADABLE,
    Entry,
    PageError,
    find_scripts,
    read_findings,
    read_results,
)
from keras_vae.experiments.page.pictures import ShownOriginal, renew_webp, show_original
from keras_vae.experiments.page.wording import (
    all_versions,
    describe_counts,
    describe_making,
    describe_measured,
    describe_models,
    describe_number,
    describe_numbers,
    describe_source,
    describe_time,
    list_versions,
    markdown_code,
    markdown_text,
    shared_making,
)

# Each page, its template, and what a file of that name holds if it is one of ours.
PAGES = {
    "index.html": ("page.html", "<title>keras_vae: results beside the reports</title>"),
    "README.md": ("page.md", "# Results beside the reports\n"),
}
# Bytes above which the page shows fewer of each reading's numbers; `claims.json` has all.
LARGEST_PAGE = 270_000
MOST_NUMBERS = (12, 8, 5, 3, 2, 1, 0)
EXPLORER = "explorer.html"
SPEEDS, MODELS = "benchmarks/*.json", "models/models.json"
CONTESTANTS = ("keras_vae", "jax", "torch", "matmul_floor")
SCRIPTS = "reproductions"
# The choice of claims that are beyond every report.
BEYOND = "beyond"
GLYPHS = {REPRODUCED: "✓", NOT_REPRODUCED: "✗", DEPENDS: "◐", INCONCLUSIVE: "?"}


@dataclasses.dataclass(frozen=True)
class Section:
    """A report on the page.

    Attributes:
        name: Its folder in the results.
        entries: List of `Entry`.
    """

    name: str
    entries: list[Entry]

    @property
    def anchor(self) -> str:
        """Its address on the page."""
        return anchor(f"report-{self.name}")

    @property
    def title(self) -> str:
        """Its title, or its name."""
        return next((e.report_title for e in self.entries if e.report_title), self.name)

    @property
    def short(self) -> str:
        """Its name as a heading."""
        return self.name.capitalize()

    @property
    def authors(self) -> str:
        """Its authors; may be empty."""
        return next((e.report_authors for e in self.entries if e.report_authors), "")

    @property
    def counts(self) -> dict[str, int]:
        """Number of its own claims by kind of verdict."""
        claims = [claim for entry in self.entries for claim in entry.claims]
        return count_verdicts([claim for claim in claims if not claim.extension])

    @property
    def seconds(self) -> float:
        """Seconds of training, each run counted once."""
        runs: dict[str, float] = {}
        for entry in self.entries:
            runs.update(entry.seconds)
        return sum(runs.values())

    @property
    def protocol(self) -> list[tuple[str, str, str]]:
        """Rows of the protocol that all figures share; of one figure, none."""
        if len(self.entries) < 2:
            return []
        first, *others = [entry.protocol for entry in self.entries if entry.protocol] or [[]]
        return [row for row in first if all(row in rows for rows in others)]

    @property
    def time(self) -> str:
        """The same in words; empty if nothing is recorded."""
        return describe_time(self.seconds) if self.seconds else ""


def sections_of(entries: Sequence[Entry]) -> list[Section]:
    """The reports, in the order of their figures."""
    found: dict[str, list[Entry]] = collections.defaultdict(list)
    for entry in entries:
        found[entry.report].append(entry)
    return [Section(name, part) for name, part in found.items()]


def write(
    folder: str | os.PathLike[str], originals: str | os.PathLike[str] | None = None
) -> tuple[list[pathlib.Path], Found]:
    """Writes `index.html` and `README.md` into a folder of results.

    Beside each picture a smaller WebP file of it is written, which the page shows.

    Arguments:
        folder: Folder of results.
        originals: Folder with the user's pictures of the originals and curves digitised from them,
            as `originals.find_originals` describes it, of which the page then shows copies; None
            for none.

    Returns:
        List of the pages written, and what was found in the folder of originals.

    Raises:
        PageError: If there is no result, or the page cannot be written, or would replace a file
            that is none.
        OriginalsError: If there is no such folder of originals.
    """
    folder = pathlib.Path(folder)
    for name, (_, mark) in PAGES.items():
        _require_ours(folder / name, mark)
    found = Found({}, [], [])
    if originals is not None:
        found = find_originals(pathlib.Path(originals), figure_names(folder))
    # Before anything is written.
    read_results(folder)
    try:
        for path in sorted(folder.rglob(PICTURE)):
            renew_webp(path)
        entries = read_results(folder)
        shown = {}
        for entry in entries:
            # Results of other options are shown beside the original of the same figure.
            original = found.originals.get(entry.name) or found.originals.get(entry.figure)
            if original is not None:
                shown[entry.name] = show_original(original, entry.name, entry.curves, folder)
        found.undrawn.extend(
            f"{name}: there is no result of it here; keras-vae reproduce {name} makes one"
            for name in found.originals.keys() - _names(entries)
        )
        for name, one in shown.items():
            found.undrawn.extend(f"{name}: {problem}" for problem in one.problems)
        context = _context(folder, entries, shown)
        return [_write_page(folder / name, page[0], context) for name, page in PAGES.items()], found
    except OSError as error:
        raise PageError(f"The page cannot be written to {folder} ({error}).") from error


def figure_names(folder: str | os.PathLike[str] | None = None) -> list[str]:
    """The names by which originals are known: of all scripts, and of the results of a folder."""
    try:
        own = [] if folder is None else [entry.name for entry in read_results(folder)]
    except PageError:
        own = []
    return list(dict.fromkeys([*find_scripts(), *own]))


def list_notes(folder: str | os.PathLike[str]) -> list[str]:
    """What the page notes of results, such as damage, one line each with the result's name."""
    return [f"{entry.name}: {note}" for entry in read_results(folder) for note in entry.notes]


def _write_page(path: pathlib.Path, template: str, context: dict[str, Any]) -> pathlib.Path:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("keras_vae.experiments.page"),
        autoescape=jinja2.select_autoescape(["html"]),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters.update(
        text=markdown_text,
        code=markdown_code,
        kebab=_kebab,
        short=_short_title,
        listed=list_versions,
    )
    for most_numbers in MOST_NUMBERS:
        text = environment.get_template(template).render(context, most_numbers=most_numbers)
        content = encode_text(text.replace("&#39;", "'"))
        if len(content) < LARGEST_PAGE:
            break
    with atomic_write(path) as file:
        file.write(content)
    return path


def _require_ours(path: pathlib.Path, mark: str) -> None:
    """Raises `PageError` if there is a file that someone else wrote."""
    if path.exists() and mark not in read_text(path):
        raise PageError(
            f"{path} was not made by keras-vae compare and is left as it is. Name the folder of "
            "the results alone, or move that file."
        )


def read_text(path: pathlib.Path) -> str:
    """A file's text.

    Raises:
        PageError: If it cannot be read.
    """
    try:
        require_no_other(path)
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise PageError(f"{path} cannot be read ({error}).") from error


def _context(
    folder: pathlib.Path, entries: Sequence[Entry], originals: dict[str, ShownOriginal]
) -> dict[str, Any]:
    claims = [(claim, entry) for entry in entries for claim in entry.claims]
    findings, notes = read_findings(folder, list(entries))
    return {
        "reports": sections_of(entries),
        "claims": claims,
        "extensions": count_verdicts([claim for claim, _ in claims if claim.extension]),
        "findings": findings,
        "notes": notes,
        "originals": originals,
        "kinds": tuple(STYLES),
        "glyphs": GLYPHS,
        "BEYOND": BEYOND,
        "explorer": (folder / EXPLORER).is_file(),
        "speeds": _speeds(folder),
        "models": _models(folder, entries),
        "versions": all_versions(entries),
        "made": shared_making(entries),
        "under": describe_making(entries),
        "missing": _missing(entries),
        "anchor": anchor,
        "address": _addresses(claims),
        "answer": _answer,
        "counted": _counted,
        "measured": describe_measured,
        "says": describe_source,
        "numbers": describe_numbers,
        "number": describe_number,
        "time": describe_time,
        "script": lambda entry: _script_address(folder, entry),
        "version": keras_vae.__version__,
    }


def _addresses(claims: Sequence[tuple[Claim, Entry]]) -> Callable[[Claim], str]:
    """Where claims are on the page: by their ids; a figure made with other options repeats some."""
    found: dict[str, Claim] = {}
    for claim, entry in claims:
        name = anchor(claim.id)
        while name in found:
            name = f"{anchor(entry.name)}.{name}"
        found[name] = claim
    names_of = {id(claim): name for name, claim in found.items()}
    return lambda claim: names_of[id(claim)]


def anchor(name: str) -> str:
    """A name as an address on the page."""
    return re.sub(r"[^\w.-]", "-", name)


def _models(folder: pathlib.Path, entries: Sequence[Entry]) -> list[list[str]]:
    """Rows of the table of trained models; none where there are no records, or damaged ones."""
    try:
        return describe_models(read_verified(folder / MODELS)[1], entries)
    except UNREADABLE:
        return []


def _speeds(folder: pathlib.Path) -> list[JsonObject]:
    """Each measured processor, its file, and the milliseconds of every contestant by case."""
    speeds = []
    for path in sorted(folder.glob(SPEEDS)):
        try:
            content = read_json_object(path)
            cases = content["protocol"]["cases"]
            rows = [
                (title, [_milliseconds(content["results"][case], name) for name in CONTESTANTS])
                for case, title in cases.items()
                if case in content["results"]
            ]
            machine = content["machine"]
            title = f"{machine['processor']}, {machine['cores']} cores"
            speeds.append({"title": title, "file": f"benchmarks/{path.name}", "rows": rows})
        except UNREADABLE:
            continue
    return speeds


def _milliseconds(row: JsonObject, name: str) -> str:
    measured = row["milliseconds"].get(name)
    return f"{measured['median']:.2f}" if measured else "-"


def _kebab(text: str) -> str:
    return text.replace(" ", "-")


def _short_title(title: str) -> str:
    """What a title has before its colon where that is a number; elsewhere all but its brackets."""
    first = title.partition(":")[0]
    is_number = any(character.isdigit() for character in first)
    return first if is_number else re.sub(r" \([^()]*\)$", "", title)


def _counted(claims: Sequence[Claim]) -> str:
    return describe_counts(count_verdicts(claims))


def _answer(entry: Entry) -> str:
    """A figure's claims in one line."""
    if not entry.claims and entry.claims_lack:
        return "Its claims are missing."
    if not entry.claims:
        return (
            "The report claims nothing of this figure that could be measured."
            if entry.claims_are_all
            else "Its claims cannot be read."
        )
    if len(entry.claims) == 1:
        (claim,) = entry.claims
        return f"{claim.verdict.capitalize()}: {describe_measured(claim)}"
    return f"Of {len(entry.claims)} claims: {_counted(entry.claims)}."


def _names(entries: Sequence[Entry]) -> set[str]:
    """Names of the figures that there are results of, and of the folders these are in."""
    return {entry.name for entry in entries} | {entry.figure for entry in entries}


def _missing(entries: Sequence[Entry]) -> dict[str, list[Script]]:
    """The scripts of each report that have no result here."""
    made = _names(entries)
    missing: dict[str, list[Script]] = collections.defaultdict(list)
    for name, script in find_scripts().items():
        if name not in made:
            missing[script.report].append(script)
    return missing


def _script_address(folder: pathlib.Path, entry: Entry) -> str | None:
    """The address of a figure's script where it lies beside the results, as in the repository."""
    scripts = (folder.resolve().parent / SCRIPTS).resolve()
    try:
        path = (scripts / (entry.script or "")).resolve()
        if not path.is_relative_to(scripts) or not path.is_file():
            return None
    except (OSError, ValueError):
        # No path of this system.
        return None
    return f"../{SCRIPTS}/{path.relative_to(scripts).as_posix()}"

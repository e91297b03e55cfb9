"""Writes the page, as HTML and as Markdown, and the README's table of figures."""

import collections
import os
import pathlib
import urllib.parse
from collections.abc import Sequence
from typing import Any

import jinja2

import keras_vae
from keras_vae._internal.files import atomic_write
from keras_vae.experiments.figures.claims import STYLES, count_verdicts
from keras_vae.experiments.page.entries import Entry, PageError, read_results
from keras_vae.experiments.page.findings import read_findings
from keras_vae.experiments.page.wording import describe_numbers, markdown_cell
from keras_vae.experiments.reports import REPORTS

# Each page, its template, and what a file of that name holds if it is one of ours.
PAGES = {
    "index.html": ("page.html", "<title>keras_vae: results beside the reports</title>"),
    "README.md": ("page.md", "# Results beside the reports\n"),
}
MARKS = ("<!-- figures: made by keras-vae compare -->", "<!-- end of figures -->")


def write(
    folder: str | os.PathLike[str], originals: str | os.PathLike[str] | None = None
) -> list[pathlib.Path]:
    """Writes `index.html` and `README.md` into a folder of results.

    Arguments:
        folder: Folder of results.
        originals: Folder with the user's pictures of the originals, `<report>/<figure>.png`, which
            the page then shows beside ours; None for none.

    Returns:
        List of the paths written.

    Raises:
        PageError: If there is no result, or the page cannot be written, or would replace a file
            that is none.
        results.OriginalsError: If there is no such folder of originals.
    """
    folder = pathlib.Path(folder)
    originals = None if originals is None else pathlib.Path(originals)
    for name, (_, mark) in PAGES.items():
        _require_ours(folder / name, mark)
    context = _context(folder, read_results(folder, originals))
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("keras_vae.experiments.page"),
        autoescape=jinja2.select_autoescape(["html"]),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["cell"] = markdown_cell
    # Jinja escapes what goes into HTML; in Markdown a text could bring HTML as well.
    markdown = environment.overlay(finalize=lambda value: str(value).replace("<", "&lt;"))
    written = []
    for name, (template, _) in PAGES.items():
        made_by = markdown if template.endswith(".md") else environment
        text = made_by.get_template(template).render(context)
        try:
            with atomic_write(folder / name) as file:
                file.write(text.encode())
        except OSError as error:
            raise PageError(f"{folder / name} cannot be written ({error}).") from error
        written.append(folder / name)
    return written


def figure_table(folder: str | os.PathLike[str], scripts: str) -> str:
    """The table of all figures, in Markdown.

    Arguments:
        folder: Folder of results.
        scripts: Folder of the reproduction scripts, as links shall name it.

    Returns:
        Text of several lines.
    """
    lines = ["| figure | shows | epochs x trials | claims |", "|---|---|---|---|"]
    for entry in read_results(folder):
        link = f"`{markdown_cell(entry.name)}`"
        if entry.script:
            script = urllib.parse.quote(str(pathlib.PurePosixPath(scripts, entry.script)))
            link = f"[{link}]({script})"
        counts = [f"{count} {verdict}" for verdict, count in entry.counts.items() if count]
        claims = ", ".join(counts) or "none made"
        title = markdown_cell(entry.title)
        lines.append(f"| {link} | {title} | {markdown_cell(entry.extent)} | {claims} |")
    return "\n".join(lines) + "\n"


def renew_table(
    readme: str | os.PathLike[str], folder: str | os.PathLike[str], scripts: str
) -> None:
    """Replaces the table of figures between its marks in a README.

    Arguments:
        readme: Path of the README.
        folder: Folder of results.
        scripts: Folder of the reproduction scripts, relative to the README.

    Raises:
        PageError: If the marks are not there, or the file cannot be read.
    """
    readme = pathlib.Path(readme)
    text = _read(readme)
    before, begins, rest = text.partition(MARKS[0])
    _, ends, after = rest.partition(MARKS[1])
    if not begins or not ends:
        raise PageError(f"{readme} lacks the lines {MARKS[0]!r} and {MARKS[1]!r}.")
    table = figure_table(folder, scripts)
    with atomic_write(readme) as file:
        file.write(f"{before}{begins}\n{table}{ends}{after}".encode())


def _require_ours(path: pathlib.Path, mark: str) -> None:
    """Raises `PageError` if there is a file that someone else wrote."""
    if path.exists() and mark not in _read(path):
        raise PageError(
            f"{path} was not made by keras-vae compare and is left as it is. Name the folder of "
            "the results alone, or move that file."
        )


def _read(path: pathlib.Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise PageError(f"{path} cannot be read ({error}).") from error


def _context(folder: pathlib.Path, entries: Sequence[Entry]) -> dict[str, Any]:
    sections = collections.defaultdict(list)
    for entry in entries:
        sections[entry.report].append(entry)
    findings, notes = read_findings(folder)
    return {
        "sections": [(REPORTS.get(name), name, found) for name, found in sections.items()],
        "totals": {name: _count(found, extension=False) for name, found in sections.items()},
        "total": _count(entries, extension=False),
        "extensions": _count(entries, extension=True),
        "shown": _count(entries),
        "verdicts": tuple(STYLES),
        "findings": findings,
        "notes": notes,
        "anchor": lambda name: name.replace("/", "-"),
        "numbers": describe_numbers,
        "relative": lambda path: pathlib.Path(os.path.relpath(path, folder)).as_posix(),
        "version": keras_vae.__version__,
    }


def _count(entries: Sequence[Entry], extension: bool | None = None) -> dict[str, int]:
    """Number of claims by kind of verdict: all of them, extensions alone, or all but these."""
    claims = [claim for entry in entries for claim in entry.claims]
    return count_verdicts([one for one in claims if extension in (None, one.extension)])

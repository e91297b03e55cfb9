"""Renews what a README says of the results: findings, reports, gallery, between marks."""

import json
import os
import pathlib
import re
from collections.abc import Callable

from PIL import Image

from keras_vae._internal.files import atomic_write, encode_text
from keras_vae.experiments.figures import originals
from keras_vae.experiments.figures.results import DATA, PICTURE
from keras_vae.experiments.page.entries import (
    UNREADABLE,
    Entry,
    PageError,
    read_findings,
    read_json,
    read_results,
)
from keras_vae.experiments.page.rendering import Section, anchor, read_text, sections_of
from keras_vae.experiments.page.wording import (
    WHERE_GIVEN,
    describe_counts,
    describe_measured,
    describe_source,
    markdown_text,
)

GALLERY, GALLERY_LIST = "gallery", "gallery.json"
FINDINGS_SHOWN = 5
COLUMNS = 3
# Pixels: twice of what is shown, for screens of high density.
PANEL_WIDTH = 560


def renew_readme(readme: str | os.PathLike[str], folder: str | os.PathLike[str]) -> list[str]:
    """Replaces the parts of a README that are made of results.

    A part begins with the line `<!-- NAME: made by keras-vae compare -->` and ends with
    `<!-- end of NAME -->`; the names are those of `BLOCKS`.

    Arguments:
        readme: Path of the README.
        folder: Folder of results; pictures of the gallery are written below it.

    Returns:
        Names of the parts.

    Raises:
        PageError: If there are no results, a mark is missing, or a file cannot be read or written.
    """
    readme, folder = pathlib.Path(readme), pathlib.Path(folder)
    text = read_text(readme)
    names = re.findall(r"^<!-- (\w+): made by keras-vae compare -->$", text, re.MULTILINE)
    if not names or not set(names) <= BLOCKS.keys():
        marks = ", ".join(f"<!-- {name}: made by keras-vae compare -->" for name in BLOCKS)
        raise PageError(f"{readme} needs lines like these, and has other ones or none: {marks}.")
    entries = read_results(folder)
    where = pathlib.PurePath(os.path.relpath(folder, readme.parent)).as_posix()
    try:
        for name in names:
            before, begin, rest = text.partition(f"<!-- {name}: made by keras-vae compare -->\n")
            _, end, after = rest.partition(f"<!-- end of {name} -->")
            if not end:
                raise PageError(f"{readme} lacks the line <!-- end of {name} -->.")
            text = f"{before}{begin}{BLOCKS[name](folder, where, entries)}\n{end}{after}"
        with atomic_write(readme) as file:
            file.write(encode_text(text))
    except OSError as error:
        raise PageError(f"{readme} and its pictures cannot be written ({error}).") from error
    return names


def findings_block(folder: pathlib.Path, where: str, entries: list[Entry]) -> str:
    """The first findings, one a line."""
    found, _ = read_findings(folder, entries)
    lines = []
    for claim, _ in found[:FINDINGS_SHOWN]:
        link = f"[{markdown_text(claim.id)}]({where}/README.md#{anchor(claim.id)})"
        verdict = f"**{claim.verdict.capitalize()}** ({link})."
        says, measured = markdown_text(claim.statement), markdown_text(describe_measured(claim))
        lines.append(f"- *{describe_source(claim)}:* {says} *We measured:* {measured}. {verdict}")
    return "\n".join(lines)


def reports_block(folder: pathlib.Path, where: str, entries: list[Entry]) -> str:
    """The reports: figures, verdicts, epochs, hours."""
    lines = ["| report | figures | its claims | epochs | training |", "|---|---|---|---|---|"]
    for section in sections_of(entries):
        counts = describe_counts(section.counts)
        link = f"[{markdown_text(section.title)}]({where}/README.md#{section.anchor})"
        authors = f", {markdown_text(section.authors)}" if section.authors else ""
        row = (link + authors, len(section.entries), counts, _epochs(section), section.time)
        lines.append(f"| {' | '.join(map(str, row))} |")
    return "\n".join(lines)


def _epochs(section: Section) -> str:
    """What of the epochs asked for the figures reached, from the least to the most."""
    shares: list[int] = []
    for entry in section.entries:
        whole = re.fullmatch(r"(\d+) of (\d+)", entry.epochs)
        if whole and int(whole[2]):
            shares.append(round(100 * int(whole[1]) / int(whole[2])))
        elif (span := entry.epochs.removesuffix(WHERE_GIVEN)).endswith("%"):
            shares += map(int, span.rstrip("%").split("-"))
    if not shares:
        return ""
    least, most = min(shares), max(shares)
    return f"{most}% of the report's" if least == most else f"{least}-{most}% of the report's"


def gallery_block(folder: pathlib.Path, where: str, entries: list[Entry]) -> str:
    """One panel of each figure that `gallery.json` names, linked to the figure."""
    by_name = {entry.name: entry for entry in entries if entry.picture is not None}
    notes: list[str] = []
    names = (
        read_json(folder / GALLERY_LIST, list, notes) if (folder / GALLERY_LIST).exists() else []
    )
    if names is None or not all(isinstance(name, str) for name in names):
        said = notes or [f"{GALLERY_LIST} has something else than names of figures."]
        raise PageError(f"{folder}: {said[0]}")
    cells = []
    for name in names:
        if name in by_name:
            title = markdown_text(by_name[name].title)
            path = _write_panel(folder, name)
            picture = f"![{title}]({where}/{path.relative_to(folder).as_posix()})"
            cells.append(f"[{picture}]({where}/README.md#{anchor(name)})<br>{title}")
    rows = [cells[at : at + COLUMNS] for at in range(0, len(cells), COLUMNS)]
    lines = [f"|{' |' * COLUMNS}", f"|{'---|' * COLUMNS}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def _write_panel(folder: pathlib.Path, name: str) -> pathlib.Path:
    """Cuts a figure's first panel out of its picture; all of it where `data.json` has no place."""
    path = folder / GALLERY / f"{anchor(name)}.png"
    path.parent.mkdir(exist_ok=True)
    try:
        pixels = originals.decode_picture(folder / name / PICTURE, ("PNG",)).convert("RGB")
    except originals.OriginalsError as error:
        raise PageError(f"{folder / name / PICTURE}: {error}.") from error
    try:
        data = json.loads((folder / name / DATA).read_text(encoding="utf-8"))
        left, top, right, bottom = (min(max(float(part), 0.0), 1.0) for part in data["panel"])
        width, height = pixels.size
        box = (int(left * width), int(top * height), int(right * width), int(bottom * height))
        pixels = pixels.crop(box) if box[0] < box[2] and box[1] < box[3] else pixels
    except UNREADABLE:
        pass
    height = round(pixels.height * PANEL_WIDTH / pixels.width)
    pixels = pixels.resize((PANEL_WIDTH, max(1, height)), Image.Resampling.LANCZOS)
    with atomic_write(path) as file:
        pixels.quantize(128).save(file, "PNG", optimize=True)
    return path


BLOCKS: dict[str, Callable[[pathlib.Path, str, list[Entry]], str]] = {
    "findings": findings_block,
    "reports": reports_block,
    "gallery": gallery_block,
}

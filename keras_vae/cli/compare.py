"""`keras-vae compare`: a page that shows all results, beside originals of the user's own."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from keras_vae.cli.common import CommandError, Commands
from keras_vae.experiments.figures.options import given_path

if TYPE_CHECKING:
    from keras_vae.experiments.figures.originals import Found, Original


def add_parser(commands: Commands) -> None:
    """Adds the command to the command line."""
    parser = commands.add_parser(
        "compare",
        help="write a page that compares the results with the reports",
        description="Writes a page of all figures in the results folder, with their claims and, "
        "where you have pictures of the originals or curves digitised from them, with those beside "
        "ours.",
        epilog="example: keras-vae compare --results my-results --originals scans",
    )
    parser.add_argument(
        "--results", type=given_path, default="results", help="folder of results [results]"
    )
    parser.add_argument(
        "--originals",
        type=given_path,
        metavar="DIR",
        help="folder with your pictures of the original figures, <report>/<figure>.png, .jpg or "
        ".webp, and curves as WebPlotDigitizer exports them, .csv or .json, named as in our "
        "legend; copies of what is shown go into the results folder",
    )
    parser.add_argument(
        "--list-originals",
        action="store_true",
        help="list the names by which originals are known, and do nothing else",
    )
    parser.add_argument(
        "--update-readme",
        type=given_path,
        metavar="FILE",
        nargs="?",
        const="README.md",
        help="also renew what this file says of the results, between its marks [README.md]",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Writes the page and prints where it is."""
    # It draws with Matplotlib, for which `--help` should not wait.
    from keras_vae.experiments import page

    if arguments.list_originals:
        print("\n".join(page.figure_names(arguments.results)))
        return
    for folder in (arguments.results, arguments.originals):
        if folder is not None and not folder.is_dir():
            raise CommandError(f"There is no folder {folder}.")
    written, found = page.write(arguments.results, originals=arguments.originals)
    if arguments.update_readme is not None:
        page.renew_readme(arguments.update_readme, arguments.results)
        written.append(arguments.update_readme)
    if arguments.originals is not None:
        _report_originals(found, len(page.figure_names(arguments.results)))
    for note in page.list_notes(arguments.results):
        print(note, file=sys.stderr)
    for path in written:
        print(path)


def _report_originals(found: Found, count: int) -> None:
    """Prints which files were matched to figures, and what is not shown of the others."""
    matched = [f"{name} ({_kinds(original)})" for name, original in found.originals.items()]
    print(f"Matched originals of {len(matched)} of {count} figures", end="")
    print(f": {', '.join(matched)}" if matched else "")
    for name in found.unmatched:
        print(f"not used: {name}: no figure is called so", file=sys.stderr)
    for problem in found.broken:
        print(f"not used: {problem}", file=sys.stderr)
    for problem in found.undrawn:
        print(f"not shown: {problem}", file=sys.stderr)
    if found.unmatched:
        print("keras-vae compare --list-originals lists the names.", file=sys.stderr)


def _kinds(original: Original) -> str:
    parts = {"picture": original.picture is not None, "curves": bool(original.curves)}
    return " and ".join(name for name, there in parts.items() if there)

"""`keras-vae figures`: every figure and what of it is in the results folder."""

import argparse
import collections
import json
import pathlib
from collections.abc import Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from keras_vae._internal.files import JsonObject, require_no_other
from keras_vae.cli import common
from keras_vae.cli.common import CommandError, Commands, start_tensorflow
from keras_vae.experiments.figures import catalogue
from keras_vae.experiments.figures.claims import STYLES
from keras_vae.experiments.figures.options import given_path

# Where there are none yet, all figures are listed all the same.
RESULTS = pathlib.Path("results")
NOT_RUN, DONE, DAMAGED = "not run", "done", "damaged"


def add_parser(commands: Commands) -> None:
    """Adds the command to the command line."""
    parser = commands.add_parser(
        "figures",
        help="list every figure and its results",
        description="Lists every figure of all reports with what was computed of it - epochs of "
        "how many x trials - and the verdicts on its claims.",
        epilog="example: keras-vae figures --results my-results",
    )
    parser.add_argument(
        "--results", type=given_path, default=RESULTS, help="folder of results [results]"
    )
    parser.add_argument("--json", action="store_true", help="print JSON in place of a table")
    parser.add_argument(
        "--update",
        action="store_true",
        help="first read all scripts again, for example after adding one; starts TensorFlow",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Prints the list."""
    if not arguments.results.is_dir() and arguments.results != RESULTS:
        raise CommandError(f"There is no folder {arguments.results}.")
    rows = states(_scripts(arguments.update), arguments.results)
    if arguments.json:
        common.print_json(rows)
        return
    table = Table("figure", "shows", "data set", "epochs x trials", "claims")
    for row in rows:
        table.add_row(Text(row["folder"]), Text(row["title"]), *_cells(row))
    common.make_console().print(table)


def _scripts(update: bool) -> list[catalogue.Script]:
    if not update:
        return catalogue.find_scripts()
    start_tensorflow()
    return catalogue.update_catalogue()


def _cells(row: JsonObject) -> tuple[str | Text, str | Text, str | Text]:
    """Texts of the data set, the extent and the verdicts."""
    if row["state"] == DONE:
        return Text(str(row["dataset"])), Text(row["extent"]), _verdicts(row["verdicts"])
    style = "red" if row["state"] == DAMAGED else "dim"
    return "", Text(row["state"], style), ""


def _verdicts(counts: dict[str, int]) -> Text:
    ordered = sorted(counts, key=[*STYLES, *counts].index)
    texts = [Text(f"{counts[key]} {key}", STYLES.get(key, "")) for key in ordered]
    return Text(", ").join(texts) if texts else Text("none made", "dim")


def states(scripts: Sequence[catalogue.Script], results: pathlib.Path) -> list[JsonObject]:
    """Reads what there is of each figure.

    Arguments:
        scripts: List of `Script`.
        results: Folder of results.

    Returns:
        List of dictionaries of JSON-compatible values, at least one for each figure: results of
        chosen data sets and priors are in folders of their own.
    """
    found = [_read_folder(path, results) for path in _folders(results)]
    rows: list[JsonObject] = []
    for script in scripts:
        shared = {"figure": script.figure, "title": script.title, "script": script.path.stem}
        of_script = [row for row in found if script.figure in (row["figure"], row["folder"])]
        not_run = {"folder": script.figure, "state": NOT_RUN}
        rows += [{**row, **shared} for row in of_script or [not_run]]
    shown = {row["folder"] for row in rows}
    return rows + [row for row in found if row["folder"] not in shown]


def _folders(results: pathlib.Path) -> list[pathlib.Path]:
    """All folders of results, in order of their names."""
    # These draw with Matplotlib, for which `--help` should not wait.
    from keras_vae.experiments.figures.results import CLAIMS, DATA, LONGER

    found = {path.parent for name in (DATA, CLAIMS) for path in results.rglob(name)}
    return sorted(path for path in found if path.name != LONGER)


def _read_folder(folder: pathlib.Path, results: pathlib.Path) -> JsonObject:
    """State of one folder: `state`, and what was computed and judged where it is `DONE`."""
    from keras_vae.experiments.figures.results import CLAIMS, DATA, find_damage
    from keras_vae.experiments.page.entries import UNREADABLE
    from keras_vae.experiments.page.wording import describe_extent

    name = folder.relative_to(results).as_posix()
    row = {"figure": name, "folder": name, "title": "", "script": None}
    try:
        data = _read(folder / DATA)
        if (damage := find_damage(folder, data)) is not None:
            return {**row, "state": DAMAGED, "reason": damage}
        verdicts = collections.Counter(
            claim["verdict"].partition(",")[0] for claim in _read(folder / CLAIMS)
        )
        return {
            **row,
            "figure": data["figure"],
            "state": DONE,
            "dataset": data["protocol"]["reached"]["dataset"],
            "epochs": {label: run["epochs"] for label, run in data["runs"].items()},
            "trials": data["protocol"]["reached"]["trials"],
            "extent": describe_extent(data),
            "verdicts": dict(verdicts),
        }
    except UNREADABLE as error:
        return {**row, "state": DAMAGED, "reason": f"{type(error).__name__}: {error}"}


def _read(path: pathlib.Path) -> Any:
    require_no_other(path)
    return json.loads(path.read_text(encoding="utf-8"))

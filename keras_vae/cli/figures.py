"""`keras-vae figures`: every figure and what of it is in the results folder."""

import argparse
import pathlib

from rich.table import Table
from rich.text import Text

from keras_vae._internal.files import JsonObject
from keras_vae.cli import output, result_state
from keras_vae.cli.errors import CommandError
from keras_vae.cli.output import Commands
from keras_vae.cli.startup import start_tensorflow
from keras_vae.experiments.figures import catalogue
from keras_vae.experiments.figures.claims import STYLES

# Where there are none yet, all figures are listed all the same.
RESULTS = pathlib.Path("results")


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
        "--results", type=pathlib.Path, default=RESULTS, help="folder of results [results]"
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
    rows = result_state.states(_scripts(arguments.update), arguments.results)
    if arguments.json:
        output.print_json(rows)
        return
    table = Table("figure", "shows", "data set", "epochs x trials", "claims")
    for row in rows:
        table.add_row(Text(row["folder"]), Text(row["title"]), *_cells(row))
    output.make_console().print(table)


def _scripts(update: bool) -> list[catalogue.Script]:
    if not update:
        return catalogue.find_scripts()
    start_tensorflow()
    return catalogue.update_catalogue()


def _cells(row: JsonObject) -> tuple[str | Text, str | Text, str | Text]:
    """Texts of the data set, the extent and the verdicts."""
    if row["state"] == result_state.DONE:
        return Text(str(row["dataset"])), Text(row["extent"]), _verdicts(row["verdicts"])
    style = "red" if row["state"] == result_state.DAMAGED else "dim"
    return "", Text(row["state"], style), ""


def _verdicts(counts: dict[str, int]) -> Text:
    ordered = sorted(counts, key=[*STYLES, *counts].index)
    texts = [Text(f"{counts[key]} {key}", STYLES.get(key, "")) for key in ordered]
    return Text(", ").join(texts) if texts else Text("none made", "dim")

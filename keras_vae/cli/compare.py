"""`keras-vae compare`: a page that shows all results, beside originals of the user's own."""

import argparse
import sys

from keras_vae.cli.errors import CommandError
from keras_vae.cli.output import Commands
from keras_vae.experiments.figures.options import given_path


def add_parser(commands: Commands) -> None:
    """Adds the command to the command line."""
    parser = commands.add_parser(
        "compare",
        help="write a page that compares the results with the reports",
        description="Writes a page of all figures in the results folder, with their claims and, "
        "where you have pictures of the originals, with those beside them.",
        epilog="example: keras-vae compare --results my-results --originals scans",
    )
    parser.add_argument(
        "--results", type=given_path, default="results", help="folder of results [results]"
    )
    parser.add_argument(
        "--originals",
        type=given_path,
        metavar="DIR",
        help="folder with your pictures of the original figures, as <report>/<figure>.png",
    )
    parser.add_argument(
        "--readme",
        type=given_path,
        metavar="FILE",
        help="also renew the table of figures between its marks in this file",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Writes the page and prints where it is."""
    for path in (arguments.results, arguments.originals):
        if path is not None and not path.is_dir():
            raise CommandError(f"There is no folder {path}.")
    # It draws with Matplotlib, for which `--help` shall not wait.
    from keras_vae.experiments import page
    from keras_vae.experiments.figures.results import OriginalsError, describe_pictures

    try:
        written = []
        if arguments.readme is not None:
            page.renew_table(arguments.readme, arguments.results, "reproductions")
            written.append(arguments.readme)
        written += page.write(arguments.results, originals=arguments.originals)
    except (page.PageError, OriginalsError) as error:
        raise CommandError(str(error)) from error
    if arguments.originals is not None:
        names = [entry.name for entry in page.read_results(arguments.results)]
        for line in describe_pictures(arguments.originals, names):
            print(line, file=sys.stderr)
    for path in written:
        print(path)

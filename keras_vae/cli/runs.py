"""`keras-vae runs`: what is in the run store."""

import argparse
import collections
import shutil
import sys
from collections.abc import Callable, Sequence

from keras_vae.cli import common, run_descriptions, stored_runs
from keras_vae.cli.common import FAILED, MISUSED, CommandError, Commands, start_tensorflow
from keras_vae.experiments.figures.options import given_path
from keras_vae.experiments.runs.run_folder import CHECKPOINT


def add_parser(commands: Commands) -> None:
    """Adds the command and its own commands to the command line."""
    parser = commands.add_parser(
        "runs",
        help="list, show and remove stored runs",
        description="Looks after the run store: --store, KERAS_VAE_STORE or the user's cache. "
        "A run is named by its id or the beginning of it.",
        epilog="example: keras-vae runs show 1ce2",
    )
    of_runs = parser.add_subparsers(metavar="COMMAND", required=True)
    listing = _add(of_runs, "list", list_runs, "list all runs", "keras-vae runs list --json")
    showing = _add(of_runs, "show", show_run, "show all of a run", "keras-vae runs show 1ce2")
    showing.add_argument("run_id", metavar="RUN", help="id, or the beginning of it")
    for command in (listing, showing):
        command.add_argument("--json", action="store_true", help="print JSON in place of a table")
    removing = _add(
        of_runs, "remove", remove_runs, "delete runs", "keras-vae runs remove 1ce2 f7fd --yes"
    )
    removing.add_argument("run_ids", metavar="RUN", nargs="+", help="ids, or beginnings of them")
    removing.add_argument("--yes", action="store_true", help="do not ask")
    _add(of_runs, "disk", show_disk, "how much space runs take", "keras-vae runs disk")


def list_runs(arguments: argparse.Namespace) -> None:
    """Prints a line for each run."""
    runs = stored_runs.all_runs(stored_runs.open_store(arguments.store))
    start_tensorflow()
    rows = [run_descriptions.describe(run) for run in runs]
    if arguments.json:
        common.print_json(rows)
    else:
        common.make_console().print(run_descriptions.table(rows))


def show_run(arguments: argparse.Namespace) -> None:
    """Prints all that is known of one run."""
    run = stored_runs.find_run(stored_runs.open_store(arguments.store), arguments.run_id)
    start_tensorflow()
    details = run_descriptions.details(run)
    if arguments.json:
        common.print_json(details)
    else:
        common.make_console().print(run_descriptions.details_table(details))


def remove_runs(arguments: argparse.Namespace) -> int:
    """Deletes runs, after a question on a terminal."""
    store = stored_runs.open_store(arguments.store)
    runs = list(dict.fromkeys(stored_runs.find_run(store, text) for text in arguments.run_ids))
    if not arguments.yes and not _confirmed(runs):
        print("Nothing was removed.", file=sys.stderr)
        return FAILED
    failures = 0
    for run in runs:
        try:
            stored_runs.remove_run(run)
            print(f"Removed {run.id}.")
        except CommandError as error:
            failures += 1
            print(f"error: {error}", file=sys.stderr)
    return FAILED if failures else 0


def show_disk(arguments: argparse.Namespace) -> None:
    """Prints how much space the store takes, by kind of file."""
    store = stored_runs.open_store(arguments.store)
    runs = stored_runs.all_runs(store)
    by_kind = collections.Counter({"checkpoints": 0, "kept weights": 0, "other files": 0})
    for run in runs:
        for name, size in run.sizes().items():
            by_kind[_kind(name)] += size
    print(f"{store.folder}: {len(runs)} runs, {common.format_bytes(by_kind.total())}")
    for kind, size in by_kind.items():
        print(f"  {kind}: {common.format_bytes(size)}")
    print(f"free: {common.format_bytes(shutil.disk_usage(store.folder).free)}")


def _add(
    commands: Commands,
    name: str,
    run: Callable[[argparse.Namespace], int | None],
    summary: str,
    example: str,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name, help=summary, description=f"Runs: {summary}.", epilog=f"example: {example}"
    )
    parser.add_argument(
        "--store", type=given_path, help="folder of stored runs [KERAS_VAE_STORE or the cache]"
    )
    parser.set_defaults(run=run)
    return parser


def _confirmed(runs: Sequence[stored_runs.RunFolder]) -> bool:
    if not sys.stdin.isatty():
        raise CommandError(
            "Runs are removed for good: say --yes where nobody can be asked.", MISUSED
        )
    for run in runs:
        size = common.format_bytes(sum(run.sizes().values()))
        print(f"{run.id}: {run.epochs} epochs, {size}")
    noun = "this run" if len(runs) == 1 else f"these {len(runs)} runs"
    try:
        return input(f"Remove {noun} for good? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


def _kind(name: str) -> str:
    if name == CHECKPOINT:
        return "checkpoints"
    return "kept weights" if name.startswith("weights_after_") else "other files"

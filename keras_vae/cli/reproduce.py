"""`keras-vae reproduce`: makes figures, each as its own script does."""

from __future__ import annotations

import argparse
import contextlib
import functools
import io
import itertools
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from keras_vae.cli.common import (
    FAILED,
    INTERRUPTED,
    MISUSED,
    CommandError,
    Commands,
    start_tensorflow,
)
from keras_vae.experiments.figures import catalogue
from keras_vae.experiments.figures.catalogue import Script
from keras_vae.experiments.figures.options import check_shared_options

if TYPE_CHECKING:
    from keras_vae.experiments.figures.figure import Figure

COMMAND = "reproduce"
DESCRIPTION = (
    "Makes figures: trains what is not stored, draws, judges the claims and writes the results. "
    "Every further option goes to the figures' scripts: --preset, --dataset, --epochs, --trials, "
    "--seed, --jobs, --dask, --store, --output and those of single figures. Names of figures come "
    "before all options."
)
EPILOG = """\
examples: keras-vae reproduce fig_3_1 --preset smoke --output my-results
          keras-vae reproduce --report geometry --jobs 2
          keras-vae reproduce fig_3_1 --help     all options of that figure
"""


def add_parser(commands: Commands) -> None:
    """Adds the command to the command line."""
    parser = commands.add_parser(
        COMMAND,
        help="make figures",
        description=DESCRIPTION,
        epilog=EPILOG,
        usage="keras-vae reproduce (FIGURE... | --all | --report NAME) [OPTION...]",
    )
    parser.add_argument(
        "figures",
        nargs="*",
        metavar="FIGURE",
        help="for example activity/fig_3_1, fig_3_1 or fig_3_1_activity; see keras-vae figures",
    )
    _add_choices(parser)
    parser.set_defaults(run=run)


def split(argv: list[str]) -> tuple[list[str], list[str]]:
    """Parts the command's own arguments from those of the figures' scripts.

    Arguments:
        argv: List of all arguments.

    Returns:
        Two lists: what this command line reads, and what the scripts read. The latter is
        empty where another command is called.
    """
    if argv[:1] != [COMMAND]:
        return argv, []
    names = list(itertools.takewhile(lambda text: not text.startswith("-"), argv[1:]))
    options = argv[1 + len(names) :]
    reader = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    _add_choices(reader)
    try:
        chosen, passed_on = reader.parse_known_args(options)
    except argparse.ArgumentError:
        return argv, []
    ours = [COMMAND, *names]
    ours += ["--all"] * chosen.all
    ours += [] if chosen.report is None else [f"--report={chosen.report}"]
    if len(ours) == 1 and {"-h", "--help"} & set(passed_on):
        return [COMMAND, "--help"], []
    return ours, passed_on


def run(arguments: argparse.Namespace) -> int:
    """Makes the figures that the user chose; one that fails does not stop the others.

    Returns:
        Exit status.
    """
    chosen = _chosen(arguments, catalogue.find_scripts())
    mistaken = _mistaken(chosen, arguments.passed_on)
    if len(mistaken) == len(chosen):
        _explain(mistaken, len(chosen))
        return MISUSED
    start_tensorflow()
    figures = {script.figure: script.load() for script in chosen}
    refused = _refused(figures, arguments.passed_on)
    _explain(refused, len(figures))
    if len(refused) == len(figures):
        return MISUSED
    failed = list(refused)
    accepted = {name: figure for name, figure in figures.items() if name not in refused}
    for name, figure in accepted.items():
        status = _make(figure, name, arguments.passed_on, len(figures))
        if status == INTERRUPTED:
            return INTERRUPTED
        if status != 0:
            failed.append(name)
    return _conclude(failed, len(figures))


def _add_choices(parser: argparse.ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--all", action="store_true", help="all figures of all reports")
    which.add_argument("--report", metavar="NAME", help="all figures of one report")


def _chosen(arguments: argparse.Namespace, known: list[Script]) -> list[Script]:
    named = [bool(arguments.figures), arguments.all, arguments.report is not None]
    if sum(named) != 1:
        raise CommandError(
            "Name either figures, before all options, or --all, or --report NAME. "
            "keras-vae figures lists them.",
            MISUSED,
        )
    if arguments.figures:
        return choose(known, arguments.figures)
    return known if arguments.all else of_report(known, arguments.report)


def _refused(figures: dict[str, Figure], argv: list[str]) -> dict[str, str]:
    """Why figures cannot take the options, by name; found out before anything is trained."""
    from keras_vae.experiments.figures.figure import read_options

    return _refusals(
        {
            name: functools.partial(read_options, figure, argv, _program(name))
            for name, figure in figures.items()
        }
    )


def _mistaken(chosen: list[Script], argv: list[str]) -> dict[str, str]:
    """The same, as far as it is known without TensorFlow."""
    return _refusals(
        {
            script.figure: functools.partial(
                check_shared_options, argv, script.presets, script.datasets, script.options
            )
            for script in chosen
        }
    )


def _refusals(readers: dict[str, Callable[[], object]]) -> dict[str, str]:
    """What functions that read a command line say is wrong with it, by name."""
    refused = {}
    for name, read in readers.items():
        heard = io.StringIO()
        try:
            with contextlib.redirect_stderr(heard):
                read()
        except SystemExit as stop:
            if stop.code != MISUSED:
                raise
            refused[name] = heard.getvalue().rpartition(": error: ")[2].strip()
    return refused


def _explain(refused: dict[str, str], count: int) -> None:
    """Says once what several figures refuse for the same reason."""
    by_reason: dict[str, list[str]] = {}
    for name, reason in refused.items():
        by_reason.setdefault(reason, []).append(name)
    for reason, names in by_reason.items():
        of_whom = "" if len(names) == count > 1 else f"{', '.join(names)}: "
        print(f"error: {of_whom}{reason}", file=sys.stderr)
    if refused:
        print(f"See {_program(next(iter(refused)))} --help.", file=sys.stderr)


def _make(figure: Figure, name: str, argv: list[str], count: int) -> int:
    """Makes one figure; returns its exit status."""
    from keras_vae.experiments.figures.figure import main

    if count > 1:
        print(f"{name}: {figure.title}", flush=True)
    try:
        return main(figure, argv, _program(name))
    except Exception:
        # Not foreseen, so that where it happened matters; the other figures can still be made.
        print(f"error: {name} failed:", file=sys.stderr)
        traceback.print_exc()
        return FAILED


def _conclude(failed: list[str], count: int) -> int:
    if not failed:
        return 0
    if count > 1:
        names = ", ".join(failed)
        print(f"error: {len(failed)} of {count} figures were not made: {names}.", file=sys.stderr)
    return FAILED


def _program(name: str) -> str:
    return f"keras-vae {COMMAND} {name}"


def choose(scripts: Sequence[Script], names: Sequence[str]) -> list[Script]:
    """Finds the scripts that a user means.

    Arguments:
        scripts: List of `Script`.
        names: Names of figures (`activity/fig_3_1`, or `fig_3_1` where there is but one) or of
            files (`fig_3_1_activity`).

    Returns:
        List of `Script` in the order of `names`, each once.

    Raises:
        CommandError: If a name is unknown, or several figures have it.
    """
    return list(dict.fromkeys(_only(scripts, name) for name in names))


def of_report(scripts: Sequence[Script], report: str) -> list[Script]:
    """Returns a report's scripts.

    Raises:
        CommandError: If there is no such report.
    """
    found = [s for s in scripts if f"{s.report}/".startswith(f"{report}/")]
    if not found:
        reports = ", ".join(dict.fromkeys(script.report for script in scripts))
        raise CommandError(f"Unknown report: {report!r}. Reports: {reports}.", MISUSED)
    return found


def _only(scripts: Sequence[Script], name: str) -> Script:
    found = [script for script in scripts if script.is_called(name)]
    if len(found) == 1:
        return found[0]
    if found:
        candidates = ", ".join(script.figure for script in found)
        raise CommandError(f"Several figures are called {name!r}: {candidates}.", MISUSED)
    valid = "\n".join(f"  {script.figure}" for script in scripts)
    raise CommandError(f"Unknown figure: {name!r}. Figures:\n{valid}", MISUSED)

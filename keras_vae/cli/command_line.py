"""Reads the command line and runs a command."""

import argparse
import contextlib
import io
import os
import pathlib
import sys
import textwrap
from typing import Any, NoReturn

from keras_vae import UserError, __version__
from keras_vae.cli import compare, data, explorer, export, figures, reproduce, runs
from keras_vae.cli.common import FAILED, INTERRUPTED, MISUSED

DESCRIPTION = (
    "Reproduces the figures of four reports on variational auto-encoders, and looks after the "
    "stored runs, the results and the data sets that belong to them."
)
WIDTH = 79
PACKAGE = pathlib.Path(__file__).parents[1]
EXAMPLE = "example: keras-vae reproduce fig_3_1 --preset smoke"


class Parser(argparse.ArgumentParser):
    """Says what is wrong with the arguments in one line, and where help is."""

    def __init__(self, *, description: str, **kwargs: Any) -> None:
        super().__init__(
            description=textwrap.fill(description, WIDTH),
            # The examples keep their lines.
            formatter_class=argparse.RawDescriptionHelpFormatter,
            **kwargs,
        )

    def error(self, message: str) -> NoReturn:
        self.exit(MISUSED, f"error: {message}\nSee {self.prog} --help.\n")


def build_parser() -> Parser:
    """Returns the parser of all commands, each of which sets its function as `run`."""
    parser = Parser(prog="keras-vae", description=DESCRIPTION, epilog=EXAMPLE)
    parser.add_argument("--version", action="version", version=f"keras-vae {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for module in (figures, reproduce, runs, export, compare, explorer, data):
        module.add_parser(commands)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Runs a command.

    Arguments:
        argv: List of arguments, or None for the command line's own.

    Returns:
        Exit status: 0, 1 after an error that is explained on standard error, 2 if the command line
        is wrong, 130 if interrupted.
    """
    for stream in (sys.stdout, sys.stderr):
        # Names of files need not be text. Where a stream cannot be set up so, they are seldom odd.
        if isinstance(stream, io.TextIOWrapper):
            with contextlib.suppress(OSError, ValueError):
                stream.reconfigure(errors="backslashreplace")
    ours, passed_on = reproduce.split(sys.argv[1:] if argv is None else list(argv))
    try:
        arguments = build_parser().parse_args(ours)
        arguments.passed_on = passed_on
        status = arguments.run(arguments) or 0
        sys.stdout.flush()
        return status
    except SystemExit as stop:
        return int(stop.code or 0)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return getattr(error, "exit_code", FAILED)
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output, `head` for one, has enough; nothing is to be flushed to them.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        # The user cannot mend one that names no file, or a file of this package.
        if error.filename is None or PACKAGE in pathlib.Path(str(error.filename)).parents:
            raise
        print(f"error: {error}", file=sys.stderr)
        return FAILED

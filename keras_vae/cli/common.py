"""What commands share: their errors, the start of TensorFlow, and how they print."""

import argparse
import json
import math
import sys
from typing import Any, TypeAlias

from rich.console import Console

from keras_vae import UserError

FAILED, MISUSED, INTERRUPTED = 1, 2, 130
PIPED_WIDTH = 160
# Where each command adds its own parser.
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


class CommandError(UserError):
    """A command cannot do what it should; the message says why.

    Arguments:
        message: What `error: ` is put before.
        exit_code: `FAILED`, or `MISUSED` where the command itself has to be written otherwise.
    """

    def __init__(self, message: str, exit_code: int = FAILED) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def start_tensorflow() -> None:
    """Imports TensorFlow in silence.

    Raises:
        CommandError: If Keras is set up with another backend, or a package is missing.
    """
    try:
        from keras_vae._internal import backend
    except ImportError as error:
        raise CommandError(str(error)) from error
    backend.keep_modules()


def make_console() -> Console:
    """A console as wide as the terminal; wide enough for our tables where there is none."""
    return Console(width=None if sys.stdout.isatty() else PIPED_WIDTH)


def print_json(content: Any) -> None:
    """Prints JSON-compatible values to standard output, NaN and infinity as null."""
    print(json.dumps(_finite(content), indent=2, allow_nan=False))


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def format_bytes(count: float) -> str:
    """A number of bytes in the largest unit that leaves it at least one."""
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"

"""How commands print: tables for a person, JSON for a program, sizes."""

import argparse
import json
import math
import sys
from typing import Any, TypeAlias

from rich.console import Console

PIPED_WIDTH = 160
# Where each command adds its own parser.
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


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

"""How commands print: tables for a person, JSON for a program, sizes."""

import json
import sys

from rich.console import Console

PIPED_WIDTH = 160


def make_console():
    """A console as wide as the terminal; wide enough for our tables where there is none."""
    return Console(width=None if sys.stdout.isatty() else PIPED_WIDTH)


def print_json(content):
    """Prints JSON-compatible values to standard output."""
    print(json.dumps(content, indent=2, allow_nan=False))


def format_bytes(count):
    """A number of bytes in the largest unit that leaves it at least one."""
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"

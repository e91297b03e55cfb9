"""Runs the sections of faults and prints what they counted."""

import argparse
import os
import pathlib
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "agg")
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")
sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "experiments"))

import numpy as np
from rich.console import Console
from rich.table import Table

from tests.faults import bits, disks, kills, writers

SECTIONS = ("kills", "bits", "writers", "disks")
COUNTS = ("tried", "silent", "tracebacks", "orphans", "different")


def tallies(chosen, arguments, rng):
    """Pairs of a name and a tally, as they are counted."""
    if "writers" in chosen:
        for section in writers.SECTIONS:
            yield f"four writers, {section.__name__}", writers.run_section(section)
    if "disks" in chosen:
        for name, tally in disks.sections():
            yield f"disk full, {name}", tally
    if "kills" in chosen:
        for section, count in kills.sections(arguments.kills).items():
            yield f"killed, {section.__name__}", kills.run_section(section, count, rng)
    if "bits" in chosen:
        for name, tally in bits.scan(rng, arguments.bits).items():
            yield f"bits, {name}", tally


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument("sections", nargs="*", choices=[*SECTIONS, []], help="by default all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kills", type=int, default=100, help="processes to kill")
    parser.add_argument("--bits", type=int, default=1000, help="random bits of each kind of file")
    arguments = parser.parse_args()
    os.nice(10)
    rng, begun, wrong = np.random.default_rng(arguments.seed), time.monotonic(), 0
    table = Table("section", *COUNTS)
    for name, tally in tallies(arguments.sections or SECTIONS, arguments, rng):
        values = [str(getattr(tally, count)) for count in COUNTS]
        print(f"{time.monotonic() - begun:6.0f} s", name, *values, file=sys.stderr, flush=True)
        table.add_row(name, *values)
        wrong += tally.wrong()
    Console(width=110).print(table)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

"""`keras-vae data`: which data sets are available, and where they are looked for."""

import argparse
import os
import pathlib

from rich.table import Table

from keras_vae._internal import files
from keras_vae.cli import common
from keras_vae.cli.common import MISUSED, CommandError, Commands, start_tensorflow


def add_parser(commands: Commands) -> None:
    """Adds the command to the command line."""
    parser = commands.add_parser(
        "data",
        help="show which data sets are available",
        description="Shows which data sets are available without the network and where they are "
        "looked for.",
        epilog="example: keras-vae data --prepare mnist",
    )
    parser.add_argument(
        "--prepare",
        metavar="NAME",
        help="load a data set, so that it is cached; `keras-vae data` shows the names",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Prints the data sets, or prepares one."""
    if arguments.prepare is None:
        _print_state()
    else:
        _prepare(arguments.prepare)


def _prepare(name: str) -> None:
    # NumPy, for which `--help` should not wait.
    from keras_vae import datasets

    try:
        source = datasets.get_source(name)
    except ValueError as error:
        raise CommandError(str(error), MISUSED) from error
    start_tensorflow()
    data = datasets.load(name)
    counts = f"{len(data.train):,} to train, {len(data.test):,} to test"
    path = source.cache_path
    if path is not None and not path.exists():
        raise CommandError(f"{name} was loaded, {counts}, but could not be cached in {path}.")
    print(f"{name} is available: {counts}, in {path}.")


def _print_state() -> None:
    from keras_vae import datasets

    table = Table("data set", "available", "to train", "to test")
    for name in datasets.NAMES:
        source, at_hand = datasets.get_source(name), datasets.is_at_hand(name)
        counts = (f"{count:,}" for count in (source.train_images, source.test_images))
        table.add_row(name, "yes" if at_hand else "no", *counts)
    common.make_console().print(table)
    for what, where in _places().items():
        print(f"{what}: {where}")


def _places() -> dict[str, str | pathlib.Path]:
    cache = files.cache_folder()
    default_tfds = files.expanded("~/tensorflow_datasets")
    tfds = os.environ.get("TFDS_DATA_DIR") or f"{default_tfds} (TFDS_DATA_DIR is not set)"
    manual = os.environ.get("KERAS_VAE_MANUAL_DIR")
    default_manual = cache / "tfds" / "downloads" / "manual"
    return {
        "decoded images (KERAS_VAE_CACHE)": cache / "datasets",
        "mnist, fashion_mnist (TFDS_DATA_DIR)": tfds,
        "freyfaces.pkl (KERAS_VAE_MANUAL_DIR)": manual
        or f"{default_manual} (KERAS_VAE_MANUAL_DIR is not set)",
    }

"""`keras-vae data`: which data sets are at hand, and where they are looked for."""

import argparse
import os
import pathlib

from rich.table import Table

from keras_vae._internal import files
from keras_vae.cli import output
from keras_vae.cli.errors import CommandError
from keras_vae.cli.output import Commands
from keras_vae.cli.startup import start_tensorflow

# Images to train and to test, those of the versions that `keras_vae.datasets` reads.
IMAGES = {
    "mnist": (60_000, 10_000),
    "fashion_mnist": (60_000, 10_000),
    "frey_faces": (1_765, 200),
    "mnist_5k": (4_000, 1_000),
}


def add_parser(commands: Commands) -> None:
    """Adds the command to the command line."""
    parser = commands.add_parser(
        "data",
        help="show which data sets are at hand",
        description="Shows which data sets can be had without the network and where they are "
        "looked for.",
        epilog="example: keras-vae data --prepare mnist",
    )
    parser.add_argument(
        "--prepare",
        choices=tuple(IMAGES),
        metavar="NAME",
        help=f"load a data set, so that it is cached: {', '.join(IMAGES)}",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Prints the data sets, or prepares one."""
    start_tensorflow()
    if arguments.prepare is not None:
        _prepare(arguments.prepare)
        return
    _print_state()


def _prepare(name: str) -> None:
    from keras_vae import datasets

    try:
        data = datasets.load(name)
    except (ConnectionError, ValueError) as error:
        raise CommandError(str(error)) from error
    counts = f"{len(data.train):,} to train, {len(data.test):,} to test"
    path = datasets.cache.cache_path(name, datasets.VERSIONS[name])
    if not path.exists():
        raise CommandError(f"{name} was loaded, {counts}, but could not be cached in {path}.")
    print(f"{name} is at hand: {counts}, in {path}.")


def _print_state() -> None:
    from keras_vae import datasets

    table = Table("data set", "at hand", "to train", "to test")
    for name in datasets.NAMES:
        train, test = IMAGES[name]
        table.add_row(name, "yes" if datasets.is_at_hand(name) else "no", f"{train:,}", f"{test:,}")
    output.make_console().print(table)
    for what, where in _places().items():
        print(f"{what}: {where}")


def _places() -> dict[str, str | pathlib.Path]:
    cache = files.cache_folder()
    default_tfds = pathlib.Path.home() / "tensorflow_datasets"
    tfds = os.environ.get("TFDS_DATA_DIR") or f"{default_tfds} (TFDS_DATA_DIR is not set)"
    manual = os.environ.get("KERAS_VAE_MANUAL_DIR")
    default_manual = cache / "tfds" / "downloads" / "manual"
    return {
        "decoded images (KERAS_VAE_CACHE)": cache / "datasets",
        "mnist, fashion_mnist (TFDS_DATA_DIR)": tfds,
        "freyfaces.pkl (KERAS_VAE_MANUAL_DIR)": manual
        or f"{default_manual} (KERAS_VAE_MANUAL_DIR is not set)",
    }

"""`keras-vae explorer`: a page on which latent spaces of trained models can be explored."""

import argparse

from keras_vae.cli.common import CommandError, Commands, format_bytes, start_tensorflow
from keras_vae.experiments.figures.options import given_path


def add_parser(commands: Commands) -> None:
    """Adds the command to the command line."""
    parser = commands.add_parser(
        "explorer",
        help="write a page that decodes latent codes in the browser",
        description="Writes a page, one file that works offline, on which the decoders of trained "
        "models run in the browser: drag a point over a latent plane of two dimensions, or move "
        "the sliders of a larger space's active dimensions.",
        epilog="example: keras-vae explorer results/models/activity-iw.keras",
    )
    parser.add_argument(
        "models",
        nargs="+",
        type=given_path,
        metavar="MODEL",
        help=".keras file of a keras_vae.VAE with dense networks, as model.save() writes it",
    )
    parser.add_argument(
        "--output",
        type=given_path,
        default="results/explorer.html",
        help="page to write [results/explorer.html]",
    )
    parser.add_argument(
        "--dataset",
        metavar="NAME",
        help="data set whose test images are shown [the one in models.json, or mnist_5k]",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Writes the page and prints where it is."""
    # Mistakes that can be told without TensorFlow do not wait for it.
    for path in arguments.models:
        if not path.is_file():
            raise CommandError(f"There is no model file {path}.")
    start_tensorflow()
    from keras_vae.experiments.page import explorer

    path = explorer.write(arguments.models, arguments.output, arguments.dataset)
    print(f"Wrote {path}, {format_bytes(path.stat().st_size)}.")

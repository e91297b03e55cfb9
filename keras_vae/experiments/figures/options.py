"""The options that every reproduction script shares."""

import argparse
import dataclasses
import os
import pathlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from keras_vae import datasets
from keras_vae._internal.checks import check_choice

# Adds a figure's own options to its parser.
AddOptions = Callable[[argparse.ArgumentParser], None]
STAND_IN_NOTICE = (
    "Full MNIST is not available, so this uses mnist_5k, the 5,000 digits that are installed with "
    "the package. For all 70,000 run with --dataset mnist, which downloads them, or set "
    "TFDS_DATA_DIR to a folder that holds them."
)


# No number that a user means is above it, and every loop can count to it.
LARGEST = 10_000_000


@dataclasses.dataclass(frozen=True)
class Preset:
    """How much a script computes.

    Attributes:
        dataset: Data set, or None for full MNIST where it is available, else `mnist_5k`.
        epochs: Epochs a run; None where the figure names them for each run.
        trials: Runs a method, with seeds that count up from `--seed`.
        embedded_epochs: Epochs where `mnist_5k` stands in for MNIST: its epochs are shorter.
        embedded_trials: Trials where `mnist_5k` stands in for MNIST.
        likelihood_samples: Importance samples per image for the test log-likelihood.
        likelihood_images: Test images, from the first on, it is taken over; None for all.
    """

    dataset: str | None
    epochs: int | None
    trials: int
    embedded_epochs: int | None = None
    embedded_trials: int | None = None
    likelihood_samples: int = 50
    likelihood_images: int | None = None


@dataclasses.dataclass(frozen=True)
class Options:
    """What the user chose, with the preset's values filled in.

    `epochs` is an integer, None where the figure names them for each run. `own` has the values
    of the options that the figure adds itself, None where its report's are to be used.
    """

    preset: str
    dataset: str
    epochs: Any
    trials: int
    seed: int
    jobs: int | None
    store: pathlib.Path | None
    output: pathlib.Path
    likelihood_samples: int
    likelihood_images: int | None
    originals: pathlib.Path | None = None
    tensorboard: pathlib.Path | None = None
    dask: str | None = None
    notice: str | None = None
    own: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def seeds(self) -> range:
        """The seeds of the trials."""
        return range(self.seed, self.seed + self.trials)

    def choice(self, name: str) -> Any:
        """What the user chose by one of the figure's own options; None if nothing."""
        return self.own.get(name)


def parse_options(
    argv: list[str] | None,
    *,
    description: str,
    presets: Mapping[str, Preset],
    dataset_names: Sequence[str] | None = None,
    add_options: AddOptions | None = None,
    prog: str | None = None,
) -> Options:
    """Reads the command line; unusable values end the program with a message.

    Arguments:
        argv: List of arguments, or None for the command line's own.
        description: What the script does.
        presets: Dictionary of `Preset` by name.
        dataset_names: Data sets to choose from; None for all.
        add_options: Function that adds a figure's own options to the parser; None for none.
        prog: What the program is called in its messages; None for the script's name.

    Returns:
        `Options`.
    """
    parser = argparse.ArgumentParser(
        prog=prog,
        description=description,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    _add_shared_options(add, presets, dataset_names or datasets.NAMES)
    if add_options is not None:
        add_options(parser)
    return resolve(presets, **vars(parser.parse_args(argv)))


def check_shared_options(
    argv: list[str], presets: Sequence[str], dataset_names: Sequence[str], own: Sequence[str]
) -> None:
    """Ends the program with a message where `parse_options` would, but for a figure's own options.

    Arguments:
        argv: List of arguments.
        presets: Names of the figure's presets.
        dataset_names: Data sets to choose from.
        own: The figure's own options, for example `["--alphas"]`; their values are not checked.
    """
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("-h", "--help", action="store_true")
    _add_shared_options(parser.add_argument, presets, dataset_names)
    for option in own:
        parser.add_argument(option, nargs="*")
    parser.parse_args(argv)


def _add_shared_options(
    add: Callable[..., argparse.Action], presets: Iterable[str], dataset_names: Sequence[str]
) -> None:
    add("--preset", choices=presets, default="quick", help="how much to compute")
    add("--dataset", choices=dataset_names, help="data set, in place of the preset's")
    add("--epochs", type=positive_integer, help="epochs of each run, in place of the preset's")
    add("--trials", type=positive_integer, help="runs of each method, in place of the preset's")
    add("--seed", type=_seed, default=0, help="seed of the first trial; the others count up")
    add(
        "--jobs",
        type=positive_integer,
        help="runs at a time; by default as many as the machine suits",
    )
    add("--dask", metavar="ADDRESS", help="scheduler of a Dask cluster that trains the runs")
    add("--store", type=given_path, help="folder of stored runs [KERAS_VAE_STORE or the cache]")
    add("--output", type=given_path, default="results", help="folder that gets the results")
    add(
        "--originals",
        type=given_path,
        help="folder with your pictures of the original figures, as <report>/<figure>.png; the "
        "one of this figure is put beside ours",
    )
    add(
        "--tensorboard",
        type=given_path,
        help="folder for TensorBoard's logs of every run: scalars, activity, reconstructions",
    )
    add(
        "--likelihood-samples",
        type=positive_integer,
        help="importance samples per image for the test log-likelihood, in place of the preset's",
    )
    add(
        "--likelihood-images",
        type=_at_least_two,
        help="how many test images that takes, in place of the preset's",
    )


def resolve(
    presets: Mapping[str, Preset],
    *,
    preset: str = "quick",
    dataset: str | None = None,
    epochs: int | None = None,
    trials: int | None = None,
    seed: int = 0,
    jobs: int | None = None,
    store: pathlib.Path | None = None,
    output: str | os.PathLike[str] = "results",
    likelihood_samples: int | None = None,
    likelihood_images: int | None = None,
    originals: str | os.PathLike[str] | None = None,
    tensorboard: str | os.PathLike[str] | None = None,
    dask: str | None = None,
    **own: Any,
) -> Options:
    """Fills in a preset's values; `own` are the values of a figure's own options.

    Raises:
        ValueError: If the preset or the data set is unknown.
    """
    check_choice(preset, presets, "preset")
    chosen = presets[preset]
    wanted = dataset or chosen.dataset
    stands_in = wanted is None and not datasets.is_at_hand("mnist")
    if wanted is None:
        wanted = "mnist_5k" if stands_in else "mnist"
    embedded = wanted == "mnist_5k"
    return Options(
        preset=preset,
        dataset=wanted,
        epochs=epochs or (embedded and chosen.embedded_epochs) or chosen.epochs,
        trials=trials or (embedded and chosen.embedded_trials) or chosen.trials,
        seed=seed,
        jobs=jobs,
        store=store,
        output=pathlib.Path(output),
        likelihood_samples=likelihood_samples or chosen.likelihood_samples,
        likelihood_images=likelihood_images or chosen.likelihood_images,
        originals=None if originals is None else pathlib.Path(originals),
        tensorboard=None if tensorboard is None else pathlib.Path(tensorboard),
        dask=dask,
        notice=STAND_IN_NOTICE if stands_in else None,
        own=own,
    )


def positive_integer(text: str) -> int:
    """Reads a number of at least 1 from the command line, as `type` of an argument."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, received {text}")
    if value > LARGEST:
        raise argparse.ArgumentTypeError(f"must be at most {LARGEST:,}, received {text}")
    return value


def given_path(text: str) -> pathlib.Path:
    """Reads a path from the command line, as `type` of an argument."""
    if not text.strip():
        raise argparse.ArgumentTypeError("must not be empty")
    return pathlib.Path(text)


def _at_least_two(text: str) -> int:
    if positive_integer(text) < 2:
        raise argparse.ArgumentTypeError("must be at least 2, for a standard error")
    return int(text)


def _seed(text: str) -> int:
    value = int(text)
    if not 0 <= value < 2**31 - 1000:
        raise argparse.ArgumentTypeError(f"must lie in [0, 2**31 - 1000), received {text}")
    return value


positive_integer.__name__ = _at_least_two.__name__ = _seed.__name__ = "integer"

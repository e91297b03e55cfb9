"""MNIST, Fashion-MNIST, Frey Faces, 5,000 MNIST digits that need no network, and sets of yours.

What is known of a data set, its `Source`, needs no TensorFlow; reading some of them does.
"""

import pathlib
import re

from keras_vae._internal.checks import check_choice
from keras_vae.datasets import sources
from keras_vae.datasets.image_data import DataError, ImageData, Source, Split, draw, threshold

BINARIZATIONS = (None, "static", "stochastic")
TEST_DRAW_SEED = 0
# Those of all sources, by `__getattr__`.
NAMES: tuple[str, ...]
LABELLED: tuple[str, ...]

__all__ = [
    "BINARIZATIONS",
    "LABELLED",
    "NAMES",
    "DataError",
    "ImageData",
    "Source",
    "Split",
    "get_source",
    "is_at_hand",
    "load",
    "register",
]

_OWN = {source.name: source for source in sources.SOURCES}
_sources = dict(_OWN)


def __getattr__(name: str) -> tuple[str, ...]:
    """`NAMES` of all data sets, and of those that are `LABELLED`, registered ones too."""
    if name == "NAMES":
        return tuple(_sources)
    if name == "LABELLED":
        return tuple(name for name, source in _sources.items() if source.labelled)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def register(source: Source) -> Source:
    """Makes a data set known by its name, in place of one registered under it before.

    Processes that train runs of it know it too.

    Arguments:
        source: `Source`.

    Returns:
        The source.

    Raises:
        TypeError: If it is none.
        ValueError: If the name is unusable, or that of a data set of this package.
    """
    if not isinstance(source, Source):
        raise TypeError(f"Expected a `keras_vae.datasets.Source`. Received: {source!r}.")
    if not re.fullmatch(r"\w+", source.name):
        raise ValueError(
            f"A data set's name has letters, digits and underscores. Received: {source.name!r}."
        )
    if source.name in _OWN:
        raise ValueError(f"{source.name!r} is a data set of this package. Choose another name.")
    _sources[source.name] = source
    return source


def registered() -> tuple[Source, ...]:
    """The sources that were registered, without those of this package."""
    return tuple(source for name, source in _sources.items() if name not in _OWN)


def get_source(name: str) -> Source:
    """Returns a data set's `Source`.

    Raises:
        ValueError: If the name is unknown; the error lists those that are known.
    """
    check_choice(name, _sources, "dataset")
    return _sources[name]


def load(
    name: str = "mnist_5k",
    binarize: str | None = None,
    *,
    original_order: bool = False,
    data_dir: str | pathlib.Path | None = None,
    manual_dir: str | pathlib.Path | None = None,
) -> ImageData:
    """Loads a data set; decoded arrays are cached for the next time.

    Arguments:
        name: `"mnist"`, `"fashion_mnist"`, `"frey_faces"`, `"mnist_5k"`, which is installed
            with this package's dependencies, or the name of a registered `Source`.
        binarize: None keeps grey levels; `"static"` thresholds at one half; `"stochastic"`
            draws each training pixel anew in each epoch of `ImageData.batches`, and the
            test pixels once.
        original_order: Whether images come in the order of the data set's own files, for
            splits that count from there; TFDS stores MNIST and Fashion-MNIST in another.
        data_dir: TFDS folder; None uses `TFDS_DATA_DIR` or TFDS's default.
        manual_dir: Folder with a `freyfaces.pkl` that is already on this machine; None uses
            `KERAS_VAE_MANUAL_DIR` or TFDS's folder for manual downloads.

    Returns:
        `ImageData`, which unpacks as `(x_train, y_train), (x_test, y_test)`.

    Raises:
        ValueError: If the name or the binarisation is unknown.
        DataError: If the files are not what they should be, or the original order is not available.
        ConnectionError: Within seconds, if the data are neither available on this machine nor can
            be downloaded.
    """
    source = get_source(name)
    check_choice(binarize, BINARIZATIONS, "binarization")
    arrays = source.load(data_dir, manual_dir)
    if original_order:
        arrays = source.restore_order(arrays)
    x_train, x_test = arrays["x_train"], arrays["x_test"]
    if binarize == "static":
        x_train, x_test = threshold(x_train), threshold(x_test)
    elif binarize == "stochastic":
        x_test = draw(x_test, TEST_DRAW_SEED)
    return ImageData(
        name=name,
        binarize=binarize,
        train=Split(x_train, arrays.get("y_train")),
        test=Split(x_test, arrays.get("y_test")),
    )


def is_at_hand(name: str) -> bool:
    """Whether `load(name)` needs no network: cached, prepared, embedded or in a local file."""
    return get_source(name).is_at_hand()

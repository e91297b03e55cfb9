"""MNIST, Fashion-MNIST, Frey Faces, and 5,000 MNIST digits that need no network."""

from keras_vae._internal.checks import check_choice
from keras_vae.datasets import cache, sources
from keras_vae.datasets import original_order as original
from keras_vae.datasets.image_data import ImageData, Split, draw, threshold

NAMES = ("mnist", "fashion_mnist", "frey_faces", "mnist_5k")
LABELLED = ("mnist", "mnist_5k", "fashion_mnist")
BINARIZATIONS = (None, "static", "stochastic")
VERSIONS = {"mnist": "3.0.1", "fashion_mnist": "3.0.1", "frey_faces": "1.0.0", "mnist_5k": "1"}
TEST_DRAW_SEED = 0

__all__ = ["BINARIZATIONS", "ImageData", "LABELLED", "NAMES", "Split", "is_at_hand", "load"]


def load(name="mnist_5k", binarize=None, *, original_order=False, data_dir=None, manual_dir=None):
    """Loads a data set; decoded arrays are cached for the next time.

    Arguments:
        name: `"mnist"`, `"fashion_mnist"`, `"frey_faces"`, or `"mnist_5k"`, which is installed
            with this package's dependencies.
        binarize: None keeps grey levels; `"static"` thresholds at one half; `"stochastic"`
            draws each training pixel anew in each epoch of `ImageData.batches`, and the
            test pixels once.
        original_order: Whether images come in the order of the data set's own files, for
            splits that count from there; TFDS stores MNIST and Fashion-MNIST in another.
        data_dir: TFDS folder; None uses `TFDS_DATA_DIR` or TFDS's default.
        manual_dir: Folder with a `freyfaces.pkl` that is already at hand; None uses
            `KERAS_VAE_MANUAL_DIR` or TFDS's folder for manual downloads.

    Returns:
        `ImageData`, which unpacks as `(x_train, y_train), (x_test, y_test)`.

    Raises:
        ValueError: If the name or the binarisation is unknown, or the original order cannot
            be had.
        ConnectionError: Within seconds, if the data are neither at hand nor to be had.
    """
    check_choice(name, NAMES, "dataset")
    check_choice(binarize, BINARIZATIONS, "binarization")
    arrays = cache.read_or_make(name, VERSIONS[name], lambda: _decode(name, data_dir, manual_dir))
    if original_order and name in original.FIRST_LABELS:
        for split in ("train", "test"):
            x, y = f"x_{split}", f"y_{split}"
            arrays[x], arrays[y] = original.restore(name, split, arrays[x], arrays[y])
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


def is_at_hand(name):
    """Whether `load(name)` needs no network: cached, prepared, embedded, or a file at hand."""
    check_choice(name, NAMES, "dataset")
    if name == "mnist_5k" or cache.cache_path(name, VERSIONS[name]).exists():
        return True
    return sources.is_prepared(name)


def _decode(name, data_dir, manual_dir):
    if name == "mnist_5k":
        return sources.mnist_5k()
    if name == "frey_faces":
        return sources.frey_faces(data_dir, manual_dir)
    return sources.labelled_images(name, data_dir)

"""Decoded arrays kept on disk, so that a data set is decoded once."""

import logging
import zipfile

import numpy as np

from keras_vae._internal.files import atomic_write, cache_folder

logger = logging.getLogger(__name__)


def cache_path(name, version):
    """The file that holds one version of a decoded data set."""
    return cache_folder() / "datasets" / f"{name}-{version}.npz"


def read_or_make(name, version, make):
    """Returns cached arrays, or those of `make()`, which are then cached.

    Arguments:
        name: Name of the data set.
        version: Version of its content.
        make: Function without arguments that returns a dictionary of arrays.

    Returns:
        Dictionary of arrays. A damaged cache file is made anew; a cache that cannot be
        written is reported as a warning and does without.
    """
    path = cache_path(name, version)
    if path.exists():
        try:
            with np.load(path, allow_pickle=False) as archive:
                return dict(archive)
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
            logger.warning("Decoding %s again: %s is damaged (%s).", name, path, error)
    arrays = make()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as file:
            np.savez(file, **arrays)
    except OSError as error:
        logger.warning("The decoded %s could not be cached in %s: %s", name, path, error)
    return arrays

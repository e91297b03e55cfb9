"""Trained models as files: what is recorded, what is refused, and the ones that ship."""

import errno
import json
import os
import pathlib
import shutil

import keras
import numpy as np
import pytest

import keras_vae as kv
from keras_vae._internal import verified_files
from keras_vae.cli import main
from keras_vae.experiments.runs import model_files
from keras_vae.experiments.runs.run_models import build_model
from keras_vae.experiments.runs.spec import DataSpec, ModelSpec, ObjectiveSpec, RunSpec
from keras_vae.experiments.runs.store import RunStore, StoredRun

SHIPPED = pathlib.Path(__file__).resolve().parents[3] / "results" / "models"
SPEC = RunSpec(
    data=DataSpec(name="mnist_5k"),
    model=ModelSpec(latent_dim=3, hidden_units=(4,)),
    objective=ObjectiveSpec(name="iwae", num_samples=2),
    seed=7,
)


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A store with one run at epoch 2 and its log-likelihoods, and the run's model."""
    store = RunStore(tmp_path_factory.mktemp("store"))
    store.run_folder(SPEC).mkdir(parents=True)
    model = build_model(SPEC, (28, 28))
    weights = [np.full(v.shape, 0.01, np.float32) for v in model.weights]
    model.set_weights(weights)
    zeros = np.zeros((2, 3))
    store.save(SPEC, StoredRun(2, {"test_bound": zeros[:, 0]}, zeros, weights, [], []))
    for samples, images, epochs in ((9, 20, 2), (5, 30, 2), (7, 30, 2), (99, 99, 1)):
        value = {"num_samples": samples, "images": images, "epochs": epochs, "per_image": [1.0]}
        name = f"test_log_likelihood/{samples}_samples/{images}_images/{epochs}_epochs"
        store.save_evaluation(SPEC, name, value)
    return store, model


@pytest.fixture(scope="module")
def folder(stored, tmp_path_factory):
    """A folder of models that the command line wrote."""
    folder = tmp_path_factory.mktemp("models")
    arguments = [SPEC.run_id, str(folder / "iw.keras"), "--store", str(stored[0].folder)]
    assert main(["export", *arguments]) == 0
    return folder


@pytest.fixture
def copy(folder, tmp_path):
    return pathlib.Path(shutil.copytree(folder, tmp_path / "models"))


def test_a_run_becomes_a_file_with_a_record(stored, folder):
    record = model_files.read_records(folder)["iw.keras"]
    assert record["run"] == SPEC.run_id and record["epochs"] == 2
    assert RunSpec.from_dict(record["spec"]) == SPEC
    # Of the estimates at epoch 2: first the most images, then the most samples.
    assert record["test_log_likelihood"] == {"num_samples": 7, "images": 30, "epochs": 2}
    images = kv.datasets.load("mnist_5k", binarize="static").test.images[:100]
    loaded = keras.saving.load_model(folder / "iw.keras")
    for model in (stored[1], loaded):
        bound = np.asarray(model.log_weights(images, num_samples=1, seed=0)).mean()
        assert record["bound_on_embedded_digits"] == pytest.approx(bound, abs=1e-3)


def test_a_file_is_exported_for_serving(copy, tmp_path, monkeypatch):
    written = []
    monkeypatch.setattr(kv.export, "save", lambda model, path: written.append((model, path)))
    assert main(["export", str(copy / "iw.keras"), str(tmp_path / "1")]) == 0
    model, path = written.pop()
    assert path == tmp_path / "1" and (model.weights[0].numpy() == np.float32(0.01)).all()


def test_small_images_are_cut_from_the_middle():
    model = kv.VAE(latent_dim=1, hidden_units=(2,), image_shape=(26, 20))
    seen = []
    model.log_weights = lambda images, **kwargs: seen.append(images) or np.zeros((1, len(images)))
    assert model_files.bound_on_embedded_digits(model) == 0.0
    digits = kv.datasets.load("mnist_5k", binarize="static").test.images[:100]
    np.testing.assert_array_equal(seen[0], digits[:, 1:27, 4:24])


@pytest.mark.parametrize(
    "damage, message",
    [
        (lambda path: path.unlink(), "There is no model file"),
        (lambda path: path.write_bytes(path.read_bytes()[:-9]), "not the file that .*models.json"),
        (lambda path: path.with_name("models.json").write_text("["), "models.json cannot be read"),
    ],
)
def test_a_file_that_is_not_the_recorded_one_is_refused(copy, tmp_path, capsys, damage, message):
    damage(copy / "iw.keras")
    with pytest.raises(model_files.ModelFileError, match=message):
        model_files.load_model_file(copy / "iw.keras")
    assert main(["export", str(copy / "iw.keras"), str(tmp_path / "1")]) == 1
    assert capsys.readouterr().err.startswith("error: ")


def test_records_of_a_newer_version_or_of_something_else_are_said_to_be_so(copy):
    path = copy / "models.json"
    content = {"iw.keras": 5}
    path.write_text(json.dumps(content))
    with pytest.raises(model_files.ModelFileError, match="does not hold records"):
        model_files.load_model_file(copy / "iw.keras")
    verified_files.write_json(path, {"kind": "models", "format": 2}, content)
    with pytest.raises(model_files.ModelFileError, match="by a newer version"):
        model_files.load_model_file(copy / "iw.keras")


def test_without_a_record_a_damaged_or_foreign_file_is_refused(copy):
    path = copy / "iw.keras"
    (copy / "models.json").unlink()
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(model_files.ModelFileError, match="damaged, or another version"):
        model_files.load_model_file(path)
    keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)]).save(path)
    with pytest.raises(model_files.ModelFileError, match="holds a Sequential"):
        model_files.load_model_file(path)


@pytest.mark.parametrize(
    "arguments, message",
    [(["new.keras"], "is a Keras file already"), (["new", "--epoch", "1"], "a file has one set")],
)
def test_what_a_file_cannot_become(folder, tmp_path, capsys, arguments, message):
    target, *options = arguments
    assert main(["export", str(folder / "iw.keras"), str(tmp_path / target), *options]) == 1
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("name", sorted(model_files.read_records(SHIPPED)))
def test_a_shipped_model_loads_and_has_its_recorded_bound(name):
    record = model_files.read_records(SHIPPED)[name]
    model = model_files.load_model_file(SHIPPED / name)
    bound = model_files.bound_on_embedded_digits(model)
    assert bound == pytest.approx(record["bound_on_embedded_digits"], abs=0.05)


def test_every_shipped_model_is_recorded():
    assert {path.name for path in SHIPPED.glob("*.keras")} == set(model_files.read_records(SHIPPED))


def test_a_full_disk_leaves_file_and_record_as_they_were(stored, copy, monkeypatch):
    before = {path.name: path.read_bytes() for path in copy.iterdir()}
    store, model = stored

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(model_files.ModelFileError, match=r"iw.keras cannot be written.*No space"):
        model_files.save_model(model, copy / "iw.keras", SPEC, store, 1)
    assert {path.name: path.read_bytes() for path in copy.iterdir()} == before

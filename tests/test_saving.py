"""Saved models, loaded in this process and in a fresh one."""

import json
import re
import subprocess
import sys

import keras
import numpy as np
import pytest

import keras_vae as kv
from keras_vae._internal.backend import initializer_config

LOAD = """
import sys
import keras, numpy as np
import keras_vae
model = keras.models.load_model(sys.argv[1])
images = np.load(sys.argv[2])
np.savez(sys.argv[3], reconstruction=model.reconstruct(images),
         weights=model.log_weights(images, 3),
         objective=type(model.objective).__name__, samples=model.objective.num_samples)
"""


def make_model(**kwargs):
    return kv.VAE(latent_dim=3, hidden_units=(8, 6), seed=4, **kwargs)


@pytest.fixture(scope="module")
def trained(images):
    model = make_model(objective=kv.objectives.IWAE(3), batch_norm=True, activation="tanh")
    model.compile(jit_compile=False)
    model.fit(images, epochs=2, verbose=0)
    return model


@pytest.mark.slow
def test_a_fresh_process_loads_the_same_model(trained, images, tmp_path):
    trained.save(tmp_path / "model.keras")
    np.save(tmp_path / "images.npy", images)
    arguments = [tmp_path / name for name in ("model.keras", "images.npy", "out.npz")]
    subprocess.run([sys.executable, "-c", LOAD, *map(str, arguments)], check=True)
    with np.load(tmp_path / "out.npz") as loaded:
        np.testing.assert_array_equal(loaded["reconstruction"], trained.reconstruct(images))
        np.testing.assert_array_equal(loaded["weights"], trained.log_weights(images, 3))
        assert loaded["objective"] == "IWAE" and loaded["samples"] == 3


def test_a_model_that_was_never_called_saves_its_weights(tmp_path):
    model = make_model()
    model.log_variance_head.bias.assign([1.0, 2.0, 3.0])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert len(loaded.weights) == len(model.weights)
    for ours, theirs in zip(model.weights, loaded.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_weights_alone(trained, tmp_path):
    trained.save_weights(tmp_path / "model.weights.h5")
    other = make_model(batch_norm=True, activation="tanh")
    assert not np.array_equal(other.weights[1], trained.weights[1])
    other.load_weights(tmp_path / "model.weights.h5")
    for ours, theirs in zip(trained.weights, other.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_training_goes_on_after_loading(trained, images, tmp_path):
    trained.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    histories = []
    for model in (trained, loaded):
        histories.append(model.fit(images, epochs=2, verbose=0, shuffle=False).history["loss"])
    np.testing.assert_allclose(*histories, rtol=1e-6)


@pytest.mark.parametrize("likelihood", ["gaussian", kv.likelihoods.Bernoulli(grey_levels=True)])
def test_config_round_trip(likelihood):
    model = make_model(likelihood=likelihood, prior="standard_normal", image_shape=(4, 5))
    copy = kv.VAE.from_config(model.get_config())
    assert copy.get_config() == model.get_config()
    assert type(copy.likelihood) is type(model.likelihood)
    for ours, theirs in zip(model.weights, copy.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("kind", [kv.VAE, kv.HierarchicalVAE])
def test_configs_have_no_arguments_that_an_older_keras_lacks(kind):
    parts = {"prior": kv.priors.VampPrior(2, initializer="glorot_normal")}
    if kind is kv.VAE:
        parts |= {name: kv.networks.DenseStack((3,)) for name in ("encoder", "decoder")}
    else:
        parts["hidden_units"] = 3
    config = kind(event_shape=2, kernel_initializer="glorot_normal", **parts).get_config()
    assert not re.search("(input|output)_axes", json.dumps(config))
    given = initializer_config(keras.initializers.RandomNormal(stddev=0.5, seed=3))
    assert given["config"]["stddev"] == 0.5 and given["config"]["seed"] == 3
    assert "scale" in initializer_config(keras.initializers.VarianceScaling(2.0))["config"]

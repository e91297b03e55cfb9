"""Fixtures: a cache of the tests' own, and small genuine images."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import pytest

import keras_vae as kv


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory):
    """Keeps the tests out of the user's cache, also in processes that they start."""
    folder = tmp_path_factory.mktemp("cache")
    names = ("KERAS_VAE_CACHE", "KERAS_VAE_STORE")
    saved = {name: os.environ.pop(name, None) for name in names}
    os.environ["KERAS_VAE_CACHE"] = str(folder)
    yield folder
    os.environ.pop("KERAS_VAE_CACHE")
    os.environ.update({name: value for name, value in saved.items() if value is not None})


@pytest.fixture(scope="session")
def digits(own_cache):
    """The embedded digits, binarised at one half."""
    return kv.datasets.load("mnist_5k", binarize="static")


@pytest.fixture(scope="session")
def images(digits):
    """64 binary test digits, float32 of shape (64, 28, 28)."""
    return digits.test.images[:64]

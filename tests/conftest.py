"""Fixtures: a cache of the tests' own, and small genuine images."""

import gc
import os
import warnings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Compiling costs the tests more than what they compile; it is set before TensorFlow starts and
# holds for the processes that tests start as well, so that comparisons of bits are of like.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")
# Of two tests at once each has a core; NumPy's threads would wait for one another.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest

# Imports leave a million objects and hardly any garbage to look for among them.
gc.disable()

# Warnings of other packages that we cannot avoid.
FOREIGN_WARNINGS = (
    # Imports distutils.
    "ignore::DeprecationWarning:tensorflow_probability",
    # Keras' own conversion of its variables, in `get_weights`, `save` and elsewhere.
    "ignore:__array__ implementation:DeprecationWarning:keras.src.backend.tensorflow.core",
)
# What happens below comes before pytest looks at its own filters.
warnings.filterwarnings("ignore", category=DeprecationWarning, module="tensorflow_probability")

import keras_vae as kv  # noqa: E402

# Taken before any test puts another in its place: what first asks for `digits` may be such a test.
load_genuine = kv.datasets.load


def pytest_configure(config):
    """Warnings are errors, but for foreign ones; some tests are slow."""
    # Which test a file left open is found in hangs on when the garbage is collected.
    unraisable = "default::pytest.PytestUnraisableExceptionWarning"
    for line in ("error", unraisable, *FOREIGN_WARNINGS):
        config.addinivalue_line("filterwarnings", line)
    config.addinivalue_line("markers", "slow: left out unless --slow is given")


def pytest_addoption(parser):
    parser.addoption("--slow", action="store_true", help="run the tests marked as slow too")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--slow"):
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    config.hook.pytest_deselected(items=slow)
    items[:] = [item for item in items if item not in slow]


def pytest_collection_finish():
    gc.freeze()
    gc.enable()
    # Graphs are many objects that live long: looking through all of them seldom is enough.
    gc.set_threshold(5000, 20, 50)


def pytest_sessionfinish():
    """Spares pytest's last collections of garbage, which take seconds among so many graphs."""
    gc.freeze()


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
    return load_genuine("mnist_5k", binarize="static")


@pytest.fixture(scope="session")
def images(digits):
    """64 binary test digits, float32 of shape (64, 28, 28)."""
    return digits.test.images[:64]

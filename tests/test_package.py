"""Importing the package, and what importing it must not do."""

import os
import subprocess
import sys

import pytest


def run(code, **environment):
    clean = {key: value for key, value in os.environ.items() if key != "TF_CPP_MIN_LOG_LEVEL"}
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**clean, **environment},
        check=False,
    )


# Ends the process without the seconds that TensorFlow takes to go.
END = "\nimport os; sys.stdout.flush(); os._exit(0)"


def test_import_needs_no_tensorflow_and_names_come_on_first_use():
    code = (
        "import sys, socket\n"
        "def refuse(*args, **kwargs): raise AssertionError('network')\n"
        "socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse\n"
        "import keras_vae as kv\n"
        "heavy = {'tensorflow', 'keras', 'numpy', 'matplotlib', 'tensorflow_probability'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
        "assert set(kv.__all__) <= set(dir(kv)) and not hasattr(kv, 'nonsense')\n"
        "assert not heavy & set(sys.modules)\n"
        "import contextlib, io\n"
        "from keras_vae.cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()) as shown:\n"
        "    assert main(['data']) == 0 and kv.datasets.NAMES\n"
        "assert 'mnist_5k' in shown.getvalue() and 'tensorflow' not in sys.modules\n"
        "for name in kv.__all__:\n"
        "    assert getattr(kv, name).__name__ in (name, f'keras_vae.{name}')\n"
        "assert 'tensorflow' in sys.modules and 'tensorflow_datasets' not in sys.modules\n"
    )
    finished = run(code + END)
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout == "" and finished.stderr == ""


@pytest.mark.parametrize(
    "imports",
    [
        "import keras_vae, keras",
        *(
            pytest.param(imports, marks=pytest.mark.slow)
            for imports in (
                "import keras, keras_vae",
                "import keras_vae; keras_vae.datasets.load().test_batches(); import keras",
                "import keras_vae._internal.backend; import keras_vae, keras; keras_vae.priors",
            )
        ),
    ],
)
def test_keras_knows_the_classes_whatever_is_imported_first(imports):
    code = f"import sys\n{imports}\nassert keras.saving.get_registered_object('keras_vae>VAE')"
    finished = run(code + END)
    assert finished.returncode == 0, finished.stderr


@pytest.mark.slow
def test_each_module_can_be_what_is_imported_first():
    """Each is imported by a copy of one process that has only imported what they are built on."""
    modules = ["likelihoods", "priors", "posteriors", "models", "experiments.runs.spec"]
    code = (
        "import importlib, os, sys, tensorflow, tensorflow_probability\n"
        f"for module in {modules}:\n"
        "    child = os.fork()\n"
        "    if not child:\n"
        "        importlib.import_module(f'keras_vae.{module}')\n"
        "        os._exit(0)\n"
        "    assert os.waitpid(child, 0)[1] == 0, module\n"
    )
    finished = run(code + END)
    assert finished.returncode == 0, finished.stderr


def test_another_keras_backend_is_named():
    finished = run("import keras_vae; keras_vae.VAE", KERAS_BACKEND="numpy")
    assert finished.returncode != 0
    assert "'numpy'" in finished.stderr and "KERAS_BACKEND=tensorflow" in finished.stderr

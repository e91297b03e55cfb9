"""Importing the package, and what importing it must not do."""

import os
import subprocess
import sys


def run(code, **environment):
    clean = {key: value for key, value in os.environ.items() if key != "TF_CPP_MIN_LOG_LEVEL"}
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**clean, **environment},
        check=False,
    )


def test_import_is_silent_and_does_not_touch_the_network():
    code = (
        "import socket\n"
        "def refuse(*args, **kwargs): raise AssertionError('network')\n"
        "socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse\n"
        "import keras_vae as kv\n"
        "import sys\n"
        "assert 'tensorflow_datasets' not in sys.modules\n"
    )
    finished = run(code)
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout == "" and finished.stderr == ""


def test_another_keras_backend_is_named():
    finished = run("import keras_vae", KERAS_BACKEND="numpy")
    assert finished.returncode != 0
    assert "'numpy'" in finished.stderr and "KERAS_BACKEND=tensorflow" in finished.stderr

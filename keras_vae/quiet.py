"""Silences what TensorFlow's C++ parts print on import, unless something fails."""

import contextlib
import os
import pathlib
import sys
import tempfile

COMMAND, COMMAND_MODULE = "keras-vae", "keras_vae.cli"


@contextlib.contextmanager
def captured_stderr():
    """Holds back what any code, C++ included, writes to standard error.

    If the block raises, what was held back is written after all.
    """
    try:
        original = os.dup(2)
    except OSError:
        # Without a standard error there is nothing to hold back.
        yield
        return
    with tempfile.TemporaryFile() as held:
        sys.stderr.flush()
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            os.dup2(original, 2)
            held.seek(0)
            os.write(2, held.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(original, 2)
            os.close(original)


def import_tensorflow():
    """Imports TensorFlow, Keras and TFP in silence.

    Raises:
        ImportError: If Keras is set up with another backend than TensorFlow.
    """
    # A backend asked for but not installed would fail inside Keras, with a less helpful message.
    _require_tensorflow_backend(os.environ.get("KERAS_BACKEND", "tensorflow"))
    if "tensorflow" not in sys.modules:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    with captured_stderr():
        import keras
        import tensorflow  # noqa: F401
        import tensorflow_probability  # noqa: F401
    _require_tensorflow_backend(keras.backend.backend())


def runs_command_line():
    """Whether this process was started as `keras-vae` or `python -m keras_vae.cli`."""
    script = sys.argv[0] if sys.argv else ""
    if script == "-m":
        return COMMAND_MODULE in sys.orig_argv
    # Worker processes inherit `sys.argv`, but were started with another command.
    return pathlib.PurePath(script).stem == COMMAND and script in sys.orig_argv


def _require_tensorflow_backend(name):
    if name != "tensorflow":
        raise ImportError(
            f"keras_vae needs Keras with the TensorFlow backend. Keras is set up with {name!r}: "
            "set KERAS_BACKEND=tensorflow before importing it."
        )

"""TensorFlow, Keras and TensorFlow Probability, imported in silence.

Every module that needs them takes them from here: what their C++ parts print on import is held
back unless something fails, and another backend of Keras than TensorFlow is refused.
"""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator


@contextlib.contextmanager
def captured_stderr() -> Iterator[None]:
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


def _require_tensorflow_backend(name: str) -> None:
    if name != "tensorflow":
        raise ImportError(
            f"keras_vae needs Keras with the TensorFlow backend. Keras is set up with {name!r}: "
            "set KERAS_BACKEND=tensorflow before importing it."
        )


# A backend asked for but not installed would fail inside Keras, with a less helpful message.
_require_tensorflow_backend(os.environ.get("KERAS_BACKEND", "tensorflow"))
if "tensorflow" not in sys.modules:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
with captured_stderr():
    import keras
    import tensorflow as tf
    import tensorflow_probability as tfp
_require_tensorflow_backend(keras.backend.backend())

__all__ = ["keras", "tf", "tfp"]

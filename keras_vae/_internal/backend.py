"""TensorFlow, Keras and TensorFlow Probability, imported in silence.

Every module that needs them imports them from here. What their C++ parts print on import is held
back unless something fails, and a Keras with another backend than TensorFlow is refused. How one
process uses the machine is set here too: its threads, and a GPU that several runs may share.
"""

import contextlib
import gc
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from typing import Any


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


@contextlib.contextmanager
def paused_garbage_collection() -> Iterator[None]:
    """Imports without garbage collection, which takes a third of the time and finds nothing.

    What was imported belongs to the oldest generation afterwards, as it otherwise would.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if not gc.get_freeze_count():
            gc.freeze()
            gc.unfreeze()
        if enabled:
            gc.enable()


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
with captured_stderr(), paused_garbage_collection():
    import keras
    import tensorflow as tf
    import tensorflow_probability as tfp
_require_tensorflow_backend(keras.backend.backend())

tfd: Any = tfp.distributions

# Arguments of initialisers that Keras 3.15 writes, and that Keras 3.11 does not know.
NEWER_ARGUMENTS = ("input_axes", "output_axes")


def initializer_config(initializer: Any) -> Any:
    """`keras.initializers.serialize` without newer arguments that were not given."""
    config = keras.initializers.serialize(initializer)
    arguments = config["config"] if isinstance(config, dict) else None
    if not isinstance(arguments, dict):
        return config
    unused = [name for name in NEWER_ARGUMENTS if arguments.get(name, "") is None]
    return {**config, "config": {k: v for k, v in arguments.items() if k not in unused}}


def reason(error: BaseException) -> str:
    """What happened, without the operation that TensorFlow puts before it and what follows."""
    return re.sub(r"^\{\{.*?\}\} ?", "", str(error)).partition("\n")[0]


def gpus() -> list[tf.config.PhysicalDevice]:
    """The GPUs that TensorFlow can use."""
    with captured_stderr():
        return tf.config.list_physical_devices("GPU")


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads() -> int:
    """Threads that TensorFlow may use for one operation."""
    return tf.config.threading.get_intra_op_parallelism_threads() or cores()


_kept = False


def keep_modules() -> None:
    """Spares a program the search for garbage in what is imported, at each turn and at its end."""
    global _kept
    if not _kept:
        _kept = True
        gc.freeze()


def configure(threads: int | None = None) -> None:
    """Lets GPU memory grow as needed, keeps full precision, and limits this process's threads.

    These hold only before TensorFlow first computes something; afterwards what is in
    force stays. A program that calls this keeps its modules.

    Arguments:
        threads: Threads for one operation and for independent ones; None leaves them.
    """
    keep_modules()
    # Ten bits of mantissa in matrix products would show in a mixture's log-density.
    tf.config.experimental.enable_tensor_float_32_execution(False)
    # Grappler takes a second where a run starts, and what XLA compiles has the same bits without.
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    try:
        for gpu in gpus():
            tf.config.experimental.set_memory_growth(gpu, True)
        if threads is not None:
            tf.config.threading.set_intra_op_parallelism_threads(threads)
            tf.config.threading.set_inter_op_parallelism_threads(threads)
    except RuntimeError:
        return


__all__ = [
    "captured_stderr",
    "configure",
    "cores",
    "gpus",
    "keep_modules",
    "keras",
    "tf",
    "tfd",
    "tfp",
    "threads",
]

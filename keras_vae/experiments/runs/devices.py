"""How one process uses the machine: threads, and a GPU that several runs may share."""

import os

from keras_vae._internal.backend import captured_stderr, tf


def gpus() -> list[tf.config.PhysicalDevice]:
    """The GPUs that TensorFlow can use."""
    with captured_stderr():
        return tf.config.list_physical_devices("GPU")


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def configure(threads: int | None = None) -> None:
    """Lets GPU memory grow as needed, keeps full precision, and limits this process's threads.

    All hold only before TensorFlow first computes something; afterwards what is in
    force stays.

    Arguments:
        threads: Threads for one operation and for independent ones; None leaves them.
    """
    # Ten bits of mantissa in matrix products would show in a mixture's log-density.
    tf.config.experimental.enable_tensor_float_32_execution(False)
    try:
        for gpu in gpus():
            tf.config.experimental.set_memory_growth(gpu, True)
        if threads is not None:
            tf.config.threading.set_intra_op_parallelism_threads(threads)
            tf.config.threading.set_inter_op_parallelism_threads(threads)
    except RuntimeError:
        return

"""Processes that train runs, on this machine or on a Dask cluster, and what becomes of lost ones.

Workers import this module before TensorFlow, so that they end with their parent from the start.
"""

from __future__ import annotations

import concurrent.futures.process
import contextlib
import ctypes
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import joblib

from keras_vae import UserError

POLL_SECONDS = 0.5
# From Linux's <sys/prctl.h>.
PR_SET_PDEATHSIG = 1
DASK_SECONDS = 15
# A Dask cluster's client, which is imported only if there is one.
Client: TypeAlias = Any


class ClusterError(UserError):
    """A Dask cluster cannot train runs; the message says what to do."""


def process_name() -> tuple[str, int]:
    """What tells this process from all others: its machine and its number."""
    return socket.gethostname(), os.getpid()


def end_with_parent(parent: int) -> None:
    """Ends this process as soon as its parent has ended, however that was.

    Nothing is lost: whatever a worker stores is complete or not there.

    Arguments:
        parent: Number of the parent's process.
    """
    # Ctrl-C reaches every process of the terminal; the parent alone answers it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(POLL_SECONDS)
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))

    threading.Thread(target=watch, daemon=True).start()


@contextlib.contextmanager
def terminated_like_interrupted() -> Iterator[None]:
    """Lets SIGTERM end a command in order, as Ctrl-C does; only a main thread can."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def call_each(
    function: Callable[..., Any],
    arguments: Sequence[tuple[Any, ...]],
    jobs: int,
    lost: Callable[[int], Any],
) -> list[Any]:
    """Calls a function with each of some arguments, in parallel through joblib.

    Calls whose process is killed, as by a system that is out of memory, are repeated once, each
    alone; the others go on.

    Arguments:
        function: Function that can be pickled.
        arguments: List of its arguments.
        jobs: Processes at a time; 1 calls it in this one.
        lost: Function from an index to what stands for a result where the process was killed
            twice.

    Returns:
        List of results, in the order of `arguments`.
    """
    results: dict[int, Any] = {}

    def call(indices: Sequence[int], jobs: int) -> None:
        parallel = joblib.Parallel(
            n_jobs=jobs, prefer="processes", batch_size=1, **_parallel_options()
        )
        tasks = (joblib.delayed(_numbered)(i, function, arguments[i]) for i in indices)
        results.update(parallel(tasks))

    suspects: list[int] = []
    while pending := [i for i in range(len(arguments)) if i not in {*results, *suspects}]:
        try:
            call(pending, jobs)
        except lost_process_errors():
            # They are begun in their order, so that the killed one is among the first.
            unfinished = [index for index in pending if index not in results]
            suspects += unfinished[:jobs]
    for index in suspects:
        try:
            # One job would be this process.
            call([index], 2)
        except lost_process_errors():
            results[index] = lost(index)
    return [results[index] for index in range(len(arguments))]


def _parallel_options() -> dict[str, Any]:
    """How joblib's backend returns results, and what it starts workers with."""
    backend, _ = joblib.parallel.get_active_backend(prefer="processes")
    options: dict[str, Any] = {
        "return_as": "generator_unordered" if backend.supports_return_generator else "list"
    }
    if isinstance(backend, joblib.parallel.BACKENDS["loky"]):
        # Elsewhere a worker's parent is not this process.
        options |= {"initializer": end_with_parent, "initargs": (os.getpid(),)}
    return options


def lost_process_errors() -> tuple[type[BaseException], ...]:
    """What joblib raises where a process was killed; Dask has an error of its own."""
    dask = sys.modules.get("distributed")
    return (concurrent.futures.process.BrokenProcessPool, *([dask.KilledWorker] if dask else []))


@contextlib.contextmanager
def dask_cluster(address: str) -> Iterator[Client]:
    """Sends what joblib calls in parallel to a Dask cluster's workers.

    Arguments:
        address: Address of its scheduler, for example `tcp://10.0.0.1:8786`.

    Yields:
        Dask's client.

    Raises:
        ClusterError: If Dask is not installed, no scheduler answers, or it has no workers.
    """
    try:
        import distributed
    except ImportError as error:
        raise ClusterError(
            "Dask is not installed. Install it with: pip install 'keras-vae[dask]'"
        ) from error
    try:
        client = distributed.Client(address, timeout=DASK_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ClusterError(
            f"No Dask scheduler answers at {address!r} ({error}). Start one with: dask scheduler"
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=DASK_SECONDS)
        except TimeoutError as error:
            raise ClusterError(
                f"The Dask scheduler at {address} has no workers. Start some with: "
                f"dask worker {address} --nworkers 2 --nthreads 1"
            ) from error
        with joblib.parallel_config(backend="dask", client=client):
            yield client


def ask_every_worker(client: Client, function: Callable[..., str | None], *arguments: Any) -> None:
    """Asks each worker of a Dask cluster whether it can do what is wanted.

    Arguments:
        client: Dask's client.
        function: Function that returns what is wrong, or None.
        *arguments: Its arguments.

    Raises:
        ClusterError: If a worker finds something wrong.
    """
    answers = {
        worker: client.submit(function, *arguments, workers=[worker], pure=False)
        for worker in client.scheduler_info(n_workers=-1)["workers"]
    }
    said = {worker: answer.result() for worker, answer in answers.items()}
    wrong = [f"Dask worker {worker}: {text}" for worker, text in said.items() if text is not None]
    if wrong:
        raise ClusterError("\n".join(wrong))


def dask_threads() -> int | None:
    """Threads that Dask gives the worker which runs this; None outside of Dask."""
    dask = sys.modules.get("distributed")
    try:
        return dask.get_worker().state.nthreads if dask else None
    except ValueError:
        return None


def _numbered(index: int, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    return index, function(*arguments)

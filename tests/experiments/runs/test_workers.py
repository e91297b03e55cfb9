"""Processes that train runs: what becomes of lost ones, and of workers whose parent is lost."""

import concurrent.futures
import functools
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

import joblib
import pytest

from keras_vae.experiments.runs import workers
from keras_vae.experiments.runs.workers import ClusterError, call_each


class Pool:
    """Stands for joblib's processes: `deadly` arguments kill theirs, as often as each says."""

    def __init__(self, deadly):
        self.deadly, self.calls = dict(deadly), []

    def __call__(self, n_jobs, **kept):
        assert kept["return_as"] == "generator_unordered" and kept["batch_size"] == 1
        self.calls.append(n_jobs)
        return functools.partial(self.run, n_jobs)

    def run(self, jobs, tasks):
        tasks = list(tasks)
        for first in range(0, len(tasks), jobs):
            begun = tasks[first : first + jobs]
            # Those begun together are lost together.
            for _, (_, _, (value,)), _ in begun:
                if self.deadly.get(value, 0) > 0:
                    self.deadly[value] -= 1
                    raise concurrent.futures.process.BrokenProcessPool
            for function, arguments, _ in begun:
                yield function(*arguments)


def square(value):
    return value * value


@pytest.mark.parametrize(
    "backend, return_as, ends_with_parent",
    [("loky", "generator_unordered", True), ("multiprocessing", "list", False)],
)
def test_each_backend_of_joblib_is_asked_for_what_it_can(
    monkeypatch, backend, return_as, ends_with_parent
):
    asked = {}

    def parallel(**options):
        asked.update(options)
        return lambda tasks: [function(*given) for function, given, _ in tasks]

    monkeypatch.setattr(workers.joblib, "Parallel", parallel)
    with joblib.parallel_config(backend):
        assert call_each(square, [(2,), (3,)], 2, lost=str) == [4, 9]
    assert asked["return_as"] == return_as
    # Of Ray's workers, whose backend is made of this one, another process is the parent.
    assert ("initializer" in asked) == ends_with_parent


@pytest.mark.parametrize(
    "jobs, deadly, lost",
    [
        (2, {}, []),
        (2, {3: 1}, []),
        (2, {3: 2}, [3]),
        (4, {0: 9, 5: 9}, [0, 5]),
        (1, {5: 1}, []),
    ],
)
def test_calls_whose_process_is_lost_are_repeated_once_and_alone(monkeypatch, jobs, deadly, lost):
    pool = Pool(deadly)
    monkeypatch.setattr(workers.joblib, "Parallel", pool)
    results = call_each(
        square, [(value,) for value in range(6)], jobs, lambda index: f"lost {index}"
    )
    expected = [f"lost {value}" if value in lost else value * value for value in range(6)]
    assert results == expected
    # In this process nothing is tried that killed another.
    assert set(pool.calls) <= {jobs, 2}


def test_other_errors_are_not_collected():
    def fail(value):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        call_each(fail, [(1,)], 1, lambda index: None)
    assert call_each(square, [(2,), (3,)], 1, lambda index: None) == [4, 9]
    assert call_each(square, [], 1, lambda index: None) == []


def test_sigterm_interrupts_in_order_in_a_main_thread_alone():
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), workers.terminated_like_interrupted():
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)
    assert signal.getsignal(signal.SIGTERM) == before
    seen = []

    def elsewhere():
        with workers.terminated_like_interrupted():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert seen == [before]


def test_a_cluster_that_is_not_there_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ClusterError, match=r"pip install 'keras-vae\[dask\]'"):
        workers.dask_cluster("tcp://127.0.0.1:1").__enter__()
    monkeypatch.undo()
    pytest.importorskip("distributed")
    monkeypatch.setattr(workers, "DASK_SECONDS", 0.5)
    for address in ("tcp://127.0.0.1:1", "nowhere", "ftp://127.0.0.1:1"):
        with pytest.raises(ClusterError, match=f"No Dask scheduler answers at '{address}'"):
            workers.dask_cluster(address).__enter__()


# Two workers that say who they are and never end by themselves.
PARENT = """
import os, sys, time
from keras_vae.experiments.runs.workers import call_each

def stay(folder, index):
    open(os.path.join(folder, str(os.getpid())), "w").close()
    time.sleep(600)

call_each(stay, [(sys.argv[1], 0), (sys.argv[1], 1)], 2, str)
"""


def is_running(pid):
    try:
        # A zombie has ended; who was to collect it is not our affair.
        return pathlib.Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(condition, seconds):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return condition()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_workers_end_with_their_parent(tmp_path, number):
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path)])
    assert wait_until(lambda: len(list(tmp_path.iterdir())) == 2, 120)
    pids = [int(path.name) for path in tmp_path.iterdir()]
    assert all(map(is_running, pids))
    parent.send_signal(number)
    assert parent.wait() == -number
    assert wait_until(lambda: not any(map(is_running, pids)), 2)

"""Trains independent runs in parallel processes, with one progress bar over all."""

import contextlib
import multiprocessing
import signal
import threading

import joblib
import keras
from rich.progress import (
    BarColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from keras_vae import datasets
from keras_vae.checks import check_positive_integer
from keras_vae.experiments import devices
from keras_vae.experiments.evaluation import evaluate_log_likelihood, stored_log_likelihood
from keras_vae.experiments.store import RunStore, StoreError
from keras_vae.experiments.training import DivergedError, train

MAX_RUNS_PER_GPU = 4
POLL_SECONDS = 0.5


class SweepError(Exception):
    """Some runs of a sweep failed; the others are stored."""


def train_all(specs, epochs, store, *, jobs=None, num_samples=50, num_images=None, console=None):
    """Brings runs to a number of epochs and evaluates each; stored work is not repeated.

    Runs go in parallel through joblib, so that `joblib.parallel_config` can send them to
    Dask or Ray. Progress is read from the store, which works across machines too.

    Arguments:
        specs: List of `RunSpec`.
        epochs: Epochs each run shall have.
        store: `RunStore`.
        jobs: Runs at a time; None uses one a core (at most four with a GPU).
        num_samples: Importance samples per test image in the final evaluation.
        num_images: Test images in the final evaluation; None for all.
        console: `rich.console.Console` for the progress bar; None for the default.

    Returns:
        List of `StoredRun`, in the order of `specs`.

    Raises:
        StoreError: Before training, if the store cannot be used or a stored run not be read.
        SweepError: If a run failed; the rest were trained and stored.
    """
    check_positive_integer(epochs, "epochs")
    jobs = default_jobs(len(specs)) if jobs is None else jobs
    check_positive_integer(jobs, "jobs")
    store.prepare(len(specs))
    for spec in specs:
        store.load(spec)

    def finished(spec):
        found = stored_log_likelihood(spec, store, num_samples, num_images, epochs)
        return found is not None and store.epochs_done(spec) >= epochs

    if missing := [spec for spec in specs if not finished(spec)]:
        _train_missing(missing, epochs, store, jobs, (num_samples, num_images, epochs), console)
    return [store.load(spec) for spec in specs]


def _train_missing(specs, epochs, store, jobs, evaluation, console):
    for name in sorted({spec.data.name for spec in specs}):
        datasets.load(name)
    threads = max(1, devices.cores() // jobs)
    with _progress_bar(specs, epochs, store, console):
        failures = joblib.Parallel(n_jobs=jobs, prefer="processes")(
            joblib.delayed(_attempt)(spec, epochs, str(store.folder), threads, evaluation)
            for spec in specs
        )
    failures = [failure for failure in failures if failure is not None]
    if failures:
        raise SweepError("\n".join(failures))


def default_jobs(runs):
    """Runs at a time that suit this machine."""
    limit = MAX_RUNS_PER_GPU * len(devices.gpus()) or devices.cores()
    return max(1, min(limit, runs))


def _attempt(spec, epochs, folder, threads, evaluation):
    """Trains one run in a worker; returns what went wrong, or None."""
    in_worker = multiprocessing.parent_process() is not None
    if in_worker:
        # Ctrl-C reaches every process of the terminal; the parent alone answers it.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    devices.configure(threads)
    store = RunStore(folder)
    try:
        train(spec, epochs, store)
        evaluate_log_likelihood(spec, store, *evaluation)
    except (StoreError, DivergedError) as error:
        return str(error)
    finally:
        if in_worker:
            # The next run in this process shall not add to this one's memory.
            keras.utils.clear_session(free_memory=True)
    return None


def cost_per_epoch(spec):
    """Relative cost of an epoch: encoding is done once, decoding for each sample."""
    return 2 + spec.objective.num_samples


@contextlib.contextmanager
def _progress_bar(specs, epochs, store, console):
    columns = (
        TextColumn("[bold]{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:3.0f}%"),
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(elapsed_when_finished=False),
    )
    costs = [cost_per_epoch(spec) for spec in specs]

    def done():
        finished = [min(store.epochs_done(spec), epochs) for spec in specs]
        work = sum(cost * count for cost, count in zip(costs, finished, strict=True))
        return work, sum(finished)

    total_epochs = epochs * len(specs)
    stop = threading.Event()
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("", total=epochs * sum(costs), completed=done()[0])

        def follow():
            while not stop.wait(POLL_SECONDS):
                update()

        def update():
            work, count = done()
            progress.update(
                task,
                completed=work,
                description=f"{len(specs)} runs, epoch {count} of {total_epochs}",
            )

        update()
        thread = threading.Thread(target=follow, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            update()

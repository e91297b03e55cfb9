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

from keras_vae.checks import check_positive_integer
from keras_vae.experiments import devices
from keras_vae.experiments.evaluation import evaluate_log_likelihood, stored_log_likelihood
from keras_vae.experiments.store import RunStore, StoreError
from keras_vae.experiments.training import DivergedError, check_runs, train

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
        epochs: Epochs each run shall have: one number, or a list of one for each run.
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
    epochs = list(epochs) if isinstance(epochs, list | tuple) else [epochs] * len(specs)
    for count in epochs:
        check_positive_integer(count, "epochs")
    jobs = default_jobs(len(specs)) if jobs is None else jobs
    check_positive_integer(jobs, "jobs")
    store.prepare(len(specs))
    for spec in specs:
        store.load(spec)

    def finished(spec, count):
        found = stored_log_likelihood(spec, store, num_samples, num_images, count)
        return found is not None and store.epochs_done(spec) >= count

    wanted = list(zip(specs, epochs, strict=True))
    if missing := [pair for pair in wanted if not finished(*pair)]:
        _train_missing(missing, store, jobs, (num_samples, num_images), console)
    return [store.load(spec) for spec in specs]


def _train_missing(wanted, store, jobs, evaluation, console):
    images = check_runs([spec for spec, _ in wanted])
    costs = [cost_per_epoch(spec, count) for (spec, _), count in zip(wanted, images, strict=True)]
    threads = max(1, devices.cores() // jobs)
    with _progress_bar(wanted, costs, store, evaluation, console):
        failures = joblib.Parallel(n_jobs=jobs, prefer="processes")(
            joblib.delayed(_attempt)(spec, count, str(store.folder), threads, evaluation)
            for spec, count in wanted
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
        evaluate_log_likelihood(spec, store, *evaluation, epochs)
    except (StoreError, DivergedError) as error:
        return str(error)
    finally:
        if in_worker:
            # The next run in this process shall not add to this one's memory.
            keras.utils.clear_session(free_memory=True)
    return None


def cost_per_epoch(spec, train_images):
    """Relative cost of an epoch: encoding is done once, decoding for each sample, on each level."""
    return train_images * (2 + spec.objective.num_samples) * len(spec.model.latent_dims)


@contextlib.contextmanager
def _progress_bar(wanted, costs, store, evaluation, console):
    columns = (
        TextColumn("[bold]{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:3.0f}%"),
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(elapsed_when_finished=False),
    )
    total = sum(cost * epochs for cost, (_, epochs) in zip(costs, wanted, strict=True))
    stop = threading.Event()
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("", total=total)

        def update():
            progress.update(task, **_progress(wanted, costs, store, evaluation))

        def follow():
            while not stop.wait(POLL_SECONDS):
                update()

        update()
        thread = threading.Thread(target=follow, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            update()


def _progress(wanted, costs, store, evaluation):
    """How far the runs are, as the store has them: arguments of `Progress.update`."""
    done = [min(store.epochs_done(spec), epochs) for spec, epochs in wanted]
    epochs = sum(count for _, count in wanted)
    description = f"{len(wanted)} runs, epoch {sum(done)} of {epochs}"
    if sum(done) == epochs:
        found = [stored_log_likelihood(spec, store, *evaluation, count) for spec, count in wanted]
        evaluated = len(found) - found.count(None)
        description = f"{evaluated} of {len(wanted)} log-likelihoods"
    completed = sum(cost * count for cost, count in zip(costs, done, strict=True))
    return {"completed": completed, "description": description}

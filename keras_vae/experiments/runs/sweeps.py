"""Trains independent runs in parallel processes, with one progress bar over all."""

import contextlib
import dataclasses
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from keras_vae import UserError, datasets, likelihoods, objectives, priors
from keras_vae._internal import backend
from keras_vae._internal.backend import keras
from keras_vae._internal.checks import check_positive_integer
from keras_vae.experiments.runs import workers
from keras_vae.experiments.runs.evaluation import evaluate_log_likelihood, stored_log_likelihood
from keras_vae.experiments.runs.run_models import load_model, load_stored
from keras_vae.experiments.runs.spec import RunSpec
from keras_vae.experiments.runs.store import RunStore, StoredRun
from keras_vae.experiments.runs.training import check_runs, train

# Parts of models that a spec names; a script may have added some of its own.
PARTS: tuple[dict[str, Any], ...] = (
    priors.PRIORS,
    likelihoods.LIKELIHOODS,
    objectives.OBJECTIVES,
)
MAX_RUNS_PER_GPU = 4
POLL_SECONDS = 0.5
# Runs of less cost in all, some ten seconds on two cores, are trained by the time that another
# process has started and compiled what this one compiles once, unless they are many.
SHORT, SHORT_RUNS_PER_JOB = 1_000_000, 2
# Each run with the epochs that it is to have.
Wanted = Sequence[tuple[RunSpec, int]]
# Further Keras callbacks for a run, made in the process that trains it.
MakeCallbacks = Callable[[RunSpec], Sequence[keras.callbacks.Callback]]
# Keras and TensorFlow keep state of a whole process: threads of a Dask worker train in turn.
_TRAINING = threading.Lock()


class SweepError(UserError):
    """Some runs of a sweep failed; the others are stored."""


def train_all(
    specs: Sequence[RunSpec],
    epochs: int | list[int] | tuple[int, ...],
    store: RunStore,
    *,
    jobs: int | None = None,
    num_samples: int = 50,
    num_images: int | None = None,
    console: Console | None = None,
    tensorboard: str | os.PathLike[str] | None = None,
    make_callbacks: MakeCallbacks | None = None,
    keep_weights: bool = False,
    dask: str | None = None,
) -> list[StoredRun]:
    """Brings runs to a number of epochs and evaluates each; stored work is not repeated.

    Runs go in parallel through joblib, so that `joblib.parallel_config` can send them to
    Ray, for example. Progress is read from the store, which works across machines too.

    Arguments:
        specs: List of `RunSpec`.
        epochs: Epochs each run is to have: one number, or a list of one for each run.
        store: `RunStore`.
        jobs: Runs at a time; None uses one a core (at most four with a GPU), but this process
            alone where training takes less time than other processes need to start.
        num_samples: Importance samples per test image in the final evaluation.
        num_images: Test images in the final evaluation; None for all.
        console: `rich.console.Console` for the progress bar; None for the default.
        tensorboard: Folder for TensorBoard's logs of all runs; None for none.
        make_callbacks: Function from a `RunSpec` to a list of Keras callbacks, made in the process
            that trains the run; None for none. Runs that are stored already have none to call.
        keep_weights: As in `train`.
        dask: Address of a Dask scheduler, to train on the workers of its cluster, which have to
            see the store; `jobs` is then ignored. None trains on this machine.

    Returns:
        List of `StoredRun` with their weights, in the order of `specs`.

    Raises:
        StoreError: Before training, if the store cannot be used or a stored run not be read.
        DataError, SpecError: Before training, if the data of a run do not suit it.
        SweepError: If a run failed, or its process was killed twice; the rest were trained and
            stored.
        ClusterError: Before training, if there is no such Dask cluster, or a worker of it lacks
            the store or a data set.
        TrackingError: Before training, if there is a `tensorboard` folder and TensorBoard is not
            installed, or the folder cannot be written.
    """
    if tensorboard is not None:
        from keras_vae.experiments.runs import tracking

        tracking.check_tensorboard(tensorboard)
    epochs = list(epochs) if isinstance(epochs, list | tuple) else [epochs] * len(specs)
    for count in epochs:
        check_positive_integer(count, "epochs")
    if jobs is not None:
        check_positive_integer(jobs, "jobs")
    for spec in specs:
        store.load(spec)
        store.evaluations(spec)

    def finished(spec: RunSpec, count: int) -> bool:
        found = stored_log_likelihood(spec, store, num_samples, num_images, count)
        return found is not None and store.epochs_done(spec) >= count

    wanted = list(zip(specs, epochs, strict=True))
    # What is trained already may yet have to be logged.
    missing = [pair for pair in wanted if tensorboard is not None or not finished(*pair)]
    if missing:
        store.prepare(len(missing), keep_weights)
        costs = _costs(missing)
        if jobs is None:
            total = sum(cost * count for cost, (_, count) in zip(costs, missing, strict=True))
            jobs = default_jobs(len(missing), total)
        evaluation = (num_samples, num_images)
        work = Work(
            str(store.folder),
            evaluation,
            tensorboard,
            make_callbacks,
            keep_weights,
            datasets.registered(),
            tuple(map(dict, PARTS)),
            workers.process_name(),
            # The workers of a cluster know themselves how many they have.
            max(1, backend.cores() // jobs) if dask is None else None,
        )
        with contextlib.ExitStack() as stack:
            if dask is not None:
                client = stack.enter_context(workers.dask_cluster(dask))
                _check_cluster(client, missing, store, work)
            _train_missing(missing, costs, store, jobs, work, console)
    runs = [load_stored(spec, store, with_weights=True) for spec in specs]
    return [dataclasses.replace(run, optimizer=[]) for run in runs]


@dataclasses.dataclass(frozen=True)
class Work:
    """What is done with every run of a sweep.

    Attributes:
        store: Folder of the store.
        evaluation: Samples and images of the log-likelihood, as `evaluate_log_likelihood` has them.
        tensorboard: Folder for TensorBoard's logs, or None.
        make_callbacks: Function from a `RunSpec` to a list of Keras callbacks, or None.
        keep_weights: Whether weights of earlier epochs are kept.
        sources: Data sets that a worker has to register before it knows them.
        parts: Priors, likelihoods and objectives by name, as `PARTS`, for the same reason.
        sender: Name of the process that wants it.
        threads: Threads for one run; None for as many as the worker has.
    """

    store: str
    evaluation: tuple[int, int | None]
    tensorboard: str | os.PathLike[str] | None
    make_callbacks: MakeCallbacks | None
    keep_weights: bool
    sources: tuple[datasets.Source, ...]
    parts: tuple[dict[str, Any], ...]
    sender: tuple[str, int]
    threads: int | None


def _costs(wanted: Wanted) -> list[int]:
    """Relative costs of an epoch of each run, whose data are checked."""
    images = check_runs([spec for spec, _ in wanted])
    return [cost_per_epoch(spec, count) for (spec, _), count in zip(wanted, images, strict=True)]


def _train_missing(
    wanted: Wanted,
    costs: Sequence[int],
    store: RunStore,
    jobs: int,
    work: Work,
    console: Console | None,
) -> None:
    with _progress_bar(wanted, costs, store, work.evaluation, console):
        tasks = [(spec, count, work) for spec, count in wanted]
        failures = workers.call_each(_attempt, tasks, jobs, lambda index: _lost(wanted[index][0]))
    failures = [failure for failure in failures if failure is not None]
    if failures:
        raise SweepError("\n".join(failures))


def default_jobs(runs: int, cost: int) -> int:
    """Runs at a time that suit this machine.

    Arguments:
        runs: Number of runs.
        cost: Sum over them of epochs times `cost_per_epoch`.
    """
    limit = MAX_RUNS_PER_GPU * len(backend.gpus()) or backend.cores()
    jobs = max(1, min(limit, runs))
    return 1 if cost <= SHORT and runs <= SHORT_RUNS_PER_JOB * jobs else jobs


def _attempt(spec: RunSpec, epochs: int, work: Work) -> str | None:
    """Trains one run in a worker; returns what went wrong, or None."""
    in_worker = work.sender != workers.process_name()
    with _TRAINING if in_worker else contextlib.nullcontext():
        if in_worker:
            _register(work)
        backend.configure(work.threads or workers.dask_threads())
        store = RunStore(work.store)
        try:
            _train_and_log(spec, epochs, store, work)
            evaluate_log_likelihood(spec, store, *work.evaluation, epochs)
        except UserError as error:
            return str(error)
        finally:
            if in_worker:
                # The next run in this process must not add to this one's memory.
                keras.utils.clear_session(free_memory=True)
    return None


def _lost(spec: RunSpec) -> str:
    return (
        f"The process that trained run {spec.run_id} was killed twice, as it is where memory runs "
        "out. Its finished epochs are stored: the same command continues there; --jobs 1 needs "
        "the least memory."
    )


def _register(work: Work) -> None:
    for source in work.sources:
        datasets.register(source)
    for known, sent in zip(PARTS, work.parts, strict=True):
        known.update(sent)


def _check_cluster(client: workers.Client, wanted: Wanted, store: RunStore, work: Work) -> None:
    """Finds out, before any training, whether all workers see the store and have the data."""
    specs = [spec for spec, _ in wanted]
    with store.marker() as name:
        workers.ask_every_worker(client, _find_missing, name, specs, work)


def _find_missing(marker: str, specs: Sequence[RunSpec], work: Work) -> str | None:
    """What a worker lacks to train runs, or None."""
    if not (RunStore(work.store).folder / marker).is_file():
        return (
            f"it does not see the run store {work.store} of {work.sender[0]}. Name a folder that "
            "all machines share with --store."
        )
    _register(work)
    try:
        check_runs(specs)
    except UserError as error:
        return str(error)
    return None


def _train_and_log(spec: RunSpec, epochs: int, store: RunStore, work: Work) -> None:
    callbacks = [] if work.make_callbacks is None else list(work.make_callbacks(spec))
    if work.tensorboard is None:
        train(spec, epochs, store, callbacks, work.keep_weights)
        return
    from keras_vae.experiments.runs import tracking

    summaries = tracking.RunSummaries(work.tensorboard, spec, store)
    if store.epochs_done(spec) >= epochs:
        summaries.log_finished(load_model(spec, store)[0])
    else:
        train(spec, epochs, store, [*callbacks, summaries], work.keep_weights)


def cost_per_epoch(spec: RunSpec, train_images: int) -> int:
    """Relative cost of an epoch: encoding is done once, decoding for each sample, on each level."""
    return train_images * (2 + spec.objective.num_samples) * len(spec.model.latent_dims)


@contextlib.contextmanager
def _progress_bar(
    wanted: Wanted,
    costs: Sequence[int],
    store: RunStore,
    evaluation: tuple[int, int | None],
    console: Console | None,
) -> Iterator[None]:
    """Shows how far runs are, as the store has them, which works across machines too."""
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

        def update() -> None:
            # What is wrong with a file is said by who needs it.
            with contextlib.suppress(UserError):
                progress.update(task, **_progress(wanted, costs, store, evaluation))

        def follow() -> None:
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


def _progress(
    wanted: Wanted, costs: Sequence[int], store: RunStore, evaluation: tuple[int, int | None]
) -> dict[str, Any]:
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

"""One progress bar over many runs, read from the store, which works across machines too."""

import contextlib
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from keras_vae import UserError
from keras_vae.experiments.runs.evaluation import stored_log_likelihood
from keras_vae.experiments.runs.spec import RunSpec
from keras_vae.experiments.runs.store import RunStore

# Each run with the epochs that it shall have.
Wanted = Sequence[tuple[RunSpec, int]]
POLL_SECONDS = 0.5


@contextlib.contextmanager
def progress_bar(
    wanted: Wanted,
    costs: Sequence[int],
    store: RunStore,
    evaluation: tuple[int, int | None],
    console: Console | None,
) -> Iterator[None]:
    """Shows how far runs are, as long as this lasts.

    Arguments:
        wanted: List of runs with the epochs that each shall have.
        costs: Relative cost of an epoch of each.
        store: `RunStore`.
        evaluation: Samples and images of the log-likelihood that ends each run.
        console: `rich.console.Console`; None for the default.
    """
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
                progress.update(task, **progress_of(wanted, costs, store, evaluation))

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


def progress_of(
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

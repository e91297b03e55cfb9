"""Four processes that write the same file at once."""

import logging
import pathlib
import tempfile

from keras_vae.experiments.runs.model_files import read_records
from keras_vae.experiments.runs.store import RunStore
from tests.faults import material
from tests.faults.tally import Tally, run, start, status_of

WRITERS, TIMES = 4, 25


def at_once(function, *arguments):
    """Calls a function in four processes; tallies those that fail."""
    tally = Tally(tried=WRITERS * TIMES)
    pids = [start(function, writer, *arguments) for writer in range(WRITERS)]
    tally.tracebacks = sum(status_of(pid) != 0 for pid in pids)
    return tally


def add_evaluations(writer, folder):
    store = RunStore(folder)
    for number in range(TIMES):
        store.save_evaluation(material.SPEC, f"{writer}/{number}", [number])


def add_records(writer, folder, models):
    for number in range(TIMES):
        material.save_model_file(folder, models / f"{writer}-{number}.keras")


def write_figures(writer, folder):
    for number in range(TIMES):
        material.write_figure(folder, TIMES * writer + number + 1)


def load_cache(writer, folder):
    logging.disable()
    for number in range(TIMES):
        if number % 5 == writer:
            for path in folder.rglob("*.npz"):
                path.unlink(missing_ok=True)
        material.load_dots(folder)


def train(writer, folder):
    # Each finds the epochs of the others done.
    for epochs in range(1, TIMES + 1):
        material.train_run(folder, min(epochs, material.EPOCHS))


def evaluations(folder):
    tally = at_once(add_evaluations, folder)
    tally.silent = WRITERS * TIMES - len(RunStore(folder).evaluations(material.SPEC))
    return tally


def records(folder):
    run(material.train_run, folder / "store")
    tally = at_once(add_records, folder / "store", folder / "models")
    tally.silent = WRITERS * TIMES - len(read_records(folder / "models"))
    return tally


def figures(folder):
    path = folder / "report" / "fig_1"
    tally = at_once(write_figures, path)
    try:
        material.read_figure(path)
        material.read_figure(path / "longer_run")
    except ValueError:
        tally.silent += 1
    return tally


def caches(folder):
    tally = at_once(load_cache, folder)
    tally.silent += len(list(folder.rglob(".dots*")))
    return tally


def checkpoints(folder):
    run(material.train_run, folder / "whole")
    tally = at_once(train, folder / "raced")
    tally.different += material.digest(folder / "raced") != material.digest(folder / "whole")
    return tally


def run_section(section):
    with tempfile.TemporaryDirectory() as folder:
        return section(pathlib.Path(folder))


SECTIONS = (evaluations, records, figures, caches, checkpoints)

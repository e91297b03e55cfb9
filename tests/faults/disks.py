"""A disk that is full at each write, one after the other, of everything that is stored."""

import contextlib
import errno
import logging
import os
import pathlib
import sys
import tempfile

from keras_vae import UserError
from tests.faults import material
from tests.faults.tally import Tally, run, start, status_of

WRITES = ("os.mkdir", "os.rename")


class FullDisk:
    """Lets the n-th thing that is written below a folder fail for lack of space."""

    def __init__(self, folder):
        self.folder, self.left, self.failed = str(folder), None, False
        sys.addaudithook(self.watch)
        fsync = os.fsync

        def sync(descriptor):
            self.count()
            fsync(descriptor)

        os.fsync = sync

    def watch(self, event, arguments):
        if self.left is None or not self.is_write(event, arguments):
            return
        self.count()

    def is_write(self, event, arguments):
        if event == "open":
            path, _, flags = arguments
            writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            return bool(writes) and str(path).startswith(self.folder)
        return event in WRITES and str(arguments[0]).startswith(self.folder)

    def count(self):
        if self.left is None:
            return
        self.left -= 1
        if self.left == 0:
            self.failed = True
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), self.folder)

    @contextlib.contextmanager
    def full_at(self, number):
        self.left, self.failed = number, False
        try:
            yield
        finally:
            self.left = None


def fill(function, *arguments):
    """Fails each write of a function in turn; a tally is returned by its process's status."""

    def attempt(number, folder):
        logging.disable()
        disk = FullDisk(folder)
        try:
            with disk.full_at(number):
                function(folder, *arguments)
        except UserError:
            os._exit(1)
        os._exit(2 if disk.failed else 0)

    def make(check):
        tally, number, ended = Tally(), 0, 1
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            while ended in (1, 2):
                number += 1
                place = folder / str(number)
                place.mkdir()
                ended = status_of(start(attempt, number, place))
                tally.tried += ended != 0
                tally.tracebacks += ended not in (0, 1, 2)
                # The same once more, on a disk with space.
                run(function, place, *arguments)
                tally.different += check(place) != check.expected
        return tally

    return make


def checked(check, function, *arguments):
    """A check that knows what it finds where nothing fails."""
    with tempfile.TemporaryDirectory() as folder:
        run(function, pathlib.Path(folder), *arguments)

        def found(place):
            return check(place)

        found.expected = check(pathlib.Path(folder))
    return found


def train(folder):
    material.train_run(folder / "store", 2)


def trained(folder):
    store = material.RunStore(folder / "store")
    loaded = store.load(material.SPEC, with_weights=True)
    return [value.tobytes() for value in (*loaded.weights, *loaded.optimizer, loaded.activity)]


def evaluate(folder):
    material.train_run(folder / "trained", 1)
    material.evaluate_run(folder / "trained")


def draw(folder):
    material.write_figure(folder / "report" / "fig_1", 1)
    material.write_figure(folder / "report" / "fig_1", 2)


def sections():
    """Functions that return the tally of each kind of write."""
    kinds = {
        "training": (trained, train),
        "evaluation": (lambda folder: material.measures(folder / "trained"), evaluate),
        "figures": (lambda folder: material.read_figure(folder / "report" / "fig_1"), draw),
        "data cache": (lambda folder: material.load_dots(folder), material.load_dots),
    }
    return {
        name: lambda check=check, function=function: fill(function)(checked(check, function))
        for name, (check, function) in kinds.items()
    }

"""A disk that is full at each write, one after the other, of everything that is stored."""

import contextlib
import errno
import logging
import os
import pathlib
import shutil
import sys
import tempfile

from keras_vae import UserError
from tests.faults import material
from tests.faults.tally import Tally, run, start, status_of

WRITES = ("os.mkdir", "os.rename")
USER_ERROR, NO_ERROR = 1, 2


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


def fill(check, function, prepare):
    """Lets each write of a function fail in turn, in a process of its own, and then none.

    Arguments:
        check: Function from a folder to what is in it in the end.
        function: Function that writes into a folder.
        prepare: Function that makes the folder's content before, as often as it is called.
    """
    logging.disable()
    tally, number, ended = Tally(), 0, 1
    with tempfile.TemporaryDirectory() as folder:
        expected = None
        while ended != 0:
            place = pathlib.Path(folder) / str(number)
            place.mkdir()
            prepare(place)
            if number > 0:
                ended = status_of(start(attempt, number, function, place))
                tally.tried += ended != 0
                tally.tracebacks += ended not in (0, USER_ERROR, NO_ERROR)
            # Once more, with space.
            run(function, place)
            expected = check(place) if number == 0 else expected
            tally.different += check(place) != expected
            number += 1
    return tally


def attempt(number, function, folder):
    disk = FullDisk(folder)
    try:
        with disk.full_at(number):
            function(folder)
    except UserError:
        os._exit(USER_ERROR)
    # What can do without its file, as a data cache, goes on.
    os._exit(NO_ERROR if disk.failed else 0)


def train(folder):
    material.train_run(folder / "store", 2)


def trained(folder):
    store = material.RunStore(folder / "store")
    loaded = store.load(material.SPEC, with_weights=True)
    return [value.tobytes() for value in (*loaded.weights, *loaded.optimizer, loaded.activity)]


def evaluate(folder):
    material.evaluate_run(folder / "store")


def evaluated(folder):
    return material.measures(folder / "store")


def draw(folder):
    material.write_figure(folder / "report" / "fig_1", 2)


def drawn(folder):
    return material.read_figure(folder / "report" / "fig_1")


def prepare_nothing(folder):
    """Writes begin in an empty folder."""


def sections():
    """Functions that return the tally of each kind of write."""
    with tempfile.TemporaryDirectory() as folder:
        begun = pathlib.Path(folder)
        run(material.train_run, begun / "store", 1)
        run(material.write_figure, begun / "report" / "fig_1", 3)

        def copy(place):
            shutil.copytree(begun, place, dirs_exist_ok=True)

        yield "training", fill(trained, train, prepare_nothing)
        yield "evaluation", fill(evaluated, evaluate, copy)
        yield "figures", fill(drawn, draw, copy)
        yield "data cache", fill(material.load_dots, material.load_dots, prepare_nothing)

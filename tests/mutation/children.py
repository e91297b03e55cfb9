"""Runs pytest in forked children of a process that has imported TensorFlow and nothing of ours.

A child finds the package in a copy of the checkout, where the mutant is a changed file: scripts
that are loaded by their paths, functions that TensorFlow reads the source of, and processes that
a test starts see the mutant too.
"""

import compileall
import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
import resource
import shutil
import signal
import sys

import pytest

OURS = ("keras_vae", "reproductions")
PYTEST = ["-x", "-q", "-p", "no:cacheprovider", "--tb=line"]
# A mutant that asks for too much memory shall fail, and not the machine.
MOST_BYTES = 16 * 2**30


def import_heavy():
    """Imports what takes long, in the parent.

    No operation runs: TensorFlow's threads would not survive a fork.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")
    import matplotlib.pyplot  # noqa: F401
    import mlxtend.data  # noqa: F401
    import scipy.stats  # noqa: F401
    import sklearn.linear_model  # noqa: F401
    import tensorflow  # noqa: F401
    import tensorflow_probability as tfp

    # TFP imports this when it is first asked for.
    _ = tfp.distributions.Distribution
    imported = [name for name in sys.modules if name.split(".")[0] in OURS]
    if imported:
        raise RuntimeError(f"the parent has imported what shall be mutated: {imported}")


def copy_checkout(root, folder):
    """Copies the checkout, compiled; results, which only get read, are a link."""
    shutil.rmtree(folder, ignore_errors=True)
    ignored = shutil.ignore_patterns(".git", "__pycache__", "results", "*.egg-info", "build")
    shutil.copytree(root, folder, ignore=ignored)
    (folder / "results").symlink_to(root / "results")
    for name in OURS:
        compileall.compile_dir(folder / name, quiet=1)
    return folder


def write(file, text):
    """Writes a module, and removes what was compiled of it."""
    # Times and sizes tell Python whether a compiled file is out of date: not finely enough.
    for compiled in pathlib.Path(file.parent, "__pycache__").glob(f"{file.stem}.*.pyc"):
        compiled.unlink()
    file.write_text(text, encoding="utf-8")


def fork(checkout, arguments, plugin, output, seconds, lock=None):
    """Starts pytest in a child, in a process group of its own.

    Arguments:
        checkout: Folder that the child works in.
        arguments: pytest's, added to `PYTEST`.
        plugin: pytest plugin with a `result()` that JSON can hold.
        output: Path stem: the child's output goes to `.log`, the result to `.json`.
        seconds: Seconds after which the child is ended.
        lock: Path of a file that the child holds a shared lock on, or None.

    Returns:
        The child's process id.
    """
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        os.setsid()
        log = os.open(output.with_suffix(".log"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(log, 1)
        os.dup2(log, 2)
        if lock:
            fcntl.flock(os.open(lock, os.O_RDWR | os.O_CREAT), fcntl.LOCK_SH)
        # Its default action ends the process, whatever it is doing.
        signal.setitimer(signal.ITIMER_REAL, seconds)
        resource.setrlimit(resource.RLIMIT_DATA, (MOST_BYTES, MOST_BYTES))
        os.chdir(checkout)
        sys.dont_write_bytecode = True
        os.environ.update(PYTHONPATH=str(checkout), PYTHONDONTWRITEBYTECODE="1")
        sys.path.insert(0, str(checkout))
        code = int(pytest.main([*PYTEST, *arguments], plugins=[plugin]))
        loaded = sys.modules.get("keras_vae")
        if loaded and not loaded.__file__.startswith(str(checkout)):
            raise RuntimeError(f"not the copy was tested: {loaded.__file__}")
        output.with_suffix(".json").write_text(json.dumps(plugin.result()))
        sys.stdout.flush()
    except BaseException as error:
        os.write(2, f"{type(error).__name__}: {error}\n".encode())
    finally:
        os._exit(code)


def wait():
    """Waits for any child; its process id, exit code (negative: a signal), and its group's end."""
    pid, status = os.wait()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    return pid, os.waitstatus_to_exitcode(status)


class Chosen:
    """pytest plugin: runs given tests in a given order, and knows the one that failed.

    Arguments:
        tests: Node ids.
    """

    def __init__(self, tests):
        self.rank = {test: number for number, test in enumerate(tests)}
        self.failed = None

    def pytest_collection_modifyitems(self, config, items):
        chosen = [item for item in items if item.nodeid in self.rank]
        others = [item for item in items if item.nodeid not in self.rank]
        config.hook.pytest_deselected(items=others)
        items[:] = sorted(chosen, key=lambda item: self.rank[item.nodeid])

    def pytest_collectreport(self, report):
        if report.failed:
            self.failed = self.failed or f"{report.nodeid} (collection)"

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.failed = self.failed or report.nodeid

    def result(self):
        """The node id of the test that failed, or None."""
        return self.failed


class Recorder:
    """pytest plugin: which lines of ours each test runs, in fixtures too, and for how long.

    Arguments:
        checkout: Folder whose `OURS` are recorded.
    """

    def __init__(self, checkout):
        import coverage

        self.checkout = pathlib.Path(checkout)
        self.coverage = coverage.Coverage(
            data_file=None,
            config_file=False,
            include=[str(self.checkout / name / "*") for name in OURS],
            messages=False,
        )
        self.contexts, self.fixtures, self.seconds = [""], {}, {}
        self.failed, self.skipped = set(), set()

    def within(self, context):
        """Names what runs next; as before again afterwards."""
        self.contexts.append(context)
        self.coverage.switch_context(context)
        try:
            return (yield)
        finally:
            self.contexts.pop()
            self.coverage.switch_context(self.contexts[-1])

    def pytest_sessionstart(self):
        self.coverage.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        self.fixtures[item.nodeid] = list(getattr(item, "fixturenames", ()))
        return (yield from self.within(item.nodeid))

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef):
        wide = fixturedef.scope != "function"
        # What a fixture for several tests runs is run for each of them.
        context = f"fixture {fixturedef.argname}" if wide else self.contexts[-1]
        return (yield from self.within(context))

    def pytest_runtest_logreport(self, report):
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration
        if report.failed:
            self.failed.add(report.nodeid)
        if report.skipped:
            self.skipped.add(report.nodeid)

    def result(self):
        """What one test file runs.

        Returns:
            Dictionary: `tests`, by node id of those that passed, `seconds` and `lines`, which are
            sorted numbers by path; `imported`, such lines that run on import; `failed` node ids.
        """
        self.coverage.stop()
        data = self.coverage.get_data()
        ran = {}
        for file in data.measured_files():
            path = pathlib.Path(file).relative_to(self.checkout).as_posix()
            for line, contexts in data.contexts_by_lineno(file).items():
                for context in contexts:
                    ran.setdefault(context, {}).setdefault(path, set()).add(line)
        found = {}
        for test in self.seconds.keys() - self.failed - self.skipped:
            lines = {path: set(each) for path, each in ran.get(test, {}).items()}
            for fixture in self.fixtures.get(test, ()):
                for path, each in ran.get(f"fixture {fixture}", {}).items():
                    lines.setdefault(path, set()).update(each)
            lines = {path: sorted(each) for path, each in lines.items()}
            found[test] = {"seconds": self.seconds[test], "lines": lines}
        imported = {path: sorted(lines) for path, lines in ran.get("", {}).items()}
        return {"tests": found, "imported": imported, "failed": sorted(self.failed)}


def digest(file):
    """The SHA-256 of a file; an empty string without one."""
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""


def is_fresh(recording, root):
    """Whether a test file and all that it ran are as they were when it was recorded."""
    return all(digest(root / path) == known for path, known in recording["digests"].items())


def with_digests(recording, root, test_file):
    """The recording with the digests of all it depends on."""
    tests = recording["tests"].values()
    helpers = [path for path in (root / "tests").rglob("*.py") if "test_" not in path.name]
    paths = {test_file, *(path for test in tests for path in test["lines"])}
    paths |= {path.relative_to(root).as_posix() for path in helpers}
    return {**recording, "digests": {path: digest(root / path) for path in sorted(paths)}}

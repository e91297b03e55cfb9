"""Processes that are killed at random moments of training, evaluation, export and figures."""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from tests.faults import material
from tests.faults.tally import Tally, kill_after, run, start, status_of

FACTOR = 1.1
# Two workers, each with more epochs than there is time for.
SWEEP = """
import sys
sys.path.insert(0, sys.argv[1])
import dataclasses, small_data
from keras_vae.experiments.figures.options import resolve
from keras_vae.experiments.runs.store import RunStore
from keras_vae.experiments.runs.sweeps import train_all
from keras_vae.experiments.runs.workers import terminated_like_interrupted
from keras_vae.experiments.runs.spec import DataSpec
specs = [dataclasses.replace(small_data.SPEC, seed=seed) for seed in range(6)]
try:
    with terminated_like_interrupted():
        train_all(specs, 100_000, RunStore(sys.argv[2]), jobs=2)
except KeyboardInterrupt:
    sys.exit(130)
"""


def train(rng, count, folder):
    """Kills training until it is done, again and again."""
    tally = Tally()
    whole = folder / "whole"
    seconds = run(material.train_run, whole)
    expected = material.digest(whole)
    number = 0
    while tally.tried < count:
        number += 1
        killed, ended = folder / f"run{number}", None
        while ended != 0:
            after = rng.uniform(0.1, FACTOR) * seconds
            ended = kill_after(start(material.train_run, killed), after)
            tally.tried += ended < 0
            tally.tracebacks += ended > 0
            left = [path.name for path in killed.rglob(".*.npz.*")] if ended == 0 else []
            tally.silent += len(left)
        tally.different += material.digest(killed) != expected
    return tally


def evaluate(rng, count, folder):
    """Evaluations are there or not, never others."""
    tally = Tally()
    whole = folder / "whole"
    run(material.train_run, whole)
    killed = shutil.copytree(whole, folder / "killed")
    seconds = run(material.evaluate_run, whole)
    expected = material.measures(whole)
    while tally.tried < count:
        after = rng.uniform(0.1, FACTOR) * seconds
        ended = kill_after(start(material.evaluate_run, killed), after)
        tally.tried += ended < 0
        tally.tracebacks += ended > 0
        tally.silent += not material.measures(killed).items() <= expected.items()
        if ended == 0:
            tally.different += material.measures(killed) != expected
            next(killed.rglob("evaluations.json")).unlink()
    return tally


def export(rng, count, folder):
    """A SavedModel is whole or not there."""
    tally = Tally()
    store = folder / "store"
    run(material.train_run, store)
    seconds = run(material.export_run, store, folder / "whole")
    expected = files(folder / "whole")
    for number in range(count):
        path = folder / str(number)
        after = rng.uniform(0.1, FACTOR) * seconds
        ended = kill_after(start(material.export_run, store, path), after)
        tally.tried += 1
        tally.tracebacks += ended > 0
        tally.silent += path.exists() and files(path) != expected
    return tally


def figure(rng, count, folder):
    """A figure's files belong together, or it is said that they do not until it is made again."""
    tally = Tally()
    path = folder / "report" / "fig_1"
    seconds = run(material.write_figure, path, 1)
    for number in range(2, count + 2):
        ended = kill_after(
            start(material.write_figure, path, number), rng.uniform(0.1, FACTOR) * seconds
        )
        tally.tried += 1
        tally.tracebacks += ended > 0
        try:
            found = material.read_figure(path)
            tally.silent += not 1 <= found <= number
        except ValueError:
            run(material.results.prepare_folder, path)
            tally.silent += material.read_figure(path) != number
    run(material.write_figure, path, count + 2)
    tally.silent += material.read_figure(path) != count + 2
    return tally


def sweep(rng, count, folder):
    """Workers end with their parent, within two seconds."""
    tally = Tally()
    tests = str(pathlib.Path(__file__).parents[1] / "experiments")
    for number in range(count):
        token = f"{os.getpid()}-{number}"
        environment = {**os.environ, "KERAS_VAE_FAULTS": token}
        arguments = [sys.executable, "-c", SWEEP, tests, str(folder / str(number))]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
        parent = subprocess.Popen(arguments, env=environment, text=True, **quiet)
        # From the start of the workers, before they have TensorFlow, to the middle of training.
        while len(processes(token)) < 3 and parent.poll() is None:
            time.sleep(0.1)
        time.sleep(rng.uniform(0, 30))
        stop = rng.choice([signal.SIGKILL, signal.SIGTERM])
        parent.send_signal(stop)
        error = parent.communicate()[1]
        tally.tried += 1
        tally.tracebacks += "Traceback" in error or parent.returncode not in (-signal.SIGKILL, 130)
        time.sleep(2)
        left = processes(token)
        tally.orphans += len(left)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
    return tally


def processes(token):
    """Numbers of the processes that have a token in their environment, but for zombies."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if token.encode() in (path / "environ").read_bytes():
                found.append(int(path.name))
        except OSError:
            continue
    return found


def files(folder):
    """Names of all files below a folder; contents differ in what TensorFlow draws at random."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def sections(kills):
    """Shares of all kills."""
    shares = {train: 0.5, evaluate: 0.15, export: 0.1, figure: 0.25}
    counts = {section: max(1, round(share * kills)) for section, share in shares.items()}
    return {**counts, sweep: max(1, kills // 20)}


def run_section(section, count, rng):
    with tempfile.TemporaryDirectory() as folder:
        return section(rng, count, pathlib.Path(folder))


__all__ = ["run_section", "sections", "status_of"]

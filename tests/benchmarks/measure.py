"""Times whole epochs of all contestants in turn."""

import contextlib
import pathlib
import statistics
import tempfile
import time

import jax_vae
import keras_vae_fit
import matmul_floor
import torch_vae
from architecture import BATCH_SIZE, PIXELS

from keras_vae.experiments.runs.store import RunStore

WARM_UP_EPOCHS = 1
# One framework's thread pool spins for a while after its epoch, and would slow the next one's.
SETTLE_SECONDS = 0.3
# How a recorded epoch is made: whether it evaluates the bound on the test set.
RECORDED = {"activity_and_checkpoint": False, "activity_checkpoint_and_test_bound": True}


@contextlib.contextmanager
def contestants(data, num_samples):
    """Functions by name that run one epoch each and, but for the floor, return its mean loss."""
    images = data.train.images.reshape(-1, PIXELS)
    spec = keras_vae_fit.run_spec(data.name, num_samples)
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        bare = keras_vae_fit.Trainer(spec, data)
        recorded = {
            name: keras_vae_fit.recorded_trainer(spec, data, RunStore(folder / name), test_bound)
            for name, test_bound in RECORDED.items()
        }
        for trainer in (bare, *recorded.values()):
            stack.callback(trainer.close)
        yield {
            "keras_vae": bare,
            "jax": jax_vae.Trainer(images, num_samples),
            "torch": torch_vae.Trainer(images, num_samples),
            "matmul_floor": matmul_floor.Floor(images, num_samples),
            **recorded,
        }


def alternate(functions, epochs, report):
    """Runs one epoch of each function in turn until all have run `epochs` timed ones.

    Arguments:
        functions: Functions by name.
        epochs: Timed epochs; those before, which compile, are not counted.
        report: Function that is told the number of each round as it begins, from 1.

    Returns:
        Seconds of each timed epoch, and what the last one returned, both by name.
    """
    seconds, outcomes = {name: [] for name in functions}, {}
    for number in range(1, WARM_UP_EPOCHS + epochs + 1):
        report(number)
        for name, run_epoch in functions.items():
            time.sleep(SETTLE_SECONDS)
            start = time.perf_counter()
            outcomes[name] = run_epoch()
            elapsed = time.perf_counter() - start
            if number > WARM_UP_EPOCHS:
                seconds[name].append(elapsed)
    return seconds, outcomes


def summarize(seconds, losses, steps):
    """Medians of the timed epochs, their ratios, and what recording adds to an epoch.

    Arguments:
        seconds: Seconds of each timed epoch, by name.
        losses: Mean loss of the last epoch, by name; shows that all train alike.
        steps: Steps in an epoch.
    """
    median = {name: statistics.median(values) for name, values in seconds.items()}
    bare = median["keras_vae"]
    return {
        "steps_per_epoch": steps,
        "ms_per_step": {name: 1e3 * value / steps for name, value in median.items()},
        "keras_vae_over_jax": bare / median["jax"],
        "keras_vae_over_torch": bare / median["torch"],
        "keras_vae_over_matmul_floor": bare / median["matmul_floor"],
        "percent_added_by": {name: 100 * (median[name] / bare - 1) for name in RECORDED},
        "last_loss": {name: loss for name, loss in losses.items() if loss is not None},
        "seconds_per_epoch": seconds,
    }


def compare(data, num_samples, epochs, report):
    """Times all contestants on one data set; returns `summarize`'s dictionary."""
    with contestants(data, num_samples) as functions:
        seconds, losses = alternate(functions, epochs, report)
    return summarize(seconds, losses, data.steps_per_epoch(BATCH_SIZE))

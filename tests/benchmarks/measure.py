"""Times all contestants in turn: whole epochs of training, and log-likelihoods."""

import contextlib
import dataclasses
import pathlib
import statistics
import tempfile
import time

import environment
import jax_vae
import keras_vae_fit
import matmul_floor
import torch_vae
from architecture import BATCH_SIZE, LATENT_DIM, PIXELS, PSEUDO_INPUTS

from keras_vae.datasets import Split
from keras_vae.experiments.runs.run_models import build_model
from keras_vae.experiments.runs.store import RunStore

WARM_UP_EPOCHS = 1
# One framework's thread pool spins for a while after its epoch, and would slow the next one's.
SETTLE_SECONDS = 0.3
# How a recorded epoch is made: whether it evaluates the bound on the test set.
RECORDED = {"activity_and_checkpoint": False, "activity_checkpoint_and_test_bound": True}
# Steps that are slow are timed in shorter epochs.
FEWER_IMAGES = 20_000
LIKELIHOOD_SAMPLES = 5000
LIKELIHOOD_IMAGES = {"vae": 40, "hvae": 20}
CASES = {
    "vae_1": "VAE, one sample (ELBO)",
    "vae_5": "VAE, 5 samples (importance-weighted)",
    "renyi_10": "VAE, 10 samples (Renyi, alpha = 0.5)",
    "gated_vae": "VAE with gates, one sample (ELBO)",
    "vampprior_500": f"the same, VampPrior of {PSEUDO_INPUTS} pseudo-inputs",
    "hvae": "hierarchical VAE, one sample (ELBO)",
    "log_likelihood_vae": f"log-likelihood, VAE, {LIKELIHOOD_SAMPLES} samples",
    "log_likelihood_hvae": f"log-likelihood, hierarchical VAE, {LIKELIHOOD_SAMPLES} samples",
}

# Of the steps that are compared with their products alone.
NETWORKS = {
    "renyi_10": matmul_floor.vae,
    "gated_vae": matmul_floor.gated_vae,
    "vampprior_500": matmul_floor.vampprior,
    "hvae": matmul_floor.hvae,
}


def all_contestants(stack, data, num_samples):
    """`keras_vae`, for one sample with and without recording, JAX, PyTorch and the products."""
    images = data.train.images.reshape(-1, PIXELS)
    spec = keras_vae_fit.run_spec(data.name, num_samples)
    folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
    recorded = {
        name: keras_vae_fit.recorded_trainer(spec, data, RunStore(folder / name), test_bound)
        for name, test_bound in (RECORDED.items() if num_samples == 1 else ())
    }
    return {
        "keras_vae": keras_vae_fit.Trainer(spec, data),
        "jax": jax_vae.Trainer(images, num_samples),
        "torch": torch_vae.Trainer(images, num_samples),
        "matmul_floor": matmul_floor.of_steps(matmul_floor.vae, images, num_samples),
        **recorded,
    }


def training_and_floor(spec, data, network):
    """`keras_vae` and the products of its network."""
    images = data.train.images.reshape(-1, PIXELS)
    return {
        "keras_vae": keras_vae_fit.Trainer(spec, data),
        "matmul_floor": matmul_floor.of_steps(network, images, spec.objective.num_samples),
    }


def likelihood_and_floor(spec, data, network, width, count):
    """The log-likelihoods of some test images, and the products for all their samples."""
    model, images = build_model(spec, data.image_shape), data.test.images[:count]
    return {
        "keras_vae": lambda: -model.log_likelihood(images, LIKELIHOOD_SAMPLES).mean(),
        "matmul_floor": matmul_floor.of_samples(network, width, count * LIKELIHOOD_SAMPLES),
    }


@contextlib.contextmanager
def contestants(case, data):
    """Functions by name, and how many steps or images each call takes.

    Each runs an epoch, or a log-likelihood, and, but for the floor, returns its mean loss.
    """
    specs = keras_vae_fit.run_specs(data.name)
    fewer = dataclasses.replace(data, train=Split(data.train.pixels[:FEWER_IMAGES]))
    hvae_width = matmul_floor.GATED_LATENT_DIM + matmul_floor.GATED_UNITS
    count = data.steps_per_epoch(BATCH_SIZE)
    with contextlib.ExitStack() as stack:
        if case in ("vae_1", "vae_5"):
            functions = all_contestants(stack, data, int(case[-1]))
        elif case in NETWORKS:
            spec, network = specs[case], NETWORKS[case]
            functions = training_and_floor(spec, fewer, network)
            count = fewer.steps_per_epoch(spec.batch_size)
        else:
            spec, network, width = {
                "vae": (specs["vae_1"], matmul_floor.vae_of_codes, LATENT_DIM),
                "hvae": (specs["hvae"], matmul_floor.hvae_of_codes, hvae_width),
            }[case.removeprefix("log_likelihood_")]
            count = LIKELIHOOD_IMAGES[case.removeprefix("log_likelihood_")]
            functions = likelihood_and_floor(spec, data, network, width, count)
        for function in functions.values():
            stack.callback(getattr(function, "close", lambda: None))
        yield functions, count


def alternate(functions, epochs, report):
    """Runs one epoch of each function in turn until all have run `epochs` timed ones.

    Arguments:
        functions: Functions by name.
        epochs: Timed epochs; those before, which compile, are not counted.
        report: Function that is told the number of each round as it begins, from 1.

    Returns:
        Seconds of each timed epoch, and what the last one returned, both by name, and the share
        of the processor's time that other programs took meanwhile, or None.
    """
    seconds, outcomes = {name: [] for name in functions}, {}
    for number in range(1, WARM_UP_EPOCHS + epochs + 1):
        report(number)
        if number == WARM_UP_EPOCHS + 1:
            others = environment.Others()
        for name, run_epoch in functions.items():
            time.sleep(SETTLE_SECONDS)
            start = time.perf_counter()
            outcomes[name] = run_epoch()
            elapsed = time.perf_counter() - start
            if number > WARM_UP_EPOCHS:
                seconds[name].append(elapsed)
    return seconds, outcomes, others.share()


def summarize(seconds, losses, count):
    """Medians, extremes and ratios of the timed epochs.

    Arguments:
        seconds: Seconds of each timed epoch, by name.
        losses: Mean loss of the last epoch, by name; shows that all train alike.
        count: Steps, or images, in an epoch.
    """
    median = {name: statistics.median(values) for name, values in seconds.items()}
    bare = median["keras_vae"]
    return {
        "count": count,
        "milliseconds": {
            name: {
                "median": 1e3 * median[name] / count,
                "lowest": 1e3 * min(values) / count,
                "highest": 1e3 * max(values) / count,
            }
            for name, values in seconds.items()
        },
        "keras_vae_over": {
            name: bare / median[name] for name in ("jax", "torch", "matmul_floor") if name in median
        },
        "percent_added_by": {
            name: 100 * (median[name] / bare - 1) for name in RECORDED if name in median
        },
        "last_loss": {name: float(loss) for name, loss in losses.items() if loss is not None},
    }


def compare(case, data, epochs, report):
    """Times the contestants of one case; returns `summarize`'s dictionary, and what else ran."""
    with contestants(case, data) as (functions, count):
        seconds, losses, others = alternate(functions, epochs, report)
    return {**summarize(seconds, losses, count), "others_share_of_processor": others}

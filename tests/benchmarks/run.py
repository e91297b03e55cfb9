"""Compares a training step of keras_vae with hand-written JAX, PyTorch and the bare products.

    pip install '.[benchmark]'
    python tests/benchmarks/run.py --epochs 5 --samples 1 5 --dataset mnist --output FILE.json

Run it on an otherwise idle machine. `--dataset mnist_5k --epochs 2` is a quick look.
"""

import argparse
import importlib.util
import logging
import os
import pathlib
import sys

LABELS = {
    "keras_vae": "keras_vae fit",
    "jax": "JAX, hand-written",
    "torch": "PyTorch, eager",
    "matmul_floor": "matrix products alone",
    "activity_and_checkpoint": "fit + activity + checkpoint",
    "activity_checkpoint_and_test_bound": "fit + these + test bound",
}


def parse(arguments=None):
    """Reads the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--epochs", type=int, default=5, help="timed epochs of each (5)")
    parser.add_argument("--samples", type=int, nargs="+", default=[1, 5], help="values of K (1 5)")
    parser.add_argument("--dataset", choices=("mnist", "mnist_5k"), default="mnist")
    parser.add_argument("--output", type=pathlib.Path, help="JSON file for all numbers")
    asked = parser.parse_args(arguments)
    if asked.epochs < 1 or min(asked.samples) < 1:
        parser.error("--epochs and --samples must be at least 1")
    # Found out now and not after half an hour.
    if asked.output and not asked.output.absolute().parent.is_dir():
        parser.error(f"--output: there is no folder {asked.output.absolute().parent}")
    return asked


def require_competitors():
    """Ends with a message if JAX or PyTorch is not installed."""
    missing = [name for name in ("jax", "torch") if importlib.util.find_spec(name) is None]
    if missing:
        sys.exit(
            f"The benchmark needs {' and '.join(missing)}, not installed here. "
            "Install what it compares with: pip install '.[benchmark]'"
        )


def protocol(asked):
    """How the numbers came about."""
    import architecture
    import measure

    return {
        "dataset": f"{asked.dataset}, binarised at 0.5, held in memory",
        "layers": architecture.LAYERS,
        "batch_size": architecture.BATCH_SIZE,
        "optimizer": "Adam, learning rate 1e-3, beta_1 0.9, beta_2 0.9, epsilon 1e-4",
        "objective": "ELBO with analytic KL for one sample, else the importance-weighted bound",
        "timed_epochs": asked.epochs,
        "warm_up_epochs": measure.WARM_UP_EPOCHS,
        "settle_seconds": measure.SETTLE_SECONDS,
        "order": "one epoch of each in turn, in one process; medians over the timed epochs",
    }


def describe(num_samples, result):
    """The lines to print about one number of samples."""
    steps = result["steps_per_epoch"]
    lines = [f"K = {num_samples}, {steps} steps an epoch: ms per step, median (lowest to highest)"]
    for name, label in LABELS.items():
        epochs = [1e3 * value / steps for value in result["seconds_per_epoch"][name]]
        loss = result["last_loss"].get(name)
        tail = "" if loss is None else f"   last loss {loss:.1f} nats"
        spread = f"({min(epochs):.2f} to {max(epochs):.2f})"
        lines.append(f"  {label:<28}{result['ms_per_step'][name]:8.2f}  {spread:<19}{tail}")
    recording, with_test_bound = result["percent_added_by"].values()
    lines.append(
        f"  keras_vae / JAX {result['keras_vae_over_jax']:.2f}, "
        f"keras_vae / PyTorch {result['keras_vae_over_torch']:.2f}, "
        f"keras_vae / matrix products {result['keras_vae_over_matmul_floor']:.2f}"
    )
    lines.append(
        f"  of a bare epoch, activity and checkpoint add {recording:+.1f} %, "
        f"with the test bound {with_test_bound:+.1f} %"
    )
    return "\n".join(lines)


def progress(message):
    """Writes a line to standard error, apart from the results."""
    print(message, file=sys.stderr, flush=True)


def measure_all(asked):
    """Times every number of samples, prints each result and stores it at once."""
    import environment
    import measure

    from keras_vae import datasets
    from keras_vae._internal.files import write_json

    machine = environment.machine()
    progress(f"{machine['processor']}, {machine['cores']} cores, devices {machine['devices']}")
    if machine["load_before"] and machine["load_before"] > 0.5:
        progress(
            f"The machine was busy in the last minute (load {machine['load_before']:.1f}). Beside "
            "other work no timing is to be trusted, PyTorch's least: its threads spin while they "
            "wait for one another."
        )
    content = {"protocol": protocol(asked), "versions": environment.versions(), "machine": machine}
    content["results"] = {}
    data = datasets.load(asked.dataset, binarize="static")
    rounds = measure.WARM_UP_EPOCHS + asked.epochs
    for samples in asked.samples:

        def report(number, samples=samples):
            progress(f"K = {samples}: round {number} of {rounds}")

        result = measure.compare(data, samples, asked.epochs, report)
        content["results"][str(samples)] = result
        print(describe(samples, result), flush=True)
        if asked.output:
            write_json(asked.output, content)


def main(arguments=None):
    """Runs the benchmark."""
    asked = parse(arguments)
    require_competitors()
    # Otherwise JAX takes most of a GPU's memory at once, and nothing is left for the others.
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    from keras_vae._internal import backend

    backend.configure()
    # TensorFlow takes the many models of one process for one that is traced again and again.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    measure_all(asked)


if __name__ == "__main__":
    main()

"""Compares training steps and log-likelihoods with JAX, PyTorch and the bare matrix products.

    pip install '.[benchmark]'
    python tests/benchmarks/run.py

takes about five minutes and writes `results/benchmarks/PROCESSOR.json`. Run it on an otherwise
idle machine. `--dataset mnist_5k --epochs 2 --output FILE.json` is a quick look. Cases measured one
at a time (`--cases`) are added to the file, if versions and machine are the same.
"""

import argparse
import importlib.util
import json
import logging
import os
import pathlib
import re
import sys
import warnings

RESULTS = pathlib.Path(__file__).resolve().parents[2] / "results/benchmarks"
CASE_NAMES = (
    "vae_1",
    "vae_5",
    "renyi_10",
    "gated_vae",
    "vampprior_500",
    "hvae",
    "log_likelihood_vae",
    "log_likelihood_hvae",
)
LABELS = {
    "keras_vae": "keras_vae",
    "jax": "JAX, hand-written",
    "torch": "PyTorch, eager",
    "matmul_floor": "matrix products alone",
    "activity_and_checkpoint": "fit + activity + checkpoint",
    "activity_checkpoint_and_test_bound": "fit + these + test bound",
}
# Share of the processor that other programs may have before timings are doubtful.
BUSY = 0.05


def parse(arguments=None):
    """Reads the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--epochs", type=int, default=3, help="timed epochs of each (3)")
    parser.add_argument(
        "--cases", nargs="+", choices=CASE_NAMES, default=CASE_NAMES, help="what to time (all)"
    )
    parser.add_argument("--dataset", choices=("mnist", "mnist_5k"), default="mnist")
    parser.add_argument("--output", type=pathlib.Path, help="JSON file for all numbers")
    asked = parser.parse_args(arguments)
    if asked.epochs < 1:
        parser.error("--epochs must be at least 1")
    # Found out now and not after minutes.
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
        "cases": measure.CASES,
        "layers": architecture.LAYERS,
        "batch_size": architecture.BATCH_SIZE,
        "optimizer": "Adam, learning rate 1e-3, beta_1 0.9, beta_2 0.9, epsilon 1e-4; the "
        "hierarchical VAE's has Keras' other defaults",
        "milliseconds": "of a training step; of an image in a log-likelihood",
        "timed_epochs": asked.epochs,
        "warm_up_epochs": measure.WARM_UP_EPOCHS,
        "settle_seconds": measure.SETTLE_SECONDS,
        "order": "one epoch of each in turn, in one process; medians over the timed epochs",
    }


def describe(title, result):
    """The lines to print about one case."""
    lines = [f"{title}: milliseconds, median (lowest to highest)"]
    for name, times in result["milliseconds"].items():
        loss = result["last_loss"].get(name)
        tail = "" if loss is None else f"   last loss {loss:.1f} nats"
        spread = f"({times['lowest']:.2f} to {times['highest']:.2f})"
        lines.append(f"  {LABELS[name]:<28}{times['median']:8.2f}  {spread:<19}{tail}")
    lines += (
        f"  keras_vae / {LABELS[name]}: {ratio:.2f}"
        for name, ratio in result["keras_vae_over"].items()
    )
    lines += (
        f"  {LABELS[name]}: {percent:+.1f} % of a bare epoch"
        for name, percent in result["percent_added_by"].items()
    )
    return "\n".join(lines)


def progress(message):
    """Writes a line to standard error, apart from the results."""
    print(message, file=sys.stderr, flush=True)


def warn_if_busy(share, when):
    """Says so if other programs took a part of the processor."""
    if share is not None and share > BUSY:
        progress(
            f"Warning: the machine is busy. Other programs took {share:.0%} of the processor "
            f"{when}. Beside other work no timing is to be trusted, PyTorch's least: its threads "
            "spin while they wait for one another."
        )


def measured_before(path, content):
    """Results in a file that was written on the same machine, by the same protocol and versions."""
    if not path.exists():
        return {}
    before = json.loads(path.read_text())
    same = all(before.get(key) == json.loads(json.dumps(content[key])) for key in content)
    return before["results"] if same else {}


def measure_all(asked):
    """Times every case, prints each result and stores it at once."""
    import environment
    import measure

    from keras_vae import datasets
    from keras_vae._internal.files import write_json

    machine = environment.machine()
    progress(f"{machine['processor']}, {machine['cores']} cores, devices {machine['devices']}")
    content = {"protocol": protocol(asked), "versions": environment.versions(), "machine": machine}
    name = re.sub("[^a-z0-9]+", "-", machine["processor"].lower()).strip("-")
    output = asked.output or RESULTS / f"{name}.json"
    content["results"] = measured_before(output, content)
    # Now: what is written below is one of the checkout's files.
    others, commit = environment.Others(), environment.commit()
    data = datasets.load(asked.dataset, binarize="static")
    warn_if_busy(others.share(), "before it began")
    rounds = measure.WARM_UP_EPOCHS + asked.epochs
    for case in asked.cases:

        def report(number, case=case):
            progress(f"{case}: round {number} of {rounds}")

        result = measure.compare(case, data, asked.epochs, report)
        warn_if_busy(result["others_share_of_processor"], f"during {case}")
        content["results"][case] = {**result, "commit": commit}
        print(describe(measure.CASES[case], result), flush=True)
        write_json(output, content)


def main(arguments=None):
    """Runs the benchmark."""
    asked = parse(arguments)
    require_competitors()
    # Otherwise JAX takes most of a GPU's memory at once, and nothing is left for the others.
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    # PyTorch 2.14 as built for CUDA crashes where its compiler is imported after TensorFlow.
    importlib.import_module("torch._dynamo")
    from keras_vae._internal import backend

    backend.configure()
    # TensorFlow takes the many models of one process for one that is traced again and again.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    # The log-likelihoods are those of untrained models.
    warnings.filterwarnings("ignore", message="For .* of the images", category=RuntimeWarning)
    measure_all(asked)


if __name__ == "__main__":
    main()

"""Says which parts of a training step take how long on one core: TensorFlow's own profile.

    python tests/benchmarks/where_time_goes.py vae_1

XLA's optimised program, which it is made to write down, tells which operations of TensorFlow a
profiled kernel was made of. The rest of the step is launching, waiting for batches, and the
profiler itself.
"""

import argparse
import collections
import dataclasses
import os
import pathlib
import re
import tempfile
import time

IMAGES, BATCH_SIZE, STEPS_PER_EXECUTION = 10_000, 100, 20
CASES = ("vae_1", "vae_5", "renyi_10", "hvae", "vampprior")
# The first that fits what an operation, or a kernel, is called; the rest are of other parts.
PARTS = {
    "matrix products": r"MatMul|matmul|^dot",
    "Adam": r"(^|/)adam/",
    "noise": r"stateless_random|erfinv",
    "Bernoulli density": r"LogitBernoulli|likelihood",
    "activations of hidden layers": r"Softplus|Sigmoid|encoder|decoder|gate",
}
KERNEL = re.compile(r"\s+(?:ROOT )?%?([\w.\-]+) = \S+ [\w\-]+\(")
OPERATION = re.compile(r'op_name="([^"]+)"')


def profiled_epoch(case, folder):
    """Trains a short epoch under the profiler; returns its seconds."""
    import keras_vae_fit

    from keras_vae import datasets
    from keras_vae._internal.backend import tf

    data = datasets.load("mnist", binarize="static")
    data = dataclasses.replace(data, train=datasets.Split(data.train.pixels[:IMAGES]))
    keras_vae_fit.MAX_STEPS_PER_EXECUTION = STEPS_PER_EXECUTION
    trainer = keras_vae_fit.Trainer(keras_vae_fit.run_specs("mnist")[case], data)
    for _ in range(2):
        trainer()
    options = tf.profiler.experimental.ProfilerOptions(host_tracer_level=3, python_tracer_level=0)
    with tf.profiler.experimental.Profile(str(folder), options):
        start = time.perf_counter()
        trainer()
        seconds = time.perf_counter() - start
    trainer.close()
    return seconds


def kernel_names(folder):
    """By kernel of the compiled steps, the operation of TensorFlow that it computes."""
    names = {}
    for path in folder.glob("*fused_steps*after_optimizations.txt"):
        for line in path.read_text().splitlines():
            if kernel := KERNEL.match(line):
                operation = OPERATION.search(line)
                names[kernel[1]] = operation[1] if operation else kernel[1]
    return names


def kernel_seconds(folder):
    """Seconds of each event of the profile that occurs in every step, by its name."""
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    seconds, times = collections.Counter(), collections.Counter()
    for path in folder.rglob("*.xplane.pb"):
        space = xplane_pb2.XSpace.FromString(path.read_bytes())
        for plane in space.planes:
            for event in (event for line in plane.lines for event in line.events):
                name = plane.event_metadata[event.metadata_id].name
                seconds[name] += event.duration_ps * 1e-12
                times[name] += 1
    steps = IMAGES // BATCH_SIZE
    return {name: value for name, value in seconds.items() if times[name] >= steps}


def part_of(kernel, operation):
    """The part of the step that a kernel belongs to."""
    for part, pattern in PARTS.items():
        if re.search(pattern, kernel) or re.search(pattern, operation):
            return part
    return "other parts"


def main():
    """Profiles one case and prints its parts."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("case", choices=CASES)
    case = parser.parse_args().case
    with tempfile.TemporaryDirectory() as folder:
        program, profile = pathlib.Path(folder, "program"), pathlib.Path(folder, "profile")
        os.environ["XLA_FLAGS"] = f"--xla_dump_to={program} --xla_dump_hlo_as_text"
        from keras_vae._internal import backend

        backend.configure(1)
        seconds = profiled_epoch(case, profile)
        names, found = kernel_names(program), kernel_seconds(profile)
    parts = collections.Counter()
    for kernel in names.keys() & found.keys():
        if not kernel.startswith("while"):
            parts[part_of(kernel, names[kernel])] += found[kernel]
    per_step = 1e3 * BATCH_SIZE / IMAGES
    print(f"{case}: {per_step * seconds:.2f} ms a step")
    for part, value in parts.most_common():
        print(f"{per_step * value:8.2f} ms  {value / seconds:5.1%}  {part}")


if __name__ == "__main__":
    main()

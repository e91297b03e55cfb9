"""What faults are made of: one small run, its evaluation, export and figure."""

import hashlib
import json
import warnings

import numpy as np
import small_data
from matplotlib.figure import Figure as Picture

import keras_vae as kv
from keras_vae.datasets import Source
from keras_vae.experiments.figures import results
from keras_vae.experiments.figures.claims import Claim, Number, Reading
from keras_vae.experiments.runs import model_files, training
from keras_vae.experiments.runs.evaluation import evaluate_log_likelihood, remembered
from keras_vae.experiments.runs.run_models import load_model
from keras_vae.experiments.runs.store import RunStore
from keras_vae.experiments.runs.training import train

SPEC = small_data.SPEC
EPOCHS = 10


def prepare(eager=True):
    """In a process of its own: small images; steps neither traced nor compiled."""
    kv.datasets.load = small_data.load
    if eager:
        from keras_vae._internal.backend import tf

        # Functions of data sets are traced all the same.
        warnings.filterwarnings("ignore", "Even though the `tf.config.exp", UserWarning)
        training.MAX_STEPS_PER_EXECUTION = 1
        tf.config.run_functions_eagerly(True)


def train_run(folder, epochs=EPOCHS):
    prepare()
    train(SPEC, epochs, RunStore(folder), keep_weights=True)


def evaluate_run(folder):
    prepare(eager=False)
    store = RunStore(folder)
    for samples in (2, 3, 4):
        evaluate_log_likelihood(SPEC, store, samples)
        remembered(SPEC, store, f"a measure/{samples}", lambda samples=samples: [samples] * 100)


def export_run(folder, path):
    prepare(eager=False)
    kv.export.save(load_model(SPEC, RunStore(folder))[0], path)


def save_model_file(folder, path):
    prepare()
    store = RunStore(folder)
    model_files.bound_on_embedded_digits = lambda model: 0.0
    model_files.save_model(load_model(SPEC, store)[0], path, SPEC, store, EPOCHS)


def write_figure(folder, number):
    """A figure whose picture, numbers and claims are those of one number."""
    picture = Picture(figsize=(1, 1))
    picture.text(0.1, 0.5, str(number))
    reached = {"dataset": "mnist", "epochs": number, "trials": 1}
    data = {"protocol": {"reached": reached, "asked": {}}, "runs": {"a": {}}, "number": number}
    reading = Reading(rule="r", numbers={"gain": Number(float(number), "nats", above=0)})
    claim = Claim(id="t.1", statement="s", reported="r", measured=str(number), readings=[reading])
    results.prepare_folder(folder)
    results.write(folder, picture, data, [claim], {"table.md": f"| {number} |\n"})


def read_figure(folder):
    """The number of a whole figure.

    Raises:
        ValueError: If its files do not belong together.
    """
    data = json.loads((folder / "data.json").read_text())
    (claim,) = json.loads((folder / "claims.json").read_text())
    number = data["number"]
    if (damage := results.find_damage(folder, data)) is not None:
        raise ValueError(damage)
    if claim["measured"] != str(number) or (folder / "table.md").read_text() != f"| {number} |\n":
        raise ValueError(f"parts of different figures, one of them {number}")
    return number


def make_source(version="1"):
    def arrays():
        pixels = np.random.default_rng(0).integers(0, 256, (6, 4, 4)).astype(np.uint8)
        return {"x_train": pixels, "x_test": pixels[:2]}

    return Source(
        name="dots", train_images=6, test_images=2, labelled=False, version=version, arrays=arrays
    )


def digest(folder):
    """Digest of all that a run's training decides, the seconds that it took apart."""
    store = RunStore(folder)
    run = store.load(SPEC, with_weights=True)
    found = hashlib.sha256(str(run.epochs).encode())
    for values in (*run.weights, *run.optimizer, run.activity):
        found.update(np.ascontiguousarray(values).tobytes())
    for name in sorted(run.history.keys() - {"seconds"}):
        found.update(run.history[name].tobytes())
    for epoch in (1, 2, 5, 10):
        for values in store.load_snapshot(SPEC, epoch):
            found.update(values.tobytes())
    return found.hexdigest()


def measures(folder):
    """What evaluations found, the seconds that they took apart."""
    found = RunStore(folder).evaluations(SPEC)
    return {
        name: {k: v for k, v in value.items() if k != "seconds"} if "mean" in value else value
        for name, value in found.items()
    }


def load_dots(folder):
    """Arrays of a data set that is cached in a folder."""
    patched = folder / "cache" / "dots-1.npz"

    class Here(Source):
        cache_path = property(lambda self: patched)

    made = make_source()
    arrays = Here(**{name: getattr(made, name) for name in made.__dataclass_fields__}).load()
    return {name: values.tolist() for name, values in arrays.items()}

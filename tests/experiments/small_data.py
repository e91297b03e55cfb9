"""Data sets of 16 pixels in the place of the genuine ones, and a run that trains on them."""

import numpy as np

import keras_vae as kv
from keras_vae.datasets import Split
from keras_vae.experiments.reports.activity import ADAM
from keras_vae.experiments.runs.spec import DataSpec, ModelSpec, ObjectiveSpec, RunSpec

TRAIN, TEST, CLASSES = 26, 12, 4
SPEC = RunSpec(
    data=DataSpec(name="mnist_5k", binarize="stochastic"),
    model=ModelSpec(latent_dim=4, hidden_units=(8,), batch_norm=True),
    objective=ObjectiveSpec(name="iwae", num_samples=2, warm_up_epochs=3),
    optimizer=ADAM,
    batch_size=8,
    seed=7,
)


def load(name="mnist_5k", binarize=None, *, original_order=False):
    """As `keras_vae.datasets.load`; the original order is the other one reversed."""
    rng = np.random.default_rng(kv.datasets.NAMES.index(name))
    splits = {}
    for split, count in (("train", TRAIN), ("test", TEST)):
        pixels = rng.integers(0, 256, size=(count, 4, 4)).astype(np.uint8)
        splits[split] = (pixels, np.arange(count) % CLASSES)
    if original_order:
        splits["train"] = tuple(part[::-1] for part in splits["train"])
    if binarize == "static":
        splits = {k: (kv.datasets.threshold(x), y) for k, (x, y) in splits.items()}
    elif binarize == "stochastic":
        splits["test"] = (kv.datasets.draw(splits["test"][0], 0), splits["test"][1])
    return kv.datasets.ImageData(name, binarize, *(Split(*part) for part in splits.values()))

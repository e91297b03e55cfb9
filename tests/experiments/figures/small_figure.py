"""A figure of two short trials on few genuine digits, to be run in a process of its own."""

import sys

from keras_vae.experiments.figures.figure import Figure, main
from keras_vae.experiments.figures.options import Preset
from keras_vae.experiments.figures.plots import panels
from keras_vae.experiments.runs.spec import DataSpec, ModelSpec, RunSpec

DATA = DataSpec(name="mnist_5k", train_images=40)
MODEL = ModelSpec(latent_dim=2, hidden_units=(4,))

FIGURE = Figure(
    report="tests",
    name="fig_1",
    title="A small figure",
    presets={"quick": Preset(dataset="mnist_5k", epochs=100_000, trials=2)},
    protocol={"epochs": 10},
    runs=lambda options, seed: {"a": RunSpec(DATA, MODEL, batch_size=20, seed=seed)},
    draw=lambda measured, options: panels(1)[0],
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

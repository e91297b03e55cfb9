"""Trains a pickled spec in a process of its own, and dies in mid-epoch if told to.

Arguments: pickle of (spec, epochs, folder of the store, optimiser step to die after or None).
"""

import os
import pathlib
import pickle
import signal
import sys

import keras

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

import small_data

import keras_vae as kv
from keras_vae.experiments.runs import training
from keras_vae.experiments.runs.store import RunStore

# Several executions an epoch, so that there is a middle to die in.
training.MAX_STEPS_PER_EXECUTION = 1
kv.datasets.load = small_data.load


class Die(keras.callbacks.Callback):
    def __init__(self, step):
        super().__init__()
        self.step = step

    def on_train_batch_end(self, batch, logs=None):
        if self.model.optimizer.iterations >= self.step:
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    with open(sys.argv[1], "rb") as file:
        spec, epochs, folder, step = pickle.load(file)
    callbacks = [] if step is None else [Die(step)]
    training.train(spec, epochs, RunStore(folder), callbacks, keep_weights=True)

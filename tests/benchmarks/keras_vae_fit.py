"""`keras_vae.VAE.fit`, called as `keras_vae.experiments.runs.training` calls it, epoch by epoch."""

import concurrent.futures
import dataclasses
import queue
import threading

import keras
from architecture import PSEUDO_INPUTS

from keras_vae.callbacks import LatentActivity
from keras_vae.experiments.reports import vampprior
from keras_vae.experiments.reports.activity import ADAM
from keras_vae.experiments.runs.run_models import build_model
from keras_vae.experiments.runs.spec import DataSpec, ModelSpec, ObjectiveSpec, RunSpec
from keras_vae.experiments.runs.training import (
    MAX_STEPS_PER_EXECUTION,
    TRAIN_METRICS,
    EpochRecorder,
    RefuseDivergence,
    largest_divisor,
)

# As `keras_vae.VAE` is where nothing is said; the specs' own defaults keep older runs going.
FASTER = ModelSpec(activation="fused_softplus")


def run_spec(dataset, num_samples, seed=0):
    """The run that all contestants train: the ELBO for one sample, else the IWAE bound."""
    objective = ObjectiveSpec("elbo" if num_samples == 1 else "iwae", num_samples)
    return RunSpec(
        DataSpec(dataset, "static"), FASTER, objective, ADAM, seed=seed, noise="quantiles"
    )


def run_specs(dataset):
    """The runs that are timed or profiled, by the name of their case."""
    vae = run_spec(dataset, 1)
    others = {
        name: dataclasses.replace(
            vampprior.run_spec(dataset, 0, model, **kwargs), noise="quantiles"
        )
        for name, (model, kwargs) in {
            "hvae": (vampprior.HVAE, {}),
            "gated_vae": (vampprior.VAE, {}),
            "vampprior": (vampprior.VAMPPRIOR, {}),
            "vampprior_500": (vampprior.VAMPPRIOR, {"components": PSEUDO_INPUTS}),
        }.items()
    }
    return {
        "vae_1": vae,
        "vae_5": run_spec(dataset, 5),
        "renyi_10": dataclasses.replace(vae, objective=ObjectiveSpec("renyi", 10, alpha=0.5)),
        **others,
    }


def linear_layers(model):
    """The model's linear layers, in the order of `architecture.LAYERS`."""
    heads = [model.loc_head, model.log_variance_head]
    encoder, decoder = model.encoder.dense_layers, model.decoder.dense_layers
    return [*encoder, *heads, *decoder, *model.likelihood.heads]


def weights(model):
    """Pairs of kernel and bias, as the other contestants take them over."""
    return [(layer.kernel.numpy(), layer.bias.numpy()) for layer in linear_layers(model)]


class HandOver(keras.callbacks.Callback):
    """Reports the end of each epoch and holds `fit` there until the next one is asked for.

    Arguments:
        finished: Queue that takes each epoch's training loss.
    """

    def __init__(self, finished):
        super().__init__()
        self.finished, self.proceed, self.last = finished, threading.Semaphore(0), False

    def on_epoch_end(self, epoch, logs=None):
        self.finished.put(logs["loss"])
        self.proceed.acquire()
        self.model.stop_training = self.last


class Trainer:
    """Trains one epoch at each call, all in one `fit` in a thread of its own.

    A `fit` for each epoch would set the data pipeline up anew, which a user pays once a run.

    Arguments:
        spec: `RunSpec`.
        data: `ImageData`.
        callbacks: Callbacks whose time counts.
        **fit_arguments: Further arguments of `fit`.
    """

    def __init__(self, spec, data, callbacks=(), **fit_arguments):
        self.model = build_model(spec, data.image_shape)
        steps = data.steps_per_epoch(spec.batch_size)
        self.model.compile(
            optimizer=spec.optimizer.make(),
            steps_per_execution=largest_divisor(steps, MAX_STEPS_PER_EXECUTION),
        )
        self.model.optimizer.build(self.model.trainable_variables)
        self.finished = queue.Queue()
        self.hand_over = HandOver(self.finished)
        self.fit_arguments = dict(
            x=data.batches(spec.batch_size, spec.seed),
            epochs=2**31,
            steps_per_epoch=steps,
            callbacks=[*callbacks, self.hand_over],
            verbose=0,
            **fit_arguments,
        )
        self.executor, self.running = concurrent.futures.ThreadPoolExecutor(max_workers=1), None

    def __call__(self):
        if self.running is None:
            self.running = self.executor.submit(self._fit)
        else:
            self.hand_over.proceed.release()
        loss = self.finished.get()
        if loss is None:
            self.running.result()
        return loss

    def close(self):
        """Ends `fit`, if it runs."""
        self.hand_over.last = True
        self.hand_over.proceed.release()
        self.executor.shutdown()

    def _fit(self):
        try:
            self.model.fit(**self.fit_arguments)
        finally:
            # Whoever waits for an epoch would otherwise never hear of an error.
            self.finished.put(None)


class CopyTrainingBounds(keras.callbacks.Callback):
    """Puts training bounds where `EpochRecorder` looks for test bounds that none computed."""

    def on_epoch_end(self, epoch, logs=None):
        logs.update({f"val_{name}": logs[name] for name in TRAIN_METRICS})


def recorded_trainer(spec, data, store, test_bound):
    """A `Trainer` that records activity and checkpoints, as the package's stored runs do.

    Arguments:
        spec: `RunSpec`.
        data: `ImageData`.
        store: `RunStore`.
        test_bound: Whether to evaluate the bound on the test set after each epoch.
    """
    store.run_folder(spec).mkdir(parents=True)
    activity = LatentActivity(data.test.images)
    recorder = EpochRecorder(spec, store, None, activity, keep_weights=False)
    callbacks = [RefuseDivergence(spec), activity, recorder]
    if not test_bound:
        return Trainer(spec, data, [CopyTrainingBounds(), *callbacks])
    test_batches = data.test_batches(largest_divisor(len(data.test), 500))
    return Trainer(spec, data, callbacks, validation_data=test_batches)

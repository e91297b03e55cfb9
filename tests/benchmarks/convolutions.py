"""Compares `VAE(encoder=, decoder=)` with the training step that a Keras user writes by hand.

    python tests/benchmarks/convolutions.py

Both train one convolutional network, from the same weights, on random images of the shapes of
Fashion-MNIST (binary, Bernoulli) and of CIFAR (Gaussian). Issue 20 asks for a ratio of at most 1.3.
`keras_vae` also means its metrics and checks its data, as always; the other is bare. It prints, and
writes nothing. Run it on an otherwise idle machine; it takes about a minute.
"""

import argparse
import math
import statistics
import time

import numpy as np

import keras_vae as kv
from keras_vae._internal.backend import keras, tf

SHAPES = {"fashion_mnist": (28, 28, 1), "cifar": (32, 32, 3)}
LATENT_DIM, BATCH_SIZE, FILTERS = 32, 100, (16, 32)
LIMIT = 1.3


def networks(shape):
    """An encoder and a decoder with two strided convolutions each."""
    layers, same = keras.layers, {"strides": 2, "padding": "same", "activation": "relu"}
    small = (shape[0] // 4, shape[1] // 4, FILTERS[1])
    encoder = [layers.Conv2D(filters, 3, **same) for filters in FILTERS]
    decoder = [
        layers.Dense(math.prod(small), activation="relu"),
        layers.Reshape(small),
        *(layers.Conv2DTranspose(filters, 3, **same) for filters in FILTERS[::-1]),
    ]
    return keras.Sequential([*encoder, layers.Flatten()]), keras.Sequential(decoder)


class HandWritten(keras.Model):
    """A VAE as in Keras' own example, with the heads and likelihoods of `keras_vae`."""

    def __init__(self, shape):
        super().__init__()
        self.encoder, self.decoder = networks(shape)
        self.binary = shape[-1] == 1
        self.loc, self.log_variance = (keras.layers.Dense(LATENT_DIM) for _ in range(2))
        count = 1 if self.binary else 2
        self.heads = [keras.layers.Conv2D(shape[-1], 1) for _ in range(count)]
        self.noise = keras.random.SeedGenerator(0)
        self.mean_loss = keras.metrics.Mean(name="loss")

    @property
    def metrics(self):
        return [self.mean_loss]

    def loss_of(self, x):
        """The mean negative ELBO, with one sample and the divergence in closed form."""
        features = self.encoder(x, training=True)
        loc, log_variance = self.loc(features), self.log_variance(features)
        noise = keras.random.normal(tf.shape(loc), seed=self.noise)
        features = self.decoder(loc + tf.exp(0.5 * log_variance) * noise, training=True)
        parameters = [head(features) for head in self.heads]
        if self.binary:
            nats = tf.nn.sigmoid_cross_entropy_with_logits(x, parameters[0])
        else:
            log_scale = 0.5 * tf.tanh(parameters[1])
            z = (x - tf.sigmoid(parameters[0])) * tf.exp(-log_scale)
            nats = 0.5 * z**2 + log_scale + 0.5 * math.log(2 * math.pi)
        kl = 0.5 * tf.reduce_sum(tf.exp(log_variance) + loc**2 - 1 - log_variance, axis=1)
        return tf.reduce_mean(tf.reduce_sum(nats, axis=(1, 2, 3)) + kl)

    def train_step(self, data):
        (x,) = data
        with tf.GradientTape() as tape:
            loss = self.loss_of(x)
        variables = self.trainable_variables
        self.optimizer.apply(tape.gradient(loss, variables), variables)
        self.mean_loss.update_state(loss)
        return {"loss": self.mean_loss.result()}


def contestants(shape):
    """Both models, compiled and with the same weights."""
    encoder, decoder = networks(shape)
    ours = kv.VAE(
        latent_dim=LATENT_DIM,
        encoder=encoder,
        decoder=decoder,
        event_shape=shape,
        likelihood="bernoulli" if shape[-1] == 1 else "gaussian",
        seed=0,
    )
    theirs = HandWritten(shape)
    theirs.loss_of(tf.zeros((1, *shape)))
    theirs.built = True
    pairs = [(theirs.encoder, ours.encoder), (theirs.decoder, ours.decoder)]
    pairs += [(theirs.loc, ours.loc_head), (theirs.log_variance, ours.log_variance_head)]
    pairs += zip(theirs.heads, ours.likelihood.heads, strict=True)
    for to, source in pairs:
        weights = zip(source.get_weights(), to.get_weights(), strict=True)
        # A 1x1 convolution's kernel may have no axes of the image.
        to.set_weights([array.reshape(wanted.shape) for array, wanted in weights])
    ours.compile(keras.optimizers.Adam(1e-3))
    # On a processor XLA's convolutions are slow, and neither has them.
    theirs.compile(keras.optimizers.Adam(1e-3), jit_compile=ours.jit_compile)
    return {"keras_vae": ours, "by hand": theirs}


def compare(shape, steps, rounds):
    """Seconds of a step in each round, and the last round's loss, both by name."""
    images = np.random.default_rng(0).random((BATCH_SIZE * steps, *shape), "float32")
    images = np.round(images) if shape[-1] == 1 else images
    batches = tf.data.Dataset.from_tensor_slices((images,)).batch(BATCH_SIZE).cache().prefetch(2)
    models = contestants(shape)
    seconds, losses = {name: [] for name in models}, {}
    for number in range(rounds + 1):
        for name, model in models.items():
            start = time.perf_counter()
            history = model.fit(batches, epochs=1, shuffle=False, verbose=0)
            elapsed = (time.perf_counter() - start) / steps
            losses[name] = history.history["loss"][0]
            if number > 0:
                seconds[name].append(elapsed)
    return seconds, losses


def main(arguments=None):
    """Prints the ratio for each shape."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=40, help="steps in a round (40)")
    parser.add_argument("--rounds", type=int, default=5, help="timed rounds of each (5)")
    asked = parser.parse_args(arguments)
    for name, shape in SHAPES.items():
        seconds, losses = compare(shape, asked.steps, asked.rounds)
        median = {who: statistics.median(values) for who, values in seconds.items()}
        print(f"{name} {shape}: milliseconds a step, median (lowest to highest)")
        for who, values in seconds.items():
            low, high = 1e3 * min(values), 1e3 * max(values)
            tail = f"last loss {losses[who]:.1f} nats"
            print(f"  {who:<12}{1e3 * median[who]:8.2f}  ({low:.2f} to {high:.2f})   {tail}")
        ratio = median["keras_vae"] / median["by hand"]
        print(f"  keras_vae / by hand: {ratio:.2f} (at most {LIMIT})", flush=True)


if __name__ == "__main__":
    main()

"""Networks of one's own, as users write them: colour images, tables, counts, several levels."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from keras import layers

import keras_vae as kv

tfb = tfp.bijectors

COLOUR = np.random.default_rng(0).integers(0, 256, (12, 8, 8, 3)).astype("float32") / 255


def convolutional(kind=kv.VAE, **kwargs):
    """The example of `keras_vae.VAE`, smaller."""
    same = {"strides": 2, "padding": "same", "activation": "relu"}
    encoder = keras.Sequential([layers.Conv2D(4, 3, **same), layers.Conv2D(4, 3, **same)])
    decoder = keras.Sequential(
        [
            layers.Dense(2 * 2 * 4, activation="relu"),
            layers.Reshape((2, 2, 4)),
            layers.Conv2DTranspose(4, 3, **same),
            layers.Conv2DTranspose(5, 3, **same),
        ]
    )
    dims = {"latent_dim": 3} if kind is kv.VAE else {"latent_dims": (2, 3), "hidden_units": 4}
    return kind(
        **{
            **dims,
            "encoder": encoder,
            "decoder": decoder,
            "likelihood": "discretized_logistic",
            "event_shape": (8, 8, 3),
            "seed": 0,
            **kwargs,
        }
    )


@pytest.mark.parametrize("kind", [kv.VAE, pytest.param(kv.HierarchicalVAE, marks=pytest.mark.slow)])
def test_colour_images_and_convolutions(kind, tmp_path):
    model = convolutional(kind, prior=kv.priors.VampPrior(3, seed=1), objective="iwae")
    model.compile()
    assert not model.jit_compile
    # Tracing several levels takes longer than these six steps.
    eagerly = kind is kv.HierarchicalVAE
    model.compile(keras.optimizers.Adam(1e-2), steps_per_execution=2, run_eagerly=eagerly)
    history = model.fit(COLOUR, batch_size=6, epochs=3, verbose=0).history
    assert history["bound"][-1] > history["bound"][0]
    # Heads are 1x1 convolutions: two parameters of three colours.
    assert [head.kernel.shape for head in model.likelihood.heads] == [(5, 3)] * 2
    assert model.sample(4).shape == (4, 8, 8, 3) == model.reconstruct(COLOUR[:4]).shape
    codes = model.encode(COLOUR).sample(2, seed=tf.constant([1, 2]))
    assert model.decode(codes).batch_shape == (2, 12)
    path = tmp_path / "model.keras"
    model.save(path)
    loaded = keras.saving.load_model(path)
    np.testing.assert_array_equal(loaded.log_weights(COLOUR, 2), model.log_weights(COLOUR, 2))
    any_batch = tf.TensorSpec((None, 8, 8, 3), tf.float32)
    serve = tf.function(kv.export.Endpoints(model).reconstruct, input_signature=[any_batch])
    found = serve(tf.constant(COLOUR))["images"]
    np.testing.assert_allclose(found, model.reconstruct(COLOUR), rtol=1e-4, atol=1e-5)


def test_a_density_is_that_of_the_networks_written_out():
    """A decoder that keeps the axes: each pixel's logit is linear in that pixel's features."""
    decoder = keras.Sequential([layers.Dense(18), layers.Reshape((3, 2, 3))])
    encoder = keras.Sequential([layers.Flatten(), layers.Dense(4, activation="tanh")])
    model = kv.VAE(latent_dim=2, encoder=encoder, decoder=decoder, image_shape=(3, 2), seed=1)
    z = np.random.default_rng(0).normal(size=(5, 2)).astype("float32")
    head = model.likelihood.heads[0]
    features = (z @ decoder.layers[0].kernel.numpy()).reshape(5, 3, 2, 3)
    logits = features @ head.kernel.numpy()[:, 0]
    x = np.array([[[0, 1], [1, 1], [0, 0]]], "float32")
    expected = (x * logits - np.logaddexp(0, logits)).sum(axis=(1, 2))
    np.testing.assert_allclose(model.decode(z).log_prob(x), expected, rtol=1e-4)
    flat = np.tanh(x.reshape(1, 6) @ encoder.layers[1].kernel.numpy())
    loc = flat @ model.loc_head.kernel.numpy()
    np.testing.assert_allclose(model.encode(x).mean(), loc, rtol=1e-4, atol=1e-6)


def test_a_decoder_gives_the_parameters_itself():
    decoder = keras.Sequential([layers.Dense(8), layers.Reshape((2, 2, 2))])
    likelihood = kv.likelihoods.Gaussian(link="identity", heads=None)
    model = kv.VAE(latent_dim=2, decoder=decoder, image_shape=(2, 2), likelihood=likelihood)
    assert not model.likelihood.heads
    z = np.ones((3, 2), "float32")
    parameters = decoder(z).numpy()
    decoded = model.decode(z)
    np.testing.assert_allclose(decoded.mean(), parameters[..., 0], rtol=1e-5)
    scale = np.exp(0.5 * np.tanh(parameters[..., 1]))
    np.testing.assert_allclose(decoded.stddev(), scale, rtol=1e-5)
    copy = kv.VAE.from_config(model.get_config())
    assert not copy.likelihood.heads and len(copy.weights) == len(model.weights)
    # Where there is one parameter, its axis may be left out.
    decoder = keras.Sequential([layers.Dense(4), layers.Reshape((2, 2))])
    likelihood = kv.likelihoods.Bernoulli(heads=None)
    kv.VAE(latent_dim=2, decoder=decoder, image_shape=(2, 2), likelihood=likelihood)


def test_tables_of_real_numbers():
    rng = np.random.default_rng(0)
    table = (rng.normal(size=(200, 1)) @ [[2.0, -1.5, 1.0]] - 1).astype("float32")
    likelihood = kv.likelihoods.Gaussian(link="identity", min_scale=0.1, max_scale=2.0)
    model = kv.VAE(latent_dim=1, hidden_units=16, event_shape=3, likelihood=likelihood, seed=0)
    model.compile(keras.optimizers.Adam(0.05), jit_compile=False)
    model.fit(table, epochs=15, batch_size=20, verbose=0)
    error = (model.reconstruct(table) - table).std(axis=0)
    assert (error < 0.5 * table.std(axis=0)).all()


@keras.saving.register_keras_serializable("tests")
class Residual(layers.Layer):
    """A layer of one's own, which makes its parts when it is built."""

    def build(self, input_shape):
        self.inner = layers.Dense(input_shape[-1])
        self.inner.build(input_shape)
        self.built = True

    def call(self, inputs):
        return inputs + self.inner(inputs)


def functional():
    inputs = keras.Input((5,))
    hidden = layers.Dense(6, kernel_regularizer=keras.regularizers.L2(0.1))(inputs)
    hidden = layers.BatchNormalization()(hidden)
    return keras.Model(inputs, layers.Dropout(0.4)(hidden))


def with_regularisers(**kwargs):
    return kv.VAE(
        latent_dim=2, encoder=functional(), decoder=Residual(), event_shape=5, seed=3, **kwargs
    )


def test_the_seed_decides_weights_and_noise_of_given_networks():
    x = (np.random.default_rng(0).random((20, 5)) < 0.5).astype("float32")
    trained = []
    for keras_seed in (1, 2):
        keras.utils.set_random_seed(keras_seed)
        model = with_regularisers()
        model.compile(run_eagerly=True)
        model.fit(x, batch_size=10, epochs=2, verbose=0)
        trained.append(model)
    for first, second in zip(*(model.get_weights() for model in trained), strict=True):
        np.testing.assert_array_equal(first, second)
    (normalised,) = (one for one in model.encoder.layers if "normalization" in one.name)
    assert abs(normalised.moving_mean.numpy()).max() > 0
    assert len(model.losses) == 1


@keras.saving.register_keras_serializable("tests")
def autoregressive(latent_dim):
    return tfb.MaskedAutoregressiveFlow(kv.networks.MaskedAutoregressiveNetwork(2, (3, 3)))


def test_the_seed_decides_the_packages_own_networks_too():
    def weights(keras_seed, seed):
        keras.utils.set_random_seed(keras_seed)
        model = kv.VAE(
            latent_dim=2,
            encoder=kv.networks.DenseStack((4, 4), gated=True),
            decoder=kv.networks.DenseStack((3,), kernel_initializer="keras_vae>FanInUniform"),
            prior=kv.priors.Flow(autoregressive, seed=seed),
            event_shape=5,
            seed=seed,
        )
        return [weight for weight in model.get_weights() if weight.any() and weight.ndim]

    first, same, other = weights(1, 3), weights(2, 3), weights(1, 4)
    assert len(first) == len(other) == 11
    for one, again, another in zip(first, same, other, strict=True):
        np.testing.assert_array_equal(one, again)
        assert not np.array_equal(one, another)
    shapes = [weight.tobytes() for weight in first]
    assert len(set(shapes)) == len(shapes)


def test_a_seed_that_a_network_was_given_is_kept():
    first, second = (
        kv.VAE(encoder=kv.networks.DenseStack((4,), seed=1), event_shape=5, seed=seed).encoder
        for seed in (3, 4)
    )
    for one, other in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert kv.networks.DenseStack.from_config(first.get_config()).seed == 1


def test_weights_that_were_trained_are_kept():
    encoder = functional()
    kernel = next(v for v in encoder.weights if v.name == "kernel")
    kernel.assign(np.full((5, 6), 0.5))
    kv.VAE(latent_dim=2, encoder=encoder, event_shape=5, seed=3)
    np.testing.assert_array_equal(kernel, np.full((5, 6), 0.5))


CATEGORIES = kv.likelihoods.Categorical(3)


@pytest.mark.parametrize(
    "arguments, error, message",
    [
        ({"encoder": len}, TypeError, "`encoder` must be a Keras layer or model"),
        ({"encoder": layers.Conv2D(3, 3)}, ValueError, "`encoder` cannot take.*'batch', 5"),
        (
            {"decoder": layers.Reshape((2, 1))},
            ValueError,
            "fits no head.*keep the axes of the data",
        ),
        ({"decoder": layers.Lambda(lambda z: [z, z])}, TypeError, "one tensor"),
        ({"encoder": layers.Dense(2), "hidden_units": 3}, ValueError, "Give either them or"),
        (
            {"decoder": layers.Dense(3), "likelihood": kv.likelihoods.Bernoulli(heads=None)},
            ValueError,
            r"Bernoulli's parameters \('logits',\) in shape \(batch, 5, 1\).*3",
        ),
        ({"encoder": "own", "prior": "vamp"}, ValueError, "VampPrior.*batch normalisation"),
        (
            {"likelihood": kv.likelihoods.Categorical(3), "prior": "vamp"},
            ValueError,
            "another prior",
        ),
    ],
)
def test_what_does_not_fit_is_refused_at_construction(arguments, error, message):
    if arguments.get("encoder") == "own":
        arguments = {**arguments, "encoder": functional()}
    with pytest.raises(error, match=message):
        kv.VAE(**{"latent_dim": 2, "event_shape": 5, **arguments})

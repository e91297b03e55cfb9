"""What `fit` is given: weights, the order of the data, callbacks, losses of layers, strategies."""

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

import keras_vae as kv
from keras_vae import random
from keras_vae.models import fitting

tfd = tfp.distributions


def small(kind=kv.VAE, **kwargs):
    dims = {"latent_dim": 2} if issubclass(kind, kv.VAE) else {"latent_dims": (2,)}
    return kind(**{**dims, "hidden_units": 4, "image_shape": (2, 2), "seed": 0, **kwargs})


def binary(count, seed=0):
    return (np.random.default_rng(seed).random((count, 2, 2)) < 0.5).astype("float32")


def compiled(model, optimizer=None, **kwargs):
    model.compile(optimizer or keras.optimizers.SGD(0.1), **{"run_eagerly": True, **kwargs})
    return model


def same(first, second):
    return all(map(np.array_equal, first.get_weights(), second.get_weights()))


def test_weights_of_items_weigh_their_gradients_and_metrics():
    x, weights = binary(4), np.array([0.0, 1.0, 3.0, 0.0], "float32")
    model = compiled(small(objective="iwae"))
    stream = random.stream(0, random.TRAINING_NOISE, 0)
    with tf.GradientTape() as tape:
        bound = model.objective_bound(model.log_terms(x, 5, stream, training=True))
        loss = -tf.reduce_sum(weights * bound) / 4
    (gradient,) = tape.gradient(loss, [model.loc_head.kernel.value])
    before = model.loc_head.kernel.numpy()
    history = model.fit(x, sample_weight=weights, batch_size=4, shuffle=False, verbose=0).history
    np.testing.assert_allclose(model.loc_head.kernel, before - 0.1 * gradient, rtol=1e-5)
    expected = np.average(bound, weights=weights)
    np.testing.assert_allclose(history["bound"], [expected], rtol=1e-5)
    np.testing.assert_allclose(history["loss"], [loss], rtol=1e-5)


def test_weights_of_classes_are_those_of_their_items():
    x, labels = binary(12), np.arange(12) % 3
    by_class, by_item = compiled(small()), compiled(small())
    by_class.fit(x, labels, class_weight={0: 0.0, 1: 2.0, 2: 1.0}, verbose=0)
    by_item.fit(x, labels, sample_weight=np.array([0.0, 2.0, 1.0] * 4), verbose=0)
    assert same(by_class, by_item)
    plain = compiled(small())
    plain.fit(x, labels, verbose=0)
    assert not same(by_class, plain)


def test_evaluation_is_weighted_too():
    model, x = compiled(small()), binary(4)
    alone = model.evaluate(x, batch_size=4, verbose=0, return_dict=True)
    chosen = model.evaluate(
        x, sample_weight=np.array([0.0, 0, 0, 1]), batch_size=4, verbose=0, return_dict=True
    )
    terms = model.log_terms(x, 1, random.stream(0, random.EVALUATION_NOISE, 0))
    np.testing.assert_allclose(chosen["bound"], model.objective_bound(terms)[3], rtol=1e-5)
    assert chosen["bound"] != alone["bound"]
    held_out = (x, None, np.array([0.0, 0, 0, 1]))
    history = model.fit(x, validation_data=held_out, epochs=1, verbose=0).history
    found = model.evaluate(x, sample_weight=held_out[2], batch_size=32, verbose=0, return_dict=True)
    assert history["val_bound"] == [found["bound"]] != [alone["bound"]]


@pytest.mark.parametrize("steps", [1, 3])
def test_the_seed_decides_the_order_of_the_data(steps):
    x = binary(8)

    def trained(keras_seed, seed=0, epochs=(2,), **kwargs):
        keras.utils.set_random_seed(keras_seed)
        model = compiled(small(seed=seed), steps_per_execution=steps)
        for number in epochs:
            model.fit(x, batch_size=3, epochs=number, verbose=0, **kwargs)
        return model

    first = trained(1)
    assert same(first, trained(2)) and same(first, trained(1, epochs=(1, 1)))
    assert not same(first, trained(1, shuffle=False))


def test_every_pass_has_an_order_of_its_own_and_no_item_is_left_out():
    steps = iter([0, 0, 7])
    batches = fitting.shuffled_batches((np.arange(10), None), 4, 5, lambda: next(steps))
    passes = [[batch[0].numpy() for batch in batches] for _ in range(3)]
    assert [len(batch) for batch in passes[0]] == [4, 4, 2] and len(batches) == 3
    first, again, later = (np.concatenate(one).tolist() for one in passes)
    assert first == again != later and sorted(first) == sorted(later) == list(range(10))
    assert first != sorted(first)


def test_a_share_is_held_out_as_keras_does():
    x = binary(10)
    model = compiled(small())
    history = model.fit(x, validation_split=0.3, epochs=1, verbose=0).history
    other = compiled(small())
    expected = other.fit(x[:7], validation_data=(x[7:], None), verbose=0).history
    assert history == expected
    with pytest.raises(ValueError, match="between 0 and 1"):
        model.fit(x, validation_split=1.5, verbose=0)


@pytest.mark.parametrize(
    "monitor, best", [("val_bound", 3), ("bound", 3), ("val_reconstruction", 3), ("val_kl", -1)]
)
def test_callbacks_know_the_direction_of_what_they_monitor(monitor, best):
    stop = keras.callbacks.EarlyStopping(monitor, patience=1)
    model = compiled(small())
    x = binary(4)
    model.fit(x, validation_data=(x, None), callbacks=[stop], verbose=0)
    stop.on_train_begin()
    # Past whatever the epoch gave, which not every Keras forgets.
    for epoch, value in enumerate((2.0, -1.0, 3.0)):
        stop.on_epoch_end(epoch, {monitor: value})
    assert stop.best == best


@keras.saving.register_keras_serializable("tests")
class Noted(kv.likelihoods.Bernoulli):
    """Adds three times the sum of its biases to the loss."""

    def call(self, hidden):
        self.add_loss(3.0 * tf.reduce_sum(self.heads[0].bias))
        return super().call(hidden)


@pytest.mark.parametrize("prior", ["standard_normal", pytest.param("vamp", marks=pytest.mark.slow)])
def test_losses_that_layers_add_count_in_every_step_and_once(prior):
    def trained(penalised):
        kwargs = {"likelihood": Noted()} if penalised else {}
        model = small(prior=prior, **kwargs)
        # Without noise, which XLA draws as it likes, both ways give the same; a mixture of
        # posteriors that narrow has gradients that overflow.
        noiseless = prior == "standard_normal"
        if noiseless:
            model.log_variance_head.bias.assign([-60.0, -60.0])
        compiled(model, run_eagerly=noiseless and not penalised, steps_per_execution=2)
        model.fit(binary(8), batch_size=2, shuffle=False, verbose=0)
        return model.likelihood.heads[0].bias.numpy()

    # Four steps; the decoder is called once in each.
    moved = trained(True) - trained(False)
    assert abs(moved + 4 * 0.1 * 3.0).max() < 0.1


def test_convolutions_are_neither_compiled_nor_fused_without_a_gpu(monkeypatch):
    class Convolutional(kv.VAE):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.extra = keras.layers.Conv2D(1, 1)

    for kind, gpus, expected in (
        (Convolutional, [], False),
        (Convolutional, ["a GPU"], True),
        (kv.VAE, [], True),
    ):
        monkeypatch.setattr(kv.models.xla, "gpus", lambda gpus=gpus: gpus)
        model = small(kind)
        model.compile()
        assert bool(model.jit_compile) is expected
    fused = []
    monkeypatch.setattr(kv.models.base, "fused_train_function", lambda *_: fused.append(_))
    for kind in (Convolutional, kv.VAE):
        model = small(kind)
        model.compile(jit_compile=True, steps_per_execution=4)
        model.make_train_function()
        monkeypatch.setattr(kv.models.xla, "gpus", list)
    assert len(fused) == 1


class Correlated(kv.VAE):
    """Its posterior is a Gaussian with the same correlation everywhere."""

    def encode(self, x, training=False, batch_size=None):
        loc = super().encode(x, training, batch_size).mean()
        return tfd.MultivariateNormalTriL(loc, tf.constant([[0.5, 0.0], [0.4, 0.1]]))


@pytest.mark.parametrize("prior", ["standard_normal", "vamp"])
def test_a_correlated_posterior_is_sampled_as_what_it_is(prior):
    prior = kv.priors.VampPrior(3, seed=0) if prior == "vamp" else prior
    model, x = small(Correlated, prior=prior), binary(2)
    terms = model.log_terms(x, 20_000, random.stream(0, 0))
    covariance = np.array([[0.25, 0.2], [0.2, 0.17]])
    entropy = 0.5 * np.linalg.slogdet(2 * np.pi * np.e * covariance)[1]
    np.testing.assert_allclose(-terms.log_posterior.numpy().mean(axis=0), entropy, atol=0.05)
    if prior != "standard_normal":
        parts = model.encode(tf.convert_to_tensor(model.prior_layer.pseudo_inputs))
        z = tf.constant([[0.3, -0.2]])
        expected = tf.reduce_logsumexp(parts.log_prob(z)) - np.log(3.0)
        np.testing.assert_allclose(model.prior.log_prob(z), [expected], rtol=1e-5)


def test_a_posterior_without_gradients_is_refused_by_name():
    class Discrete(kv.VAE):
        def encode(self, x, training=False, batch_size=None):
            return tfd.Independent(tfd.Poisson(tf.ones((len(x), 2))), 1)

    with pytest.raises(TypeError, match="'Independent'.*reparameterised"):
        small(Discrete).log_weights(binary(2), 3)


@pytest.mark.parametrize(
    "given, error, message",
    [
        (None, TypeError, "`encode` must return a distribution.*None"),
        (tfd.Normal(tf.zeros((4, 2)), 1.0), ValueError, r"event shape \(2,\).*`tfd.Independent"),
        (tfd.MultivariateNormalDiag(tf.zeros((4, 3))), ValueError, r"\(2,\).*event shape \(3,\)"),
        (tfd.MultivariateNormalDiag(tf.zeros((3, 2))), ValueError, r"batch shape \(3,\)"),
    ],
)
def test_an_encode_of_the_wrong_shape_is_refused_before_training(given, error, message):
    class Wrong(kv.VAE):
        def encode(self, x, training=False, batch_size=None):
            return given

    model = compiled(small(Wrong))
    before = model.get_weights()
    with pytest.raises(error, match=message):
        model.fit(binary(4), batch_size=4, verbose=0)
    assert all(map(np.array_equal, before, model.get_weights()))


@keras.saving.register_keras_serializable("tests")
class Hidden(kv.priors.Prior):
    """A flow whose network Keras does not know."""

    def create_weights(self, latent_dim, image_shape):
        self.network = tfp.bijectors.AutoregressiveNetwork(2, hidden_units=[3])

    def distribution(self, encode):
        flow = tfp.bijectors.MaskedAutoregressiveFlow(self.network)
        base = tfd.Sample(tfd.Normal(0.0, 1.0), [self.latent_dim])
        return tfd.TransformedDistribution(base, flow)


@pytest.mark.parametrize("kind", [kv.VAE, kv.HierarchicalVAE])
def test_a_prior_with_weights_that_keras_cannot_see_is_refused(kind):
    with pytest.raises(ValueError, match="'Hidden' has weights that Keras does not train.*kernel"):
        small(kind, prior=Hidden())


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16", "float64"])
@pytest.mark.parametrize("kind", [kv.VAE, kv.HierarchicalVAE])
def test_densities_have_at_least_single_precision(dtype, kind):
    model = small(
        kind, dtype=dtype, likelihood="discretized_logistic", prior="mixture_of_gaussians"
    )
    x = np.random.default_rng(0).integers(0, 256, (3, 2, 2)) / 255
    plain = small(kind, likelihood="discretized_logistic", prior="mixture_of_gaussians")
    plain.set_weights(model.get_weights())
    expected = {"float64": tf.float64}.get(dtype, tf.float32)
    weights = model.log_weights(x, 4)
    assert weights.dtype == model.posterior_means(x).dtype == model.sample(2).dtype == expected
    z = [np.ones((3, size)) for size in model.latent_dims]
    z = z[0] if kind is kv.VAE else z
    near = {"rtol": {"float64": 1e-5}.get(dtype, 2e-2)}
    np.testing.assert_allclose(model.decode(z).log_prob(x), plain.decode(z).log_prob(x), **near)
    layer = model.encoder.dense_layers[0] if kind is kv.VAE else model.inference[0].hidden
    assert layer.compute_dtype == dtype.removeprefix("mixed_")
    compiled(model)
    history = model.fit(x, verbose=0).history
    assert np.isfinite(history["bound"]).all()
    scaled = isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
    assert scaled is (dtype == "mixed_float16")


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("kind", [kv.VAE, kv.HierarchicalVAE])
def test_weights_of_half_precision_are_refused(dtype, kind):
    with pytest.raises(ValueError, match=f"'{dtype}'.*mixed_{dtype}"):
        small(kind, dtype=dtype)


def test_a_global_precision_is_taken_too():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = small()
        assert model.encoder.dense_layers[0].compute_dtype == "bfloat16"
        assert model.log_weights(binary(2), 2).dtype == tf.float32
    finally:
        keras.config.set_dtype_policy("float32")


@pytest.mark.slow
def test_replicas_draw_apart_and_train_as_one():
    import subprocess
    import sys

    subprocess.run([sys.executable, "-c", REPLICAS], check=True, timeout=300)


REPLICAS = """
import warnings
import numpy as np, tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import keras, keras_vae as kv
from keras_vae import random
from keras_vae.models import fitting

def make():
    return kv.VAE(latent_dim=2, hidden_units=4, image_shape=(2, 2), seed=0)

seen = []
class Spy(kv.VAE):
    def log_terms(self, x, num_samples, seed, training=False):
        seen.append(seed)
        return super().log_terms(x, num_samples, seed, training)

x = np.ones((8, 2, 2), "float32")
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
with strategy.scope():
    model = make()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.compile(keras.optimizers.SGD(0.1), steps_per_execution=3)
    assert sum("taken as 1" in str(w.message) for w in caught) == 1
    model.log_variance_head.bias.assign([-60.0, -60.0])
single = make()
single.log_variance_head.bias.assign([-60.0, -60.0])
single.compile(keras.optimizers.SGD(0.1), jit_compile=False)
for one in (model, single):
    one.fit(x, batch_size=4, epochs=2, verbose=0)
for a, b in zip(model.get_weights(), single.get_weights(), strict=True):
    np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
stream = fitting.stream_of_replica
noise = strategy.run(lambda: random.normal((3,), stream(model._untracked.seed, 0, 0)))
first, second = strategy.experimental_local_results(noise)
assert not np.allclose(first, second)
"""


def test_logs_add_up_and_are_shown_once(capsys):
    x = binary(6)
    model = compiled(small(kv.VAE, objective=kv.objectives.ELBO(3)))
    history = model.fit(x, validation_data=(x, None), batch_size=2, epochs=2, verbose=2).history
    shown = capsys.readouterr().out
    assert "bound" in shown and "val_kl" in shown and "loss" not in shown
    for kind in ("", "val_"):
        added = np.subtract(history[f"{kind}reconstruction"], history[f"{kind}kl"])
        np.testing.assert_allclose(history[f"{kind}bound"], added, rtol=1e-5)
    model.fit(x, verbose=2, callbacks=[keras.callbacks.ProgbarLogger()])
    assert "loss" in capsys.readouterr().out


UNITS = {kv.VAE: None, kv.HierarchicalVAE: 4}


@pytest.mark.parametrize("kind", UNITS)
def test_a_summary_names_the_parts(kind):
    lines = []
    model = small(kind, decoder=kv.networks.DenseStack((3,)), hidden_units=UNITS[kind])
    model.summary(print_fn=lambda text, **_: lines.append(text), line_length=120)
    text = "\n".join(lines)
    for part in ("decoder (DenseStack)", "likelihood (Bernoulli)", "prior (StandardNormal)"):
        assert part in text, part


def test_a_model_is_exported_as_keras_exports_models(tmp_path):
    model = small()
    model.export(tmp_path / "1", verbose=False)
    served = tf.saved_model.load(str(tmp_path / "1"))
    x = binary(3)
    np.testing.assert_allclose(served.serve(x), model.reconstruct(x), rtol=1e-5)


def test_a_model_is_exported_as_keras_exports_to_litert(tmp_path):
    model, x, path = small(), binary(3), tmp_path / "model.tflite"
    try:
        model.export(path, format="litert", verbose=False)
    except ValueError as error:
        if "Unrecognized format" not in str(error):
            raise
        pytest.skip("This Keras has no LiteRT.")
    with warnings.catch_warnings():
        # It names another package, which is no part of TensorFlow.
        warnings.simplefilter("ignore", UserWarning)
        interpreter = tf.lite.Interpreter(str(path))
    runner = interpreter.get_signature_runner()
    (name,) = runner.get_input_details()
    (found,) = runner(**{name: x}).values()
    np.testing.assert_allclose(found, model.reconstruct(x), rtol=1e-4, atol=1e-5)


def test_tables_of_pandas_are_arrays():
    pandas = pytest.importorskip("pandas")
    rows = np.random.default_rng(0).normal(size=(8, 3))

    def history(x):
        model = kv.VAE(
            latent_dim=1,
            hidden_units=(),
            event_shape=3,
            likelihood=kv.likelihoods.Gaussian(link="identity"),
            seed=1,
        )
        model.compile(run_eagerly=True)
        return model, model.fit(x, batch_size=4, verbose=0).history

    model, found = history(pandas.DataFrame(rows))
    assert found == history(rows)[1]
    rows[5, 1] = np.nan
    holed = pandas.DataFrame(rows)
    for refuses in (model.fit, model.evaluate, model.encode, model.log_likelihood):
        with pytest.raises(ValueError, match=r"must be finite. Received nan at index \(5, 1\)"):
            refuses(holed)


def test_weights_are_checked_where_there_are_any():
    x = np.zeros((2, 2))
    assert fitting.labels(x, None, None) is None
    given = np.array([1, 2])
    assert fitting.labels(x, given, None) is given
    with pytest.raises(ValueError, match="sample weights"):
        fitting.labels(x, None, np.array([1.0, np.nan]))
    # Weights that are no arrays, such as those of a dataset, have no values yet.
    assert fitting.labels(x, given, object()) is given

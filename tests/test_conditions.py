"""Models with conditions, q(z|x, c) and p(x|z, c), from `fit((x, c))` to what is exported."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from keras import layers
from scipy import stats

import keras_vae as kv

tfd = tfp.distributions
KINDS = [kv.VAE, kv.HierarchicalVAE]
RNG = np.random.default_rng(0)


@keras.saving.register_keras_serializable("tests.conditions")
class UnitNormal(kv.likelihoods.Likelihood):
    parameters = ("loc",)

    def make_distribution(self, loc):
        return tfd.Normal(loc, 1.0)


def linear_gaussian():
    """p(x|c) = N(offset + c effect, W'W + I), near the posterior of the encoder."""
    model = kv.VAE(
        latent_dim=1,
        hidden_units=(),
        event_shape=4,
        condition_shape=2,
        likelihood=UnitNormal(),
        seed=3,
    )
    loadings, offset = np.array([[1.0, -0.5, 2.0, 0.3]]), np.array([1.0, 2.0, -1.0, 0.5])
    effect = np.array([[3.0, 0.0, 1.0, -2.0], [-1.0, 4.0, 0.0, 1.0]])
    (head,) = model.likelihood.heads
    head.kernel.assign(np.concatenate([loadings, effect]))
    head.bias.assign(offset)
    precision = (loadings @ loadings.T + 1).item()
    regression = loadings.T / precision
    model.loc_head.kernel.assign(np.concatenate([regression, -effect @ regression]))
    model.loc_head.bias.assign(-offset @ regression)
    model.log_variance_head.kernel.assign(np.zeros((6, 1)))
    model.log_variance_head.bias.assign([-np.log(precision)])
    return model, offset, effect, loadings.T @ loadings + np.eye(4)


def test_the_density_is_that_of_a_linear_gaussian_model_given_its_condition():
    model, offset, effect, covariance = linear_gaussian()
    condition = RNG.normal(size=(6, 2))
    mean = offset + condition @ effect
    x = np.stack([RNG.multivariate_normal(one, covariance) for one in mean])
    exact = [stats.multivariate_normal(m, covariance).logpdf(one) for m, one in zip(mean, x)]  # noqa: B905
    found = model.log_likelihood(x, 20, condition=condition, batch_size=4)
    np.testing.assert_allclose(found, exact, rtol=1e-4)
    np.testing.assert_allclose(model.score_samples(x, 9, condition=condition), exact, rtol=1e-4)
    # With exact posteriors every weight is the density itself.
    weights = model.log_weights(x, 3, condition=condition, batch_size=4)
    np.testing.assert_allclose(weights, [exact] * 3, rtol=1e-4)
    # Conditions belong to their items.
    assert abs(model.log_likelihood(x, 20, condition=condition[::-1]) - exact).max() > 1


def test_missing_values_are_filled_in_as_the_condition_says():
    model, offset, effect, covariance = linear_gaussian()
    condition = RNG.normal(size=(3, 2))
    mean = offset + condition @ effect
    x = np.stack([RNG.multivariate_normal(one, covariance) for one in mean])
    mask = np.array([[0, 0, 1, 0], [1, 0, 0, 1], [1, 1, 1, 1]], bool)
    broken = np.where(mask, np.nan, x)
    found = model.log_likelihood(broken, 20_000, condition=condition, mask=mask)
    for i in range(2):
        rest = ~mask[i]
        marginal = stats.multivariate_normal(mean[i, rest], covariance[np.ix_(rest, rest)])
        np.testing.assert_allclose(found[i], marginal.logpdf(x[i, rest]), atol=0.02)
    assert abs(found[2]) < 0.05
    filled = model.impute(broken, mask, steps=200, condition=condition)
    # Where nothing is known, it comes to rest at the mean.
    np.testing.assert_allclose(filled[2], mean[2], rtol=1e-3, atol=1e-3)
    again = model.impute(broken[::-1], mask[::-1], steps=200, condition=condition[::-1])
    np.testing.assert_allclose(again[::-1], filled, rtol=1e-5, atol=1e-5)


@keras.saving.register_keras_serializable("tests.conditions")
class OnlyCondition(layers.Layer):
    """A decoder that ignores the code: it is called with a list of codes and conditions."""

    def build(self, input_shape):
        self.inner = layers.Dense(3)
        self.inner.build(input_shape[1])
        self.built = True

    def call(self, inputs):
        _, condition = inputs
        return self.inner(condition)


def two_inputs(name="joint"):
    x, condition = keras.Input((4, 4)), keras.Input((2,))
    hidden = layers.Concatenate()([layers.Flatten()(x), condition])
    return keras.Model([x, condition], layers.Dense(5, activation="tanh")(hidden), name=name)


def uninformative(kind):
    """A model with networks of its own whose codes are noise, in the posterior as in the prior."""
    model = kind(
        encoder=two_inputs(),
        decoder=OnlyCondition(),
        image_shape=(4, 4),
        condition_shape=2,
        seed=1,
        **{"hidden_units": 3} if kind is kv.HierarchicalVAE else {"latent_dim": 3},
    )
    levels = [model] if kind is kv.VAE else [*model.inference, *model.generation]
    for level in levels:
        for head in (level.loc_head, level.log_variance_head):
            head.kernel.assign(tf.zeros_like(head.kernel))
    return model


@pytest.mark.parametrize("kind", KINDS)
def test_a_decoder_that_ignores_the_code_leaves_the_conditional_likelihood(kind):
    model = uninformative(kind)
    x = (RNG.random((5, 4, 4)) < 0.5).astype("float32")
    condition = RNG.normal(size=(5, 2)).astype("float32")
    (head,), inner = model.likelihood.heads, model.decoder.inner
    logits = (condition @ inner.kernel.numpy() @ head.kernel.numpy()).reshape(5, 4, 4)
    expected = (x * logits - np.logaddexp(0, logits)).sum(axis=(1, 2))
    for found in (
        model.log_likelihood(x, 3, condition=condition),
        model.log_weights(x, 2, condition=condition)[1],
        model.decode(model.sample_prior(5, tf.constant([1, 2])), condition=condition).log_prob(x),
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-4)
    means = 1 / (1 + np.exp(-logits))
    np.testing.assert_allclose(model.sample(5, condition=condition), means, rtol=1e-4)
    np.testing.assert_allclose(model.reconstruct(x, condition=condition), means, rtol=1e-4)


def groups(n=120):
    """Binary images, dark above in one group and below in the other; and which group."""
    condition = np.eye(2, dtype="float32")[np.arange(n) % 2]
    bright = np.stack([np.repeat([0.9, 0.1], 2), np.repeat([0.1, 0.9], 2)])
    return (RNG.random((n, 4, 4)) < (condition @ bright)[..., None]).astype("float32"), condition


def small(kind, **kwargs):
    return kind(
        **{"hidden_units": 6, "image_shape": (4, 4), "condition_shape": (2,), "seed": 0, **kwargs}
    )


@pytest.fixture(
    scope="module", params=[kv.VAE, pytest.param(kv.HierarchicalVAE, marks=pytest.mark.slow)]
)
def trained(request):
    x, condition = groups()
    model = small(request.param)
    model.compile(keras.optimizers.Adam(0.02), jit_compile=False)
    model.fit((x, condition), batch_size=20, epochs=25, verbose=0)
    return model, x, condition


def test_samples_are_of_the_group_that_the_condition_names(trained):
    model, _, condition = trained
    for group, lit in ((0, slice(0, 2)), (1, slice(2, 4))):
        samples = model.sample(20, seed=1, condition=condition[group]).numpy()
        dark = np.delete(samples, np.arange(4)[lit], axis=1)
        assert samples[:, lit].mean() > 0.7 > 0.3 > dark.mean()
    both = model.sample(40, seed=1, condition=condition[:40], batch_size=15).numpy()
    assert (both[::2, :2].mean((1, 2)) > both[::2, 2:].mean((1, 2))).all()
    assert (both[1::2, :2].mean((1, 2)) < both[1::2, 2:].mean((1, 2))).all()


def test_the_true_condition_explains_items_best(trained):
    model, x, condition = trained
    right, wrong = (model.log_likelihood(x, 50, condition=c) for c in (condition, 1 - condition))
    assert np.mean(right > wrong) > 0.95


def test_items_are_permuted_with_their_conditions_and_put_together_from_parts(trained):
    model, x, condition = trained
    x, condition, order = x[:7], condition[:7], RNG.permutation(7)
    for call in (
        model.reconstruct,
        model.posterior_means,
        lambda x, **given: model.posterior_parameters(x, **given)[1],
    ):
        whole = call(x, condition=condition)
        np.testing.assert_allclose(
            call(x[order], condition=condition[order]), whole[order], rtol=1e-4, atol=1e-6
        )
        np.testing.assert_allclose(
            call(x, condition=condition, batch_size=3), whole, rtol=1e-4, atol=1e-6
        )
        assert abs(call(x, condition=1 - condition) - whole).max() > 1e-3


@pytest.mark.slow
def test_a_saved_model_and_an_exported_one_give_the_same_numbers(trained, tmp_path):
    model, x, condition = trained
    x, condition = x[:5], condition[:5]
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.condition_shape == (2,)
    expected = model.log_weights(x, 2, condition=condition)
    np.testing.assert_array_equal(loaded.log_weights(x, 2, condition=condition), expected)
    reconstructed = model.reconstruct(x, condition=condition)
    model.export(tmp_path / "served", verbose=False)
    served = tf.saved_model.load(tmp_path / "served")
    np.testing.assert_allclose(served.serve((x, condition)), reconstructed, rtol=1e-4, atol=1e-6)
    names = ("encode", "decode", "reconstruct", "sample", "log_likelihood")
    serve = kv.export.Endpoints(model).signatures(*names)
    given = {"images": tf.constant(x), "condition": tf.constant(condition)}
    found = serve["reconstruct"](**given)["images"]
    np.testing.assert_allclose(found, reconstructed, rtol=1e-4, atol=1e-6)
    loc = serve["encode"](**given)["loc"]
    np.testing.assert_allclose(loc, model.posterior_means(x, condition=condition), rtol=1e-4)
    decoded = serve["decode"](z=loc, condition=given["condition"])["images"]
    np.testing.assert_allclose(decoded, reconstructed, rtol=1e-4, atol=1e-6)
    for one in (condition[1], condition[:3]):
        given_seed = {"n": tf.constant(3), "seed": tf.constant(4)}
        found = serve["sample"](**given_seed, condition=tf.constant(one.reshape(-1, 2)))
        expected = model.sample(3, seed=4, condition=one)
        np.testing.assert_allclose(found["images"], expected, rtol=1e-4, atol=1e-5)
    estimate = serve["log_likelihood"](**given, num_samples=tf.constant(2000))["log_likelihood"]
    expected = model.log_likelihood(x, 2000, condition=condition)
    np.testing.assert_allclose(estimate, expected, atol=0.1)


def test_keras_own_methods_take_pairs(trained):
    model, x, condition = trained
    bound = model.evaluate((x, condition), verbose=0, return_dict=True)["bound"]
    labels = np.arange(len(x))
    for elements in (((x, condition),), ((x, condition), labels)):
        dataset = tf.data.Dataset.from_tensor_slices(elements).batch(32)
        found = model.evaluate(dataset, verbose=0, return_dict=True)["bound"]
        np.testing.assert_allclose(found, bound, rtol=1e-5)
    reconstructed = model.reconstruct(x, condition=condition)
    for found in (model.predict((x, condition), verbose=0), model((x, condition))):
        np.testing.assert_allclose(found, reconstructed, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_every_way_to_train(kind):
    x, condition = groups(24)
    model = small(kind)
    model.compile("sgd", run_eagerly=True)
    probe = kv.callbacks.LinearProbe(*[((x, condition), condition.argmax(1))] * 2)
    callbacks = [kv.callbacks.LatentActivity((x, condition)), probe]
    given = {"batch_size": 12, "verbose": 0, "callbacks": callbacks}
    for arguments in (
        {"x": (x, condition), "validation_split": 0.5},
        {"x": [x, condition], "validation_data": ((x, condition),)},
        {"x": (x, condition), "y": np.ones(24), "validation_data": ((x, condition), np.ones(24))},
        {"x": (x, condition), "sample_weight": np.ones(24), "shuffle": False},
    ):
        history = model.fit(**arguments, **given).history
        assert {"active_units", "probe_accuracy", "bound"} <= history.keys()
        assert np.isfinite(history.get("val_bound", 0)).all()
    assert np.isfinite(model.train_on_batch((x, condition))).all()


def test_weights_go_with_items_and_conditions():
    x, condition = groups(3)
    model = small(kv.VAE, hidden_units=())
    model.compile(run_eagerly=True)

    def bound(weights):
        weights = np.array(weights)
        found = model.evaluate((x, condition), sample_weight=weights, verbose=0, return_dict=True)
        return found["bound"]

    each = [bound(one) for one in np.eye(3)]
    np.testing.assert_allclose(bound([1, 2, 3]), np.average(each, weights=[1, 2, 3]), rtol=1e-5)


@pytest.mark.slow
def test_fused_steps_are_single_steps():
    x, condition = groups(36)

    def trained(steps):
        model = small(kv.VAE, hidden_units=())
        model.compile("sgd", jit_compile=True, steps_per_execution=steps)
        history = model.fit((x, condition), batch_size=9, epochs=2, verbose=0).history
        return model, history

    (single, single_history), (fused, fused_history) = trained(1), trained(4)
    assert fused_history == single_history
    for ours, theirs in zip(single.weights, fused.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("kind", KINDS)
def test_axes_before_codes_and_conditions_broadcast(kind):
    model = small(kind, condition_shape=(2, 3))
    condition = RNG.normal(size=(4, 2, 3)).astype("float32")
    z = model.sample_prior(5, tf.constant([1, 2]))
    z = tf.nest.map_structure(lambda level: level[:, None], z)
    crossed = model.decode(z, condition=condition)
    assert crossed.batch_shape == (5, 4)
    for i, j in ((0, 3), (4, 1)):
        one = tf.nest.map_structure(lambda level: level[i, 0], z)  # noqa: B023
        np.testing.assert_allclose(
            model.decode(one, condition=condition[j]).mean(), crossed.mean()[i, j], rtol=1e-4
        )


def test_single_numbers_are_conditions_too():
    model = small(kv.VAE, condition_shape=())
    x, condition = groups(4)[0], np.arange(4.0)
    assert model.reconstruct(x, condition=condition).shape == x.shape
    np.testing.assert_allclose(
        model.sample(2, seed=1, condition=3.0), model.sample(2, seed=1, condition=[3.0, 3.0])
    )


@pytest.mark.parametrize("batch_size", [None, 250])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_missing_begins_with_the_median_under_each_of_many_conditions(
    kind, monkeypatch, batch_size
):
    """Conditions that are real numbers all differ: they are not decoded one by one."""
    untrained = small(kind, hidden_units=1)
    conditions = RNG.normal(size=(6, 2)).astype("float32")[[0, 1, 2, 3, 4, 5, 0]]
    samples = [untrained.sample(101, untrained.seed, condition=one) for one in conditions]
    start, decode, decoded = np.median(samples, axis=1), type(untrained).decode, []

    def counted(self, z, *arguments, condition):
        decoded.append(len(condition))
        return decode(self, z, *arguments, condition=condition)

    expected = untrained.reconstruct(start, condition=conditions)
    monkeypatch.setattr(type(untrained), "decode", counted)
    nothing = np.full((7, 4, 4), np.nan)
    found = untrained.impute(
        nothing, np.isnan(nothing), steps=1, batch_size=batch_size, condition=conditions
    )
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert decoded == ([6, 7] if batch_size is None else [2, 2, 2, 7])


@pytest.mark.parametrize("posterior", kv.posteriors.POSTERIORS)
def test_every_posterior_is_given_the_condition(posterior):
    model = small(kv.VAE, latent_dim=2, posterior=posterior)
    model.compile("sgd", run_eagerly=True)
    x, condition = groups(6)
    assert np.isfinite(model.fit((x, condition), verbose=0).history["bound"]).all()
    noise = tf.constant([1, 2])
    right, wrong = (
        model.log_terms(x, 2, noise, condition=c).log_posterior for c in (condition, 1 - condition)
    )
    assert abs(right - wrong).numpy().max() > 1e-4

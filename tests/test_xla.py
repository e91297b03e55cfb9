"""What XLA cannot compile is evaluated without it, or refused by name."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from scipy import stats

import keras_vae as kv
from keras_vae.models import xla

tfd = tfp.distributions


@tf.custom_gradient
def by_numpy(x):
    doubled = tf.numpy_function(lambda values: 2 * values, [x], x.dtype)
    return tf.ensure_shape(doubled, x.shape), lambda upstream: 2 * upstream


@keras.saving.register_keras_serializable("tests.xla")
class ByNumPy(kv.posteriors.Posterior):
    """N(2 loc, exp(log_scale)^2), which XLA cannot compile."""

    parameters = ("loc", "log_scale")

    def make_distribution(self, loc, log_scale):
        return kv.posteriors.diagonal_gaussian(by_numpy(loc), tf.exp(log_scale))


@keras.saving.register_keras_serializable("tests.xla")
class UnitNormal(kv.likelihoods.Likelihood):
    parameters = ("loc",)

    def make_distribution(self, loc):
        return tfd.Normal(loc, 1.0)


X = np.random.default_rng(0).normal(size=(9, 2)).astype("float32")


def make():
    """p(x) = N(0, W'W + 1), with a posterior that is near the exact one."""
    model = kv.VAE(
        latent_dim=1,
        hidden_units=(),
        event_shape=2,
        likelihood=UnitNormal(),
        posterior=ByNumPy(),
        seed=0,
    )
    (head,), loadings = model.likelihood.heads, np.array([[1.0, -2.0]])
    head.kernel.assign(loadings)
    model.loc_head.kernel.assign(0.5 * loadings.T / 6)
    model.log_scale_head.kernel.assign(np.zeros((2, 1)))
    model.log_scale_head.bias.assign([-0.5 * np.log(6)])
    return model, stats.multivariate_normal([0, 0], loadings.T @ loadings + np.eye(2)).logpdf(X)


def test_the_likelihood_is_evaluated_without_xla_and_says_so_once():
    model, exact = make()
    with pytest.warns(RuntimeWarning, match="XLA cannot compile PyFunc.*without") as caught:
        found = model.log_likelihood(X, 40, seed=1)
    assert len(caught) == 1
    np.testing.assert_allclose(found, exact, rtol=1e-4)
    # Warnings are errors.
    np.testing.assert_array_equal(model.log_likelihood(X, 40, seed=1), found)
    mask = np.array([[0, 1]] * 9, bool)
    # Which takes samples of another distribution.
    rest = model.log_likelihood(X, 3000, mask=mask)
    np.testing.assert_allclose(rest, stats.norm(0, 2**0.5).logpdf(X[:, 0]), atol=0.1)


@pytest.mark.parametrize("steps", [1, 2])
def test_training_says_how_to_do_without_xla(steps):
    model, _ = make()
    model.compile(steps_per_execution=steps)
    calls = [lambda: model.fit(X, verbose=0), lambda: model.evaluate(X, verbose=0)]
    calls += [lambda: model.predict(X, verbose=0), lambda: model.train_on_batch(X)]
    for call in calls[: 4 if steps == 1 else 1]:
        with pytest.raises(RuntimeError, match=r"PyFunc.*compile\(\.\.\., jit_compile=False\)"):
            call()
    model.compile(steps_per_execution=steps, jit_compile=False)
    assert np.isfinite(model.fit(X, verbose=0).history["bound"][0])


def test_other_errors_of_a_step_are_left_alone():
    def fails(_):
        raise tf.errors.InvalidArgumentError(None, None, "not of this kind")

    with pytest.raises(tf.errors.InvalidArgumentError, match="not of this kind"):
        xla.explained(fails)(None)


def test_a_refusal_is_quoted_without_the_names_of_nodes():
    text = """Detected at node while/qr defined at (most recent call last):
    Shapes of a loop's values must not change: [2,3] became [3,2].
\t [[{{node while/qr}}]]
\ttf2xla conversion failed while converting __inference_one_step_17[].
\t [[StatefulPartitionedCall]] [Op:__inference_multi_step_42]
"""
    said = xla.refusal(tf.errors.InvalidArgumentError(None, None, text))
    assert said.startswith("XLA cannot compile this model. tf2xla conversion failed")
    assert "[[" not in said and "[Op:" not in said
    assert xla.refusal(tf.errors.InvalidArgumentError(None, None, "Shapes differ.")) is None


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("kind", ["Conv{}D", "Conv{}DTranspose"])
def test_convolutions_of_every_rank_are_known(monkeypatch, rank, kind):
    layer = getattr(keras.layers, kind.format(rank))(2, 3)
    model = keras.Sequential([keras.layers.Dense(2), layer])
    assert xla.convolves_without_gpu(model)
    assert not xla.convolves_without_gpu(keras.Sequential([keras.layers.Dense(2)]))
    monkeypatch.setattr(xla, "gpus", lambda: ["a GPU"])
    assert not xla.convolves_without_gpu(model)

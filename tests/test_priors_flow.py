"""A prior of TFP's bijectors: its density, its samples, its weights."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from scipy import stats

import keras_vae as kv
from keras_vae.networks import MaskedAutoregressiveNetwork
from keras_vae.priors import Flow

tfb, tfd = tfp.bijectors, tfp.distributions


def small(prior, kind=kv.VAE, **kwargs):
    dims = {"latent_dim": 2} if kind is kv.VAE else {"latent_dims": (2, 1)}
    return kind(
        **{**dims, "hidden_units": 4, "event_shape": 4, "prior": prior, "seed": 1, **kwargs}
    )


def of_a_model(prior, latent_dim):
    """A prior with weights that make it far from normal, in double precision."""
    prior.dtype_policy = "float64"
    prior.build_for(latent_dim, (4,))
    rng = np.random.default_rng(0)
    for weight in prior.weights:
        weight.assign(0.5 * rng.normal(size=weight.shape))
    return prior.distribution(None)


@keras.saving.register_keras_serializable("tests.flow")
def two_steps(latent_dim):
    first, second = (MaskedAutoregressiveNetwork(2, (4,), seed=seed) for seed in (1, 2))
    coupling = tfb.MaskedAutoregressiveFlow(lambda z: tf.unstack(second(z), axis=-1))
    return tfb.Chain([tfb.MaskedAutoregressiveFlow(first), tfb.Invert(coupling)])


@pytest.mark.parametrize(
    "bijector, dims",
    [("masked_autoregressive", 1), ("masked_autoregressive", 2), ("real_nvp", 2)],
)
def test_the_density_integrates_to_one_and_is_that_of_the_samples(bijector, dims):
    prior = of_a_model(Flow(bijector, hidden_units=5, activation="tanh", seed=0), dims)
    axis, step = np.linspace(-20, 20, 801, retstep=True)
    points = np.array(list(itertools.product(axis, repeat=dims)))
    density = np.exp(prior.log_prob(points)) * step**dims
    np.testing.assert_allclose(density.sum(), 1, atol=1e-3)
    mean, second = density @ points, density @ points**2
    z = prior.sample(4000, seed=(0, 1)).numpy()
    errors = np.sqrt((second - mean**2) / 4000)
    assert (abs(z.mean(axis=0) - mean) < 5 * errors + 1e-3).all()
    # Far from the standard normal that it is made of.
    assert abs(density.max() / step**dims - stats.norm.pdf(0) ** dims) > 0.02


@pytest.mark.parametrize("bijector", ["masked_autoregressive", "real_nvp"])
def test_densities_far_out_are_finite_before_any_training(bijector):
    prior = small(Flow(bijector, num_flows=4, hidden_units=8, seed=1)).prior
    z = np.array(list(itertools.product([-9.0, 0.0, 9.0], repeat=2)), "float32")
    assert np.isfinite(prior.log_prob(z)).all()
    scores = prior.log_prob(np.random.default_rng(0).normal(size=(100, 2)).astype("float32"))
    assert scores.numpy().mean() > -50


def test_a_function_gives_any_bijector_of_tfp():
    prior = Flow(two_steps)
    model = small(prior)
    expected = tfd.TransformedDistribution(
        tfd.MultivariateNormalDiag(tf.zeros(2), tf.ones(2)), two_steps(2)
    )
    z = np.random.default_rng(0).normal(size=(5, 2)).astype("float32")
    np.testing.assert_allclose(model.prior.log_prob(z), expected.log_prob(z), rtol=1e-5)
    # Two networks, of which one is hidden in a function; each has a hidden layer.
    assert len(prior.trainable_variables) == 8


def test_layers_that_a_function_makes_have_at_least_single_precision():
    model = small(Flow(two_steps), dtype="mixed_bfloat16")
    assert model.prior.log_prob(tf.zeros((1, 2))).dtype == tf.float32
    assert keras.config.dtype_policy().name == "float32"


@pytest.mark.parametrize("make", [lambda: Flow("real_nvp", seed=3), lambda: Flow(two_steps)])
def test_its_weights_are_trained_and_saved(make, tmp_path):
    model = small(make(), objective=kv.objectives.IWAE(2))
    before = [weight.numpy() for weight in model.prior_layer.trainable_variables]
    model.compile(keras.optimizers.SGD(0.1), run_eagerly=True)
    x = (np.random.default_rng(0).random((6, 4)) < 0.5).astype("float32")
    model.train_on_batch(x)
    moved = [
        not np.array_equal(old, new)
        for old, new in zip(before, model.prior_layer.trainable_variables, strict=True)
    ]
    # The first dimension's parameters have no hidden unit to come from.
    assert len(moved) >= 8 and sum(moved) >= len(moved) - 2
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.get_config() == model.get_config()
    z = np.random.default_rng(0).normal(size=(5, 2)).astype("float32")
    np.testing.assert_array_equal(loaded.prior.log_prob(z), model.prior.log_prob(z))
    np.testing.assert_array_equal(loaded.sample(3, seed=0), model.sample(3, seed=0))


def test_it_is_the_prior_of_the_top_level_too():
    model = small("flow", kv.HierarchicalVAE)
    x = (np.random.default_rng(0).random((6, 4)) < 0.5).astype("float32")
    assert np.isfinite(model.log_weights(x, 3)).all() and model.sample(2).shape == (2, 4)


@pytest.mark.parametrize("bijector", ["real_nvp", "masked_autoregressive"])
def test_the_seed_decides_its_weights(bijector):
    def first_weights(seed=1):
        return small(Flow(bijector, seed=seed)).prior_layer.weights[0].numpy()

    np.testing.assert_array_equal(first_weights(), first_weights())
    assert not np.allclose(first_weights(), first_weights(seed=2))


def unseen(latent_dim):
    return tfb.MaskedAutoregressiveFlow(tfb.AutoregressiveNetwork(2, hidden_units=[3]))


def variable(latent_dim):
    return tfb.Scale(tf.Variable([2.0] * latent_dim))


SHORTER = tfb.Inline(
    forward_fn=lambda z: z[..., :1],
    inverse_fn=lambda z: tf.concat([z, z], axis=-1),
    inverse_log_det_jacobian_fn=lambda z: tf.zeros(z.shape[:-1]),
    forward_min_event_ndims=1,
)
REFUSED = {
    "a name": (lambda: Flow("nvp"), ValueError, "bijector: 'nvp'. Valid.*'masked_autoreg"),
    "a bijector": (lambda: Flow(tfb.Exp()), TypeError, "function from the number of latent"),
    "options": (lambda: Flow(two_steps, num_flows=3), ValueError, "named bijectors: num_flows"),
    "no flow": (lambda: Flow(num_flows=0), ValueError, "num_flows.*at least 1"),
    "one dimension": (
        lambda: small(Flow("real_nvp"), latent_dim=1),
        ValueError,
        "'real_nvp' needs at least two latent dimensions",
    ),
    "no bijector": (lambda: small(Flow(lambda dims: dims)), TypeError, "must return a bijector"),
    "a network of TFP": (
        lambda: small(Flow(unseen)),
        ValueError,
        "'Flow' has weights that Keras does not train.*kernel.*Use Keras layers",
    ),
    "a variable": (lambda: small(Flow(variable)), ValueError, "does not train: Variable"),
    "one way": (
        lambda: small(
            Flow(lambda dims: tfb.Inline(forward_fn=tf.identity, forward_min_event_ndims=1))
        ),
        TypeError,
        "needs both directions",
    ),
    "another shape": (
        lambda: small(Flow(lambda dims: SHORTER)),
        ValueError,
        "must keep vectors of 2 dimensions",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refuses(name):
    make, error, message = REFUSED[name]
    with pytest.raises(error, match=message):
        make()

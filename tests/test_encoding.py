"""Encoding many images a part at a time, and models of one and of several levels alike."""

import gc
import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vae as kv

SMALL = {"image_shape": (2, 3), "likelihood": "gaussian", "seed": 4}
X = np.random.default_rng(0).random((7, 2, 3), dtype=np.float32)


def one_level(**kwargs):
    return kv.VAE(latent_dim=3, hidden_units=(5,), **SMALL, **kwargs)


def two_levels():
    return kv.HierarchicalVAE(latent_dims=(2, 1), hidden_units=5, **SMALL)


@pytest.fixture(scope="module", params=[one_level, two_levels])
def model(request):
    return request.param()


def spy(monkeypatch, model):
    """Numbers of images that pass through the first network."""
    seen = []
    network = model.encoder if isinstance(model, kv.VAE) else model.inference[0].hidden
    call = network.call

    def counted(inputs, *args, **kwargs):
        seen.append((inputs[0] if isinstance(inputs, list) else inputs[:]).shape[0])
        return call(inputs, *args, **kwargs)

    monkeypatch.setattr(network, "call", counted)
    return seen


@pytest.mark.parametrize("batch_size, parts", [(None, [7]), (3, [3, 3, 1]), (7, [7]), (50, [7])])
def test_the_parts_of_a_batch_are_put_together(monkeypatch, model, batch_size, parts):
    loc, scale = model.posterior_parameters(X)
    seen = spy(monkeypatch, model)
    near = {"rtol": 1e-5, "atol": 1e-6}
    found = model.posterior_parameters(X, batch_size=batch_size)
    assert seen == parts
    np.testing.assert_allclose(found[0], loc, **near)
    np.testing.assert_allclose(found[1], scale, **near)
    np.testing.assert_allclose(model.posterior_means(X, batch_size=batch_size), loc, **near)
    assert seen == 2 * parts
    images = model.reconstruct(X, batch_size=batch_size)
    assert seen == 3 * parts and isinstance(images, np.ndarray)
    expected = model.decode(model.split_levels(tf.constant(loc))).mean()
    np.testing.assert_allclose(images, expected, **near)
    posterior = model.encode(X, batch_size=batch_size)
    z = posterior.sample(2, seed=tf.constant([1, 2]))
    log_prob = posterior.log_prob(z)
    assert log_prob.shape == (2, 7)
    np.testing.assert_allclose(log_prob, model.encode(X).log_prob(z), rtol=1e-4)


def test_one_pass_is_what_it_was(model):
    """Not a number changes where nothing is divided."""
    np.testing.assert_array_equal(model.reconstruct(X), model(X))
    if len(model.latent_dims) == 1:
        np.testing.assert_array_equal(model.posterior_means(X), model.encode(X).mean())


def test_batch_normalisation_of_a_part_is_its_own():
    model = one_level(batch_norm=True)
    halves = [model.encode(part, training=True).mean().numpy() for part in (X[:4], X[4:])]
    found = model.encode(X, training=True, batch_size=4).mean()
    np.testing.assert_allclose(found, np.concatenate(halves), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("method", ["encode", "reconstruct", "posterior_means"])
def test_unusable_arguments_are_refused_at_once(model, method):
    call = getattr(model, method)
    with pytest.raises(ValueError, match="`batch_size` must be at least 1. Received: 0"):
        call(X, batch_size=0)
    with pytest.raises(TypeError, match="`batch_size` must be an integer"):
        call(X, batch_size=2.0)
    with pytest.raises(ValueError, match=r"\(batch, 2, 3\).*\(7, 3, 2\)"):
        call(X.reshape(7, 3, 2), batch_size=2)


def test_codes_of_all_levels_side_by_side(model):
    assert sum(model.latent_dims) == 3
    codes = np.arange(12, dtype=np.float32).reshape(4, 3)
    split = model.split_levels(codes)
    if len(model.latent_dims) == 1:
        np.testing.assert_array_equal(split, codes)
    else:
        np.testing.assert_array_equal(split[0], codes[:, :2])
        np.testing.assert_array_equal(split[1], codes[:, 2:])
    assert model.decode(split).batch_shape == (4,)


def test_log_likelihoods_are_compiled_once_a_model():
    class Counted(kv.VAE):
        traces = 0

        def log_terms(self, *args, **kwargs):
            type(self).traces += 1
            return super().log_terms(*args, **kwargs)

    model = Counted(latent_dim=2, hidden_units=(3,), prior="mixture_of_gaussians", **SMALL)
    first = model.log_likelihood(X, 6)
    again, other = model.log_likelihood(X, 6), model.log_likelihood(X, 6, seed=9)
    assert model.traces == 1
    np.testing.assert_array_equal(first, again)
    assert not np.isclose(first, other).any()
    model.log_likelihood(X[:2], 6)
    assert model.traces == 1
    model.log_likelihood(X, 5)
    assert model.traces == 2
    # Every number that is read changes the result, without another compilation.
    for variable in (model.prior_layer.logits, model.loc_head.bias, model.likelihood.heads[0].bias):
        variable.assign_add(0.5 * np.arange(1, 1 + variable.shape[0]))
        changed, fresh = model.log_likelihood(X, 6), Counted.from_config(model.get_config())
        assert not np.isclose(changed, again).any()
        again = changed
    assert model.traces == 2
    fresh.set_weights(model.get_weights())
    np.testing.assert_allclose(fresh.log_likelihood(X, 6), again, rtol=1e-6)


def test_a_compiled_log_likelihood_keeps_no_model_alive():
    model = one_level()
    model.log_likelihood(X, 2)
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None


PARTS = {
    "prior": (kv.priors.StandardNormal, kv.priors.MixtureOfGaussians, "mixture_of_gaussians"),
    "likelihood": (kv.likelihoods.Bernoulli, kv.likelihoods.Gaussian, "gaussian"),
    "objective": (kv.objectives.ELBO, kv.objectives.IWAE, "iwae"),
}


@pytest.mark.parametrize("make", [kv.VAE, kv.HierarchicalVAE])
@pytest.mark.parametrize("part", PARTS)
def test_a_part_is_given_by_name_class_config_or_instance(make, part):
    default, other, name = PARTS[part]
    attribute = {"prior": "prior_layer"}.get(part, part)

    def made(*value):
        given = {part: value[0]} if value else {}
        model = make(hidden_units=(3,) if make is kv.VAE else 3, image_shape=(2, 2), **given)
        return getattr(model, attribute)

    assert type(made()) is type(made(None)) is default
    config = keras.saving.serialize_keras_object(other())
    for value in (name, other, config, other()):
        assert type(made(value)) is other
    instance = other()
    assert made(instance) is instance
    with pytest.raises(ValueError, match=f"Unknown {part}: 'none'.*'{name}'"):
        made("none")
    for wrong in (dict, keras.saving.serialize_keras_object(keras.layers.Dense(2))):
        with pytest.raises(TypeError, match=f"Expected a {part}"):
            made(wrong)


def test_a_prior_given_by_class_is_drawn_from_the_models_seed():
    class WithoutSeed(kv.priors.MixtureOfGaussians):
        def __init__(self):
            super().__init__(3, seed=5)

    named, classed, own = (
        one_level(prior=prior).prior_layer.loc.numpy()
        for prior in ("mixture_of_gaussians", kv.priors.MixtureOfGaussians, WithoutSeed)
    )
    np.testing.assert_array_equal(named, classed)
    expected = one_level(prior=kv.priors.MixtureOfGaussians(3, seed=5)).prior_layer.loc
    np.testing.assert_array_equal(own, expected)

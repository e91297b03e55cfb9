"""Everything that can be chosen survives its configuration and reaches what it is for."""

import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vae as kv
from keras_vae import random
from keras_vae.likelihoods import Gaussian
from keras_vae.networks import DenseStack, FanInUniform
from keras_vae.optimizers import WITH_BIAS_RATE, UncorrectedAdam

FAN_IN = "keras_vae>FanInUniform"
NETWORKS = {
    "activation": "tanh",
    "kernel_initializer": "he_uniform",
    "bias_initializer": FAN_IN,
    "seed": 77,
}
MODEL = {
    **NETWORKS,
    "likelihood": "discretized_logistic",
    "prior": "mixture_of_gaussians",
    "objective": "iwae",
    "image_shape": (3, 5),
}
# Keras' own arguments, of every layer and model.
KERAS = {"name": "other", "dtype": "mixed_bfloat16", "trainable": False}
# Arguments that stand in the place of others; their own tests have them.
INSTEAD = ("encoder", "decoder", "event_shape", "condition_shape")
CASES = {
    "Renyi": {"alpha": -2.5, "num_samples": 4, "doubly_reparameterized": True},
    "IWAE": {"num_samples": 4, "doubly_reparameterized": True},
    "ELBO": {"num_samples": 4, "analytic_kl": False, "beta": 2.0, "free_bits": 0.5},
    "FanInUniform": {"seed": 77},
    "DenseStack": {"units": (3, 2), "batch_norm": True, "gated": True, **NETWORKS},
    "Bernoulli": {"grey_levels": True},
    "Gaussian": {"link": "identity", "min_scale": 0.1, "max_scale": 3.0},
    "DiscretizedLogistic": {"scale_recovers": False, "levels": 16},
    "Poisson": {},
    "NegativeBinomial": {"dispersion": 0.5},
    "Categorical": {"n": 5},
    "Mixed": {"parts": [("bernoulli", [1]), (Gaussian(min_scale=0.1, max_scale=3.0), [0, 2])]},
    "StandardNormal": {},
    "UnitInterval": {},
    "Within": {"lowest": [0.0, -1.0], "highest": [1.0, 2.0]},
    "VampPrior": {"num_pseudo_inputs": 3, "seed": 77, "initializer": "glorot_uniform"},
    "MixtureOfGaussians": {"num_components": 3, "seed": 77},
    "Flow": {
        "bijector": "real_nvp",
        "num_flows": 3,
        "hidden_units": (5,),
        "activation": "tanh",
        "seed": 77,
    },
    "DiagonalGaussian": {},
    "FullCovarianceGaussian": {},
    "InverseAutoregressiveFlow": {
        "num_flows": 3,
        "hidden_units": (5, 4),
        "context_dim": 6,
        "activation": "tanh",
        "num_mean_samples": 8,
        "seed": 77,
    },
    "MaskedAutoregressiveNetwork": {
        "outputs": 3,
        "hidden_units": (5, 4),
        "activation": "tanh",
        "context_dim": 6,
        "kernel_initializer": "he_uniform",
        "seed": 77,
    },
    "UncorrectedAdam": {},
    "UncorrectedAdamRate": {"rate": 0.3, "beta_1": 0.5, "beta_2": 0.7},
    "VAE": {
        "latent_dim": 3,
        "hidden_units": (4, 2),
        "batch_norm": True,
        "gated": True,
        "posterior": "full_covariance",
        **MODEL,
    },
    "HierarchicalVAE": {
        "latent_dims": (3, 2),
        "hidden_units": 4,
        "gated": False,
        "log_variance_range": (-0.02, -0.01),
        **MODEL,
    },
    **{kind.__name__: {"bias_rate": 3.0} for kind in WITH_BIAS_RATE.values()},
}


def registered():
    """Classes of the library that Keras knows, by name."""
    found = keras.saving.get_custom_objects().items()
    mine = {
        name.removeprefix("keras_vae>"): kind
        for name, kind in found
        if "keras_vae>" in name and isinstance(kind, type)
    }
    return {name: kind for name, kind in mine.items() if "experiments" not in kind.__module__}


def parameters(kind):
    """Arguments of a constructor that are this package's, with their defaults."""
    if "__init__" not in vars(kind) and not kind.__name__.endswith("WithBiasRate"):
        return {}
    return {
        name: parameter.default
        for name, parameter in inspect.signature(kind.__init__).parameters.items()
        if name not in ("self", *INSTEAD) and parameter.kind is not parameter.VAR_KEYWORD
    }


def restored(made):
    return keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(made))


def test_every_class_has_a_case():
    assert set(registered()) == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_survives_its_configuration_at_values_that_are_not_defaults(name):
    kind, chosen = registered()[name], CASES[name]
    defaults = parameters(kind)
    assert set(chosen) == set(defaults)
    assert all(chosen[key] != default for key, default in defaults.items())
    extra = KERAS if issubclass(kind, keras.layers.Layer) else {}
    made = kind(**chosen, **extra)
    copy = restored(made)
    assert type(copy) is kind
    if chosen or extra:
        config = copy.get_config()
        assert config == made.get_config()
        # What is left out would come back as its default on both sides.
        empty = inspect.Parameter.empty
        required = {key: chosen[key] for key, default in defaults.items() if default is empty}
        plain = kind(**required).get_config()
        assert all(config[key] != plain[key] for key in {*chosen, *extra} - {*required})


def fingerprint(model):
    """Numbers that every option of a model has a part in."""
    x = np.ones((2, *model.image_shape), "float32")
    noise = random.stream(0, 0)
    dims = getattr(model, "latent_dims", None) or (model.latent_dim,)
    codes = [tf.ones((2, size)) for size in dims]
    terms = model.log_terms(x, model.objective.num_samples, noise, training=True)
    parts = [
        model.posterior_means(x),
        model.decode(codes if len(dims) > 1 else codes[0]).mean(),
        terms.log_prior,
        model.objective_bound(terms),
    ]
    return np.concatenate([np.ravel(part) for part in parts])


SMALL = {
    "VAE": {"latent_dim": 2, "hidden_units": (3,), "image_shape": (2, 2), "seed": 1},
    "HierarchicalVAE": {"latent_dims": (2, 3), "hidden_units": 3, "image_shape": (2, 2), "seed": 1},
}


@pytest.mark.parametrize("name", SMALL)
def test_every_option_of_a_model_reaches_its_numbers(name):
    kind = registered()[name]
    plain = fingerprint(kind(**SMALL[name]))
    np.testing.assert_array_equal(fingerprint(kind(**SMALL[name])), plain)
    for key, value in CASES[name].items():
        other = fingerprint(kind(**{**SMALL[name], key: value}))
        assert other.shape != plain.shape or not np.allclose(other, plain, rtol=1e-3), key


@pytest.mark.parametrize("name", SMALL)
def test_every_kernel_and_bias_is_drawn_by_its_initialiser(name):
    initializers = {
        "kernel_initializer": keras.initializers.Constant(0.25),
        "bias_initializer": keras.initializers.Constant(-0.5),
    }
    # Two parameters a pixel; gates, and joint layers, have kernels and biases of their own.
    model = registered()[name](
        **{**SMALL[name], **initializers, "gated": True, "likelihood": "gaussian"}
    )
    kernels = [v for v in model.trainable_variables if v.name == "kernel"]
    biases = [v for v in model.trainable_variables if v.name == "bias"]
    assert len(kernels) == len(biases) == len(model.trainable_variables) / 2
    assert all((v.numpy() == 0.25).all() for v in kernels)
    assert all((v.numpy() == -0.5).all() for v in biases)


def test_no_two_weights_of_a_vae_start_from_the_same_numbers():
    model = kv.VAE(
        **{**SMALL["VAE"], "hidden_units": (3, 3), "prior": "vamp", "likelihood": "gaussian"},
        gated=True,
        kernel_initializer=FAN_IN,
        bias_initializer=FAN_IN,
    )
    arrays = [v.numpy().ravel() for v in model.trainable_variables]
    starts = [tuple(np.round(array[:2] / abs(array[0]), 4)) for array in arrays]
    assert len(set(starts)) == len(starts)


def test_a_decoder_mirrors_its_encoder():
    model = kv.VAE(**{**SMALL["VAE"], "hidden_units": (5, 3)})
    assert [layer.kernel.shape for layer in model.encoder.dense_layers] == [(4, 5), (5, 3)]
    assert [layer.kernel.shape for layer in model.decoder.dense_layers] == [(2, 3), (3, 5)]


def uncorrected():
    return kv.optimizers.make(
        "adam", bias_rate=3.0, bias_correction=False, learning_rate=0.02, beta_1=0.5, beta_2=0.7
    )


SAVED = {
    "VAE": {
        "prior": kv.priors.VampPrior(3, seed=5, initializer="glorot_uniform"),
        "objective": kv.objectives.Renyi(-0.5, 3, doubly_reparameterized=True),
        "likelihood": kv.likelihoods.Bernoulli(grey_levels=True),
        "batch_norm": False,
    },
    "HierarchicalVAE": {"prior": kv.priors.MixtureOfGaussians(3, seed=5)},
}


@pytest.mark.parametrize("name", SAVED)
def test_saved_models_keep_every_option_and_go_on_as_they_would(name, tmp_path):
    model = registered()[name](**{**CASES[name], **SAVED[name]})
    model.compile(uncorrected(), run_eagerly=True, steps_per_execution=2)
    images = np.random.default_rng(0).integers(0, 256, (4, 3, 5)).astype("float32") / 255
    model.train_on_batch(images)
    model.beta.assign(0.25)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.get_config() == model.get_config()
    assert loaded.optimizer.get_config() == model.optimizer.get_config()
    assert loaded.optimizer.bias_rate == 3.0
    assert isinstance(loaded.optimizer, UncorrectedAdam)
    assert loaded.steps_per_execution == 2 and loaded.run_eagerly
    assert float(loaded.beta.numpy()) == 0.25
    for each in (model, loaded):
        each.train_on_batch(images)
    for ours, theirs in zip(model.weights, loaded.weights, strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-5, atol=1e-7)


def test_parts_are_found_by_name_configuration_and_instance():
    for get, made in (
        (kv.likelihoods.get, kv.likelihoods.Bernoulli(grey_levels=True)),
        (kv.priors.get, kv.priors.VampPrior(3, seed=5)),
        (kv.posteriors.get, kv.posteriors.InverseAutoregressiveFlow(3, seed=5)),
        (kv.objectives.get, kv.objectives.IWAE(4)),
    ):
        assert get(made) is made
        copy = get(keras.saving.serialize_keras_object(made))
        assert copy is not made and copy.get_config() == made.get_config()
    assert kv.priors.get("vamp", seed=5).seed == kv.priors.get("mixture_of_gaussians", 5).seed == 5


def test_a_stack_tells_its_output_shape():
    assert DenseStack((3, 2)).compute_output_shape((None, 7)) == (None, 2)
    assert DenseStack(()).compute_output_shape((4, None, 7)) == (4, None, 7)
    assert FanInUniform().seed != FanInUniform().seed

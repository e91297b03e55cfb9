"""Data that are no pixels: what likelihoods take, their densities against SciPy, their names."""

import keras
import numpy as np
import pytest
from scipy import special, stats

import keras_vae as kv
from keras_vae import likelihoods

RNG = np.random.default_rng(0)
COUNTS = RNG.poisson(4.0, (4, 2, 3)).astype("float32")
RAW = RNG.normal(size=(2, 4, 2, 3)).astype("float32")


def built(likelihood, event_shape=(2, 3)):
    likelihood.build_heads(7, event_shape, "glorot_normal", 0)
    return likelihood


def log_prob(likelihood, parameters, x):
    flat = [value.reshape(len(x), -1) for value in parameters]
    return built(likelihood).distribution(flat).log_prob(x)


def test_poisson():
    expected = stats.poisson(np.exp(RAW[0].astype(float))).logpmf(COUNTS).sum((1, 2))
    np.testing.assert_allclose(
        log_prob(likelihoods.Poisson(), RAW[:1], COUNTS), expected, rtol=1e-4
    )


@pytest.mark.parametrize("dispersion", [None, 0.5])
def test_negative_binomial_has_the_variance_that_it_names(dispersion):
    likelihood = likelihoods.NegativeBinomial(dispersion)
    mean = np.exp(RAW[0].astype(float))
    spread = np.exp(RAW[1].astype(float)) if dispersion is None else dispersion
    size = 1 / spread
    expected = stats.nbinom(size, size / (size + mean)).logpmf(COUNTS).sum((1, 2))
    parameters = RAW if dispersion is None else RAW[:1]
    found = log_prob(likelihood, parameters, COUNTS)
    np.testing.assert_allclose(found, expected, rtol=1e-3)
    one = likelihood.distribution([value.reshape(4, 6) for value in parameters])
    np.testing.assert_allclose(one.mean(), mean, rtol=1e-4)
    np.testing.assert_allclose(one.variance(), mean + spread * mean**2, rtol=1e-3)


def test_categories():
    likelihood = built(likelihoods.Categorical(4))
    logits = RNG.normal(size=(5, 2, 3, 4)).astype("float32")
    x = RNG.integers(0, 4, (5, 2, 3)).astype("float32")
    decoded = likelihood.distribution([logits.reshape(5, 24)])
    probabilities = np.log(special.softmax(logits, axis=-1))
    expected = np.take_along_axis(probabilities, x[..., None].astype(int), -1).sum((1, 2, 3))
    np.testing.assert_allclose(decoded.log_prob(x.astype("int32")), expected, rtol=1e-4)
    np.testing.assert_array_equal(likelihood.expected(decoded), logits.argmax(-1))
    indicators = likelihood.vectors(x)
    assert indicators.shape == (5, 24)
    np.testing.assert_array_equal(indicators.numpy().reshape(5, 2, 3, 4).argmax(-1), x)


def test_scales_keep_to_their_limits():
    likelihood = likelihoods.Gaussian(link="identity", min_scale=0.2, max_scale=5.0)
    extreme = np.array([[-50.0, 0.0, 50.0]] * 2, "float32")
    likelihood.build_heads(7, (3,), "glorot_normal", 0)
    decoded = likelihood.distribution(list(extreme[:, None]))
    np.testing.assert_allclose(decoded.mean(), extreme[:1])
    np.testing.assert_allclose(decoded.stddev(), [[0.2, 1.0, 5.0]], rtol=1e-5)


DOMAINS = [
    ("poisson", COUNTS),
    (likelihoods.NegativeBinomial(0.3), COUNTS),
    (likelihoods.Categorical(20), COUNTS),
    (likelihoods.Gaussian(link="identity"), RAW[0]),
    (likelihoods.DiscretizedLogistic(levels=17), np.minimum(COUNTS, 16) / 16),
]


@pytest.mark.parametrize(
    "kind, likelihood, data",
    [
        *((kv.VAE, *domain) for domain in DOMAINS),
        (kv.HierarchicalVAE, *DOMAINS[1]),
        # Parts that the others have met already.
        *(
            pytest.param(kv.HierarchicalVAE, *domain, marks=pytest.mark.slow)
            for domain in DOMAINS[:1] + DOMAINS[2:]
        ),
    ],
)
def test_every_domain_is_trained_on_saved_and_scored(kind, likelihood, data, tmp_path):
    likelihood = keras.saving.serialize_keras_object(likelihoods.get(likelihood))
    prior = None if "Categorical" in str(likelihood) else kv.priors.VampPrior(3, seed=0)
    model = kind(hidden_units=4, event_shape=(2, 3), likelihood=likelihood, prior=prior, seed=0)
    if prior is not None:
        prior.initialize_from(data)
        chosen = prior.pseudo_inputs.numpy()
        assert all(any(np.array_equal(one, item) for item in data) for one in chosen)
    model.compile(run_eagerly=True)
    assert np.isfinite(model.fit(data, verbose=0).history["bound"]).all()
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.likelihood.get_config() == model.likelihood.get_config()
    np.testing.assert_array_equal(loaded.log_weights(data, 2), model.log_weights(data, 2))
    assert model.sample(2).shape == model.reconstruct(data[:2]).shape == (2, 2, 3)
    if isinstance(model.likelihood, likelihoods.DiscretizedLogistic):
        assert loaded.likelihood.levels == 17


@pytest.mark.parametrize(
    "likelihood, value, message",
    [
        ("poisson", 1.5, "Poisson likelihood needs counts.*1.5 at index"),
        ("negative_binomial", -1.0, "integers of at least 0. Received -1.0"),
        (likelihoods.Categorical(3), 3.0, "integers from 0 to 2. Received 3.0"),
        (likelihoods.Gaussian(link="identity"), np.inf, "finite. Received inf"),
        ("gaussian", 1.5, "lie in"),
        (likelihoods.DiscretizedLogistic(levels=5), 0.3, "i / 4"),
    ],
)
def test_data_without_density_are_refused_before_training(likelihood, value, message):
    model = kv.VAE(latent_dim=1, hidden_units=2, event_shape=2, likelihood=likelihood)
    model.compile()
    x = np.zeros((3, 2))
    x[1, 1] = value
    for call in (model.fit, model.log_likelihood):
        with pytest.raises(ValueError, match=message):
            call(x)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: likelihoods.Gaussian(link="log"), "'sigmoid', 'identity'"),
        (lambda: likelihoods.Gaussian(min_scale=2.0), "0 < min_scale < max_scale"),
        (lambda: likelihoods.Categorical(1), "at least 2"),
        (lambda: likelihoods.DiscretizedLogistic(levels=1), "at least 2"),
        (lambda: likelihoods.NegativeBinomial(0.0), "positive"),
        (lambda: likelihoods.Poisson(heads="dense"), "'linear', None"),
    ],
)
def test_unusable_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_sequences_and_single_numbers_are_data_too():
    for shape in ((1,), (7,), (4, 3, 2, 2)):
        model = kv.VAE(latent_dim=1, hidden_units=2, event_shape=shape, seed=0)
        x = np.ones((3, *shape))
        assert model.reconstruct(x).shape == x.shape and model.log_weights(x, 2).shape == (2, 3)
        assert model.event_shape == model.image_shape == shape

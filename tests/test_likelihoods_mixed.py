"""Tables whose columns are of different kinds."""

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from scipy import special, stats

import keras_vae as kv
from keras_vae.likelihoods import Bernoulli, Categorical, Gaussian, Likelihood, Mixed, Poisson

tfd = tfp.distributions
# Out of order, so that each column has to find its way back.
NUMBERS, FLAG, KIND, COUNTS = [4, 0], 2, 5, (3, 1)


def parts():
    return [
        (Gaussian(link="identity", min_scale=0.1, max_scale=2.0), NUMBERS),
        ("bernoulli", FLAG),
        (Categorical(3), KIND),
        (Poisson, COUNTS),
    ]


def table(items, seed=0):
    """Columns that one hidden number decides."""
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=items)
    columns = np.zeros((items, 6), "float32")
    columns[:, 0] = hidden + rng.normal(0, 0.2, items)
    columns[:, 4] = -hidden + rng.normal(0, 0.2, items)
    columns[:, 2] = rng.random(items) < special.expit(4 * hidden)
    columns[:, 5] = np.digitize(hidden, [-0.5, 0.5])
    columns[:, 3] = rng.poisson(np.exp(hidden))
    columns[:, 1] = rng.poisson(2.0, items)
    return columns


def small(likelihood=None, **kwargs):
    likelihood = Mixed(parts()) if likelihood is None else likelihood
    return kv.VAE(
        **{"latent_dim": 2, "hidden_units": 8, "event_shape": 6, "seed": 0, **kwargs},
        likelihood=likelihood,
    )


def log_densities(model, z, x):
    """Of each column by SciPy, from the heads' numbers; of the two axes before z the first's."""
    features = model.decoder(tf.reshape(z, (-1, 2)))
    loc, log_variance, logit, logits, log_rate = (
        head(features).numpy().astype(float) for head in model.likelihood.heads
    )
    middle, half = 0.5 * np.log(0.1 * 2.0), 0.5 * np.log(2.0 / 0.1)
    densities = np.zeros((len(features), 6))
    normal = stats.norm(loc, np.exp(middle + half * np.tanh(log_variance)))
    densities[:, NUMBERS] = normal.logpdf(x[:, NUMBERS])
    densities[:, FLAG] = stats.bernoulli(special.expit(logit[:, 0])).logpmf(x[:, FLAG])
    categories = special.log_softmax(logits, axis=-1)
    densities[:, KIND] = categories[np.arange(len(x)), x[:, KIND].astype(int)]
    densities[:, COUNTS] = stats.poisson(np.exp(log_rate)).logpmf(x[:, COUNTS])
    return densities


def test_the_density_is_the_sum_of_the_columns_and_a_mask_leaves_some_out():
    model, x = small(), table(7)
    z = np.random.default_rng(1).normal(size=(7, 2)).astype("float32")
    each = log_densities(model, z, x)
    decoded = model.decode(z)
    assert decoded.batch_shape == (7,) and decoded.event_shape == (6,)
    np.testing.assert_allclose(decoded.log_prob(x), each.sum(-1), rtol=1e-4)
    mask = np.random.default_rng(2).random((7, 6)) < 0.5
    found = kv.distributions.log_prob(model.decode(z[None]), tf.constant(x), tf.constant(mask))
    np.testing.assert_allclose(found, [np.where(mask, 0, each).sum(-1)], rtol=1e-4)
    samples = model.decode(z).sample(4000, seed=(1, 2)).numpy()
    for column, atol in ((0, 0.15), (3, 0.3), (1, 0.3)):
        mean = decoded.distribution.parts[0 if column == 0 else 3].mean().numpy()
        place = 1 if column in (0, 1) else 0
        np.testing.assert_allclose(samples[..., column].mean(0), mean[:, place], atol=atol)
    assert set(np.unique(samples[..., KIND])) == {0, 1, 2}


@pytest.fixture(scope="module")
def trained():
    model = small(seed=3)
    model.compile(keras.optimizers.Adam(0.02), jit_compile=False)
    model.fit(table(400), epochs=25, batch_size=40, verbose=0)
    return model


def test_a_table_is_learned_and_its_missing_columns_are_filled_in(trained):
    x = table(300, seed=1)
    mask = np.zeros(x.shape, bool)
    mask[:, [FLAG, KIND, 4]] = True
    filled = trained.impute(np.where(mask, np.nan, x), mask)
    assert np.corrcoef(filled[:, 4], x[:, 4])[0, 1] > 0.8
    assert np.mean(filled[:, KIND] == x[:, KIND]) > 0.6
    assert np.mean((filled[:, FLAG] > 0.5) == x[:, FLAG]) > 0.8
    generated = trained.sample(500, seed=1).numpy()
    assert set(np.unique(generated[:, KIND])) <= {0, 1, 2}
    assert (generated[:, COUNTS] >= 0).all() and (abs(generated[:, FLAG] - 0.5) <= 0.5).all()
    assert np.corrcoef(generated[:, 0], generated[:, 4])[0, 1] < -0.5
    strange = x.copy()
    strange[:, 4] *= -1
    assert np.mean(trained.score_samples(strange, 50) < trained.score_samples(x, 50)) > 0.8


def test_it_is_saved_and_loaded_and_exported(trained, tmp_path):
    x = table(5)
    trained.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.get_config() == trained.get_config()
    assert loaded.likelihood.parts[0].max_scale == 2.0 and loaded.likelihood.parts[2].n == 3
    np.testing.assert_array_equal(loaded.log_weights(x, 3), trained.log_weights(x, 3))
    path = kv.export.save_tflite(trained, tmp_path / "table.tflite")
    with warnings.catch_warnings():
        # It names another package, which is no part of TensorFlow.
        warnings.simplefilter("ignore", UserWarning)
        runner = tf.lite.Interpreter(str(path)).get_signature_runner("reconstruct")
    np.testing.assert_allclose(runner(images=x)["images"], trained.reconstruct(x), atol=1e-4)


def test_pseudo_inputs_stay_within_their_columns():
    likelihood = Mixed([(Gaussian(link="identity"), 1), ("bernoulli", 0), ("poisson", 2)])
    model = small(likelihood, event_shape=3, prior=kv.priors.VampPrior(20, seed=0))
    pseudo_inputs = model.prior_layer.pseudo_inputs
    pseudo_inputs.assign(np.random.default_rng(0).normal(0, 5, (20, 3)))
    given = pseudo_inputs.numpy()
    kept = pseudo_inputs.constraint(pseudo_inputs.value)
    expected = np.stack([np.clip(given[:, 0], 0, 1), given[:, 1], np.maximum(given[:, 2], 0)], 1)
    np.testing.assert_array_equal(kept, expected)
    x = np.array([[1.0, -3.0, 4.0]] * 20, "float32")
    model.prior_layer.initialize_from(x)
    assert np.isfinite(model.log_weights(x[:2], 3)).all()
    pixels = Mixed([("bernoulli", 0), ("gaussian", [1, 2])])
    assert pixels.interval == (0.0, 1.0)
    with pytest.raises(ValueError, match="Use another prior"):
        small(prior="vamp")


@pytest.mark.parametrize(
    "objective",
    [
        "iwae",
        pytest.param(
            kv.objectives.IWAE(2, doubly_reparameterized=True), marks=pytest.mark.slow, id="path"
        ),
    ],
)
def test_steps_are_compiled_and_hierarchies_have_it(objective):
    x = table(8)
    model = small(objective=objective)
    model.compile("sgd", jit_compile=True, steps_per_execution=2)
    assert np.isfinite(model.fit(x, batch_size=4, verbose=0).history["bound"][0])
    deep = kv.HierarchicalVAE(
        latent_dims=(2, 2), hidden_units=4, event_shape=6, likelihood=Mixed(parts()), seed=0
    )
    assert np.isfinite(deep.log_weights(x, 3)).all() and deep.sample(2).shape == (2, 6)


@keras.saving.register_keras_serializable("tests.mixed")
class Dependent(Likelihood):
    parameters = ("loc",)

    def distribution(self, parameters):
        return tfd.MultivariateNormalDiag(parameters[0])


def wrong(column, value):
    x = table(4)
    x[2, column] = value
    return x


@pytest.mark.parametrize(
    "make, error, message",
    [
        (lambda: Mixed([("poisson", 0), ("gaussian", [0, 1])]), ValueError, r"\[\[0\], \[0, 1\]\]"),
        (lambda: Mixed([("poisson", 0), ("gaussian", 2)]), ValueError, "in one part and in"),
        (lambda: Mixed([]), ValueError, "in one part"),
        (lambda: Mixed([("poisson", [])]), ValueError, "in one part"),
        (lambda: Mixed([("poisson", 0), ("gaussian", [])]), ValueError, "in one part"),
        (lambda: Mixed([("poisson", "age")]), TypeError, "integers.*age"),
        (lambda: Mixed([("poisson", [0.5])]), TypeError, "integers"),
        (lambda: Mixed([("poison", 0)]), ValueError, "Unknown likelihood: 'poison'"),
        (lambda: Mixed([(Poisson(heads=None), 0)]), ValueError, "must have heads"),
        (lambda: Mixed([("poisson", 0)], heads=None), ValueError, "needs heads"),
        (lambda: small(event_shape=7), ValueError, r"6 columns. Received items of shape \(7,\)"),
        (lambda: small(event_shape=(6, 1)), ValueError, r"shape \(6, 1\)"),
        (
            lambda: small(hidden_units=None, decoder=keras.layers.Reshape((2, 1))),
            ValueError,
            "decoder must give one vector",
        ),
        (lambda: small(Mixed([(Dependent(), range(6))])), TypeError, "'Dependent'.*independent"),
        (lambda: small().check_data(wrong(FLAG, 0.5)), ValueError, r"Columns \[2\].*Received 0.5"),
        (lambda: small().check_data(wrong(KIND, 3)), ValueError, r"\[5\].*0 to 2. Received 3"),
        (
            lambda: small().check_data(wrong(1, 1.5)),
            ValueError,
            r"Columns \[3, 1\], counted among themselves: The Poisson.*1.5 at index \(2, 1\)",
        ),
        (lambda: small().encode(wrong(3, -1)), ValueError, r"\[3, 1\].*at least 0"),
        (
            lambda: small().impute(wrong(KIND, 7), table(4) == 99),
            ValueError,
            r"Columns \[5\].*Received 7",
        ),
    ],
)
def test_what_does_not_fit_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        made = make()
        # Of what only a code's density shows.
        made.sample(1)


def test_a_part_belongs_to_one_likelihood():
    shared = Bernoulli()
    with pytest.raises(ValueError, match="another model"):
        small(Mixed([(shared, [0, 1, 2]), (shared, [3, 4, 5])]))

"""The VAE: shapes, densities, training, evaluation."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from scipy import stats

import keras_vae as kv
from keras_vae import likelihoods, objectives, random
from keras_vae.experiments.reports.activity import ADAM
from keras_vae.models import importance

tfd = tfp.distributions


def small(**kwargs):
    return kv.VAE(**{"latent_dim": 3, "hidden_units": (16,), "seed": 0, **kwargs})


def test_distributions_have_the_documented_shapes(images):
    model = small()
    posterior = model.encode(images[:5])
    assert posterior.batch_shape == (5,) and posterior.event_shape == (3,)
    decoded = model.decode(np.zeros((4, 5, 3), "float32"))
    assert decoded.batch_shape == (4, 5) and decoded.event_shape == (28, 28)
    assert model.decode(np.zeros(3, "float32")).batch_shape == ()
    assert model.prior.event_shape == (3,)
    assert model.log_weights(images[:5], 7).shape == (7, 5)
    assert model.log_likelihood(images[:5], 7).shape == (5,)
    assert model.sample(6).shape == (6, 28, 28)
    assert model.reconstruct(images[:5]).shape == (5, 28, 28)


def test_an_integer_is_a_shape_and_a_stack_of_one():
    model = kv.VAE(latent_dim=2, hidden_units=5, image_shape=7, seed=0)
    assert model.hidden_units == (5,) and model.image_shape == (7,)
    assert model.reconstruct(np.zeros((3, 7))).shape == (3, 7)
    assert kv.HierarchicalVAE(hidden_units=5, image_shape=7).event_shape == (7,)


def test_another_objective_is_compiled_anew():
    model = small(image_shape=(2, 2), objective="elbo")
    model.compile(jit_compile=False)
    x = np.zeros((4, 2, 2), "float32")
    asked, terms = [], model.log_terms
    model.log_terms = lambda *args, **kwargs: asked.append(args[1]) or terms(*args, **kwargs)
    model.fit(x, verbose=0)
    # Twice, where the first step had to make the optimiser's variables.
    assert asked == [1]
    model.objective = kv.objectives.IWAE(7)
    model.fit(x, verbose=0)
    assert asked == [1, 7]
    assert kv.VAE.from_config(model.get_config()).objective.num_samples == 7


def test_accepts_other_image_shapes():
    model = small(image_shape=(28, 20), likelihood="gaussian")
    faces = np.random.default_rng(0).random((4, 28, 20), dtype="float32")
    assert model.reconstruct(faces).shape == (4, 28, 20)


def test_log_weights_are_what_their_definition_says(images):
    model, x = small(), images[:4]
    posterior = model.encode(x)
    stream = random.stream(0, random.EVALUATION_NOISE)
    noise = random.normal((6, 4, 3), stream).numpy()
    loc, scale = posterior.mean().numpy(), posterior.stddev().numpy()
    z = loc + scale * noise
    logits = model.decode(z).distribution.logits.numpy().reshape(6, 4, -1)
    log_likelihood = stats.bernoulli.logpmf(x.reshape(4, -1), 1 / (1 + np.exp(-logits))).sum(-1)
    expected = (
        log_likelihood + stats.norm.logpdf(z).sum(-1) - stats.norm(loc, scale).logpdf(z).sum(-1)
    )
    np.testing.assert_allclose(model.log_weights(x, 6, seed=0), expected, rtol=1e-4)


def test_analytic_kl_is_the_mean_of_the_sampled_one(images):
    model = small()
    terms = model.log_terms(images[:2], 20_000, random.stream(1, 0))
    sampled = (terms.log_posterior - terms.log_prior).numpy()
    error = sampled.std(axis=0) / np.sqrt(len(sampled))
    assert (abs(sampled.mean(axis=0) - terms.kl.numpy()) < 5 * error).all()
    loc, variance = model.encode(images[:2]).mean(), model.encode(images[:2]).variance()
    closed_form = 0.5 * (variance + loc**2 - 1 - np.log(variance)).numpy().sum(-1)
    np.testing.assert_allclose(terms.kl, closed_form, rtol=1e-4)


@keras.saving.register_keras_serializable(package="tests")
class UnitGaussian(likelihoods.Likelihood):
    """N(loc, 1) pixels: with linear networks, a model whose log p(x) is known."""

    parameters = ("loc",)

    def make_distribution(self, loc):
        return tfd.Normal(loc, 1.0)


def linear_gaussian(latent_dim):
    """A model with known log p(x), whose encoder is the best diagonal one."""
    model = kv.VAE(
        latent_dim=latent_dim,
        hidden_units=(),
        image_shape=(5,),
        likelihood=UnitGaussian(),
        seed=3,
    )
    x = np.random.default_rng(0).random((4, 5), dtype="float32")
    loadings = model.likelihood.heads[0].kernel.numpy()
    precision = loadings @ loadings.T + np.eye(latent_dim)
    model.loc_head.kernel.assign(loadings.T @ np.linalg.inv(precision))
    model.log_variance_head.kernel.assign(np.zeros((5, latent_dim)))
    model.log_variance_head.bias.assign(-np.log(np.diag(precision)))
    exact = stats.multivariate_normal(cov=loadings.T @ loadings + np.eye(5)).logpdf(x)
    return model, x, exact


@pytest.fixture
def eagerly():
    """Where the compiler is not the subject, log-likelihoods are not compiled."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.mark.usefixtures("eagerly")
@pytest.mark.parametrize(
    "samples, drawn, decoded",
    [
        *((7, 5000, 10), (12, 5000, 10), (1, 5, 3), (7, 5, 3), (7, 4, 1000), (12, 4, 1000)),
        *(
            pytest.param(*sizes, marks=pytest.mark.slow)
            for sizes in ((1, 5000, 10), (12, 5, 3), (1, 4, 1000))
        ),
    ],
)
def test_log_likelihood_is_exact_under_the_exact_posterior(monkeypatch, samples, drawn, decoded):
    model, x, exact = linear_gaussian(latent_dim=1)
    monkeypatch.setattr(importance, "SAMPLES_PER_BLOCK", drawn)
    budget = decoded * 5 * importance.BYTES_PER_PIXEL
    arguments = {"memory_budget": budget, "return_effective_sample_size": True}
    estimate, effective = model.log_likelihood(x, samples, **arguments)
    np.testing.assert_allclose(estimate, exact, rtol=1e-5)
    np.testing.assert_allclose(effective, samples, rtol=1e-4)


@pytest.mark.parametrize("samples", [1, 50, 4999, 5000, 5001, 12_007])
@pytest.mark.parametrize("pixels", [5, 784, 10**6])
@pytest.mark.parametrize("budget", [1, 2**20, 2**30])
def test_blocks_have_all_samples_and_chunks_fit_in_the_budget(samples, pixels, budget):
    blocks = importance.Blocks.of(samples, pixels, budget)
    same = importance.Blocks.of(samples, pixels, 10**12)
    assert same == dataclasses.replace(blocks, chunk=same.chunk)
    assert blocks.samples <= importance.SAMPLES_PER_BLOCK
    assert (blocks.draws - 1) * blocks.samples < samples <= blocks.draws * blocks.samples
    bytes_per_image = pixels * importance.BYTES_PER_PIXEL
    decoded = blocks.chunk * blocks.images
    assert blocks.chunk == 1 or decoded * bytes_per_image <= min(budget, importance.CHUNK_BYTES)
    assert blocks.images == 1 or blocks.images * bytes_per_image <= importance.CHUNK_BYTES


def test_log_likelihood_shows_its_progress(capsys):
    model, x, _ = linear_gaussian(latent_dim=1)
    model.log_likelihood(x, 3)
    assert capsys.readouterr().out == ""
    model.log_likelihood(x, 3, verbose=1)
    assert "1/1" in capsys.readouterr().out


def test_log_likelihood_meets_the_closed_form():
    model, x, exact = linear_gaussian(latent_dim=2)
    estimate = model.log_likelihood(x, 20_000)
    np.testing.assert_allclose(estimate, exact, atol=0.01)
    np.testing.assert_array_equal(estimate, model.log_likelihood(x, 20_000))
    assert not np.array_equal(estimate, model.log_likelihood(x, 20_000, seed=8))


def test_elbo_lies_below_the_log_likelihood_by_the_kl_to_the_posterior():
    model, x, exact = linear_gaussian(latent_dim=2)
    loadings = model.likelihood.heads[0].kernel.numpy()
    precision = loadings @ loadings.T + np.eye(2)
    # KL(diagonal Gaussian || posterior) with equal means and matched precisions.
    gap = 0.5 * (np.log(np.diag(precision)).sum() - np.linalg.slogdet(precision)[1])
    weights = model.log_weights(x, 20_000)
    error = weights.std(axis=0) / np.sqrt(len(weights))
    assert (abs(weights.mean(axis=0) - (exact - gap)) < 5 * error + 1e-5).all()


def test_training_recovers_the_linear_gaussian_model():
    rng = np.random.default_rng(0)
    loadings = np.array([[0.9, 0.3], [0.1, -0.8], [0.6, 0.6], [-0.5, 0.4], [0.2, 0.1]])
    x = rng.normal(size=(4000, 2)) @ loadings.T + rng.normal(size=(4000, 5))
    model = linear_gaussian(latent_dim=2)[0]
    model.compile(keras.optimizers.Adam(0.01), jit_compile=False)
    model.fit(x.astype("float32"), epochs=15, batch_size=100, verbose=0)
    covariance = np.cov(x.T, bias=True)
    best = stats.multivariate_normal(x.mean(0), covariance).logpdf(x).mean()
    bound = model.evaluate(x.astype("float32"), batch_size=500, verbose=0, return_dict=True)
    # A full covariance has four parameters more than this factor model with unit noise,
    # whose posterior the encoder can only match up to its diagonal.
    assert best - 0.15 < bound["bound"] < best + 0.01


def test_training_improves_the_bound_and_reports_consistent_metrics(digits):
    model = kv.VAE(latent_dim=10, hidden_units=(64,), seed=0, objective="iwae")
    model.compile(ADAM.make(), jit_compile=False)
    history = model.fit(digits.batches(100), epochs=3, steps_per_epoch=40, verbose=0).history
    assert history["bound"][0] < history["bound"][1] < history["bound"][2]
    assert history["bound"][2] > -250
    np.testing.assert_allclose(history["loss"], -np.array(history["bound"]), rtol=1e-5)


def test_evaluation_repeats_and_the_bound_rises_with_samples(digits):
    bounds = []
    for samples in (1, 50):
        model = small(objective=objectives.IWAE(samples))
        model.compile(jit_compile=False)
        first, second = (
            model.evaluate(digits.test_batches(500), verbose=0, return_dict=True) for _ in range(2)
        )
        assert first == second
        bounds.append(first["bound"])
    assert bounds[0] < bounds[1]


def test_same_seed_same_weights_whatever_was_made_before():
    keras.utils.set_random_seed(1)
    first = small(batch_norm=True)
    keras.utils.set_random_seed(2)
    second = small(batch_norm=True)
    for a, b in zip(first.weights, second.weights, strict=True):
        np.testing.assert_array_equal(a, b)


def test_unseeded_models_differ_and_follow_keras():
    assert kv.VAE(hidden_units=(4,)).seed != kv.VAE(hidden_units=(4,)).seed
    keras.utils.set_random_seed(5)
    first = kv.VAE(hidden_units=(4,)).seed
    keras.utils.set_random_seed(5)
    assert kv.VAE(hidden_units=(4,)).seed == first


def test_posterior_heads_start_different():
    model = small()
    assert not np.array_equal(model.loc_head.kernel, model.log_variance_head.kernel)


def test_noise_depends_on_seed_purpose_and_step_alone():
    def draw(seed, purpose, step):
        return random.normal((100, 30), random.stream(seed, purpose, tf.constant(step))).numpy()

    first = draw(3, random.TRAINING_NOISE, 17)
    np.testing.assert_array_equal(first, draw(3, random.TRAINING_NOISE, 17))
    for other in [(4, random.TRAINING_NOISE, 17), (3, random.SHUFFLING, 17), (3, 0, 18)]:
        assert abs(np.corrcoef(first.ravel(), draw(*other).ravel())[0, 1]) < 0.1
    assert stats.kstest(first.ravel(), "norm").pvalue > 1e-4


def test_gradient_of_the_bound_by_finite_differences(images):
    model = small(objective=objectives.IWAE(4))
    x, stream = images[:8], random.stream(0, 0)

    def bound():
        return tf.reduce_sum(model.objective_bound(model.log_terms(x, 4, stream)))

    variable = model.loc_head.bias
    with tf.GradientTape() as tape:
        value = bound()
    gradient = tape.gradient(value, variable.value).numpy()
    start, step = variable.numpy(), 1e-2
    for index in range(3):
        shift = np.eye(3, dtype="float32")[index] * step
        variable.assign(start + shift)
        above = bound()
        variable.assign(start - shift)
        numeric = float(above - bound()) / (2 * step)
        variable.assign(start)
        np.testing.assert_allclose(gradient[index], numeric, rtol=0.02, atol=0.05)


def test_predict_and_samples(images):
    model = small()
    model.compile()
    np.testing.assert_allclose(
        model.predict(images, verbose=0), model.reconstruct(images), atol=1e-5
    )
    assert not np.array_equal(model.sample(4), model.sample(4))
    np.testing.assert_array_equal(model.sample(4, seed=1), model.sample(4, seed=1))


@pytest.fixture(scope="module")
def compiled_model():
    """What is refused leaves it as it was."""
    model = small()
    model.compile()
    return model


class TestBadInput:
    def test_sizes_and_names(self):
        with pytest.raises(ValueError, match="latent_dim.*at least 1.*0"):
            small(latent_dim=0)
        with pytest.raises(ValueError, match="image_shape.*at least 1"):
            small(image_shape=(28, 0))
        with pytest.raises(ValueError, match="image_shape.*no axis"):
            small(image_shape=())
        with pytest.raises(ValueError, match="likelihood: 'laplace'"):
            small(likelihood="laplace")
        with pytest.raises(ValueError, match="prior: 'vampp'"):
            small(prior="vampp")
        with pytest.raises(ValueError, match="objective: 'mse'"):
            small(objective="mse")
        with pytest.raises(ValueError, match="seed"):
            small(seed=-1)

    @pytest.mark.parametrize("call", ["encode", "reconstruct", "log_likelihood", "fit", "evaluate"])
    def test_wrong_image_shape(self, compiled_model, call):
        model = compiled_model
        with pytest.raises(ValueError, match=r"\(batch, 28, 28\).*Received shape: \(2, 28, 20\)"):
            getattr(model, call)(np.zeros((2, 28, 20), "float32"))

    def test_wrong_latent_shape(self):
        with pytest.raises(ValueError, match=r"\(\.\.\., 3\).*\(2, 4\)"):
            small().decode(np.zeros((2, 4), "float32"))

    @pytest.mark.parametrize(
        "value, message",
        [(1.5, "Received 1.5.*index"), (-0.1, "-0.1"), (np.nan, "nan"), (0.5, "binary pixels")],
    )
    @pytest.mark.parametrize("kind", ["array", "dataset", "validation", "log_likelihood"])
    def test_wrong_pixels_before_training(self, compiled_model, images, value, message, kind):
        model = compiled_model
        bad = images.copy()
        bad[3, 4, 5] = value
        before = model.weights[1].numpy()
        with pytest.raises(ValueError, match=message):
            if kind == "array":
                model.fit(bad, verbose=0)
            elif kind == "dataset":
                model.fit(tf.data.Dataset.from_tensor_slices(bad).batch(32), verbose=0)
            elif kind == "validation":
                model.fit(images, validation_data=(bad, None), verbose=0)
            else:
                model.log_likelihood(bad, 10)
        np.testing.assert_array_equal(model.weights[1], before)

    @pytest.mark.parametrize(
        "highest, advice",
        [
            (255, "divide 8-bit images by 255"),
            (16, "largest possible value, such as 16"),
            (-1, "link"),
        ],
    )
    @pytest.mark.parametrize(
        "call", ["fit", "evaluate", "encode", "reconstruct", "posterior_means", "log_likelihood"]
    )
    def test_advice_suits_the_values_that_are_refused_everywhere(
        self, compiled_model, call, highest, advice
    ):
        model = compiled_model
        with pytest.raises(ValueError, match=advice):
            getattr(model, call)(np.full((2, 28, 28), highest, "int32"))
        with pytest.raises(ValueError, match=advice):
            model.log_weights(tf.fill((2, 28, 28), highest), 3)

    def test_a_grey_image_is_encoded_by_a_model_of_binary_ones_and_has_no_density(self):
        model, grey = small(), np.full((2, 28, 28), 0.5)
        assert model.encode(grey).mean().shape == (2, 3)
        with pytest.raises(ValueError, match="binary pixels"):
            model.log_weights(grey, 3)

    @pytest.mark.parametrize("value", [np.nan, np.inf])
    def test_numbers_that_are_none_are_refused_everywhere(self, value):
        model, x = small(), np.zeros((2, 28, 28))
        x[1, 2, 3] = value
        for call in (model.encode, model.reconstruct, lambda x: model.log_weights(x, 2)):
            with pytest.raises(ValueError, match=f"finite. Received {value} at index .1, 2, 3"):
                call(x)

    @pytest.mark.parametrize("name", ["encoder", "decoder", "likelihood", "prior_layer"])
    def test_parts_are_not_replaced(self, name):
        model = small()
        with pytest.raises(AttributeError, match=f"keeps its '{name}'.*constructor"):
            setattr(model, name, kv.networks.DenseStack((3,)))
        setattr(model, name, getattr(model, name))

    @pytest.mark.parametrize("name", ["event_shape", "latent_dim", "latent_dims"])
    def test_sizes_are_not_replaced(self, name):
        model = small()
        with pytest.raises(AttributeError, match=f"keeps its '{name}', .*Received: 7.*constructor"):
            setattr(model, name, 7)
        setattr(model, name, getattr(model, name))

    @pytest.mark.parametrize("kind", [kv.VAE, kv.HierarchicalVAE])
    def test_two_names_of_a_shape_agree(self, kind):
        with pytest.raises(ValueError, match="two names.*event_shape=4, image_shape=.3, 3."):
            kind(hidden_units=2, event_shape=4, image_shape=(3, 3))
        assert kind(hidden_units=2, event_shape=4, image_shape=(4,)).event_shape == (4,)

    @pytest.mark.parametrize("kind", [kv.VAE, kv.HierarchicalVAE])
    def test_a_likelihood_belongs_to_one_model(self, kind):
        likelihood = kv.likelihoods.Gaussian()
        first = kind(hidden_units=4, image_shape=(2, 2), likelihood=likelihood)
        before = first.get_weights()
        with pytest.raises(ValueError, match="belongs to another model"):
            kind(hidden_units=4, image_shape=(3, 3), likelihood=likelihood)
        assert all(map(np.array_equal, before, first.get_weights()))

    @pytest.mark.parametrize("name", ["loss", "metrics", "weighted_metrics", "loss_weights"])
    def test_loss_and_metrics_belong_to_the_model(self, name):
        with pytest.raises(ValueError, match=f"no `{name}`.*objective"):
            small().compile(**{name: ["mse"]})

    @pytest.mark.parametrize("samples", [0, -3])
    def test_sample_counts(self, images, samples):
        with pytest.raises(ValueError, match="at least 1"):
            small().log_weights(images, samples)
        with pytest.raises(ValueError, match="at least 1"):
            small().log_likelihood(images, samples)
        with pytest.raises(ValueError, match="at least 1"):
            small().sample(samples)


@pytest.fixture
def noise_of_steps(monkeypatch):
    """The seeds of the noise that training steps draw."""
    seeds, log_terms = [], kv.VAE.log_terms

    def spy(self, x, num_samples, seed, training=False):
        if training:
            seeds.append(tuple(seed.numpy()))
        return log_terms(self, x, num_samples, seed, training)

    monkeypatch.setattr(kv.VAE, "log_terms", spy)
    return seeds


def take_steps(model, count):
    model.fit(np.zeros((count, 2, 2), "float32"), batch_size=1, verbose=0)


def tiny(optimizer=None):
    model = kv.VAE(latent_dim=1, hidden_units=(), image_shape=(2, 2), seed=0)
    model.compile(optimizer or keras.optimizers.SGD(0.01), run_eagerly=True)
    return model


def test_every_step_has_noise_of_its_own(noise_of_steps, tmp_path):
    take_steps(tiny(), 8)
    expected = noise_of_steps.copy()
    assert len(set(expected)) == 8
    noise_of_steps.clear()
    # The seeds of a run that is stored.
    stream = [tuple(random.stream(0, random.TRAINING_NOISE, step).numpy()) for step in range(8)]
    assert expected == stream

    accumulating = keras.optimizers.SGD(0.01, gradient_accumulation_steps=3)
    take_steps(tiny(keras.optimizers.LossScaleOptimizer(accumulating)), 8)
    assert noise_of_steps == expected
    noise_of_steps.clear()

    model = tiny()
    take_steps(model, 2)
    model.compile(keras.optimizers.SGD(0.01, gradient_accumulation_steps=2), run_eagerly=True)
    take_steps(model, 3)
    model.compile(model.optimizer, run_eagerly=True)
    take_steps(model, 1)
    model.save(tmp_path / "model.keras")
    model = keras.saving.load_model(tmp_path / "model.keras")
    model.run_eagerly = True
    take_steps(model, 2)
    assert noise_of_steps == expected


def test_counting_steps_adds_no_weight_to_stored_ones(noise_of_steps, tmp_path):
    model = tiny()
    before = [tuple(weight.shape) for weight in model.weights]
    take_steps(model, 2)
    model.compile("adam", run_eagerly=True)
    assert [tuple(weight.shape) for weight in model.weights] == before
    take_steps(model, 1)
    model.save_weights(tmp_path / "model.weights.h5")
    again = tiny("adam")
    again.optimizer.build(again.trainable_variables)
    again.load_weights(tmp_path / "model.weights.h5")
    noise_of_steps.clear()
    take_steps(again, 1)
    take_steps(model, 1)
    assert noise_of_steps[0] == noise_of_steps[1]


@pytest.mark.usefixtures("eagerly")
@pytest.mark.parametrize("decoded", [10**9, 700])
def test_effective_sample_size_meets_its_closed_form(decoded):
    model, x, _ = linear_gaussian(latent_dim=1)
    # For a posterior of v times the exact one's variance it is sqrt(2 v - 1) / v of the samples.
    model.log_variance_head.bias.assign_add([np.log(4.0)])
    budget = decoded * len(x) * 5 * importance.BYTES_PER_PIXEL
    asked = {"memory_budget": budget, "return_effective_sample_size": True}
    estimate, effective = model.log_likelihood(x, 7000, **asked)
    np.testing.assert_allclose(effective, np.full(len(x), 7000 * np.sqrt(7) / 4), rtol=0.03)
    np.testing.assert_array_equal(estimate, model.log_likelihood(x, 7000, memory_budget=budget))


@pytest.mark.usefixtures("eagerly")
def test_few_effective_samples_are_warned_of(recwarn):
    importance.warn_of_few_effective_samples(np.full(10, 1.0), 99)
    importance.warn_of_few_effective_samples([9.0] + 9 * [10.0], 100)
    assert not recwarn.list
    model, x, _ = linear_gaussian(latent_dim=1)
    model.loc_head.bias.assign_add([4.0])
    with pytest.warns(RuntimeWarning, match="For 100% of the images, 100 samples"):
        model.log_likelihood(x, 100)


def test_sizes_by_default():
    model = kv.VAE(seed=0)
    assert (model.hidden_units, model.latent_dim, model.event_shape) == ((200, 200), 50, (28, 28))

"""Which random stream each draw comes from: noise that differs where it must, and repeats."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

import keras_vae as kv
from keras_vae import random
from keras_vae._internal import backend
from keras_vae.datasets import ImageData, Split
from keras_vae.distributions import DiagonalGaussianMixture
from keras_vae.models import importance

STREAM = random.stream(4, 0)


def vae(**kwargs):
    return kv.VAE(**{"latent_dim": 2, "hidden_units": (4,), "image_shape": (2, 2), **kwargs})


def levels(**kwargs):
    return kv.HierarchicalVAE(latent_dims=(2, 2, 2), hidden_units=3, image_shape=(2, 2), **kwargs)


def binary(count):
    return (np.random.default_rng(0).random((count, 2, 2)) < 0.5).astype("float32")


@pytest.fixture
def streams(monkeypatch):
    """Seeds, purposes and counters of the streams that are asked for."""
    asked, stream = [], random.stream

    def spy(seed, purpose, counter=0):
        asked.append((int(seed), purpose, int(counter)))
        return stream(seed, purpose, counter)

    monkeypatch.setattr(random, "stream", spy)
    return asked


@pytest.fixture
def draws(monkeypatch):
    """Seeds that uniform and normal numbers are drawn from."""
    seeds = []

    def watch(name):
        draw = getattr(random, name)

        def spy(shape, seed, *args):
            seeds.append(tuple(np.asarray(seed).tolist()))
            return draw(shape, seed, *args)

        monkeypatch.setattr(random, name, spy)

    watch("normal")
    watch("uniform")
    return seeds


def test_training_takes_a_stream_of_its_own_each_step(streams):
    model = vae(seed=6)
    model.compile(run_eagerly=True)
    model.fit(binary(6), batch_size=2, epochs=2, verbose=0)
    assert streams == [(6, random.TRAINING_NOISE, step) for step in range(6)]


def test_evaluation_takes_one_for_each_batch_and_repeats(streams):
    model = vae(seed=6)
    model.compile(run_eagerly=True)
    # Batches of two, two and one.
    first = model.evaluate(binary(5), batch_size=2, verbose=0, return_dict=True)
    assert streams == [(6, random.EVALUATION_NOISE, seen) for seen in (0, 2, 4)]
    assert model.evaluate(binary(5), batch_size=2, verbose=0, return_dict=True) == first
    assert streams[3:] == streams[:3]


def trained_numbers(make, draw, **kwargs):
    """What two epochs under a model's `draw_normal` come to."""
    model = make(seed=6, objective=kv.objectives.IWAE(3))
    model.draw_normal = draw
    model.compile("sgd", **kwargs)
    model.fit(binary(6), batch_size=2, epochs=2, shuffle=False, verbose=0)
    return np.concatenate(
        [model.evaluate(binary(5), verbose=0), *map(np.ravel, model.get_weights())]
    )


@pytest.mark.parametrize("make", [vae, pytest.param(levels, marks=pytest.mark.slow)])
def test_a_steps_noise_is_drawn_as_the_model_says(make):
    def numbers(draw):
        return trained_numbers(make, draw, run_eagerly=True)

    own = numbers(None)
    # The same numbers from the same seeds, at every level.
    np.testing.assert_array_equal(own, numbers(random.normal))
    assert not np.allclose(own, numbers(random.box_muller), rtol=1e-5)


@pytest.mark.slow
def test_steps_compiled_by_xla_draw_it_so_too():
    own, older = (
        trained_numbers(vae, draw, jit_compile=True) for draw in (None, random.box_muller)
    )
    assert not np.allclose(own, older, rtol=1e-5)


def test_compiled_steps_draw_as_eager_ones():
    # Without XLA, which draws other uniform numbers of the same seeds.
    compiled = trained_numbers(vae, random.box_muller, jit_compile=False)
    eager = trained_numbers(vae, random.box_muller, run_eagerly=True)
    np.testing.assert_allclose(compiled, eager, rtol=1e-4, atol=1e-6)


def test_compiled_steps_heed_what_draws_their_noise_from_then_on():
    def evaluated(late):
        model = vae(seed=6)
        model.draw_normal = None if late else random.box_muller
        model.compile("sgd", jit_compile=False)
        if late:
            model.fit(binary(6), batch_size=2, validation_data=binary(5), verbose=0)
            model.set_weights(vae(seed=6).get_weights())
            model.draw_normal = random.box_muller
        return model.evaluate(binary(5), verbose=0)

    assert evaluated(late=True) == evaluated(late=False)


@pytest.mark.parametrize("make", [vae, levels])
def test_other_calls_and_the_seed_that_they_take(streams, monkeypatch, make):
    model, x, passed = make(seed=6), binary(3), []

    def estimate(*arguments):
        passed.append(arguments)
        return np.zeros(3), np.ones(3)

    monkeypatch.setattr(importance, "log_likelihood", estimate)
    weights = model.log_weights(x, 2)
    np.testing.assert_array_equal(weights, model.log_weights(x, 2, seed=6))
    assert not np.allclose(weights, model.log_weights(x, 2, seed=8))
    model.log_likelihood(x, 2)
    model.log_likelihood(x, 3, seed=8, memory_budget=1000, verbose=1)
    model.sample(2, seed=9)
    assert streams == [
        *((seed, random.EVALUATION_NOISE, 0) for seed in (6, 6, 8, 6, 8)),
        (9, random.GENERATION, 0),
    ]
    for (count, seed, *rest), (used, images, *others) in zip(
        [(2, 6, 128 * 2**20, 0), (3, 8, 1000, 1)], passed, strict=True
    ):
        assert used is model and images.dtype == np.float32
        assert (others[0], *others[2:]) == (count, *rest)
        expected = random.stream(seed, random.EVALUATION_NOISE)
        np.testing.assert_array_equal(others[1], expected)


@pytest.mark.parametrize("prior", [None, "mixture_of_gaussians"])
def test_samples_without_a_seed_are_fresh(streams, prior):
    model = levels(seed=6, prior=prior)
    model.sample(2)
    model.sample(2)
    (first, *_), (second, *_) = streams
    assert first != second and 6 not in (first, second)


@pytest.mark.parametrize("prior", [None, "mixture_of_gaussians", "vamp"])
def test_each_level_draws_noise_of_its_own(draws, prior):
    model = levels(seed=0, prior=prior)
    draws.clear()
    model.log_terms(binary(2), 3, STREAM)
    assert len(set(draws)) == len(draws) == 3
    draws.clear()
    codes = model.sample_prior(4, STREAM)
    # TFP's own standard normal is not drawn by this package.
    assert len(set(draws)) == len(draws) == {None: 2}.get(prior, 4)
    other = model.sample_prior(4, random.stream(5, 0))
    for level, (code, drawn) in enumerate(zip(codes, other, strict=True)):
        assert not np.allclose(code, drawn), level


def test_the_component_and_its_noise_are_drawn_apart(draws):
    mixture = DiagonalGaussianMixture(tf.zeros(3), tf.zeros((3, 2)), tf.ones((3, 2)))
    mixture.sample(5, seed=tf.constant([1, 2]))
    assert len(set(draws)) == len(draws) == 2 and (1, 2) not in draws


def test_images_samples_and_dimensions_have_noise_of_their_own():
    model = vae(seed=0)
    x = np.repeat(binary(1), 4, axis=0)
    # Equal images, whose log-weights differ by their noise alone.
    assert len(np.unique(model.log_weights(x, 5))) == 20
    terms = levels(seed=0).log_terms(x, 5, STREAM)
    for part in (terms.log_likelihood, terms.log_prior, terms.log_posterior):
        assert len(np.unique(part)) == 20
    features = kv.linear_probe.posterior_features(model, x, "samples", batch_size=2)
    assert len(np.unique(features)) == 8


class OfNoise:
    """A model whose log-weights are one level's noise, times a spread, and each image's pixel."""

    def __init__(self, level=0, spread=1.0):
        self.level, self.spread, self.latent_dims = level, spread, (2, 1)

    def log_terms(self, x, num_samples, seed, training):
        assert training is False
        shapes = [(num_samples, x.shape[0], size) for size in self.latent_dims]
        assert [level.shape for level in seed.levels] == shapes
        weights = self.spread * seed.levels[self.level][..., -1] + x[:, 0]
        return kv.models.LogTerms(weights, tf.zeros_like(weights), tf.zeros_like(weights), None)


def estimates(model, images, samples, budget=importance.MEMORY_BUDGET):
    x = np.resize(np.array([0.0, 100.0], "float32"), (images, 1))
    found, effective = importance.log_likelihood(model, x, samples, STREAM, budget)
    return found - x[:, 0], effective


@pytest.mark.parametrize("samples, at_once", [(1, 5000), (9, 4)])
def test_a_log_likelihood_is_the_same_for_each_memory_budget(monkeypatch, samples, at_once):
    monkeypatch.setattr(importance, "SAMPLES_PER_BLOCK", at_once)
    monkeypatch.setattr(importance, "CHUNK_ROWS", 6)
    # Very unequal weights, none of which may be missing.
    model, threads = OfNoise(spread=30.0), backend.threads()
    budgets = [rows * threads * importance.BYTES_PER_PIXEL for rows in (1, 2, 10**6)]
    first, *others = (estimates(model, 20, samples, budget) for budget in budgets)
    # XLA may add the terms of other numbers of rows in another order.
    for other in others:
        np.testing.assert_allclose(first, other, rtol=1e-6)


def test_images_and_levels_of_a_log_likelihood_have_normal_noise_of_their_own():
    noise = np.stack([estimates(OfNoise(level), 1201, 1)[0] for level in (0, 1)])
    # To the digits that 100 leaves.
    assert len(np.unique(noise[:, ::2])) == 1202
    assert stats.kstest(noise.ravel(), "norm").pvalue > 0.01
    assert abs(np.corrcoef(noise)[0, 1]) < 0.1


def test_samples_of_a_log_likelihood_are_independent_and_all_counted(monkeypatch):
    """Of 40 weights exp(N(0, 1)) in four draws: what their mean spreads, and how many they are."""
    monkeypatch.setattr(importance, "SAMPLES_PER_BLOCK", 10)
    found, effective = estimates(OfNoise(), 4000, 40)
    ratio = np.exp(found) / np.exp(0.5)
    assert ratio.mean() == pytest.approx(1, abs=0.02)
    assert ratio.std() == pytest.approx(np.sqrt((np.e - 1) / 40), rel=0.1)
    assert 40 / np.e < effective.mean() < 40


def made_up(binarize, count=7):
    pixels = np.random.default_rng(0).integers(0, 256, (count, 2, 3)).astype(np.uint8)
    pixels[:, 0, 0], pixels[:, 0, 1] = 0, 255
    return ImageData("mnist", binarize, Split(pixels), Split(pixels[:5]))


@pytest.mark.parametrize("binarize", [None, "stochastic"])
def test_batches_are_those_of_their_streams(binarize):
    data = made_up(binarize)
    batches = data.batches(3, seed=5, first_epoch=2).take(4).as_numpy_iterator()
    for step, batch in enumerate(batches, start=4):
        keys = random.uniform((7,), random.stream(5, random.SHUFFLING, step // 2)).numpy()
        first = 3 * (step % 2)
        grey = data.train.images[np.argsort(keys)[first : first + 3]]
        noise = random.uniform((3, 2, 3), random.stream(5, random.BINARIZATION, step)).numpy()
        expected = grey if binarize is None else noise < grey
        np.testing.assert_array_equal(batch, expected)


def test_batches_follow_seed_zero_unless_told_and_test_batches_their_order():
    data = made_up(None)
    first, again, other = (next(iter(data.batches(7, *seed))).numpy() for seed in ((), (0,), (1,)))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    parts = [batch.numpy() for batch in data.test_batches(2)]
    assert [len(part) for part in parts] == [2, 2, 1]
    np.testing.assert_array_equal(np.concatenate(parts), data.test.images)


def test_pseudo_inputs_are_chosen_by_a_seed_of_their_own():
    prior = kv.priors.VampPrior(3, seed=4)
    vae(prior=prior, seed=1)
    images = np.arange(20.0)[:, None, None] / 20 + np.zeros((20, 2, 2))
    prior.initialize_from(images)
    chosen = (prior.pseudo_inputs.numpy()[:, 0, 0] * 20).round().tolist()
    assert chosen == [5.0, 0.0, 16.0]
    whole = kv.priors.VampPrior(20, seed=4)
    vae(prior=whole, seed=1)
    whole.initialize_from(images)
    assert len(np.unique(whole.pseudo_inputs)) == 20

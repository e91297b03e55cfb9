"""Seeds, streams and what they give: numbers that stored runs rest on."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from keras_vae import random


def test_purposes_keep_their_numbers():
    purposes = ("TRAINING_NOISE", "EVALUATION_NOISE", "SHUFFLING", "BINARIZATION", "GENERATION")
    numbers = [getattr(random, name) for name in (*purposes, "INITIALIZATION")]
    assert numbers == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    "path, seed",
    [
        ((0,), 1484405855),
        ((0, 1), 1982462498),
        ((0, 0, 1), 1915600865),
        ((7, 1, 2), 867361342),
        ((2**31 - 1, 3), 566668360),
    ],
)
def test_derived_seeds_are_pinned(path, seed):
    assert random.derive_seed(*path) == seed
    # Zeros at the end do not count.
    assert random.derive_seed(*path, 0) == seed


@pytest.mark.parametrize(
    "seed, purpose, counter, pair",
    [
        (0, 0, 0, [-6856063536328932722, 0]),
        (0, 1, 0, [3077193618151867499, 0]),
        (7, 2, 3, [1480540957993401571, 3]),
        (2**31 - 1, 5, 10**10, [-7369725989813639556, 10**10]),
    ],
)
def test_streams_are_pinned(seed, purpose, counter, pair):
    assert random.stream(seed, purpose, counter).numpy().tolist() == pair
    if counter == 0:
        assert random.stream(seed, purpose).numpy().tolist() == pair


def test_noise_is_pinned():
    np.testing.assert_allclose(
        random.box_muller((3,), [1, 2]), [0.5441101, 0.2073803, 0.0735643], rtol=1e-5
    )
    uniform = np.array([0.8440604, 0.1920453, 0.9962232])
    np.testing.assert_allclose(random.normal((3,), [1, 2]), stats.norm.ppf(uniform), rtol=1e-5)
    np.testing.assert_allclose(
        random.uniform((3,), [1, 2]), [0.8440604, 0.1920453, 0.9962232], rtol=1e-6
    )


@pytest.mark.parametrize("draw", [random.normal, random.box_muller])
@pytest.mark.parametrize(
    "dtype, jit_compile", [("float32", False), ("float32", True), ("float64", True)]
)
def test_normal_numbers_are_normal(draw, dtype, jit_compile):
    shape = (400, 500)
    noise = tf.function(lambda: draw(shape, [3, 4], dtype), jit_compile=jit_compile)().numpy()
    assert noise.shape == shape and noise.dtype == dtype and np.abs(noise).max() < 5.8
    # By chance alone the distance would be as large in one of ten thousand seeds.
    assert stats.kstest(noise.ravel(), "norm").pvalue > 1e-4
    # Of 200,000 numbers the tails beyond three have 540, give or take 23.
    assert 430 < (np.abs(noise) > 3).sum() < 650
    neighbours = [np.corrcoef(noise[:, i], noise[:, i + 1])[0, 1] for i in range(50)]
    assert np.abs(np.mean(neighbours)) < 5 / np.sqrt(400 * 50)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("jit_compile", [False, True])
def test_half_precision_is_single_precision_rounded(dtype, jit_compile):
    compiled = tf.function(random.normal, jit_compile=jit_compile)
    noise = compiled((20_000,), [3, 4], dtype)
    assert noise.dtype == dtype
    single = tf.cast(random.normal((20_000,), [3, 4]), dtype)
    np.testing.assert_allclose(tf.cast(noise, "float32"), tf.cast(single, "float32"), rtol=0.01)


@pytest.mark.parametrize("dtype, step", [("float32", 2.0**-24), ("float64", 2.0**-53)])
def test_the_lowest_number_is_what_the_precision_has(monkeypatch, dtype, step):
    def lowest(shape, seed, minval, maxval, dtype, alg):
        return tf.constant(minval, dtype, shape)

    monkeypatch.setattr(tf.random, "stateless_uniform", lowest)
    found = random.normal((1,), [3, 4], dtype)
    np.testing.assert_allclose(found, [stats.norm.ppf(step / 2)], rtol=1e-6)


def test_every_seed_purpose_and_count_has_a_stream_of_its_own():
    streams = [
        tuple(random.stream(seed, purpose, counter).numpy())
        for seed in (0, 1, 5)
        for purpose in range(6)
        for counter in (0, 1, 5, 1000)
    ]
    assert len(set(streams)) == len(streams)


@pytest.mark.parametrize("seed", [0, 2**31 - 1, np.int64(5)])
def test_seeds_are_taken_as_they_are(seed):
    assert random.resolve_seed(seed) == seed and type(random.resolve_seed(seed)) is int


@pytest.mark.parametrize(
    "seed, error", [(-1, ValueError), (2**31, ValueError), (True, TypeError), (1.0, TypeError)]
)
def test_other_seeds_are_refused(seed, error):
    with pytest.raises(error, match="`seed` must"):
        random.resolve_seed(seed)

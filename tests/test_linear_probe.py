"""Linear classifiers of latent features against classes that are, and are not, separable."""

import keras
import numpy as np
import pytest

import keras_vae as kv
from keras_vae.linear_probe import (
    fit_linear_classifier,
    linear_accuracy,
    posterior_features,
)


@pytest.fixture(scope="module")
def model():
    return kv.VAE(latent_dim=3, hidden_units=(8,), seed=0)


def test_separable_classes_are_told_apart():
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=600)
    features = np.eye(3)[labels] * 20 + rng.normal(size=(600, 3))
    assert linear_accuracy(features[:400], labels[:400], features[400:], labels[400:]) == 1.0
    shuffled = rng.permutation(labels)
    chance = linear_accuracy(features[:400], shuffled[:400], features[400:], shuffled[400:])
    assert abs(chance - 1 / 3) < 0.15


def test_a_circle_within_a_ring_needs_more_than_lines():
    rng = np.random.default_rng(0)
    angle, labels = rng.uniform(0, 2 * np.pi, size=600), rng.integers(2, size=600)
    points = (1 + 4 * labels[:, None]) * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    assert linear_accuracy(points[:400], labels[:400], points[400:], labels[400:]) < 0.75
    squares = points**2
    assert linear_accuracy(squares[:400], labels[:400], squares[400:], labels[400:]) == 1.0


def test_does_not_depend_on_units():
    rng = np.random.default_rng(0)
    labels = rng.integers(2, size=300)
    features = labels[:, None] + rng.normal(size=(300, 2))
    scaled = features * [1e-3, 1e4] + [5.0, -2e4]
    first = fit_linear_classifier(features, labels).predict_proba(features)
    second = fit_linear_classifier(scaled, labels).predict_proba(scaled)
    np.testing.assert_allclose(first, second, atol=1e-3)


def test_features_are_the_posteriors(model, images):
    posterior = model.encode(images)
    means = posterior_features(model, images, batch_size=10)
    np.testing.assert_allclose(means, posterior.mean(), rtol=1e-5, atol=1e-6)
    both = posterior_features(model, images, "means_and_variances")
    np.testing.assert_allclose(both[:, :3], means, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(both[:, 3:], posterior.stddev() ** 2, rtol=1e-5)


def test_samples_follow_the_posterior_and_the_seed(model, images):
    many = np.repeat(images[:1], 4000, axis=0)
    samples = posterior_features(model, many, "samples", seed=1)
    posterior = model.encode(images[:1])
    standardized = (samples - posterior.mean()) / posterior.stddev()
    np.testing.assert_allclose(np.mean(standardized, axis=0), 0, atol=5 / np.sqrt(4000))
    np.testing.assert_allclose(np.var(standardized, axis=0), 1, atol=5 * np.sqrt(2 / 4000))
    np.testing.assert_array_equal(samples, posterior_features(model, many, "samples", seed=1))
    assert not np.allclose(samples, posterior_features(model, many, "samples", seed=2))


def test_refuses_unknown_features_and_other_images(model, images):
    with pytest.raises(ValueError, match="features: 'codes'.*'means'"):
        posterior_features(model, images, "codes")
    with pytest.raises(ValueError, match="shape"):
        posterior_features(model, images[:, :5])


def test_levels_have_means_alone(images):
    model = kv.HierarchicalVAE(latent_dims=(2, 3), hidden_units=8, seed=0)
    assert posterior_features(model, images).shape == (64, 5)
    with pytest.raises(TypeError, match=r"'samples'.*one level.*\(2, 3\)"):
        posterior_features(model, images, "samples")


def test_callback_records_the_accuracy(digits):
    train, test = digits.train.first(1500), digits.test.first(500)
    model = kv.VAE(latent_dim=8, hidden_units=(32,), seed=0)
    model.compile(keras.optimizers.Adam(3e-3), jit_compile=False)
    probe = kv.callbacks.LinearProbe(
        (train.images, train.labels), (test.images, test.labels), epochs=(1, 5)
    )
    history = model.fit(train.images, epochs=5, batch_size=50, verbose=0, callbacks=[probe])
    assert probe.epochs_done == [1, 5]
    first, last = probe.accuracy
    assert 0.2 < first < last < 1
    # As Keras has it, a key that one epoch's logs lack is not in the history of that epoch.
    assert history.history["probe_accuracy"] == [first, last]


def test_callback_refuses_what_it_could_not_use(digits):
    train = (digits.train.images, digits.train.labels)
    with pytest.raises(ValueError, match="4 images and 5 labels"):
        kv.callbacks.LinearProbe(train, (digits.test.images[:4], digits.test.labels[:5]))
    with pytest.raises(ValueError, match="features: 'codes'"):
        kv.callbacks.LinearProbe(train, train, features="codes")
    with pytest.raises(ValueError, match="epochs.*at least 1"):
        kv.callbacks.LinearProbe(train, train, epochs=(0,))

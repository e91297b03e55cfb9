"""How images drawn from a model are measured and judged, on cases whose answer is known."""

import types

import numpy as np
import pytest
import scipy.linalg
import scipy.spatial
import tensorflow as tf
from vampprior_runs import ask

from keras_vae.datasets import Split
from keras_vae.experiments.reports.vampprior import samples


def test_frechet_distance_is_the_closed_form():
    rng = np.random.default_rng(0)
    factors = rng.normal(size=(2, 6, 6))
    a, b = (factor @ factor.T for factor in factors)
    means = rng.normal(size=(2, 6))
    expected = np.sum((means[0] - means[1]) ** 2) + np.trace(
        a + b - 2 * scipy.linalg.sqrtm(a @ b).real
    )
    measured = samples.frechet_distance(means[0], a, means[1], b)
    assert measured == pytest.approx(expected, rel=1e-6)
    assert samples.frechet_distance(means[0], a, means[0], a) == pytest.approx(0, abs=1e-6)
    one = np.ones((1, 1))
    assert samples.frechet_distance([0.0], one, [3.0], 4 * one) == pytest.approx(10)


def covariance_root(a, b):
    return scipy.linalg.sqrtm(a @ b).real


@pytest.mark.parametrize("images, side", [(12, 3), (300, 8)], ids=["few images", "many pixels"])
def test_sample_measures_are_the_formulas_on_raw_images(images, side):
    """Fewer images than components, and more pixels than the 50 components that count."""
    rng = np.random.default_rng(1)
    scale = np.geomspace(1, 0.05, side**2).reshape(side, side)
    train = (rng.random((images, side, side)) * scale * 255).astype(np.uint8)
    drawn = rng.random((40, side, side)).astype("float32")
    held_out = (rng.random((100, side, side)) * scale * 255).astype(np.uint8)
    found = samples.sample_measure(Split(train), Split(held_out))(drawn)
    reference = train.reshape(images, -1) / 255.0
    draws = drawn.reshape(40, -1).astype("float64")
    _, vectors = np.linalg.eigh(np.cov(reference, rowvar=False))
    axes = vectors[:, ::-1][:, : min(50, images, side**2)]
    (mean_a, cov_a), (mean_b, cov_b) = (
        ((of @ axes).mean(axis=0), np.cov(of @ axes, rowvar=False)) for of in (reference, draws)
    )
    expected = np.sum((mean_a - mean_b) ** 2) + np.trace(
        cov_a + cov_b - 2 * covariance_root(cov_a, cov_b)
    )
    assert found["frechet_distance"] == pytest.approx(expected, rel=1e-4)
    squared = np.sort(scipy.spatial.distance.cdist(draws, reference) ** 2, axis=1)
    nearest = squared[:, :10].mean()
    assert found["distance_from_nearest_images"] == pytest.approx(nearest, rel=1e-4)
    others = held_out.reshape(100, -1) / 255.0
    usual = np.sort(scipy.spatial.distance.cdist(others, reference) ** 2, axis=1)[:, :10]
    limit = np.quantile(usual.mean(axis=1), 0.95)
    assert found["share_unlike_images"] == (squared[:, :10].mean(axis=1) > limit).mean()


class RecordingModel:
    """Stands in for a trained model; remembers whose noise it was given."""

    def __init__(self):
        self.seeds = []

    def sample_prior(self, count, seed):
        self.seeds.append(tuple(np.asarray(seed)))
        return np.zeros((count, 2))

    def decode(self, codes):
        shape = (len(codes), 2, 2)

        def sample(seed):
            self.seeds.append(tuple(np.asarray(seed)))
            return tf.ones(shape)

        return types.SimpleNamespace(sample=sample, mean=lambda: tf.fill(shape, 0.25))


@pytest.mark.parametrize("binary, level", [(True, 1.0), (False, 0.25)])
def test_ten_draws_of_a_thousand_images_have_noise_of_their_own(binary, level, monkeypatch):
    monkeypatch.setattr(samples, "shown_images", lambda decoded: 2 * decoded.mean().numpy())
    model, other, seen = RecordingModel(), RecordingModel(), []

    def measure(images):
        seen.append(images)
        return {"distance": float(images.mean()) * len(seen)}

    found = samples.measure_samples(model, measure, 3, binary=binary)
    assert {drawn.shape for drawn in seen} == {(1000, 2, 2)}
    # Codes and pixels of every draw are drawn anew, and anew for another seed.
    assert len(set(model.seeds)) == len(model.seeds) == (20 if binary else 10)
    samples.measure_samples(other, measure, 4, binary=binary)
    assert not set(other.seeds) & set(model.seeds)
    if binary:
        assert found == {"distance": 5.5}
    else:
        # What is shown and the means are measured in turn.
        assert found == {"distance": 0.5 * 10, "of_means": {"distance": 0.25 * 11}}


def test_sample_measures_see_noise_and_missing_classes(digits):
    measure = samples.sample_measure(digits.train, digits.test)
    held_out = measure(digits.test.images)
    only_threes = measure(digits.test.images[digits.test.labels == 3])
    rng = np.random.default_rng(0)
    noise = measure((rng.random((200, 28, 28)) < 0.13).astype("float32"))
    # Single images of one class look like digits; all together they do not.
    assert only_threes["frechet_distance"] > 5 * held_out["frechet_distance"]
    assert only_threes["distance_from_nearest_images"] < 80
    assert held_out["share_unlike_images"] == pytest.approx(0.05, abs=0.01)
    assert noise["share_unlike_images"] > 0.5
    for name in samples.DISTANCES:
        assert noise[name] > 1.5 * held_out[name]


def test_every_trial_of_every_model_is_measured_against_its_training_images(monkeypatch):
    def trials(dataset, model, binarize):
        data = types.SimpleNamespace(train=f"{dataset} train", test="test", binarize=binarize)
        vae = types.SimpleNamespace(sample_prior=lambda n, seed: n, decode=lambda z: (model, z))
        return types.SimpleNamespace(
            load_models=lambda: iter([(vae, data), (f"{model} second", data)]),
            weights_epochs=[3, 3],
        )

    monkeypatch.setattr(samples, "sample_measure", lambda *splits: splits)
    monkeypatch.setattr(samples, "shown_images", lambda decoded: decoded)
    monkeypatch.setattr(
        samples,
        "measure_samples",
        lambda model, measure, seed, *, binary: {"of": (measure, seed, binary)},
    )
    methods = {
        "mnist/VAE": trials("mnist", "VAE", "static"),
        "mnist/HVAE": trials("mnist", "HVAE", "static"),
        "frey_faces/VAE": trials("frey_faces", "VAE", None),
    }
    measured = samples.measure_generations("VAE")(methods, ask(seed=5, trials=2))
    assert measured["methods"] is methods
    shown = {"epochs": 3, "images": ("VAE", 25)}
    assert measured["images"] == {"mnist/VAE": shown, "frey_faces/VAE": shown}

    def of(dataset, binary):
        return {"of": [((f"{dataset} train", "test"), seed, binary) for seed in (5, 6)]}

    assert measured["distances"] == {
        "mnist": {"VAE": of("mnist", True), "HVAE": of("mnist", True)},
        "frey_faces": {"VAE": of("frey_faces", False)},
    }


def test_frechet_distance_is_never_negative():
    factors = np.random.default_rng(1).normal(size=(20, 10, 10))
    covariances = factors @ factors.swapaxes(1, 2)
    mean = np.zeros(10)
    distances = [samples.frechet_distance(mean, c, mean, c) for c in covariances]
    assert min(distances) >= 0

"""How images drawn from a model are measured and judged, on cases whose answer is known."""

import types

import numpy as np
import pytest
import scipy.linalg
import scipy.spatial
import tensorflow as tf
from vampprior_runs import ask, small

from keras_vae.datasets import Split
from keras_vae.experiments.reports.vampprior import samples
from keras_vae.experiments.reports.vampprior.protocol import HVAE, run_spec
from keras_vae.experiments.runs.training import build_model


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
    found = samples.sample_measure(Split(train))(drawn)
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


class RecordingModel:
    """Stands in for a trained model; remembers whose noise it was given."""

    def __init__(self):
        self.seeds, self.counts = [], []

    def sample_prior(self, count, seed):
        self.seeds.append(tuple(np.asarray(seed)))
        self.counts.append(count)
        return np.zeros((count, 2))

    def decode(self, codes):
        shape = (len(codes), 2, 2)

        def sample(seed):
            self.seeds.append(tuple(np.asarray(seed)))
            return tf.ones(shape)

        return types.SimpleNamespace(mean=lambda: tf.fill(shape, 0.25), sample=sample)


def test_ten_draws_of_a_thousand_images_have_noise_of_their_own():
    for pixels, level in ((True, 1.0), (False, 0.25)):
        model, other, seen = RecordingModel(), RecordingModel(), []

        def measure(drawn, seen=seen):
            seen.append(drawn)
            return dict(zip(samples.MEASURES, (len(seen), len(seen) ** 2), strict=True))

        found = samples.measure_samples(model, measure, 3, pixels=pixels)
        assert [drawn.shape for drawn in seen] == [(1000, 2, 2)] * 10
        assert set(np.unique(seen)) == {level}
        # Codes and pixels of every draw are drawn anew, and anew for another seed.
        assert len(set(model.seeds)) == len(model.seeds) == (20 if pixels else 10)
        samples.measure_samples(other, measure, 4, pixels=pixels)
        assert not set(other.seeds) & set(model.seeds)
        # 1 to 10 have the variance 55 / 6; their squares have the mean 38.5.
        first, second = (found[name] for name in samples.MEASURES)
        assert first == {"mean": 5.5, "standard_error": pytest.approx(np.sqrt(55 / 60))}
        assert second["mean"] == 38.5
        assert list(found) == ["frechet_distance", "distance_from_nearest_images"]


def test_sample_measures_see_noise_and_missing_classes(digits):
    measure = samples.sample_measure(digits.train)
    held_out = measure(digits.test.images)
    only_threes = measure(digits.test.images[digits.test.labels == 3])
    rng = np.random.default_rng(0)
    noise = measure((rng.random((200, 28, 28)) < 0.13).astype("float32"))
    # Single images of one class look like digits; all together they do not.
    assert only_threes["frechet_distance"] > 5 * held_out["frechet_distance"]
    assert only_threes["distance_from_nearest_images"] < 80
    for name in samples.MEASURES:
        assert noise[name] > 1.5 * held_out[name]


def test_draws_are_binary_and_follow_the_seed(digits):
    model = build_model(small(run_spec("mnist_5k", 0, HVAE)), (28, 28))
    first, again, other = (samples.draw_images(model, 5, seed, pixels=True) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert set(np.unique(first)) == {0.0, 1.0} and not np.array_equal(first, other)
    later = samples.draw_images(model, 5, 0, counter=1, pixels=True)
    assert not np.array_equal(first, later)
    means = samples.draw_images(model, 5, 0, pixels=False)
    assert means.min() > 0 and means.max() < 1


def test_every_models_first_trial_is_measured_against_its_training_images(monkeypatch):
    def trials(dataset, model, binarize):
        data = types.SimpleNamespace(train=f"images of {dataset}", binarize=binarize)
        return types.SimpleNamespace(
            load_models=lambda: iter([(f"{model} {n}", data) for n in ("first", "second")]),
            weights_epochs=[3, 4],
        )

    monkeypatch.setattr(samples, "sample_measure", lambda split: split)
    monkeypatch.setattr(samples, "draw_images", lambda model, count, seed, *, pixels: model)
    monkeypatch.setattr(
        samples,
        "measure_samples",
        lambda model, measure, seed, *, pixels: (model, measure, seed, pixels),
    )
    methods = {
        "mnist/VAE": trials("mnist", "VAE", "static"),
        "mnist/HVAE": trials("mnist", "HVAE", "static"),
        "frey_faces/VAE": trials("frey_faces", "VAE", None),
    }
    measured = samples.measure_generations("VAE")(methods, ask(seed=5))
    assert measured["methods"] is methods
    assert measured["images"] == {
        "mnist/VAE": {"epochs": 3, "images": "VAE first"},
        "frey_faces/VAE": {"epochs": 3, "images": "VAE first"},
    }
    assert measured["distances"] == {
        "mnist": {
            "VAE": ("VAE first", "images of mnist", 5, True),
            "HVAE": ("HVAE first", "images of mnist", 5, True),
        },
        "frey_faces": {"VAE": ("VAE first", "images of frey_faces", 5, False)},
    }


def test_frechet_distance_is_never_negative():
    factors = np.random.default_rng(1).normal(size=(20, 10, 10))
    covariances = factors @ factors.swapaxes(1, 2)
    mean = np.zeros(10)
    distances = [samples.frechet_distance(mean, c, mean, c) for c in covariances]
    assert min(distances) >= 0

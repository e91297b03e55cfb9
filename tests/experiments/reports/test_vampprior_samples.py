"""How images drawn from a model are measured and judged, on cases whose answer is known."""

import numpy as np
import pytest
import scipy.linalg
from vampprior_runs import MODELS, ask, of, runs, small

from keras_vae.experiments.figures.claims import INCONCLUSIVE, NOT_REPRODUCED, REPRODUCED
from keras_vae.experiments.reports.vampprior import (
    generation_claims,
    generations,
    sample_quality,
)
from keras_vae.experiments.reports.vampprior.protocol import HVAE, VAE, VAMPPRIOR, run_spec
from keras_vae.experiments.runs.training import build_model


def test_frechet_distance_is_the_closed_form():
    rng = np.random.default_rng(0)
    factors = rng.normal(size=(2, 6, 6))
    a, b = (factor @ factor.T for factor in factors)
    means = rng.normal(size=(2, 6))
    expected = np.sum((means[0] - means[1]) ** 2) + np.trace(
        a + b - 2 * scipy.linalg.sqrtm(a @ b).real
    )
    measured = sample_quality.frechet_distance(means[0], a, means[1], b)
    assert measured == pytest.approx(expected, rel=1e-6)
    assert sample_quality.frechet_distance(means[0], a, means[0], a) == pytest.approx(0, abs=1e-6)
    one = np.ones((1, 1))
    assert sample_quality.frechet_distance([0.0], one, [3.0], 4 * one) == pytest.approx(10)


def test_sample_measures_see_noise_and_missing_classes(digits):
    measure = sample_quality.sample_measure(digits.train)
    held_out = measure(digits.test.images)
    only_threes = measure(digits.test.images[digits.test.labels == 3])
    rng = np.random.default_rng(0)
    noise = measure((rng.random((200, 28, 28)) < 0.13).astype("float32"))
    # Single images of one class look like digits; all together they do not.
    assert only_threes["frechet_distance"] > 5 * held_out["frechet_distance"]
    assert only_threes["distance_from_nearest_images"] < 80
    for name in sample_quality.MEASURES:
        assert noise[name] > 1.5 * held_out[name]


def test_draws_are_binary_and_follow_the_seed(digits):
    model = build_model(small(run_spec("mnist_5k", 0, HVAE)), (28, 28))
    first, again, other = (
        sample_quality.draw_images(model, 5, seed, pixels=True) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert set(np.unique(first)) == {0.0, 1.0} and not np.array_equal(first, other)
    later = sample_quality.draw_images(model, 5, 0, counter=1, pixels=True)
    assert not np.array_equal(first, later)
    means = sample_quality.draw_images(model, 5, 0, pixels=False)
    assert 0 < means.min() and means.max() < 1


def measured(frechet, nearest):
    names = zip(sample_quality.MEASURES, (frechet, nearest), strict=True)
    return {name: {"mean": value, "standard_error": 0.1} for name, value in names}


@pytest.mark.parametrize(
    "vamp, verdict",
    [
        (measured(5.0, 50.0), REPRODUCED),
        (measured(5.0, 61.0), NOT_REPRODUCED),
        (measured(9.9, 50.0), NOT_REPRODUCED),
    ],
)
def test_generations_are_better_only_if_both_distances_are_clearly_smaller(vamp, verdict):
    found = {"mnist": {VAE: measured(10.0, 60.0), VAMPPRIOR: vamp}}
    methods = runs(VAE=-85.0, VampPrior=-84.0)
    (claim,) = generation_claims.judge_vampprior(found, methods)
    assert claim.verdict == verdict
    short = runs(epochs=10, VAE=-85.0, VampPrior=-84.0)
    (claim,) = generation_claims.judge_vampprior(found, short)
    assert claim.verdict == INCONCLUSIVE


def test_hierarchical_generations_are_judged_on_two_data_sets():
    near, far = measured(5.0, 50.0), measured(10.0, 60.0)
    found = {
        "mnist": {VAE: near, VAMPPRIOR: near, HVAE: far},
        "frey_faces": {VAE: far, VAMPPRIOR: near, HVAE: near},
    }
    methods = runs(**dict.fromkeys(MODELS, -80.0)) | runs(
        "frey_faces", **dict.fromkeys(MODELS, -80.0)
    )
    poor, best = generation_claims.judge_hierarchical(found, methods)
    assert poor.verdict == REPRODUCED and best.verdict == NOT_REPRODUCED


def test_grey_images_are_measured_by_their_means(three_data_sets, monkeypatch):
    monkeypatch.setattr(sample_quality, "BATCHES", 2)
    monkeypatch.setattr(sample_quality, "BATCH", 30)
    asked = []
    monkeypatch.setattr(
        sample_quality,
        "draw_images",
        lambda model, count, seed, counter, pixels: (
            asked.append(pixels) or np.zeros((count, *model.image_shape), "float32") + counter
        ),
    )
    generations.measure_all(of(three_data_sets, HVAE), ask())
    assert asked == [True, True, False, False, False, False]

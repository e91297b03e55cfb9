"""The yardstick's statistics against scipy."""

import numpy as np
from scipy import stats

from keras_vae.experiments.runs.evaluation import mean_and_error, paired_difference


def test_standard_error():
    values = np.random.default_rng(0).normal(size=50)
    found = mean_and_error(values)
    np.testing.assert_allclose(found["mean"], values.mean())
    np.testing.assert_allclose(found["standard_error"], stats.sem(values))


def test_a_paired_difference_is_sharper_than_its_parts():
    rng = np.random.default_rng(0)
    images = rng.normal(-80, 20, size=400)
    first, second = (
        {"per_image": (images + rng.normal(shift, 1, 400)).tolist()} for shift in (0, 1)
    )
    found = paired_difference(first, second)
    test = stats.ttest_rel(second["per_image"], first["per_image"])
    np.testing.assert_allclose(found["mean"] / found["standard_error"], test.statistic)
    assert abs(found["mean"] - 1) < 4 * found["standard_error"] < 0.4


def test_no_difference_without_the_same_images():
    some, fewer = {"per_image": [1.0, 2.0, 3.0]}, {"per_image": [1.0, 2.0]}
    assert paired_difference(some, fewer) is None
    assert paired_difference(some, {"mean": -80.0}) is None

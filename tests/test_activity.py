"""Activity against known answers."""

import numpy as np
import pytest

from keras_vae.activity import active_units, latent_activity


def test_variance_over_the_data():
    means = np.random.default_rng(0).normal(size=(500, 3)) * [2.0, 0.1, 0.0] + [5, -3, 7]
    activity = latent_activity(means)
    expected = ((means - means.mean(axis=0)) ** 2).mean(axis=0)
    np.testing.assert_allclose(activity, expected, rtol=1e-12)
    assert activity.shape == (3,)
    assert activity[2] == 0


def test_keeps_precision_far_from_zero():
    means = np.float32(1000) + np.array([[0.0], [0.5]], np.float32)
    np.testing.assert_allclose(latent_activity(means), 0.0625)


def test_does_not_depend_on_the_order_of_the_data():
    means = np.random.default_rng(1).normal(size=(40, 4))
    np.testing.assert_allclose(latent_activity(means), latent_activity(means[::-1]))


def test_counts_above_the_threshold():
    activity = [0.5, 0.1, 0.05, 0.005]
    assert active_units(activity) == 1
    assert active_units(activity, threshold=0.01) == 3
    assert isinstance(active_units(activity), int)


@pytest.mark.parametrize("means", [np.zeros(3), np.zeros((0, 3)), np.zeros((2, 2, 2))])
def test_needs_a_matrix(means):
    with pytest.raises(ValueError, match=r"shape \(N, D\)"):
        latent_activity(means)


def test_refuses_nan():
    with pytest.raises(ValueError, match="finite"):
        latent_activity([[1.0, np.nan]])


def test_refuses_bad_thresholds_and_shapes():
    with pytest.raises(ValueError, match="positive.*-1"):
        active_units([1.0], threshold=-1)
    with pytest.raises(ValueError, match=r"shape \(D,\)"):
        active_units([[1.0]])

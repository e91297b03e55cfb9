"""Activity against known answers."""

import numpy as np
import pytest
from scipy.stats import ortho_group

from keras_vae.activity import active_units, latent_activity, principal_components


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


def test_eigenvalues_are_those_of_the_covariance():
    means = np.random.default_rng(0).normal(size=(300, 4)) @ np.diag([2.0, 1.0, 0.3, 0.01])
    means = means @ ortho_group.rvs(4, random_state=1)
    found = principal_components(means)
    values, vectors = np.linalg.eigh(np.cov(means.T))
    np.testing.assert_allclose(found.eigenvalues, values[::-1], rtol=1e-9)
    cosines = abs((found.eigenvectors * vectors.T[::-1]).sum(axis=1))
    np.testing.assert_allclose(cosines, 1, rtol=1e-9)


def test_means_far_from_zero_lose_no_digits():
    # In float32 the mean alone would be off by about as much as the deviations.
    means = (1e5 + np.random.default_rng(0).normal(size=(3000, 2))).astype("float32")
    expected = np.var(means.astype("float64"), axis=0)
    np.testing.assert_allclose(latent_activity(means), expected, rtol=1e-6)


def test_eigenvalues_do_not_change_when_the_axes_turn():
    means = np.random.default_rng(0).normal(size=(300, 5)) * [3.0, 2.0, 1.0, 0.05, 0.01]
    turned = means @ ortho_group.rvs(5, random_state=2)
    before, after = principal_components(means), principal_components(turned)
    np.testing.assert_allclose(before.eigenvalues, after.eigenvalues, rtol=1e-9)
    assert before.informative() == after.informative() == 3
    assert before.informative(0.001) == 4
    # Activity counts axes, and turning spreads what was on three of them over all five.
    assert active_units(latent_activity(means), 0.01) == 3
    assert active_units(latent_activity(turned), 0.01) == 5


def test_alignment_with_the_axes():
    independent = np.random.default_rng(0).normal(size=(5000, 4)) * [4.0, 3.0, 2.0, 1.0]
    assert principal_components(independent).axis_alignment() > 0.99
    # All four axes have an equal part in each row of this orthogonal matrix.
    hadamard = np.array([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]) / 2
    turned = principal_components(independent @ hadamard)
    np.testing.assert_allclose(turned.axis_alignment(), 0.25, atol=0.05)
    assert principal_components(independent).axis_alignment(2) > 0.99


def test_principal_components_need_more_images_than_dimensions():
    with pytest.raises(ValueError, match="N >= 4.*(3, 3)"):
        principal_components(np.eye(3))
    with pytest.raises(ValueError, match="finite"):
        principal_components([[1.0], [np.nan], [2.0]])
    with pytest.raises(ValueError, match="between 1 and 2"):
        principal_components(np.eye(4)[:, :2]).axis_alignment(0)
    with pytest.raises(ValueError, match=r"shape \(N, D\)"):
        principal_components(np.zeros(5))


def test_nan_is_no_activity():
    with pytest.raises(ValueError, match="Received NaN"):
        active_units([0.5, np.nan])

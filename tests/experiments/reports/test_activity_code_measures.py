"""Measures of classes among codes, Figures 4.2 and 4.3, where the answers are known."""

import numpy as np
import pytest
from scipy.stats import norm

from keras_vae.experiments.figures.catalogue import load_script
from keras_vae.experiments.measures import points

encodings = load_script("fig_4_2_encodings.py")
manifold = load_script("fig_4_3_manifold.py")


@pytest.fixture
def clusters():
    """Classes 0 and 1 drawn from one Gaussian, class 2 far away from both."""
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], 400)
    return rng.normal(size=(1200, 2)) + 100.0 * (labels == 2)[:, None], labels


def test_neighbour_confusion(clusters):
    confusion = encodings.neighbour_confusion(*clusters)
    np.testing.assert_allclose(confusion.sum(axis=1), 1)
    assert confusion[2].tolist() == [0, 0, 1]
    # Of 400 codes of either class each has 10 neighbours: a standard error of about 0.02.
    np.testing.assert_allclose(confusion[:2, :2], 0.5, atol=0.1)


def test_a_code_is_not_its_own_neighbour():
    # In pairs of one code from either class, the nearest other code is of the other class.
    codes = np.repeat(np.arange(20.0), 2)[:, None] * 10 + np.tile([0, 1], 20)[:, None]
    confusion = encodings.neighbour_confusion(codes, np.tile([0, 1], 20), neighbours=1)
    assert confusion.tolist() == [[0, 1], [1, 0]]


def test_silhouette(clusters):
    apart = encodings.silhouette_by_class(*clusters)
    assert apart[2] > 0.9 and abs(apart[0]) < 0.1 and abs(apart[1]) < 0.1


def test_quantile_lattice_has_equal_prior_mass_in_each_cell():
    lattice = manifold.quantile_lattice(4)
    assert lattice.shape == (4, 4, 2)
    np.testing.assert_allclose(norm.cdf(lattice[0, :, 0]), [0.125, 0.375, 0.625, 0.875], atol=1e-6)
    np.testing.assert_array_equal(lattice[:, 0, 1], lattice[0, :, 0])
    assert (lattice[2, :, 1] == lattice[2, 0, 1]).all()


def test_plane_lattice_is_evenly_spaced():
    lattice = points.plane_lattice(5, extent=2.0)
    assert lattice[0, :, 0].tolist() == [-2, -1, 0, 1, 2]


def test_classes_around():
    codes = points.plane_lattice(8).reshape(-1, 2)
    means = np.random.default_rng(0).uniform(-4, 4, size=(5000, 2))
    found = manifold.classes_around(means, (means[:, 0] > 0).astype(int), codes)
    assert found.tolist() == (codes[:, 0] > 0).astype(int).tolist()


def test_neighbours_by_hand():
    # On a line: the two nearest of 0 are 1 and 2, those of 2 are 1 and 0, of 10 they are 2 and 1.
    codes, labels = np.array([[0.0], [1], [2], [10]]), np.array([4, 4, 9, 9])
    confusion = encodings.neighbour_confusion(codes, labels, neighbours=2)
    assert confusion.tolist() == [[0.5, 0.5], [0.75, 0.25]]


def test_ten_neighbours_count():
    # The ten nearest of the code at 0 are ten of its class; an eleventh code is of another.
    codes = np.concatenate([np.arange(11.0), [1000.0]])[:, None]
    labels = np.array([0] * 11 + [1])
    assert encodings.neighbour_confusion(codes, labels).tolist() == [[1, 0], [1, 0]]
    labels = np.array([0, *[1] * 9, 2, 3])
    assert encodings.neighbour_confusion(codes, labels)[0].tolist() == [0, 0.9, 0.1, 0]


def test_silhouettes_by_hand():
    codes, labels = np.array([[0.0], [1], [10], [14]]), np.array([0, 0, 1, 1])
    expected = [np.mean([1 - 1 / 12, 1 - 1 / 11]), np.mean([1 - 4 / 9.5, 1 - 4 / 13.5])]
    np.testing.assert_allclose(encodings.silhouette_by_class(codes, labels), expected)
    # Codes past the limit do not count, whatever they are.
    more = np.concatenate([codes, [[10.0]]]), np.array([0, 0, 1, 1, 0])
    np.testing.assert_allclose(encodings.silhouette_by_class(*more, limit=4), expected)
    assert encodings.silhouette_by_class(*more, limit=5)[0] < expected[0]


def test_three_thousand_codes_have_silhouettes(monkeypatch):
    seen = []

    def spy(codes, labels):
        seen.append((len(codes), len(labels)))
        return np.zeros(len(codes))

    monkeypatch.setattr(encodings, "silhouette_samples", spy)
    encodings.silhouette_by_class(np.zeros((4000, 2)), np.arange(4000) % 2)
    assert seen == [(3000, 3000)]

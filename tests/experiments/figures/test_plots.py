"""What pictures share: labels that do not collide, regular ticks, every trial."""

import numpy as np
import pytest

from keras_vae.experiments.figures import plots


@pytest.mark.parametrize(
    "points",
    [
        [[0.0, 0.0], [0.1, 0.0]],
        [[1.0, 2.0]] * 3,
        np.random.default_rng(0).normal(size=(10, 2)) / 3,
    ],
)
def test_labels_that_are_too_near_are_moved_apart(points):
    distance = np.array([1.0, 0.5])
    moved = plots.apart(np.array(points), distance) / distance
    lengths = np.linalg.norm(moved[:, None] - moved[None], axis=-1)
    assert lengths[~np.eye(len(moved), dtype=bool)].min() >= 1
    np.testing.assert_allclose(moved.mean(axis=0), np.mean(points, axis=0) / distance, atol=0.5)


def test_labels_that_are_far_apart_stay():
    points = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    np.testing.assert_array_equal(plots.apart(points, (1.0, 1.0)), points)


@pytest.fixture
def axis():
    _, (axis,) = plots.panels(1)
    return axis


def test_a_lattice_has_regular_ticks_where_its_coordinates_are(axis):
    # Images at -2, 0, 1, 2: the tick at -1 lies between the first two.
    plots.image_lattice(axis, np.zeros((4, 4, 2, 2)), np.array([-2.0, 0, 1, 2]))
    ticks = dict(
        zip([t.get_text() for t in axis.get_xticklabels()], axis.get_xticks(), strict=True)
    )
    assert ticks["-2"] == 0.5 and ticks["-1"] == 1 and ticks["0"] == 1.5 and ticks["2"] == 3.5
    assert np.allclose(np.diff([float(name) for name in ticks]), 0.5)


def test_several_trials_are_drawn_thinly_beside_their_mean(axis):
    plots.line_with_trials(axis, [1, 2], [[0, 2], [4, 4]], "IW", 0)
    mean, *trials = axis.lines
    assert mean.get_label() == "IW" and mean.get_ydata().tolist() == [2, 3]
    assert [line.get_ydata().tolist() for line in trials] == [[0, 2], [4, 4]]
    assert all(line.get_linewidth() < mean.get_linewidth() for line in trials)
    plots.line_with_trials(axis, [1, 2], [[0, 2]], "VAE", 1)
    assert len(axis.lines) == 4 and "thin" in plots.trials_caption(2)
    assert plots.trials_caption(1) == ""


def test_shades_change_their_colour_in_the_middle_and_only_get_darker():
    luminance = plots.SHADES(np.linspace(0, 1, 200))[:, :3] @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(luminance) < 0.002).all()
    blue, brown = plots.SHADES(0.49), plots.SHADES(0.51)
    assert blue[2] > blue[0] and brown[0] > brown[2]

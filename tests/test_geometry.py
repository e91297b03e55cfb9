"""Fisher-Rao geometry against other forms of its formulas, invariances and numerical paths."""

import numpy as np
import pytest
from scipy.optimize import minimize

from keras_vae.geometry import fisher_rao_distance, fisher_rao_geodesic, straight_line

T = np.linspace(0, 1, 41)


def pairs(count=200, dims=3, seed=0):
    """Random pairs of Gaussians, some far apart and some close."""
    rng = np.random.default_rng(seed)
    spread = 10 ** rng.uniform(-2, 1, size=(count, 1))
    loc_a, loc_b = rng.normal(size=(2, count, dims)) * spread
    scale_a, scale_b = np.exp(rng.normal(size=(2, count, dims)))
    return loc_a, scale_a, loc_b, scale_b


def logarithmic_formula(loc_a, scale_a, loc_b, scale_b):
    """Costa, Santos & Strapasson, "Fisher information distance", 2015, equation 9."""
    u = (loc_a - loc_b) / np.sqrt(2)
    far, near = np.hypot(u, scale_a + scale_b), np.hypot(u, scale_a - scale_b)
    single = np.sqrt(2) * np.log((far + near) / (far - near))
    return np.sqrt((single**2).sum(axis=-1))


def test_agrees_with_the_logarithmic_formula():
    ends = pairs()
    np.testing.assert_allclose(fisher_rao_distance(*ends), logarithmic_formula(*ends), rtol=1e-10)


def test_known_distances():
    # Along a vertical line, and between two points whose half-circle is a quarter turn.
    np.testing.assert_allclose(fisher_rao_distance([3.0], [1.0], [3.0], [np.e]), np.sqrt(2))
    expected = np.sqrt(2) * np.arccosh(1 + 4 / 2)
    np.testing.assert_allclose(
        fisher_rao_distance([0.0], [1.0], [2 * np.sqrt(2)], [1.0]), expected, rtol=1e-14
    )


def test_keeps_its_digits_at_the_limits():
    # Where a Gaussian hardly moves, the distance is the metric's own `sqrt(dmu^2 + 2 dsigma^2)`.
    near = fisher_rao_distance([0.0, 0.0], [1.0, 1.0], [1e-9, 0.0], [1.0, 1.0 + 2.0**-30])
    np.testing.assert_allclose(near, np.sqrt(1e-18 + 2 * 2.0**-60), rtol=1e-8)
    far = fisher_rao_distance([0.0], [1e-150], [0.0], [1e150])
    np.testing.assert_allclose(far, np.sqrt(2) * 300 * np.log(10), rtol=1e-14)
    assert fisher_rao_distance([1.0, 2.0], [0.3, 0.4], [1.0, 2.0], [0.3, 0.4]) == 0


def test_symmetry():
    loc_a, scale_a, loc_b, scale_b = pairs()
    back = fisher_rao_distance(loc_b, scale_b, loc_a, scale_a)
    np.testing.assert_allclose(fisher_rao_distance(loc_a, scale_a, loc_b, scale_b), back)
    forward = fisher_rao_geodesic(loc_a, scale_a, loc_b, scale_b, T)
    backward = fisher_rao_geodesic(loc_b, scale_b, loc_a, scale_a, T)
    for there, here in zip(forward, backward, strict=True):
        np.testing.assert_allclose(there, here[::-1], rtol=1e-9, atol=1e-12)


def test_triangle_inequality():
    (loc_a, scale_a, loc_b, scale_b), (loc_c, scale_c, *_) = pairs(), pairs(seed=1)
    direct = fisher_rao_distance(loc_a, scale_a, loc_b, scale_b)
    detour = fisher_rao_distance(loc_a, scale_a, loc_c, scale_c) + fisher_rao_distance(
        loc_c, scale_c, loc_b, scale_b
    )
    assert (direct <= detour * (1 + 1e-12)).all()


def test_end_points():
    loc_a, scale_a, loc_b, scale_b = pairs()
    loc, scale = fisher_rao_geodesic(loc_a, scale_a, loc_b, scale_b, [0.0, 1.0])
    assert loc.shape == scale.shape == (2, *loc_a.shape)
    assert loc.dtype == scale.dtype == np.float64
    np.testing.assert_array_equal(loc, [loc_a, loc_b])
    np.testing.assert_allclose(scale, [scale_a, scale_b], rtol=1e-13)


def test_constant_speed_in_each_coordinate():
    ends = pairs()
    loc, scale = fisher_rao_geodesic(*ends, T)
    for d in range(loc.shape[-1]):
        path = loc[..., d : d + 1], scale[..., d : d + 1]
        steps = fisher_rao_distance(path[0][:-1], path[1][:-1], path[0][1:], path[1][1:])
        whole = fisher_rao_distance(*(end[..., d : d + 1] for end in ends))
        np.testing.assert_allclose(steps, np.broadcast_to(whole / 40, steps.shape), rtol=1e-8)


def test_length_equals_distance():
    ends = pairs()
    loc, scale = fisher_rao_geodesic(*ends, np.linspace(0, 1, 2001))
    middle = (scale[1:] + scale[:-1]) / 2
    length = np.sqrt((np.diff(loc, axis=0) ** 2 + 2 * np.diff(scale, axis=0) ** 2) / middle**2)
    in_each = np.sqrt((length**2).sum(axis=-1)).sum(axis=0)
    np.testing.assert_allclose(in_each, fisher_rao_distance(*ends), rtol=1e-5)


def test_invariance_under_affine_maps():
    loc_a, scale_a, loc_b, scale_b = pairs()
    stretch, shift = np.array([0.01, 3.0, -20.0]), np.array([5.0, -1.0, 100.0])
    moved = (
        loc_a * stretch + shift,
        scale_a * abs(stretch),
        loc_b * stretch + shift,
        scale_b * abs(stretch),
    )
    plain = fisher_rao_distance(loc_a, scale_a, loc_b, scale_b)
    np.testing.assert_allclose(fisher_rao_distance(*moved), plain, rtol=1e-8)
    loc, scale = fisher_rao_geodesic(loc_a, scale_a, loc_b, scale_b, T)
    moved_loc, moved_scale = fisher_rao_geodesic(*moved, T)
    np.testing.assert_allclose(moved_loc, loc * stretch + shift, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(moved_scale, scale * abs(stretch), rtol=1e-8)


@pytest.mark.parametrize(
    "ends", [([0.0], [1.0], [3.0], [0.5]), ([-1.0], [0.3], [1.0], [0.3]), ([0], [1], [0], [4])]
)
def test_agrees_with_a_numerical_shortest_path(ends):
    segments = 24
    t = np.linspace(0, 1, segments + 1)
    ends = [np.array(end, float) for end in ends]
    line = np.concatenate(straight_line(*ends, t), axis=-1)

    def energy(inner):
        path = line.copy()
        path[1:-1, 0], path[1:-1, 1] = inner[: segments - 1], np.exp(inner[segments - 1 :])
        steps, middle = np.diff(path, axis=0), (path[1:, 1] + path[:-1, 1]) / 2
        return segments * ((steps[:, 0] ** 2 + 2 * steps[:, 1] ** 2) / middle**2).sum()

    start = np.concatenate([line[1:-1, 0], np.log(line[1:-1, 1])])
    found = minimize(energy, start, method="L-BFGS-B", options={"maxiter": 5000, "maxfun": 10**6})
    # The energy of a path at constant speed is its squared length.
    np.testing.assert_allclose(np.sqrt(found.fun), fisher_rao_distance(*ends), rtol=2e-3)
    loc, scale = fisher_rao_geodesic(*ends, t)
    np.testing.assert_allclose(found.x[: segments - 1], loc[1:-1, 0], atol=2e-2)
    np.testing.assert_allclose(np.exp(found.x[segments - 1 :]), scale[1:-1, 0], atol=2e-2)


def test_points_lie_on_a_half_circle():
    loc, scale = fisher_rao_geodesic([-1.0], [1.0], [2.0], [0.5], T)
    u = loc / np.sqrt(2)
    ends = [(u[index], scale[index]) for index in (0, -1)]
    (u_a, s_a), (u_b, s_b) = ends
    centre = (u_b**2 + s_b**2 - u_a**2 - s_a**2) / (2 * (u_b - u_a))
    radius = np.hypot(u - centre, scale)
    np.testing.assert_allclose(radius, np.broadcast_to(radius[0], radius.shape), rtol=1e-12)


def test_equal_means_stay_equal():
    loc, scale = fisher_rao_geodesic([0.1, 1e6], [1.0, 2.0], [0.1, 1e6], [4.0, 2.0], T)
    assert (loc == [0.1, 1e6]).all()
    np.testing.assert_allclose(scale, np.stack([4.0**T, np.full(41, 2.0)], axis=-1), rtol=1e-13)


def test_nearly_equal_means_approach_the_vertical_line():
    apart, scale = fisher_rao_geodesic([0.0], [1.0], [1e-12], [4.0], T)
    np.testing.assert_allclose(scale[:, 0], 4.0**T, rtol=1e-12)
    assert (np.diff(apart[:, 0]) > 0).all()


def test_equal_scales_rise_to_the_middle():
    loc, scale = fisher_rao_geodesic([-1.0], [0.2], [1.0], [0.2], T)
    assert (np.diff(scale[:21, 0]) > 0).all()
    np.testing.assert_allclose(scale[:, 0], scale[::-1, 0], rtol=1e-12)
    # The half-circle about 0 through (u, sigma) = (1 / sqrt(2), 0.2).
    np.testing.assert_allclose(scale[20], np.sqrt(0.5 + 0.04), rtol=1e-12)
    np.testing.assert_allclose(loc[20], 0, atol=1e-12)


def test_far_apart_does_not_overflow():
    loc, scale = fisher_rao_geodesic([0.0], [1e-200], [1.0], [1e-200], T)
    assert np.isfinite(loc).all() and (scale > 0).all()


def test_goes_on_beyond_its_ends():
    loc, scale = fisher_rao_geodesic([0.0], [1.0], [1.0], [1.0], [-1.0, 0.0, 1.0, 2.0])
    steps = fisher_rao_distance(loc[:-1], scale[:-1], loc[1:], scale[1:])
    np.testing.assert_allclose(steps, np.full(3, steps[1]), rtol=1e-12)


def test_broadcasts():
    loc = np.zeros((5, 1, 2))
    distance = fisher_rao_distance(loc, np.ones(2), np.ones((4, 2)), np.ones((4, 2)))
    assert distance.shape == (5, 4)


def test_straight_line():
    loc, scale = straight_line([0.0], [1.0], [2.0], [3.0], [0.0, 0.25, 1.0])
    np.testing.assert_allclose(loc, [[0.0], [0.5], [2.0]])
    np.testing.assert_allclose(scale, [[1.0], [1.5], [3.0]])
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        straight_line([0.0], [1.0], [2.0], [3.0], [1.5])


@pytest.mark.parametrize("measure", [fisher_rao_distance, lambda *x: fisher_rao_geodesic(*x, T)])
@pytest.mark.parametrize(
    ("ends", "message"),
    [
        (([0.0], [0.0], [1.0], [1.0]), "scale_a.*positive.*0.0"),
        (([0.0], [1.0], [1.0], [-2.0]), "scale_b.*positive.*-2.0"),
        (([0.0], [1.0], [np.nan], [1.0]), "loc_b.*finite"),
        (([0.0, 1.0], [1.0, 1.0], [1.0], [1.0]), "one D"),
        ((0.0, 1.0, 1.0, 1.0), "one D"),
        ((np.zeros((2, 3)), np.ones((4, 3)), np.zeros(3), np.ones(3)), "do not match"),
    ],
)
def test_refuses_what_is_no_gaussian(measure, ends, message):
    with pytest.raises(ValueError, match=message):
        measure(*ends)


@pytest.mark.parametrize("t", [0.5, [[0.5]], [np.nan]])
def test_refuses_other_paths(t):
    with pytest.raises(ValueError, match="`t` must"):
        fisher_rao_geodesic([0.0], [1.0], [1.0], [1.0], t)


def by_known_arcs(centre, radius, t):
    """A half-circle's points at arc lengths t, counted from its top."""
    return np.sqrt(2) * (centre + radius * np.tanh(t)), radius / np.cosh(t)


@pytest.mark.parametrize("start, step", [(-4.0, 1.5), (5.0, -0.5), (-1e-4, 2e-4), (3.0, 6.0)])
def test_beyond_its_ends_it_stays_on_its_half_circle(start, step):
    t = np.array([-9.0, -1.0, -0.1, 0.0, 0.5, 1.0, 1.1, 2.0, 9.0])
    (loc_a, loc_b), (scale_a, scale_b) = by_known_arcs(0.3, 2.0, start + step * np.array([0.0, 1]))
    loc, scale = fisher_rao_geodesic([loc_a], [scale_a], [loc_b], [scale_b], t)
    expected_loc, expected_scale = by_known_arcs(0.3, 2.0, start + step * t)
    # The ends themselves are rounded, which counts more the farther one goes beyond them.
    np.testing.assert_allclose(scale[:, 0], expected_scale, rtol=1e-7)
    np.testing.assert_allclose(loc[:, 0], expected_loc, rtol=1e-7, atol=1e-7)


def test_beyond_its_ends_with_extreme_scales():
    t = np.array([-2.0, -0.5, 2.0, 3.0])
    loc, scale = fisher_rao_geodesic([0.0, 7.0], [1.0, 1e-8], [0.0, 7.0], [1e12, 1e-20], t)
    np.testing.assert_allclose(scale[:, 0], 10 ** (12 * t), rtol=1e-12)
    np.testing.assert_allclose(scale[:, 1], 10 ** (-8 - 12 * t), rtol=1e-12)
    assert (loc == [0.0, 7.0]).all()
    # Far apart, the circle's top lies between the ends and all beyond them goes down to it.
    loc, scale = fisher_rao_geodesic([0.0], [1e-200], [1.0], [1e-200], t)
    np.testing.assert_allclose(loc[:, 0], [0.0, 0.0, 1.0, 1.0], atol=1e-12)
    assert np.isfinite(scale).all() and (scale >= 0).all()


def test_equal_gaussians_stay_equal_beyond_their_ends():
    loc, scale = fisher_rao_geodesic([2.0], [0.3], [2.0], [0.3], [-5.0, 5.0])
    assert (loc == 2.0).all() and (scale == 0.3).all()

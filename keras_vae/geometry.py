"""Fisher-Rao geometry of diagonal Gaussians, in closed form and in float64.

One Gaussian N(mu, sigma^2) is a point of a half-plane with `ds^2 = (dmu^2 + 2 dsigma^2) /
sigma^2`. With u = mu / sqrt(2) that is twice the metric of Poincare's half-plane, in which

    delta = 2 arsinh( sqrt( ((u_a - u_b)^2 + (sigma_a - sigma_b)^2) / (4 sigma_a sigma_b) ) )

separates two points. A diagonal Gaussian is one such point for each coordinate: squared distances
add up, and along a geodesic each coordinate follows its own at constant speed.

Reference: Skovgaard, "A Riemannian Geometry of the Multivariate Normal Model", 1981; used in "An
Explanatory Analysis of the Geometry of Latent Variables", Section 2.3.
"""

import numpy as np
import numpy.typing as npt


def fisher_rao_distance(
    loc_a: npt.ArrayLike, scale_a: npt.ArrayLike, loc_b: npt.ArrayLike, scale_b: npt.ArrayLike
) -> np.ndarray:
    """Length of the shortest path between two diagonal Gaussians.

    `sqrt(2 sum_d delta_d^2)`, with delta as in this module's description; unchanged when a
    coordinate of both Gaussians is moved and stretched alike. Exact to rounding both for equal
    means, where it is `sqrt(2) |log(sigma_a / sigma_b)|`, and for nearby Gaussians.

    Arguments:
        loc_a: Means of the first Gaussians, shape (..., D).
        scale_a: Their standard deviations, all positive.
        loc_b: Means of the second Gaussians.
        scale_b: Their standard deviations. The four shapes are equal, or broadcast with the last
            axis D in common.

    Returns:
        float64 array of shape (...).

    Raises:
        ValueError: If a scale is not positive, a value not finite, or shapes do not match.
    """
    return np.sqrt(2.0) * np.linalg.norm(
        _separation(*_check(loc_a, scale_a, loc_b, scale_b)), axis=-1
    )


def fisher_rao_geodesic(
    loc_a: npt.ArrayLike,
    scale_a: npt.ArrayLike,
    loc_b: npt.ArrayLike,
    scale_b: npt.ArrayLike,
    t: npt.ArrayLike,
) -> tuple[np.ndarray, np.ndarray]:
    """Points on the shortest path between two diagonal Gaussians, at constant speed.

    In each coordinate, with `v_a = sinh((1 - t) delta) / sinh(delta)` and
    `v_b = sinh(t delta) / sinh(delta)`,

        1 / sigma = v_a / sigma_a + v_b / sigma_b,
        mu = sigma (v_a mu_a / sigma_a + v_b mu_b / sigma_b).

    This is the hyperboloid's geodesic: (1, mu) / sigma are coordinates on it, and any point
    between is `v_a` times one end and `v_b` times the other. Unlike the circle on which the
    points lie it has no centre that leaves for infinity as the means become equal. Beyond the ends
    one of `v_a` and `v_b` is negative, and another form of the same sum keeps the digits.

    Arguments:
        loc_a: Means at t = 0, shape (..., D).
        scale_a: Standard deviations there, all positive.
        loc_b: Means at t = 1.
        scale_b: Standard deviations there.
        t: Shares of the way, shape (T,); beyond 0 and 1 the path goes on.

    Returns:
        Two float64 arrays of shape (T, ..., D): means and standard deviations.

    Raises:
        ValueError: If a scale is not positive, a value not finite, or shapes do not match.
    """
    loc_a, scale_a, loc_b, scale_b = _check(loc_a, scale_a, loc_b, scale_b)
    t = _check_path(t, loc_a.ndim)
    delta = _separation(loc_a, scale_a, loc_b, scale_b)
    between = _geodesic_between(loc_a, scale_a, loc_b, scale_b, np.clip(t, 0, 1), delta)
    before = _geodesic_beyond(loc_b, scale_b, loc_a, scale_a, np.maximum(-t, 0), delta)
    after = _geodesic_beyond(loc_a, scale_a, loc_b, scale_b, np.maximum(t - 1, 0), delta)
    loc, scale = (
        np.where(t < 0, first, np.where(t > 1, last, inside))
        for first, inside, last in zip(before, between, after, strict=True)
    )
    return loc, scale


def _geodesic_between(
    loc_a: np.ndarray,
    scale_a: np.ndarray,
    loc_b: np.ndarray,
    scale_b: np.ndarray,
    t: np.ndarray,
    delta: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Means and deviations at t in [0, 1]."""
    from_a = _sinh_ratio(1 - t, delta) / scale_a
    from_b = _sinh_ratio(t, delta) / scale_b
    scale = 1 / (from_a + from_b)
    # A weighted mean, written as a step from the nearer end so that equal means stay equal.
    loc = np.where(
        t <= 0.5,
        loc_a + (loc_b - loc_a) * (from_b * scale),
        loc_b + (loc_a - loc_b) * (from_a * scale),
    )
    return loc, scale


def _geodesic_beyond(
    loc_a: np.ndarray,
    scale_a: np.ndarray,
    loc_b: np.ndarray,
    scale_b: np.ndarray,
    excess: np.ndarray,
    delta: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Means and deviations at t = 1 + excess.

    With `tau = excess delta`, and T the hyperbolic tangent at b of the arc length that is counted
    from the top of the circle,

        1 / sigma = ((1 + T) exp(tau) + (1 - T) exp(-tau)) / (2 sigma_b),
        mu = mu_b + (mu_b - mu_a) sigma sinh(tau) / (sigma_a sinh(delta)).

    Everything is positive, and is taken by its logarithm, so that nothing cancels or overflows.
    With `r = sigma_b / sigma_a`, `q = (u_a - u_b)^2 / (sigma_a sigma_b)` and
    `e = expm1(delta + |log r|)`, 1 + T and 1 - T are `r exp(delta) q / e` and `exp(-delta) e`
    over `sinh(delta)` where r >= 1, and `r e` and `q / e` over it elsewhere.
    """
    log_a, log_b = np.log(scale_a), np.log(scale_b)
    with np.errstate(divide="ignore", invalid="ignore"):
        nearby = np.log1p((scale_b - scale_a) / scale_a)
        log_r = np.where(abs(log_b - log_a) < 0.5, nearby, log_b - log_a)
        log_step = np.log(abs(loc_b - loc_a))
        log_q = 2 * log_step - np.log(2.0) - log_a - log_b
        log_e = _log_expm1(delta + abs(log_r))
        log_up = np.where(log_r >= 0, log_r + delta + log_q - log_e, log_r + log_e)
        log_down = np.where(log_r >= 0, log_e - delta, log_q - log_e)
        log_sinh = _log_expm1(2 * delta) - delta
        tau = excess * delta
        log_scale = log_b + log_sinh - np.logaddexp(log_up + tau, log_down - tau)
        log_sinh_tau = _log_expm1(2 * tau) - tau
        moved = np.exp(log_step + log_sinh_tau - log_sinh + log_scale - log_a)
        loc = loc_b + np.sign(loc_b - loc_a) * moved
        return np.where(delta > 0, loc, loc_b), np.where(delta > 0, np.exp(log_scale), scale_b)


def _log_expm1(x: np.ndarray) -> np.ndarray:
    """`log(exp(x) - 1)` for x >= 0, without overflow."""
    return x + np.log(-np.expm1(-x))


def straight_line(
    loc_a: npt.ArrayLike,
    scale_a: npt.ArrayLike,
    loc_b: npt.ArrayLike,
    scale_b: npt.ArrayLike,
    t: npt.ArrayLike,
) -> tuple[np.ndarray, np.ndarray]:
    """Points on the straight line between two diagonal Gaussians' means and deviations.

    The convex hull that the geodesic is compared with.

    Arguments:
        loc_a: Means at t = 0, shape (..., D).
        scale_a: Standard deviations there, all positive.
        loc_b: Means at t = 1.
        scale_b: Standard deviations there.
        t: Shares of the way, shape (T,), from 0 to 1.

    Returns:
        Two float64 arrays of shape (T, ..., D): means and standard deviations.

    Raises:
        ValueError: If a scale is not positive, a value not finite, shapes do not match, or t
            leaves [0, 1], where scales may become negative.
    """
    loc_a, scale_a, loc_b, scale_b = _check(loc_a, scale_a, loc_b, scale_b)
    t = _check_path(t, loc_a.ndim)
    if t.size and not (t.min() >= 0 and t.max() <= 1):
        raise ValueError(f"`t` must lie in [0, 1]. Received: {t.ravel()}.")
    return (1 - t) * loc_a + t * loc_b, (1 - t) * scale_a + t * scale_b


def _separation(
    loc_a: np.ndarray, scale_a: np.ndarray, loc_b: np.ndarray, scale_b: np.ndarray
) -> np.ndarray:
    """`delta` of each coordinate."""
    chord = np.hypot((loc_a - loc_b) / np.sqrt(2.0), scale_a - scale_b)
    return 2 * np.arcsinh(chord / (2 * np.sqrt(scale_a) * np.sqrt(scale_b)))


def _sinh_ratio(share: np.ndarray, delta: np.ndarray) -> np.ndarray:
    """`sinh(share delta) / sinh(delta)`, which is `share` at delta = 0, without overflow."""
    safe = np.where(delta > 0, delta, 1.0)
    ratio = np.exp((share - 1) * safe) * np.expm1(-2 * share * safe) / np.expm1(-2 * safe)
    return np.where(delta > 0, ratio, share)


def _check(
    loc_a: npt.ArrayLike, scale_a: npt.ArrayLike, loc_b: npt.ArrayLike, scale_b: npt.ArrayLike
) -> tuple[np.ndarray, ...]:
    named = {"loc_a": loc_a, "scale_a": scale_a, "loc_b": loc_b, "scale_b": scale_b}
    arrays = {name: np.asarray(value, dtype=np.float64) for name, value in named.items()}
    shapes = {name: array.shape for name, array in arrays.items()}
    if len({shape[-1:] for shape in shapes.values()}) != 1 or () in shapes.values():
        raise ValueError(f"Expected shapes (..., D) with one D. Received: {shapes}.")
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise ValueError(f"`{name}` must be finite. Received NaN or infinity.")
        if name.startswith("scale") and not (array > 0).all():
            raise ValueError(f"`{name}` must be positive. Received: {array.min()}.")
    try:
        return np.broadcast_arrays(*arrays.values())
    except ValueError as error:
        raise ValueError(f"Shapes that do not match: {shapes}.") from error


def _check_path(t: npt.ArrayLike, rank: int) -> np.ndarray:
    """`t` as a column in front of `rank` further axes."""
    t = np.asarray(t, dtype=np.float64)
    if t.ndim != 1:
        raise ValueError(f"`t` must have shape (T,). Received shape: {t.shape}.")
    if not np.isfinite(t).all():
        raise ValueError("`t` must be finite. Received NaN or infinity.")
    return t.reshape(-1, *[1] * rank)

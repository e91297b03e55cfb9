"""Activity of latent dimensions, and the principal components of posterior means."""

import dataclasses

import numpy as np
import numpy.typing as npt
from sklearn.decomposition import PCA


def latent_activity(means: npt.ArrayLike) -> np.ndarray:
    """Variance over the data of each posterior mean, `Var_x(E_q[z|x])`.

    Arguments:
        means: Array of shape (N, D): the posterior means of N images.

    Returns:
        float64 array of shape (D,).

    Raises:
        ValueError: If `means` is not a matrix of at least one row, or not finite.

    Reference: Burda et al. 2015, Section 5; the variance is the population's.
    """
    return _check_means(means, 1).var(axis=0)


def active_units(activity: npt.ArrayLike, threshold: float = 0.1) -> int:
    """Number of dimensions whose activity exceeds a threshold.

    Arguments:
        activity: Array of shape (D,), from `latent_activity`.
        threshold: Positive number. Burda et al. use 0.01, "Latent Space Activity and
            Visualization" (Section 3.1) 0.1.

    Returns:
        Integer.

    Raises:
        ValueError: If the threshold is not positive, or the activity not a vector or NaN.
    """
    activity = np.asarray(activity)
    if activity.ndim != 1:
        raise ValueError(f"`activity` must have shape (D,). Received: {activity.shape}.")
    if np.isnan(activity).any():
        raise ValueError("`activity` must be numbers. Received NaN.")
    if not threshold > 0:
        raise ValueError(f"`threshold` must be positive. Received: {threshold}.")
    return int(np.count_nonzero(activity > threshold))


@dataclasses.dataclass(frozen=True)
class PrincipalComponents:
    """How posterior means vary over the data, whatever the axes.

    Attributes:
        eigenvalues: float64 array of shape (D,): the variances along the components, the largest
            first.
        eigenvectors: float64 array of shape (D, D): one unit vector a row.
    """

    eigenvalues: np.ndarray
    eigenvectors: np.ndarray

    def informative(self, threshold: float = 0.01) -> int:
        """Number of components whose eigenvalue exceeds a threshold.

        Arguments:
            threshold: Positive number; Peşte, Malagò & Sârbu, "An Explanatory Analysis of the
                Geometry of Latent Variables", have 0.01.

        Returns:
            Integer.

        Raises:
            ValueError: If the threshold is not positive.
        """
        return active_units(self.eigenvalues, threshold)

    def axis_alignment(self, count: int | None = None) -> float:
        """How far the first eigenvectors point along single axes.

        Arguments:
            count: How many, from the first on; None for all.

        Returns:
            Float: the mean over them of their largest squared entry, 1 where each is an axis and
            1 / D where it lies equally far from all.

        Raises:
            ValueError: If `count` is not between 1 and D.
        """
        count = len(self.eigenvectors) if count is None else count
        if not 1 <= count <= len(self.eigenvectors):
            raise ValueError(
                f"`count` must lie between 1 and {len(self.eigenvectors)}. Received: {count}."
            )
        return float((self.eigenvectors[:count] ** 2).max(axis=1).mean())


def principal_components(means: npt.ArrayLike) -> PrincipalComponents:
    """Principal components of posterior means.

    Arguments:
        means: Array of shape (N, D) with N > D: the posterior means of N images.

    Returns:
        `PrincipalComponents`, whose eigenvalues have N - 1 as their divisor.

    Raises:
        ValueError: If `means` is not such a matrix, or not finite.

    Reference: "An Explanatory Analysis of the Geometry of Latent Variables", Section 2.1.
    """
    means = np.asarray(means)
    means = _check_means(means, means.shape[-1] + 1 if means.ndim else 1)
    found = PCA(svd_solver="full").fit(means)
    return PrincipalComponents(found.explained_variance_, found.components_)


def _check_means(means: npt.ArrayLike, fewest: int) -> np.ndarray:
    means = np.asarray(means, dtype=np.float64)
    if means.ndim != 2 or len(means) < fewest:
        raise ValueError(
            f"`means` must have shape (N, D) with N >= {fewest}. Received: {means.shape}."
        )
    if not np.isfinite(means).all():
        raise ValueError("`means` must be finite. Received NaN or infinity.")
    return means

"""Figures 1 and 2 (left): principal components of the test set's posterior means."""

import dataclasses
import functools

import numpy as np
from scipy.stats import ortho_group

from keras_vae.activity import active_units, latent_activity, principal_components
from keras_vae.experiments.figures import plots
from keras_vae.experiments.reports.geometry.figures import (
    all_orders,
    by_latent_dim,
    order_label,
    order_name,
)
from keras_vae.linear_probe import posterior_features

INFORMATIVE = 0.01
ROTATIONS = 200
VR_MAX_DISTANCE = 0.5


@dataclasses.dataclass(frozen=True)
class Components:
    """What the principal components of one method's runs are like.

    Attributes:
        eigenvalues: Array of shape (trials, latent_dim), in descending order.
        informative: Components with an eigenvalue above `INFORMATIVE`, one number a trial.
        active: Axes with an activity above it (Burda et al.), one number a trial.
        alignment: How far informative eigenvectors point along axes, one number a trial.
        random_alignment: The highest that of `ROTATIONS` random rotations of as many axes.
        correlation: Mean absolute correlation of the active axes, one number a trial.
        epochs: Epochs after which weights were kept.
        informative_after: Array of shape (trials, epochs): informative components after each.
    """

    eigenvalues: np.ndarray
    informative: list[int]
    active: list[int]
    alignment: list[float]
    random_alignment: list[float]
    correlation: list[float]
    epochs: list[int]
    informative_after: np.ndarray

    def to_dict(self):
        """Returns all of it as JSON-compatible values."""
        return {
            "eigenvalues": np.round(self.eigenvalues, 6).tolist(),
            "informative_components": self.informative,
            "active_units_at_0.01": self.active,
            "axis_alignment": self.alignment,
            "highest_alignment_of_random_rotations": self.random_alignment,
            "mean_absolute_correlation_of_active_axes": self.correlation,
            "informative_components_after": dict(
                zip(map(str, self.epochs), self.informative_after.T.tolist(), strict=True)
            ),
        }


def measure(method):
    """Measures the `Components` of one method.

    Arguments:
        method: `MethodRuns`.
    """
    epochs, last, counts = method.kept_epochs(), [], []
    for trial, (model, data) in enumerate(method.load_models()):
        images, found = data.test.images, []
        for epoch in epochs:
            method.restore(model, trial, epoch)
            means = posterior_features(model, images)
            found.append(principal_components(means))
        counts.append([each.informative(INFORMATIVE) for each in found])
        last.append((found[-1], means))
    informative = [row[-1] for row in counts]
    return Components(
        eigenvalues=np.stack([found.eigenvalues for found, _ in last]),
        informative=informative,
        active=[active_units(latent_activity(means), INFORMATIVE) for _, means in last],
        alignment=[
            found.axis_alignment(max(1, count))
            for (found, _), count in zip(last, informative, strict=True)
        ],
        random_alignment=[random_alignment(count) for count in informative],
        correlation=[correlation_of_active_axes(means) for _, means in last],
        epochs=epochs,
        informative_after=np.array(counts),
    )


@functools.cache
def random_alignment(count, draws=ROTATIONS):
    """The highest alignment among random rotations of some axes, the same at each call."""
    if count < 2:
        return 1.0
    rotations = ortho_group.rvs(count, size=draws, random_state=0)
    return float((rotations**2).max(axis=-1).mean(axis=-1).max())


def correlation_of_active_axes(means):
    """Mean absolute correlation over pairs of axes whose activity exceeds `INFORMATIVE`.

    Arguments:
        means: Array of shape (N, latent_dim).
    """
    active = means[:, latent_activity(means) > INFORMATIVE].astype(np.float64)
    if active.shape[1] < 2:
        return 0.0
    pairs = np.triu_indices(active.shape[1], 1)
    return float(abs(np.corrcoef(active.T)[pairs]).mean())


def measure_all(methods):
    """`Components` by number of latent dimensions and order."""
    return by_latent_dim({label: measure(runs) for label, runs in methods.items()}, methods)


def draw_eigenvalues(components):
    """Draws sorted eigenvalues, a panel for each number of latent dimensions.

    Arguments:
        components: What `measure_all` returns.

    Returns:
        Matplotlib figure.
    """
    figure, axes = plots.panels(len(components), width=3.8, sharey=True)
    styles = order_styles(components)
    for axis, letter, (size, by_order) in plots.lettered(axes, components.items()):
        ranks = np.arange(1, size + 1)
        for alpha, found in by_order.items():
            plots.line_with_band(axis, ranks, found.eigenvalues, order_label(alpha), styles[alpha])
        axis.axhline(INFORMATIVE, color="#444444", linewidth=0.8, linestyle=":")
        axis.set(yscale="log", xlabel="Component", title=f"{letter} k = {size}")
        axis.legend()
    axes[0].set_ylabel("Eigenvalue of the posterior means")
    return figure


def order_styles(by_size):
    """Which colour and line style each order has, whatever orders a panel shows."""
    return {alpha: index for index, alpha in enumerate(all_orders(by_size))}


def draw_counts(axis, components):
    """Draws informative components and active units against alpha.

    Arguments:
        axis: Matplotlib axes.
        components: What `measure_all` returns.
    """
    for index, (size, by_order) in enumerate(components.items()):
        for attribute, filled, name in (
            ("informative", True, "components"),
            ("active", False, "active units"),
        ):
            counts = np.array([getattr(one, attribute) for one in by_order.values()]).T
            error_line(axis, by_order, counts, f"k = {size}, {name}", index, filled=filled)
    axis.set(ylabel=f"Number above {INFORMATIVE:g}")
    mark_orders(axis, components)
    axis.legend(fontsize=8)


def error_line(axis, orders, trials, label, index, *, filled=True):
    """Draws means over trials against alpha, with bars from the lowest trial to the highest.

    Arguments:
        axis: Matplotlib axes.
        orders: Values of alpha, ascending.
        trials: Array of shape (trials, orders).
        label: Name in the legend.
        index: Which colour and marker.
        filled: Whether the line is solid and its markers are filled.
    """
    mean = trials.mean(axis=0)
    color = plots.COLORS[index % len(plots.COLORS)]
    axis.errorbar(
        [position(alpha, orders) for alpha in orders],
        mean,
        yerr=[mean - trials.min(axis=0), trials.max(axis=0) - mean],
        color=color,
        marker="osD^v"[index % 5],
        markersize=5,
        markerfacecolor=color if filled else "white",
        linestyle="-" if filled else "--",
        capsize=3,
        label=label,
    )


def position(alpha, orders):
    """Where an order stands on the axis: VR-max, at minus infinity, left of all others."""
    finite = [order for order in orders if np.isfinite(order)]
    return alpha if np.isfinite(alpha) else min(finite, default=0.0) - VR_MAX_DISTANCE


def mark_orders(axis, by_size):
    """Names a panel's x axis and the orders on it."""
    orders = all_orders(by_size)
    names = ["VR-max" if np.isinf(alpha) else order_name(alpha) for alpha in orders]
    axis.set_xticks([position(alpha, orders) for alpha in orders], names)
    axis.set_xlabel("α")

"""Figures 1 and 2 of the geometry report: runs of several orders alpha and latent dimensions k.

What the two figures share: which runs they want, how what is measured of these is sorted, and the
principal components of their posterior means.
"""

import argparse
import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from keras_vae._internal.files import JsonObject
from keras_vae.activity import active_units, latent_activity, principal_components
from keras_vae.experiments.figures.method_runs import MethodRuns, Methods
from keras_vae.experiments.figures.options import Options, positive_integer
from keras_vae.experiments.reports.geometry import (
    LATENT_DIM,
    GeometryFigure,
    rates_since_half,
    run_spec,
)
from keras_vae.experiments.runs.spec import RunSpec, Specs
from keras_vae.linear_probe import posterior_features

# What is measured of each run, by number of latent dimensions and by order, both ascending.
Grid = dict[int, dict[float, Any]]
LATENT_DIMS = (30, 40, 50)
ALPHAS = (0.0, 0.25, 0.5, 0.75, 1.0)
# The orders between which a comparison of numbers of dimensions is made where time is short.
OUTER_ALPHAS = (0.0, 1.0)
INFORMATIVE = 0.01


class RenyiFigure(GeometryFigure):
    """A figure whose results have a folder of their own for orders and k of the user's choice."""

    def folder(self, options: Options) -> str:
        alphas, sizes = chosen(options, "alphas"), chosen(options, "latent_dims")
        parts = [self.name]
        if alphas is not None:
            parts += ["alpha", *map(order_name, alphas)]
        if sizes is not None:
            parts += ["k", *map(str, sizes)]
        return f"{self.report}/{'_'.join(parts)}"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the choice of orders and of latent dimensions to an `argparse` parser."""
    parser.add_argument(
        "--alphas",
        type=_order,
        nargs="+",
        help="orders of the Renyi bound, in place of the report's; results go to a folder of "
        "their own. At most 1: 1 is the ELBO, 0 the importance-weighted bound, max VR-max",
    )
    parser.add_argument(
        "--latent-dims",
        type=positive_integer,
        nargs="+",
        help="numbers of latent dimensions k, in place of the report's; each with every alpha",
    )


def _order(text: str) -> float:
    value = -math.inf if text == "max" else float(text)
    if not value <= 1:
        raise argparse.ArgumentTypeError(f"must be at most 1, received {text}")
    # Without the sign of -0, which would name another run.
    return value + 0.0


_order.__name__ = "alpha"


def chosen(options: Options, name: str) -> tuple[Any, ...] | None:
    """The values of `--alphas` or `--latent-dims`, each once, ascending; None without any."""
    values = options.choice(name)
    return None if values is None else tuple(sorted(set(values)))


def grid(options: Options) -> dict[int, tuple[float, ...]]:
    """The orders that are trained, by number of latent dimensions.

    The full grid of both is the report's; the presets below it have all orders at k = 30 and the
    two outer ones at the other numbers.
    """
    alphas, sizes = chosen(options, "alphas"), chosen(options, "latent_dims")
    if alphas is None and sizes is None and options.preset != "paper":
        return {size: ALPHAS if size == LATENT_DIM else OUTER_ALPHAS for size in LATENT_DIMS}
    return dict.fromkeys(sizes or LATENT_DIMS, alphas or ALPHAS)


def renyi_runs(options: Options, seed: int) -> Specs:
    """One trial: a run of every order and number of latent dimensions of the `grid`."""
    return {
        f"alpha={order_name(alpha)}, k={size}": run_spec(options.dataset, seed, alpha, size)
        for size, alphas in grid(options).items()
        for alpha in alphas
    }


def order_name(alpha: float) -> str:
    """An order as options and names of folders have it."""
    if alpha == -math.inf:
        return "max"
    short = f"{alpha:g}"
    return short if float(short) == alpha else repr(alpha)


def order_of(spec: RunSpec) -> float:
    """The order of the Renyi bound that a run maximises; 1 for the ELBO."""
    return spec.objective.make().alpha


def measure_grid(methods: Methods, measure: Callable[[MethodRuns], Any]) -> Grid:
    """Measures every method.

    Arguments:
        methods: Dictionary of `MethodRuns` by method.
        measure: Function of one of them.

    Returns:
        Dictionary by number of latent dimensions of dictionaries by order, both ascending.
    """
    nested: Grid = {}
    for method in methods.values():
        spec = method.specs[0]
        nested.setdefault(spec.model.latent_dim, {})[order_of(spec)] = measure(method)
    return {size: dict(sorted(nested[size].items())) for size in sorted(nested)}


def flat_list(by_size: Grid) -> list[Any]:
    """What `measure_grid` returns, as one list of its values."""
    return [value for by_order in by_size.values() for value in by_order.values()]


def all_orders(by_size: Grid) -> list[float]:
    """The orders of what `measure_grid` returns, each once, ascending."""
    return sorted({alpha for by_order in by_size.values() for alpha in by_order})


def of_each(by_size: Grid, measure: Callable[[Any], Any]) -> Grid:
    """A grid of what a function returns of each value of another one."""
    return {
        size: {alpha: measure(value) for alpha, value in by_order.items()}
        for size, by_order in by_size.items()
    }


def nested_dict(by_size: Grid, to_value: Callable[[Any], Any]) -> JsonObject:
    """What `measure_grid` returns, with names and values that JSON can have.

    Arguments:
        by_size: Dictionary by number of latent dimensions of dictionaries by order.
        to_value: Function from one of their values to a JSON-compatible one.
    """
    return {
        str(size): {order_name(alpha): to_value(value) for alpha, value in by_order.items()}
        for size, by_order in by_size.items()
    }


@dataclasses.dataclass(frozen=True)
class Components:
    """What the principal components of one method's runs are like.

    Attributes:
        eigenvalues: Array of shape (trials, latent_dim), in descending order.
        squared_entries: Array of shape (trials, latent_dim, latent_dim): of each eigenvector, in
            that order, the squares of its entries, one an axis.
        informative: Components with an eigenvalue above `INFORMATIVE`, one number a trial.
        active: Axes with an activity above it (Burda et al.), one number a trial.
        correlation: Mean absolute correlation of the active axes, one number a trial.
        epochs: Epochs after which weights were kept.
        informative_after: Array of shape (trials, epochs): informative components after each.
    """

    eigenvalues: np.ndarray
    squared_entries: np.ndarray
    informative: list[int]
    active: list[int]
    correlation: list[float]
    epochs: list[int]
    informative_after: np.ndarray

    @property
    def rates(self) -> np.ndarray:
        """How fast the informative components change, shape (trials,), an epoch."""
        return rates_since_half(self.epochs, self.informative_after)

    def to_dict(self) -> JsonObject:
        """Returns all but the eigenvectors as JSON-compatible values."""
        return {
            "eigenvalues": np.round(self.eigenvalues, 6).tolist(),
            "informative_components": self.informative,
            "active_units_at_0.01": self.active,
            "mean_absolute_correlation_of_active_axes": self.correlation,
            "informative_components_after": dict(
                zip(map(str, self.epochs), self.informative_after.T.tolist(), strict=True)
            ),
        }


def measure_components(method: MethodRuns) -> Components:
    """Measures the `Components` of one method's posterior means of the test images.

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
    return Components(
        eigenvalues=np.stack([found.eigenvalues for found, _ in last]),
        squared_entries=np.stack([found.eigenvectors**2 for found, _ in last]),
        informative=[row[-1] for row in counts],
        active=[active_units(latent_activity(means), INFORMATIVE) for _, means in last],
        correlation=[correlation_of_active_axes(means) for _, means in last],
        epochs=epochs,
        informative_after=np.array(counts),
    )


def correlation_of_active_axes(means: np.ndarray) -> float:
    """Mean absolute correlation over pairs of axes whose activity exceeds `INFORMATIVE`.

    Arguments:
        means: Array of shape (N, latent_dim).
    """
    active = means[:, latent_activity(means) > INFORMATIVE].astype(np.float64)
    if active.shape[1] < 2:
        return 0.0
    pairs = np.triu_indices(active.shape[1], 1)
    return float(abs(np.asarray(np.corrcoef(active.T))[pairs]).mean())


def orders_left_out(by_size: Grid) -> str:
    """Which of all orders some numbers of latent dimensions lack, to append to a caption."""
    sizes: dict[str, list[str]] = {}
    for size, by_order in by_size.items():
        missing = [order_name(alpha) for alpha in all_orders(by_size) if alpha not in by_order]
        sizes.setdefault(", ".join(missing), []).append(str(size))
    parts = [f"α = {orders} at k = {', '.join(at)}" for orders, at in sizes.items() if orders]
    return f"; not run: {' and '.join(parts)}" if parts else ""

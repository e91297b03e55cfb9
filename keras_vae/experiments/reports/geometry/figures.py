"""What the report's figures share, so that a script names the rest."""

import dataclasses
import functools
import math
from collections.abc import Callable

from keras_vae import datasets
from keras_vae.experiments.figures.figure import Figure
from keras_vae.experiments.reports.geometry.protocol import (
    ALPHAS,
    LATENT_DIM,
    LATENT_DIMS,
    OUTER_ALPHAS,
    PRESETS,
    PROTOCOL,
    REPORT,
    order_of,
    run_spec,
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class RenyiFigure(Figure):
    """A figure of runs under several orders alpha and numbers k of latent dimensions.

    The full grid of both is the report's; the presets below it have all orders at k = 30 and the
    two outer ones at the other numbers.
    """

    specs: Callable = None
    renyi_orders: bool = True

    def trial(self, asked, seed):
        return {
            method_name(alpha, size): run_spec(asked.dataset, seed, alpha, size)
            for size, alphas in grid(asked).items()
            for alpha in alphas
        }

    def folder(self, asked):
        """One of its own for orders and numbers of dimensions of the user's choice."""
        parts = [self.name]
        if asked.alphas is not None:
            parts += ["alpha", *map(order_name, asked.alphas)]
        if asked.latent_dims is not None:
            parts += ["k", *map(str, asked.latent_dims)]
        return f"{self.report}/{'_'.join(parts)}"


def grid(asked):
    """The orders that were asked for, by number of latent dimensions."""
    if asked.alphas is None and asked.latent_dims is None and asked.preset != "paper":
        return {size: ALPHAS if size == LATENT_DIM else OUTER_ALPHAS for size in LATENT_DIMS}
    return {size: asked.alphas or ALPHAS for size in asked.latent_dims or LATENT_DIMS}


def order_name(alpha):
    """An order as options and names of folders have it."""
    if alpha == -math.inf:
        return "max"
    short = f"{alpha:g}"
    return short if float(short) == alpha else repr(alpha)


def order_label(alpha):
    """An order as legends have it."""
    return "VR-max" if alpha == -math.inf else f"α = {order_name(alpha)}"


def method_name(alpha, latent_dim):
    """Name of the runs under an order and with a number of latent dimensions."""
    return f"alpha={order_name(alpha)}, k={latent_dim}"


def by_latent_dim(measures, methods):
    """Sorts what was measured of each method.

    Arguments:
        measures: Dictionary by method.
        methods: Dictionary of `MethodRuns` by method.

    Returns:
        Dictionary by number of latent dimensions of dictionaries by order, both ascending.
    """
    nested = {}
    for label, measured in measures.items():
        spec = methods[label].specs[0]
        nested.setdefault(spec.model.latent_dim, {})[order_of(spec)] = measured
    return {size: dict(sorted(nested[size].items())) for size in sorted(nested)}


def flat_list(by_size):
    """What `by_latent_dim` returns, as one list of its values."""
    return [value for by_order in by_size.values() for value in by_order.values()]


def all_orders(by_size):
    """The orders of what `by_latent_dim` returns, each once, ascending."""
    return sorted({alpha for by_order in by_size.values() for alpha in by_order})


def nested_dict(by_size, to_value):
    """What `by_latent_dim` returns, with names and values that JSON can have.

    Arguments:
        by_size: Dictionary by number of latent dimensions of dictionaries by order.
        to_value: Function from one of their values to a JSON-compatible one.
    """
    return {
        str(size): {order_name(alpha): to_value(value) for alpha, value in by_order.items()}
        for size, by_order in by_size.items()
    }


_SHARED = {
    "report": REPORT,
    "presets": PRESETS,
    "protocol": PROTOCOL,
    "datasets": datasets.LABELLED,
    "keep_weights": True,
}
report_figure = functools.partial(Figure, **_SHARED)
renyi_figure = functools.partial(RenyiFigure, **_SHARED)

"""Figure 1: principal components of the posterior means, for orders of the Renyi bound.

"An Explanatory Analysis of the Geometry of Latent Variables", Section 2.1. Runs: those of Figure 2,
Renyi bounds of orders alpha from 0 to 1 with k = 30, 40 and 50 latent dimensions. Measured:
eigenvalues and eigenvectors of the covariance of the test images' posterior means. Drawn: the
eigenvalues, as in the report, with the threshold of 0.01 above which a component is called
informative; below them the eigenvectors, which the report describes and does not draw, of the
highest and of the lowest order that were run. Judged: whether eigenvectors align with the axes.

Axes of like variance have no eigenvectors of their own: which directions among them come out is up
to chance, even where they do not correlate at all. So alignment is measured of single eigenvectors
and of the subspaces that those of like eigenvalue span, and both against random rotations; that of
single ones at alpha = 0 and at 1, the standard VAE, too.
"""

import functools
import sys

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture
from scipy.stats import ortho_group

from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.claims import (
    Claim,
    JsonObject,
    Number,
    Reading,
    over_seeds,
    plus_minus,
    unmet_requirements,
)
from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.figures.method_runs import Methods
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.reports.geometry import NEEDED
from keras_vae.experiments.reports.geometry.renyi_runs import (
    INFORMATIVE,
    OUTER_ALPHAS,
    Components,
    Grid,
    RenyiFigure,
    add_options,
    all_orders,
    flat_list,
    measure_components,
    measure_grid,
    nested_dict,
    order_name,
    orders_left_out,
    renyi_runs,
)

ROTATIONS = 200
# Eigenvalues of at least this share of another are like it.
LIKE = 0.8
MOST = 0.5
HALF_WAY = 0.5


def measure(methods: Methods, options: Options) -> Grid:
    """`Components` by number of latent dimensions and order."""
    return measure_grid(methods, measure_components)


def groups_of_like(eigenvalues: np.ndarray) -> list[int]:
    """Sizes of groups of eigenvalues, each of at least `LIKE` times its group's first.

    Arguments:
        eigenvalues: Array of shape (n,), in descending order.
    """
    sizes: list[int] = []
    first = np.inf
    for value in eigenvalues:
        if value >= LIKE * first:
            sizes[-1] += 1
        else:
            sizes.append(1)
            first = value
    return sizes


def alignment(squared_entries: np.ndarray, sizes: list[int]) -> np.ndarray:
    """How far subspaces are those of axes, of which each is spanned by some eigenvectors.

    An axis projects onto a subspace of m axes with length 1 if it is one of these, and with 0 if
    not. The m largest squared lengths are averaged; of a single eigenvector that is its largest
    squared entry.

    Arguments:
        squared_entries: Array of shape (..., vectors, axes).
        sizes: How many vectors span each subspace; together all of them.

    Returns:
        Array of shape (...): 1 where all subspaces are those of axes.
    """
    parts = np.split(squared_entries, np.cumsum(sizes)[:-1], axis=-2)
    lengths = [np.sort(part.sum(axis=-2), axis=-1)[..., -part.shape[-2] :] for part in parts]
    return np.concatenate(lengths, axis=-1).mean(axis=-1)


@functools.cache
def random_rotations(count: int) -> np.ndarray:
    """Squared entries of `ROTATIONS` random rotations of some axes, the same at each call."""
    rotations = ortho_group.rvs(count, size=ROTATIONS, random_state=0) if count > 1 else [[[1.0]]]
    return np.reshape(rotations, (-1, count, count)) ** 2


def alignments(found: Components) -> JsonObject:
    """Alignment of informative eigenvectors and of random ones, lists of one number a trial.

    `single` is of single eigenvectors, `subspaces` of those of like eigenvalue together;
    `share_of_the_way` is where that lies between the rotations' mean, 0, and full alignment, 1.
    """
    rows = []
    for values, entries, count in zip(
        found.eigenvalues, found.squared_entries, found.informative, strict=True
    ):
        count = max(1, count)
        ones, like = [1] * count, groups_of_like(values[:count])
        single, subspaces = (float(alignment(entries[:count], sizes)) for sizes in (ones, like))
        by_chance = alignment(random_rotations(count), ones)
        expected = float(alignment(random_rotations(count), like).mean())
        room = 1 - expected
        rows.append(
            {
                "single": single,
                "highest_of_random_rotations": float(by_chance.max()),
                "subspaces": subspaces,
                "subspaces_of_random_rotations": expected,
                "share_of_the_way": (subspaces - expected) / room if room > 1e-9 else 0.0,
            }
        )
    return {name: [row[name] for row in rows] for name in rows[0]}


def draw(components: Grid, options: Options) -> Picture:
    """Draws sorted eigenvalues, a panel for each k, and under them eigenvectors of outer orders."""
    # The report's words are about all orders, and one's may align where another's do not.
    have_several = all(len(by_order) > 1 for by_order in components.values())
    ends = [-1, 0] if have_several else [-1]
    figure, rows = plots.grid(1 + len(ends), len(components), width=3.8, height=3.3)
    # An order has one style, whatever orders a panel shows.
    styles = {alpha: index for index, alpha in enumerate(all_orders(components))}
    for axis, letter, (size, by_order) in plots.lettered(rows[0], components.items()):
        ranks = np.arange(1, size + 1)
        for alpha, found in by_order.items():
            plots.line_with_band(axis, ranks, found.eigenvalues, _label(alpha), styles[alpha])
        axis.axhline(INFORMATIVE, color="#444444", linewidth=0.8, linestyle=":")
        axis.set(yscale="log", xlabel="Component", title=f"{letter} k = {size}")
        axis.legend()
    rows[0][0].set_ylabel("Eigenvalue of the posterior means")
    for row, end in zip(rows[1:], ends, strict=True):
        for axis, by_order in zip(row, components.values(), strict=True):
            alpha, found = list(by_order.items())[end]
            _draw_eigenvectors(axis, found)
            axis.set_title(f"Eigenvectors, {_label(alpha)}")
        row[0].set_ylabel("Component")
    return figure


def _label(alpha: float) -> str:
    return "VR-max" if np.isinf(alpha) else f"α = {order_name(alpha)}"


def _draw_eigenvectors(axis: Axes, found: Components) -> None:
    """The first trial's squared entries, axes in the order of the components that they are in."""
    entries = found.squared_entries[0]
    order = np.argsort(entries.argmax(axis=0), kind="stable")
    end = len(entries) + 0.5
    axis.imshow(
        entries[:, order], cmap="Greys", vmin=0, vmax=1, aspect="auto", extent=(0.5, end, end, 0.5)
    )
    axis.axhline(found.informative[0] + 0.5, color="#444444", linewidth=0.8, linestyle=":")
    axis.set_xlabel("Latent axis, sorted")
    axis.grid(False)


def caption(components: Grid, options: Options) -> str:
    """What the panels show, in words."""
    return (
        "dotted: the report's threshold of 0.01; below, squared entries of the first trial's "
        f"eigenvectors, black is 1{orders_left_out(components)}"
        f"{plots.band_caption(options.trials)}"
    )


def judge(components: Grid, options: Options) -> list[Claim]:
    """Judges whether eigenvectors align with the axes."""
    found = flat_list(components)
    by_order = [
        (alpha, alignments(one)) for orders in components.values() for alpha, one in orders.items()
    ]
    measured = [of for _, of in by_order]
    # A trial is the average over its runs of all orders and sizes.
    trials = {name: np.mean([of[name] for of in measured], axis=0) for name in measured[0]}
    single, way = over_seeds(trials["single"]), over_seeds(trials["share_of_the_way"])
    unmet = unmet_requirements(options, weights_epochs=[one.epochs[-1] for one in found], **NEEDED)
    return [
        Claim(
            id="geometry.1.1",
            statement="The eigenvectors tend to align with the axes.",
            reported="'tend to align', in words (Section 2.1, Figure 1)",
            measured=f"{plus_minus(single, 2)} of an eigenvector on one axis, subspaces "
            f"{plus_minus(way, 2)} of the way",
            readings=[
                _by_chance("more than by chance", measured, unmet),
                Reading(
                    "each is mostly one axis",
                    rule=f"That average is at least {MOST:g}, so that one axis makes up most of a "
                    "direction. (Axes without any correlation but of like variances need not meet "
                    "it.)",
                    numbers={
                        "single": Number(single, "squared entry", at_least=MOST),
                        "mean_absolute_correlation_of_active_axes": Number(
                            over_seeds(np.mean([one.correlation for one in found], axis=0)),
                            "correlation",
                        ),
                    },
                    unmet=unmet,
                ),
                Reading(
                    "those of like variance span the same subspaces as axes",
                    rule="Informative eigenvectors whose eigenvalues are at least "
                    f"{LIKE:g} of their group's first are taken together. Their subspaces lie at "
                    f"least {HALF_WAY:g} of the way from what random rotations give, 0, to "
                    "subspaces of axes, 1.",
                    numbers={
                        "share_of_the_way": Number(way, "share", at_least=HALF_WAY),
                        "alignment": Number(over_seeds(trials["subspaces"]), "squared length"),
                    },
                    unmet=unmet,
                ),
                *(
                    _by_chance(
                        f"more than by chance, {_label(alpha)} alone",
                        [of for order, of in by_order if order == alpha],
                        unmet,
                    )
                    for alpha in OUTER_ALPHAS
                    if all(alpha in orders for orders in components.values())
                ),
            ],
        )
    ]


def _by_chance(name: str, measured: list[JsonObject], unmet: tuple[str, ...]) -> Reading:
    """Whether some runs' eigenvectors are nearer to axes than random ones, over trials."""
    trials = {key: np.mean([of[key] for of in measured], axis=0) for key in measured[0]}
    excess = over_seeds(trials["single"] - trials["highest_of_random_rotations"])
    return Reading(
        name,
        rule="The largest squared entry of an informative eigenvector, averaged over all, is "
        f"higher than the highest such average of {ROTATIONS} random rotations of as many axes.",
        numbers={
            "single": Number(over_seeds(trials["single"]), "squared entry"),
            "excess_over_the_highest_of_random_rotations": Number(
                excess, "squared entry", above=0.0
            ),
        },
        unmet=unmet,
    )


def record(components: Grid, options: Options) -> JsonObject:
    """The components' measures for `data.json`."""
    return {
        "components": nested_dict(components, Components.to_dict),
        "alignment": nested_dict(components, alignments),
    }


FIGURE = RenyiFigure(
    script=__file__,
    name="fig_1",
    title="Figure 1: eigenvalues of the posterior means by alpha and latent dimensions",
    add_options=add_options,
    runs=renyi_runs,
    measure=measure,
    draw=draw,
    caption=caption,
    judge=judge,
    record=record,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

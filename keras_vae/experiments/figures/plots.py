"""One style for every figure."""

import os
import string
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO, Any, TypeVar

import matplotlib
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture
from matplotlib.image import AxesImage

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap, TwoSlopeNorm
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

Item = TypeVar("Item")
# Okabe & Ito's palette, distinguishable with every common colour blindness.
# Its seven come first, three of Tol's follow.
COLORS = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"),
    *("#882255", "#999933", "#661100"),
)
# Ten classes are too many for colour alone; markers and written numbers tell them apart too.
CLASS_COLORS = (
    "#332288",
    "#E69F00",
    "#117733",
    "#88CCEE",
    "#882255",
    "#B8A000",
    "#44AA99",
    "#D55E00",
    "#999999",
    "#CC79A7",
)
CLASS_MARKERS = "ox^sDv+*<P"
# Between the written numbers of two classes, as a share of what a picture spans.
LABEL_DISTANCE = 0.05
LINE_STYLES = ("-", "--", "-.", ":")
# Ever darker, with a change of colour in the middle.
SHADES = LinearSegmentedColormap.from_list(
    "shades", [(0, "#ffffff"), (0.5, "#86b8dd"), (0.5, "#e39a4e"), (1, "#3b0f02")]
)
CAPTION_CHARACTERS_PER_INCH = 15
STYLE: dict[Any, Any] = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#dddddd",
    "legend.frameon": False,
    "savefig.dpi": 200,
    "figure.constrained_layout.use": True,
}
plt.rcParams.update(STYLE)


def panels(
    count: int, *, width: float = 4.0, height: float = 3.4, **kwargs: Any
) -> tuple[Picture, list[Axes]]:
    """Returns a figure with `count` panels in a row, and the panels."""
    figure, axes = plt.subplots(1, count, figsize=(width * count, height), squeeze=False, **kwargs)
    return figure, list(axes[0])


def stack(
    count: int, *, width: float = 8.0, height: float = 2.0, **kwargs: Any
) -> tuple[Picture, list[Axes]]:
    """Returns a figure with `count` panels in a column, and the panels."""
    figure, axes = plt.subplots(count, 1, figsize=(width, height * count), squeeze=False, **kwargs)
    return figure, list(axes[:, 0])


def grid(
    rows: int, columns: int, *, width: float = 4.0, height: float = 2.6, **kwargs: Any
) -> tuple[Picture, list[list[Axes]]]:
    """Returns a figure with rows of panels, and the rows."""
    size = (width * columns, height * rows)
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False, **kwargs)
    return figure, [list(row) for row in axes]


def lettered(axes: Iterable[Axes], items: Iterable[Item]) -> Iterator[tuple[Axes, str, Item]]:
    """Yields each panel with its letter, as `"(a)"`, and its item."""
    for axis, letter, item in zip(axes, string.ascii_lowercase, items, strict=False):
        yield axis, f"({letter})", item


def label_epochs(axis: Axes) -> None:
    """Marks a panel's x axis as epochs, with whole numbers only."""
    axis.set_xlabel("Epoch")
    axis.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))


def plain_ticks(axis: Axes, values: Sequence[float]) -> None:
    """Marks some values on a logarithmic x axis as they are."""
    axis.set_xticks(values, [f"{value:g}" for value in values])
    axis.set_xticks([], minor=True)


def zoom_on_ends(
    axis: Axes, curves: Sequence[np.ndarray], below: float = 25.0, above: float = 3.0
) -> None:
    """Shows a bound's range from `below` nats under the lowest end to the highest value.

    A bound rises by hundreds of nats in its first epochs, which would hide all that follows.

    Arguments:
        axis: Matplotlib axes.
        curves: Arrays of shape (trials, epochs).
        below: Nats shown under the lowest final value.
        above: Nats shown over the highest value.
    """
    lowest = min(np.min(curve) for curve in curves)
    bottom = max(lowest, min(np.min(np.asarray(curve)[:, -1]) for curve in curves) - below)
    top = max(np.max(curve) for curve in curves)
    axis.set_ylim(bottom - 0.5, top + above)


def line_with_band(
    axis: Axes, epochs: Sequence[int] | np.ndarray, trials: npt.ArrayLike, label: str, index: int
) -> None:
    """Draws the mean over trials, and a band from the lowest trial to the highest.

    Arguments:
        axis: Matplotlib axes.
        epochs: Array of shape (epochs,).
        trials: Array of shape (trials, epochs).
        label: Name in the legend.
        index: Which colour and line style.
    """
    trials, color = _mean_line(axis, epochs, trials, label, index)
    if len(trials) > 1:
        axis.fill_between(
            epochs, trials.min(axis=0), trials.max(axis=0), color=color, alpha=0.2, linewidth=0
        )


def line_with_trials(
    axis: Axes, x: Sequence[int] | np.ndarray, trials: npt.ArrayLike, label: str, index: int
) -> None:
    """Draws the mean over trials, and each of several trials thinly.

    Arguments:
        axis: Matplotlib axes.
        x: Array of shape (epochs,), or of whatever the trials run over.
        trials: Array of shape (trials, epochs).
        label: Name in the legend.
        index: Which colour and line style.
    """
    trials, color = _mean_line(axis, x, trials, label, index)
    if len(trials) > 1:
        axis.plot(x, trials.T, color=color, alpha=0.5, linewidth=0.6, label="_trials")


def _mean_line(
    axis: Axes, x: Sequence[int] | np.ndarray, trials: npt.ArrayLike, label: str, index: int
) -> tuple[np.ndarray, str]:
    trials = np.asarray(trials, dtype=float)
    color = COLORS[index % len(COLORS)]
    style = LINE_STYLES[index % len(LINE_STYLES)]
    marker = "o" if len(x) == 1 else None
    axis.plot(x, trials.mean(axis=0), style, color=color, label=label, marker=marker)
    return trials, color


def shade_plot(axis: Axes, values: np.ndarray, scale: TwoSlopeNorm) -> AxesImage:
    """Draws values by row and epoch, darker where higher, the first row at the bottom.

    Arguments:
        axis: Matplotlib axes.
        values: Array of shape (rows, epochs).
        scale: Matplotlib's scale; what is under its middle is blue, what is above it brown.

    Returns:
        Matplotlib image, for a colour bar.
    """
    rows, epochs = values.shape
    image = axis.imshow(
        values,
        cmap=SHADES,
        norm=scale,
        origin="lower",
        aspect="auto",
        interpolation="nearest",
        extent=(0.5, epochs + 0.5, 0.5, rows + 0.5),
    )
    axis.grid(False)
    label_epochs(axis)
    return image


def image_rows(rows: Mapping[str, np.ndarray]) -> Picture:
    """Draws images in labelled rows.

    Arguments:
        rows: Dictionary by label of arrays of shape (N, height, width), values in [0, 1].

    Returns:
        Matplotlib figure.
    """
    columns = len(next(iter(rows.values())))
    figure, axes = plt.subplots(
        len(rows), columns, figsize=(0.85 * columns, 0.95 * len(rows) + 0.4), squeeze=False
    )
    for row, (label, images) in zip(axes, rows.items(), strict=True):
        for axis, image in zip(row, images, strict=True):
            axis.imshow(image, cmap="gray_r", vmin=0, vmax=1)
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(False)
        row[0].set_ylabel(label, rotation=0, ha="right", va="center")
    return figure


def frame(axis: Axes, color: str = "#d62728") -> None:
    """Draws a frame around a panel without axes."""
    axis.spines[:].set(visible=True, color=color, linewidth=2.5)


def scatter_classes(axis: Axes, points: np.ndarray, labels: np.ndarray) -> None:
    """Draws points by class: each class has a colour, a marker, and its number at its middle.

    Arguments:
        axis: Matplotlib axes; the legend goes outside, to its right.
        points: Array of shape (N, 2).
        labels: Integer array of shape (N,).
    """
    classes = np.unique(labels)
    middles = np.array([np.median(points[labels == label], axis=0) for label in classes])
    places = apart(middles, np.maximum(np.ptp(points, axis=0), 1e-9) * LABEL_DISTANCE)
    for index, label in enumerate(classes):
        own = points[labels == label]
        color, marker = CLASS_COLORS[index % 10], CLASS_MARKERS[index % 10]
        axis.scatter(
            own[:, 0], own[:, 1], s=9, color=color, marker=marker, linewidths=0.6, label=str(label)
        )
        axis.annotate(
            str(label),
            places[index],
            ha="center",
            va="center",
            fontsize=15,
            fontweight="bold",
            path_effects=[withStroke(linewidth=4, foreground="white")],
        )
    axis.legend(title="Class", loc="upper left", bbox_to_anchor=(1, 1), markerscale=2)


def apart(points: np.ndarray, distance: npt.ArrayLike) -> np.ndarray:
    """Moves points that are too near to each other apart.

    Arguments:
        points: Array of shape (N, 2).
        distance: What counts as a distance of 1 along either axis, shape (2,); so far apart all
            of them end.

    Returns:
        Array of shape (N, 2).
    """
    unit = np.asarray(distance, dtype=float)
    scaled = np.asarray(points, dtype=float) / unit
    for _ in range(200):
        offsets = scaled[:, None] - scaled[None]
        lengths = np.linalg.norm(offsets, axis=-1)
        np.fill_diagonal(lengths, np.inf)
        if lengths.min() >= 1:
            break
        # Those in one place part sideways, the later ones to the right.
        order = np.sign(np.subtract.outer(np.arange(len(scaled)), np.arange(len(scaled))))
        sideways = np.stack([order, np.zeros_like(order)], axis=-1)
        directions = np.where(
            lengths[..., None] > 1e-9, offsets / np.maximum(lengths, 1e-9)[..., None], sideways
        )
        overlap = np.clip(1.001 - lengths, 0, None)
        scaled = scaled + 0.5 * (directions * overlap[..., None]).sum(axis=1)
    return scaled * unit


def mosaic(axis: Axes, images: np.ndarray, **kwargs: Any) -> None:
    """Draws images side by side, without ticks.

    Arguments:
        axis: Matplotlib axes.
        images: Array of shape (rows, columns, height, width), values in [0, 1].
        **kwargs: Further arguments of `imshow`, for example another `cmap` than black on white.
    """
    rows, columns, height, width = images.shape
    tiled = images.swapaxes(1, 2).reshape(rows * height, columns * width)
    axis.imshow(tiled, **{"cmap": "gray_r", "vmin": 0, "vmax": 1, **kwargs})
    axis.set(xticks=[], yticks=[])
    axis.grid(False)
    axis.spines[:].set_visible(False)


def image_lattice(axis: Axes, images: np.ndarray, points: np.ndarray) -> None:
    """Draws images side by side on a square lattice, with its coordinates as ticks.

    Arguments:
        axis: Matplotlib axes.
        images: Array of shape (size, size, height, width), first row at the bottom.
        points: Array of shape (size,): the lattice's coordinates along either axis.
    """
    rows, columns = images.shape[:2]
    mosaic(axis, images[::-1], extent=(0, columns, 0, rows))
    values = MaxNLocator(nbins=8, steps=[1, 2, 5, 10]).tick_values(points[0], points[-1])
    values = values[(values >= points[0]) & (values <= points[-1])]
    # Between two images lies a coordinate between theirs.
    positions = np.interp(values, points, np.arange(len(points))) + 0.5
    names = [f"{value:g}" for value in values]
    axis.set_xticks(positions, names)
    axis.set_yticks(positions, names)


def band_caption(trials: int) -> str:
    """What `line_with_band` shows of several trials, to append to a caption."""
    return "; mean over trials, band from lowest to highest" if trials > 1 else ""


def trials_caption(trials: int) -> str:
    """What `line_with_trials` shows of several trials, to append to a caption."""
    return "; mean over trials, thin lines are single ones" if trials > 1 else ""


def add_caption(figure: Picture, text: str) -> None:
    """Writes small under the whole figure what was computed, and how it is shown."""
    width = int(figure.get_figwidth() * CAPTION_CHARACTERS_PER_INCH)
    text = "\n".join(textwrap.fill(line, width) for line in text.split("\n"))
    figure.supxlabel(text, fontsize=8, color="#444444", x=0.01, ha="left")


def save(figure: Picture, path: str | os.PathLike[str] | IO[bytes]) -> None:
    """Writes a figure as PNG and closes it."""
    figure.savefig(path, format="png")
    plt.close(figure)

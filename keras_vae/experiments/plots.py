"""One style for every figure."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402
from matplotlib.ticker import MaxNLocator  # noqa: E402

# Okabe & Ito's palette, distinguishable with every common colour blindness.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
LINE_STYLES = ("-", "--", "-.", ":")
STYLE = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "legend.frameon": False,
    "savefig.dpi": 200,
    "figure.constrained_layout.use": True,
}
plt.rcParams.update(STYLE)


def panels(count, *, width=4.0, height=3.4, **kwargs):
    """Returns a figure with `count` panels in a row, and the panels."""
    figure, axes = plt.subplots(1, count, figsize=(width * count, height), squeeze=False, **kwargs)
    return figure, list(axes[0])


def label_epochs(axis):
    """Marks a panel's x axis as epochs, with whole numbers alone."""
    axis.set_xlabel("Epoch")
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))


def line_with_band(axis, epochs, trials, label, index):
    """Draws the mean over trials, and a band from the lowest trial to the highest.

    Arguments:
        axis: Matplotlib axes.
        epochs: Array of shape (epochs,).
        trials: Array of shape (trials, epochs).
        label: Name in the legend.
        index: Which colour and line style.
    """
    trials = np.asarray(trials, dtype=float)
    color = COLORS[index % len(COLORS)]
    style = LINE_STYLES[index % len(LINE_STYLES)]
    marker = "o" if len(epochs) == 1 else None
    axis.plot(epochs, trials.mean(axis=0), style, color=color, label=label, marker=marker)
    if len(trials) > 1:
        axis.fill_between(
            epochs, trials.min(axis=0), trials.max(axis=0), color=color, alpha=0.2, linewidth=0
        )


def add_protocol(figure, asked, protocol, text):
    """Writes small under the whole figure what was computed.

    Arguments:
        figure: Matplotlib figure.
        asked: `options.Options`.
        protocol: What the report asks for, with its number of `epochs`.
        text: How the figure shows it.
    """
    trials = "1 trial" if asked.trials == 1 else f"{asked.trials} trials"
    figure.supxlabel(
        f"{asked.dataset}, {asked.epochs} of the report's {protocol['epochs']} epochs, {trials}; "
        + text,
        fontsize=8,
        color="#444444",
        x=0.01,
        ha="left",
    )


def save(figure, path):
    """Writes a figure as PNG and closes it."""
    figure.savefig(path, format="png")
    plt.close(figure)

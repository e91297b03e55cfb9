"""Made-up runs of the activity report whose answers are known, and the way to its judgements.

`judged("3.1", {"VAE": active(9, 10)})` is the one way in: the claims of a figure on its `BASE`,
which reproduces every one, with some runs put in place of others.
"""

import dataclasses
import types

import numpy as np
from matplotlib import pyplot

from keras_vae.experiments.figures.catalogue import load_script
from keras_vae.experiments.figures.claims import INCONCLUSIVE, NOT_REPRODUCED, REPRODUCED

YES, NO, OPEN = REPRODUCED, NOT_REPRODUCED, INCONCLUSIVE
EPOCHS = 300
# The first epochs of the last tenth, and of the tenth before.
LAST, BEFORE = 271, 241
# A power of two, so that sums and means of bounds are exact: the least step over a boundary.
TICK = 2.0**-10


def ask(epochs=EPOCHS, trials=2, dataset="mnist", seed=0):
    """A user's choices, as far as claims look at them."""
    return types.SimpleNamespace(epochs=epochs, trials=trials, dataset=dataset, seed=seed)


def curve(points, epochs=EPOCHS):
    """A number, or pairs (epoch counted from 1, value from there on), as an array (epochs,)."""
    values = np.empty(epochs)
    for epoch, value in points if isinstance(points, list) else [(1, points)]:
        values[epoch - 1 :] = value
    return values


def bounds(*trials, epochs=EPOCHS):
    """Runs of one method with these test bounds, one a trial; training bounds are 1 higher."""
    test = np.stack([curve(points, epochs) for points in trials])
    return types.SimpleNamespace(
        history=lambda name: {"test_bound": test, "train_bound": test + 1}[name],
        log_likelihood_summary=lambda: [{"mean": trial[-1] + 3} for trial in test],
    )


def drifting(end, change):
    """Points of a curve that moves by `change` to `end` between the two last tenths."""
    return [(1, end - change), (LAST, end)]


def active(*trials, latent_dim=50, epochs=EPOCHS):
    """Activity (trials, epochs, latent_dim) with these counts of active dimensions.

    The others have exactly 0.1, so that the threshold is met on both sides.
    """
    counts = np.stack([curve(points, epochs) for points in trials])
    return np.where(np.arange(latent_dim) < counts[..., None], 0.1001, 0.1)


def under_threshold(*values):
    """Activity (trials, epochs, 3): the last epoch's values under the threshold, one a trial."""
    last = np.stack([[5.0, value, value] for value in values])
    return np.stack([np.full_like(last, 0.05), last], axis=1)


def counts(*trials, epochs=EPOCHS):
    """Counts of active dimensions, integers of shape (trials, epochs)."""
    return np.stack([curve(points, epochs) for points in trials]).astype(int)


def confusions(*trials):
    """Confusion matrices, all pairs at 0.02 but those that a trial names.

    Each trial is (own class's shares of ten classes, dictionary of entries by (row, column)).
    """
    matrices = []
    for own, entries in trials:
        matrix = np.full((10, 10), 0.02)
        np.fill_diagonal(matrix, own)
        for pair, value in entries.items():
            matrix[pair] = value
        matrices.append(matrix)
    return np.stack(matrices)


RISING = np.linspace(0.4, 0.85, 10)
SCRIPTS = {
    "2.1": "fig_2_1_decoders.py",
    "2.2": "fig_2_2_importance_weighting.py",
    "2.3": "fig_2_3_batch_norm.py",
    "2.4": "fig_2_4_warm_up.py",
    "2.5": "fig_2_5_latent_dim.py",
    "3.1": "fig_3_1_activity.py",
    "3.2": "fig_3_2_latent_dim_activity.py",
    "3.3": "fig_3_3_activity_shades.py",
    "4.1": "fig_4_1_reconstructions.py",
    "4.2": "fig_4_2_encodings.py",
    "4.3": "fig_4_3_manifold.py",
    "five_digits": "beyond/five_digits.py",
    "two_layers": "beyond/two_layers.py",
    "continuous_data": "beyond/continuous_data.py",
}
OVERLAP = {(2, 3): 0.3, (3, 2): 0.3}
RECOGNISED = [0.3, 0.97, 0.2, 0.6, 0.6, 0.5, 0.8, 0.9, 0.7, 0.6]
METHODS = ("VAE", "IW", "IW+BN", "IW+WU")
WARMED_UP = [(1, 45), (20, 40), (70, 35), (99, 32), (101, 9)]

BASE = {
    "2.1": {"Bernoulli": bounds(-70, -90), "Gaussian": bounds(-340, -330)},
    "2.2": {"VAE": bounds(-80, -82), "IW": bounds(-76, -78)},
    "2.3": {"IW": bounds(-76, -78), "IW+BN": bounds(-77, -79)},
    "2.4": {"IW": bounds(-76, -78), "IW+WU": bounds(-77, -77)},
    "2.5": {
        **{size: bounds(end, end) for size, end in {"2": -120, "5": -95}.items()},
        **{
            size: bounds(*[[(1, -900), (epoch, -77)]] * 2)
            for size, epoch in {"10": 20, "20": 30, "50": 30, "100": 31}.items()
        },
    },
    "3.1": {
        "VAE": active([(1, 30), (2, 11)], [(1, 30), (2, 12)]),
        "IW": active(*[[(1, 32), (3, 16), (40, 9)]] * 2),
        "IW+BN": active(*[[(1, 34), (20, 20), (60, 14)]] * 2),
        "IW+WU": active(WARMED_UP, WARMED_UP),
    },
    "3.2": {
        **{str(size): active(size, size, latent_dim=size) for size in (2, 5)},
        **{str(size): active(10, 11, latent_dim=size) for size in (10, 20, 50, 100)},
    },
    "3.3": {
        "VAE": under_threshold(0.01, 0.01),
        **{name: under_threshold(0.02, 0.03) for name in METHODS[1:]},
    },
    "4.1": {
        "better": np.array([0.995, 0.999]),
        "recognised": np.array([RECOGNISED] * 2),
        "weights": {"2": [EPOCHS, EPOCHS], "50": [EPOCHS, EPOCHS]},
    },
    "4.2": {
        "confusion": confusions((RISING, OVERLAP), (RISING, OVERLAP)),
        "recognised": np.stack([RISING, RISING]),
        "weights": {"2": [EPOCHS, EPOCHS]},
    },
    "4.3": {"agreement": [0.8, 0.75], "weights": {"2": [EPOCHS, EPOCHS]}},
    "five_digits": {
        f"{method}, {part}": active(count, count)
        for method in ("VAE", "IW")
        for part, count in (
            ("digits 1-5", 5),
            ("all digits, as many images", 9),
            ("all digits", 12),
        )
    },
    "two_layers": {
        (layer, name): counts(count, count)
        for layer, of_layer in {"upper": (4, 5, 8), "lower": (20, 22, 21)}.items()
        for name, count in zip(("VAE", "IW", "IW+WU"), of_layer, strict=True)
    },
}
BASE["continuous_data"] = BASE["3.1"]


def judged(figure, changes=None, options=None):
    """A figure's claims by id, without the report's name, on its `BASE` with changes."""
    measured = _measured(figure, {**BASE[figure], **(changes or {})})
    claims = FIGURES[figure].judge(measured, options or ask())
    return {claim.id.removeprefix("activity."): claim for claim in claims}


def analysed(figure, methods, options=None):
    """A script's `Analysis` of runs by method."""
    found = FIGURES[figure].make_analysis(methods, options or ask())
    pyplot.close(found.picture)
    return found


def recorded(figure, activity):
    """A figure's own part of `data.json`, from activities of shape (trials, epochs, latent_dim)."""
    return _of_activity(figure, activity).data


def drawn(figure, activity):
    """The picture of such activities."""
    return _of_activity(figure, activity).picture


def _of_activity(figure, activity):
    # Claims need all of the report's methods; what is recorded and drawn is no matter of them.
    methods = {name: types.SimpleNamespace(activity=value) for name, value in activity.items()}
    unjudged = dataclasses.replace(FIGURES[figure], judge=None)
    found = unjudged.make_analysis(methods, ask())
    pyplot.close(found.picture)
    return found


def _measured(figure, changed):
    """What the script's `judge` takes."""
    if figure.startswith("2"):
        return FIGURES[figure].measure(changed, ask())
    if figure == "two_layers":
        return {
            layer: {name: changed[of, name] for of, name in changed if of == layer}
            for layer in ("upper", "lower")
        }
    if figure.startswith("4"):
        return {
            "better_share": changed.get("better"),
            "by_class": {"2": _trials(changed)},
            "trials": _trials(changed),
            "agreement": {"(a) Equal prior mass": changed.get("agreement")},
            "weights_epochs": [epochs for of in changed["weights"].values() for epochs in of],
        }
    return changed


def _trials(changed):
    names = {
        "confusion": "neighbour_confusion",
        "recognised": "recognised_share_by_class",
    }
    of = {long: changed[short] for short, long in names.items() if short in changed}
    return [{name: values[trial] for name, values in of.items()} for trial in range(2)]


FIGURES = {name: load_script(path).FIGURE for name, path in SCRIPTS.items()}

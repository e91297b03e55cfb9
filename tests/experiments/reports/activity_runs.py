"""Made-up runs of the activity report whose answers are known, and the way to its judgements.

`judged("3.1", {"VAE": active(9, 10)})` is the one way in: the claims of a figure on its `BASE`,
which reproduces every one, with some runs put in place of others.
"""

import dataclasses
import types

import numpy as np

from keras_vae.experiments.figures.catalogue import load_script
from keras_vae.experiments.figures.claims import (
    DEPENDS,
    INCONCLUSIVE,
    NOT_REPRODUCED,
    REPRODUCED,
)
from keras_vae.experiments.measures.first_epoch import FirstEpoch

YES, NO, OPEN, EITHER = REPRODUCED, NOT_REPRODUCED, INCONCLUSIVE, DEPENDS
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
    if isinstance(points, np.ndarray):
        return points
    values = np.full(epochs, np.nan)
    for epoch, value in points if isinstance(points, list) else [(1, points)]:
        values[epoch - 1 :] = value
    return values


def bounds(*trials, epochs=EPOCHS, train=1, objective=None, log_likelihood=3):
    """Runs of one method with these test bounds, one a trial.

    Training bounds are higher by `train`, log-likelihoods than the last test bound by
    `log_likelihood`; what training maximises is its bound, or else has these points.
    """
    test = np.stack([curve(points, epochs) for points in trials])
    maximised = test + train
    if objective is not None:
        maximised = np.stack([curve(objective, epochs)] * len(trials))
    history = {"test_bound": test, "train_bound": test + train, "train_loss": -maximised}
    return types.SimpleNamespace(
        history=lambda name: history[name],
        log_likelihood_summary=lambda: [{"mean": trial[-1] + log_likelihood} for trial in test],
    )


def moving(end, rate, epochs=EPOCHS):
    """A curve that changes by `rate` an epoch over the last third, and ends on average at `end`."""
    third, tenth = epochs // 3, epochs // 10
    last = end + rate * (np.arange(third) - (third - 1) + (tenth - 1) / 2)
    return np.concatenate([np.full(epochs - third, last[0]), last])


def active(*trials, latent_dim=50, epochs=EPOCHS):
    """Activity (trials, epochs, latent_dim) with these counts of active dimensions.

    The others have exactly 0.1, so that the threshold is met on both sides.
    """
    counts = np.stack([curve(points, epochs) for points in trials])
    return np.where(np.arange(latent_dim) < counts[..., None], 0.1001, 0.1)


@dataclasses.dataclass(frozen=True)
class Run:
    """Runs of one method as Figure 3.1 measures them."""

    activity: np.ndarray
    steps: np.ndarray

    @property
    def measured(self):
        first = FirstEpoch(np.arange(self.steps.shape[1]) * 20, self.steps)
        return FIGURE_3_1.MethodActivity(self.activity, first)


def watched(*trials, pruned=0, latent_dim=50, epochs=EPOCHS):
    """`active` runs of which so many dimensions rise within the first epoch and fall again."""
    activity = active(*trials, latent_dim=latent_dim, epochs=epochs)
    end = activity[:, 0]
    risen = end.copy()
    for trial, count in enumerate(np.broadcast_to(pruned, len(trials))):
        inactive = np.flatnonzero(end[trial] <= 0.1)
        risen[trial, inactive[:count]] = 0.5
    return Run(activity, np.stack([np.zeros_like(end), risen, end], axis=1))


def under_threshold(*values, over=5.0):
    """Activity (trials, epochs, 3) whose two last dimensions stay at these values, one a trial."""
    last = np.stack([[over, value, value] for value in values])
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
    "section_3_2": "section_3_2_dimensions.py",
    "section_5": "section_5_choices.py",
    "five_digits": "beyond/five_digits.py",
    "two_layers": "beyond/two_layers.py",
    "continuous_data": "beyond/continuous_data.py",
    "sensitivity": "beyond/fig_3_1_sensitivity.py",
}
MODULES = {name: load_script(path) for name, path in SCRIPTS.items()}
FIGURES = {name: module.FIGURE for name, module in MODULES.items()}
FIGURE_3_1 = MODULES["3.1"]
OVERLAP = {(2, 3): 0.3, (3, 2): 0.3}
DENSITIES = [-100.0, -40.0, -110.0, -80.0, -80.5, -85.0, -82.0, -60.0, -83.0, -81.0]
RECOGNISED = [0.3, 0.97, 0.2, 0.6, 0.6, 0.5, 0.8, 0.9, 0.7, 0.6]
METHODS = ("VAE", "IW", "IW+BN", "IW+WU")
WARMED_UP = [(1, 45), (20, 40), (40, 38), (70, 35), (99, 32), (101, 9)]
PRUNED = {
    "VAE": watched(*[[(1, 30), (2, 11)]] * 2, pruned=15),
    "IW": watched(*[[(1, 32), (3, 20), (40, 9)]] * 2),
    "IW+BN": watched(*[[(1, 34), (20, 25), (60, 12)]] * 2),
    "IW+WU": watched(WARMED_UP, WARMED_UP),
}


def with_low(many, top):
    """Activities as `under_threshold`, and dimensions that alternate between 0.009 and `top`."""
    base = np.repeat(under_threshold(0.05, 0.05), [1, EPOCHS - 1], axis=1)
    flicker = np.where(np.arange(EPOCHS)[:, None] % 2, top, 0.009)
    low = np.broadcast_to(flicker, (2, EPOCHS, many))
    return np.concatenate([base, low], axis=2)


BASE = {
    "2.1": {"Bernoulli": bounds(-70, -90), "Gaussian": bounds(-340, -330)},
    "2.2": {"VAE": bounds(-80, -82), "IW": bounds(-76, -78)},
    "2.3": {"IW": bounds(-76, -78), "IW+BN": bounds(-77, -79)},
    "2.4": {
        "IW": bounds(*[[(1, -90), (40, -77)]] * 2),
        "IW+WU": bounds(*[[(1, -90), (45, -77)]] * 2),
    },
    "2.5": {
        **{size: bounds(end, end) for size, end in {"2": -120, "5": -95}.items()},
        "10": bounds(*[[(1, -899), (20, -77)]] * 2),
        **{
            size: bounds(*[[(1, -900), (epoch, -77)]] * 2)
            for size, epoch in {"20": 30, "50": 30, "100": 31}.items()
        },
    },
    "3.1": PRUNED,
    "3.2": {
        **{str(size): active(size, size, latent_dim=size) for size in (2, 5)},
        **{str(size): active(10, 10, latent_dim=size) for size in (10, 20, 50, 100)},
    },
    "3.3": {
        "VAE": with_low(8, 0.011),
        "IW": with_low(18, 0.03),
        "IW+BN": with_low(18, 0.03),
        "IW+WU": with_low(18, 0.03),
    },
    "4.1": {
        "better": np.array([0.995, 0.999]),
        "shown": np.array([1.0, 1.0]),
        "recognised": np.array([RECOGNISED] * 2),
        "densities": np.array([DENSITIES] * 2),
        "of_50": np.minimum(0.99, np.array([RECOGNISED] * 2) + 0.04),
        "weights": {"2": [EPOCHS, EPOCHS], "50": [EPOCHS, EPOCHS]},
    },
    "4.2": {
        "confusion": confusions((RISING, OVERLAP), (RISING, OVERLAP)),
        "silhouette": np.stack([RISING, RISING]) - 0.5,
        "recognised": np.stack([RISING, RISING]),
        "weights": {"2": [EPOCHS, EPOCHS]},
    },
    "4.3": {
        "agreement": [0.8, 0.75],
        "meetings": [3, 1],
        "less_alike": [0.2, 0.2],
        "less_alike_than_inside": [0.3, 0.3],
        "weights": {"2": [EPOCHS, EPOCHS]},
    },
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
        for layer, of_layer in {"upper": (16, 17, 20), "lower": (20, 22, 21)}.items()
        for name, count in zip(("VAE", "IW", "IW+WU"), of_layer, strict=True)
    },
}
BASE["continuous_data"] = PRUNED


def judged(figure, changes=None, options=None):
    """A figure's claims by id, without the report's name, on its `BASE` with changes."""
    measured = _measured(figure, {**BASE[figure], **(changes or {})})
    claims = FIGURES[figure].judge(measured, options or ask())
    for claim in claims:
        claim.check()
    return {claim.id.removeprefix("activity."): claim for claim in claims}


def answers(claim):
    """What each reading of a claim says, in their order."""
    return [reading.answer for reading in claim.readings]


def analysed(figure, methods, options=None):
    """A script's `Analysis` of runs by method."""
    return FIGURES[figure].make_analysis(methods, options or ask())


def recorded(figure, activity):
    """A figure's own part of `data.json`, from activities of shape (trials, epochs, latent_dim)."""
    return _of_activity(figure, activity).data


def drawn(figure, activity):
    """The picture of such activities."""
    return _of_activity(figure, activity).picture


def _of_activity(figure, activity):
    # Claims need all of the report's methods; what is recorded and drawn is no matter of them.
    methods = {name: stored(value) for name, value in activity.items()}
    unjudged = dataclasses.replace(FIGURES[figure], judge=None)
    return unjudged.make_analysis(methods, ask())


def stored(activity):
    """What `measure` looks at of runs with such activities, which all rise in the first epoch."""
    by_step = [np.stack([np.zeros_like(trial[0]), trial[0]]).tolist() for trial in activity]
    return types.SimpleNamespace(
        activity=activity,
        specs=[None] * len(activity),
        remembered=lambda trial, name, compute: {"steps": [0, 20], "activity": by_step[trial]},
    )


def _measured(figure, changed):
    """What the script's `judge` takes."""
    if figure.startswith("2"):
        return FIGURES[figure].measure(changed, ask())
    if figure in ("3.1", "continuous_data"):
        return {name: run.measured for name, run in changed.items()}
    if figure == "two_layers":
        return {
            layer: {name: changed[of, name] for of, name in changed if of == layer}
            for layer in ("upper", "lower")
        }
    if figure.startswith("4"):
        return {
            "better_share": changed.get("better"),
            "shown_better": changed.get("shown"),
            "by_class": {
                "2": _trials(changed),
                "50": _trials({"recognised": changed.get("of_50")}),
            },
            "trials": _trials(changed),
            "agreement": {"(a) Equal prior mass": changed.get("agreement")},
            "transitions": {"(a) Equal prior mass": _transitions(changed)},
            "weights_epochs": [epochs for of in changed["weights"].values() for epochs in of],
        }
    return changed


def _trials(changed):
    found = {
        "neighbour_confusion": changed.get("confusion"),
        "silhouette_by_class": changed.get("silhouette"),
        "recognised_share_by_class": changed.get("recognised"),
        "recognised_share_of_originals_by_class": changed.get("recognised"),
        "log_likelihood_at_the_mean_by_class": changed.get("densities"),
    }
    if found["neighbour_confusion"] is not None:
        diagonal = np.diagonal(found["neighbour_confusion"], axis1=1, axis2=2)
        found["own_class_share_of_neighbours"] = diagonal
    return [
        {name: values[trial] for name, values in found.items() if values is not None}
        for trial in range(2)
    ]


def _transitions(changed):
    found = {}
    for pair in ("7 and 9", "9 and 4"):
        of = {**changed, **changed.get(pair, {})}
        names = ("meetings", "less_alike", "less_alike_than_inside")
        trials = zip(*(of.get(name, ()) for name in names), strict=True)
        found[pair] = [dict(zip(names, trial, strict=True)) for trial in trials]
    return [dict(zip(found, trial, strict=True)) for trial in zip(*found.values(), strict=True)]

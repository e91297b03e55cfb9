"""Figure 2: informative components, bound and log-likelihood against alpha.

"An Explanatory Analysis of the Geometry of Latent Variables", Section 2.1. Runs: Renyi bounds of
orders alpha = 0, 0.25, 0.5, 0.75 and 1, ten samples each, with k = 30 latent dimensions, and with
40 and 50: all orders under the preset `paper`, else 0 and 1. Measured: the principal components of
the test images' posterior means, of which those with an eigenvalue above 0.01 are informative; the
bound that was trained; and the importance-sampled log-likelihood. Drawn: the number of informative
components and of active units, and the bound and the log-likelihood, against alpha. Judged: whether
the number saturates, and whether the bound gets closer to the log-likelihood. How noisy estimates
of the log-likelihood are, which the report sees in the same picture, is measured in `noise.py`.
"""

import dataclasses
import itertools
import sys
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture

from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.claims import (
    Claim,
    JsonObject,
    Number,
    Reading,
    any_may_turn,
    over_seeds,
    plus_minus,
    unmet_requirements,
)
from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.figures.method_runs import MethodRuns, Methods
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.reports.geometry import (
    LASTING,
    LATENT_DIM,
    NEEDED,
    NUM_SAMPLES,
)
from keras_vae.experiments.reports.geometry.renyi_runs import (
    INFORMATIVE,
    Components,
    Grid,
    RenyiFigure,
    add_options,
    all_orders,
    flat_list,
    measure_components,
    measure_grid,
    nested_dict,
    of_each,
    order_name,
    order_of,
    orders_left_out,
    renyi_runs,
)
from keras_vae.experiments.runs.evaluation import LogLikelihood, mean_and_error, without_images
from keras_vae.models import LatentVariableModel
from keras_vae.objectives import renyi_bound
from keras_vae.random import derive_seed

BATCH = 500
# Apart from the noise with which runs are evaluated.
NOISE_SEED = 301
SAME = 1.0
# Limits on what `_shape` measures, for a count that saturates.
SATURATES: dict[str, dict[str, float]] = {
    "rise": {"at_least": SAME},
    "last_rise_less_half_a_step": {"at_most": 0.0},
    "below_k": {"above": 0.0},
}
LIKELIHOOD_SAMPLES = 2000
VR_MAX_DISTANCE, ASIDE = 0.5, 0.01
PANELS = {
    "Informative components": f"Number above {INFORMATIVE:g}",
    "Bound and log-likelihood": "Nats per test image",
}


@dataclasses.dataclass(frozen=True)
class Bounds:
    """What one method's runs reach on the test set, one entry a trial.

    Attributes:
        bound: The bound that the run was trained on, with `NUM_SAMPLES` samples, on the images
            of the log-likelihood: dictionaries with `mean`, `standard_error` and `per_image`.
        log_likelihood: Dictionaries from `evaluate_log_likelihood`.
        epochs: Epochs after which the weights of all of these were stored.
    """

    bound: list[JsonObject]
    log_likelihood: list[LogLikelihood]
    epochs: list[int]

    @property
    def gaps(self) -> np.ndarray:
        """log-likelihood - bound in nats, averaged over images; array of shape (trials,)."""
        pairs = zip(self.log_likelihood, self.bound, strict=True)
        return np.array([np.subtract(a["per_image"], b["per_image"]).mean() for a, b in pairs])

    def to_dict(self) -> JsonObject:
        """Returns all but the values per image as JSON-compatible values."""
        return {
            "renyi_bound": [without_images(one) for one in self.bound],
            "log_likelihood": [without_images(one) for one in self.log_likelihood],
            "gap": self.gaps.tolist(),
        }


def measure(methods: Methods, options: Options) -> tuple[Grid, Grid]:
    """`Components` and `Bounds`, each by number of latent dimensions and order."""
    return measure_grid(methods, measure_components), measure_grid(methods, measure_bounds)


def measure_bounds(method: MethodRuns) -> Bounds:
    """Measures the `Bounds` of one method's runs; what is stored is not computed again."""
    kept = method.kept_epochs()[-1]
    bounds = [_measure_trial(method, trial, kept) for trial in range(len(method.specs))]
    epochs = [kept, *(of["epochs"] for of in method.log_likelihood)]
    return Bounds(bounds, method.log_likelihood, epochs)


def _measure_trial(method: MethodRuns, trial: int, epochs: int) -> JsonObject:
    alpha, images = order_of(method.specs[trial]), method.log_likelihood[trial]["images"]

    def compute() -> JsonObject:
        model, data = method.load_model(trial)
        method.restore(model, trial, epochs)
        return estimate_bound(model, data.test.images[:images], alpha)

    name = f"renyi_bound/{alpha:g}/{NUM_SAMPLES}_samples/{epochs}_epochs/{images}_images"
    return method.remembered(trial, name, compute)


def estimate_bound(model: LatentVariableModel, images: np.ndarray, alpha: float) -> JsonObject:
    """The Renyi bound of an order: its `mean`, `standard_error` and `per_image`, in nats."""
    batches = []
    for start in range(0, len(images), BATCH):
        # Images that shared their noise would not be independent.
        seed = derive_seed(NOISE_SEED, start)
        weights = model.log_weights(images[start : start + BATCH], NUM_SAMPLES, seed)
        batches.append(renyi_bound(weights, alpha).numpy())
    values = np.concatenate(batches).astype(np.float64)
    return {**mean_and_error(values), "per_image": np.round(values, 4).tolist()}


def draw(measured: tuple[Grid, Grid], options: Options) -> Picture:
    """Draws the two panels against alpha; bars as the caption says."""
    components, bounds = measured
    picture, axes = plots.panels(2, width=5.2, height=4.0)
    orders = all_orders(components)
    for index, size in enumerate(components):
        found, reached = components[size].values(), bounds[size].values()
        likelihoods = [[of["mean"] for of in one.log_likelihood] for one in reached]
        trained = [[of["mean"] for of in one.bound] for one in reached]
        lines = {
            "components": (axes[0], [one.informative for one in found]),
            "active units": (axes[0], [one.active for one in found]),
            "log p(x)": (axes[1], likelihoods),
            "bound": (axes[1], trained),
        }
        for place, (name, (axis, trials)) in enumerate(lines.items()):
            label, filled = f"k = {size}, {name}", not place % 2
            error_line(axis, orders, components[size], trials, label, index, filled=filled)
    names = ["VR-max" if np.isinf(alpha) else order_name(alpha) for alpha in orders]
    for axis, letter, (title, label) in plots.lettered(axes, PANELS.items()):
        axis.set(title=f"{letter} {title}", xlabel="α", ylabel=label)
        axis.set_xticks([position(alpha, orders) for alpha in orders], names)
        axis.legend(fontsize=8)
    return picture


def error_line(
    axis: Axes,
    orders: Collection[float],
    own_orders: Collection[float],
    trials: list[list[float]],
    label: str,
    index: int,
    *,
    filled: bool = True,
) -> None:
    """Draws means of trials, with bars from lowest to highest; joined where k has all orders."""
    values = np.array(trials)
    mean = values.mean(axis=1)
    color = plots.COLORS[index % len(plots.COLORS)]
    line = "-" if filled else "--"
    # Side by side where they would cover each other.
    aside = ASIDE * (2 * index + (not filled))
    axis.errorbar(
        [position(alpha, orders) + aside for alpha in own_orders],
        mean,
        yerr=[mean - values.min(axis=1), values.max(axis=1) - mean],
        color=color,
        marker="osD^v"[index % 5],
        markersize=5,
        markerfacecolor=color if filled else "white",
        linestyle=line if len(own_orders) == len(orders) else "none",
        capsize=3,
        label=label,
    )


def position(alpha: float, orders: Collection[float]) -> float:
    """Where an order stands on the axis: VR-max, at minus infinity, left of all others."""
    finite = [order for order in orders if np.isfinite(order)]
    return alpha if np.isfinite(alpha) else min(finite, default=0.0) - VR_MAX_DISTANCE


def caption(measured: tuple[Grid, Grid], options: Options) -> str:
    """What the panels show, in words."""
    estimate = flat_list(measured[1])[0].log_likelihood[0]
    bars = "; bars: lowest to highest trial" if options.trials > 1 else ""
    return (
        f"bound: {NUM_SAMPLES} samples; log p(x): {estimate['num_samples']} samples; both over "
        f"{estimate['images']} test images{orders_left_out(measured[0])}{bars}"
    )


def judge(measured: tuple[Grid, Grid], options: Options) -> list[Claim]:
    """Judges the claims about the number of components, the bound and the log-likelihood."""
    return [*judge_counts(measured[0], options), *judge_bounds(measured[1], options)]


def judge_counts(components: Grid, options: Options) -> list[Claim]:
    """Judges the claims about the number of informative components."""
    counts = of_each(components, lambda one: np.array(one.informative, dtype=float))
    rates = of_each(components, lambda one: one.rates)
    unmet = unmet_requirements(
        options, weights_epochs=[one.epochs[-1] for one in flat_list(components)], **NEEDED
    )
    ends = {
        size: [f"{of[alpha].mean():.1f}" if alpha in of else "-" for alpha in (0.0, 1.0)]
        for size, of in counts.items()
    }
    line = "; ".join(f"k = {size}: {zero} at 0, {one} at 1" for size, (zero, one) in ends.items())
    differences = {name: over_seeds(values) for name, values in _apart(counts).items()}
    apart = Number(differences, "components", -SAME, SAME)
    return [
        Claim(
            id="geometry.2a.1",
            statement="The number of informative components saturates as alpha goes to 0.",
            reported="Figure 2, left (Section 2.1)",
            measured=line,
            readings=[_saturation(counts, rates, (LATENT_DIM,), unmet, options)],
        ),
        Claim(
            id="geometry.2a.2",
            statement="The number of informative components is the same for k = 40 and 50.",
            reported="'remains constant even for k in {40, 50}' (Section 2.1)",
            measured=line,
            readings=[
                Reading(
                    "the same whatever k",
                    rule="At every alpha that was trained with more k than one, the counts of "
                    f"each two k lie within {SAME:g} of each other. {LASTING}",
                    numbers={"difference": apart},
                    unmet=unmet + apart.may_turn(_apart(rates), options.epochs),
                ),
                dataclasses.replace(
                    _saturation(counts, rates, (40, 50), unmet, options),
                    name="it saturates there, too",
                ),
            ],
        ),
    ]


def _apart(counts: Grid) -> dict[str, np.ndarray]:
    """How much higher the larger of each two k is, at every alpha of both."""
    return {
        f"alpha {order_name(alpha)}, k {size} - {other}": counts[size][alpha] - counts[other][alpha]
        for other, size in itertools.combinations(counts, 2)
        for alpha in counts[other]
        if alpha in counts[size]
    }


def _saturation(
    counts: Grid,
    rates: Grid,
    sizes: Collection[int],
    unmet: tuple[str, ...],
    options: Options,
) -> Reading:
    """The `Reading` that counts saturate as alpha goes to 0, at some numbers of dimensions."""
    # Of changes, k is none.
    found = {f"k = {size}": _shape(counts.get(size, {}), size) for size in sizes}
    moving = {f"k = {size}": _shape(rates.get(size, {}), 0) for size in sizes}

    numbers = {
        what: Number(
            {name: over_seeds(of[what]) for name, of in found.items()}, "components", **limit
        )
        for what, limit in SATURATES.items()
    }
    pairs = [
        (each, {name: of[what] for name, of in moving.items()}) for what, each in numbers.items()
    ]
    not_run = tuple(
        f"{name} was not run with alpha = 0, 0.25 and 1"
        for name, of in found.items()
        if None in list(of["rise"])
    )
    return Reading(
        rule=f"At k = {' and '.join(map(str, sizes))} the count at alpha = 0 is higher than at 1 "
        f"by at least {SAME:g} and below k, and from 0.25 to 0 it rises by at most half of what it "
        f"rises in a step on average. {LASTING}",
        numbers=numbers,
        unmet=unmet + not_run + any_may_turn(pairs, options.epochs),
    )


def _shape(of: Mapping[float, np.ndarray], size: int) -> dict[str, Any]:
    """How counts at one k rise towards alpha = 0, as `_saturation` asks; None without them."""
    within = {alpha: trials for alpha, trials in of.items() if 0 <= alpha <= 1}
    if not within.keys() >= {0.0, 0.25, 1.0}:
        return {what: [None] for what in SATURATES}
    rise = within[0.0] - within[1.0]
    half_a_step = 0.5 * rise / (len(within) - 1)
    return {
        "rise": rise,
        "last_rise_less_half_a_step": within[0.0] - within[0.25] - half_a_step,
        "below_k": size - within[0.0],
    }


def judge_bounds(bounds: Grid, options: Options) -> list[Claim]:
    """Judges the claim about the gap to the log-likelihood."""
    found = flat_list(bounds)
    samples = min(of["num_samples"] for one in found for of in one.log_likelihood)
    epochs = [epochs for one in found for epochs in one.epochs]
    unmet = unmet_requirements(options, weights_epochs=epochs, **NEEDED)
    if samples < LIKELIHOOD_SAMPLES:
        unmet += (f"{samples} importance samples, needs {LIKELIHOOD_SAMPLES}",)
    steps = {
        f"k = {size}, {order_name(high)} minus {order_name(low)}": over_seeds(
            by_order[high].gaps - by_order[low].gaps
        )
        for size, by_order in bounds.items()
        for low, high in itertools.pairwise(sorted(a for a in by_order if 0 <= a <= 1))
    }
    least = min(steps.values(), key=lambda step: step["mean"], default=None)
    claim = Claim(
        id="geometry.2b.1",
        statement="The bound gets closer to the log-likelihood as alpha goes to 0.",
        reported="Figure 2, right (Section 2.1)",
        measured="not measured"
        if least is None
        else f"smallest step of {len(steps)}: {plus_minus(least, 2)} nats",
        readings=[
            Reading(
                rule="At every k, the gap between them falls with each step towards alpha = 0, by "
                "runs of the same seed on the same images. (Of one and the same model it has to: "
                "the bound is monotone in alpha. Only that each order is a model of its own lets "
                "this fail. More samples would raise the log-likelihood, by most at alpha = 0: "
                "`noise.py` measures by how much.)",
                numbers={
                    "gap": Number(
                        {name: over_seeds(one.gaps) for name, one in _by_name(bounds).items()},
                        "nats",
                    ),
                    "fall_of_the_gap": Number(steps, "nats", above=0.0),
                },
                unmet=unmet,
            )
        ],
    )
    return [claim]


def _by_name(by_size: Grid) -> dict[str, Any]:
    """What `measure_grid` returns by one name, of k and alpha."""
    return {
        f"k = {size}, alpha {order_name(alpha)}": one
        for size, by_order in by_size.items()
        for alpha, one in by_order.items()
    }


def record(measured: tuple[Grid, Grid], options: Options) -> JsonObject:
    """Components and bounds for `data.json`."""
    return {
        "components": nested_dict(measured[0], Components.to_dict),
        "bounds": nested_dict(measured[1], Bounds.to_dict),
    }


FIGURE = RenyiFigure(
    script=__file__,
    name="fig_2",
    title="Figure 2: informative components, bound and log-likelihood against alpha",
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

"""Figure 2: informative components, bound and log-likelihood against alpha.

"An Explanatory Analysis of the Geometry of Latent Variables", Section 2.1; beside the report's two
panels, how much an estimate of the log-likelihood varies from one set of samples to the next.
"""

import dataclasses
import functools
import itertools
import sys
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture

from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.claims import Claim, JsonObject, Number, Reading
from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.figures.method_runs import MethodRuns, Methods
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.reports.geometry.protocol import (
    LATENT_DIM,
    NUM_SAMPLES,
    SHARED,
    change_since_half,
    unmet_requirements,
)
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
    order_of,
    renyi_runs,
)
from keras_vae.experiments.runs.evaluation import LogLikelihood, mean_and_error, without_images
from keras_vae.models import LatentVariableModel
from keras_vae.objectives import renyi_bound
from keras_vae.random import derive_seed

REPEATS = 5
NOISE_IMAGES = 500
BATCH = 500
# Apart from the noise with which runs are evaluated.
NOISE_SEED = 301
SAME = 1.0
SETTLED = 0.5
STANDARD_ERRORS = 2
LIKELIHOOD_SAMPLES = 2000
VR_MAX_DISTANCE = 0.5
PANELS = {
    "Informative components": f"Number above {INFORMATIVE:g}",
    "Bound and log-likelihood": "Nats per test image",
    "Noise of the estimate": "St. dev. of an estimate, nats",
}


@dataclasses.dataclass(frozen=True)
class Bounds:
    """What one method's runs reach on the test set, one entry a trial.

    Attributes:
        bound: The bound that the run was trained on, with `NUM_SAMPLES` samples, on the images
            of the log-likelihood: dictionaries with `mean`, `standard_error` and `per_image`.
        log_likelihood: Dictionaries from `evaluate_log_likelihood`.
        noise: Arrays of shape (images,): the variance over `REPEATS` estimates of each image's
            log-likelihood, in squared nats.
        epochs: Epochs after which the weights of all of these were stored.
    """

    bound: list[JsonObject]
    log_likelihood: list[LogLikelihood]
    noise: list[np.ndarray]
    epochs: list[int]

    @property
    def gap(self) -> np.ndarray:
        """log-likelihood - bound of each image, the mean over trials, in nats."""
        pairs = zip(self.log_likelihood, self.bound, strict=True)
        return np.mean([np.subtract(a["per_image"], b["per_image"]) for a, b in pairs], axis=0)

    @property
    def noise_level(self) -> list[float]:
        """Standard deviation of an estimate over repetitions, in nats; one number a trial."""
        return [float(np.sqrt(variances.mean())) for variances in self.noise]

    def to_dict(self) -> JsonObject:
        """Returns all but the values per image as JSON-compatible values."""
        return {
            "renyi_bound": [without_images(one) for one in self.bound],
            "log_likelihood": [without_images(one) for one in self.log_likelihood],
            "gap": mean_and_error(self.gap),
            "standard_deviation_of_an_estimate": self.noise_level,
        }


def measure(methods: Methods, options: Options) -> tuple[Grid, Grid]:
    """`Components` and `Bounds`, each by number of latent dimensions and order."""
    return measure_grid(methods, measure_components), measure_grid(methods, measure_bounds)


def measure_bounds(method: MethodRuns) -> Bounds:
    """Measures the `Bounds` of one method's runs; what is stored is not computed again."""
    trials = [_measure_trial(method, trial) for trial in range(len(method.specs))]
    bounds, noise = (list(column) for column in zip(*trials, strict=True))
    epochs = [method.kept_epochs()[-1], *(of["epochs"] for of in method.log_likelihood)]
    return Bounds(bounds, method.log_likelihood, noise, epochs)


def _measure_trial(method, trial):
    """One trial's bound, and each image's variance over estimates of its log-likelihood."""
    alpha, epochs = order_of(method.specs[trial]), method.kept_epochs()[-1]
    estimate = method.log_likelihood[trial]
    samples, images = estimate["num_samples"], estimate["images"]

    @functools.cache
    def loaded():
        model, data = method.load_model(trial)
        method.restore(model, trial, epochs)
        return model, data.test.images

    def first(count):
        model, pixels = loaded()
        return model, pixels[:count]

    bound = method.remembered(
        trial,
        f"renyi_bound/{alpha:g}/{NUM_SAMPLES}_samples/{epochs}_epochs/{images}_images",
        lambda: estimate_bound(*first(images), alpha),
    )
    noise = method.remembered(
        trial,
        f"estimation_variance/{samples}_samples/{REPEATS}_times/{epochs}_epochs/"
        f"{NOISE_IMAGES}_images",
        lambda: estimation_variance(*first(NOISE_IMAGES), samples),
    )
    return bound, np.array(noise)


def estimate_bound(model: LatentVariableModel, images: np.ndarray, alpha: float) -> JsonObject:
    """The Renyi bound of an order: its `mean`, `standard_error` and `per_image`, in nats."""
    values = []
    for start in range(0, len(images), BATCH):
        # Images that shared their noise would not be independent.
        seed = derive_seed(NOISE_SEED, start)
        weights = model.log_weights(images[start : start + BATCH], NUM_SAMPLES, seed)
        values.append(renyi_bound(weights, alpha).numpy())
    values = np.concatenate(values).astype(np.float64)
    return {**mean_and_error(values), "per_image": np.round(values, 4).tolist()}


def estimation_variance(
    model: LatentVariableModel, images: np.ndarray, num_samples: int
) -> list[float]:
    """Each image's variance over `REPEATS` estimates of log p(x), as a list, in squared nats."""
    # One call for all of them: each compiles anew.
    again = np.tile(images, (REPEATS, *[1] * (images.ndim - 1)))
    values = model.log_likelihood(again, num_samples, seed=NOISE_SEED).reshape(REPEATS, -1)
    return np.round(values.var(axis=0, ddof=1), 8).tolist()


def draw(measured: tuple[Grid, Grid], options: Options) -> Picture:
    """Draws the three panels against alpha; bars and bands as the caption says."""
    components, bounds = measured
    picture, axes = plots.panels(3, width=4.2, height=3.8)
    for index, size in enumerate(components):
        label, by_order = f"k = {size}", components[size]
        draw_trials(axes[0], by_order, "informative", f"{label}, components", index)
        draw_trials(axes[0], by_order, "active", f"{label}, active units", index, filled=False)
        draw_bound(axes[1], bounds[size], "log_likelihood", f"{label}, log p(x)", index)
        draw_bound(axes[1], bounds[size], "bound", f"{label}, bound", index, filled=False)
        draw_trials(axes[2], bounds[size], "noise_level", label, index)
    axes[2].set_ylim(0, None)
    orders = all_orders(components)
    names = ["VR-max" if np.isinf(alpha) else order_name(alpha) for alpha in orders]
    for axis, letter, (title, label) in plots.lettered(axes, PANELS.items()):
        axis.set(title=f"{letter} {title}", xlabel="α", ylabel=label)
        axis.set_xticks([position(alpha, orders) for alpha in orders], names)
        axis.legend(fontsize=8)
    return picture


def draw_trials(
    axis: Axes,
    by_order: Mapping[float, Any],
    attribute: str,
    label: str,
    index: int,
    *,
    filled: bool = True,
) -> None:
    """Draws an attribute of one number of latent dimensions that has one number a trial."""
    trials = np.array([getattr(one, attribute) for one in by_order.values()]).T
    error_line(axis, by_order, trials, label, index, filled=filled)


def draw_bound(
    axis: Axes,
    by_order: Mapping[float, Any],
    attribute: str,
    label: str,
    index: int,
    *,
    filled: bool = True,
) -> None:
    """Draws an attribute that has a mean and its error a trial, and a band for the error."""
    trials = [getattr(one, attribute) for one in by_order.values()]
    means, errors = (
        np.array([[of[key] for of in column] for column in trials]).T
        for key in ("mean", "standard_error")
    )
    error_line(axis, by_order, means, label, index, filled=filled)
    middle, error = means.mean(axis=0), errors.mean(axis=0)
    axis.fill_between(
        [position(alpha, by_order) for alpha in by_order],
        middle - error,
        middle + error,
        color=plots.COLORS[index],
        alpha=0.08,
        linewidth=0,
    )


def error_line(
    axis: Axes,
    orders: Collection[float],
    trials: np.ndarray,
    label: str,
    index: int,
    *,
    filled: bool = True,
) -> None:
    """Draws means of trials, of shape (trials, orders), with bars from lowest to highest."""
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


def position(alpha: float, orders: Collection[float]) -> float:
    """Where an order stands on the axis: VR-max, at minus infinity, left of all others."""
    finite = [order for order in orders if np.isfinite(order)]
    return alpha if np.isfinite(alpha) else min(finite, default=0.0) - VR_MAX_DISTANCE


def caption(measured: tuple[Grid, Grid], options: Options) -> str:
    """What the panels show, in words."""
    estimate = flat_list(measured[1])[0].log_likelihood[0]
    bars = "; bars: lowest to highest trial" if options.trials > 1 else ""
    samples, images = estimate["num_samples"], estimate["images"]
    return (
        f"bound: {NUM_SAMPLES} samples; log p(x): {samples} samples; both "
        f"over {images} test images, bands: standard error over these, which all models share; "
        f"(c) {REPEATS} estimates of each of {NOISE_IMAGES} images{bars}"
    )


def judge(measured: tuple[Grid, Grid], options: Options) -> list[Claim]:
    """Judges the claims about the number of components, the bound and the log-likelihood."""
    components, bounds = measured
    return [*judge_counts(components, options), *judge_bounds(bounds, options)]


def judge_counts(components: Grid, options: Options) -> list[Claim]:
    """Judges the claims about the number of informative components."""
    found = flat_list(components)
    counts = {
        size: {alpha: float(np.mean(one.informative)) for alpha, one in by_order.items()}
        for size, by_order in components.items()
    }
    changes = nested_dict(
        components, lambda one: change_since_half(one.epochs, one.informative_after)
    )
    known = flat_list(changes)
    settled = None not in known and max(map(abs, known)) <= SETTLED
    shared = {
        "numbers": {
            "mean_count": Number(nested_dict(counts, float), "components"),
            "change_since_half_of_the_epochs": Number(changes, "components"),
        },
        "unmet": unmet_requirements(options, [one.epochs[-1] for one in found], settled=settled),
    }
    return [
        Claim(
            id="geometry.2a.1",
            statement="The number of informative components saturates as alpha goes to 0.",
            reported="Figure 2, left (Section 2.1)",
            measured=_line(counts),
            readings=[
                Reading(
                    rule=f"At k = {LATENT_DIM}, the mean count is higher at alpha = 0 than at 1 "
                    f"by at least {SAME:g}, stays below k, and from 0.25 to 0 rises by at most "
                    "half of what it rises in a step on average.",
                    holds=_saturates(counts.get(LATENT_DIM, {})),
                    **shared,
                )
            ],
        ),
        Claim(
            id="geometry.2a.2",
            statement="The number of informative components is the same for k = 40 and 50.",
            reported="Figure 2, left (Section 2.1)",
            measured=_line(counts),
            readings=[
                Reading(
                    rule="At every alpha that was trained with more k than one, the mean counts "
                    f"of the k lie within {SAME:g} of each other.",
                    holds=_same_for_all_sizes(counts),
                    **shared,
                )
            ],
        ),
    ]


def _line(counts):
    """The mean counts at the outer orders, by size."""
    ends = {size: [of.get(alpha) for alpha in OUTER_ALPHAS] for size, of in counts.items()}
    return "; ".join(f"k = {size}: {zero} at 0, {one} at 1" for size, (zero, one) in ends.items())


def _saturates(counts):
    if not {0.0, 0.25, 1.0} <= counts.keys():
        return None
    rise = counts[0.0] - counts[1.0]
    last = counts[0.0] - counts[0.25]
    steps = len([alpha for alpha in counts if 0 <= alpha <= 1]) - 1
    return bool(rise >= SAME and counts[0.0] < LATENT_DIM and last <= 0.5 * rise / steps)


def _same_for_all_sizes(counts):
    columns = [[of[alpha] for of in counts.values() if alpha in of] for alpha in all_orders(counts)]
    compared = [column for column in columns if len(column) > 1]
    if not compared:
        return None
    return all(max(column) - min(column) <= SAME for column in compared)


def judge_bounds(bounds: Grid, options: Options) -> list[Claim]:
    """Judges the claims about the gap to the log-likelihood and the noise of its estimate."""
    found = flat_list(bounds)
    samples = min(of["num_samples"] for one in found for of in one.log_likelihood)
    unmet = unmet_requirements(options, [epochs for one in found for epochs in one.epochs])
    if samples < LIKELIHOOD_SAMPLES:
        unmet += (f"{samples} importance samples, needs {LIKELIHOOD_SAMPLES}",)
    return [_judge_gap(bounds, unmet), _judge_noise(bounds, unmet)]


def _judge_gap(bounds, unmet):
    steps = {
        size: {
            f"{high:g} minus {low:g}": mean_and_error(by_order[high].gap - by_order[low].gap)
            for low, high in itertools.pairwise(sorted(a for a in by_order if 0 <= a <= 1))
        }
        for size, by_order in bounds.items()
    }
    every = [step for by_pair in steps.values() for step in by_pair.values()]
    return Claim(
        id="geometry.2b.1",
        statement="The bound gets closer to the log-likelihood as alpha goes to 0.",
        reported="Figure 2, right (Section 2.1)",
        measured=f"{sum(map(_is_positive, every))} of {len(every)} steps clearly smaller",
        readings=[
            Reading(
                rule="At every k, the gap between them falls with each step towards alpha = 0, "
                f"averaged over trials and paired by image by at least {STANDARD_ERRORS} standard "
                "errors.",
                numbers={
                    "gap": Number(nested_dict(bounds, lambda one: mean_and_error(one.gap)), "nats"),
                    "difference_of_gaps": Number(
                        {str(size): by_pair for size, by_pair in steps.items()}, "nats"
                    ),
                },
                holds=all(map(_is_positive, every)) if every else None,
                unmet=unmet,
            )
        ],
    )


def _judge_noise(bounds, unmet):
    outer = {
        size: [by_order[alpha].noise for alpha in OUTER_ALPHAS]
        for size, by_order in bounds.items()
        if by_order.keys() >= set(OUTER_ALPHAS)
    }
    noisier = {
        size: [mean_and_error(a - b) for a, b in zip(*noise, strict=True)]
        for size, noise in outer.items()
    }
    every = [difference for trials in noisier.values() for difference in trials]
    higher = all(difference["mean"] > 0 for difference in every)
    clear = all(map(_is_positive, every))
    return Claim(
        id="geometry.2b.2",
        statement="The importance-sampled log-likelihood gets noisier as alpha goes to 0.",
        reported="Figure 2, right (Section 2.1)",
        measured=f"{sum(map(_is_positive, every))} of {len(every)} trials clearly noisier",
        readings=[
            Reading(
                rule="At every k and in every trial, the variance of an image's estimate over "
                "repetitions is higher at alpha = 0 than at 1, on average over the images by "
                f"{STANDARD_ERRORS} standard errors. Where it is higher everywhere, but somewhere "
                "by less, more images have to decide.",
                numbers={
                    "variance_at_0_minus_at_1": Number(
                        {str(size): trials for size, trials in noisier.items()}, "nats^2"
                    ),
                    "standard_deviation": Number(
                        nested_dict(bounds, lambda one: one.noise_level), "nats"
                    ),
                },
                holds=clear if every and (clear or not higher) else None,
                unmet=unmet,
            )
        ],
    )


def _is_positive(difference):
    return bool(difference["mean"] >= STANDARD_ERRORS * difference["standard_error"])


def record(measured: tuple[Grid, Grid], options: Options) -> JsonObject:
    """Components and bounds for `data.json`."""
    components, bounds = measured
    return {
        "components": nested_dict(components, Components.to_dict),
        "bounds": nested_dict(bounds, Bounds.to_dict),
    }


FIGURE = RenyiFigure(
    **SHARED,
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

"""How noisy importance-sampled log-likelihoods are, and how many samples they need.

"An Explanatory Analysis of the Geometry of Latent Variables", Section 2.1, sees this in Figure 2,
right. Runs: those of Figure 2 at alpha = 0 and 1, for k = 30, 40 and 50 latent dimensions.
Measured: the log-likelihood of 200 test images, each estimated several times, with few samples and
with many. The variance over repetitions is an estimate's noise; what more samples add to it is what
it lacked. Drawn: noise and mean against the number of samples.
"""

import functools
import sys
from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure as Picture

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
from keras_vae.experiments.figures.method_runs import MethodRuns, Methods
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.reports.geometry import NEEDED
from keras_vae.experiments.reports.geometry.renyi_runs import (
    OUTER_ALPHAS,
    Grid,
    RenyiFigure,
    flat_list,
    measure_grid,
    nested_dict,
    order_name,
    order_of,
    renyi_runs,
)
from keras_vae.experiments.runs.spec import Specs
from keras_vae.models import LatentVariableModel

# Importance samples of an estimate; the report has 2,000.
SAMPLES = (125, 500, 2000, 8000)
REPORTS, MORE = SAMPLES.index(2000), SAMPLES.index(8000)
REPEATS = 5
IMAGES = 200
# Apart from the noise with which runs are evaluated.
NOISE_SEED = 301


def runs(options: Options, seed: int) -> Specs:
    """The runs of Figure 2 at the two outer orders."""
    found = renyi_runs(options, seed)
    return {label: spec for label, spec in found.items() if order_of(spec) in OUTER_ALPHAS}


def measure(methods: Methods, options: Options) -> Grid:
    """What `measure_noise` returns by number of latent dimensions and order."""
    return measure_grid(methods, measure_noise)


def measure_noise(method: MethodRuns) -> JsonObject:
    """Noise and mean of one method's estimates.

    Returns:
        Dictionary of arrays of shape (trials, SAMPLES), `variance` (squared nats) and `mean`
        (nats), both averaged over images, and of the `epochs` of the weights.
    """
    epochs = method.kept_epochs()[-1]

    def compute(trial: int) -> list[dict[str, float]]:
        model, data = method.load_model(trial)
        method.restore(model, trial, epochs)
        return [repeated_estimates(model, data.test.images[:IMAGES], count) for count in SAMPLES]

    name = f"repeated_estimates/{REPEATS}_times/{epochs}_epochs/{IMAGES}_images"
    trials = [
        method.remembered(trial, name, functools.partial(compute, trial))
        for trial in range(len(method.specs))
    ]
    columns = {
        key: np.array([[of[key] for of in row] for row in trials]) for key in ("variance", "mean")
    }
    return {**columns, "epochs": epochs}


def repeated_estimates(
    model: LatentVariableModel, images: np.ndarray, num_samples: int
) -> dict[str, float]:
    """The variance over `REPEATS` estimates of an image's log p(x), and their mean, over images."""
    # In one call, in which each repetition has noise of its own.
    again = np.tile(images, (REPEATS, *[1] * (images.ndim - 1)))
    values = model.log_likelihood(again, num_samples, seed=NOISE_SEED).reshape(REPEATS, -1)
    return {"variance": float(values.var(axis=0, ddof=1).mean()), "mean": float(values.mean())}


def doublings_until(variances: np.ndarray, wanted: float) -> float:
    """How many doublings of the report's samples bring the variance down to a value.

    They are read off the straight line of the variance's logarithm against the samples', fitted
    by least squares to all numbers of samples; the line goes on beyond the largest of them.

    Arguments:
        variances: Array of shape (SAMPLES,).
        wanted: Variance.
    """
    x = np.log2(SAMPLES) - np.log2(SAMPLES[REPORTS])
    at_reports, slope = np.polynomial.polynomial.polyfit(x, np.log2(variances), 1)
    return float((np.log2(wanted) - at_reports) / slope)


def draw(found: Grid, options: Options) -> Picture:
    """Draws the noise and the mean of the estimates against the number of samples."""
    figure, axes = plots.panels(2, width=5.0, height=3.8)
    for index, (size, by_order) in enumerate(found.items()):
        for alpha, of in by_order.items():
            style = "-o" if alpha == OUTER_ALPHAS[0] else "--s"
            label = f"k = {size}, α = {order_name(alpha)}"
            for axis, trials in zip(axes, (np.sqrt(of["variance"]), of["mean"]), strict=True):
                color = plots.COLORS[index]
                axis.plot(SAMPLES, trials.mean(axis=0), style, color=color, label=label)
                axis.fill_between(
                    SAMPLES, trials.min(axis=0), trials.max(axis=0), color=color, alpha=0.15
                )
    axes[0].set(title="(a) Noise of an estimate", ylabel="Standard deviation, nats")
    axes[1].set(title="(b) Estimate of log p(x)", ylabel="Nats per image")
    for axis in axes:
        axis.set(xscale="log", xlabel="Importance samples")
        plots.plain_ticks(axis, SAMPLES)
    axes[0].set_ylim(0, None)
    axes[1].legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def judge(found: Grid, options: Options) -> list[Claim]:
    """Judges whether estimates are noisier at alpha = 0, and whether they need more samples."""
    epochs = [of["epochs"] for of in flat_list(found)]
    unmet = unmet_requirements(options, weights_epochs=epochs, **NEEDED)
    both = {
        f"k = {size}": [by_order[alpha] for alpha in OUTER_ALPHAS]
        for size, by_order in found.items()
        if by_order.keys() >= set(OUTER_ALPHAS)
    }
    noisier = {
        name: over_seeds((at_0["variance"] - at_1["variance"])[:, REPORTS])
        for name, (at_0, at_1) in both.items()
    }
    # The mean of ratios would be that of the one trial whose line is the flattest.
    doublings = {
        name: over_seeds(
            [
                doublings_until(variances, wanted)
                for variances, wanted in zip(
                    at_0["variance"], at_1["variance"][:, REPORTS], strict=True
                )
            ]
        )
        for name, (at_0, at_1) in both.items()
    }
    missing = {
        name: over_seeds(_missing(at_0) - _missing(at_1)) for name, (at_0, at_1) in both.items()
    }
    return [
        Claim(
            id="geometry.2b.2",
            statement="The importance-sampled log-likelihood gets noisier as alpha goes to 0.",
            reported="'becomes more noisy' (Section 2.1, Figure 2, right)",
            measured=_line("variance at 0 less that at 1, nats^2", noisier, 2),
            readings=[
                Reading(
                    rule=f"At every k, the variance of an image's estimate of {SAMPLES[REPORTS]} "
                    f"samples over {REPEATS} repetitions, averaged over {IMAGES} images, is higher "
                    "at alpha = 0 than at 1.",
                    numbers={"variance_at_0_minus_at_1": Number(noisier, "nats^2", above=0.0)},
                    unmet=unmet,
                )
            ],
        ),
        Claim(
            id="geometry.text.2",
            statement="That noise calls for more importance samples.",
            reported="'a larger number of samples is required' (Section 2.1)",
            measured=_line(
                f"doublings of the {SAMPLES[REPORTS]} samples of alpha = 1", doublings, 1
            ),
            readings=[
                Reading(
                    "to be as steady",
                    rule="At every k, alpha = 0 needs more samples than alpha = 1 for the variance "
                    f"that the latter has with {SAMPLES[REPORTS]}, counted in doublings on a "
                    "straight line through all four numbers of samples, both axes logarithmic.",
                    numbers={"doublings_needed": Number(doublings, "doublings", above=0.0)},
                    unmet=unmet,
                ),
                Reading(
                    "to be as complete",
                    rule=f"At every k, going from {SAMPLES[REPORTS]} to {SAMPLES[MORE]} samples "
                    "raises the estimate by more at alpha = 0 than at 1.",
                    numbers={"rise_at_0_minus_at_1": Number(missing, "nats", above=0.0)},
                    unmet=unmet,
                ),
            ],
        ),
    ]


def _missing(of: JsonObject) -> np.ndarray:
    return of["mean"][:, MORE] - of["mean"][:, REPORTS]


def _line(what: str, estimates: Mapping[str, JsonObject], digits: int) -> str:
    found = ", ".join(plus_minus(of, digits) for of in estimates.values())
    return f"{what}: {found}" if found else "not measured"


def record(found: Grid, options: Options) -> JsonObject:
    """Variances and means by k and order, for each trial and number of samples."""
    return {
        "samples": list(SAMPLES),
        "variance": nested_dict(found, lambda of: of["variance"].tolist()),
        "mean": nested_dict(found, lambda of: of["mean"].tolist()),
    }


FIGURE = RenyiFigure(
    script=__file__,
    name="noise",
    title="Noise of the importance-sampled log-likelihood, and the samples that it needs",
    runs=runs,
    measure=measure,
    draw=draw,
    caption=lambda found, options: (
        f"{REPEATS} estimates of each of {IMAGES} test images" + plots.band_caption(options.trials)
    ),
    judge=judge,
    record=record,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

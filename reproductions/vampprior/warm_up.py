"""Reconstruction with and without warm-up, which the report calls significant.

"Project: Large VAE", Section 4; the standard VAE on three data sets.
"""

import sys

import numpy as np
from matplotlib.figure import Figure as Picture

from keras_vae.activity import active_units
from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.claims import Claim, JsonObject, Number, Reading
from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.figures.method_runs import Methods
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.reports.vampprior.figures import by_dataset, report_figure
from keras_vae.experiments.reports.vampprior.protocol import (
    PANELS,
    STANDARD_ERRORS,
    TITLES,
    VAE,
    WITHOUT_WARM_UP,
    unmet_requirements,
)
from keras_vae.experiments.runs.evaluation import independent_difference, mean_and_error

WITHOUT = VAE + WITHOUT_WARM_UP
CLEARLY_HIGHER = 0.5


def measure(methods: Methods, options: Options) -> JsonObject:
    """The runs by data set and by model, and what those of the first trial ended with, in nats.

    One epoch's value has one sample of each code in it: the last tenth of the epochs are averaged,
    and their scatter gives the standard error.
    """
    runs = by_dataset(methods)
    ended_with = {
        dataset: {
            model: {
                **{name: _ending(method, name) for name in ("reconstruction", "kl", "bound")},
                "log_likelihood": method.log_likelihood[0]["mean"],
                "active_units": int(active_units(method.activity[0, -1])),
            }
            for model, method in by_model.items()
        }
        for dataset, by_model in runs.items()
    }
    return {"runs": runs, "ended_with": ended_with}


def _ending(method, name):
    values = method.history(f"test_{name}")[0]
    last = values[-max(2, len(values) // 10) :]
    return mean_and_error(last)


def judge(measured: JsonObject, options: Options) -> list[Claim]:
    """Judges whether reconstructions suffer without warm-up, on every data set."""
    gains = {
        dataset: independent_difference(of[WITHOUT]["reconstruction"], of[VAE]["reconstruction"])
        for dataset, of in measured["ended_with"].items()
    }
    unmet = [
        reason
        for dataset in PANELS
        for reason in unmet_requirements(dataset, measured["runs"], (VAE, WITHOUT))
    ]
    return [
        Claim(
            id="vampprior.warm_up.1",
            statement="Warm-up avoids too much regularisation, which makes the model lack in "
            "reconstruction.",
            reported="warm-up is needed, in words",
            measured="; ".join(f"{name} {gain['mean']:+.1f} nats" for name, gain in gains.items()),
            readings=[
                Reading(
                    rule="On every data set the VAE's expected test log-likelihood given its "
                    "code, over the last tenth of the epochs, is higher with warm-up by at least "
                    f"{CLEARLY_HIGHER:g} nats and {STANDARD_ERRORS} standard errors of those "
                    "epochs; one trial of each.",
                    numbers={
                        "reconstruction_gain": Number(gains, "nats"),
                        "ended_with": Number(measured["ended_with"], "nats; active units"),
                    },
                    holds=all(
                        gain["mean"]
                        >= max(CLEARLY_HIGHER, STANDARD_ERRORS * gain["standard_error"])
                        for gain in gains.values()
                    ),
                    unmet=tuple(unmet),
                )
            ],
        )
    ]


def draw(measured: JsonObject, options: Options) -> Picture:
    """Draws the reconstruction term per epoch with and without warm-up, for each data set."""
    figure, axes = plots.panels(len(measured["runs"]), width=4.6, height=3.6)
    for axis, letter, (dataset, by_model) in plots.lettered(axes, measured["runs"].items()):
        curves = [method.history("test_reconstruction") for method in by_model.values()]
        for index, (model, trials) in enumerate(zip(by_model, curves, strict=True)):
            epochs = np.arange(1, trials.shape[1] + 1)
            plots.line_with_band(axis, epochs, trials, model, index)
        axis.set_ylim(*np.quantile(np.concatenate(curves), [0.05, 1.0]))
        axis.set_title(f"{letter} {TITLES[dataset]}")
        plots.label_epochs(axis)
    axes[0].set_ylabel("E log p(x|z) of test images, nats")
    axes[-1].legend(loc="lower right", frameon=True)
    return figure


def record(measured: JsonObject, options: Options) -> JsonObject:
    """What the runs ended with."""
    return {"ended_with": measured["ended_with"]}


FIGURE = report_figure(
    script=__file__,
    name="warm_up",
    title="Whether warm-up is needed",
    models=(VAE, WITHOUT),
    measure=measure,
    judge=judge,
    draw=draw,
    caption="scales leave out the lowest twentieth",
    record=record,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

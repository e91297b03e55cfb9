"""Reconstruction with and without warm-up, which the report calls significant.

"Project: Large VAE", Section 4; the standard VAE on three data sets, each trial with warm-up paired
with the one of the same seed without. What a run ends with is the mean over the last tenth of the
epochs that both have, each with one sample of every test image's code; log-likelihoods and active
dimensions are those of each run's own end.
"""

import sys

import numpy as np
from matplotlib.figure import Figure as Picture

from keras_vae.activity import active_units
from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.claims import (
    Claim,
    JsonObject,
    Number,
    Reading,
    over_seeds,
    plus_minus,
)
from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.figures.method_runs import MethodRuns, Methods
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.reports.vampprior import (
    PANELS,
    STYLES,
    VAE,
    WITHOUT_WARM_UP,
    tenths,
    unmet_of_panels,
)
from keras_vae.experiments.reports.vampprior.figures import (
    by_dataset,
    curves_by_dataset,
    report_figure,
)

WITHOUT = VAE + WITHOUT_WARM_UP
COLORS = {VAE: STYLES[VAE], WITHOUT: 3}
MEASURES = ("reconstruction", "kl", "bound")
CLEARLY_HIGHER = 0.5
AVERAGED = "averaged over the last tenth of the epochs that both have"
# By name: what is compared, in words, and by how much it has to be higher.
READINGS: tuple[tuple[str, str, str, str, dict[str, float]], ...] = (
    (
        *("it reconstructs better", "reconstruction"),
        "the VAE's expected test log-likelihood given its code",
        f" by at least {CLEARLY_HIGHER:g} nats",
        {"at_least": CLEARLY_HIGHER},
    ),
    (
        *("it is regularised less", "kl"),
        "the KL divergence from prior to posterior of test images",
        "",
        {"above": 0.0},
    ),
    (
        "it ends better (added after a first result)",
        "bound",
        "the bound of test images",
        "",
        {"above": 0.0},
    ),
)


def measure(methods: Methods, options: Options) -> JsonObject:
    """The runs by data set and by model, and what every trial of those ended with, in nats."""
    runs = by_dataset(methods)
    ended_with = {
        dataset: {
            model: {
                **{name: _ending(by_model, model, name) for name in MEASURES},
                "log_likelihood": [trial["mean"] for trial in method.log_likelihood],
                "active_units": [int(active_units(trial[-1])) for trial in method.activity],
            }
            for model, method in by_model.items()
        }
        for dataset, by_model in runs.items()
    }
    return {"runs": runs, "ended_with": ended_with}


def _ending(by_model: dict[str, MethodRuns], model: str, name: str) -> list[float]:
    both = min(method.epochs for method in by_model.values())
    return tenths(by_model[model].history(f"test_{name}")[:, :both])[-1].tolist()


def judge(measured: JsonObject, options: Options) -> list[Claim]:
    """Judges whether models are regularised more, and reconstruct worse, without warm-up."""
    gains = {name: _gain(measured["ended_with"], name) for name in MEASURES}
    unmet = unmet_of_panels(measured["runs"], (VAE, WITHOUT))
    line = ", ".join(
        f"{name.partition('_')[0]} {plus_minus(of)}"
        for name, of in gains["reconstruction"].items()
        if of is not None
    )
    return [
        Claim(
            id="vampprior.warm_up.1",
            statement="Warm-up avoids too much regularisation, which makes the model lack in "
            "reconstruction.",
            reported="'significant for avoiding too much regularization' (4)",
            measured=f"nats gained in reconstruction: {line}" if line else "not measured",
            readings=[
                Reading(
                    name,
                    rule=f"On every data set {what} is higher with warm-up{least}, by runs of the "
                    f"same seed, {AVERAGED}.",
                    numbers={f"{measure}_gain": Number(gains[measure], "nats", **limit)},
                    unmet=unmet,
                )
                for name, measure, what, least, limit in READINGS
            ],
        )
    ]


def _gain(ended: JsonObject, name: str) -> dict[str, JsonObject | None]:
    return {
        dataset: over_seeds(np.subtract(ended[dataset][VAE][name], ended[dataset][WITHOUT][name]))
        if dataset in ended
        else None
        for dataset in PANELS
    }


def draw(measured: JsonObject, options: Options) -> Picture:
    """Draws the reconstruction error per epoch with and without warm-up, for each data set."""
    errors = {
        dataset: {name: -method.history("test_reconstruction") for name, method in models.items()}
        for dataset, models in measured["runs"].items()
    }
    return curves_by_dataset(errors, COLORS, "-E log p(x|z) of test images, nats")


def record(measured: JsonObject, options: Options) -> JsonObject:
    """What the runs ended with, lists of one number a trial."""
    return {"ended_with": measured["ended_with"]}


FIGURE = report_figure(
    script=__file__,
    name="warm_up",
    title="Whether warm-up is needed",
    models=(VAE, WITHOUT),
    measure=measure,
    judge=judge,
    draw=draw,
    caption=lambda measured, options: (
        "reconstruction error: lower is better" + plots.band_caption(options.trials)
    ),
    record=record,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

"""Beyond the activity report: which choices Figure 3.1's counts of VAE and IW depend on.

"Latent Space Activity and Visualization", Section 3.2, says that IW ends with fewer active
dimensions than the VAE, and that both have about ten; our Figure 3.1 finds neither. Four things
that the text leaves open, or that its authors' code may do otherwise, are varied here one at a
time: how pixels are made binary, if at all; whether the VAE's KL is sampled; Adam's epsilon and
beta_2; and the images and the threshold that activity is taken with. Measured: the activity of
every dimension at the end. Drawn: the counts of every run, a row for each choice. Recorded: the
counts of all combinations.
"""

import dataclasses
import functools
import sys

import numpy as np
from matplotlib.figure import Figure as Picture
from matplotlib.ticker import MaxNLocator

from keras_vae.activity import latent_activity
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
from keras_vae.experiments.figures.options import Options, Preset
from keras_vae.experiments.measures.convergence import FINAL, LASTING, final_rates, final_values
from keras_vae.experiments.reports import activity as protocol
from keras_vae.experiments.reports.activity import THRESHOLD, THRESHOLDS, active_counts
from keras_vae.experiments.runs.spec import DataSpec, ObjectiveSpec, OptimizerSpec, Specs

PLAIN = "as in Figure 3.1"
# Of one sample the importance-weighted bound is the ELBO whose KL is sampled.
OBJECTIVES = {
    "VAE": protocol.ELBO,
    "VAE, KL sampled": ObjectiveSpec(name="iwae", num_samples=1),
    "IW": protocol.IMPORTANCE_WEIGHTED,
}
CHOICES = {
    PLAIN: "static",
    "pixels drawn": "stochastic",
    "pixels left grey": None,
    "usual Adam": "static",
}
USUAL_ADAM = OptimizerSpec(name="adam", arguments=(("learning_rate", 1e-3),))
TRAINING_IMAGES, LOW_THRESHOLD = "over training images", "threshold 0.01"
CLEAR_DIFFERENCE = 0.5
ABOUT_TEN = {"at_least": 8, "at_most": 12}
BATCH_SIZE = 1000


def runs(options: Options, seed: int) -> Specs:
    """The three objectives under each choice."""
    specs = {}
    for choice, binarize in CHOICES.items():
        data = DataSpec(name=options.dataset, binarize=binarize)
        for name, objective in OBJECTIVES.items():
            spec = protocol.run_spec(data, seed, objective, grey_levels=binarize is None)
            if choice == "usual Adam":
                spec = dataclasses.replace(spec, optimizer=USUAL_ADAM)
            specs[f"{name}, {choice}"] = spec
    return specs


@dataclasses.dataclass(frozen=True)
class Counts:
    """Active dimensions of one method's trials.

    Attributes:
        by_epoch: Over test images by threshold, arrays of shape (trials, epochs).
        training: Over training images, at `THRESHOLD`, with the last stored weights, shape
            (trials,); None where other choices than the images differ from Figure 3.1.
    """

    by_epoch: dict[float, np.ndarray]
    training: np.ndarray | None


def measure(methods: Methods, options: Options) -> dict[str, Counts]:
    """`Counts` by method."""
    return {
        name: Counts(
            {threshold: active_counts(method.activity, threshold) for threshold in THRESHOLDS},
            training_counts(method) if name.endswith(PLAIN) else None,
        )
        for name, method in methods.items()
    }


def training_counts(method: MethodRuns) -> np.ndarray:
    """Active dimensions over all training images, with the last stored weights."""

    def activity(trial: int) -> list[float]:
        model, data = method.load_model(trial)
        means = model.posterior_means(data.train.images, batch_size=BATCH_SIZE)
        return latent_activity(means).tolist()

    found = [
        method.remembered(
            trial,
            f"activity_over_training_images/{epochs}_epochs",
            functools.partial(activity, trial),
        )
        for trial, epochs in enumerate(method.weights_epochs)
    ]
    return active_counts(found)


@dataclasses.dataclass(frozen=True)
class Pair:
    """VAE and IW under one choice.

    Attributes:
        ends: Final counts of each by name, arrays of shape (trials,).
        rates: Their changes per epoch by name, arrays of shape (trials,).
    """

    ends: dict[str, np.ndarray]
    rates: dict[str, np.ndarray]

    def difference(self) -> Number:
        """How many more dimensions IW ends with."""
        apart = over_seeds(self.ends["IW"] - self.ends["VAE"])
        return Number(apart, "dimensions", at_most=-CLEAR_DIFFERENCE)

    def counts(self) -> Number:
        """The final counts, which the report has at about ten."""
        ends = {name: over_seeds(values) for name, values in self.ends.items()}
        return Number(ends, "dimensions", **ABOUT_TEN)


def readings_of(measured: dict[str, Counts]) -> dict[str, Pair]:
    """`Pair` by reading."""

    def pair(vae: str, iw: str, threshold: float = THRESHOLD) -> Pair:
        labels = {"VAE": vae, "IW": iw}
        counts = {name: measured[label].by_epoch[threshold] for name, label in labels.items()}
        return Pair(
            {name: final_values(values) for name, values in counts.items()},
            {name: final_rates(values) for name, values in counts.items()},
        )

    found = {}
    for choice in CHOICES:
        found[choice] = pair(f"VAE, {choice}", f"IW, {choice}")
        found[f"{choice}, KL sampled"] = pair(f"VAE, KL sampled, {choice}", f"IW, {choice}")
    vae, iw = f"VAE, {PLAIN}", f"IW, {PLAIN}"
    training = over_training_images(measured)
    # Activity over training images is taken once: its counts change as those over test images do.
    found[TRAINING_IMAGES] = Pair({"VAE": training[vae], "IW": training[iw]}, found[PLAIN].rates)
    found[LOW_THRESHOLD] = pair(vae, iw, min(THRESHOLDS))
    return found


def over_training_images(measured: dict[str, Counts]) -> dict[str, np.ndarray]:
    """The counts over training images, by those methods of which they were taken."""
    return {name: of.training for name, of in measured.items() if of.training is not None}


def draw(measured: dict[str, Counts], options: Options) -> Picture:
    """Draws every run's final counts by choice, VAE and IW, and the range about ten."""
    found = readings_of(measured)
    figure, (axis,) = plots.panels(1, width=8.0, height=4.6)
    axis.axvspan(ABOUT_TEN["at_least"], ABOUT_TEN["at_most"], color="#eeeeee", label="about 10")
    for row, pair in enumerate(found.values()):
        for name, marker, shift in (("VAE", "s", -0.12), ("IW", "o", 0.12)):
            values = pair.ends[name]
            axis.plot(
                values,
                np.full(len(values), row + shift),
                marker,
                color=plots.COLORS[protocol.STYLES[name]],
                label=name if row == 0 else None,
                alpha=0.8,
            )
    axis.set_yticks(range(len(found)), found)
    axis.invert_yaxis()
    axis.set_xlim(left=0)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.set_xlabel(
        f"Active latent dimensions at the end (activity > {THRESHOLD:g} where a row names no other)"
    )
    axis.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def judge(measured: dict[str, Counts], options: Options) -> list[Claim]:
    """Judges the two claims under every choice, each a reading."""
    found = readings_of(measured)
    unmet = unmet_requirements(options, min_epochs=protocol.CONVERGED_EPOCHS, min_trials=2)
    claims = [
        Claim(
            id="beyond.fig_3_1_sensitivity.1",
            statement="Under choices the authors may have made, IW ends with fewer active "
            "dimensions than the VAE.",
            reported="'convergence to fewer latent dimensions than the vanilla VAE' (Section 3.2)",
            measured="-",
            readings=[
                Reading(
                    name,
                    rule=f"IW's final count is lower by at least {CLEAR_DIFFERENCE:g}, on average "
                    f"over seeds. {end_of(name)} {LASTING}",
                    numbers={
                        "IW - VAE": pair.difference(),
                        "final count": Number(pair.counts().value, "dimensions"),
                    },
                    unmet=unmet
                    + pair.difference().may_turn(
                        pair.rates["IW"] - pair.rates["VAE"], options.epochs
                    ),
                )
                for name, pair in found.items()
            ],
            extension=True,
        ),
        Claim(
            id="beyond.fig_3_1_sensitivity.2",
            statement="Under choices the authors may have made, about 10 active dimensions remain.",
            reported="'~ 10 active dimensions' (Section 3.2)",
            measured="-",
            readings=[
                Reading(
                    name,
                    rule="The final counts of VAE and IW both lie in [8, 12], on average over "
                    f"seeds. {end_of(name)} {LASTING}",
                    numbers={"final count": pair.counts()},
                    unmet=unmet + pair.counts().may_turn(pair.rates, options.epochs),
                )
                for name, pair in found.items()
            ],
            extension=True,
        ),
    ]
    plain = ", ".join(
        f"{name} {plus_minus(over_seeds(ends))}" for name, ends in found[PLAIN].ends.items()
    )
    return [
        dataclasses.replace(claim, measured=f"{plain} {PLAIN}; {how_many(claim)}")
        for claim in claims
    ]


def how_many(claim: Claim) -> str:
    """In how many readings a claim holds, in a line."""
    holding = sum(bool(reading.holds) for reading in claim.readings)
    return f"so under {holding} of {len(claim.readings)} choices"


def end_of(name: str) -> str:
    """What the final count is, by reading."""
    return "Final is with the last stored weights." if name == TRAINING_IMAGES else FINAL


def record(measured: dict[str, Counts], options: Options) -> JsonObject:
    """Counts of every trial, by run and threshold, and those over training images."""
    return {
        "active_dimensions": {
            name: {str(threshold): values.tolist() for threshold, values in of.by_epoch.items()}
            for name, of in measured.items()
        },
        "active_over_training_images": {
            name: counts.tolist() for name, counts in over_training_images(measured).items()
        },
    }


FIGURE = protocol.ActivityFigure(
    script=__file__,
    report=f"{protocol.REPORT}/beyond",
    name="fig_3_1_sensitivity",
    title="Beyond: what Figure 3.1's active dimensions depend on (n_z = 50)",
    presets={
        "smoke": protocol.PRESETS["smoke"],
        "quick": protocol.TWO_TRIAL_PRESETS["quick"],
        "paper": Preset(dataset="mnist", epochs=120, trials=2),
    },
    runs=runs,
    measure=measure,
    draw=draw,
    caption="final counts, each mark is a trial; a row names what differs from Figure 3.1",
    judge=judge,
    record=record,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

"""Table 1: test log-likelihoods of the three models, on three data sets.

"Project: Large VAE", Section 3.2. Runs: each model on each data set, with the report's sizes,
epochs and warm-up. Measured: importance-sampled log-likelihoods of the test images. Judged: which
model's is the highest; models are compared image by image, and seeds are the unit of error. Beside
the report's numbers stand published ones, and what the swapped formula of the report's public code
makes of our models; `swapped_formula.py` trains models on it.
"""

import sys

import numpy as np
from matplotlib.figure import Figure as Picture
from matplotlib.transforms import Bbox

from keras_vae import likelihoods
from keras_vae.experiments.figures import plots, results
from keras_vae.experiments.figures.claims import (
    Claim,
    JsonObject,
    Number,
    Reading,
    in_digits,
    over_seeds,
    plus_minus,
)
from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.figures.method_runs import MethodRuns, Methods
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.reports.vampprior import (
    GREY,
    HVAE,
    REPORT,
    TITLES,
    VAE,
    VAMPPRIOR,
    is_reports,
    tenths,
    unmet_requirements,
)
from keras_vae.experiments.reports.vampprior.figures import (
    add_prior_options,
    by_dataset,
    report_figure,
    split_name,
)
from keras_vae.experiments.reports.vampprior.pictures import first_trained
from keras_vae.experiments.reports.vampprior.swapped import evaluate_swapped
from keras_vae.experiments.runs.evaluation import paired_difference, without_images

PRIOR_NAMES = {
    "standard_normal": "standard normal",
    "vamp": "VampPrior",
    "mixture_of_gaussians": "mixture of Gaussians",
}
HEADINGS = (
    *("Data set", "Model", "Epochs", "log p(x), nats", "Bits per\ndimension", "Report"),
    *("Swapped\nformula", "Published"),
)
SWAPPED = (
    "Swapped formula: what the report's public code computes for MNIST, with prediction and data "
    "swapped in the Bernoulli log-probability, inverse weights of four samples, here of our "
    "models of the first seed; that code's own models were trained on it, too."
)
BEATEN = " (A model that was trained for fewer epochs than the report's can beat it, too.)"
PUBLISHED = "Published values are of another binarisation of MNIST."
STATEMENTS = (
    ("vampprior.T1.1", "The VAE has the best log-likelihood on MNIST.", VAE, ("mnist",)),
    (
        "vampprior.T1.2",
        "The HVAE has the best log-likelihood on Frey Faces and on Fashion-MNIST.",
        HVAE,
        GREY,
    ),
)


def measure(methods: Methods, options: Options) -> JsonObject:
    """The table's rows, the models' differences in log-likelihood, and the runs.

    Returns:
        Dictionary of `rows`, a list of dictionaries; of `differences`, each other model's less a
        best one's, by the name of the best one, data set and model, of first trials; and of
        `runs`, by data set and by model.
    """
    original, runs = results.load_original(REPORT, "table_1"), by_dataset(methods)
    return {
        "rows": [_row(*split_name(label), method, original) for label, method in methods.items()],
        "differences": {best: differences(runs, best) for _, _, best, _ in STATEMENTS},
        "runs": runs,
    }


def differences(runs: dict[str, Methods], first: str) -> JsonObject:
    """How much higher every other model is than `first`, by data set and model, over seeds.

    Returns:
        Dictionary by data set and by model of two estimates over seeds, in nats: of the
        `log_likelihood`, paired by image, and of the `bound`, over the last tenth of the epochs.
    """
    return {
        dataset: {
            model: _difference(by_model[first], method)
            for model, method in by_model.items()
            if model != first
        }
        for dataset, by_model in runs.items()
    }


def _difference(first: MethodRuns, second: MethodRuns) -> JsonObject:
    pairs = zip(first.log_likelihood, second.log_likelihood, strict=True)
    paired = [paired_difference(*pair) for pair in pairs]
    return {
        "log_likelihood": over_seeds([None if of is None else of["mean"] for of in paired]),
        "bound": over_seeds(
            tenths(second.history("test_bound"))[-1] - tenths(first.history("test_bound"))[-1]
        ),
    }


def _row(dataset: str, model: str, method: MethodRuns, original: JsonObject) -> JsonObject:
    estimate = method.log_likelihood[0]
    trained, data, epochs = first_trained(method)
    reports = all(is_reports(spec, model) for spec in method.specs)
    other_name = (
        f"{VAE if model == VAMPPRIOR else model}, {PRIOR_NAMES[method.specs[0].model.prior]}"
    )
    row = {
        "dataset": dataset,
        "model": model if reports else other_name,
        "epochs": [of["epochs"] for of in method.log_likelihood],
        "report_epochs": FIGURE.epochs_asked(f"{dataset}/{model}"),
        "log_likelihood": without_images(estimate),
        "log_likelihood_over_seeds": over_seeds([of["mean"] for of in method.log_likelihood]),
        "bits_per_dimension": None,
        "report": original["table"].get(dataset, {}).get(model) if reports else None,
        "published": original["published"].get(dataset, {}).get(model) if reports else None,
        "swapped_arguments": None,
    }
    if data.binarize is None:
        bits = likelihoods.bits_per_dimension(estimate["mean"], data.image_shape)
        row["bits_per_dimension"] = float(bits)
    elif epochs == estimate["epochs"]:
        images = data.test.images[: estimate["images"]]
        row["swapped_arguments"] = evaluate_swapped(trained, images)
    return row


def judge(measured: JsonObject, options: Options) -> list[Claim]:
    """Judges which model is the best.

    A model that another one beats after less than the report's epochs is not the best: to say so,
    its own epochs suffice.
    """
    return [_judge_best(measured, *described) for described in STATEMENTS]


def _judge_best(
    measured: JsonObject, identity: str, statement: str, best: str, about: tuple[str, ...]
) -> Claim:
    runs, others = measured["runs"], measured["differences"][best]

    def reading(name: str, quantity: str, rule: str) -> Reading:
        found = {
            f"{dataset}, {model} - {best}": of[quantity]
            for dataset in about
            for model, of in others.get(dataset, {dataset: {quantity: None}}).items()
        }
        beaten = any(
            of and of["standard_error"] is not None and of["mean"] > 2 * of["standard_error"]
            for of in found.values()
        )
        return Reading(
            name,
            rule=rule,
            numbers={f"other_-_{best}": Number(found, "nats", below=0.0)},
            unmet=tuple(
                reason
                for dataset in about
                for reason in unmet_requirements(
                    dataset, runs, (best,) if beaten else tuple(runs.get(dataset, ()))
                )
            ),
        )

    words = in_digits if about[1:] else plus_minus
    line = "; ".join(
        f"{dataset.partition('_')[0]} " * bool(about[1:])
        + ", ".join(f"{model} {words(of['log_likelihood'])}" for model, of in found.items())
        for dataset in about
        if (found := others.get(dataset))
    )
    return Claim(
        id=identity,
        statement=statement,
        reported="Table 1",
        measured=f"nats above {best}: {line}" if line else "not measured",
        readings=[
            reading(
                "by the log-likelihood",
                "log_likelihood",
                "The mean importance-sampled test log-likelihood of every other model is lower, "
                "paired by image and by seed, by two standard errors over seeds." + BEATEN,
            ),
            reading(
                "by the bound",
                "bound",
                "The test bound of every other model, averaged over the last tenth of the epochs, "
                "is lower, paired by seed, by two standard errors over seeds." + BEATEN,
            ),
        ],
    )


def draw(measured: JsonObject, options: Options) -> Picture:
    """Draws the table; every data set's best model by our numbers is in bold."""
    rows = measured["rows"]
    figure, (axis,) = plots.panels(1, width=11.0, height=0.42 * len(rows) + 1.4)
    axis.set_axis_off()
    table = axis.table(
        cellText=cells(rows),
        colLabels=HEADINGS,
        cellLoc="center",
        bbox=Bbox.unit(),
        colWidths=(0.15, 0.11, 0.18, 0.15, 0.1, 0.1, 0.1, 0.11),
    )
    table.auto_set_font_size(False)
    table.set_fontsize(10)
    best = {row["dataset"]: _best(rows, row["dataset"]) for row in rows}
    for (line, column), cell in table.get_celld().items():
        cell.set_edgecolor("#bbbbbb")
        row = rows[line - 1]
        bold = line == 0 or (column == 3 and row["model"] == best[row["dataset"]])
        cell.set_text_props(fontweight="bold" if bold else "normal")
    return figure


def _best(rows: list[JsonObject], dataset: str) -> str:
    own = [row for row in rows if row["dataset"] == dataset]
    return max(own, key=lambda row: row["log_likelihood_over_seeds"]["mean"])["model"]


def cells(rows: list[JsonObject]) -> list[list[str]]:
    """The table as texts: one list for each row, in the order of `HEADINGS`."""
    return [
        [
            TITLES[row["dataset"]],
            row["model"],
            _epochs(row),
            _with_error(row),
            _text(row["bits_per_dimension"]),
            _text(row["report"]),
            _text((row["swapped_arguments"] or {}).get("as_the_code_estimates", {}).get("mean")),
            "" if row["published"] is None else _text(row["published"]["value"]),
        ]
        for row in rows
    ]


def _epochs(row: JsonObject) -> str:
    """Those of each trial, once where they are alike, and the report's."""
    asked = row["report_epochs"]
    ours = " and ".join(map(str, dict.fromkeys(row["epochs"])))
    return f"{ours} (none given)" if asked is None else f"{ours} of {asked}"


def _with_error(row: JsonObject) -> str:
    """The mean over seeds with its error; of a single one, the error over images."""
    seeds = row["log_likelihood_over_seeds"]
    return plus_minus(row["log_likelihood"] if seeds["standard_error"] is None else seeds, 2)


def _text(value: float | None) -> str:
    return "" if value is None else f"{np.round(value, 2):.2f}"


def notes(measured: JsonObject) -> list[str]:
    """What is said under the table: first of all how its log-likelihoods were estimated."""
    estimates = {row["dataset"]: row["log_likelihood"] for row in measured["rows"]}
    samples = " or ".join(sorted({str(of["num_samples"]) for of in estimates.values()}))
    images = ", ".join(f"{TITLES[dataset]} {of['images']}" for dataset, of in estimates.items())
    estimated = (
        f"log p(x): {samples} importance samples; mean over test images ({images}) and over "
        "seeds, and its standard error over seeds, or over images where there is one seed."
    )
    return [estimated, SWAPPED, PUBLISHED]


def tables(measured: JsonObject, options: Options) -> dict[str, str]:
    """The table in Markdown, with notes under it."""
    rows = measured["rows"]
    headings = [heading.replace("\n", " ") for heading in HEADINGS]
    lines = [headings, ["---"] * len(headings), *cells(rows)]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    sources = [
        f"{TITLES[row['dataset']]}, {row['model']}: {row['published']['source']}"
        for row in rows
        if row["published"]
    ]
    text = "\n".join([table, "", *(f"- {note}" for note in [*notes(measured), *sources]), ""])
    return {"table.md": text}


def record(measured: JsonObject, options: Options) -> JsonObject:
    """The rows, the differences, and how the swapped formula stands to the report."""
    rows = measured["rows"]
    return {
        "rows": rows,
        "differences": measured["differences"],
        "swapped_arguments": swapped_finding(rows),
    }


def swapped_finding(rows: list[JsonObject]) -> JsonObject | None:
    """How the swapped formula's numbers on our models stand to those that the report prints.

    Returns:
        Dictionary with the ratio of ours to the report's by model, and the order of the models,
        the highest first, in either; None where the swapped formula was not evaluated.
    """
    both = [row for row in rows if row["swapped_arguments"] and row["report"] is not None]
    if not both:
        return None
    theirs = {row["model"]: row["report"] for row in both}
    ours = {row["model"]: row["swapped_arguments"]["as_the_code_estimates"]["mean"] for row in both}
    return {
        "ratio_to_the_report": {model: value / theirs[model] for model, value in ours.items()},
        "order": sorted(ours, key=lambda model: ours[model], reverse=True),
        "order_in_the_report": sorted(ours, key=lambda model: theirs[model], reverse=True),
    }


FIGURE = report_figure(
    script=__file__,
    name="table_1",
    title="Table 1: test log-likelihoods",
    models=(VAE, VAMPPRIOR, HVAE),
    with_prior=(VAMPPRIOR,),
    add_options=add_prior_options,
    measure=measure,
    judge=judge,
    draw=draw,
    caption=lambda measured, options: " ".join(notes(measured)),
    record=record,
    tables=tables,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

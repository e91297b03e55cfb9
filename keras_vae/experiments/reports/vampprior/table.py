"""Table 1 of the report: test log-likelihoods of the three models on the three data sets."""

import numpy as np

from keras_vae import likelihoods
from keras_vae.experiments.figures import originals, plots
from keras_vae.experiments.reports.vampprior import swapped_arguments
from keras_vae.experiments.reports.vampprior.figures import by_dataset, split_name
from keras_vae.experiments.reports.vampprior.protocol import (
    REPORT,
    TITLES,
    VAE,
    VAMPPRIOR,
    is_reports,
    schedule,
)
from keras_vae.experiments.runs.evaluation import paired_difference, without_images

PRIOR_NAMES = {
    "standard_normal": "standard normal",
    "vamp": "VampPrior",
    "mixture_of_gaussians": "mixture of Gaussians",
}
HEADINGS = (
    "Data set",
    "Model",
    "Epochs",
    "log p(x), nats",
    "Bits per\ndimension",
    "Report",
    "Swapped\nformula",
    "Published",
)


def measure(methods):
    """The table's own numbers: a list of dictionaries, one for each row.

    Arguments:
        methods: Dictionary of `MethodRuns` by `<data set>/<model>`.
    """
    original = originals.load(REPORT, "table_1")
    return [_row(*split_name(label), method, original) for label, method in methods.items()]


def differences(methods, first):
    """Paired differences of every other model from `first`, by data set; first trials alone."""
    found = {}
    for dataset, by_model in by_dataset(methods).items():
        reference = by_model[first].log_likelihood[0]
        found[dataset] = {
            model: paired_difference(reference, method.log_likelihood[0])
            for model, method in by_model.items()
            if model != first
        }
    return found


def _row(dataset, model, method, original):
    estimate = method.log_likelihood[0]
    trained, data = next(iter(method.load_models()))
    reports = all(is_reports(spec, model) for spec in method.specs)
    row = {
        "dataset": dataset,
        "model": model if reports else _name(model, method.specs[0].model.prior),
        "epochs": estimate["epochs"],
        "report_epochs": schedule(dataset, model).epochs,
        "log_likelihood": without_images(estimate),
        "bits_per_dimension": None,
        "report": original["table"].get(dataset, {}).get(model) if reports else None,
        "published": original["published"].get(dataset, {}).get(model) if reports else None,
        "swapped_arguments": None,
    }
    if data.binarize is None:
        bits = likelihoods.bits_per_dimension(estimate["mean"], data.image_shape)
        row["bits_per_dimension"] = float(bits)
    elif method.weights_epochs[0] == estimate["epochs"]:
        images = data.test.images[: estimate["images"]]
        row["swapped_arguments"] = swapped_arguments.evaluate(trained, images)
    return row


def _name(model, prior):
    """Name of a model with another prior than the report's."""
    return f"{VAE if model == VAMPPRIOR else model}, {PRIOR_NAMES[prior]}"


def swapped_finding(rows):
    """How the swapped formula's numbers on our models stand to those that the report prints.

    Arguments:
        rows: What `measure` returns.

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
        "order": sorted(ours, key=ours.get, reverse=True),
        "order_in_the_report": sorted(ours, key=theirs.get, reverse=True),
    }


def describe_estimates(rows):
    """How the table's log-likelihoods were estimated, in words."""
    estimates = {row["dataset"]: row["log_likelihood"] for row in rows}
    samples = " or ".join(sorted({str(of["num_samples"]) for of in estimates.values()}))
    images = ", ".join(f"{TITLES[dataset]} {of['images']}" for dataset, of in estimates.items())
    return (
        f"log p(x): {samples} importance samples; mean over test images ({images}) and its "
        "standard error, which falls with the root of their number."
    )


def cells(rows):
    """The table as texts: one list for each row, in the order of `HEADINGS`."""
    return [
        [
            TITLES[row["dataset"]],
            row["model"],
            f"{row['epochs']} of {row['report_epochs']}",
            _with_error(row["log_likelihood"]),
            _text(row["bits_per_dimension"]),
            _text(row["report"]),
            _text((row["swapped_arguments"] or {}).get("as_the_code_estimates", {}).get("mean")),
            "" if row["published"] is None else _text(row["published"]["value"]),
        ]
        for row in rows
    ]


def markdown(rows, notes):
    """The table in Markdown, with notes under it."""
    headings = [heading.replace("\n", " ") for heading in HEADINGS]
    lines = [headings, ["---"] * len(headings), *cells(rows)]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    sources = [
        f"{TITLES[row['dataset']]}, {row['model']}: {row['published']['source']}"
        for row in rows
        if row["published"]
    ]
    return "\n".join([table, "", *(f"- {note}" for note in [*notes, *sources]), ""])


def draw(rows):
    """Draws the table; every data set's best model by our numbers is in bold."""
    figure, (axis,) = plots.panels(1, width=11.0, height=0.42 * len(rows) + 1.4)
    axis.set_axis_off()
    table = axis.table(
        cellText=cells(rows),
        colLabels=HEADINGS,
        cellLoc="center",
        bbox=(0, 0, 1, 1),
        colWidths=(0.17, 0.11, 0.11, 0.16, 0.1, 0.11, 0.11, 0.13),
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


def _best(rows, dataset):
    own = [row for row in rows if row["dataset"] == dataset]
    return max(own, key=lambda row: row["log_likelihood"]["mean"])["model"]


def _with_error(estimate):
    return f"{estimate['mean']:.2f} \N{PLUS-MINUS SIGN} {estimate['standard_error']:.2f}"


def _text(value):
    return "" if value is None else f"{np.round(value, 2):.2f}"

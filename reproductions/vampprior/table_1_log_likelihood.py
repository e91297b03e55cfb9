"""Table 1: test log-likelihoods of the three models, on three data sets.

"Project: Large VAE", Section 3.2; beside the report's numbers, published ones, and what the formula
in the report's public code makes of our models.

That code hands prediction and data to its Bernoulli log-probability in swapped order, and clips the
data as if they were probabilities. A pixel predicted as y where x is 0 or 1 then counts
`(1 - |x - y|) log(1 - e) + |x - y| log e`, about -11.5 |x - y|, with e = 1e-5. Its estimate from
four samples is the logarithm of the mean of their *inverse* weights, with the sign turned. The
same term is its training loss; our models are trained on the right one, so that this shows what
the formula makes of a good model, and not what that code's own models were like.
"""

import sys

import numpy as np
from matplotlib.figure import Figure as Picture

from keras_vae import likelihoods
from keras_vae._internal.backend import tf, tfp
from keras_vae.experiments.figures import plots, results
from keras_vae.experiments.figures.claims import Claim, JsonObject, Number, Reading
from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.figures.method_runs import Methods
from keras_vae.experiments.figures.options import Options
from keras_vae.experiments.reports.vampprior.figures import (
    add_prior_options,
    by_dataset,
    report_figure,
    split_name,
)
from keras_vae.experiments.reports.vampprior.pictures import first_trained
from keras_vae.experiments.reports.vampprior.protocol import (
    HVAE,
    REPORT,
    STANDARD_ERRORS,
    TITLES,
    VAE,
    VAMPPRIOR,
    is_reports,
    schedule,
    unmet_requirements,
)
from keras_vae.experiments.runs.evaluation import (
    Estimate,
    mean_and_error,
    paired_difference,
    without_images,
)
from keras_vae.models import LatentVariableModel
from keras_vae.objectives import IWAE

EPSILON = 1e-5
NUM_SAMPLES = 4
BATCH = 500
PRIOR_NAMES = {
    "standard_normal": "standard normal",
    "vamp": "VampPrior",
    "mixture_of_gaussians": "mixture of Gaussians",
}
HEADINGS = ("Data set", "Model", "Epochs", "log p(x), nats", "Bits per\ndimension", "Report")
HEADINGS += ("Swapped\nformula", "Published")
SWAPPED = (
    "Swapped formula: what the report's public code computes for MNIST, with prediction and data "
    "swapped in the Bernoulli log-probability, inverse weights of four samples, here of our "
    "models; that code's own models were trained on it, too."
)
PUBLISHED = "Published values are of another binarisation of MNIST."
STATEMENTS = (
    ("vampprior.T1.1", "The VAE has the best log-likelihood on MNIST.", VAE, ("mnist",)),
    (
        "vampprior.T1.2",
        "The HVAE has the best log-likelihood on Frey Faces and on Fashion-MNIST.",
        HVAE,
        ("frey_faces", "fashion_mnist"),
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


def differences(runs: dict[str, Methods], first: str) -> dict[str, dict[str, Estimate | None]]:
    """Paired differences of every other model from `first`, by data set; first trials alone."""
    found = {}
    for dataset, by_model in runs.items():
        reference = by_model[first].log_likelihood[0]
        found[dataset] = {
            model: paired_difference(reference, method.log_likelihood[0])
            for model, method in by_model.items()
            if model != first
        }
    return found


def _row(dataset, model, method, original):
    estimate = method.log_likelihood[0]
    trained, data, epochs = first_trained(method)
    reports = all(is_reports(spec, model) for spec in method.specs)
    other_name = (
        f"{VAE if model == VAMPPRIOR else model}, {PRIOR_NAMES[method.specs[0].model.prior]}"
    )
    row = {
        "dataset": dataset,
        "model": model if reports else other_name,
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
    elif epochs == estimate["epochs"]:
        images = data.test.images[: estimate["images"]]
        row["swapped_arguments"] = evaluate_swapped(trained, images)
    return row


class SwappedArguments(tfp.distributions.Bernoulli):
    """A "Bernoulli" whose `log_prob` takes the data for the probability; it is not normalised."""

    def _log_prob(self, event: tf.Tensor) -> tf.Tensor:
        probability = tf.clip_by_value(tf.cast(event, self.dtype), EPSILON, 1 - EPSILON)
        predicted = self.probs_parameter()
        return predicted * tf.math.log(probability) + (1 - predicted) * tf.math.log1p(-probability)


class SwappedBernoulli(likelihoods.Likelihood):
    """The Bernoulli head with the arguments of its log-probability swapped."""

    parameters = ("logits",)

    def make_distribution(self, logits: tf.Tensor) -> SwappedArguments:
        return SwappedArguments(logits=logits, dtype=logits.dtype)


def with_swapped_arguments(model: LatentVariableModel) -> LatentVariableModel:
    """A copy of a model, with the same weights, that is evaluated by the swapped formula."""
    copy = type(model).from_config({**model.get_config(), "likelihood": SwappedBernoulli()})
    copy.set_weights(model.get_weights())
    return copy


def evaluate_swapped(model: LatentVariableModel, images: np.ndarray) -> dict[str, Estimate]:
    """A trained model's printed "log-likelihood", by the swapped formula and by the right one.

    Arguments:
        model: Model with a Bernoulli likelihood.
        images: Binary images of shape (N, height, width).

    Returns:
        Dictionary of means and standard errors over the images: of the code's estimator under the
        swapped formula, of the importance-weighted bound with as many samples under it and under
        the right formula, and of the pixels' mean absolute error, summed over an image.
    """
    swapped = _log_weights(with_swapped_arguments(model), images)
    right = _log_weights(model, images)
    reconstructed = model.reconstruct(images, batch_size=BATCH)
    error = np.abs(reconstructed.numpy() - images).sum(axis=(1, 2))
    return {
        "as_the_code_estimates": mean_and_error(-_log_mean_exp(-swapped)),
        "importance_weighted": mean_and_error(_log_mean_exp(swapped)),
        "right_formula": mean_and_error(_log_mean_exp(right)),
        "absolute_error_of_an_image": mean_and_error(error),
    }


def _log_weights(model, images):
    starts = range(0, len(images), BATCH)
    parts = [model.log_weights(images[i : i + BATCH], NUM_SAMPLES).numpy() for i in starts]
    return np.concatenate(parts, axis=1).astype(np.float64)


def _log_mean_exp(log_weights):
    return IWAE(num_samples=len(log_weights)).bound(tf.constant(log_weights)).numpy()


def judge(measured: JsonObject, options: Options) -> list[Claim]:
    """Judges which model is the best.

    A model that another one clearly beats after less than the report's epochs is not the best: to
    say so, its own epochs suffice.
    """
    runs, claims = measured["runs"], []
    for identity, statement, best, about in STATEMENTS:
        others = {dataset: measured["differences"][best].get(dataset) for dataset in about}
        decided = [of for of in others.values() if of is not None]
        best_of_all = all(all(_clearly(-1, of)) for of in decided)
        beaten = any(any(_clearly(1, of)) for of in decided)
        unmet = [
            reason
            for dataset in about
            for reason in unmet_requirements(
                dataset, runs, (best,) if beaten else runs.get(dataset, ())
            )
        ]
        claims.append(
            Claim(
                id=identity,
                statement=statement,
                reported="Table 1",
                measured=_line(decided, best),
                readings=[
                    Reading(
                        rule="Importance-sampled test log-likelihood: every other model's is "
                        f"lower, image by image, by at least {STANDARD_ERRORS} standard errors "
                        "over images; one trial.",
                        numbers={f"other - {best}": Number(others, "nats")},
                        holds=best_of_all if len(decided) == len(about) else None,
                        unmet=tuple(unmet),
                    )
                ],
            )
        )
    return claims


def _line(decided, best):
    """The differences of the others from a model in a line."""
    pairs = [(model, by) for of in decided for model, by in of.items()]
    found = ", ".join(f"{model} {by['mean']:+.1f}" for model, by in pairs)
    return f"{found} nats against {best}" if found else "not measured"


def _clearly(sign, of):
    """Whether each difference, or its opposite where `sign` is -1, is above its errors."""
    return [sign * by["mean"] >= STANDARD_ERRORS * by["standard_error"] for by in of.values()]


def draw(measured: JsonObject, options: Options) -> Picture:
    """Draws the table; every data set's best model by our numbers is in bold."""
    rows = measured["rows"]
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


def cells(rows: list[JsonObject]) -> list[list[str]]:
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


def _with_error(estimate):
    return f"{estimate['mean']:.2f} \N{PLUS-MINUS SIGN} {estimate['standard_error']:.2f}"


def _text(value):
    return "" if value is None else f"{np.round(value, 2):.2f}"


def notes(measured: JsonObject) -> list[str]:
    """What is said under the table: first of all how its log-likelihoods were estimated."""
    estimates = {row["dataset"]: row["log_likelihood"] for row in measured["rows"]}
    samples = " or ".join(sorted({str(of["num_samples"]) for of in estimates.values()}))
    images = ", ".join(f"{TITLES[dataset]} {of['images']}" for dataset, of in estimates.items())
    estimated = (
        f"log p(x): {samples} importance samples; mean over test images ({images}) and its "
        "standard error, which falls with the root of their number."
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
        "order": sorted(ours, key=ours.get, reverse=True),
        "order_in_the_report": sorted(ours, key=theirs.get, reverse=True),
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

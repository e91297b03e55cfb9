"""Table 1: test log-likelihoods of the three models, on three data sets.

"Project: Large VAE", Section 3.2; beside the report's numbers, published ones, and what the formula
in the report's public code makes of our models.
"""

import sys

from keras_vae.experiments.figures.figure import Analysis, main
from keras_vae.experiments.reports.vampprior import table, table_claims
from keras_vae.experiments.reports.vampprior.figures import report_figure
from keras_vae.experiments.reports.vampprior.protocol import HVAE, VAE, VAMPPRIOR

SWAPPED = (
    "Swapped formula: what the report's public code computes for MNIST, with prediction and data "
    "swapped in the Bernoulli log-probability, inverse weights of four samples, here of our "
    "models; that code's own models were trained on it, too."
)
PUBLISHED = "Published values are of another binarisation of MNIST."


def analyse(methods, asked):
    """Measures, draws and judges; of several trials the first."""
    rows = table.measure(methods)
    differences = {model: table.differences(methods, model) for model in (VAE, HVAE)}
    notes = [table.describe_estimates(rows), SWAPPED, PUBLISHED]
    return Analysis(
        picture=table.draw(rows),
        caption=" ".join(notes),
        claims=table_claims.judge(differences, methods),
        data={
            "rows": rows,
            "differences": differences,
            "swapped_arguments": table.swapped_finding(rows),
        },
        tables={"table.md": table.markdown(rows, notes)},
    )


FIGURE = report_figure(
    name="table_1",
    title="Table 1: test log-likelihoods",
    models=(VAE, VAMPPRIOR, HVAE),
    with_prior=(VAMPPRIOR,),
    analyse=analyse,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

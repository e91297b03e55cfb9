"""Table 1: test log-likelihoods of the three models, on three data sets.

"Project: Large VAE", Section 3.2; beside the report's numbers, published ones, and what the formula
in the report's public code makes of our models.
"""

import functools
import sys

from keras_vae.experiments.figure import Analysis, main
from keras_vae.experiments.vampprior_report import table, table_claims
from keras_vae.experiments.vampprior_report.figures import report_figure
from keras_vae.experiments.vampprior_report.protocol import HVAE, VAE, VAMPPRIOR

NOTES = (
    "log p(x): {samples} importance samples, mean over the first {images} test images (all 200 of "
    "Frey Faces) and its standard error.",
    "Swapped formula: what the report's public code computes for MNIST, with prediction and data "
    "swapped in the Bernoulli log-probability, four samples and inverse weights, on our models.",
    "Published values are of another binarisation; sources below.",
)


def analyse(methods, asked):
    """Measures, draws and judges."""
    rows = table.measure(methods)
    differences = functools.partial(table.differences, methods)
    images = asked.likelihood_images or 10000
    notes = [note.format(samples=asked.likelihood_samples, images=images) for note in NOTES]
    return Analysis(
        picture=table.draw(rows),
        caption=" ".join(notes),
        claims=table_claims.judge(differences, methods, asked),
        data={"rows": rows, "differences": {name: differences(name) for name in (VAE, HVAE)}},
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

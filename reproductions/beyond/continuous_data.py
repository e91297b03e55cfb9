"""Beyond the activity report: the four methods' latent activity on continuous data.

"Latent Space Activity and Visualization", Section 5.1, asks for it: Figure 3.1 over again on
Fashion-MNIST's grey images, with the report's Gaussian decoder, in one panel and under the rules
of `fig_3_1_activity.py`, where measures and claims are defined.
"""

import dataclasses
import pathlib
import sys

from matplotlib.figure import Figure as Picture

from keras_vae.experiments.figures.catalogue import load_script
from keras_vae.experiments.figures.claims import Claim, JsonObject
from keras_vae.experiments.figures.figure import main
from keras_vae.experiments.figures.options import Options, Preset
from keras_vae.experiments.reports import activity as protocol
from keras_vae.experiments.reports.activity import draw_in_one_panel
from keras_vae.experiments.runs.spec import DataSpec, Specs

DATASET = "fashion_mnist"
FIGURE_3_1 = load_script(pathlib.Path(__file__).resolve().parents[1] / "fig_3_1_activity.py")


def runs(options: Options, seed: int) -> Specs:
    """The four methods on grey images with the Gaussian decoder."""
    grey = DataSpec(name=options.dataset, binarize=None)
    return protocol.method_specs(grey, seed, likelihood="gaussian")


def draw(measured: JsonObject, options: Options) -> Picture:
    """Draws a line for each method."""
    return draw_in_one_panel({name: of.activity for name, of in measured.items()})


def judge(measured: JsonObject, options: Options) -> list[Claim]:
    """Asks of these data what the report claims of MNIST."""
    return [
        dataclasses.replace(
            claim,
            id=claim.id.replace("activity", "beyond.continuous_data"),
            reported=f"of MNIST: {claim.reported}",
            extension=True,
        )
        for claim in FIGURE_3_1.judge(measured, options, about=DATASET)
    ]


FIGURE = protocol.ActivityFigure(
    script=__file__,
    report=f"{protocol.REPORT}/beyond",
    name="continuous_data",
    title="Beyond: active dimensions on Fashion-MNIST, Gaussian decoder (n_z = 50)",
    presets={
        "smoke": Preset(dataset="mnist_5k", epochs=3, trials=1),
        "quick": Preset(dataset=DATASET, epochs=8, trials=1),
        "paper": Preset(dataset=DATASET, epochs=300, trials=2, likelihood_samples=5000),
    },
    protocol={
        **protocol.PROTOCOL,
        "dataset": DATASET,
        "binarize": "none",
        "decoder": "Gaussian",
        "note": "ours: the report asks for continuous data and names none",
    },
    runs=runs,
    measure=FIGURE_3_1.measure,
    draw=draw,
    caption=FIGURE_3_1.caption,
    judge=judge,
    record=FIGURE_3_1.record,
    make_callbacks=FIGURE_3_1.FIGURE.make_callbacks,
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

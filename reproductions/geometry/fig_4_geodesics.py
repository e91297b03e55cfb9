"""Figure 4: Fisher-Rao geodesics between Gaussians in the plane of mean and deviation.

"An Explanatory Analysis of the Geometry of Latent Variables", Section 2.3. A closed form: nothing
is trained for it.
"""

import sys

from keras_vae.experiments.figures.figure import Analysis, Figure, main
from keras_vae.experiments.figures.options import Preset
from keras_vae.experiments.reports.geometry import geodesics
from keras_vae.experiments.reports.geometry.protocol import PROTOCOL, REPORT


class WithoutTraining(Figure):
    """A figure of formulas alone."""

    def extent(self, asked):
        return ""


def analyse(methods, asked):
    """Draws, measures and judges."""
    numbers = geodesics.measure(asked.seed)
    return Analysis(
        picture=geodesics.draw(),
        caption="solid: geodesics, marked at equal distances; dotted: straight lines",
        claims=geodesics.judge(numbers),
        data={"geodesics": numbers},
    )


ONCE = Preset(dataset="mnist_5k", epochs=None, trials=1)
FIGURE = WithoutTraining(
    report=REPORT,
    name="fig_4",
    title="Figure 4: Fisher-Rao geodesics and straight lines between Gaussians",
    presets=dict.fromkeys(("smoke", "quick", "paper"), ONCE),
    protocol={**PROTOCOL, "dataset": "none", "epochs": {}},
    specs=lambda dataset, seed: {},
    analyse=analyse,
    datasets=("mnist_5k",),
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

"""What a training step of the three models costs, measured in turn in one process.

"Project: Large VAE", Section 4. All learned priors have 500 components here. Nothing is trained for
it but what is timed; leave the machine to it.
"""

import sys

from keras_vae import datasets
from keras_vae.experiments.figures.figure import Analysis, main
from keras_vae.experiments.figures.options import Preset
from keras_vae.experiments.reports.vampprior import cost
from keras_vae.experiments.reports.vampprior.figures import report_figure
from keras_vae.experiments.reports.vampprior.protocol import PROTOCOL


def analyse(methods, asked):
    """Measures, draws and judges; the stored runs play no part."""
    specs = cost.compared_specs(asked.dataset, asked.seed)
    milliseconds = cost.measure(specs)
    first = next(iter(specs.values()))
    steps = first.data.load().steps_per_epoch(first.batch_size)
    return Analysis(
        picture=cost.draw(milliseconds),
        caption=f"median and range of {cost.ROUNDS} rounds of {cost.STEPS} steps",
        claims=cost.judge(milliseconds, asked.dataset),
        data={"cost": cost.summarise(milliseconds, steps)},
    )


FIGURE = report_figure(
    name="cost_per_epoch",
    title="Cost of a training step of the three models",
    analyse=analyse,
    datasets=datasets.NAMES,
    presets={
        "smoke": Preset(dataset="mnist_5k", epochs=None, trials=1),
        "quick": Preset(dataset=None, epochs=None, trials=1),
        "paper": Preset(dataset="mnist", epochs=None, trials=1),
    },
    protocol={**PROTOCOL, "dataset": "mnist"},
    priors=(),
)

if __name__ == "__main__":
    sys.exit(main(FIGURE))

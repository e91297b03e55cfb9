"""What every figure of the report shares, so that a script names the rest."""

import functools

from keras_vae import datasets
from keras_vae.experiments.figures.figure import Figure
from keras_vae.experiments.reports.understanding.protocol import PRESETS, PROTOCOL, REPORT

report_figure = functools.partial(
    Figure, report=REPORT, presets=PRESETS, protocol=PROTOCOL, datasets=datasets.NAMES
)

"""What every figure of the activity report shares, so that a script names the rest."""

from keras_vae import datasets
from keras_vae.experiments.figures.figure import Figure
from keras_vae.experiments.reports.activity.protocol import PROTOCOL, REPORT, TWO_TRIAL_PRESETS


def report_figure(
    *,
    name,
    title,
    specs,
    analyse,
    presets=TWO_TRIAL_PRESETS,
    protocol=PROTOCOL,
    dataset_names=datasets.NAMES,
    beyond=False,
):
    """A figure of the activity report.

    Arguments:
        name: Name of the figure's folder.
        title: What it shows.
        specs: Function from (dataset, seed) to a dictionary of `RunSpec` by method.
        analyse: Function from (methods, options) to `Analysis`.
        presets: Dictionary of `Preset` by name.
        protocol: What the report asks for.
        dataset_names: Names of the data sets that it can show.
        beyond: Whether it answers the report's questions for further research.

    Returns:
        `Figure`.
    """
    return Figure(
        report=f"{REPORT}/beyond" if beyond else REPORT,
        name=name,
        title=title,
        presets=presets,
        protocol=protocol,
        specs=specs,
        analyse=analyse,
        datasets=dataset_names,
    )

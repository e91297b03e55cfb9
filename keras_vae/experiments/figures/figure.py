"""Runs a reproduction script: options, runs, results, and messages for a person."""

import dataclasses
import pathlib
import sys
from collections.abc import Callable

from matplotlib.figure import Figure as Picture
from rich.console import Console
from rich.table import Table

from keras_vae import datasets
from keras_vae.experiments.figures import options, originals, plots, results
from keras_vae.experiments.figures.claims import STYLES, Claim
from keras_vae.experiments.figures.method_runs import MethodRuns, compare_log_likelihoods, describe
from keras_vae.experiments.runs import devices, tracking
from keras_vae.experiments.runs.evaluation import evaluate_log_likelihood
from keras_vae.experiments.runs.store import RunStore, StoreError
from keras_vae.experiments.runs.sweeps import SweepError, train_all
from keras_vae.experiments.runs.training import versions

ERRORS = (
    StoreError,
    SweepError,
    results.OutputError,
    originals.OriginalsError,
    tracking.TrackingError,
    ConnectionError,
    ValueError,
)


@dataclasses.dataclass(frozen=True)
class Analysis:
    """What a figure makes of its runs.

    Attributes:
        picture: Matplotlib figure.
        caption: How the picture shows its numbers, to be printed small under it.
        claims: List of `Claim`.
        data: The figure's own numbers, as JSON-compatible values.
        tables: Texts in Markdown by name of file, where the figure is a table.
    """

    picture: Picture
    caption: str
    claims: list[Claim]
    data: dict
    tables: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Figure:
    """One figure of a report.

    Attributes:
        report: Name of the report.
        name: Name of the figure's folder, for example `"fig_3_1"`.
        title: What it shows.
        presets: Dictionary of `Preset` by name.
        protocol: What the report asks for, as JSON-compatible values.
        specs: Function from (dataset, seed) to a dictionary of `RunSpec` by method.
        analyse: Function from (dictionary of `MethodRuns` by method, options) to `Analysis`.
        datasets: Names of the data sets that it can show.
        priors: Priors that a user can choose from; empty where there is no choice.
        renyi_orders: Whether a user can choose orders of the Renyi bound and latent dimensions.
        keep_weights: Whether it needs the weights of earlier epochs too.
    """

    report: str
    name: str
    title: str
    presets: dict[str, options.Preset]
    protocol: dict
    specs: Callable
    analyse: Callable
    datasets: tuple[str, ...] = datasets.NAMES
    priors: tuple[str, ...] = ()
    renyi_orders: bool = False
    keep_weights: bool = False

    def trial(self, asked, seed):
        """The runs of one trial, a dictionary of `RunSpec` by method."""
        return self.specs(asked.dataset, seed)

    def epochs_of(self, label, asked):
        """Epochs that a method's runs shall have."""
        return asked.epochs

    def folder(self, asked):
        """Where the results go, below the output folder."""
        return f"{self.report}/{self.name}"

    def extent(self, asked):
        """What was trained of what the report asks for, in a few words; empty if nothing was."""
        return f"{asked.dataset}, {asked.epochs} of {self.protocol['epochs']} epochs"


def read_options(figure, argv=None, prog=None):
    """Reads a figure's command line; unusable values end the program with a message.

    Arguments:
        figure: `Figure`.
        argv: List of arguments, or None for the command line's own.
        prog: What the program is called in its messages; None for the script's name.

    Returns:
        `options.Options`.
    """
    return options.parse(
        argv,
        prog=prog,
        description=figure.title,
        presets=figure.presets,
        dataset_names=figure.datasets,
        priors=figure.priors,
        renyi_orders=figure.renyi_orders,
    )


def main(figure, argv=None, prog=None):
    """Makes a figure from the command line.

    Arguments:
        figure: `Figure`.
        argv: List of arguments, or None for the command line's own.
        prog: What the program is called in its messages; None for the script's name.

    Returns:
        Exit status: 0, 1 after an error that is explained on standard error, 130 if
        interrupted.
    """
    asked = read_options(figure, argv, prog)
    console = Console()
    devices.configure()
    try:
        make(figure, asked, console)
    except KeyboardInterrupt:
        print(
            "Interrupted. All finished epochs are stored: the same command continues there.",
            file=sys.stderr,
        )
        return 130
    except ERRORS as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def make(figure, asked, console):
    """Trains what is missing, draws the figure, judges the claims and writes the results.

    Arguments:
        figure: `Figure`.
        asked: `options.Options`.
        console: `rich.console.Console` for progress and the summary.

    Returns:
        List of `Claim`.
    """
    if asked.notice:
        console.print(asked.notice)
    folder = pathlib.Path(asked.output) / figure.folder(asked)
    results.prepare_folder(folder)
    original = find_original(figure, asked, console)
    store = RunStore(asked.store)
    methods = collect(figure, asked, store, console)
    analysis = figure.analyse(methods, asked)
    add_caption(figure, asked, analysis)
    data = {**describe_figure(figure, asked, methods), **analysis.data}
    kept = results.write(folder, analysis.picture, data, analysis.claims, analysis.tables)
    if original is not None:
        results.write_side_by_side(folder, original)
    report(console, analysis, folder, kept)
    return analysis.claims


def add_caption(figure, asked, analysis):
    """Writes small under a figure's picture what was computed and what it does not decide."""
    text, extent = analysis.caption, figure.extent(asked)
    if extent:
        trials = "1 trial" if asked.trials == 1 else f"{asked.trials} trials"
        text = f"{extent}, {trials}; {text}"
    plots.add_caption(analysis.picture, text, analysis.claims)


def find_original(figure, asked, console):
    """Returns the user's picture of the original figure; says so if there is none."""
    if asked.originals is None:
        return None
    picture = originals.read_picture(asked.originals, figure.report, figure.name)
    if picture is None:
        wanted = asked.originals / figure.report / f"{figure.name}.png"
        console.print(f"No original to put beside ours: there is no {wanted}.", soft_wrap=True)
    return picture


def collect(figure, asked, store, console):
    """Trains what is not stored; returns a dictionary of `MethodRuns` by method."""
    by_seed = [figure.trial(asked, seed) for seed in asked.seeds]
    labels = list(by_seed[0])
    specs = [trial[label] for label in labels for trial in by_seed]
    epochs = [figure.epochs_of(label, asked) for label in labels for _ in by_seed]
    runs = train_all(
        specs,
        epochs,
        store,
        jobs=asked.jobs,
        num_samples=asked.likelihood_samples,
        num_images=asked.likelihood_images,
        console=console,
        tensorboard=asked.tensorboard,
        keep_weights=figure.keep_weights,
    )
    evaluations = [
        evaluate_log_likelihood(
            spec, store, asked.likelihood_samples, asked.likelihood_images, count
        )
        for spec, count in zip(specs, epochs, strict=True)
    ]
    methods = {}
    for index, label in enumerate(labels):
        part = slice(index * asked.trials, (index + 1) * asked.trials)
        count = figure.epochs_of(label, asked)
        methods[label] = MethodRuns(specs[part], runs[part], count, evaluations[part], store)
    return methods


def describe_figure(figure, asked, methods):
    """What was asked for, what ran and under what, as JSON-compatible values."""
    original = originals.load(figure.report, figure.name)
    return {
        "figure": f"{figure.report}/{figure.name}",
        "title": figure.title,
        "protocol": {
            "reached": {
                "dataset": asked.dataset,
                "binarize": {
                    label: method.specs[0].data.binarize for label, method in methods.items()
                },
                "epochs": asked.epochs
                or {label: method.epochs for label, method in methods.items()},
                "trials": asked.trials,
                "seeds": list(asked.seeds),
            },
            "asked": figure.protocol,
        },
        "original": None if original is None else original["source"],
        "versions": versions(),
        "runs": {label: describe(method) for label, method in methods.items()},
        "test_log_likelihood_differences": compare_log_likelihoods(methods),
    }


def report(console, analysis, folder, kept):
    """Prints the verdicts and where the files are."""
    claims = analysis.claims
    if claims:
        table = Table("claim", "verdict", "statement", title=None)
        for claim in claims:
            verdict = f"[{STYLES[claim.verdict]}]{claim.verdict}[/]"
            table.add_row(claim.id, verdict, claim.statement)
        console.print(table)
    for reason in sorted({reason for claim in claims for reason in claim.unmet}):
        console.print(f"inconclusive where: {reason}")
    if kept:
        console.print(f"An earlier result of a longer protocol is kept in {kept}.")
    names = ", ".join([results.PICTURE, *analysis.tables, results.DATA])
    console.print(f"Wrote {names} and {results.CLAIMS} to {folder}.", soft_wrap=True)

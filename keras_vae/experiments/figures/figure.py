"""Runs a reproduction script: options, runs, results, and messages for a person."""

import dataclasses
import functools
import pathlib
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from matplotlib.figure import Figure as Picture
from rich.console import Console
from rich.table import Table
from rich.text import Text

from keras_vae import UserError, datasets
from keras_vae._internal import backend
from keras_vae._internal.backend import keras
from keras_vae._internal.files import JsonObject, script_path
from keras_vae.experiments.figures import originals, plots, results
from keras_vae.experiments.figures.claims import STYLES, Claim
from keras_vae.experiments.figures.method_runs import (
    MethodRuns,
    Methods,
    compare_log_likelihoods,
    describe,
)
from keras_vae.experiments.figures.options import AddOptions, Options, Preset, parse_options
from keras_vae.experiments.runs.evaluation import evaluate_log_likelihood
from keras_vae.experiments.runs.spec import RunSpec, Specs
from keras_vae.experiments.runs.store import RunStore
from keras_vae.experiments.runs.sweeps import train_all
from keras_vae.experiments.runs.training import versions
from keras_vae.experiments.runs.workers import terminated_like_interrupted

# What a figure's `measure` returns and its other functions take; each script says what it is.
Measured: TypeAlias = Any


@dataclasses.dataclass(frozen=True)
class Report:
    """A report whose figures are reproduced.

    Attributes:
        title: Its title.
        authors: Its authors, with "and" before the last.
    """

    title: str
    authors: str


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
    data: JsonObject
    tables: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Figure:
    """One figure of a report: which runs it wants, and what it makes of them.

    How to write a figure: a script below `reproductions` defines, from top to bottom, the
    functions named here and ends with

        FIGURE = Figure(script=__file__, report="activity", name="fig_9_9", ...)

        if __name__ == "__main__":
            sys.exit(main(FIGURE))

    What several figures of one report share is in `experiments.reports`, often as a subclass
    that overrides the methods below. `keras-vae figures --update` adds the script to the
    catalogue that the command line reads.

    Attributes:
        script: Path of the script, its `__file__`.
        report: Name of the report.
        about: The report's title and authors, or None.
        name: Name of the figure's folder, for example `"fig_3_1"`.
        title: What it shows.
        presets: Dictionary of `Preset` by name.
        protocol: What the report asks for, as JSON-compatible values.
        runs: Function from (options, seed) to one trial's runs, a dictionary of `RunSpec` by
            method; None where nothing is trained.
        measure: Function from (dictionary of `MethodRuns` by method, options) to what the other
            functions take as `measured`; None passes on the runs themselves.
        draw: Function from (measured, options) to a Matplotlib figure.
        caption: The caption, or a function from (measured, options) to it.
        judge: Function from (measured, options) to a list of `Claim`; None for no claims.
        record: Function from (measured, options) to the figure's own part of `data.json`.
        tables: Function from (measured, options) to texts in Markdown by name of file; None
            where the figure is no table.
        add_options: Function that adds the figure's own options to an `argparse` parser; what
            the user chooses is returned by `options.choice(name)`. None where there are none.
        datasets: Names of the data sets that it can show; by default all that are registered.
        keep_weights: Whether it needs the weights of earlier epochs too.
        make_callbacks: Function from (store, `RunSpec`) to a list of Keras callbacks that record
            more of a run while it is trained; None for none.
        draws_first_trial: Whether the picture shows the first of several trials, not their means.
    """

    script: str | None = None
    report: str
    about: Report | None = None
    name: str
    title: str
    presets: dict[str, Preset]
    protocol: JsonObject
    runs: Callable[[Options, int], Specs] | None = None
    measure: Callable[[Methods, Options], Measured] | None = None
    draw: Callable[[Measured, Options], Picture]
    caption: str | Callable[[Measured, Options], str] = ""
    judge: Callable[[Measured, Options], list[Claim]] | None = None
    record: Callable[[Measured, Options], JsonObject] | None = None
    tables: Callable[[Measured, Options], dict[str, str]] | None = None
    add_options: AddOptions | None = None
    datasets: tuple[str, ...] = dataclasses.field(default_factory=lambda: datasets.NAMES)
    keep_weights: bool = False
    make_callbacks: Callable[[RunStore, RunSpec], Sequence[keras.callbacks.Callback]] | None = None
    draws_first_trial: bool = False

    def trial(self, options: Options, seed: int) -> Specs:
        """The runs of one trial, a dictionary of `RunSpec` by method."""
        return {} if self.runs is None else self.runs(options, seed)

    def epochs_of(self, label: str, options: Options) -> int:
        """Epochs that a method's runs are trained for."""
        return options.epochs

    def epochs_asked(self, label: str) -> int | None:
        """Epochs that the report asks for, of a method; None where it does not say."""
        return self.protocol["epochs"]

    def folder(self, options: Options) -> str:
        """Where the results go, below the output folder."""
        return f"{self.report}/{self.name}"

    def extent(self, options: Options) -> str:
        """What was trained of what the report asks for, in a few words; empty if nothing was."""
        if not self.trial(options, options.seed):
            return ""
        return f"{options.dataset}, {options.epochs} of {self.protocol['epochs']} epochs"

    def make_analysis(self, methods: Methods, options: Options) -> Analysis:
        """Measures runs, draws and judges.

        Arguments:
            methods: Dictionary of `MethodRuns` by method.
            options: `Options`.

        Returns:
            `Analysis`.
        """
        measured = methods if self.measure is None else self.measure(methods, options)
        caption = self.caption
        return Analysis(
            picture=self.draw(measured, options),
            caption=caption(measured, options) if callable(caption) else caption,
            claims=[] if self.judge is None else self.judge(measured, options),
            data={} if self.record is None else self.record(measured, options),
            tables={} if self.tables is None else self.tables(measured, options),
        )


def read_options(figure: Figure, argv: list[str] | None = None, prog: str | None = None) -> Options:
    """Reads a figure's command line; unusable values end the program with a message.

    Arguments:
        figure: `Figure`.
        argv: List of arguments, or None for the command line's own.
        prog: What the program is called in its messages; None for the script's name.

    Returns:
        `Options`.
    """
    return parse_options(
        argv,
        prog=prog,
        description=figure.title,
        presets=figure.presets,
        dataset_names=figure.datasets,
        add_options=figure.add_options,
    )


def main(figure: Figure, argv: list[str] | None = None, prog: str | None = None) -> int:
    """Makes a figure from the command line.

    Arguments:
        figure: `Figure`.
        argv: List of arguments, or None for the command line's own.
        prog: What the program is called in its messages; None for the script's name.

    Returns:
        Exit status: 0, 1 after an error that is explained on standard error, 130 if
        interrupted.
    """
    options = read_options(figure, argv, prog)
    console = Console()
    backend.configure()
    try:
        with terminated_like_interrupted():
            make(figure, options, console)
    except KeyboardInterrupt:
        print(
            "Interrupted. All finished epochs are stored: the same command continues there.",
            file=sys.stderr,
        )
        return 130
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def make(figure: Figure, options: Options, console: Console) -> list[Claim]:
    """Trains what is missing, draws the figure, judges the claims and writes the results.

    Arguments:
        figure: `Figure`.
        options: `Options`.
        console: `rich.console.Console` for progress and the summary.

    Returns:
        List of `Claim`.
    """
    if options.notice:
        console.print(options.notice)
    folder = pathlib.Path(options.output) / figure.folder(options)
    results.prepare_folder(folder)
    original = find_original(figure, options, console)
    store = RunStore(options.store)
    methods = collect(figure, options, store, console)
    analysis = figure.make_analysis(methods, options)
    add_caption(figure, options, analysis)
    data = {
        **describe_figure(figure, options, methods),
        "made": results.provenance(),
        "curves": originals.curves_of(analysis.picture),
        "panel": results.panel_box(analysis.picture),
    }
    if taken := sorted(data.keys() & analysis.data.keys()):
        raise ValueError(f"`record` returns what every figure has under that name: {taken}.")
    data |= analysis.data
    if original.curves:
        data["against_your_original"] = draw_curves_over(analysis.picture, original, data, console)
    kept = results.write(folder, analysis.picture, data, analysis.claims, analysis.tables)
    if original.picture is not None:
        results.write_side_by_side(folder, originals.read_picture(original.picture))
    report(console, analysis, folder, kept)
    return analysis.claims


def add_caption(figure: Figure, options: Options, analysis: Analysis) -> None:
    """Writes small under a figure's picture what was computed, and how it is shown."""
    text, extent = analysis.caption, figure.extent(options)
    if extent:
        trials = "1 trial" if options.trials == 1 else f"{options.trials} trials"
        if figure.draws_first_trial and options.trials > 1:
            trials = f"first of {trials}"
        text = f"{extent}, {trials}; {text}"
    plots.add_caption(analysis.picture, text)


def find_original(figure: Figure, options: Options, console: Console) -> originals.Original:
    """Returns the user's picture and curves of the original figure; says so if there are none."""
    if options.originals is None:
        return originals.Original()
    name = f"{figure.report}/{figure.name}"
    found = originals.find_originals(options.originals, [name])
    if found.broken:
        raise originals.OriginalsError(f"{options.originals}/{found.broken[0]}.")
    if not found.originals:
        wanted = options.originals / f"{name}.png"
        console.print(f"No original to put beside ours: there is no {wanted}.", soft_wrap=True)
    return found.originals.get(name, originals.Original())


def draw_curves_over(
    picture: Picture, original: originals.Original, data: JsonObject, console: Console
) -> list[JsonObject]:
    """Draws the user's curves over ours and returns how far they differ."""
    compared, problems = originals.compare_curves(data["curves"], original.curves)
    for problem in problems:
        console.print(f"{original.curves_file}: {problem}.", soft_wrap=True)
    originals.draw_over(picture, original.curves)
    return compared


def collect(figure: Figure, options: Options, store: RunStore, console: Console) -> Methods:
    """Trains what is not stored; returns a dictionary of `MethodRuns` by method."""
    by_seed = [figure.trial(options, seed) for seed in options.seeds]
    labels = list(by_seed[0])
    if not labels:
        return {}
    specs = [trial[label] for label in labels for trial in by_seed]
    epochs = [figure.epochs_of(label, options) for label in labels for _ in by_seed]
    make_callbacks = figure.make_callbacks
    runs = train_all(
        specs,
        epochs,
        store,
        jobs=options.jobs,
        num_samples=options.likelihood_samples,
        num_images=options.likelihood_images,
        console=console,
        tensorboard=options.tensorboard,
        keep_weights=figure.keep_weights,
        make_callbacks=make_callbacks and functools.partial(make_callbacks, store),
        dask=options.dask,
    )
    evaluations = [
        evaluate_log_likelihood(
            spec, store, options.likelihood_samples, options.likelihood_images, count
        )
        for spec, count in zip(specs, epochs, strict=True)
    ]
    methods = {}
    for index, label in enumerate(labels):
        part = slice(index * options.trials, (index + 1) * options.trials)
        count = figure.epochs_of(label, options)
        methods[label] = MethodRuns(specs[part], runs[part], count, evaluations[part], store)
    return methods


def describe_figure(figure: Figure, options: Options, methods: Methods) -> JsonObject:
    """What the report asks for, what ran and under what, as JSON-compatible values."""
    name = (figure.report, figure.name)
    return {
        "figure": f"{figure.report}/{figure.name}",
        "script": None if figure.script is None else script_path(figure.script),
        "title": figure.title,
        "about": None if figure.about is None else dataclasses.asdict(figure.about),
        "protocol": {
            "reached": {
                "dataset": options.dataset,
                "binarize": {
                    label: method.specs[0].data.binarize for label, method in methods.items()
                },
                "epochs": options.epochs
                or {label: method.epochs for label, method in methods.items()},
                "trials": options.trials,
                "seeds": list(options.seeds),
            },
            "asked": figure.protocol,
        },
        "original": results.load_original(*name)["source"] if results.has_original(*name) else None,
        "versions": versions(),
        "runs": {
            label: {
                **describe(method),
                "epochs": {"reached": method.epochs, "asked": figure.epochs_asked(label)},
            }
            for label, method in methods.items()
        },
        "test_log_likelihood_differences": compare_log_likelihoods(methods),
    }


def report(
    console: Console, analysis: Analysis, folder: pathlib.Path, kept: pathlib.Path | None
) -> None:
    """Prints the verdicts and where the files are."""
    claims = analysis.claims
    if claims:
        table = Table("claim", "verdict", "statement", title=None)
        for claim in claims:
            verdict = f"[{STYLES[claim.kind]}]{claim.verdict}[/]"
            lines = filter(None, (claim.statement, f"Ours: {claim.measured}", claim.answers))
            table.add_row(claim.id, verdict, Text("\n".join(lines)))
        console.print(table)
    for reason in sorted({reason for claim in claims for reason in claim.unmet}):
        console.print(f"inconclusive where: {reason}")
    if kept:
        console.print(f"An earlier result of a longer protocol is kept in {kept}.")
    names = ", ".join([results.PICTURE, *analysis.tables, results.DATA])
    console.print(f"Wrote {names} and {results.CLAIMS} to {folder}.", soft_wrap=True)

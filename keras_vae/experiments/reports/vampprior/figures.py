"""The vampprior report's figures: a panel for each data set; runs differ in length and prior."""

import argparse
import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure as Picture

from keras_vae import UserError, datasets
from keras_vae.experiments.figures import plots
from keras_vae.experiments.figures.figure import Figure
from keras_vae.experiments.figures.options import Options, positive_integer
from keras_vae.experiments.reports import REPORTS
from keras_vae.experiments.reports.vampprior import (
    ALL,
    LEARNED_PRIORS,
    PANELS,
    PRESETS,
    PROTOCOL,
    REPORT,
    STORED,
    TITLES,
    describe_epochs,
    is_reports,
    run_spec,
    schedule,
)
from keras_vae.experiments.runs.spec import PSEUDO_INPUTS, Specs
from keras_vae.experiments.runs.store import RunStore

PRIORS = ("standard_normal", *LEARNED_PRIORS)


@dataclasses.dataclass(frozen=True, kw_only=True)
class DataSetFigure(Figure):
    """A figure of some models on one data set, or on all three of the report.

    Its methods are named `<data set>/<model>`.

    Attributes:
        models: Names of the models.
        with_prior: Those of them whose prior a user can choose.
    """

    models: tuple[str, ...] = ()
    with_prior: tuple[str, ...] = ()

    def trial(self, options: Options, seed: int) -> Specs:
        chosen = dict(zip(("prior", "components", "pseudo_inputs"), _chosen(options), strict=True))
        return {
            method_name(dataset, model): run_spec(
                dataset, seed, model, **(chosen if model in self.with_prior else {})
            )
            for dataset in panels(options)
            for model in self.models
        }

    def epochs_of(self, label: str, options: Options) -> int:
        if options.epochs is not None:
            return options.epochs
        wanted = schedule(*split_name(label)).epochs
        if options.preset != STORED:
            return wanted
        store = RunStore(options.store)
        specs = [self.trial(options, seed)[label] for seed in options.seeds]
        done = min(store.epochs_done(spec) for spec in specs)
        if done == 0:
            raise UserError(
                f"{label} has no stored epoch in all of {options.trials} trials. Train it with "
                "--preset paper, or choose fewer --trials or another --dataset."
            )
        return min(done, wanted)

    def epochs_asked(self, label: str) -> int | None:
        wanted = schedule(*split_name(label))
        return wanted.epochs if wanted.is_given else None

    def folder(self, options: Options) -> str:
        """One of its own for a single data set, and for other priors than the report's."""
        parts = [self.name]
        if options.dataset != self.protocol["dataset"]:
            parts.append(options.dataset)
        trial = self.trial(options, options.seed).items()
        if not all(is_reports(spec, split_name(label)[1]) for label, spec in trial):
            parts += [str(part) for part in _chosen(options) if part is not None]
        return f"{self.report}/{'_'.join(parts)}"

    def extent(self, options: Options) -> str:
        """What each data set and model was trained for."""
        return "; ".join(self._extent_of(dataset, options) for dataset in panels(options))

    def _extent_of(self, dataset: str, options: Options) -> str:
        models, trial = [], self.trial(options, options.seed)
        for model in self.models:
            label = method_name(dataset, model)
            spec, epochs = trial[label], self.epochs_of(label, options)
            text = f"{model} {describe_epochs(dataset, model, epochs)}"
            if not is_reports(spec, model):
                text += f" ({spec.model.prior})"
            if epochs < spec.objective.warm_up_epochs:
                text += f" (beta up to {(epochs - 1) / spec.objective.warm_up_epochs:.2g})"
            models.append(text)
        return f"{dataset}: {', '.join(models)} epochs" if models else dataset


def _chosen(options: Options) -> list[Any]:
    return [options.choice(name) for name in ("prior", "prior_components", "pseudo_inputs")]


def add_prior_options(parser: argparse.ArgumentParser, priors: Sequence[str] = PRIORS) -> None:
    """Lets a user choose the prior of a figure's `with_prior` models, and what it begins with."""
    parser.add_argument(
        "--prior",
        choices=priors,
        help="prior, in place of the report's; results go to a folder of their own",
    )
    parser.add_argument(
        "--prior-components",
        type=positive_integer,
        help="pseudo-inputs or components of a learned prior, in place of the report's number",
    )
    parser.add_argument(
        "--pseudo-inputs",
        choices=PSEUDO_INPUTS,
        help="what a VampPrior's pseudo-inputs begin as, in place of the report's",
    )


def method_name(dataset: str, model: str) -> str:
    """Name of a model's runs on a data set."""
    return f"{dataset}/{model}"


def split_name(label: str) -> tuple[str, str]:
    """The data set and the model that `method_name` put together."""
    dataset, model = label.split("/")
    return dataset, model


def panels(options: Options) -> tuple[str, ...]:
    """The data sets that the user chose."""
    return PANELS if options.dataset == ALL else (options.dataset,)


def by_dataset(methods: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Turns methods named `<data set>/<model>` into dictionaries by data set and by model."""
    nested: dict[str, dict[str, Any]] = {}
    for label, method in methods.items():
        dataset, model = split_name(label)
        nested.setdefault(dataset, {})[model] = method
    return nested


def curves_by_dataset(
    curves: Mapping[str, Mapping[str, np.ndarray]], styles: Mapping[str, int], ylabel: str
) -> Picture:
    """Draws a log-log panel for each data set, in it a curve per epoch for each model.

    Arguments:
        curves: Arrays of shape (trials, epochs), above 0, by data set and by model.
        styles: Index of colour and line style by model.
        ylabel: What the curves are, with its unit.
    """
    figure, axes = plots.panels(len(curves), width=4.6, height=3.6)
    for axis, letter, (dataset, by_model) in plots.lettered(axes, curves.items()):
        for model, trials in by_model.items():
            epochs = np.arange(1, trials.shape[1] + 1)
            plots.line_with_band(axis, epochs, trials, model, styles[model])
        axis.set(xscale="log", yscale="log", xlabel="Epoch")
        axis.set_title(f"{letter} {TITLES[dataset]}")
        axis.yaxis.set_major_formatter("{x:g}")
        axis.yaxis.set_minor_formatter("{x:g}")
    axes[0].set_ylabel(ylabel)
    axes[-1].legend(loc="upper right")
    return figure


report_figure = functools.partial(
    DataSetFigure,
    report=REPORT,
    about=REPORTS[REPORT],
    presets=PRESETS,
    protocol=PROTOCOL,
    datasets=(ALL, *datasets.NAMES),
)

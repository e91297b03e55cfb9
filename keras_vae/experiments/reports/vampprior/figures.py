"""Figures with a panel for each data set, whose runs differ in length."""

import dataclasses
import functools
from collections.abc import Callable

from keras_vae import datasets
from keras_vae.experiments.figures.figure import Figure
from keras_vae.experiments.reports.vampprior.protocol import (
    ALL,
    LEARNED_PRIORS,
    PANELS,
    PRESETS,
    PROTOCOL,
    REPORT,
    is_reports,
    run_spec,
    schedule,
)

PRIORS = ("standard_normal", *LEARNED_PRIORS)


@dataclasses.dataclass(frozen=True, kw_only=True)
class DataSetFigure(Figure):
    """A figure of some models on one data set, or on all three of the report.

    Its methods are named `<data set>/<model>`.

    Attributes:
        models: Names of the models.
        with_prior: Those of them whose prior a user can choose.
    """

    specs: Callable = None
    models: tuple[str, ...] = ()
    with_prior: tuple[str, ...] = ()

    def trial(self, asked, seed):
        chosen = {
            "prior": asked.prior,
            "components": asked.prior_components,
            "pseudo_inputs": asked.pseudo_inputs,
        }
        return {
            method_name(dataset, model): run_spec(
                dataset, seed, model, **(chosen if model in self.with_prior else {})
            )
            for dataset in panels(asked)
            for model in self.models
        }

    def epochs_of(self, label, asked):
        if asked.epochs is not None:
            return asked.epochs
        found = schedule(*split_name(label))
        return found.reached if asked.preset == "results" else found.epochs

    def epochs_asked(self, label):
        return schedule(*split_name(label)).epochs

    def folder(self, asked):
        """One of its own for a single data set, and for other priors than the report's."""
        parts = [self.name]
        if asked.dataset != self.protocol["dataset"]:
            parts.append(asked.dataset)
        trial = self.trial(asked, asked.seed).items()
        if not all(is_reports(spec, split_name(label)[1]) for label, spec in trial):
            chosen = (asked.prior, asked.prior_components, asked.pseudo_inputs)
            parts += [str(part) for part in chosen if part is not None]
        return f"{self.report}/{'_'.join(parts)}"

    def extent(self, asked):
        """What each data set and model was trained for."""
        parts = [self._extent_of(dataset, asked) for dataset in panels(asked)]
        if asked.trials > 1:
            parts.append("first trial")
        return "; ".join(parts)

    def _extent_of(self, dataset, asked):
        models, trial = [], self.trial(asked, asked.seed)
        for model in self.models:
            label = method_name(dataset, model)
            spec, epochs = trial[label], self.epochs_of(label, asked)
            text = f"{model} {epochs} of {schedule(dataset, model).epochs}"
            if not is_reports(spec, model):
                text += f" ({spec.model.prior})"
            if epochs < spec.objective.warm_up_epochs:
                text += f" (beta up to {(epochs - 1) / spec.objective.warm_up_epochs:.2g})"
            models.append(text)
        return f"{dataset}: {', '.join(models)} epochs" if models else dataset


def method_name(dataset, model):
    """Name of a model's runs on a data set."""
    return f"{dataset}/{model}"


def split_name(label):
    """The data set and the model that `method_name` put together."""
    return tuple(label.split("/"))


def panels(asked):
    """The data sets that were asked for."""
    return PANELS if asked.dataset == ALL else (asked.dataset,)


def by_dataset(methods):
    """Turns methods named `<data set>/<model>` into dictionaries by data set and by model."""
    nested = {}
    for label, method in methods.items():
        dataset, model = split_name(label)
        nested.setdefault(dataset, {})[model] = method
    return nested


report_figure = functools.partial(
    DataSetFigure,
    report=REPORT,
    presets=PRESETS,
    protocol=PROTOCOL,
    datasets=(ALL, *datasets.NAMES),
    priors=PRIORS,
)

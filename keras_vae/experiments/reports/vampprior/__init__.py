"""What the figures of "Project: Large VAE" have in common.

Where the report's text is silent, the VampPrior's epochs and warm-up on grey images are those on
MNIST, pseudo-inputs begin as grey images, as in its authors' public code, and kernels are drawn as
Keras draws them. The report's validation set is our test set: nothing is chosen by it.
"""

import dataclasses
import types
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from keras_vae.experiments.figures import claims
from keras_vae.experiments.figures.method_runs import Methods
from keras_vae.experiments.figures.options import Preset
from keras_vae.experiments.reports import of_dataset
from keras_vae.experiments.runs.spec import (
    DataSpec,
    ModelSpec,
    ObjectiveSpec,
    OptimizerSpec,
    RunSpec,
    SpecError,
)

REPORT = "vampprior"
VAE, VAMPPRIOR, HVAE = "VAE", "VampPrior", "HVAE"
WITHOUT_WARM_UP, AT_THE_USUAL_RATE = " without warm-up", " at 1e-3"
LATENT_DIM = 40
HIDDEN_UNITS = 300
# What Tomczak & Welling's code clips them to. Without, the HVAE's training on Fashion-MNIST ended
# in epoch 54 with infinite deviations of a single image's codes, and on MNIST one of two runs, of
# seed 1, ended with NaN in epoch 215.
LOG_VARIANCES = (-6.0, 2.0)
LEARNED_PRIORS = ("vamp", "mixture_of_gaussians")
# Slower where the encoder is updated by its images and by the prior's.
LEARNING_RATES = {"standard_normal": 1e-3, "mixture_of_gaussians": 1e-3, "vamp": 1e-4}
PRIOR_COMPONENTS = {"mnist": 200, "mnist_5k": 200, "frey_faces": 500, "fashion_mnist": 500}


@dataclasses.dataclass(frozen=True)
class Schedule:
    """How long a model is trained.

    Attributes:
        epochs: Epochs of the report, or ours where it gives none.
        warm_up: Epochs over which beta rises from 0 to 1.
        is_given: Whether the report gives them.
    """

    epochs: int
    warm_up: int
    is_given: bool = True


SCHEDULES = {
    "mnist": {VAE: Schedule(200, 100), VAMPPRIOR: Schedule(200, 60), HVAE: Schedule(300, 100)},
    "frey_faces": {
        VAE: Schedule(200, 100),
        # An epoch has 16 steps, and 3,200 of them at 1e-4 leave 500 grey pseudo-inputs untrained.
        VAMPPRIOR: Schedule(2000, 60, is_given=False),
        HVAE: Schedule(400, 50),
    },
    "fashion_mnist": {
        VAE: Schedule(300, 100),
        VAMPPRIOR: Schedule(200, 60, is_given=False),
        HVAE: Schedule(100, 30),
    },
}


def _of_each_run(attribute: str) -> dict[str, dict[str, Any]]:
    return {
        dataset: {
            model: getattr(of, attribute)
            if of.is_given
            else f"not given; {getattr(of, attribute)} here"
            for model, of in by_model.items()
        }
        for dataset, by_model in SCHEDULES.items()
    }


ALL = "all"
GREY = ("frey_faces", "fashion_mnist")
PANELS = ("mnist", *GREY)
# A model has one colour and dash in all figures.
STYLES = {VAE: 0, VAMPPRIOR: 1, HVAE: 2}
# Runs of each model below which a claim about training is not decided: seeds are its error.
TRIALS = 2
# Nats per 100 epochs of the validation bound: where the report gives no epochs, a run is long
# enough once it rises by less.
STILL_RISING = 1.0
TITLES = {
    "mnist": "MNIST",
    "mnist_5k": "MNIST, 5,000 digits",
    "frey_faces": "Frey Faces",
    "fashion_mnist": "Fashion-MNIST",
}
PROTOCOL = {
    "dataset": ALL,
    "binarize": "MNIST static at 0.5; the others have 256 grey levels",
    "epochs": _of_each_run("epochs"),
    "warm_up_epochs": _of_each_run("warm_up"),
    "trials": "1",
    "batch_size": 100,
    "optimizer": "Adam, learning rate 1e-3, with the VampPrior 1e-4",
    "pseudo_inputs": "500; 200 on MNIST, where Section 3.2.2 says so",
    "log_variances": "not given; the HVAE's in [-6, 2] here, as in Tomczak & Welling's code",
}
# `stored` trains nothing: every run is shown as far as it is in the store.
STORED = "stored"
PRESETS = {
    "smoke": Preset(dataset="mnist_5k", epochs=3, trials=1),
    "quick": Preset(dataset=None, epochs=8, trials=1, embedded_epochs=60),
    STORED: Preset(dataset=ALL, epochs=None, trials=TRIALS, likelihood_samples=5000),
    "paper": Preset(dataset=ALL, epochs=None, trials=TRIALS, likelihood_samples=5000),
}


def run_spec(
    dataset: str,
    seed: int,
    model: str,
    prior: str | None = None,
    components: int | None = None,
    pseudo_inputs: str | None = None,
) -> RunSpec:
    """A run of the report.

    Arguments:
        dataset: Name of the data set.
        seed: Seed of the trial.
        model: `VAE`, `VAMPPRIOR` or `HVAE`, or one of them followed by `WITHOUT_WARM_UP` or
            `AT_THE_USUAL_RATE`.
        prior: Name of the prior; None for the one that the report gives the model.
        components: Components of a learned prior; None for the report's number.
        pseudo_inputs: What a VampPrior begins with, one of `spec.PSEUDO_INPUTS`; None for grey.

    Returns:
        `RunSpec`.

    Raises:
        SpecError: If components or pseudo-inputs are named for a prior that has none.
    """
    if prior is None:
        prior = "vamp" if base_model(model) == VAMPPRIOR else "standard_normal"
    if components is None and prior != "standard_normal":
        components = of_dataset(PRIOR_COMPONENTS, dataset)
    if pseudo_inputs is not None and prior != "vamp":
        raise SpecError(f"Only a VampPrior has pseudo-inputs, not {prior}.")
    binary = dataset in ("mnist", "mnist_5k")
    warm_up = 0 if model.endswith(WITHOUT_WARM_UP) else schedule(dataset, model).warm_up
    rate = 1e-3 if model.endswith(AT_THE_USUAL_RATE) else LEARNING_RATES[prior]
    return RunSpec(
        data=DataSpec(name=dataset, binarize="static" if binary else None),
        model=ModelSpec(
            latent_dim=LATENT_DIM,
            upper_latent_dims=(LATENT_DIM,) if model == HVAE else (),
            hidden_units=(HIDDEN_UNITS,),
            activation="linear",
            gated=True,
            likelihood="bernoulli" if binary else "discretized_logistic",
            prior=prior,
            prior_components=components,
            pseudo_inputs=pseudo_inputs or ("grey" if prior == "vamp" else "noise"),
            kernel_initializer="glorot_uniform",
            # With the bare clamp of the public code, pixels stay wrong at a learning rate of 1e-4.
            scale_recovers=not binary,
            log_variance_range=LOG_VARIANCES if model == HVAE else None,
        ),
        objective=ObjectiveSpec(name="elbo", warm_up_epochs=warm_up),
        optimizer=OptimizerSpec(arguments=(("learning_rate", rate),)),
        seed=seed,
    )


def is_reports(spec: RunSpec, model: str) -> bool:
    """Whether a run is the one that the report describes for its data set and model."""
    return spec == run_spec(spec.data.name, spec.seed, model)


def base_model(model: str) -> str:
    """A model's name without what is changed of it."""
    return model.partition(" ")[0]


def schedule(dataset: str, model: str) -> Schedule:
    """The `Schedule` of a model on a data set; the embedded digits follow MNIST's."""
    by_model = of_dataset(SCHEDULES | {"mnist_5k": SCHEDULES["mnist"]}, dataset)
    return by_model[base_model(model)]


def describe_epochs(dataset: str, model: str, epochs: int) -> str:
    """A run's epochs beside those of the report, in words."""
    wanted = schedule(dataset, model)
    return f"{epochs} of {wanted.epochs}" if wanted.is_given else f"{epochs} (none given)"


def unmet_requirements(
    dataset: str, found: Mapping[str, Methods], models: Sequence[str]
) -> tuple[str, ...]:
    """Lists what keeps the runs on one data set from deciding a claim.

    Arguments:
        dataset: Data set that the claim is about.
        found: Dictionary of `MethodRuns` by data set and by model.
        models: Models whose runs have to be the report's, and as long.

    Returns:
        Tuple of strings.
    """
    if dataset not in found:
        return (f"measured on {', '.join(found)}, the claim is about {dataset}",)
    reasons = []
    for model in models:
        method, wanted = found[dataset][model], schedule(dataset, model)
        if not all(is_reports(spec, model) for spec in method.specs):
            reasons.append(f"{dataset}: {model} has another prior than the report's")
        runs = types.SimpleNamespace(
            dataset=dataset, epochs=method.epochs, trials=len(method.specs)
        )
        reasons += [
            f"{dataset}, {model}: {reason}"
            for reason in claims.unmet_requirements(
                runs,
                min_epochs=wanted.epochs,
                min_trials=TRIALS,
                settled=wanted.is_given or not is_rising(method.history("test_bound")),
                about=dataset,
                weights_epochs=method.weights_epochs,
            )
        ]
    return tuple(reasons)


def unmet_of_panels(found: Mapping[str, Methods], models: Sequence[str]) -> tuple[str, ...]:
    """`unmet_requirements` of every data set that the report's figures show."""
    return tuple(
        reason for dataset in PANELS for reason in unmet_requirements(dataset, found, models)
    )


def tenths(values: np.ndarray) -> np.ndarray:
    """Means over tenths of the epochs, shape (10, trials); of fewer epochs, those themselves.

    Arguments:
        values: Array of shape (trials, epochs).
    """
    parts = np.array_split(values, min(10, values.shape[1]), axis=1)
    return np.array([part.mean(axis=1) for part in parts])


def is_rising(bounds: np.ndarray) -> bool:
    """Whether the mean over trials rose by more than `STILL_RISING` between the last two tenths.

    Arguments:
        bounds: Array of shape (trials, epochs), in nats.
    """
    means = tenths(bounds).mean(axis=1)
    return len(means) < 2 or bool(1000 * (means[-1] - means[-2]) > STILL_RISING * bounds.shape[1])

"""A run's model: as it is built, as it is before training, and with stored weights."""

import contextlib
from collections.abc import Hashable, Iterator, Sequence
from typing import Any

import numpy as np

from keras_vae import activations, likelihoods, random
from keras_vae._internal.backend import keras
from keras_vae.datasets import ImageData
from keras_vae.experiments.runs.spec import RunSpec
from keras_vae.experiments.runs.store import DamagedRunError, RunStore, StoredRun, StoreError
from keras_vae.models import VAE, HierarchicalVAE, LatentVariableModel

# Models that a process keeps, with what was compiled of them, for runs of the same kind.
KEPT_MODELS = 4


class NoEpochError(StoreError, LookupError):
    """A run has no finished epoch."""


class CompiledModels:
    """The models last used, so that runs that differ in numbers alone are compiled once."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, LatentVariableModel] = {}

    @contextlib.contextmanager
    def borrow(self, kind: Hashable, new: LatentVariableModel) -> Iterator[LatentVariableModel]:
        """Yields a model that is as a new one, and after that is the next borrower's.

        Arguments:
            kind: All that is compiled into the model's functions.
            new: A model of that kind, which is yielded itself where none is kept.
        """
        model = self._kept.pop(kind, new)
        if model is not new:
            _copy_numbers(new, model)
        yield model
        # Not where something was raised, which may have left it in the middle of its work.
        self._kept[kind] = model
        for oldest in list(self._kept)[:-KEPT_MODELS]:
            del self._kept[oldest]


def _copy_numbers(source: LatentVariableModel, target: LatentVariableModel) -> None:
    """Gives a model another's weights, seed and state of the optimiser, if they have one."""
    target.seed = source.seed
    both = [(source.weights, target.weights)]
    if source.compiled:
        both.append((source.optimizer.variables, target.optimizer.variables))
    for values, variables in both:
        for value, variable in zip(values, variables, strict=True):
            variable.assign(value)


def model_kind(spec: RunSpec, image_shape: Sequence[int]) -> Hashable:
    """What a spec's models have in common but for numbers: their weights and their seed."""
    # The name may have been given to another class since.
    return (
        spec.model,
        spec.noise,
        likelihoods.LIKELIHOODS[spec.model.likelihood],
        tuple(image_shape),
    )


def build_model(spec: RunSpec, image_shape: Sequence[int]) -> LatentVariableModel:
    """Returns the model of a spec, with weights that were drawn by its seed."""
    shared: dict[str, Any] = {
        "activation": _activation(spec.model.activation),
        "gated": spec.model.gated,
        "likelihood": spec.model.make_likelihood(),
        "prior": spec.model.make_prior(spec.seed),
        "objective": spec.objective.make(),
        "image_shape": image_shape,
        "kernel_initializer": spec.model.kernel_initializer,
        "bias_initializer": spec.model.bias_initializer,
        "seed": spec.seed,
    }
    model = _make_model(spec, shared)
    if spec.noise == "box_muller":
        model.draw_normal = random.box_muller
    return model


def _activation(name: str) -> activations.Activation:
    return activations.softplus if name == "fused_softplus" else keras.activations.get(name)


def _make_model(spec: RunSpec, shared: dict[str, Any]) -> LatentVariableModel:
    if spec.model.upper_latent_dims:
        return HierarchicalVAE(
            latent_dims=spec.model.latent_dims,
            hidden_units=spec.model.hidden_units[0],
            log_variance_range=spec.model.log_variance_range,
            **shared,
        )
    return VAE(
        latent_dim=spec.model.latent_dim,
        hidden_units=spec.model.hidden_units,
        batch_norm=spec.model.batch_norm,
        **shared,
    )


def untrained_model(spec: RunSpec, data: ImageData) -> LatentVariableModel:
    """Returns the model with which a run begins.

    Arguments:
        spec: `RunSpec`.
        data: The run's `ImageData`, from which pseudo-inputs may be taken.
    """
    model = build_model(spec, data.image_shape)
    if spec.model.pseudo_inputs == "data":
        model.prior_layer.initialize_from(data.train.images)
    return model


def load_model(
    spec: RunSpec, store: RunStore, stored: StoredRun | None = None
) -> tuple[LatentVariableModel, ImageData]:
    """Returns a stored run's model with its weights, and its data set.

    Arguments:
        spec: `RunSpec`.
        store: `RunStore`.
        stored: The run, read with its weights, where those are wanted even if it has gone on;
            None reads it.

    Raises:
        NoEpochError: If no epoch of the run is stored.
    """
    if stored is None:
        stored = load_stored(spec, store, with_weights=True)
    data = spec.data.load()
    model = build_model(spec, data.image_shape)
    assign(model.weights, stored.weights, spec, store)
    return model, data


def restore(
    model: LatentVariableModel, spec: RunSpec, store: RunStore, epoch: int | None = None
) -> int:
    """Gives a run's model the weights that it had after an epoch.

    Arguments:
        model: The run's model.
        spec: `RunSpec`.
        store: `RunStore`.
        epoch: Number of finished epochs; None for as many as there are.

    Returns:
        The number of epochs: a run that is being trained may have more than a moment ago.

    Raises:
        NoEpochError: If no epoch is stored.
        NotKeptError: If those weights were not kept.
    """
    if epoch in (None, store.epochs_done(spec)):
        stored = load_stored(spec, store, with_weights=True)
        if epoch in (None, stored.epochs):
            assign(model.weights, stored.weights, spec, store)
            return stored.epochs
    assign(model.weights, store.load_snapshot(spec, epoch), spec, store)
    return epoch


def load_stored(spec: RunSpec, store: RunStore, with_weights: bool = False) -> StoredRun:
    """Reads a run of which there are epochs.

    Arguments:
        spec: `RunSpec`.
        store: `RunStore`.
        with_weights: Whether to read the variables too.

    Raises:
        NoEpochError: If no epoch of the run is stored.
    """
    stored = store.load(spec, with_weights)
    if stored is None:
        raise NoEpochError(f"No epoch of run {spec.run_id} is stored in {store.folder}.")
    return stored


def assign(
    variables: Sequence[keras.Variable],
    values: Sequence[np.ndarray],
    spec: RunSpec,
    store: RunStore,
) -> None:
    """Gives variables stored values.

    Arguments:
        variables: Those of a run's model or optimiser.
        values: List of arrays.
        spec: `RunSpec` of the run.
        store: `RunStore` that the values are from.

    Raises:
        DamagedRunError: If a value is missing, left over, or of another shape or type.
    """
    expected = [(tuple(variable.shape), variable.dtype) for variable in variables]
    received = [(value.shape, str(value.dtype)) for value in values]
    if expected != received:
        raise DamagedRunError(
            f"The arrays in {store.run_folder(spec)} do not fit the run's model: expected "
            f"{expected}, found {received}. Delete that folder to train this run again."
        )
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)

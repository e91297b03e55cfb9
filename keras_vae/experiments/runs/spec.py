"""A run, described completely, and the identity that follows from the description."""

import dataclasses
import hashlib
import inspect
import json
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self, TypeVar

from keras_vae import UserError, datasets, likelihoods, objectives, optimizers, priors, random
from keras_vae._internal.backend import keras
from keras_vae._internal.checks import as_range, check_choice, check_positive_integer, raising
from keras_vae._internal.files import JsonObject

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Kind = TypeVar("Kind", bound="DataclassInstance")
INFINITIES = ("Infinity", "-Infinity")
# Raised when a change to the code alters what a spec leads to, in the last bits too: a stored run
# that such a change continued would be neither the old one nor the new. Mixtures have had densities
# of more digits since procedure 2, and the pixels of a Bernoulli have shared logarithms since 3.
# (Versions of TensorFlow differ in rounding as well; a run records those it was trained under.)
PROCEDURE, LEARNED_PRIOR_PROCEDURE, BERNOULLI_PROCEDURE = 1, 2, 3
NOISE = ("box_muller", "quantiles")
PSEUDO_INPUTS = ("noise", "grey", "data")
GREY = {"mean": 0.5, "stddev": 0.01}
# Apart from the numbers of a model's layers, which the same seed leads to.
PRIOR_SEED = 201


class SpecError(UserError, ValueError):
    """A run cannot be as it is described."""


@dataclasses.dataclass(frozen=True)
class DataSpec:
    """Which images a run sees.

    Attributes:
        name: One of `keras_vae.datasets.NAMES`.
        binarize: None, `"static"` or `"stochastic"`.
        classes: Labels of the images that are kept, in training and test set; None for all.
        train_images: How many of those, from the first on, are trained on; None for all.
        validation_images: How many training images, the last in the data set's original order,
            are held out and stand in for the test set; None for none.
    """

    name: str = "mnist"
    binarize: str | None = "static"
    classes: tuple[int, ...] | None = None
    train_images: int | None = None
    validation_images: int | None = None

    @raising(SpecError)
    def __post_init__(self) -> None:
        check_choice(self.name, datasets.NAMES, "dataset")
        check_choice(self.binarize, datasets.BINARIZATIONS, "binarization")
        if self.classes is not None:
            object.__setattr__(self, "classes", tuple(self.classes))
        if self.train_images is not None:
            check_positive_integer(self.train_images, "train_images")
        if self.validation_images is not None:
            check_positive_integer(self.validation_images, "validation_images")

    def load(self) -> datasets.ImageData:
        """Returns the `ImageData`.

        Raises:
            ValueError: If a class or that many images are not in the data set, or their original
                order is not available.
            ConnectionError: If the data are neither on this machine nor to be downloaded.
        """
        held_out = self.validation_images
        data = datasets.load(self.name, self.binarize, original_order=held_out is not None)
        if held_out is not None:
            data = data.hold_out(held_out)
        return data.select(classes=self.classes, train_images=self.train_images)


@dataclasses.dataclass(frozen=True)
class ModelSpec:
    """Which model a run trains; most attributes are `keras_vae.VAE`'s arguments.

    `grey_levels` lets the Bernoulli likelihood take grey pixels. `upper_latent_dims` are the
    dimensions of further stochastic levels above the `latent_dim` ones, from the top down; any
    makes the model a `keras_vae.HierarchicalVAE`, whose hidden layers all have one size.
    `prior_components` is the number of a mixture prior's components, None for the prior's own
    default; `pseudo_inputs` says whether a VampPrior's begin as uniform `"noise"`, as `"grey"`
    images of nearly one half everywhere, or as training images, `"data"`. `scale_recovers` is the
    argument of `likelihoods.DiscretizedLogistic`, `log_variance_range` that of `HierarchicalVAE`.
    `activation` is Keras' own of that name; `"fused_softplus"` is `keras_vae.activations.softplus`.
    """

    latent_dim: int = 50
    hidden_units: tuple[int, ...] = (200, 200)
    activation: str = "softplus"
    likelihood: str = "bernoulli"
    grey_levels: bool = False
    prior: str = "standard_normal"
    batch_norm: bool = False
    kernel_initializer: str = "glorot_normal"
    bias_initializer: str = "zeros"
    gated: bool = False
    upper_latent_dims: tuple[int, ...] = ()
    prior_components: int | None = None
    pseudo_inputs: str = "noise"
    scale_recovers: bool = False
    log_variance_range: tuple[float, float] | None = None

    @raising(SpecError)
    def __post_init__(self) -> None:
        for name in ("hidden_units", "upper_latent_dims"):
            sizes = getattr(self, name)
            if not isinstance(sizes, Sequence) or isinstance(sizes, str):
                raise ValueError(f"`{name}` must be a tuple of integers. Received: {sizes!r}.")
            object.__setattr__(self, name, tuple(sizes))
        for size in self.upper_latent_dims:
            check_positive_integer(size, "upper_latent_dims")
        if self.upper_latent_dims and (self.batch_norm or len(set(self.hidden_units)) != 1):
            raise ValueError(
                "A model with several stochastic levels has one size of hidden layers and no "
                f"batch normalisation. Received: {self}."
            )
        check_positive_integer(self.latent_dim, "latent_dim")
        for size in self.hidden_units:
            check_positive_integer(size, "hidden_units")
        log_variances = as_range(self.log_variance_range, "log_variance_range")
        object.__setattr__(self, "log_variance_range", log_variances)
        if log_variances is not None and not self.upper_latent_dims:
            raise ValueError(
                f"`log_variance_range` belongs to models with several levels. Received: {self}."
            )
        check_choice(self.likelihood, likelihoods.LIKELIHOODS, "likelihood")
        check_choice(self.prior, priors.PRIORS, "prior")
        if self.scale_recovers and self.likelihood != "discretized_logistic":
            raise ValueError(
                f"`scale_recovers` belongs to 'discretized_logistic'. Received: {self}."
            )
        self._check_prior()

    def _check_prior(self) -> None:
        check_choice(self.pseudo_inputs, PSEUDO_INPUTS, "origin of the pseudo-inputs")
        if self.pseudo_inputs != "noise" and self.prior != "vamp":
            raise ValueError(f"`pseudo_inputs` belongs to the VampPrior only. Received: {self}.")
        if self.prior_components is not None:
            if self.prior in ("standard_normal", "flow"):
                raise ValueError(f"The prior {self.prior!r} has no components. Received: {self}.")
            check_positive_integer(self.prior_components, "prior_components")
        if self.pseudo_inputs != "noise" and self.prior_components is None:
            raise ValueError("Name the number of pseudo-inputs that do not begin as noise.")

    def check_pseudo_inputs(self, train_images: int) -> None:
        """Raises `SpecError` if pseudo-inputs are to be taken from too few images."""
        if self.pseudo_inputs == "data" and (self.prior_components or 0) > train_images:
            raise SpecError(
                f"{self.prior_components} pseudo-inputs cannot be taken from {train_images} "
                "training images."
            )

    @property
    def latent_dims(self) -> tuple[int, ...]:
        """Dimensions of all stochastic levels, from the top down."""
        return (*self.upper_latent_dims, self.latent_dim)

    def make_likelihood(self) -> str | likelihoods.Likelihood:
        """Returns the likelihood, or its name where that says all."""
        if self.grey_levels:
            return likelihoods.Bernoulli(grey_levels=True)
        if self.likelihood == "discretized_logistic":
            return likelihoods.DiscretizedLogistic(self.scale_recovers)
        return self.likelihood

    def make_prior(self, seed: int) -> str | priors.Prior:
        """Returns the prior, or its name where that says all.

        Arguments:
            seed: Integer of the run.
        """
        if self.prior_components is None:
            return self.prior
        seed = random.derive_seed(seed, PRIOR_SEED)
        kwargs: dict[str, Any] = {"seed": seed}
        if self.pseudo_inputs == "grey":
            kwargs["initializer"] = keras.initializers.RandomNormal(**GREY, seed=seed)
        return priors.PRIORS[self.prior](self.prior_components, **kwargs)


@dataclasses.dataclass(frozen=True)
class ObjectiveSpec:
    """What a run maximises.

    Attributes:
        name: `"elbo"`, `"iwae"` or `"renyi"`.
        num_samples: Samples of q per image.
        alpha: Order of the Renyi bound; only for `"renyi"`.
        warm_up_epochs: Epochs over which beta rises from 0 to 1; 0 for none.
        doubly_reparameterized: Whether the encoder's gradient leaves out the posterior's score.
    """

    name: str = "elbo"
    num_samples: int = 1
    alpha: float | None = None
    warm_up_epochs: int = 0
    doubly_reparameterized: bool = False

    @raising(SpecError)
    def __post_init__(self) -> None:
        check_choice(self.name, objectives.OBJECTIVES, "objective")
        if (self.name == "renyi") != (self.alpha is not None):
            raise ValueError(f"`alpha` belongs to 'renyi' only. Received: {self}.")
        if self.doubly_reparameterized and self.name == "elbo":
            raise ValueError(f"The ELBO's KL is in closed form already. Received: {self}.")
        if self.warm_up_epochs != 0:
            check_positive_integer(self.warm_up_epochs, "warm_up_epochs")
        self.make()

    def make(self) -> objectives.Renyi:
        """Returns the objective."""
        arguments: dict[str, Any] = {"num_samples": self.num_samples}
        if self.alpha is not None:
            arguments["alpha"] = self.alpha
        if self.doubly_reparameterized:
            arguments["doubly_reparameterized"] = True
        return objectives.OBJECTIVES[self.name](**arguments)


def _numeric_arguments(name: str) -> list[str]:
    parameters = inspect.signature(optimizers.OPTIMIZERS[name].__init__).parameters
    return [key for key in parameters if key not in ("self", "name", "kwargs")]


@dataclasses.dataclass(frozen=True)
class OptimizerSpec:
    """How a run's weights move.

    Attributes:
        name: One of `optimizers.OPTIMIZERS`.
        arguments: Pairs of name and value for the optimiser's constructor.
        bias_rate: Factor on the learning rate of biases.
        bias_correction: Whether Adam corrects its moments for their start at zero.
        scaled_weight_decay: Whether, without that, weight decay is scaled as the steps are, as it
            was in version 0.2.0; elsewhere it makes no difference.
    """

    name: str = "adam"
    arguments: tuple[tuple[str, float], ...] = (("learning_rate", 1e-3),)
    bias_rate: float = 1.0
    bias_correction: bool = True
    scaled_weight_decay: bool = True

    @raising(SpecError)
    def __post_init__(self) -> None:
        check_choice(self.name, optimizers.OPTIMIZERS, "optimizer")
        pairs = sorted((str(key), float(value)) for key, value in self.arguments)
        object.__setattr__(self, "arguments", tuple(pairs))
        # Making an optimiser to check it would start TensorFlow, after which a process can no
        # longer set its threads.
        for key, value in pairs:
            check_choice(key, _numeric_arguments(self.name), f"argument of {self.name!r}")
            if not 0 <= value < math.inf:
                raise ValueError(f"`{key}` must be finite and not negative. Received: {value}.")
        if not 0 <= self.bias_rate < math.inf:
            raise ValueError(f"`bias_rate` must be finite and not negative. Received: {self}.")
        if not self.bias_correction and self.name != "adam":
            raise ValueError(f"`bias_correction` belongs to 'adam' only. Received: {self}.")
        if not self.scaled_weight_decay and (
            self.bias_correction or not dict(pairs).get("weight_decay")
        ):
            raise ValueError(
                "`scaled_weight_decay` belongs to Adam without its bias correction and with weight "
                f"decay. Received: {self}."
            )

    def make(self) -> keras.optimizers.Optimizer:
        """Returns a new optimiser."""
        return optimizers.make(
            self.name,
            bias_rate=self.bias_rate,
            bias_correction=self.bias_correction,
            scaled_weight_decay=self.scaled_weight_decay,
            **dict(self.arguments),
        )


@dataclasses.dataclass(frozen=True)
class RunSpec:
    """One training run. Its number of epochs is not part of it: a run can be continued.

    `noise` is `"box_muller"`, as in earlier versions, or `"quantiles"`: `keras_vae.random.normal`.

    Raises:
        SpecError: If any part holds an unknown name or an impossible value.
    """

    data: DataSpec = DataSpec()
    model: ModelSpec = ModelSpec()
    objective: ObjectiveSpec = ObjectiveSpec()
    optimizer: OptimizerSpec = OptimizerSpec()
    batch_size: int = 100
    seed: int = 0
    noise: str = "box_muller"

    @raising(SpecError)
    def __post_init__(self) -> None:
        check_positive_integer(self.batch_size, "batch_size")
        check_choice(self.noise, NOISE, "noise")
        random.resolve_seed(self.seed if self.seed is not None else -1)
        if self.objective.doubly_reparameterized and self.model.upper_latent_dims:
            raise ValueError("Doubly reparameterised gradients are available for one level only.")

    @property
    def run_id(self) -> str:
        """Hash of everything that differs from the defaults.

        Leaving defaults out lets a later version add fields without losing stored runs.
        """
        content = {"procedure": self._procedure, "spec": _nested_without_defaults(self)}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def _procedure(self) -> int:
        if self.model.likelihood == "bernoulli":
            return BERNOULLI_PROCEDURE
        learned = self.model.prior != "standard_normal"
        return LEARNED_PRIOR_PROCEDURE if learned else PROCEDURE

    def to_dict(self) -> JsonObject:
        """Returns the whole spec as JSON-compatible values; an infinite one is its name."""
        return _nested_to_dict(self)

    @classmethod
    def from_dict(cls, content: object) -> Self:
        """Rebuilds a spec from what `to_dict` returned, also in an earlier version.

        Arguments:
            content: Dictionary; fields that it lacks are at their default.

        Raises:
            ValueError: If a field is unknown, or the value of one impossible.
        """
        return _nested_from_dict(cls, content)


# The runs of one trial by method, the name that a figure has for it.
Specs = dict[str, RunSpec]


def _nested_to_dict(instance: Any) -> JsonObject:
    """A nested dataclass as JSON-compatible values; an infinite number is its name."""
    return json.loads(json.dumps(dataclasses.asdict(instance)), parse_constant=str)


def _nested_from_dict(kind: type[Kind], content: object) -> Kind:
    """Rebuilds a nested dataclass from what `to_dict` made of it.

    Arguments:
        kind: The dataclass. Its nested ones have one of their kind as default.
        content: Dictionary; fields that it lacks are at their default.

    Returns:
        Instance of `kind`.

    Raises:
        ValueError: If a field is unknown, or the value of one impossible.
    """
    if not isinstance(content, dict):
        raise ValueError(f"Expected the fields of a {kind.__name__}. Received: {content!r}.")
    fields = {field.name: field for field in dataclasses.fields(kind)}
    if unknown := sorted(set(content) - set(fields)):
        raise ValueError(
            f"Unknown fields of a {kind.__name__}: {', '.join(map(repr, unknown))}. A later "
            f"version of keras_vae may have written them. Known fields: {', '.join(fields)}."
        )
    values = {name: _nested_value(fields[name], value) for name, value in content.items()}
    try:
        return kind(**values)
    except TypeError as error:
        raise ValueError(f"Impossible value in a {kind.__name__}: {error}") from error


def _nested_without_defaults(instance: Any) -> JsonObject:
    """A nested dataclass as a dictionary of what differs from its defaults."""
    content = {}
    for field in dataclasses.fields(instance):
        value = getattr(instance, field.name)
        if dataclasses.is_dataclass(value):
            value = _nested_without_defaults(value)
            if value:
                content[field.name] = value
        elif value != field.default:
            content[field.name] = value
    return content


def _nested_value(field: dataclasses.Field[Any], value: Any) -> Any:
    if dataclasses.is_dataclass(field.default) and not isinstance(field.default, type):
        return _nested_from_dict(type(field.default), value)
    return float(value) if value in INFINITIES else value

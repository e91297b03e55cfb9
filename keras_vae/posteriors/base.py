"""What every posterior shares: heads that turn an encoder's features into a distribution."""

import types
from collections.abc import Callable
from typing import Any

import numpy as np

from keras_vae._internal.backend import keras, tf, tfd
from keras_vae._internal.checks import check_seen_by_keras
from keras_vae.networks import dense, draw_weights
from keras_vae.posteriors.sampling import (
    check_reparameterized,
    check_shape,
    is_diagonal_gaussian,
    sample_with_log_prob,
)
from keras_vae.random import derive_seed

# Of heads after the first two, apart from the numbers of a model's other parts.
FURTHER_HEADS = 401
# Items, and codes of each, with which a posterior is tried out.
ITEMS, SAMPLES = 2, 3


class Posterior(keras.layers.Layer):
    """Base of the posteriors q(z|x) of a `keras_vae.VAE`.

    It is a layer from an encoder's features (batch, units) to raw parameters, one dense head each,
    which are the model's, and makes a TFP distribution over codes of them. To add one, name its
    `parameters` and implement `make_distribution`; `parameter_size` where one has another length
    than a code, and `create_weights` where it has weights besides the heads'.

    Samples and their log q(z|x) are made from the model's own Gaussian noise where the
    distribution is a Gaussian or a `tfd.TransformedDistribution` of one, and by TFP otherwise.

    Attributes:
        parameters: Names of the parameters.
        is_diagonal: Whether its distribution is a diagonal Gaussian, for which the KL to another
            divides into latent dimensions.
        latent_dim: Number of latent dimensions, known when weights are created.

    Example:
        @keras.saving.register_keras_serializable("mine")
        class Laplace(keras_vae.posteriors.Posterior):
            parameters = ("loc", "log_scale")

            def make_distribution(self, loc, log_scale):
                return tfd.Independent(tfd.Laplace(loc, tf.exp(log_scale)), 1)
    """

    built: bool
    is_diagonal: bool
    parameters: tuple[str, ...] = ()

    def parameter_size(self, name: str) -> int:
        """Length of a parameter of one item; by default that of a code."""
        return self.latent_dim

    def make_heads(
        self,
        latent_dim: int,
        kernel_initializer: Any,
        seed: int,
        bias_initializer: Any = "zeros",
    ) -> dict[str, keras.layers.Dense]:
        """Makes one dense layer per parameter, which `build_for` builds.

        Arguments:
            latent_dim: Number of latent dimensions.
            kernel_initializer: Keras initialiser of the kernels.
            seed: Integer from which the weights are drawn.
            bias_initializer: Keras initialiser of the biases.

        Returns:
            The layers by the name of their parameter. The posterior itself keeps them out of
            Keras' sight: they are the model's.

        Raises:
            ValueError: If the posterior already belongs to a model.
            TypeError: If it names no parameters.
        """
        if hasattr(self, "_heads"):
            raise ValueError("This posterior belongs to another model. Give each model its own.")
        if not self.parameters:
            raise TypeError(
                f"The posterior {type(self).__name__!r} must name its `parameters`, such as "
                '`parameters = ("loc", "log_scale")`.'
            )
        self.latent_dim = latent_dim
        self._seed = derive_seed(seed, FURTHER_HEADS)
        heads = {}
        for index, name in enumerate(self.parameters):
            purpose = (1 + index,) if index < 2 else (FURTHER_HEADS, index)
            heads[name] = dense(
                self.parameter_size(name),
                kernel_initializer,
                derive_seed(seed, *purpose),
                bias_initializer=bias_initializer,
                name=name,
                dtype=self.dtype_policy,
            )
        self._heads = types.SimpleNamespace(by_name=heads)
        return heads

    def build_for(self, features: int) -> None:
        """Creates all weights, and tries the posterior out.

        Arguments:
            features: Length of what the encoder makes of one item.

        Raises:
            ValueError: If its distribution has the wrong shape, or depends on weights that Keras
                does not train.
            TypeError: If a method that models need is missing.
        """
        for head in self.heads:
            head.build((None, features))
        self.create_weights(self.latent_dim)
        self.built = True
        draw_weights(self, self._seed)
        self._try_out(features)
        # What it built just now is drawn again.
        draw_weights(self, self._seed)

    @property
    def heads(self) -> list[keras.layers.Dense]:
        """The layers that make the parameters, in their order."""
        return list(self._heads.by_name.values())

    def create_weights(self, latent_dim: int) -> None:
        """Creates weights besides the heads'; none by default.

        Those of layers whose initialisers have no seed are drawn from the model's.
        """

    def call(self, features: tf.Tensor) -> tuple[tf.Tensor, ...]:
        return tuple(head(features) for head in self.heads)

    def make_distribution(self, *parameters: tf.Tensor) -> tfd.Distribution:
        """The distribution over codes.

        Arguments:
            parameters: Tensors of shape (batch, size), one per entry of `self.parameters`.

        Returns:
            TFP distribution with batch shape (batch,) and event shape (latent_dim,), through whose
            samples gradients pass, with `log_prob`, `mean` and `stddev`.
        """
        raise TypeError(f"The posterior {type(self).__name__!r} must have `make_distribution`.")

    def _try_out(self, features: int) -> None:
        name = type(self).__name__
        nothing = tf.zeros((ITEMS, features), self.compute_dtype)
        codes, seed = (ITEMS, self.latent_dim), tf.constant([0, 1])
        with tf.GradientTape() as tape:
            made = self.make_distribution(*self(nothing))
            check_shape(made, ITEMS, self.latent_dim, f"`make_distribution` of {name!r}")
            check_reparameterized(made)
            z = _asked(made, "sample", lambda: sample_with_log_prob(made, SAMPLES, seed)[0], codes)
            _asked(made, "log_prob", lambda: made.log_prob(z), codes[:1])
        self.is_diagonal = is_diagonal_gaussian(made)
        for method in ("mean", "stddev"):
            _asked(made, method, getattr(made, method), codes)
        check_seen_by_keras(
            f"posterior {name!r}",
            tape.watched_variables(),
            [*self.variables, *(weight for head in self.heads for weight in head.variables)],
            "Create them in `create_weights`, with `add_weight` or as Keras layers that are the "
            "posterior's attributes.",
        )


def _asked(
    distribution: tfd.Distribution, method: str, ask: Callable[[], Any], shape: tuple[int, ...]
) -> tf.Tensor:
    """What a method returns, if it exists, and has the right shape and finite values."""
    name = type(distribution).__name__
    try:
        value = ask()
    except NotImplementedError as error:
        raise TypeError(
            f"The posterior's distribution {name!r} has no `{method}`. A model asks it for "
            f"`sample`, `log_prob`, `mean` and `stddev`; implement `_{method}` in a subclass. "
            f"{error}"
        ) from error
    wanted = shape if method in ("mean", "stddev") else (SAMPLES, *shape)
    if value.shape != wanted or not np.isfinite(value).all():
        raise ValueError(
            f"`{method}` of the posterior's distribution {name!r} must be finite and of shape "
            f"{wanted}, where the parameters of {ITEMS} items are 0. Received: {value}."
        )
    return value

"""Posteriors that a normalising flow makes of a diagonal Gaussian."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_vae._internal.backend import keras, tf, tfd, tfp
from keras_vae._internal.checks import as_sizes, check_positive_integer
from keras_vae.distributions import GaussianFlow
from keras_vae.networks import MaskedAutoregressiveNetwork
from keras_vae.posteriors.base import Posterior
from keras_vae.posteriors.sampling import diagonal_gaussian
from keras_vae.random import derive_seed, resolve_seed

tfb = tfp.bijectors
# A gate that is nearly open keeps most of z, as the paper advises for the start.
OPEN = 2.0


@keras.saving.register_keras_serializable(package="keras_vae")
class InverseAutoregressiveFlow(Posterior):
    """q(z|x) of codes that steps `z <- g z + (1 - g) m` make of a diagonal Gaussian's.

    The gates g in (0, 1) and the m of each dimension are a masked network's of the dimensions
    before it and of a context, a vector that a head makes of the encoder's features. Each step
    reverses the order. Samples and their log q take one pass; the density of other codes, as a
    VampPrior and doubly reparameterised gradients need it, takes one a dimension and step.

    Arguments:
        num_flows: Number of steps.
        hidden_units: Sizes of the hidden layers of each step's network.
        context_dim: Length of the context.
        activation: Activation of the hidden layers.
        num_mean_samples: Samples of q, pairs of opposite noise that is always the same, that its
            mean and standard deviation are estimated from, as they have no closed form.
        seed: Integer from which the networks are drawn; None draws a fresh one.

    Raises:
        ValueError: If a size is below 1, or `num_mean_samples` is odd.

    Reference: Kingma, Salimans, Jozefowicz, Chen, Sutskever & Welling, "Improved Variational
    Inference with Inverse Autoregressive Flow", 2016, Algorithm 1.
    """

    parameters = ("loc", "log_variance", "context")

    def __init__(
        self,
        num_flows: int = 2,
        hidden_units: int | Sequence[int] = (64,),
        context_dim: int = 32,
        activation: Any = "elu",
        num_mean_samples: int = 64,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        sizes = {"num_flows": num_flows, "context_dim": context_dim}
        for name, size in (*sizes.items(), ("num_mean_samples", num_mean_samples)):
            check_positive_integer(size, name)
        if num_mean_samples % 2:
            raise ValueError(f"`num_mean_samples` must be even. Received: {num_mean_samples}.")
        self.num_flows, self.context_dim = int(num_flows), int(context_dim)
        self.hidden_units = as_sizes(hidden_units, "hidden_units")
        self.activation = keras.activations.get(activation)
        self.num_mean_samples = int(num_mean_samples)
        self.seed = resolve_seed(seed)

    def parameter_size(self, name: str) -> int:
        return self.context_dim if name == "context" else self.latent_dim

    def create_weights(self, latent_dim: int) -> None:
        self.networks = [
            MaskedAutoregressiveNetwork(
                2,
                self.hidden_units,
                activation=self.activation,
                context_dim=self.context_dim,
                seed=derive_seed(self.seed, number),
                name=f"flow_{number}",
                dtype=self.dtype_policy,
            )
            for number in range(self.num_flows)
        ]
        for network in self.networks:
            network.build((None, latent_dim))
        noise = np.random.default_rng(0).normal(size=(self.num_mean_samples // 2, latent_dim))
        self.mean_noise = np.concatenate([noise, -noise]).astype(self.compute_dtype)

    def make_distribution(self, *parameters: tf.Tensor) -> tfd.Distribution:
        loc, log_variance, context = parameters
        reverse = list(range(self.latent_dim))[::-1]
        steps: list[Any] = []
        for network in self.networks:
            steps += [gated_step(network, context), tfb.Permute(reverse)]
        # The last bijector of a chain is the first to act.
        return GaussianFlow(
            diagonal_gaussian(loc, tf.exp(0.5 * log_variance)),
            tfb.Chain(steps[::-1]),
            self.mean_noise,
        )

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_flows": self.num_flows,
            "hidden_units": list(self.hidden_units),
            "context_dim": self.context_dim,
            "activation": keras.activations.serialize(self.activation),
            "num_mean_samples": self.num_mean_samples,
            "seed": self.seed,
        }


def gated_step(network: MaskedAutoregressiveNetwork, context: tf.Tensor) -> Any:
    """The bijector `z <- g z + (1 - g) m`, with m and g made by a network of z and a context."""

    def back(z: tf.Tensor) -> Any:
        mean, gate = tf.unstack(network(z, context), axis=-1)
        keep, change = gate + OPEN, -gate - OPEN
        update = tfb.Shift(tf.sigmoid(change) * mean)(
            tfb.Scale(log_scale=tf.math.log_sigmoid(keep))
        )
        return tfb.Invert(update)

    # TFP's bijector goes from the transformed codes, dimension by dimension, to the first.
    return tfb.Invert(tfb.MaskedAutoregressiveFlow(bijector_fn=back, unroll_loop=True))

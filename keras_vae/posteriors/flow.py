"""Posteriors that a normalising flow makes of a diagonal Gaussian."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from keras_vae._internal.backend import keras, tf, tfd, tfp
from keras_vae._internal.checks import as_sizes, check_positive_integer
from keras_vae.activations import get as get_activation
from keras_vae.activations import serialize as serialize_activation
from keras_vae.distributions import GaussianFlow
from keras_vae.networks import MaskedAutoregressiveNetwork
from keras_vae.posteriors.base import Posterior
from keras_vae.posteriors.sampling import diagonal_gaussian
from keras_vae.random import derive_seed, resolve_seed

tfb: Any = tfp.bijectors
# A gate that is nearly open keeps most of z, as the paper advises for the start.
OPEN = 2.0


@keras.saving.register_keras_serializable(package="keras_vae")
class InverseAutoregressiveFlow(Posterior):
    """q(z|x) of codes that steps `z <- g z + (1 - g) m` make of a diagonal Gaussian's.

    The gates g in (0, 1) and the m of each dimension are a masked network's of the dimensions
    before it and of a context, a vector that a head makes of the encoder's features. Each step
    reverses the order. Samples and their log q take one pass; the density of other codes, as a
    VampPrior and doubly reparameterised gradients need it, takes up to one a dimension and step.

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
        self.activation = get_activation(activation)
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
            steps += [GatedStep(network, context), tfb.Permute(reverse)]
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
            "activation": serialize_activation(self.activation),
            "num_mean_samples": self.num_mean_samples,
            "seed": self.seed,
        }


class GatedStep(tfb.Bijector):
    """The bijector `z <- g z + (1 - g) m`, with m and g made by a network of z and a context.

    Back it solves for z by iteration: each m and g depends only on the dimensions before it, so
    that of D dimensions the first k are exact after k turns; it ends where nothing moves any more,
    and after D turns. Gradients solve the transposed equations in the same way, at the solution,
    and so need neither the turns' intermediate values nor a graph that grows with D.

    Arguments:
        network: Of two outputs, m and the gate's logit less `OPEN`.
        context: Tensor of shape (batch, context_dim).
    """

    def __init__(
        self, network: MaskedAutoregressiveNetwork, context: tf.Tensor, name: str = "GatedStep"
    ) -> None:
        parameters = dict(locals())
        # A TFP module would look for weights in the network, which are Keras'.
        self._gates = lambda z: _mean_and_gate(network(z, context))
        super().__init__(
            forward_min_event_ndims=1, dtype=context.dtype, parameters=parameters, name=name
        )

    @classmethod
    def _parameter_properties(cls, dtype: Any) -> dict[str, Any]:
        return {}

    def _forward(self, z: tf.Tensor) -> tf.Tensor:
        return _update(z, *self._gates(z))

    def _forward_log_det_jacobian(self, z: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(tf.math.log_sigmoid(self._gates(z)[1]), axis=-1)

    def _inverse(self, y: tf.Tensor) -> tf.Tensor:
        target = tf.stop_gradient(y)

        def solved_for(z: tf.Tensor) -> tf.Tensor:
            mean, gate = self._gates(z)
            return (target - tf.sigmoid(-gate) * mean) / tf.sigmoid(gate)

        z = tf.stop_gradient(_settle(solved_for, target))

        @tf.custom_gradient
        def solution(rest: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
            return tf.identity(z), lambda upstream: self._transposed(z, upstream)

        # Nothing but rounding is left; what depends on y, the context and weights is its gradient.
        return solution(y - self._forward(z))

    def _transposed(self, z: tf.Tensor, upstream: tf.Tensor) -> tf.Tensor:
        """Solves `J^T w = upstream`, with J the triangular Jacobian of `_forward` at z."""

        def solved_for(w: tf.Tensor) -> tf.Tensor:
            place = tf.identity(z)
            with tf.GradientTape() as tape:
                tape.watch(place)
                mean, gate = self._gates(place)
                # What z itself is multiplied with is J's diagonal.
                value = _update(z, mean, gate)
            (below,) = tape.gradient(value, [place], output_gradients=w)
            return (upstream - below) / tf.sigmoid(gate)

        return _settle(solved_for, upstream)


def _mean_and_gate(outputs: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    mean, gate = tf.unstack(outputs, axis=-1)
    return mean, gate + OPEN


def _update(z: tf.Tensor, mean: tf.Tensor, gate: tf.Tensor) -> tf.Tensor:
    return tf.sigmoid(gate) * z + tf.sigmoid(-gate) * mean


def _settle(turn: Callable[[tf.Tensor], tf.Tensor], start: tf.Tensor) -> tf.Tensor:
    """Applies a function until nothing changes, or once for each entry of the last axis."""

    def body(value: tf.Tensor, moving: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        following = tf.ensure_shape(turn(value), start.shape)
        return following, tf.reduce_any(following != value)

    moving = tf.constant(True)
    return tf.while_loop(
        lambda _, moving: moving, body, (start, moving), maximum_iterations=start.shape[-1]
    )[0]

"""The posterior of one of several levels, given the data and the levels above it."""

from collections.abc import Sequence
from typing import Any

from keras_vae._internal.backend import keras, tf, tfd
from keras_vae.networks import JointStack, dense, over_rows
from keras_vae.posteriors.sampling import diagonal_gaussian
from keras_vae.random import derive_seed

# Apart from the numbers of the hidden layers, which the same seed leads to.
LOC, LOG_VARIANCE = 101, 102


class ConditionalGaussian(keras.layers.Layer):
    """A diagonal Gaussian whose parameters are a network of several inputs.

    Arguments:
        input_dims: Width of each input.
        latent_dim: Dimensions of the Gaussian.
        hidden_units: Size of the hidden layers.
        joint_layers: Hidden layers after each input's own.
        seed: Integer from which the weights are drawn.
        density_dtype: Type of the Gaussian's parameters.
        **kwargs: `activation`, `gated`, `dtype` and the initialisers of `JointStack`.
    """

    def __init__(
        self,
        input_dims: Sequence[int],
        latent_dim: int,
        hidden_units: int,
        *,
        joint_layers: int,
        seed: int,
        density_dtype: str = "float32",
        **kwargs: Any,
    ) -> None:
        super().__init__(dtype=kwargs.get("dtype"))
        self.hidden = JointStack(
            input_dims, hidden_units, joint_layers=joint_layers, seed=seed, **kwargs
        )
        self.hidden.build()
        initializers = (kwargs["kernel_initializer"], kwargs["bias_initializer"])
        self.loc_head, self.log_variance_head = (
            dense(
                latent_dim,
                initializers[0],
                derive_seed(seed, purpose),
                bias_initializer=initializers[1],
                name=name,
                dtype=density_dtype,
            )
            for name, purpose in (("loc", LOC), ("log_variance", LOG_VARIANCE))
        )
        for head in (self.loc_head, self.log_variance_head):
            head.build((None, hidden_units))
        self.built = True

    def call(self, inputs: Sequence[tf.Tensor]) -> tfd.Distribution:
        """Returns a `diagonal_gaussian` over the inputs' common leading axes."""
        hidden = self.hidden(inputs)
        scale = tf.exp(0.5 * over_rows(self.log_variance_head, hidden))
        return diagonal_gaussian(over_rows(self.loc_head, hidden), scale)

"""Keras' optimisers, and variants from older code: a rate for biases, Adam without correction."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from keras_vae._internal.backend import keras, tf
from keras_vae._internal.checks import check_choice

OPTIMIZERS = {
    "adam": keras.optimizers.Adam,
    "sgd": keras.optimizers.SGD,
    "rmsprop": keras.optimizers.RMSprop,
    "adagrad": keras.optimizers.Adagrad,
}


if TYPE_CHECKING:
    Optimizer: Any = keras.optimizers.Optimizer
else:
    # A mixin: Keras' own class comes after it.
    Optimizer = object


class BiasRate(Optimizer):
    """Mixin that multiplies the learning rate of all variables named `"bias"`.

    Arguments:
        bias_rate: The factor.
        **kwargs: Arguments of the Keras optimiser.
    """

    def __init__(self, *, bias_rate: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bias_rate = bias_rate

    def build(self, variables: Sequence[keras.Variable]) -> None:
        super().build(variables)
        self._is_bias = [variable.name == "bias" for variable in variables]

    def update_step(
        self, gradient: tf.Tensor, variable: keras.Variable, learning_rate: tf.Tensor
    ) -> None:
        if self._is_bias[self._get_variable_index(variable)]:
            learning_rate = learning_rate * self.bias_rate
        super().update_step(gradient, variable, learning_rate)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "bias_rate": self.bias_rate}


def _with_bias_rate(optimizer: type) -> type:
    name = f"{optimizer.__name__}WithBiasRate"
    made = type(name, (BiasRate, optimizer), {"__module__": __name__})
    return keras.saving.register_keras_serializable(package="keras_vae")(made)


@keras.saving.register_keras_serializable(package="keras_vae")
class UncorrectedAdamRate(keras.optimizers.schedules.LearningRateSchedule):
    """A schedule that undoes Adam's bias correction.

    Adam divides its moments by 1 - beta^t, since they start at zero (Kingma & Ba 2015,
    Section 3). At step t this schedule is `rate (1 - beta_1^t) / sqrt(1 - beta_2^t)`, which cancels
    that: at the usual betas the first step is 3.2 times as long, the twelfth 6.6 times, and the
    thousandth 1.3 times. As an optimiser's learning rate it scales weight decay too;
    `UncorrectedAdam` does not.

    Arguments:
        rate: Learning rate of the uncorrected algorithm.
        beta_1: Adam's decay of the first moment.
        beta_2: Adam's decay of the second moment.
    """

    def __init__(self, rate: float = 1e-3, beta_1: float = 0.9, beta_2: float = 0.999) -> None:
        self.rate, self.beta_1, self.beta_2 = rate, beta_1, beta_2

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        step = tf.cast(step, tf.float32) + 1.0
        # 1 - beta^t loses its digits in float32 where beta is near 1 and t is small.
        first, second = (
            -tf.math.expm1(step * math.log(beta)) if beta > 0 else 1.0
            for beta in (self.beta_1, self.beta_2)
        )
        return self.rate * first / tf.sqrt(second)

    def get_config(self) -> dict[str, Any]:
        return {"rate": self.rate, "beta_1": self.beta_1, "beta_2": self.beta_2}


@keras.saving.register_keras_serializable(package="keras_vae")
class UncorrectedAdam(keras.optimizers.Adam):
    """Adam whose moments are not divided by 1 - beta^t, for their start at zero.

    Weight decay goes on at the learning rate, as in Adam.
    """

    def update_step(
        self, gradient: tf.Tensor, variable: keras.Variable, learning_rate: tf.Tensor
    ) -> None:
        schedule = UncorrectedAdamRate(learning_rate, self.beta_1, self.beta_2)
        super().update_step(gradient, variable, schedule(self.iterations))


WITH_BIAS_RATE = {kind: _with_bias_rate(kind) for kind in (*OPTIMIZERS.values(), UncorrectedAdam)}


def make(
    name: str,
    *,
    bias_rate: float = 1.0,
    bias_correction: bool = True,
    scaled_weight_decay: bool = False,
    **kwargs: Any,
) -> keras.optimizers.Optimizer:
    """Returns a new optimiser.

    Arguments:
        name: One of `OPTIMIZERS`.
        bias_rate: Factor on the learning rate of biases; 1 returns Keras' own optimiser.
        bias_correction: Whether Adam corrects its moments for their start at zero.
        scaled_weight_decay: Whether, without that, weight decay is scaled as the steps are, which
            is how version 0.2.0 had it.
        **kwargs: Arguments of the Keras optimiser.

    Raises:
        ValueError: If the name is unknown, a number negative or not finite, or another optimiser
            than Adam is to leave out its bias correction.
    """
    check_choice(name, OPTIMIZERS, "optimizer")
    for key, value in {"bias_rate": bias_rate, **kwargs}.items():
        if isinstance(value, int | float) and not 0 <= value < math.inf:
            raise ValueError(f"`{key}` must be finite and not negative. Received: {value}.")
    kind = OPTIMIZERS[name]
    if not bias_correction:
        if name != "adam":
            raise ValueError(f"Only 'adam' has a bias correction to leave out. Received: {name!r}.")
        if scaled_weight_decay:
            betas = {key: kwargs[key] for key in ("beta_1", "beta_2") if key in kwargs}
            rate = kwargs.get("learning_rate", 1e-3)
            kwargs["learning_rate"] = UncorrectedAdamRate(rate, **betas)
        else:
            kind = UncorrectedAdam
    if bias_rate == 1:
        return kind(**kwargs)
    return WITH_BIAS_RATE[kind](bias_rate=bias_rate, **kwargs)

"""Bounds on log p(x) as functions of log-weights.

All of them are one family. With `log w_k = log p(x|z_k) + log p(z_k) - log q(z_k|x)` for
samples `z_k` of q, the variational Renyi bound of order alpha is

    L_alpha = 1 / (1 - alpha) * log( 1/K sum_k exp((1 - alpha) log w_k) ).

alpha -> 1 is the ELBO, alpha = 0 the importance-weighted bound, alpha -> -inf VR-max.
"""

import dataclasses
import math
import numbers
from typing import Any, Self

from keras_vae._internal.backend import keras, tf, tfd
from keras_vae._internal.checks import check_positive_integer, get_part
from keras_vae.posteriors import is_diagonal_gaussian

# With as many samples, `log1p` of the excess loses less than two digits.
MANY_SAMPLES = 20


@dataclasses.dataclass(frozen=True)
class LogTerms:
    """Log-densities at samples of the posterior, in nats.

    Attributes:
        log_likelihood: log p(x|z_k), shape (samples, batch).
        log_prior: log p(z_k), shape (samples, batch).
        log_posterior: log q(z_k|x), shape (samples, batch).
        analytic_kl: KL(q(z|x) || p(z)), shape (batch,), or None where no closed form is known.
        z: The samples z_k, shape (samples, batch, latent_dim); a tuple of one a level where the
            model has several.
        posterior: q(z|x), with batch shape (batch,); None where there are several levels.
        prior: p(z), with batch shape (); None where there are several levels.
    """

    log_likelihood: tf.Tensor
    log_prior: tf.Tensor
    log_posterior: tf.Tensor
    analytic_kl: tf.Tensor | None
    z: Any = None
    posterior: Any = None
    prior: Any = None

    @property
    def kl_per_dimension(self) -> tf.Tensor:
        """KL(q || p) of each latent dimension, shape (batch, latent_dim).

        Raises:
            ValueError: If the posterior or the prior is no diagonal Gaussian.
        """
        if not all(is_diagonal_gaussian(one) for one in (self.posterior, self.prior)):
            raise ValueError("The KL divides into dimensions for diagonal Gaussians only.")
        normals = (tfd.Normal(one.mean(), one.stddev()) for one in (self.posterior, self.prior))
        return tfd.kl_divergence(*normals)

    @property
    def kl(self) -> tf.Tensor:
        """KL(q || p), in closed form where there is one, else sampled; shape (batch,)."""
        if self.analytic_kl is not None:
            return self.analytic_kl
        return tf.reduce_mean(self.log_posterior - self.log_prior, axis=0)

    def log_weights(self, beta: float | tf.Tensor = 1.0, analytic_kl: bool = False) -> tf.Tensor:
        """`log p(x|z_k) + beta (log p(z_k) - log q(z_k|x))`, shape (samples, batch)."""
        if analytic_kl and self.analytic_kl is not None:
            return self.log_likelihood - beta * self.analytic_kl
        return self.log_likelihood + beta * (self.log_prior - self.log_posterior)


def renyi_bound(log_weights: tf.Tensor, alpha: float) -> tf.Tensor:
    """The variational Renyi bound of order alpha.

    Computed as `m + log1p(mean_k expm1(t (log w_k - m))) / t` with `t = 1 - alpha` and `m`
    the log-weight for which `t log w` is largest. No exponent is positive, so nothing
    overflows, and no digits are lost as alpha -> 1. Where the mean is below -1/2, as it can be
    with many samples, `m + log(mean_k exp(t (log w_k - m))) / t` keeps the digits instead.

    Arguments:
        log_weights: Tensor of shape (samples, ...), in nats; -inf stands for a weight of 0.
        alpha: Order: a finite number or -inf.

    Returns:
        Tensor of shape (...), in nats.

    Reference: Li & Turner, "Renyi Divergence Variational Inference", 2016, equation 14.
    """
    log_weights = tf.convert_to_tensor(log_weights)
    if alpha == -math.inf:
        return tf.reduce_max(log_weights, axis=0)
    if alpha == 1:
        return tf.reduce_mean(log_weights, axis=0)
    t = tf.constant(1.0 - alpha, log_weights.dtype)
    extreme = tf.reduce_max if alpha < 1 else tf.reduce_min
    # The bound's derivative with respect to the reference is zero, whichever sample it is.
    reference = tf.stop_gradient(extreme(log_weights, axis=0))
    # An infinite one would leave inf - inf.
    reference = tf.where(tf.math.is_finite(reference), reference, 0.0)
    exponents = t * (log_weights - reference)
    excess = tf.reduce_mean(tf.math.expm1(exponents), axis=0)
    samples = log_weights.shape[0]
    if samples is not None and samples <= MANY_SAMPLES:
        return reference + tf.math.log1p(excess) / t
    log_mean = tf.where(
        excess < -0.5,
        tf.math.log(tf.reduce_mean(tf.exp(exponents), axis=0)),
        tf.math.log1p(tf.maximum(excess, -0.5)),
    )
    return reference + log_mean / t


class Objective:
    """Base of the training objectives; to add one, implement `bound`, or `bound_of`.

    One with an encoder gradient of its own sets `doubly_reparameterized` and implements
    `path_factor` too.

    Arguments:
        num_samples: Number of samples of q per image.

    Attributes:
        analytic_kl: Whether the model should replace each sampled `log p(z) - log q(z|x)`
            by its mean, the negative KL divergence.
        doubly_reparameterized: Whether the encoder's gradient should run along the samples' paths
            `z = mu + sigma epsilon` only, without the score `d log q(z|x)` at a fixed z, and be
            multiplied there by `path_factor`.
    """

    analytic_kl = False
    doubly_reparameterized = False

    def __init__(self, num_samples: int) -> None:
        check_positive_integer(num_samples, "num_samples")
        self.num_samples = int(num_samples)

    def bound(self, log_weights: tf.Tensor) -> tf.Tensor:
        """The bound on log p(x).

        Arguments:
            log_weights: Tensor of shape (samples, batch), in nats.

        Returns:
            Tensor of shape (batch,), in nats.
        """
        raise NotImplementedError

    def bound_of(self, terms: LogTerms, beta: float | tf.Tensor = 1.0) -> tf.Tensor:
        """What training maximises: by default `bound` of the log-weights at some beta.

        An objective that needs more than them, such as the codes, implements this.

        Arguments:
            terms: `LogTerms` of a batch.
            beta: Weight of the prior and posterior terms, as `keras_vae.callbacks.WarmUp` sets it.

        Returns:
            Tensor of shape (batch,), in nats.

        Example, a penalty on codes far from the origin:
            @keras.saving.register_keras_serializable("mine")
            class Tight(keras_vae.objectives.ELBO):
                def bound_of(self, terms, beta=1.0):
                    penalty = tf.reduce_sum(tf.square(terms.z), axis=-1)
                    return super().bound_of(terms, beta) - tf.reduce_mean(penalty, axis=0)
        """
        return self.bound(terms.log_weights(beta, self.analytic_kl))

    def reported_bound(self, terms: LogTerms) -> tf.Tensor:
        """What the metric `bound` is the mean of: `bound` at beta = 1, where there is one."""
        if type(self).bound is Objective.bound:
            return self.bound_of(terms, 1.0)
        return self.bound(terms.log_weights(1.0, self.analytic_kl))

    def path_factor(self, log_weights: tf.Tensor, beta: float | tf.Tensor = 1.0) -> tf.Tensor:
        """What the encoder's gradient along each sample's path is multiplied by.

        Asked for only if `doubly_reparameterized`; 1 is the plain gradient without the score.

        Arguments:
            log_weights: Tensor of shape (samples, batch), in nats.
            beta: Weight of the prior and posterior terms in them.

        Returns:
            Tensor of shape (samples, batch), through which no gradient passes.

        Example, the ELBO without the posterior's score (Roeder et al. 2017):
            @keras.saving.register_keras_serializable("mine")
            class WithoutScore(keras_vae.objectives.Objective):
                doubly_reparameterized = True

                def bound(self, log_weights):
                    return tf.reduce_mean(log_weights, axis=0)

                def path_factor(self, log_weights, beta=1.0):
                    return tf.ones_like(log_weights)
        """
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        return {"num_samples": self.num_samples}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        return cls(**config)


@keras.saving.register_keras_serializable(package="keras_vae")
class Renyi(Objective):
    """The variational Renyi bound (Li & Turner 2016).

    Arguments:
        alpha: Order, a finite number or -inf (VR-max). Below 0 the bound over-estimates
            log p(x) as the number of samples grows.
        num_samples: Number of samples of q per image.
        doubly_reparameterized: Whether the encoder's gradient leaves out the posterior's score,
            which keeps its mean. For alpha from 0 to 1 and a prior that is not made from the
            encoder it lowers the noise (Tucker et al. 2019). Under a VampPrior the encoder's
            gradient also runs through the prior, and the noise may rise.

    Raises:
        ValueError: If alpha is NaN or +inf, num_samples < 1, or doubly reparameterised gradients
            are asked of VR-max, which has none.
    """

    def __init__(
        self, alpha: float = 0.5, num_samples: int = 10, doubly_reparameterized: bool = False
    ) -> None:
        super().__init__(num_samples)
        given: object = alpha
        if isinstance(given, bool) or not isinstance(given, numbers.Real):
            raise TypeError(f"`alpha` must be a number. Received: {alpha!r}.")
        if math.isnan(alpha) or alpha == math.inf:
            raise ValueError(f"`alpha` must be finite or -inf. Received: {alpha}.")
        self.alpha = float(alpha)
        self.doubly_reparameterized = bool(doubly_reparameterized)
        if self.doubly_reparameterized and alpha == -math.inf:
            raise ValueError(
                "Doubly reparameterised gradients need a finite `alpha`: the largest weight is not "
                "a smooth function of the samples. Received: -inf."
            )

    def bound(self, log_weights: tf.Tensor) -> tf.Tensor:
        return renyi_bound(log_weights, self.alpha)

    def path_factor(self, log_weights: tf.Tensor, beta: float | tf.Tensor = 1.0) -> tf.Tensor:
        """`1 - beta (1 - alpha) (1 - v_k)`, with weights `v_k` proportional to `w_k^(1 - alpha)`.

        The score has mean zero for the ELBO and a noisy mean for other bounds. Reparameterising it
        a second time turns it into a multiple of the gradient along the path, and leaves

            sum_k (1 - beta (1 - alpha) (1 - v_k)) v_k  d log w_k / d z_k  d z_k / d parameters.

        For alpha = 0 and beta = 1 the coefficient is `v_k^2`.

        Reference: Tucker, Lawson, Gu & Maddison, "Doubly Reparameterized Gradient Estimators for
        Monte Carlo Objectives", 2019, equation 8; for alpha = 1, Roeder, Wu & Duvenaud, "Sticking
        the Landing", 2017.
        """
        order = tf.cast(1.0 - self.alpha, log_weights.dtype)
        normalized = tf.nn.softmax(order * log_weights, axis=0)
        return tf.stop_gradient(1.0 - beta * order * (1.0 - normalized))

    def get_config(self) -> dict[str, Any]:
        return {
            "alpha": self.alpha,
            **super().get_config(),
            "doubly_reparameterized": self.doubly_reparameterized,
        }


@keras.saving.register_keras_serializable(package="keras_vae")
class IWAE(Renyi):
    """The importance-weighted bound `log 1/K sum_k w_k`: the Renyi bound at alpha = 0.

    Burda, Grosse & Salakhutdinov, "Importance Weighted Autoencoders", 2015, equation 8.

    Arguments:
        num_samples: Number of samples K of q per image.
        doubly_reparameterized: As in `Renyi`.
    """

    def __init__(self, num_samples: int = 5, doubly_reparameterized: bool = False) -> None:
        super().__init__(0.0, num_samples, doubly_reparameterized)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["alpha"]
        return config


@keras.saving.register_keras_serializable(package="keras_vae")
class ELBO(Renyi):
    """The evidence lower bound `mean_k log w_k`: the Renyi bound at alpha = 1.

    Kingma & Welling, "Auto-Encoding Variational Bayes", 2013, equations 2 and 3.

    Arguments:
        num_samples: Number of samples of q per image.
        analytic_kl: Whether to use the closed form of KL(q || p) where TFP knows one
            (otherwise the sampled one is used).
        beta: Weight of the KL divergence (Higgins et al., "beta-VAE", 2017). With
            `keras_vae.callbacks.WarmUp` the two are multiplied. The bound that is reported is
            without it.
        free_bits: Nats of KL, of each latent dimension and on average over the batch, that cost
            nothing (Kingma et al., "Improved Variational Inference with Inverse Autoregressive
            Flow", 2016, equation 15); for diagonal Gaussian posteriors and priors.

    Raises:
        ValueError: If `beta` or `free_bits` is negative or not finite.
    """

    def __init__(
        self,
        num_samples: int = 1,
        analytic_kl: bool = True,
        beta: float = 1.0,
        free_bits: float = 0.0,
    ) -> None:
        super().__init__(alpha=1.0, num_samples=num_samples)
        for name, value in (("beta", beta), ("free_bits", free_bits)):
            if not 0 <= value < math.inf:
                raise ValueError(f"`{name}` must be at least 0 and finite. Received: {value}.")
        self.analytic_kl = bool(analytic_kl)
        self.beta, self.free_bits = float(beta), float(free_bits)

    def bound_of(self, terms: LogTerms, beta: float | tf.Tensor = 1.0) -> tf.Tensor:
        if self.beta != 1.0:
            beta = self.beta * beta
        if not self.free_bits:
            return super().bound_of(terms, beta)
        kl = tf.reduce_mean(terms.kl_per_dimension, axis=0)
        cost = tf.reduce_sum(tf.maximum(kl, self.free_bits))
        return tf.reduce_mean(terms.log_likelihood, axis=0) - beta * cost

    def get_config(self) -> dict[str, Any]:
        return {
            "num_samples": self.num_samples,
            "analytic_kl": self.analytic_kl,
            "beta": self.beta,
            "free_bits": self.free_bits,
        }


OBJECTIVES = {"elbo": ELBO, "iwae": IWAE, "renyi": Renyi}


def get(identifier: Any) -> Objective:
    """Returns an objective from a name, a class, a config, an instance or None (the ELBO)."""
    return get_part(identifier, OBJECTIVES, Objective, "objective")

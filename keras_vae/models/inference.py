"""What a model is asked: codes, densities, samples, reconstructions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from keras_vae import random
from keras_vae._internal.backend import tf, tfd
from keras_vae._internal.checks import check_data_shape, check_finite, check_positive_integer
from keras_vae.models import compiled

if TYPE_CHECKING:
    from keras_vae import likelihoods, objectives

Data: TypeAlias = tf.Tensor | np.ndarray
# A tensor of shape (..., latent_dim), or a tuple of one a level, from the top down.
Codes: TypeAlias = tf.Tensor | tuple[tf.Tensor, ...]


class Inference:
    """Mixin of the models' methods that train nothing.

    It needs `likelihood`, `latent_dims`, `event_shape`, `seed`, `encode`, `decode`, `sample_prior`
    and `log_terms` of the model.
    """

    likelihood: likelihoods.Likelihood
    latent_dims: tuple[int, ...]
    event_shape: tuple[int, ...]
    seed: int
    density_dtype: str
    encode: Callable[..., Any]
    decode: Callable[..., Any]
    sample_prior: Callable[..., Codes]
    log_terms: Callable[..., objectives.LogTerms]
    __call__: Callable[..., tf.Tensor]

    def log_weights(self, x: Data, num_samples: int, seed: int | None = None) -> tf.Tensor:
        """Log importance weights `log p(x, z_k) - log q(z_k|x)`.

        Arguments:
            x: Array of shape (batch, *event_shape).
            num_samples: Number of samples of q for each item.
            seed: Integer; None uses the model's own, so that calls repeat.

        Returns:
            Tensor of shape (num_samples, batch), in nats.

        Raises:
            ValueError: If the data have the wrong shape or no density.
        """
        check_positive_integer(num_samples, "num_samples")
        self.check_data(x)
        noise = self._evaluation_stream(seed)
        return self.log_terms(x, num_samples, noise, training=False).log_weights()

    def log_likelihood(
        self,
        x: Data,
        num_samples: int = 5000,
        seed: int | None = None,
        *,
        memory_budget: int | None = None,
        return_effective_sample_size: bool = False,
        verbose: int = 0,
    ) -> Any:
        """Importance-sampled log p(x): the importance-weighted bound with many samples.

        Warns if 100 samples or more are worth fewer than 10 for over a tenth of the items.

        Arguments:
            x: Array of shape (batch, *event_shape).
            num_samples: Number of samples of q for each item, decoded in chunks that fit in memory.
            seed: Integer; None uses the model's own, so that calls repeat.
            memory_budget: Bytes that the items decoded at a time may take; None for 128 MiB.
                Estimates do not depend on it, but for rounding, if the posterior is Gaussian.
            return_effective_sample_size: Whether to return `(sum w)^2 / sum w^2` as well: how
                many equally weighted samples those of an item are worth.
            verbose: 1 shows a progress bar, 0 none.

        Returns:
            NumPy array of shape (batch,), in nats; or a tuple of it and the effective sample
            sizes, of the same shape, if asked for.

        Raises:
            ValueError: If the data have the wrong shape or no density, or num_samples or
                memory_budget is below 1.

        Reference: Burda et al. 2015, Section 5.
        """
        check_positive_integer(num_samples, "num_samples")
        budget = compiled.MEMORY_BUDGET if memory_budget is None else memory_budget
        check_positive_integer(budget, "memory_budget")
        self.check_data(x)
        noise, x = self._evaluation_stream(seed), np.asarray(x, self.density_dtype)
        estimates, effective = compiled.log_likelihood(self, x, num_samples, noise, budget, verbose)
        compiled.warn_of_few_effective_samples(effective, num_samples)
        return (estimates, effective) if return_effective_sample_size else estimates

    def sample(self, n: int, seed: int | None = None) -> tf.Tensor:
        """Draws data from the model.

        Arguments:
            n: Number of items.
            seed: Integer; None draws fresh ones at each call.

        Returns:
            Tensor of shape (n, *event_shape): the means of p(x|z) for z drawn from the prior.
        """
        check_positive_integer(n, "n")
        noise = random.stream(random.resolve_seed(seed), random.GENERATION)
        return self.likelihood.expected(self.decode(self.sample_prior(n, noise)))

    def reconstruct(self, x: Data, batch_size: int | None = None) -> tf.Tensor:
        """Decodes the posterior's mean.

        Arguments:
            x: Array of shape (batch, *event_shape).
            batch_size: Items that pass through the networks at a time; None for all.

        Returns:
            Tensor of shape (batch, *event_shape): the mean of p(x|z) at the mean of q(z|x).

        Raises:
            ValueError: If the data have the wrong shape or values, or `batch_size` is below 1.
        """
        self.check_inputs(x)
        return self._in_batches(lambda part: self(part, training=False), x, batch_size)

    def posterior_means(self, x: Data, batch_size: int | None = None) -> tf.Tensor:
        """The means of q(z|x) as one matrix, for measures of single latent dimensions.

        With several levels they stand side by side, from the top down: each level's mean given the
        means above it. A mean over samples of those would add their noise to a measure of activity.

        Arguments:
            x: Array of shape (batch, *event_shape).
            batch_size: Items that pass through the networks at a time; None for all.

        Returns:
            Tensor of shape (batch, sum of latent_dims).

        Raises:
            ValueError: If the data have the wrong shape or values, or `batch_size` is below 1.
        """
        return self.posterior_parameters(x, batch_size)[0]

    def posterior_parameters(
        self, x: Data, batch_size: int | None = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Means and standard deviations of q(z|x) as two matrices.

        Arguments:
            x: Array of shape (batch, *event_shape).
            batch_size: Items that pass through the networks at a time; None for all.

        Returns:
            Two tensors of shape (batch, sum of latent_dims), several levels as in
            `posterior_means`.

        Raises:
            ValueError: If the data have the wrong shape or values, or `batch_size` is below 1.
        """
        posterior = self.encode(x, batch_size=batch_size)
        return posterior.mean(), posterior.stddev()

    def split_levels(self, codes: tf.Tensor) -> Codes:
        """Codes as `decode` takes them, from a matrix with the levels side by side.

        Arguments:
            codes: Tensor of shape (..., sum of latent_dims), from the top level down.

        Returns:
            The tensor itself; a tuple of one a level where the model has several.
        """
        return codes

    def check_data(self, x: Any) -> None:
        """Raises `ValueError` unless `x` is data that this model can be trained on.

        What a function that is being traced is given, which has no values yet, passes.
        """
        for values in self._values(x):
            self.likelihood.check_support(values)

    def check_inputs(self, x: Any) -> None:
        """Raises `ValueError` unless `x` is data that this model can encode."""
        for values in self._values(x):
            self.likelihood.check_inputs(values)

    def _values(self, x: Any) -> Iterator[np.ndarray]:
        """The numbers of `x` as an array of the right shape, where there are any."""
        if isinstance(x, (list, tuple)):
            x = np.asarray(x)
        check_data_shape(x.shape, self.event_shape)
        # A weight, such as pseudo-inputs, is no tensor; a traced one has no values.
        if isinstance(x, np.ndarray) or (isinstance(x, tf.Tensor) and tf.executing_eagerly()):
            values = np.asarray(x)
            check_finite(values)
            yield values

    def _in_batches(self, function: Callable[[Data], Any], x: Data, batch_size: int | None) -> Any:
        """Tensors that a function makes of data, all at once or `batch_size` at a time."""
        if batch_size is None:
            return function(x)
        check_positive_integer(batch_size, "batch_size")
        check_data_shape(np.shape(x), self.event_shape)
        starts = range(0, max(len(x), 1), batch_size)
        parts = [function(x[start : start + batch_size]) for start in starts]
        return tf.nest.map_structure(lambda *values: tf.concat(values, axis=0), *parts)

    def _evaluation_stream(self, seed: int | None) -> tf.Tensor:
        return random.stream(
            self.seed if seed is None else random.resolve_seed(seed), random.EVALUATION_NOISE
        )

    def _as_data(self, x: Data) -> tf.Tensor:
        """`x` as a tensor of the densities' type and the right shape."""
        x = tf.cast(tf.convert_to_tensor(x), self.density_dtype)
        check_data_shape(x.shape, self.event_shape)
        return x


def log_prob(distribution: tfd.Distribution, value: tf.Tensor) -> tf.Tensor:
    """The log-density of a value that may be of another type than the distribution."""
    return distribution.log_prob(tf.cast(value, distribution.dtype))

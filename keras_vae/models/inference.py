"""What a model is asked: codes, densities, samples, reconstructions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_vae import random
from keras_vae._internal.backend import tf, tfd
from keras_vae._internal.checks import check_positive_integer
from keras_vae.models import importance, missing
from keras_vae.models.inputs import Codes, Data, given, in_parts, like, side_by_side
from keras_vae.models.missing import MissingValues

if TYPE_CHECKING:
    from keras_vae import objectives


class Inference(MissingValues):
    """Mixin of the models' methods that train nothing.

    It needs `likelihood`, `latent_dims`, `event_shape`, `seed`, `encode`, `decode`, `sample_prior`
    and `log_terms` of the model.
    """

    latent_dims: tuple[int, ...]
    seed: int
    encode: Callable[..., Any]
    decode: Callable[..., Any]
    sample_prior: Callable[..., Codes]
    log_terms: Callable[..., objectives.LogTerms]
    __call__: Callable[..., tf.Tensor]

    def log_weights(
        self,
        x: Data,
        num_samples: int,
        seed: int | None = None,
        batch_size: int | None = None,
        *,
        condition: Data | None = None,
    ) -> Data:
        """Log importance weights `log p(x, z_k) - log q(z_k|x)`.

        Arguments:
            x: Array of shape (batch, *event_shape).
            num_samples: Number of samples of q for each item.
            seed: Integer; None uses the model's own, so that calls repeat.
            batch_size: Items that pass through the networks at a time; None for all. Other parts
                draw other noise.
            condition: Conditions of the items, shape (batch, *condition_shape), in a model that has
                them, whose densities are all given them; None in others. The same elsewhere.

        Returns:
            Array of shape (num_samples, batch), in nats; a tensor where `x` is one.

        Raises:
            ValueError: If the data have the wrong shape or no density.
        """
        check_positive_integer(num_samples, "num_samples")
        self.check_data(x, condition)
        noise, start = self._evaluation_stream(seed), 0
        parts = []
        for part, conditions in in_parts(x, batch_size, condition):
            stream = noise
            if start:
                stream = tf.random.experimental.stateless_fold_in(noise, start, alg="philox")
            terms = self.log_terms(part, num_samples, stream, training=False, **given(conditions))
            parts.append(terms.log_weights())
            start += len(part)
        return like(x, parts[0] if len(parts) == 1 else tf.concat(parts, axis=1))

    def log_likelihood(
        self,
        x: Data,
        num_samples: int = 5000,
        seed: int | None = None,
        *,
        condition: Data | None = None,
        mask: Data | None = None,
        batch_size: int | None = None,
        memory_budget: int | None = None,
        return_effective_sample_size: bool = False,
        verbose: int = 0,
    ) -> Any:
        """Importance-sampled log p(x): the importance-weighted bound with many samples.

        Warns if 100 samples or more are worth fewer than 10 for over a tenth of the items.

        With a mask it is log p of the values that are there. For items with missing values, nine
        samples in ten come from a Gaussian fitted to the codes of Markov chains, which draw codes
        and missing values in turn, and one in ten from the prior. The chains take 60 steps of 20
        copies of the item, and 300 or 1,260 where they mix slowly.

        Arguments:
            x: Array of shape (batch, *event_shape).
            num_samples: Number of samples of q for each item, decoded in chunks that fit in memory.
            seed: Integer; None uses the model's own, so that calls repeat.
            condition: As in `log_weights`.
            mask: Boolean array of the same shape, true where a value is missing; there `x` may be
                anything, NaN too.
            batch_size: Items decoded at a time, at most; None leaves it to the budget.
            memory_budget: Bytes that the items decoded at a time may take; None for 128 MiB.
                Estimates do not depend on it, but for rounding, if the posterior is Gaussian
                and nothing is missing.
            return_effective_sample_size: Whether to return `(sum w)^2 / sum w^2` as well: how
                many equally weighted samples those of an item are worth.
            verbose: 1 shows a progress bar, 0 none.

        Returns:
            NumPy array of shape (batch,), in nats; or a tuple of it and the effective sample
            sizes, of the same shape, if asked for.

        Raises:
            ValueError: If the data have the wrong shape or no density, the mask or the conditions
                another shape, or num_samples, batch_size or memory_budget is below 1.
            TypeError: If the likelihood's values depend on each other, and there is a mask.

        References: Burda et al. 2015, Section 5; Rezende et al. 2014, Appendix F, for the chains;
            Owen & Zhou 2000, for the samples of two kinds.
        """
        check_positive_integer(num_samples, "num_samples")
        budget = importance.MEMORY_BUDGET if memory_budget is None else memory_budget
        check_positive_integer(budget, "memory_budget")
        if batch_size is not None:
            check_positive_integer(batch_size, "batch_size")
            item = math.prod(self.event_shape) * importance.BYTES_PER_PIXEL
            budget = min(budget, batch_size * item)
        if mask is None:
            self.check_data(x, condition)
        else:
            mask = self._check_mask(x, mask)
            self.check_condition(condition, len(mask))
        x = np.asarray(x, self.density_dtype)
        condition = None if condition is None else np.asarray(condition, self.density_dtype)
        noise = self._evaluation_stream(seed)
        sampled = [num_samples, noise, budget, verbose]
        if mask is None:
            found = importance.log_likelihood(self, x, *sampled, **given(condition))
        else:
            found = missing.log_likelihood(self, x, mask, condition, *sampled)
        estimates, effective = found
        importance.warn_of_few_effective_samples(effective, num_samples)
        return (estimates, effective) if return_effective_sample_size else estimates

    def score_samples(
        self, x: Data, num_samples: int = 500, *, mask: Data | None = None, **kwargs: Any
    ) -> np.ndarray:
        """How well the model explains each item: its log-likelihood, low for anomalies.

        Arguments:
            x: Array of shape (batch, *event_shape).
            num_samples: Number of samples of q for each item.
            mask: As in `log_likelihood`.
            **kwargs: Further arguments of `log_likelihood`.

        Returns:
            NumPy array of shape (batch,), in nats.

        Raises:
            ValueError: As in `log_likelihood`.

        Example:
            scores = model.score_samples(x_test)
            suspicious = np.argsort(scores)[:10]
        """
        return self.log_likelihood(x, num_samples, mask=mask, **kwargs)

    def sample(
        self,
        n: int,
        seed: int | None = None,
        batch_size: int | None = None,
        *,
        condition: Data | None = None,
    ) -> tf.Tensor:
        """Draws data from the model.

        Arguments:
            n: Number of items.
            seed: Integer; None draws fresh ones at each call.
            batch_size: Codes that are decoded at a time; None for all.
            condition: Conditions of the items, shape (n, *condition_shape), or one for all of them,
                shape (*condition_shape), if the model has conditions.

        Returns:
            Tensor of shape (n, *event_shape): the means of p(x|z) for z drawn from the prior.
        """
        check_positive_integer(n, "n")
        condition = self._conditions_of(condition, n)
        noise = random.stream(random.resolve_seed(seed), random.GENERATION)
        codes = self.sample_prior(n, noise)
        if batch_size is not None:
            check_positive_integer(batch_size, "batch_size")
        decoded = []
        for start in range(0, n, batch_size or n):
            part = slice(start, start + (batch_size or n))
            z = tf.nest.map_structure(lambda level: level[part], codes)  # noqa: B023
            options = given(None if condition is None else condition[part])
            decoded.append(self.likelihood.expected(self.decode(z, **options)))
        return decoded[0] if len(decoded) == 1 else tf.concat(decoded, axis=0)

    def reconstruct(
        self, x: Data, batch_size: int | None = None, *, condition: Data | None = None
    ) -> Data:
        """Decodes the posterior's mean.

        Arguments:
            x: Array of shape (batch, *event_shape).
            batch_size: Items that pass through the networks at a time; None for all.
            condition: As in `log_weights`.

        Returns:
            Array of shape (batch, *event_shape): the mean of p(x|z) at the mean of q(z|x); a
            tensor where `x` is one.

        Raises:
            ValueError: If the data have the wrong shape or values, or `batch_size` is below 1.
        """
        self.check_inputs(x, condition)

        def reconstructions(part: Data, conditions: Data | None) -> tf.Tensor:
            return self(part if conditions is None else (part, conditions), training=False)

        return like(x, self._in_batches(reconstructions, x, batch_size, condition))

    def posterior_means(
        self, x: Data, batch_size: int | None = None, *, condition: Data | None = None
    ) -> Data:
        """The means of q(z|x) as one matrix, for measures of single latent dimensions.

        With several levels they stand side by side, from the top down: each level's mean given the
        means above it. A mean over samples of those would add their noise to a measure of activity.

        Arguments:
            x: Array of shape (batch, *event_shape).
            batch_size: Items that pass through the networks at a time; None for all.
            condition: As in `log_weights`.

        Returns:
            Array of shape (batch, sum of latent_dims); a tensor where `x` is one.

        Raises:
            ValueError: If the data have the wrong shape or values, or `batch_size` is below 1.
        """
        self.check_inputs(x, condition)

        # Deviations would cost a flow as much again.
        def means(part: Data, conditions: Data | None) -> tf.Tensor:
            return side_by_side([q.mean() for q in self._levels(part, conditions)])

        return like(x, self._in_batches(means, x, batch_size, condition))

    def posterior_parameters(
        self, x: Data, batch_size: int | None = None, *, condition: Data | None = None
    ) -> tuple[Data, Data]:
        """Means and standard deviations of q(z|x) as two matrices.

        Arguments:
            x: Array of shape (batch, *event_shape).
            batch_size: Items that pass through the networks at a time; None for all.
            condition: As in `log_weights`.

        Returns:
            Two arrays of shape (batch, sum of latent_dims), several levels as in
            `posterior_means`; tensors where `x` is one.

        Raises:
            ValueError: If the data have the wrong shape or values, or `batch_size` is below 1.
        """
        self.check_inputs(x, condition)

        # Not of one posterior of all items: a flow's mean and deviation take many samples of each.
        def parameters(part: Data, conditions: Data | None) -> tuple[tf.Tensor, ...]:
            levels = self._levels(part, conditions)
            return tuple(
                side_by_side([getattr(q, name)() for q in levels]) for name in ("mean", "stddev")
            )

        loc, scale = self._in_batches(parameters, x, batch_size, condition)
        return like(x, loc), like(x, scale)

    def _levels(self, x: Data, condition: Data | None) -> list[tfd.Distribution]:
        """Each level's posterior given the means above it, from the top down."""
        return [self.encode(x, **given(condition))]

    def split_levels(self, codes: tf.Tensor) -> Codes:
        """Codes as `decode` takes them, from a matrix with the levels side by side.

        Arguments:
            codes: Tensor of shape (..., sum of latent_dims), from the top level down.

        Returns:
            The tensor itself; a tuple of one a level where the model has several.
        """
        return codes

    def _evaluation_stream(self, seed: int | None) -> tf.Tensor:
        return random.stream(
            self.seed if seed is None else random.resolve_seed(seed), random.EVALUATION_NOISE
        )

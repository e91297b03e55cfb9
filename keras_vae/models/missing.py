"""Missing values: what takes their place, and log p of the values that are there."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_vae import distributions, posteriors, random
from keras_vae._internal.backend import tf, tfd
from keras_vae._internal.checks import check_positive_integer
from keras_vae.models import importance
from keras_vae.models.inputs import Codes, Data, Inputs, given, in_parts, side_by_side

if TYPE_CHECKING:
    from keras_vae.models.inference import Inference

# Items whose median is the first guess of missing values; of an odd number it is one of theirs.
START_SAMPLES = 101
# Of those samples, under several conditions, that are decoded at a time.
START_ROWS = 1000
# Chains for each item, how many of their codes are looked at, and those of them that are forgotten.
CHAINS, STEPS, BURN_IN = 20, 60, 20
# Steps for each of those codes: the next number for items whose chains have not mixed, which is to
# say that their means differ by more than this share of the variance within them.
THINNING, MIXED = (1, 4, 16), 0.2
# Rows that pass through the networks at a time.
CHAIN_ROWS = 2000
# A chain that a poor encoder drives further than this, or out of the numbers, starts again.
FURTHEST = 1e6
# Variances are larger than those of the chains, and a share of the samples is the prior's: an
# importance weight has no bound where the proposal is the narrower one.
WIDENING, PRIOR_SHARE = 1.2, 0.1


class MissingValues(Inputs):
    """Mixin of the models' method that fills in missing values."""

    seed: int
    decode: Callable[..., Any]
    reconstruct: Callable[..., Any]
    sample: Callable[..., tf.Tensor]
    sample_prior: Callable[..., Codes]

    def impute(
        self,
        x: Data,
        mask: Data,
        steps: int = 10,
        batch_size: int | None = None,
        *,
        condition: Data | None = None,
    ) -> np.ndarray:
        """Fills in missing values by encoding and decoding the rest, again and again.

        It begins with the median of what the model generates, under the item's condition if there
        are any, and takes the mean of p(x|z) at the mean of q(z|x) in each step; "Stochastic
        Backpropagation", Appendix F, draws both.

        Arguments:
            x: Array of shape (batch, *event_shape).
            mask: Boolean array of the same shape, true where a value is missing; there `x` may be
                anything, NaN too.
            steps: How often to do so.
            batch_size: Items that pass through the networks at a time; None for all.
            condition: As in `log_weights`.

        Returns:
            NumPy array of the shape of `x`, which it equals where the mask is false.

        Raises:
            ValueError: If the data have the wrong shape, what is there has the wrong values, the
                mask has another shape, or `steps` is below 1.

        Reference: Rezende, Mohamed & Wierstra 2014.

        Example:
            filled = model.impute(x, np.isnan(x))
        """
        check_positive_integer(steps, "steps")
        mask = self._check_mask(x, mask)
        self.check_condition(condition, len(mask))
        x = np.asarray(x, self.density_dtype)
        filled = np.where(mask, self._median(condition, batch_size), x)
        for _ in range(steps):
            there = self.reconstruct(filled, batch_size, condition=condition)
            filled = np.where(mask, there, x)
        return filled

    def _median(self, condition: Data | None, batch_size: int | None) -> np.ndarray:
        """Medians of what the model generates: of one item, or under each condition."""
        if condition is None:
            return np.median(self.sample(START_SAMPLES, seed=self.seed), axis=0)
        different, which = np.unique(np.asarray(condition), axis=0, return_inverse=True)
        codes = self.sample_prior(START_SAMPLES, random.stream(self.seed, random.GENERATION))
        medians = []
        for part, _ in in_parts(different, max(1, (batch_size or START_ROWS) // START_SAMPLES)):
            decoded = self.decode(codes, condition=part[:, None])
            medians.append(np.median(self.likelihood.expected(decoded), axis=1))
        return np.concatenate(medians)[which.reshape(-1)]


def log_likelihood(
    model: Inference,
    x: np.ndarray,
    mask: np.ndarray,
    condition: np.ndarray | None,
    num_samples: int,
    seed: tf.Tensor,
    memory_budget: int,
    verbose: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Log p of the values that are there, as `importance.log_likelihood` for items without any.

    Arguments:
        model: A `LatentVariableModel`.
        x: Array of shape (batch, *event_shape), of the type in which densities are computed.
        mask: Boolean array of the same shape, true where a value is missing.
        condition: Conditions of the items, or None.
        num_samples: Number of samples for each item.
        seed: Integer tensor of shape (2,).
        memory_budget: As in `importance.log_likelihood`.
        verbose: Likewise; there is a progress bar for each kind of item.

    Returns:
        Two float64 arrays of shape (batch,): the estimates, in nats, and effective sample sizes.
    """
    found = np.empty((2, len(x)))
    incomplete = mask.reshape(len(x), -1).any(axis=1)
    for which in (~incomplete, incomplete):
        if not which.any():
            continue
        # NaN would be NaN in every density.
        part, missing = np.where(mask, np.zeros_like(x), x)[which], mask[which]
        options = given(None if condition is None else condition[which])
        weights: importance.LogWeights = importance.of_posterior
        if missing.any():
            made = propose(model, part, missing, seed=seed, memory_budget=memory_budget, **options)
            options |= {"mask": missing, **made}
            weights = log_weights
        found[:, which] = importance.log_likelihood(
            model, part, num_samples, seed, memory_budget, verbose, weights, **options
        )
    return found[0], found[1]


def propose(
    model: Inference,
    x: np.ndarray,
    mask: np.ndarray,
    *,
    seed: tf.Tensor,
    condition: np.ndarray | None = None,
    memory_budget: int = importance.MEMORY_BUDGET,
) -> dict[str, np.ndarray]:
    """A Gaussian for each item, about as wide as the posterior given the values that are there.

    The posterior of an item with its missing values filled in is narrower. So chains draw a code
    from q(z|x), and new missing values from p(x|z), in turn, as Gibbs sampling would, were q the
    exact posterior; the Gaussian has the mean and the covariance of their codes.

    Arguments:
        model: A `LatentVariableModel`.
        x: Array of shape (batch, *event_shape), of the type in which densities are computed;
            anything finite where values are missing.
        mask: Boolean array of the same shape, true where they are.
        condition: Conditions of the items, or None.
        seed: Integer tensor of shape (2,).
        memory_budget: Bytes that decoded items may take, about; the chains of one item are decoded
            together in any case.

    Returns:
        Dictionary of arrays: `loc` of shape (batch, sum of latent_dims); `scale`, the covariance's
        Cholesky factor, of shape (batch, sum of latent_dims, sum of latent_dims), and `inverse`,
        its inverse.

    Reference: Rezende, Mohamed & Wierstra 2014, Appendix F.
    """
    seed = tf.random.experimental.stateless_split(seed, 2, alg="philox")[1]
    bytes_each = CHAINS * math.prod(x.shape[1:]) * importance.BYTES_PER_PIXEL
    most = min(CHAIN_ROWS // CHAINS, max(1, memory_budget // bytes_each))
    whole = _fit(model, x, mask, condition, seed, 1, most)
    for thinning in THINNING[1:]:
        (left,) = np.nonzero(whole[3] > MIXED)
        if not len(left):
            break
        conditions = None if condition is None else condition[left]
        of_left = _fit(model, x[left], mask[left], conditions, seed, thinning, most)
        for part, new in zip(whole, of_left, strict=True):
            part[left] = new
    return dict(zip(("loc", "scale", "inverse"), whole[:3], strict=True))


def _fit(
    model: Inference,
    x: np.ndarray,
    mask: np.ndarray,
    condition: np.ndarray | None,
    seed: tf.Tensor,
    thinning: int,
    most: int,
) -> list[np.ndarray]:
    """What `propose` returns, and how much the chains' means differ; `most` items at a time."""
    chains = importance.function_of(model, "chains", _make_chains)
    # One of a few sizes, for each of which the function is traced.
    size = min(2 ** math.ceil(math.log2(len(x))), most)
    seed = tf.random.experimental.stateless_fold_in(seed, thinning, alg="philox")
    parts = []
    for start in range(0, len(x), size):
        which = np.minimum(np.arange(start, start + size), len(x) - 1)
        of_part = [None if each is None else each[which] for each in (x, mask, condition)]
        noise = tf.random.experimental.stateless_fold_in(seed, start, alg="philox")
        codes = chains(*of_part, noise, tf.constant(thinning)).numpy().astype(float)
        parts.append((*_gaussian(codes), _difference(codes)))
    return [np.concatenate(each)[: len(x)].astype(x.dtype) for each in zip(*parts, strict=True)]


def log_weights(
    model: Any,
    x: tf.Tensor,
    num_samples: int,
    noise: posteriors.Drawn,
    mask: tf.Tensor,
    loc: tf.Tensor,
    scale: tf.Tensor,
    inverse: tf.Tensor,
    condition: tf.Tensor | None = None,
) -> tf.Tensor:
    """`log p(x there, z_k) - log m(z_k)`, where `m = 0.9 N(loc, scale scale^T) + 0.1 p(z)`.

    Arguments:
        model: A `LatentVariableModel`.
        x: Tensor of shape (batch, *event_shape).
        num_samples: Number of samples for each item.
        noise: What the samples of the Gaussian are made from.
        mask: Boolean tensor of the shape of `x`, true where a value is missing.
        loc: Means of the Gaussian, as `propose` returns them.
        scale: Its Cholesky factors, likewise.
        inverse: Their inverses, likewise.
        condition: Conditions of the items, or None.

    Returns:
        Tensor of shape (num_samples, batch), in nats.

    Reference: Owen & Zhou 2000, Section 4.
    """
    drawn = tf.cast(tf.concat(noise.levels, axis=-1), loc.dtype)
    own = loc + tf.linalg.matvec(scale, drawn)
    seeds = tf.unstack(tf.random.experimental.stateless_split(noise.seed, 2, alg="philox"))
    shape = tf.shape(own)[:2]
    general = side_by_side(model.sample_prior(tf.reduce_prod(shape), seeds[0]))
    general = tf.reshape(general, tf.shape(own))
    of_prior = random.uniform(shape, seeds[1]) < PRIOR_SHARE
    z = tf.where(of_prior[..., None], general, own)
    codes = model.split_levels(z)
    log_prior = tf.cast(distributions.log_prob(model.prior, codes), z.dtype)
    # Where codes are positive, for example, half of a Gaussian may lie outside.
    impossible = ~of_prior & (tf.math.is_nan(log_prior) | _outside(model.prior, codes))
    nothing = tf.constant(-math.inf, z.dtype)
    log_prior = tf.where(impossible, nothing, log_prior)
    # A triangular system takes XLA much longer to solve than this product.
    whitened = tf.linalg.matvec(inverse, z - loc)
    log_gaussian = tf.reduce_sum(tfd.Normal(tf.zeros_like(loc), 1.0).log_prob(whitened), axis=-1)
    log_gaussian += tf.reduce_sum(tf.math.log(tf.linalg.diag_part(inverse)), axis=-1)
    shares = np.log([1 - PRIOR_SHARE, PRIOR_SHARE])
    log_proposal = tf.reduce_logsumexp([shares[0] + log_gaussian, shares[1] + log_prior], axis=0)
    decoded = model.decode(codes, **given(condition))
    weights = distributions.log_prob(decoded, x, mask) + log_prior - log_proposal
    return tf.where(impossible, nothing, weights)


def _outside(prior: tfd.Distribution, codes: Codes) -> tf.Tensor | bool:
    """Whether codes are none of a prior's: some of TFP's densities are not 0 there."""
    if not isinstance(prior, tfd.Independent):
        return False
    try:
        support = prior.experimental_default_event_space_bijector()
    except NotImplementedError:
        return False
    if support is None:
        return False
    return tf.reduce_any(tf.math.is_nan(support.inverse(codes)), axis=-1)


def _make_chains(model: Callable[[], Any]) -> Callable[..., tf.Tensor]:
    """A compiled function that draws codes of some items, (items, draws, sum of latent_dims)."""

    @tf.function(autograph=False)
    def chains(
        x: tf.Tensor,
        mask: tf.Tensor,
        condition: tf.Tensor | None,
        seed: tf.Tensor,
        thinning: tf.Tensor,
    ) -> tf.Tensor:
        this, items = model(), x.shape[0]
        rows, missing = (tf.repeat(part, CHAINS, axis=0) for part in (x, mask))
        options = {} if condition is None else given(tf.repeat(condition, CHAINS, axis=0))

        def filled(codes: tf.Tensor, there: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
            decoded = this.decode(this.split_levels(codes), **options)
            drawn = tf.cast(_draw(this.likelihood, decoded, noise), rows.dtype)
            return tf.where(missing & tf.math.is_finite(drawn), drawn, there)

        def step(i: tf.Tensor, there: tf.Tensor, kept: tf.TensorArray) -> tuple[Any, ...]:
            of_codes, of_values = _two(seed, i)
            codes = side_by_side(this.encode(there, **options).sample(seed=of_codes))
            # NaN is not near. Poisson counts of a rate that is NaN would be drawn for ever.
            near = tf.reduce_all(tf.abs(codes) < FURTHEST, axis=-1, keepdims=True)
            codes = tf.where(near, codes, first)
            # The last of as many steps stays.
            kept = kept.write(i // thinning, codes)
            return i + 1, filled(codes, there, of_values), kept

        steps = STEPS * thinning
        of_codes, of_values = _two(seed, steps)
        first = side_by_side(this.sample_prior(rows.shape[0], of_codes))
        start = filled(first, rows, of_values)
        kept = tf.TensorArray(rows.dtype, STEPS)
        kept = tf.while_loop(lambda i, *_: i < steps, step, (0, start, kept))[2].stack()
        kept = tf.reshape(kept[BURN_IN:], (STEPS - BURN_IN, items, CHAINS, -1))
        return tf.reshape(tf.transpose(kept, (1, 0, 2, 3)), (items, -1, kept.shape[-1]))

    return chains


def _gaussian(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Means, widened Cholesky factors and their inverses, of codes (items, draws, size)."""
    draws, size = codes.shape[1:]
    loc = codes.mean(axis=1)
    centred = codes - loc[:, None]
    covariance = np.swapaxes(centred, 1, 2) @ centred / (draws - 1)
    # The fewer draws, the less of what looks like a correlation is one.
    weight = size / (size + draws)
    diagonal = covariance * np.eye(size)
    covariance = WIDENING * ((1 - weight) * covariance + weight * diagonal)
    scale = np.linalg.cholesky(covariance + np.finfo("float32").tiny * np.eye(size))
    return loc, scale, np.linalg.inv(scale)


def _difference(codes: np.ndarray) -> np.ndarray:
    """Variance of the chains' means over the mean of their variances, the largest of all codes."""
    chains = codes.reshape(len(codes), -1, CHAINS, codes.shape[-1])
    between, within = chains.mean(axis=1).var(axis=1, ddof=1), chains.var(axis=1).mean(axis=1)
    return np.max(between / np.maximum(within, np.finfo("float32").tiny), axis=-1)


def _draw(likelihood: Any, decoded: tfd.Distribution, seed: tf.Tensor) -> tf.Tensor:
    """Data of a distribution; its means if it cannot be sampled."""
    try:
        return decoded.sample(seed=seed)
    except NotImplementedError:
        return likelihood.expected(decoded)


def _two(seed: tf.Tensor, number: int | tf.Tensor) -> list[tf.Tensor]:
    noise = tf.random.experimental.stateless_fold_in(seed, tf.cast(number, tf.int64), alg="philox")
    # TFP takes seeds of 32 bits.
    return tf.unstack(
        tf.cast(tf.random.experimental.stateless_split(noise, 2, alg="philox"), tf.int32)
    )

"""Objectives that need more than log-weights: weights of the KL, free bits, total correlation."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vae as kv
from keras_vae import random
from keras_vae.callbacks import WarmUp
from keras_vae.objectives import ELBO

STREAM = random.stream(3, 0)


def small(**kwargs):
    return kv.VAE(
        **{"latent_dim": 3, "hidden_units": 4, "image_shape": (2, 2), "seed": 0, **kwargs}
    )


def binary(count):
    return (np.random.default_rng(0).random((count, 2, 2)) < 0.5).astype("float32")


def closed_form(model, x):
    loc, variance = model.encode(x).mean().numpy(), model.encode(x).variance().numpy()
    return 0.5 * (variance + loc**2 - 1 - np.log(variance))


def test_beta_weighs_the_kl_in_training_and_not_in_what_is_reported():
    x = binary(5)
    for analytic in (True, False):
        model = small(objective=ELBO(analytic_kl=analytic, beta=4.0))
        terms = model.log_terms(x, 1, STREAM)
        sampled = (terms.log_posterior - terms.log_prior)[0]
        kl = closed_form(model, x).sum(-1) if analytic else sampled
        likelihood = terms.log_likelihood[0]
        np.testing.assert_allclose(model.objective_bound(terms), likelihood - 4 * kl, rtol=1e-4)
        warmed = model.objective_bound(terms, 0.5)
        np.testing.assert_allclose(warmed, likelihood - 2 * kl, rtol=1e-4)
        reported = model.objective.reported_bound(terms)
        np.testing.assert_allclose(reported, likelihood - kl, rtol=1e-4)


def test_free_bits_cost_nothing_below_and_all_above():
    x = binary(5)
    model = small()
    model.loc_head.bias.assign([0.0, 1.0, 3.0])
    kl = closed_form(model, x).mean(axis=0)
    terms = model.log_terms(x, 2, STREAM)
    likelihood = tf.reduce_mean(terms.log_likelihood, axis=0)
    between = (np.sort(kl)[1] + np.sort(kl)[2]) / 2
    for free_bits in (1e-9, between, 100.0):
        bound = ELBO(num_samples=2, free_bits=free_bits).bound_of(terms, 0.5)
        cost = np.maximum(kl, free_bits).sum()
        np.testing.assert_allclose(bound, likelihood - 0.5 * cost, rtol=1e-4)


@keras.saving.register_keras_serializable("tests")
class TotalCorrelation(ELBO):
    """Penalises log q(z) - sum_d log q(z_d), by the batch (Chen et al. 2018, equation 4)."""

    def bound_of(self, terms, beta=1.0):
        z = terms.z[0]
        each = terms.posterior.distribution.log_prob(z[:, None, :])
        joint = tf.reduce_logsumexp(tf.reduce_sum(each, axis=-1), axis=1)
        apart = tf.reduce_sum(tf.reduce_logsumexp(each, axis=1), axis=-1)
        return super().bound_of(terms, beta) - 5.0 * (joint - apart)


class Scaled(kv.objectives.Objective):
    """Has no bound of log-weights, and no beta of its own."""

    def bound_of(self, terms, beta):
        return 2.0 * tf.reduce_mean(terms.log_likelihood, axis=0)


def test_an_objective_of_the_codes_is_one_class_and_stays_fused():
    calls = []

    class Watched(TotalCorrelation):
        def bound_of(self, terms, beta=1.0):
            calls.append(tf.inside_function())
            return super().bound_of(terms, beta)

    model = small(objective=Watched())
    model.compile("sgd", steps_per_execution=4)
    logs = model.fit(binary(8), batch_size=2, verbose=0).history
    assert calls == [True]
    assert abs(logs["loss"][0] + logs["bound"][0]) > 0.1
    x = binary(4)
    plain = small(objective=Scaled(1))
    terms = plain.log_terms(x, 1, STREAM)
    np.testing.assert_allclose(plain.objective.reported_bound(terms), 2 * terms.log_likelihood[0])


def test_beta_rises_in_cycles_to_its_target():
    plain = WarmUp(4)
    assert [plain.beta_at(epoch) for epoch in (0, 1, 3, 4, 9)] == [0.0, 0.25, 0.75, 1.0, 1.0]
    cyclical = WarmUp(2, target=4.0, cycles=2)
    found = [cyclical.beta_at(epoch) for epoch in range(9)]
    assert found == [0.0, 2.0, 4.0, 4.0, 0.0, 2.0, 4.0, 4.0, 4.0]


@pytest.mark.parametrize(
    "attempt, message",
    [
        (lambda: ELBO(beta=-1.0), "`beta`.*-1.0"),
        (lambda: ELBO(free_bits=np.nan), "`free_bits`"),
        (lambda: WarmUp(0), "epochs"),
        (lambda: WarmUp(1, cycles=0), "cycles"),
        (lambda: WarmUp(1, target=0.0), "target"),
        (lambda: small(objective=ELBO(free_bits=0.1), prior="vamp"), "diagonal Gaussian"),
        (lambda: kv.HierarchicalVAE(objective=ELBO(free_bits=0.1)), "`keras_vae.VAE` only"),
        (lambda: setattr(small(prior="vamp"), "objective", ELBO(free_bits=0.1)), "diagonal"),
    ],
)
def test_refuses(attempt, message):
    with pytest.raises(ValueError, match=message):
        attempt()

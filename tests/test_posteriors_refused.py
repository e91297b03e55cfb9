"""Posteriors that a model cannot have are refused when it is made, and the message says why."""

import pytest
import tensorflow as tf
import tensorflow_probability as tfp

import keras_vae as kv
from keras_vae.posteriors import FullCovarianceGaussian, InverseAutoregressiveFlow

tfd = tfp.distributions


def small(**kwargs):
    return kv.VAE(latent_dim=3, hidden_units=4, image_shape=(4, 4), seed=1, **kwargs)


class Laplace(kv.posteriors.Posterior):
    parameters = ("loc", "log_scale")

    def make_distribution(self, loc, log_scale):
        return tfd.Independent(tfd.Laplace(loc, tf.exp(log_scale)), 1)


class NoParameters(kv.posteriors.Posterior):
    pass


class NoDistribution(kv.posteriors.Posterior):
    parameters = ("loc",)


def made_by(function):
    return type("Mine", (Laplace,), {"make_distribution": lambda self, *p: function(*p)})()


class Hidden(Laplace):
    def create_weights(self, latent_dim):
        self.factor = tf.Variable(2.0)

    def make_distribution(self, loc, log_scale):
        return tfd.Independent(tfd.Laplace(loc, self.factor * tf.exp(log_scale)), 1)


class NoDeviation(tfd.Independent):
    def _stddev(self, **kwargs):
        raise NotImplementedError("not known")

    _variance = _stddev


REFUSED = {
    "a name": ("fulll", ValueError, "posterior: 'fulll'. Valid values: 'diagonal', 'full_cov"),
    "a thing": (3.0, ValueError, "Unknown posterior: 3.0"),
    "another class": (kv.likelihoods.Poisson, TypeError, "Expected a posterior"),
    "no parameters": (NoParameters, TypeError, "'NoParameters' must name its `parameters`"),
    "no method": (NoDistribution, TypeError, "'NoDistribution' must have `make_distribution`"),
    "no distribution": (made_by(lambda a, b: a), TypeError, "'Mine' must return a distribution"),
    "no event": (
        made_by(lambda a, b: tfd.Laplace(a, tf.exp(b))),
        ValueError,
        r"event shape \(3,\). Received batch shape \(2, 3\).*`tfd.Independent",
    ),
    "no gradient": (
        made_by(lambda a, b: tfd.Independent(tfd.Poisson(tf.exp(a)), 1)),
        TypeError,
        "Gradients do not pass.*'Independent'",
    ),
    "no deviation": (
        made_by(lambda a, b: NoDeviation(tfd.Laplace(a, tf.exp(b)), 1)),
        TypeError,
        "'NoDeviation' has no `stddev`.*not known",
    ),
    "no mean": (
        made_by(lambda a, b: tfd.Independent(tfd.StudentT(1.0, a, tf.exp(b)), 1)),
        ValueError,
        "`mean` of the posterior's distribution 'Independent' must be finite",
    ),
    "hidden weights": (Hidden, ValueError, "'Hidden' has weights that Keras does not train"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_unusable_posteriors_are_refused_when_the_model_is_made(name):
    given, error, message = REFUSED[name]
    with pytest.raises(error, match=message):
        small(posterior=given)


def test_refuses():
    shared = FullCovarianceGaussian()
    small(posterior=shared)
    for make, error, message in (
        (lambda: small(posterior=shared), ValueError, "belongs to another model"),
        (
            lambda: InverseAutoregressiveFlow(num_mean_samples=5),
            ValueError,
            "must be even. Received: 5",
        ),
        (lambda: InverseAutoregressiveFlow(num_flows=0), ValueError, "num_flows.*at least 1"),
        (
            lambda: kv.HierarchicalVAE(posterior="full_covariance"),
            ValueError,
            "`keras_vae.VAE` only",
        ),
        (
            lambda: small(
                posterior=FullCovarianceGaussian, objective=kv.objectives.ELBO(free_bits=1)
            ),
            ValueError,
            "`free_bits` need a prior and a posterior that are diagonal",
        ),
        (
            lambda: kv.layer_arrays.get(small(posterior=InverseAutoregressiveFlow)),
            ValueError,
            "diagonal Gaussian posterior. Received: InverseAutoregressiveFlow",
        ),
    ):
        with pytest.raises(error, match=message):
            make()

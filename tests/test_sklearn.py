"""A VAE in scikit-learn pipelines."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

import keras_vae as kv
from keras_vae.sklearn import VAETransformer

SMALL = {"hidden_units": (4,), "epochs": 1, "num_samples": 2, "random_state": 0}
# Parts of a batch take other paths through float32's matrix products.
EXPECTED = {
    "check_methods_subset_invariance": "single precision",
    "check_methods_sample_order_invariance": "single precision",
}


def two_groups(count=120):
    rng = np.random.default_rng(0)
    labels = np.arange(count) % 2
    return labels, rng.normal(size=(count, 3)) + 6 * labels[:, None] * [1, -1, 2] + 10


def test_features_of_a_pipeline_tell_groups_apart():
    labels, table = two_groups()
    transformer = VAETransformer(
        1,
        hidden_units=8,
        learning_rate=0.02,
        epochs=15,
        batch_size=20,
        num_samples=50,
        random_state=0,
    )
    pipeline = make_pipeline(StandardScaler(), transformer, LogisticRegression())
    pipeline.fit(table[:60], labels[:60])
    assert pipeline.score(table[60:], labels[60:]) > 0.95
    encoder = pipeline[:-1]
    back = encoder.inverse_transform(encoder.transform(table))
    assert back.shape == table.shape and abs(back - table).mean() < abs(table - 10).mean()
    scores = encoder.score_samples(np.concatenate([table, [[-40.0, 40.0, 0.0]]]))
    assert scores.argmin() == len(table)
    np.testing.assert_allclose(encoder.score(table), scores[:-1].mean(), rtol=1e-4)
    assert list(encoder.get_feature_names_out()) == ["vaetransformer0"]


def test_parts_are_copied_so_that_an_estimator_is_fitted_again():
    likelihood = kv.likelihoods.NegativeBinomial(0.5)
    prior = kv.priors.MixtureOfGaussians(2, seed=0)
    objective = kv.objectives.IWAE(2)
    counts = np.random.default_rng(0).poisson(3.0, (10, 2))
    parts = {"likelihood": likelihood, "prior": prior, "objective": objective}
    transformer = VAETransformer(**parts, **SMALL)
    found = [one.fit(counts).transform(counts) for one in (transformer, transformer)]
    np.testing.assert_array_equal(*found)
    assert not likelihood.built and not prior.built
    assert transformer.model_.likelihood.dispersion == 0.5
    assert transformer.model_.objective.num_samples == 2
    again = clone(transformer)
    assert not hasattr(again, "model_") and again.likelihood is not transformer.model_.likelihood
    with pytest.raises(ValueError, match="counts"):
        transformer.fit(counts + 0.5)


def test_an_estimator_that_would_not_be_trained_is_refused():
    with pytest.raises(ValueError, match="`epochs` must be at least 1. Received: 0"):
        VAETransformer(**{**SMALL, "epochs": 0}).fit(np.zeros((4, 2)))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_scikit_learns_own_checks():
    results = check_estimator(
        VAETransformer(**SMALL), expected_failed_checks=EXPECTED, on_fail="raise"
    )
    assert len(results) > 30

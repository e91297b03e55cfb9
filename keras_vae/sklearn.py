"""A VAE as a scikit-learn transformer, for tables and pipelines."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_array, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from keras_vae import likelihoods, objectives, posteriors, priors
from keras_vae._internal.backend import keras
from keras_vae._internal.checks import check_positive_integer
from keras_vae.models import VAE

SEEDS = 2**31 - 1
# Kept from the data to the features.
FLOATS = ["float64", "float32"]


class VAETransformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Means of q(z|x) as features, by a `keras_vae.VAE` that `fit` makes and trains.

    Arguments:
        latent_dim: Number of latent dimensions, which are the features.
        hidden_units: Sizes of the encoder's hidden layers.
        likelihood: As in `keras_vae.VAE`; None for a Gaussian of any real numbers, which is made
            for standardised columns.
        prior: As in `keras_vae.VAE`.
        posterior: As in `keras_vae.VAE`.
        objective: As in `keras_vae.VAE`.
        learning_rate: Adam's.
        epochs: Passes over the data.
        batch_size: Items in a training step.
        num_samples: Samples of q for each item that `score_samples` takes.
        random_state: Integer, `numpy.random.RandomState` or None, which decides all numbers.
        verbose: As in `keras.Model.fit`.

    Attributes:
        model_: The trained `keras_vae.VAE`.
        n_features_in_: Number of columns.

    Example:
        pipeline = make_pipeline(
            StandardScaler(), VAETransformer(latent_dim=4, random_state=0), LogisticRegression()
        )
        pipeline.fit(x_train, labels)
        accuracy = pipeline.score(x_test, test_labels)
    """

    def __init__(
        self,
        latent_dim: int = 2,
        *,
        hidden_units: Any = (64, 64),
        likelihood: Any = None,
        prior: Any = "standard_normal",
        posterior: Any = "diagonal",
        objective: Any = "elbo",
        learning_rate: float = 1e-3,
        epochs: int = 50,
        batch_size: int = 100,
        num_samples: int = 100,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.latent_dim = latent_dim
        self.hidden_units = hidden_units
        self.likelihood = likelihood
        self.prior = prior
        self.posterior = posterior
        self.objective = objective
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.num_samples = num_samples
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: Any, y: Any = None) -> VAETransformer:  # noqa: N803
        """Trains a model on a table.

        Arguments:
            X: Array of shape (items, columns).
            y: Ignored.

        Raises:
            ValueError: If the data are no finite table, or have no density under the likelihood, or
                a size or `epochs` is below 1.
        """
        check_positive_integer(self.epochs, "epochs")
        table = self._checked(X, fitting=True)
        seed = int(check_random_state(self.random_state).randint(SEEDS))
        default = likelihoods.Gaussian(link="identity", min_scale=0.05, max_scale=2.0)
        model = VAE(
            latent_dim=self.latent_dim,
            hidden_units=self.hidden_units,
            event_shape=table.shape[1],
            likelihood=default if self.likelihood is None else fresh(likelihoods, self.likelihood),
            prior=fresh(priors, self.prior),
            posterior=fresh(posteriors, self.posterior),
            objective=fresh(objectives, self.objective),
            seed=seed,
        )
        model.compile(keras.optimizers.Adam(self.learning_rate), jit_compile=False)
        model.fit(table, epochs=self.epochs, batch_size=self.batch_size, verbose=self.verbose)
        self.model_ = model
        return self

    def transform(self, X: Any) -> np.ndarray:  # noqa: N803
        """The means of q(z|x), shape (items, latent_dim)."""
        table = self._checked(X)
        return self._model().posterior_means(table).astype(table.dtype)

    def inverse_transform(self, Z: Any) -> np.ndarray:  # noqa: N803
        """The means of p(x|z), shape (items, columns), of codes of shape (items, latent_dim)."""
        model = self._model()
        codes = check_array(Z, dtype=FLOATS)
        return np.asarray(model.likelihood.expected(model.decode(codes)), codes.dtype)

    def score_samples(self, X: Any) -> np.ndarray:  # noqa: N803
        """Log-likelihoods, in nats, of shape (items,): low for anomalies."""
        return self._model().score_samples(self._checked(X), self.num_samples)

    def score(self, X: Any, y: Any = None) -> float:  # noqa: N803
        """The mean of `score_samples`."""
        return float(np.mean(self.score_samples(X)))

    @property
    def _n_features_out(self) -> int:
        return self._model().latent_dim

    def _model(self) -> VAE:
        check_is_fitted(self, "model_")
        return self.model_

    def _checked(self, X: Any, fitting: bool = False) -> np.ndarray:  # noqa: N803
        """A table of finite numbers, of as many columns as were fitted."""
        if not fitting:
            self._model()
        return validate_data(self, X, reset=fitting, dtype=FLOATS)


def fresh(parts: Any, identifier: Any) -> Any:
    """A part that no model has yet, made like one that is given by name, class or instance."""
    if isinstance(identifier, str) or identifier is None:
        return identifier
    return parts.get(keras.saving.serialize_keras_object(parts.get(identifier)))

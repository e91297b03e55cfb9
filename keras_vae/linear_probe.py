"""How far classes can be told apart by a linear classifier of latent features.

"An Explanatory Analysis of the Geometry of Latent Variables", Section 2.2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from keras_vae import posteriors, random
from keras_vae._internal.checks import check_choice, check_positive_integer
from keras_vae.models.inputs import given, in_parts

if TYPE_CHECKING:
    from keras_vae.models import LatentVariableModel

FEATURES = ("means", "means_and_variances", "samples")
BATCH_SIZE = 1000
# scikit-learn's own limit of 100 is too few for pixels.
MAX_ITERATIONS = 300


def posterior_features(
    model: LatentVariableModel,
    images: np.ndarray,
    kind: str = "means",
    seed: int = 0,
    batch_size: int = BATCH_SIZE,
    *,
    condition: np.ndarray | None = None,
) -> np.ndarray:
    """What the posterior says of images, as features of a classifier.

    Arguments:
        model: Model of one stochastic level, or of several for the means only.
        images: Array of shape (N, *image_shape), in [0, 1].
        kind: `"means"`, `"means_and_variances"` (the mean vector followed by the covariance's
            diagonal) or `"samples"` (one draw of z an image).
        seed: Integer from which samples are drawn.
        batch_size: Images encoded at once.
        condition: Conditions of the images, if the model has any.

    Returns:
        float32 array of shape (N, latent_dim), or (N, 2 latent_dim) with variances.

    Raises:
        ValueError: If `kind` is unknown or the images have the wrong shape or values.
        TypeError: If more than means are asked of a model with several levels.
    """
    check_choice(kind, FEATURES, "features")
    check_positive_integer(batch_size, "batch_size")
    model.check_inputs(images, condition)
    if kind != "means" and len(model.latent_dims) > 1:
        raise TypeError(
            f"Features {kind!r} need a model of one level. Received one of {model.latent_dims}."
        )
    if kind == "means":
        return np.asarray(model.posterior_means(images, batch_size, condition=condition))
    if kind == "means_and_variances":
        loc, scale = model.posterior_parameters(images, batch_size, condition=condition)
        return np.concatenate([loc, np.square(scale)], axis=-1)
    seed = random.resolve_seed(seed)
    codes = []
    for number, (part, conditions) in enumerate(in_parts(images, batch_size, condition)):
        posterior = model.encode(part, **given(conditions))
        stream = random.stream(seed, random.GENERATION, number * batch_size)
        codes.append(posteriors.sample_with_log_prob(posterior, 1, stream)[0][0])
    return np.concatenate(codes)


def fit_linear_classifier(features: np.ndarray, labels: np.ndarray) -> Any:
    """Logistic regression on standardised features, with scikit-learn's slight L2 penalty.

    Arguments:
        features: Array of shape (N, D), finite.
        labels: Array of shape (N,), of at least two classes.

    Returns:
        A scikit-learn classifier with `predict`, `predict_proba` and `score`.

    Raises:
        ValueError: If shapes do not match, features are not finite or there is only one class.
    """
    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=MAX_ITERATIONS))
    return classifier.fit(np.asarray(features, dtype=np.float64), labels)


def linear_accuracy(
    train_features: np.ndarray,
    train_labels: np.ndarray,
    test_features: np.ndarray,
    test_labels: np.ndarray,
) -> float:
    """Share of test items whose class a linear classifier of the training items names.

    Arguments:
        train_features: Array of shape (N, D).
        train_labels: Array of shape (N,).
        test_features: Array of shape (M, D).
        test_labels: Array of shape (M,).

    Returns:
        Float between 0 and 1.

    Raises:
        ValueError: As `fit_linear_classifier`.
    """
    classifier = fit_linear_classifier(train_features, train_labels)
    return float(classifier.score(np.asarray(test_features, dtype=np.float64), test_labels))

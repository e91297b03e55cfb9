"""Kinds of data that would be misread, or lead to an error of TensorFlow's, are refused by name."""

import numpy as np
import pytest
from scipy import sparse

import keras_vae as kv

X = (np.random.default_rng(0).random((8, 4)) < 0.5).astype("float32")


@pytest.fixture(scope="module")
def model():
    made = kv.VAE(latent_dim=2, hidden_units=3, event_shape=4, seed=0)
    made.compile("sgd", run_eagerly=True)
    return made


CALLS = [
    lambda m, x: m.fit(x, verbose=0),
    lambda m, x: m.encode(x),
    lambda m, x: m.log_weights(x, 2),
    lambda m, x: m.log_likelihood(x, 2),
    lambda m, x: m.reconstruct(x),
]


@pytest.mark.parametrize("call", CALLS)
def test_masks_of_masked_arrays_are_not_lost(model, call):
    nothing_masked = np.ma.masked_array(X, np.zeros(X.shape, bool))
    call(model, nothing_masked)
    with pytest.raises(ValueError, match="mask of a masked array would be lost.*`mask=`"):
        call(model, np.ma.masked_array(X, X > 0))


@pytest.mark.parametrize("call", CALLS[1:])
@pytest.mark.parametrize(
    "x, message",
    [
        (None, "Expected an array of data. Received: NoneType"),
        ("images.npy", "Expected an array of data. Received: str"),
        (sparse.csr_matrix(X), r"csr_matrix. `x\.toarray\(\)` makes one"),
    ],
)
def test_what_is_no_dense_array_is_refused(model, call, x, message):
    with pytest.raises(TypeError, match=message):
        call(model, x)


def test_training_refuses_sparse_arrays(model):
    with pytest.raises(TypeError, match="dense array"):
        CALLS[0](model, sparse.csr_matrix(X))


def test_nested_lists_are_arrays_everywhere(model):
    for call in CALLS:
        call(model, X.tolist())
    np.testing.assert_array_equal(model.reconstruct(X.tolist()), model.reconstruct(X))


def test_weights_must_be_finite_and_batches_have_items(model):
    weights = np.ones(8)
    weights[3] = np.nan
    for call in (model.fit, model.evaluate):
        with pytest.raises(ValueError, match=r"sample weights must be finite.*nan at index \(3\)"):
            call(X, sample_weight=weights, verbose=0)
    with pytest.raises(ValueError, match="batch_size.*at least 1. Received: 0"):
        model.fit(X, batch_size=0, verbose=0)
    assert len(model.fit(X, batch_size=None, verbose=0).epoch) == 1


@pytest.mark.parametrize("name", ["model.h5", "model.hdf5"])
def test_the_older_format_of_files_is_refused(model, tmp_path, name):
    """It saved files that could not be loaded, or failed inside HDF5."""
    with pytest.raises(ValueError, match="older HDF5 format.*`.keras`"):
        model.save(tmp_path / name)
    model.save_weights(tmp_path / "model.weights.h5")

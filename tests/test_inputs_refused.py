"""Kinds of data that would be misread, or lead to an error of TensorFlow's, are refused by name."""

import keras
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


def test_a_column_of_weights_is_a_vector_of_them_and_nothing_else_is(model):
    weights = np.arange(8.0)

    def trained(given):
        model = kv.VAE(latent_dim=2, hidden_units=3, event_shape=4, seed=0)
        model.compile("sgd", jit_compile=False)
        return model.fit(X, sample_weight=given, epochs=2, batch_size=3, verbose=0).history

    assert trained(weights[:, None]) == trained(weights)
    with pytest.raises(ValueError, match=r"one number an item.*\(8, 2\)"):
        model.fit(X, sample_weight=np.ones((8, 2)), batch_size=8, verbose=0)


@pytest.mark.parametrize("wrong, message", [(np.nan, "finite"), (200.0, r"divide 8-bit images")])
def test_predict_checks_data_as_reconstruct_does(model, wrong, message):
    x = X.copy()
    x[3, 2] = wrong
    with pytest.raises(ValueError, match=message):
        model.predict(x, verbose=0)
    np.testing.assert_allclose(model.predict(X, verbose=0), model.reconstruct(X), rtol=1e-5)


@pytest.mark.parametrize("wrong", [np.nan, 7.0])
def test_errors_under_a_mask_name_the_index_in_the_whole_array(model, wrong):
    x, mask = X.copy(), np.zeros(X.shape, bool)
    mask[0], x[3, 2] = True, wrong
    with pytest.raises(ValueError, match=r"at index \(3, 2\)"):
        model.impute(x, mask)


@keras.saving.register_keras_serializable("tests")
class Positive(kv.likelihoods.Gaussian):
    def check_support(self, x):
        if (x <= 0).any():
            raise ValueError("Not positive.")


def test_values_under_a_mask_have_no_part_in_a_check_that_zeros_fail():
    model = kv.VAE(latent_dim=1, hidden_units=2, event_shape=2, likelihood=Positive(), seed=0)
    x = np.array([[0.5, -1.0]], "float32")
    assert model.impute(x, x < 0, steps=1)[0, 0] == 0.5
    with pytest.raises(ValueError, match="Not positive"):
        model.impute(x, np.array([[True, False]]))

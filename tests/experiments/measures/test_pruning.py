"""Measures of pruning on curves whose answers are known."""

import numpy as np
import pytest

from keras_vae.experiments.measures import pruning


def test_active_counts():
    activity = np.array([[[0.5, 0.05], [0.5, 0.5]], [[0.0, 0.0], [0.2, 0.02]]])
    assert pruning.active_counts(activity, 0.1).tolist() == [[1, 2], [0, 1]]
    assert pruning.active_counts(activity, 0.01).tolist() == [[2, 2], [0, 2]]


def test_largest_drop_of_the_mean_in_the_first_epochs():
    counts = [[50, 40, 38, 10], [50, 30, 32, 12]]
    assert pruning.largest_drop(counts, epochs=3) == 15
    assert pruning.largest_drop(counts, epochs=4) == 24
    assert pruning.largest_drop([[1, 2, 3]], epochs=3) == 0
    assert pruning.largest_drop([[7]], epochs=3) == 0
    assert pruning.largest_drop(counts, epochs=3, start=70) == 20
    assert pruning.largest_drop([[7]], epochs=3, start=50) == 43


def test_epochs_to_half_pruned_counts_from_the_highest():
    assert pruning.epochs_to_half_pruned([[0, 50, 40, 29, 20, 10]]) == 4
    assert pruning.epochs_to_half_pruned([[50, 10, 10]]) == 2


def test_returned_fraction():
    active = np.array([[[1, 1, 1, 0], [0, 0, 1, 0], [1, 0, 1, 1]]])
    # Dimensions 0 and 1 were pruned, 0 came back; 3 was never active before.
    assert pruning.returned_fraction(active, 0.5) == 0.5
    assert pruning.returned_fraction(np.ones((1, 3, 2)), 0.5) == 0


@pytest.mark.parametrize("trials", [1, 3])
def test_equal_trials_give_what_one_gives(trials):
    counts = np.repeat([[50, 30, 20, 15, 12]], trials, axis=0)
    assert pruning.largest_drop(counts, 5) == 20

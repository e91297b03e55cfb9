"""Figure 3.1's measures of pruning, on curves whose answers are known."""

import numpy as np
import pytest

from keras_vae.experiments.figures.catalogue import load_script

pruning = load_script("fig_3_1_activity.py")


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


def test_activity_equal_to_the_threshold_is_inactive():
    assert pruning.active_counts([[0.1, 0.1001]], 0.1).tolist() == [1]
    activity = np.array([[[0.1001], [0.1], [0.1001]], [[0.1001], [0.1], [0.1]]])
    # Of two dimensions that were pruned one came back.
    assert pruning.returned_fraction(activity, 0.1) == 0.5


def test_only_the_named_epochs_count_for_the_largest_drop():
    assert pruning.largest_drop([[10, 9, 7, 4]], epochs=2) == 1
    assert pruning.largest_drop([[10, 9, 7, 4]], epochs=1) == 0
    assert pruning.largest_drop([[10, 9, 7, 4]], epochs=1, start=12) == 2
    assert pruning.largest_drop([[10, 12]], epochs=2, start=10) == 0


def test_half_pruned_is_met_exactly_from_the_first_highest_mean():
    assert pruning.epochs_to_half_pruned([[10, 10, 6, 5, 2]]) == 3
    assert pruning.epochs_to_half_pruned([[10, 10, 7, 6, 2]]) == 4
    assert pruning.epochs_to_half_pruned([[10, 0, 4], [10, 12, 4]]) == 2
    # A first epoch that is low already is not the highest; nothing pruned is half at once.
    assert pruning.epochs_to_half_pruned([[0, 10, 9, 4, 0]]) == 4
    assert pruning.epochs_to_half_pruned([[7, 7]]) == 1


def test_a_dimension_that_returned_counts_once_and_only_after_it_was_pruned():
    # Up, down, up, down, up; up after never having been active; up all along; down for good.
    trial = np.array([[1, 0, 1, 0, 1], [0, 0, 1, 1, 1], [1, 1, 1, 1, 1], [1, 1, 0, 0, 0]]).T
    assert pruning.returned_fraction(trial[None], 0.5) == 0.5
    # Over all trials together, not the mean of their shares: 1 of 2 and 0 of 1.
    other = np.array([[1, 1, 1, 1, 0], [1, 1, 1, 1, 1], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]]).T
    assert pruning.returned_fraction(np.stack([trial, other]), 0.5) == pytest.approx(1 / 3)


def test_one_dimension_that_was_pruned_and_returned_is_all_of_them():
    assert pruning.returned_fraction(np.array([[[1.0, 1], [0, 1], [1, 1]]]), 0.5) == 1

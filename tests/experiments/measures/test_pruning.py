"""Measures of pruning, on curves whose answers are known."""

import numpy as np
import pytest

from keras_vae.experiments.measures import pruning

# Up, down, up, down, up; up after never having been active; up all along; down for good.
TRIAL = np.array([[1, 0, 1, 0, 1], [0, 0, 1, 1, 1], [1, 1, 1, 1, 1], [1, 1, 0, 0, 0]]).T
STEADY = np.array([[1, 1, 1, 1, 0], [1, 1, 1, 1, 1], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]]).T


def test_largest_drop_of_each_trial_in_the_first_epochs():
    counts = [[50, 40, 38, 10], [50, 30, 32, 12]]
    assert pruning.largest_drop(counts, epochs=3).tolist() == [10, 20]
    assert pruning.largest_drop(counts, epochs=4).tolist() == [28, 20]
    assert pruning.largest_drop([[1, 2, 3]], epochs=3).tolist() == [0]
    assert pruning.largest_drop([[7]], epochs=3).tolist() == [0]
    assert pruning.largest_drop(counts, epochs=3, start=70).tolist() == [20, 20]
    assert pruning.largest_drop([[7]], epochs=3, start=50).tolist() == [43]


def test_only_the_named_epochs_count_for_the_largest_drop():
    assert pruning.largest_drop([[10, 9, 7, 4]], epochs=2).tolist() == [1]
    assert pruning.largest_drop([[10, 9, 7, 4]], epochs=1).tolist() == [0]
    assert pruning.largest_drop([[10, 9, 7, 4]], epochs=1, start=12).tolist() == [2]
    assert pruning.largest_drop([[10, 12]], epochs=2, start=10).tolist() == [0]


def test_half_pruned_is_met_exactly_from_the_first_highest_count():
    found = pruning.epochs_to_half_pruned([[0, 50, 40, 29, 20, 10], [50, 10, 10, 10, 10, 10]])
    assert found == [4, 2]
    assert pruning.epochs_to_half_pruned([[10, 10, 6, 5, 2]]) == [3]
    assert pruning.epochs_to_half_pruned([[10, 10, 7, 6, 2]]) == [4]
    # A first epoch that is low already is not the highest; nothing pruned is half at once.
    assert pruning.epochs_to_half_pruned([[0, 10, 9, 4, 0]]) == [4]
    assert pruning.epochs_to_half_pruned([[7, 7]]) == [1]


def test_a_dimension_that_returned_counts_once_and_only_after_it_was_pruned():
    assert pruning.returned_share(np.stack([TRIAL, STEADY]), 0.5) == [0.5, 0]
    assert pruning.returned_share(np.ones((1, 3, 2)), 0.5) == [None]


def test_ever_pruned_counts_dimensions():
    assert pruning.ever_pruned(np.stack([TRIAL, STEADY]), 0.5).tolist() == [2, 1]


def test_chances_to_return_and_to_be_pruned():
    # Pruned 3 times of 2 + 2 + 4 + 2 active epochs that have a next one; back 2 times of 4 away:
    # the first dimension twice, the last one not in two.
    active = TRIAL[:-1].sum()
    falls, returns = 3 / active, 2 / 4
    assert pruning.return_to_prune_ratio(TRIAL[None], 0.5) == [pytest.approx(returns / falls)]
    # Nothing pruned, or only in the last epoch, with no time to return.
    assert pruning.return_to_prune_ratio(np.ones((1, 3, 2)), 0.5) == [None]
    assert pruning.return_to_prune_ratio(STEADY[None], 0.5) == [None]


def test_crossings_in_either_direction_over_the_last_share():
    activity = np.array([[[0], [1], [0], [1], [1], [1]]])
    assert pruning.crossings_per_epoch(activity, 0.5, share=1.0).tolist() == [3 / 5]
    assert pruning.crossings_per_epoch(activity, 0.5, share=2 / 3).tolist() == [1 / 3]
    assert pruning.crossings_per_epoch(activity, 0.5, share=1 / 6).tolist() == [0]
    assert np.isnan(pruning.crossings_per_epoch(activity[:, :1], 0.5, share=1.0)).all()


def test_activity_equal_to_the_threshold_is_inactive():
    activity = np.array([[[0.1001], [0.1], [0.1001]], [[0.1001], [0.1], [0.1]]])
    assert pruning.returned_share(activity, 0.1) == [1, 0]
    assert pruning.crossings_per_epoch(activity, 0.1, 1.0).tolist() == [1, 0.5]


def test_crossings_say_which_dimensions_were_active_when():
    activity = np.random.default_rng(0).random((2, 30, 4))
    found = pruning.crossings(activity, 0.5)
    passed = np.zeros(activity.shape, int)
    for trial, dimensions in enumerate(found):
        for dimension, epochs in enumerate(dimensions):
            passed[trial, np.array(epochs) - 1, dimension] = 1
    np.testing.assert_array_equal(passed.cumsum(axis=1) % 2 == 1, activity > 0.5)

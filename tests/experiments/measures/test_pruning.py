"""Measures of pruning, on curves whose answers are known."""

import numpy as np

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


def test_the_time_to_half_is_from_the_start_and_straight_between_epochs():
    # From 50 to 10: at 30, three quarters through the second epoch, and within the first.
    counts = [[45, 25, 10], [20, 12, 10], [45, 30, 10]]
    found = pruning.time_to_half_pruned(counts, start=50)
    np.testing.assert_allclose(found, [1.75, 20 / 30, 2.0])
    # Nothing is pruned, or more are active in the end.
    assert np.isnan(pruning.time_to_half_pruned([[5, 5], [3, 6]], start=5)).all()


def test_crossings_in_either_direction():
    activity = np.array([[[0], [1], [0], [1], [1], [1]]])
    assert pruning.crossings_per_epoch(activity, 0.5).tolist() == [3 / 5]
    assert np.isnan(pruning.crossings_per_epoch(activity[:, :1], 0.5)).all()


def test_activity_equal_to_the_threshold_is_inactive():
    activity = np.array([[[0.1001], [0.1], [0.1001]], [[0.1001], [0.1], [0.1]]])
    assert pruning.returned_share(activity, 0.1) == [1, 0]
    assert pruning.crossings_per_epoch(activity, 0.1).tolist() == [1, 0.5]


def test_crossings_say_which_dimensions_were_active_when():
    activity = np.random.default_rng(0).random((2, 30, 4))
    found = pruning.crossings(activity, 0.5)
    passed = np.zeros(activity.shape, int)
    for trial, dimensions in enumerate(found):
        for dimension, epochs in enumerate(dimensions):
            passed[trial, np.array(epochs) - 1, dimension] = 1
    np.testing.assert_array_equal(passed.cumsum(axis=1) % 2 == 1, activity > 0.5)

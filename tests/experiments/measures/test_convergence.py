"""Measures of settling on curves whose answers are known."""

import numpy as np
import pytest

from keras_vae.experiments.measures import convergence as over_epochs


def test_final_value_is_the_mean_of_the_last_share():
    assert over_epochs.final_value([[50, 30, 20, 15, 12]], share=0.4) == 13.5
    assert over_epochs.final_value([[1, 2], [3, 6]]) == 4
    assert over_epochs.final_value([[7]]) == 7


def test_settling():
    falling = np.linspace(50, 10, 100)
    settled = np.concatenate([falling, np.full(40, 10.0)])
    assert over_epochs.has_settled([settled], tolerance=0.5)
    assert not over_epochs.has_settled([falling], tolerance=0.5)
    # Ten epochs at 0.4 a step lie 4 from the ten before.
    assert over_epochs.has_settled([falling], tolerance=4.1)
    assert not over_epochs.has_settled([[10]], tolerance=100)


@pytest.mark.parametrize("rate, distance", [(0.1, 1.0), (0.3, 1.0), (0.1, 5.0)])
def test_epochs_to_a_level_on_an_exponential(rate, distance):
    epochs = np.arange(1, 401)
    curve = -100 - 60 * np.exp(-rate * epochs)
    exact = np.log(60 / distance) / rate
    assert over_epochs.epochs_to_level([curve], -100 - distance) == int(np.ceil(exact))
    assert over_epochs.epochs_to_level([curve], -99) is None


def test_trials_are_averaged_before_anything_is_measured():
    first, second = [0, 4, 8, 10], [8, 8, 8, 10]
    assert over_epochs.epochs_to_level([first, second], 8) == 3


@pytest.mark.parametrize("epochs, width", [(1, 1), (14, 1), (15, 2), (25, 2), (26, 3), (300, 30)])
def test_the_last_tenth_is_rounded_and_at_least_one_epoch(epochs, width):
    values = np.zeros((1, epochs))
    values[0, -width:] = 1
    assert over_epochs.final_value(values) == 1
    assert over_epochs.final_value(1 - values) == 0
    values[0, -width] = 0
    assert over_epochs.final_value(values) == pytest.approx((width - 1) / width)
    values[0, -width] = 1
    if epochs > width:
        values[0, -width - 1] = width + 1
        assert over_epochs.final_value(values) == 1


def test_settling_compares_neighbouring_windows_of_the_mean_over_trials():
    # Windows of two epochs, whose means are 7 and 6.5; what is before them does not count.
    values = [[99.0] * 16 + [6, 8, 6, 7]]
    assert over_epochs.has_settled(values, tolerance=0.5)
    assert not over_epochs.has_settled(values, tolerance=0.499)
    assert not over_epochs.has_settled(-np.array(values), tolerance=0.499)
    # Two windows have to fit, and no more.
    assert over_epochs.has_settled([[3, 3]], tolerance=0)
    assert over_epochs.has_settled([[3, 3, 3, 3]], tolerance=0, share=0.5)
    assert not over_epochs.has_settled([[3, 3, 3]], tolerance=0, share=0.6)
    # Of 300 epochs the 30th and the 31st from the end are in two windows.
    values = np.zeros((1, 300))
    values[0, [-31, -30]] = 1
    assert over_epochs.has_settled(values, tolerance=0)
    # Opposite trials cancel.
    assert over_epochs.has_settled([[1, 5], [5, 1]], tolerance=0)


def test_a_level_that_is_met_exactly_is_reached():
    assert over_epochs.epochs_to_level([[1, 2, 3]], 3) == 3
    assert over_epochs.epochs_to_level([[1, 2, 3]], 1) == 1
    assert over_epochs.epochs_to_level([[1, 2, 3]], 3.001) is None
    assert over_epochs.epochs_to_level([[1, 3, 2]], 2.5) == 2

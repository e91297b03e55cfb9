"""Measures of curves over epochs whose answers are known."""

import numpy as np
import pytest

from keras_vae.experiments.measures.convergence import (
    epochs_to_level,
    final_rates,
    final_values,
    has_settled,
)


@pytest.mark.parametrize("epochs, width", [(1, 1), (14, 1), (15, 2), (25, 2), (26, 3), (300, 30)])
def test_the_last_tenth_is_rounded_and_at_least_one_epoch(epochs, width):
    values = np.zeros((1, epochs))
    values[0, -width:] = 1
    assert final_values(values).tolist() == [1]
    values[0, -width] = 0
    assert final_values(values).mean() == pytest.approx((width - 1) / width)
    values[0, -width] = 1
    if epochs > width:
        values[0, -width - 1] = width + 1
        assert final_values(values).mean() == 1


def test_final_values_are_of_each_trial():
    assert final_values([[1, 2], [3, 6]]).tolist() == [2, 6]


def test_the_rate_is_that_of_the_last_third():
    rising = np.concatenate([np.linspace(0, 90, 10), 100 + 0.5 * np.arange(5)])
    assert final_rates([rising, -rising]) == pytest.approx([0.5, -0.5])
    # Least squares of 0, 0, 1: half a unit an epoch.
    assert final_rates([[9] * 6 + [0, 0, 1]]) == pytest.approx([0.5])
    assert final_rates([[1, 3]]) == pytest.approx([2])
    assert np.isnan(final_rates([[1]])).all()


def steady(rate, epochs=30):
    return rate * np.arange(epochs)


@pytest.mark.parametrize("sign", [1, -1])
def test_settled_is_a_rate_with_two_standard_errors_of_it(sign):
    assert has_settled([steady(0.0099 * sign)] * 2, 0.01)
    assert not has_settled([steady(0.0101 * sign)] * 2, 0.01)
    # A mean of 0.004 with an error of 0.003 - and a little more.
    assert has_settled([steady(0.00101 * sign), steady(0.00699 * sign)], 0.01)
    assert not has_settled([steady(0.00099 * sign), steady(0.00701 * sign)], 0.01)
    # Opposite trials do not cancel.
    assert not has_settled([steady(0.1), steady(-0.1)], 0.01)


def test_it_is_not_easier_to_settle_by_training_less():
    epochs = np.arange(1, 301)
    curve = -100 - 60 * np.exp(-epochs / 40)
    settled = [has_settled([curve[:count]] * 2, 0.01) for count in (60, 120, 200, 240, 300)]
    assert settled == sorted(settled) and settled[0] is False and settled[-1] is True


def test_one_trial_or_one_epoch_has_not_settled():
    assert not has_settled([[5.0] * 30], 0.01)
    assert not has_settled([[5.0], [5.0]], 0.01)


@pytest.mark.parametrize("rate, distance", [(0.1, 1.0), (0.3, 1.0), (0.1, 5.0)])
def test_epochs_to_a_level_on_an_exponential(rate, distance):
    epochs = np.arange(1, 401)
    curve = -100 - 60 * np.exp(-rate * epochs)
    exact = np.log(60 / distance) / rate
    assert epochs_to_level([curve], [-100 - distance]) == [int(np.ceil(exact))]
    assert epochs_to_level([curve], [-99]) == [None]


def test_each_trial_has_its_level_which_is_reached_when_met_exactly():
    assert epochs_to_level([[1, 2, 3], [1, 3, 2]], [3, 2.5]) == [3, 2]
    assert epochs_to_level([[1, 2, 3]], [1]) == [1]
    assert epochs_to_level([[1, 2, 3]], [3.001]) == [None]

"""Measures of settling on curves whose answers are known."""

import numpy as np
import pytest

from keras_vae.experiments.measures import convergence


def test_final_value_is_the_mean_of_the_last_share():
    assert convergence.final_value([[50, 30, 20, 15, 12]], share=0.4) == 13.5
    assert convergence.final_value([[1, 2], [3, 6]]) == 4
    assert convergence.final_value([[7]]) == 7


def test_settling():
    falling = np.linspace(50, 10, 100)
    settled = np.concatenate([falling, np.full(40, 10.0)])
    assert convergence.has_settled([settled], tolerance=0.5)
    assert not convergence.has_settled([falling], tolerance=0.5)
    # Ten epochs at 0.4 a step lie 4 from the ten before.
    assert convergence.has_settled([falling], tolerance=4.1)
    assert not convergence.has_settled([[10]], tolerance=100)


@pytest.mark.parametrize("rate, distance", [(0.1, 1.0), (0.3, 1.0), (0.1, 5.0)])
def test_epochs_to_a_level_on_an_exponential(rate, distance):
    epochs = np.arange(1, 401)
    curve = -100 - 60 * np.exp(-rate * epochs)
    exact = np.log(60 / distance) / rate
    assert convergence.epochs_to_level([curve], -100 - distance) == int(np.ceil(exact))
    assert convergence.epochs_to_level([curve], -99) is None


def test_trials_are_averaged_before_anything_is_measured():
    first, second = [0, 4, 8, 10], [8, 8, 8, 10]
    assert convergence.epochs_to_level([first, second], 8) == 3

"""Numbers with limits, both sides of each, and estimates over seeds."""

import numpy as np
import pytest

from keras_vae.experiments.figures.numbers import Number, over_seeds, plus_minus


@pytest.mark.parametrize(
    "value, limits, holds",
    [
        (0.5, {"at_least": 0.5}, True),
        (0.49, {"at_least": 0.5}, False),
        (0.5, {"at_most": 0.5}, True),
        (0.51, {"at_most": 0.5}, False),
        (0.5, {"above": 0.5}, False),
        (0.51, {"above": 0.5}, True),
        (0.5, {"below": 0.5}, False),
        (0.49, {"below": 0.5}, True),
        (10, {"at_least": 8, "at_most": 12}, True),
        (13, {"at_least": 8, "at_most": 12}, False),
        ([1, 2], {"at_least": 1}, True),
        ({"a": [1, 2], "b": 0}, {"at_least": 1}, False),
        ({"mean": 3.0, "standard_error": 1.0}, {"at_least": 1}, True),
        ({"mean": 3.0, "standard_error": None}, {"at_least": 4}, False),
        ([1, None], {"at_least": 1}, None),
        ([], {"at_least": 1}, None),
        (5, {}, None),
    ],
)
def test_numbers_keep_their_limits(value, limits, holds):
    number = Number(value, "nats", **limits)
    assert number.holds is holds


def test_estimates_in_words():
    assert plus_minus({"mean": 1.26, "standard_error": 0.04}) == "1.3 ± 0.0"
    assert plus_minus({"mean": 1.26, "standard_error": None}, 2) == "1.26"
    assert plus_minus({"mean": None, "standard_error": None}) == "none"


def test_seeds_are_the_unit_of_error():
    for missing in ([1.0, None], [np.nan]):
        assert over_seeds(missing)["mean"] is None is over_seeds(missing)["standard_error"]
    assert over_seeds([1.0, 3.0]) == {"mean": 2.0, "standard_error": 1.0, "seeds": 2}
    assert over_seeds(np.array([4])) == {"mean": 4.0, "standard_error": None, "seeds": 1}

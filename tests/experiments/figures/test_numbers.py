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


RISE = [0.01, 0.01]


@pytest.mark.parametrize(
    "mean, limits, rates, turns",
    [
        # In 100 epochs to 2.0 exactly, to a little less, and past it.
        (1.0, {"at_most": 2.0}, RISE, False),
        (1.0, {"below": 2.0}, RISE, True),
        (1.0, {"at_most": 1.99}, RISE, True),
        (1.0, {"at_least": 2.0}, RISE, True),
        (1.0, {"at_least": 2.01}, RISE, False),
        (1.0, {"at_least": 1.0}, RISE, False),
        (1.0, {"at_least": 1.0}, [-0.01, -0.01], True),
        # 1.0 ± 0.5 more; two standard errors reach 3.0, and 1.0.
        (1.0, {"at_most": 3.0}, [0.005, 0.015], False),
        (1.0, {"at_most": 2.9}, [0.005, 0.015], True),
        (1.0, {"at_least": 3.1}, [0.005, 0.015], False),
        (1.0, {"at_least": 2.9}, [0.005, 0.015], True),
        # One limit fails and stays so, whatever becomes of the other.
        (3.0, {"at_least": 1.0, "at_most": 2.0}, [-0.03, -0.03], True),
        (0.0, {"at_least": 4.0, "at_most": 0.5}, RISE, False),
        (None, {"at_most": 2.0}, RISE, False),
        (1.0, {"at_most": 2.0}, [np.nan, np.nan], False),
        (1.0, {}, RISE, False),
    ],
)
def test_an_answer_may_turn_within_as_many_epochs_again(mean, limits, rates, turns):
    number = Number({"mean": mean, "standard_error": 0.0}, "nats", **limits)
    assert bool(number.may_turn(rates, epochs=100)) is turns
    named = Number({"IW": number.value, "VAE": number.value}, "nats", **limits)
    reasons = named.may_turn({"IW": rates, "VAE": [0.0, 0.0]}, epochs=100)
    assert all(reason.startswith("IW: at ") for reason in reasons)


def test_what_fails_and_stays_so_decides_for_the_others():
    value = {name: {"mean": mean, "standard_error": 0.1} for name, mean in (("a", 1.0), ("b", 5.0))}
    number = Number(value, "nats", at_most=2.0)
    assert number.may_turn({"a": [0.02, 0.02], "b": [0.0, 0.0]}, epochs=100) == ()
    (reason,) = number.may_turn({"a": [0.0, 0.0], "b": [-0.04, -0.04]}, epochs=100)
    assert reason == "b: at -0.040 ± 0.000 nats an epoch, 2 may be passed within 100 more epochs"
    # Of a rate of accuracies, too, two digits are told.
    (reason,) = Number({"mean": 0.1, "standard_error": 0.0}, "1", at_most=0.12).may_turn(
        [3e-4, 5e-4], epochs=100
    )
    assert reason == "at 0.00040 ± 0.00010 1 an epoch, 0.12 may be passed within 100 more epochs"

"""Both sides of every boundary in the claims about bounds, Figures 2.1 to 2.5, by reading."""

import numpy as np
import pytest
from activity_runs import (
    BASE,
    FIGURES,
    LAST,
    MODULES,
    TICK,
    analysed,
    answers,
    ask,
    bounds,
    curve,
    judged,
    moving,
)

from keras_vae import likelihoods
from keras_vae.experiments.measures import convergence

# Training data, test data, log-likelihood.
BOTH, NEITHER, TRAIN, TEST = ["yes"] * 2, ["no"] * 2, ["yes", "no"], ["no", "yes"]


def reaching(level, *epochs, end=-76, train=1):
    """Trials that are at `level` from these epochs on, one a trial, and then end."""
    return bounds(*[[(1, -900), (epoch, level), (200, end)] for epoch in epochs], train=train)


def steady(rate):
    """Two trials that change by `rate` an epoch."""
    return bounds(moving(-340, rate), moving(-330, rate))


# A claim, runs in place of those of `BASE`, and what its readings say.
CASES = [
    # Exactly 50 nats, and a step less; one split at a time.
    ("2.1.1", {"Bernoulli": bounds(-90, -90), "Gaussian": bounds(-140, -140)}, BOTH),
    ("2.1.1", {"Bernoulli": bounds(-90, -90), "Gaussian": bounds(*[-140 + TICK] * 2)}, NEITHER),
    ("2.1.1", {"Bernoulli": bounds(-90, -90, train=0), "Gaussian": bounds(-140, -140)}, TEST),
    # The Gaussian's change alone, in either direction.
    ("2.1.2", {"Gaussian": steady(0.0099)}, [*BOTH, "yes"]),
    ("2.1.2", {"Gaussian": steady(-0.0099)}, [*BOTH, "yes"]),
    ("2.1.2", {"Gaussian": steady(0.0101)}, [*NEITHER, "yes"]),
    ("2.1.2", {"Gaussian": steady(-0.0101)}, [*NEITHER, "yes"]),
    ("2.1.2", {"Bernoulli": bounds(-80, -90)}, [*BOTH, "yes"]),
    # Thirty nats that would be made up for in 3,000 epochs, or just not.
    (
        "2.1.2",
        {"Bernoulli": bounds(-310, -300), "Gaussian": steady(0.0099)},
        [*BOTH, "yes"],
    ),
    (
        "2.1.2",
        {"Bernoulli": bounds(-310, -300), "Gaussian": steady(0.0101)},
        [*NEITHER, "no"],
    ),
    # Seeds that differ by so much decide nothing: 0 ± 0.006.
    (
        "2.1.2",
        {"Gaussian": bounds(moving(-340, 0.006), moving(-330, -0.006))},
        ["so far yes"] * 2 + ["yes"],
    ),
    # Exactly 1 nat; then in one of the three readings alone.
    ("2.2.1", {"VAE": bounds(-80, -79), "IW": bounds(-79, -78)}, [*BOTH, "yes"]),
    ("2.2.1", {"VAE": bounds(-80, -79), "IW": bounds(-79 - TICK, -78 - TICK)}, [*NEITHER, "no"]),
    ("2.2.1", {"VAE": bounds(-80, -80), "IW": bounds(-80, -80, train=2)}, [*TRAIN, "no"]),
    (
        "2.2.1",
        {"VAE": bounds(-80, -80), "IW": bounds(-80, -80, log_likelihood=4)},
        [*NEITHER, "yes"],
    ),
    # 2 ± 1 is no more clear of 1 than of 0: seeds are the unit of error.
    ("2.2.1", {"VAE": bounds(-80, -80), "IW": bounds(-79, -77)}, ["so far yes"] * 3),
    # Half a nat, of the same seed's other trial.
    ("2.3.1", {"IW": bounds(-76, -80), "IW+BN": bounds(-76.5, -80.5)}, [*BOTH, "yes"]),
    (
        "2.3.1",
        {"IW": bounds(-76, -80), "IW+BN": bounds(*[-76.5 + TICK, -80.5 + TICK])},
        [*NEITHER, "no"],
    ),
    ("2.3.1", {"IW": bounds(-76, -76), "IW+BN": bounds(-75, -75, train=-2)}, [*TRAIN, "no"]),
    # Half a nat apart, either way round.
    ("2.4.2", {"IW": bounds(-76, -78), "IW+WU": bounds(-76.5, -78.5)}, [*BOTH, "yes"]),
    ("2.4.2", {"IW": bounds(-76, -78), "IW+WU": bounds(-75.5, -77.5)}, [*BOTH, "yes"]),
    ("2.4.2", {"IW": bounds(-76, -76), "IW+WU": bounds(*[-76.5 - TICK] * 2)}, [*NEITHER, "no"]),
    ("2.4.2", {"IW": bounds(-76, -76), "IW+WU": bounds(*[-75.5 + TICK] * 2)}, [*NEITHER, "no"]),
    ("2.4.2", {"IW": bounds(-76, -76), "IW+WU": bounds(-76, -76, train=2)}, [*TEST, "yes"]),
    (
        "2.4.2",
        {"IW": bounds(-76, -76), "IW+WU": bounds(-76, -76, log_likelihood=4)},
        [*BOTH, "no"],
    ),
    # The higher of 2 and 5 is exactly 1 nat under the lowest of the others, seed by seed.
    ("2.5.1", {"5": bounds(-78, -79), "50": bounds(-77, -78)}, BOTH),
    ("2.5.1", {"5": bounds(-78 + TICK, -78 + TICK)}, NEITHER),
    ("2.5.1", {"2": bounds(-78 + TICK, -78 + TICK)}, NEITHER),
    ("2.5.1", {"5": bounds(-78, -78), "10": bounds(*[-77 - TICK] * 2)}, NEITHER),
    ("2.5.1", {"5": bounds(-78, -78, train=2)}, TEST),
    # 10 or more span exactly 1 nat.
    ("2.5.2", {"10": bounds(-78, -78)}, BOTH),
    ("2.5.2", {"10": bounds(*[-78 - TICK] * 2)}, NEITHER),
    ("2.5.2", {"100": bounds(*[-76 + TICK] * 2)}, NEITHER),
    ("2.5.2", {"5": bounds(-90, -90)}, BOTH),
    ("2.5.2", {"20": bounds(-77, -77, train=3)}, TEST),
]


@pytest.mark.parametrize("claim, changes, expected", CASES)
def test_each_boundary(claim, changes, expected):
    found = judged(claim.rpartition(".")[0], changes)[claim]
    assert answers(found) == expected, [reading.values for reading in found.readings]


OWN, COMMON = slice(0, 2), slice(2, 4)


@pytest.mark.parametrize("slower", [0, 1])
def test_the_same_rate_is_a_quarter_more_or_less_at_most(slower):
    def said(epochs):
        runs = [reaching(-77, *[40] * 2), reaching(-77, *[epochs] * 2)]
        return answers(
            judged("2.4", dict(zip(("IW", "IW+WU")[:: 1 - 2 * slower], runs, strict=True)))["2.4.1"]
        )

    assert said(50) == ["yes"] * 5 and said(51) == ["no"] * 5


def test_a_rate_is_to_ones_own_end_or_to_a_common_level():
    # Warm-up ends lower and is near its own end in epoch 40, as is the other; the level of the
    # lower end is passed by the other in epoch 10.
    runs = {
        "IW": bounds(*[[(1, -900), (10, -80), (40, -76)]] * 2),
        "IW+WU": bounds(*[[(1, -900), (40, -79)]] * 2),
    }
    said = answers(judged("2.4", runs)["2.4.1"])
    assert said[OWN] == ["yes"] * 2 and said[COMMON] == ["no"] * 2


@pytest.mark.parametrize("epoch, answer", [(50, "yes"), (51, "no")])
def test_what_warm_up_maximises_may_begin_above_its_end(epoch, answer):
    """It is near the common end in epoch 2, falls as beta rises, and is there for good later."""
    maximised = [(1, -900), (2, -60), (30, -80), (epoch, -77)]
    runs = {
        "IW": bounds(*[[(1, -900), (40, -76)]] * 2, train=0),
        "IW+WU": bounds(*[[(1, -900), (40, -76)]] * 2, train=0, objective=maximised),
    }
    assert answers(judged("2.4", runs)["2.4.1"]) == ["yes"] * 4 + [answer]


def test_a_curve_that_ends_below_a_level_never_stays_there():
    found = convergence.epochs_to_stay([[1, 5, 2, 4], [4, 4, 4, 4], [5, 5, 5, 1]], [3, 4, 2])
    assert found == [4, 1, None]


@pytest.mark.parametrize("size", ["20", "50", "100"])
@pytest.mark.parametrize("epoch, answer", [(21, "yes"), (20, "no"), (19, "no")])
def test_ten_dimensions_have_to_be_faster_than_each_larger_number(size, epoch, answer):
    runs = {name: reaching(-78, 40, 40, end=-77) for name in ("20", "50", "100")}
    runs |= {"10": reaching(-78, 20, 20, end=-77), size: reaching(-78, epoch, epoch, end=-77)}
    assert answers(judged("2.5", runs)["2.5.3"])[:4] == [answer] * 4


@pytest.mark.parametrize("size", ["20", "50", "100"])
def test_ten_dimensions_lead_at_first_or_do_not(size):
    def found(**better):
        runs = {
            size: bounds(*[[(1, -900), (5, -900 + 5 * better.get("test", 0.0)), (30, -77)]] * 2)
        }
        return answers(judged("2.5", runs)["2.5.3"])[4:]

    # Its bounds are higher by 1 nat in each of the first five epochs.
    assert found() == found(test=1 - TICK) == ["yes"] * 2
    assert found(test=1) == found(test=1 + TICK) == ["no"] * 2


def test_a_level_that_one_trial_never_reaches_leaves_the_difference_open():
    sooner = MODULES["2.5"].sooner
    assert sooner({"10": [3, 4], "20": [5, 7]}, "20")["mean"] == 2.5
    for epochs in ({"10": [3, None], "20": [5, 7]}, {"10": [3, 4], "20": [None, 7]}):
        assert sooner(epochs, "20")["mean"] is None


def test_ten_dimensions_with_a_lower_end_cannot_be_the_first_at_a_common_level():
    runs = {name: bounds(*[[(1, -900), (10, -82), (40, -76)]] * 2) for name in ("20", "50", "100")}
    runs["10"] = bounds(*[[(1, -900), (38, -82)]] * 2)
    said = answers(judged("2.5", runs)["2.5.3"])
    assert said[OWN] == ["yes"] * 2 and said[COMMON] == ["no"] * 2


def test_the_last_tenth_of_each_trial_is_its_final_bound():
    # The last tenth alone counts: what is before it, and the last epoch alone, differ.
    vae = bounds([(1, -90), (LAST, -84), (300, -54)], -81)
    on_test = judged("2.2", {"VAE": vae, "IW": bounds(-76, -78)})["2.2.1"].readings[1]
    assert on_test.values["final, each trial"] == {"VAE": [-83, -81], "IW": [-76, -78]}
    assert on_test.values["IW - VAE"] == {"mean": 5, "standard_error": 2, "seeds": 2}


def test_the_numbers_of_each_claim():
    first, second = judged("2.1").values()
    ceiling = 784 / 2 * (1 - 1.8378770664093453)
    values = first.readings[0].values
    assert values["highest possible for the Gaussian"] == pytest.approx(ceiling)
    assert values["Bernoulli - Gaussian"] == {"mean": 255, "standard_error": 15, "seeds": 2}
    assert second.readings[0].values["change per epoch"]["mean"] == pytest.approx(0)
    likelihood = judged("2.3")["2.3.1"].readings[2]
    assert likelihood.name == "by the test log-likelihood"
    assert likelihood.values["final, each trial"] == {"IW": [-73, -75], "IW+BN": [-74, -76]}
    spread = judged("2.5", {"10": bounds(-77, -76), "50": bounds(-79, -78)})["2.5.2"]
    assert spread.readings[1].values["highest - lowest"]["mean"] == 2
    faster = judged("2.5")["2.5.3"].readings[1].values
    assert faster["epochs sooner than n_z"]["100"] == {"mean": 11, "standard_error": 0, "seeds": 2}
    assert faster["epochs, each trial"] == {
        "10": [20] * 2,
        "20": [30] * 2,
        "50": [30] * 2,
        "100": [31] * 2,
    }


def data(methods):
    """The part of `data.json` that the five figures of bounds share."""
    figure = FIGURES["2.2"]
    return figure.record(figure.measure(methods, ask()), ask())


def test_the_data_of_a_figure_of_bounds():
    methods = {
        "VAE": bounds([(1, -900), (12, -81), (LAST, -80)], [(1, -900), (7, -81), (LAST, -80)]),
        "IW": bounds(-76.00004, -76.00006, epochs=5),
    }
    found = data(methods)
    first = [-900.0] * 11 + [-81.0] * 259 + [-80.0] * 30
    second = [-900.0] * 6 + [-81.0] * 264 + [-80.0] * 30
    assert found["bounds"]["VAE"]["test"] == [first, second]
    plus_one = [[v + 1 for v in first], [v + 1 for v in second]]
    assert found["bounds"]["VAE"]["train"] == found["bounds"]["VAE"]["objective"] == plus_one
    assert found["bounds"]["IW"]["test"] == [[-76.0] * 5, [-76.0001] * 5]
    of_test = found["convergence"]["VAE"]["test"]
    assert of_test["final_bound"] == [-80, -80] and of_test["of_epochs"] == 300
    assert of_test["epochs_to_within_1_nat_of_it"] == [12, 7]
    assert found["convergence"]["IW"]["train"]["of_epochs"] == 5


def test_the_panels_show_the_mean_bounds_of_their_methods():
    for figure in ("2.1", "2.2", "2.3", "2.4", "2.5"):
        methods = {name: bounds(-80 - i, -82 - i, epochs=3) for i, name in enumerate(BASE[figure])}
        picture = analysed(figure, methods, ask(epochs=3)).picture
        for axis, offset in zip(picture.axes, (1, 0), strict=True):
            shown = {line.get_label(): line.get_ydata().tolist() for line in axis.lines}
            expected = {name: [offset - 81 - i] * 3 for i, name in enumerate(methods)}
            if figure == "2.4" and offset:
                expected["IW+WU, as maximised"] = expected["IW+WU"]
            assert shown == expected
        assert [axis.get_title() for axis in picture.axes] == ["Training data", "Test data"]
        title = picture.axes[1].get_legend().get_title().get_text()
        assert title == ("n_z" if figure == "2.5" else "")
        (inset,) = picture.axes[0].child_axes if figure == "2.5" else [None]
        if inset is not None:
            assert [line.get_label() for line in inset.lines] == ["10", "20", "50", "100"]


def test_the_gaussian_head_cannot_exceed_its_ceiling():
    likelihood = likelihoods.Gaussian()
    likelihood.event_shape = (28, 28)
    image = np.random.default_rng(0).random((1, 28, 28)).astype("float32")
    logits = np.log(image / (1 - image)).reshape(1, -1)
    best = likelihood.distribution([logits, np.full((1, 784), -100.0, "float32")])
    ceiling = MODULES["2.1"].GAUSSIAN_CEILING
    np.testing.assert_allclose(best.log_prob(image), ceiling, rtol=1e-5)


def test_bounds_that_approach_their_end_exponentially():
    """Curves as trained runs have them, by a rate that brings 1 nat after so many epochs."""

    def approaching(end, epochs_near, epochs=300):
        values = end - 60 * np.exp(-np.log(60) / epochs_near * np.arange(1, epochs + 1))
        return bounds(values, values)

    slow = judged("2.4", {"IW": approaching(-76, 30), "IW+WU": approaching(-77, 70)})
    assert [answers(claim) for claim in slow.values()] == [["no"] * 5, [*NEITHER, "no"]]
    near = judged("2.4", {"IW": approaching(-76, 40), "IW+WU": approaching(-76.3, 45)})
    assert [answers(claim) for claim in near.values()] == [["yes"] * 5, [*BOTH, "yes"]]


def test_too_few_epochs_for_a_rate_are_not_settled():
    runs = {name: bounds(-77, -77, epochs=1) for name in BASE["2.4"]}
    ends = judged("2.4", runs, ask(epochs=1))["2.4.2"]
    assert "1 epochs, needs 120" in ends.unmet
    assert (
        judged("2.1", {name: bounds(-77, -77, epochs=1) for name in BASE["2.1"]})["2.1.2"]
        .readings[0]
        .holds
        is None
    )
    np.testing.assert_array_equal(curve([(1, 3), (2, 4)], 3), [3, 4, 4])

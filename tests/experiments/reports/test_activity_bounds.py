"""Both sides of every boundary in the claims about bounds, Figures 2.1 to 2.5.

Trials differ, so that the first, the lowest or the highest gives another answer than their mean.
"""

import numpy as np
import pytest
from activity_runs import (
    BASE,
    FIGURES,
    LAST,
    NO,
    TICK,
    YES,
    analysed,
    ask,
    bounds,
    curve,
    drifting,
    judged,
)

from keras_vae import likelihoods


def reaching(level, *epochs, end=-76):
    """Runs whose mean test bound is at `level` from the highest of these epochs on, then ends."""
    return bounds(*[[(1, -900), (epoch, level), (200, end)] for epoch in epochs])


def latent_dims(**ends):
    return {name.removeprefix("n"): bounds(*trials) for name, trials in ends.items()}


CASES = [
    # Exactly 50 nats, and a step less; one trial is on the other side each time.
    ("2.1.1", {"Bernoulli": bounds(-90, -70), "Gaussian": bounds(-130, -130)}, YES),
    (
        "2.1.1",
        {"Bernoulli": bounds(-70, -90 - TICK), "Gaussian": bounds(-130, -130)},
        NO,
    ),
    ("2.1.1", {"Bernoulli": bounds(-80, -80), "Gaussian": bounds(-120, -140)}, YES),
    (
        "2.1.1",
        {"Bernoulli": bounds(-80, -80), "Gaussian": bounds(-140, -120 + TICK)},
        NO,
    ),
    # What is settled is the Gaussian's mean, in either direction, whatever the Bernoulli does.
    (
        "2.1.2",
        {"Gaussian": bounds(drifting(-340, 0.1999), drifting(-330, 0.1999))},
        YES,
    ),
    ("2.1.2", {"Gaussian": bounds(drifting(-340, 0.2001), drifting(-330, 0.2001))}, NO),
    (
        "2.1.2",
        {"Gaussian": bounds(drifting(-340, -0.1999), drifting(-330, -0.1999))},
        YES,
    ),
    (
        "2.1.2",
        {"Gaussian": bounds(drifting(-340, -0.2001), drifting(-330, -0.2001))},
        NO,
    ),
    ("2.1.2", {"Gaussian": bounds(drifting(-340, 5), drifting(-330, -5))}, YES),
    ("2.1.2", {"Bernoulli": bounds(drifting(-80, 5), drifting(-80, 5))}, YES),
    # Exactly 1 nat.
    ("2.2.1", {"VAE": bounds(-80, -80), "IW": bounds(-81, -77)}, YES),
    ("2.2.1", {"VAE": bounds(-80, -80), "IW": bounds(-77, -81 - TICK)}, NO),
    ("2.2.1", {"VAE": bounds(-77, -83), "IW": bounds(-79, -79)}, YES),
    ("2.2.1", {"VAE": bounds(-83, -77 + TICK), "IW": bounds(-79, -79)}, NO),
    # Half a nat on average, and lower in every trial, compared with the same trial.
    ("2.3.1", {"IW": bounds(-76, -80), "IW+BN": bounds(-76.25, -80.75)}, YES),
    ("2.3.1", {"IW": bounds(-76, -80), "IW+BN": bounds(-76.75, -80.25 + TICK)}, NO),
    ("2.3.1", {"IW": bounds(-76, -80), "IW+BN": bounds(-76 - TICK, -82)}, YES),
    ("2.3.1", {"IW": bounds(-76, -80), "IW+BN": bounds(-76, -82)}, NO),
    ("2.3.1", {"IW": bounds(-76, -80), "IW+BN": bounds(-79, -80)}, NO),
    ("2.3.1", {"IW": bounds(-76, -90), "IW+BN": bounds(-77, -91)}, YES),
    # Epochs to within exactly 1 nat of the lower end differ by exactly a quarter.
    ("2.4.1", {"IW": reaching(-77, 10, 40), "IW+WU": reaching(-77, 50, 20)}, YES),
    ("2.4.1", {"IW": reaching(-77, 10, 40), "IW+WU": reaching(-77, 51, 20)}, NO),
    ("2.4.1", {"IW": reaching(-77, 50, 20), "IW+WU": reaching(-77, 10, 40)}, YES),
    ("2.4.1", {"IW": reaching(-77, 51, 20), "IW+WU": reaching(-77, 10, 40)}, NO),
    ("2.4.1", {"IW": reaching(-77, 40), "IW+WU": reaching(-77 - TICK, 40)}, NO),
    # The lower end is the level of both: 80 is 1 nat under it, 79 is passed on the way.
    ("2.4.1", {"IW": reaching(-79, 40), "IW+WU": reaching(-80, 50, end=-79)}, YES),
    ("2.4.1", {"IW": reaching(-80, 50, end=-79), "IW+WU": reaching(-79, 40)}, YES),
    # Half a nat apart, either way round.
    ("2.4.2", {"IW": bounds(-70, -82), "IW+WU": bounds(-82, -71)}, YES),
    ("2.4.2", {"IW": bounds(-70, -82), "IW+WU": bounds(-82, -71 + TICK)}, YES),
    ("2.4.2", {"IW": bounds(-76, -77), "IW+WU": bounds(-76, -76 + TICK)}, NO),
    ("2.4.2", {"IW": bounds(-76, -77), "IW+WU": bounds(-77, -77 - TICK)}, NO),
    ("2.4.2", {"IW": bounds(-76, -77), "IW+WU": bounds(-77, -77)}, YES),
    # The higher of 2 and 5 is exactly 1 nat under the lowest of the others.
    ("2.5.1", latent_dims(n5=(-79, -77), n50=(-76, -78)), YES),
    ("2.5.1", latent_dims(n5=(-79, -77 + TICK)), NO),
    ("2.5.1", latent_dims(n2=(-79, -77 + TICK)), NO),
    ("2.5.1", latent_dims(n5=(-78, -78), n50=(-76, -78 - TICK)), NO),
    ("2.5.1", latent_dims(n5=(-78, -78), n10=(-78, -76 - TICK)), NO),
    # 9 is few, 10 is many.
    ("2.5.1", latent_dims(n9=(-78, -78)), YES),
    ("2.5.1", latent_dims(n9=(-77, -77)), NO),
    # 10 or more span exactly 1 nat.
    ("2.5.2", latent_dims(n10=(-78, -78), n100=(-79, -75)), YES),
    ("2.5.2", latent_dims(n10=(-78, -78), n100=(-75, -79 + TICK)), NO),
    ("2.5.2", latent_dims(n20=(-76, -76), n50=(-76, -78)), YES),
    ("2.5.2", latent_dims(n20=(-76, -76), n10=(-75, -79 - TICK)), NO),
    ("2.5.2", latent_dims(n9=(-90, -90)), YES),
    # 10 has to be before each of the larger ones.
    *[
        (
            "2.5.3",
            {
                "10": reaching(-78, 20, 5, end=-77),
                size: reaching(-78, 8, epoch, end=-77),
            },
            v,
        )
        for size in ("20", "50", "100")
        for epoch, v in ((21, YES), (20, NO), (19, NO))
    ],
    # The level is 1 nat under the lowest end of the larger ones, not of 2 and 5.
    ("2.5.3", {"10": reaching(-78 - TICK, 20, end=-77)}, NO),
    (
        "2.5.3",
        {"100": bounds([(1, -900), (40, -79)]), "10": reaching(-80, 29, end=-77)},
        YES,
    ),
    (
        "2.5.3",
        {
            "100": bounds([(1, -900), (40, -79)]),
            "10": reaching(-80 - TICK, 29, end=-77),
        },
        NO,
    ),
]


@pytest.mark.parametrize("claim, changes, verdict", CASES)
def test_each_boundary(claim, changes, verdict):
    found = judged(claim.rpartition(".")[0], changes)[claim]
    assert found.kind == verdict, found.readings[0].values


def test_the_last_tenth_of_each_trial_is_its_final_bound():
    # The last tenth alone counts: what is before it, and the last epoch alone, differ.
    vae = bounds([(1, -90), (LAST, -84), (300, -54)], -81)
    claims = judged("2.2", {"VAE": vae, "IW": bounds(-76, -78)})
    assert claims["2.2.1"].readings[0].values == {
        "final_test_bound": {"VAE": [-83, -81], "IW": [-76, -78]},
        "test_log_likelihood": {
            "VAE": [{"mean": -51}, {"mean": -78}],
            "IW": [{"mean": -73}, {"mean": -75}],
        },
    }


def finals(figure):
    """What a claim says of its methods' ends, from the last epoch of runs that are flat there."""
    tests = {name: runs.history("test_bound")[:, -1] for name, runs in BASE[figure].items()}
    return {
        "final_test_bound": {name: ends.tolist() for name, ends in tests.items()},
        "test_log_likelihood": {
            name: [{"mean": end + 3} for end in ends] for name, ends in tests.items()
        },
    }


def of(numbers, *names):
    return {key: {name: by_name[name] for name in names} for key, by_name in numbers.items()}


def test_the_numbers_of_each_claim():
    ceiling = 784 / 2 * (1 - 1.8378770664093453)
    first, second = judged("2.1").values()
    assert first.readings[0].values == {
        "highest_possible_for_the_gaussian": pytest.approx(ceiling),
        **finals("2.1"),
    }
    assert second.readings[0].values == {"settled": True, **of(finals("2.1"), "Gaussian")}
    assert judged("2.3")["2.3.1"].readings[0].values == finals("2.3")
    rates = judged("2.4", {"IW": reaching(-77, 10, 40), "IW+WU": reaching(-77, 50, 20)})
    assert rates["2.4.1"].readings[0].values == {"epochs_to_common_level": {"IW": 40, "IW+WU": 50}}
    assert judged("2.4")["2.4.2"].readings[0].values == finals("2.4")
    few, same, faster = judged("2.5").values()
    assert few.readings[0].values == finals("2.5")
    assert same.readings[0].values == {"span": 0, **of(finals("2.5"), "10", "20", "50", "100")}
    spread = judged("2.5", latent_dims(n10=(-77, -76), n50=(-79, -78)))["2.5.2"]
    assert spread.readings[0].values["span"] == 2
    assert faster.readings[0].values == {
        "epochs_to_common_level": {"10": 20, "20": 30, "50": 30, "100": 31}
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
    assert found["bounds"]["VAE"]["train"] == [
        [v + 1 for v in first],
        [v + 1 for v in second],
    ]
    assert found["bounds"]["IW"]["test"] == [[-76.0] * 5, [-76.0001] * 5]
    assert found["convergence"]["VAE"] == {
        "final_test_bound": -80,
        "epochs_to_within_1_nat_of_it": 12,
        "of_epochs": 300,
    }
    assert found["convergence"]["IW"]["of_epochs"] == 5
    methods["VAE"] = bounds([(1, -900), (12, -81 - TICK), (100, -80)])
    assert data(methods)["convergence"]["VAE"]["epochs_to_within_1_nat_of_it"] == 100


def test_the_panels_show_the_mean_bounds_of_their_methods():
    for figure in ("2.1", "2.2", "2.3", "2.4", "2.5"):
        methods = {name: bounds(-80 - i, -82 - i, epochs=3) for i, name in enumerate(BASE[figure])}
        picture = analysed(figure, methods, ask(epochs=3)).picture
        for axis, offset in zip(picture.axes, (1, 0), strict=True):
            shown = {line.get_label(): line.get_ydata().tolist() for line in axis.lines}
            assert shown == {name: [offset - 81 - i] * 3 for i, name in enumerate(methods)}
        assert [axis.get_title() for axis in picture.axes] == ["Training data", "Test data"]
        title = picture.axes[1].get_legend().get_title().get_text()
        assert title == ("n_z" if figure == "2.5" else "")


def test_the_gaussian_head_cannot_exceed_its_ceiling():
    likelihood = likelihoods.Gaussian()
    likelihood.image_shape = (28, 28)
    image = np.random.default_rng(0).random((1, 28, 28)).astype("float32")
    logits = np.log(image / (1 - image)).reshape(1, -1)
    best = likelihood.distribution([logits, np.full((1, 784), -100.0, "float32")])
    claim = judged("2.1")["2.1.1"]
    ceiling = claim.readings[0].values["highest_possible_for_the_gaussian"]
    np.testing.assert_allclose(best.log_prob(image), ceiling, rtol=1e-5)


def test_bounds_that_approach_their_end_exponentially():
    """Curves as trained runs have them, by a rate that brings 1 nat after so many epochs."""

    def approaching(end, epochs_near, epochs=300):
        values = end - 60 * np.exp(-np.log(60) / epochs_near * np.arange(1, epochs + 1))
        return bounds(*[list(zip(range(1, epochs + 1), values, strict=True))] * 2)

    slow = judged("2.4", {"IW": approaching(-76, 30), "IW+WU": approaching(-77, 70)})
    assert [claim.kind for claim in slow.values()] == [NO, NO]
    near = judged("2.4", {"IW": approaching(-76, 40), "IW+WU": approaching(-76.3, 45)})
    assert [claim.kind for claim in near.values()] == [YES, YES]


def test_too_few_epochs_for_two_windows_are_not_settled():
    runs = {name: bounds(-77, -77, epochs=1) for name in BASE["2.4"]}
    assert "still changing after 300 epochs" in judged("2.4", runs)["2.4.2"].unmet
    assert judged("2.4", runs, ask(epochs=1))["2.4.2"].unmet == ("1 epochs, needs 120",)
    np.testing.assert_array_equal(curve([(1, 3), (2, 4)], 3), [3, 4, 4])

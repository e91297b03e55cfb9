"""Both sides of every boundary in the claims about active dimensions: Figures 3.1 to 3.3, beyond.

Trials differ, so that the first, the lowest or the highest gives another answer than their mean.
"""

import numpy as np
import pytest
from activity_runs import (
    BASE,
    NO,
    OPEN,
    YES,
    active,
    ask,
    counts,
    judged,
    under_threshold,
)

TWENTY = [str(size) for size in (20, 50, 100)]


def coming_back(*returning, of=40):
    """That many dimensions down to 10 in epoch 2; a trial's so many are active in epoch 200."""
    points = [[(1, of + 10), (2, 10), (200, 10 + many), (201, 10)] for many in returning]
    return active(*points, latent_dim=of + 10)


def at(epoch, first, second, drop=(20, 10)):
    """Counts that fall in the first epoch to `drop[0]`, then in `epoch`, the trials differing."""
    return active([(1, first), (epoch, drop[0])], [(1, second), (epoch, drop[1])])


def one_less(count):
    """Trials whose final count is a sixtieth under `count`."""
    return active(count, [(1, count), (300, count - 1)])


def one_more(count):
    """Trials whose final count is a sixtieth over `count`."""
    return active(count, [(1, count), (300, count + 1)])


def smooth(before=29, middle=30, between=30, end=29, after=30):
    """Counts around epochs 50 and 100, where alone they are looked at."""
    points = [(1, before), (50, middle), (51, between), (100, end), (101, after)]
    return active(points, points)


CASES = [
    # From 50 to 10: half is 30 dimensions, in epoch 30 or 31 of the mean over trials.
    ("3.1a.1", {"VAE": active([(1, 50), (30, 10)], [(1, 50), (30, 10)])}, YES),
    ("3.1a.1", {"VAE": active([(1, 50), (31, 10)], [(1, 50), (31, 10)])}, NO),
    ("3.1a.1", {"VAE": active([(1, 50), (4, 10)], [(1, 50), (31, 10)])}, YES),
    ("3.1a.1", {"VAE": active([(1, 50), (4, 11)], [(1, 50), (31, 9)])}, NO),
    # A tenth of the 80 pruned ones comes back.
    ("3.1a.1", {"VAE": coming_back(0, 8)}, YES),
    ("3.1a.1", {"VAE": coming_back(0, 9)}, NO),
    ("3.1a.1", {"VAE": coming_back(8, 0)}, YES),
    ("3.1a.1", {"VAE": coming_back(9, 0)}, NO),
    ("3.1a.1", {"VAE": coming_back(0, 200, of=1000)}, YES),
    ("3.1a.1", {"VAE": coming_back(0, 201, of=1000)}, NO),
    # The largest fall, that from all 50 included, is smaller by exactly 1 on average.
    *[
        case
        for claim, fast, slow in (("3.1a.2", "VAE", "IW"), ("3.1b.1", "IW", "IW+BN"))
        for case in (
            (claim, {fast: active(40, 38), slow: active(38, 42)}, YES),
            (claim, {fast: active(40, 38), slow: active(42, 37)}, NO),
            (claim, {fast: active(38, 41), slow: active(40, 40)}, NO),
            (claim, {fast: active(36, 42), slow: active(40, 40)}, YES),
            # The fall in epoch 30 is one of the first 30, that in epoch 31 is not.
            (claim, {fast: at(30, 40, 41), slow: active(30, 30)}, YES),
            (claim, {fast: at(31, 40, 41), slow: active(30, 30)}, NO),
            (claim, {fast: active(25, 25), slow: at(31, 40, 41)}, YES),
            (claim, {fast: active(25, 25), slow: at(30, 40, 41, (10, 12))}, NO),
        )
    ],
    # Final counts half a dimension apart, and a sixtieth less.
    ("3.1a.3", {"VAE": active(10, 11), "IW": active(10, 10)}, YES),
    ("3.1a.3", {"VAE": active(11, 10), "IW": one_more(10)}, NO),
    ("3.1a.3", {"VAE": active(10, 10), "IW": active(10, 9)}, YES),
    ("3.1a.3", {"VAE": one_less(10), "IW": active(9, 10)}, NO),
    # Both in [8, 12].
    *[
        ("3.1a.4", {name: runs}, verdict)
        for name in ("VAE", "IW")
        for runs, verdict in (
            (active(4, 12), YES),
            (active(14, 10), YES),
            (one_less(8), NO),
            (one_more(12), NO),
            (active(12, 12), YES),
            (active(8, 8), YES),
        )
    ],
    ("3.1b.2", {"IW": active(9, 10), "IW+BN": active(9, 11)}, YES),
    ("3.1b.2", {"IW": active(9, 10), "IW+BN": one_less(10)}, NO),
    ("3.1b.2", {"IW": one_more(10), "IW+BN": active(10, 11)}, NO),
    # Half of a fall of 20, and a little more; nothing falls at all.
    ("3.1c.1", {"IW": active(35, 25), "IW+WU": active(45, 35)}, YES),
    ("3.1c.1", {"IW": active(35, 25), "IW+WU": active(45, 34)}, NO),
    ("3.1c.1", {"IW": active(25, 36), "IW+WU": active(45, 35)}, NO),
    ("3.1c.1", {"IW": active(1, 1, 1), "IW+WU": active(25, 25, 26)}, NO),
    ("3.1c.1", {"IW": active(30, 30), "IW+WU": at(31, 45, 45)}, YES),
    ("3.1c.1", {"IW": active(30, 30), "IW+WU": at(30, 45, 45)}, NO),
    ("3.1c.1", {"IW": active(50, 50), "IW+WU": active(50, 50)}, OPEN),
    ("3.1c.1", {"IW": active([(1, 50), (31, 10)]), "IW+WU": active(50, 50)}, OPEN),
    ("3.1c.1", {"IW": active(50, 49), "IW+WU": active(50, 50)}, YES),
    # Counts after epochs 50 and 100 themselves differ by 1 on average.
    ("3.1c.2", {"IW+WU": smooth()}, YES),
    ("3.1c.2", {"IW+WU": smooth(before=30, middle=29, between=30)}, NO),
    ("3.1c.2", {"IW+WU": smooth(between=29)}, YES),
    ("3.1c.2", {"IW+WU": smooth(end=30, after=29)}, NO),
    ("3.1c.2", {"IW+WU": active([(1, 30), (90, 28)], [(1, 30), (90, 30)])}, YES),
    ("3.1c.2", {"IW+WU": active([(1, 30), (90, 29)], [(1, 30), (90, 30)])}, NO),
    # No fall of over 5 up to epoch 100, that from all 50 and that after it not counted.
    ("3.1c.2", {"IW+WU": active([(1, 30), (100, 24)], [(1, 30), (100, 26)])}, YES),
    ("3.1c.2", {"IW+WU": active([(1, 30), (100, 26)], [(1, 30), (100, 23)])}, NO),
    ("3.1c.2", {"IW+WU": active(*[[(1, 30), (60, 28), (101, 9)]] * 2)}, YES),
    ("3.1c.2", {"IW+WU": active(*[[(1, 30), (60, 28)]] * 2, epochs=100)}, YES),
    ("3.1c.2", {"IW+WU": active(*[[(1, 30), (60, 28)]] * 2, epochs=99)}, OPEN),
    ("3.1c.2", {"IW+WU": active(30, 30, epochs=49)}, OPEN),
    # One apart, either way round.
    ("3.1c.3", {"IW": active(8, 10), "IW+WU": active(12, 8)}, YES),
    ("3.1c.3", {"IW": active(9, 9), "IW+WU": one_more(10)}, NO),
    ("3.1c.3", {"IW": active(8, 10), "IW+WU": active(6, 10)}, YES),
    ("3.1c.3", {"IW": active(9, 9), "IW+WU": one_less(8)}, NO),
    # All active from epoch 5 on, in every trial.
    *[
        ("3.2.1", {str(size): active(*trials, latent_dim=size)}, verdict)
        for size in (2, 5, 9)
        for trials, verdict in (
            ((size, [(1, 0), (5, size)]), YES),
            (([(1, 0), (5, size)], size), YES),
            ((size, [(1, 0), (6, size)]), NO),
            (([(1, size), (300, size - 1)], size), NO),
        )
    ],
    ("3.2.1", {"10": active(9, 9, latent_dim=10)}, YES),
    # 20, 50 and 100 end within 2 of 10; 10 and fewer are not asked.
    *[
        ("3.2.2", {size: runs}, verdict)
        for size in (*TWENTY, "11")
        for runs, verdict in (
            (active(14, 10), YES),
            (one_more(12), NO),
            (active(4, 12), YES),
            (one_less(8), NO),
        )
    ],
    ("3.2.2", {"10": active(5, 5), "5": active(1, 1)}, YES),
    # Geometric means of the last epoch, of all trials together, half as much again as the VAE's.
    *[
        ("3.3.1", {name: under_threshold(*values)}, verdict)
        for name in ("IW", "IW+BN", "IW+WU")
        for values, verdict in (
            ((0.015001, 0.015001), YES),
            ((0.014999, 0.014999), NO),
            ((0.00300001, 0.075), YES),
            ((0.075, 0.00299999), NO),
            # 0.1 is no more than the threshold; what is all over it leaves nothing to compare.
            ((0.1, 0.1), YES),
            ((0.1, 0.0022), NO),
            ((0.1001, 0.1001), OPEN),
        )
    ],
    ("3.3.1", {"VAE": under_threshold(0.0163, 0.0163)}, YES),
    ("3.3.1", {"VAE": under_threshold(0.0164, 0.0164)}, NO),
    ("3.3.1", {"VAE": under_threshold(0.2, 0.2)}, OPEN),
    # At least half a dimension less on fewer digits, for both objectives.
    *[
        case
        for method in ("VAE", "IW")
        for few, same in [(f"{method}, digits 1-5", f"{method}, all digits, as many images")]
        for case in (
            ("beyond.five_digits.1", {few: active(9, 8)}, YES),
            ("beyond.five_digits.1", {few: active(8, 9), same: one_less(9)}, NO),
            ("beyond.five_digits.1", {few: one_more(8), same: active(8, 9)}, NO),
            ("beyond.five_digits.1", {f"{method}, all digits": active(1, 1)}, YES),
            ("beyond.five_digits.2", {few: active(4, 8)}, YES),
            ("beyond.five_digits.2", {few: one_more(6)}, NO),
            ("beyond.five_digits.2", {few: active(6, 2)}, YES),
            ("beyond.five_digits.2", {few: one_less(4)}, NO),
            ("beyond.five_digits.2", {same: active(40, 40)}, YES),
        )
    ],
    # A dimension less in the upper layer, without warm-up; a dimension more with it.
    *[
        case
        for name in ("VAE", "IW")
        for upper, lower in [(("upper", name), ("lower", name))]
        for case in (
            ("beyond.two_layers.1", {upper: counts(7, 3), lower: counts(4, 8)}, YES),
            (
                "beyond.two_layers.1",
                {upper: counts(5, 5), lower: counts(7, [(1, 5), (300, 4)])},
                NO,
            ),
            (
                "beyond.two_layers.1",
                {upper: counts(5, [(1, 5), (300, 6)]), lower: counts(6, 6)},
                NO,
            ),
        )
    ],
    ("beyond.two_layers.1", {("upper", "IW+WU"): counts(40, 40)}, YES),
    ("beyond.two_layers.2", {("upper", "IW+WU"): counts(4, 8)}, YES),
    ("beyond.two_layers.2", {("upper", "IW+WU"): counts(8, [(1, 4), (300, 3)])}, NO),
    (
        "beyond.two_layers.2",
        {("upper", "IW"): counts(3, 11), ("upper", "VAE"): counts(9, 9)},
        YES,
    ),
    ("beyond.two_layers.2", {("upper", "IW"): counts(7, [(1, 7), (300, 8)])}, NO),
    ("beyond.two_layers.2", {("lower", "IW+WU"): counts(1, 1)}, YES),
]


@pytest.mark.parametrize("claim, changes, verdict", CASES)
def test_each_boundary(claim, changes, verdict):
    figure = claim[:3] if claim[0] == "3" else claim.split(".")[1]
    found = judged(figure, changes)[claim]
    assert found.kind == verdict, found.readings[0].values
    if figure == "3.1":
        again = judged("continuous_data", changes, ask(dataset="fashion_mnist"))
        beyond = again[f"beyond.continuous_data.{claim}"]
        assert (beyond.kind, beyond.readings[0].values) == (verdict, found.readings[0].values)


def test_exactly_half_as_much_again_is_enough():
    # Geometric means go through a logarithm: a pair that comes back exactly here.
    low = next(
        value
        for value in np.arange(100, 6000) / 1e5
        if np.exp(np.log(1.5 * value)) == 1.5 * np.exp(np.log(value))
    )
    changes = {name: under_threshold(1.5 * low) for name in BASE["3.3"]}
    changes["VAE"] = under_threshold(low)
    claim = judged("3.3", changes)["3.3.1"]
    means = claim.readings[0].values["geometric_mean_activity_under_threshold"]
    assert means["IW"] == 1.5 * means["VAE"] and claim.kind == YES


def test_the_starting_epochs_of_few_dimensions():
    def holds(epochs):
        runs = {name: active(int(name), latent_dim=int(name), epochs=epochs) for name in ("2", "5")}
        return judged("3.2", runs)["3.2.1"].readings[0].holds

    assert holds(5) is True and holds(4) is None


def test_one_epoch_can_be_judged():
    one = {name: active(30, 31, epochs=1) for name in BASE["3.1"]}
    assert {claim.kind for claim in judged("3.1", one, ask(epochs=1)).values()} == {OPEN}


def test_the_numbers_of_the_claims_on_pruning():
    vae = active([(1, 30), (2, 12), (300, 13)], [(1, 32), (2, 11)])
    found = {name: claim.readings[0].values for name, claim in judged("3.1", {"VAE": vae}).items()}
    assert found["3.1a.1"] == {"epochs_to_half_pruned": 2, "returned_share": 1 / 39}
    assert found["3.1a.2"] == {"largest_drop": {"VAE": 19.5, "IW": 18}}
    ends = {
        "final_count": {"VAE": pytest.approx(11.5 + 1 / 60), "IW": 9},
        "lowest_and_highest_trial_after_the_last_epoch": {
            "VAE": [11, 13],
            "IW": [9, 9],
        },
    }
    assert found["3.1a.3"] == found["3.1a.4"] == ends
    assert found["3.1b.1"] == {"largest_drop": {"IW": 18, "IW+BN": 16}}
    assert found["3.1b.2"]["final_count"] == {"IW": 9, "IW+BN": 14}
    assert found["3.1c.1"] == {"largest_drop": {"IW": 18, "IW+WU": 5}}
    assert found["3.1c.2"] == {"count_at_50": 40, "count_at_100": 32, "largest_drop": 5}
    assert found["3.1c.3"]["final_count"] == {"IW": 9, "IW+WU": 9}
    returned = (
        judged("3.1", {"VAE": coming_back(2, 6)})["3.1a.1"].readings[0].values["returned_share"]
    )
    assert returned == 0.1


def test_the_numbers_of_the_other_claims_on_activity():
    small, large = judged("3.2", {"5": active(5, [(1, 5), (9, 3), (10, 5)], latent_dim=5)}).values()
    assert small.readings[0].values == {"lowest_count": {2: 2, 5: 3}}
    assert large.readings[0].values == {
        "final_count": {2: 2, 5: 5, 10: 10, 20: 10.5, 50: 10.5, 100: 10.5}
    }
    # Pooled over trials, and no less than 1e-12: (1e-2 1e-2 0 0 5e-13) and (2e-12)^2.
    vae = np.array([[[1.0] * 5, [5.0, 0.01, 0.01, 1, 1]], [[1.0] * 5, [0.0, 0.0, 5e-13, 1, 1]]])
    dead = {"VAE": vae, "IW": under_threshold(2e-12)}
    means = (
        judged("3.3", dead)["3.3.1"].readings[0].values["geometric_mean_activity_under_threshold"]
    )
    assert means["VAE"] == pytest.approx(10 ** ((-2 * 2 - 12 * 3) / 5))
    assert means["IW"] == pytest.approx(2e-12)
    fewer, as_many = judged("five_digits").values()
    ends = {name: counts_of[:, -1].mean() for name, counts_of in five_digit_counts().items()}
    assert fewer.readings[0].values == as_many.readings[0].values == {"final_count": ends}
    first, second = judged("two_layers").values()
    upper = {"VAE": 4, "IW": 5, "IW+WU": 8}
    assert first.readings[0].values == {
        "upper": upper,
        "lower": {"VAE": 20, "IW": 22, "IW+WU": 21},
    }
    assert second.readings[0].values == {"upper": upper}


def five_digit_counts():
    return {name: (value > 0.1).sum(-1) for name, value in BASE["five_digits"].items()}

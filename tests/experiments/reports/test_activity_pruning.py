"""Both sides of every boundary in the claims about active dimensions: Figures 3.1 to 3.3, beyond.

A claim's answers are those of its readings, in their order.
"""

import numpy as np
import pytest
from activity_runs import (
    EPOCHS,
    NO,
    YES,
    active,
    answers,
    ask,
    counts,
    judged,
    under_threshold,
    watched,
)

from keras_vae.experiments.measures import pruning

YES_NO = {True: "yes", False: "no"}
# After how many epochs half of the pruning is done, and which share comes back.
QUICK = [(1, 50), (30, 10)]
SLOW = [(1, 50), (31, 10)]


def both(*points, **more):
    """The same trial twice."""
    return watched(list(points), list(points), **more)


def coming_back(many, of=40):
    """That many dimensions down to 10 in epoch 2; so many are active in epoch 200."""
    points = [(1, of + 10), (2, 10), (200, 10 + many), (201, 10)]
    return watched(points, points, latent_dim=of + 10)


def said(figure, claim, changes, **choices):
    return answers(judged(figure, changes, ask(**choices))[claim])


def test_quickly_is_half_within_thirty_epochs():
    assert said("3.1", "3.1a.1", {"VAE": watched(QUICK, QUICK)})[0] == "yes"
    assert said("3.1", "3.1a.1", {"VAE": watched(SLOW, SLOW)})[0] == "no"


def test_not_likely_is_at_most_one_half_of_all_that_were_pruned():
    assert said("3.1", "3.1a.1", {"VAE": coming_back(20)})[0] == "yes"
    assert said("3.1", "3.1a.1", {"VAE": coming_back(21)})[0] == "no"


@pytest.mark.parametrize("returning, answer", [(4, "yes"), (5, "no")])
def test_not_likely_is_less_likely_than_to_be_pruned(returning, answer):
    # Ten are pruned in epoch 2; some return in epoch 20 and are pruned again in epoch 25.
    points = [(1, 40), (2, 30), (20, 30 + returning), (25, 30)]
    claim = judged("3.1", {"VAE": both(*points)})["3.1a.1"]
    chance = claim.readings[1].values["chance an epoch"]
    # From 29 epochs to the next: so many are active, or out, after each.
    active_epochs = 40 + 18 * 30 + 5 * (30 + returning) + 5 * 30
    out_epochs = 18 * 10 + 5 * (10 - returning) + 5 * 10
    assert chance["to be pruned"]["mean"] == pytest.approx((10 + returning) / active_epochs)
    assert chance["to return"]["mean"] == pytest.approx(returning / out_epochs)
    assert claim.readings[1].answer == answer


def test_what_never_was_active_was_not_pruned():
    activity = np.array([[[1, 0, 0], [0, 0, 0], [0, 0, 1], [1, 0, 1]]])
    out, back = pruning.chances(activity, 0.5, 4)
    # Of two active ones, one falls; the pruned one returns once in two epochs.
    assert (out.tolist(), back.tolist()) == ([1 / 2], [1 / 2])
    out, back = pruning.chances(activity, 0.5, 2)
    assert out.tolist() == [1.0] and np.isnan(back).all()


BEFORE, AFTER, RISEN, HALF, IN_ALL = range(5)


@pytest.mark.parametrize("claim, fast, slow", [("3.1a.2", "VAE", "IW"), ("3.1b.1", "IW", "IW+BN")])
@pytest.mark.parametrize("least, answer", [(1, "yes"), (0, "no")])
def test_early_pruning_is_slower_by_a_dimension(claim, fast, slow, least, answer):
    def found(first, second):
        return said("3.1", claim, {fast: first, slow: second})

    # From all 50 before the first epoch: 10 and 10 - least.
    assert found(both((1, 40)), both((1, 40 + least)))[BEFORE] == answer
    # In epoch 30, but not in epoch 31.
    falls = both((1, 40), (30, 30)), both((1, 40), (30, 30 + least))
    assert found(*falls)[AFTER] == answer
    late = both((1, 40), (31, 30)), both((1, 40), (31, 30 + least))
    assert found(*late)[AFTER] == "no"
    # From 50 to 10: half is pruned at 30, half an epoch or a whole one after epoch 1.
    assert found(both((1, 40), (2, 20), (3, 10)), both((1, 40), (2, 30), (3, 10)))[HALF] == "yes"
    assert found(both((1, 40), (2, 30), (3, 10)), both((1, 40), (2, 20), (3, 10)))[HALF] == "no"
    assert found(*[both((1, 40), (2, 30), (3, 10))] * 2)[HALF] == "no"
    # What is pruned in all counts, not how many: half of 40 and of 20, both in epoch 2.
    assert found(both((1, 40), (2, 20), (3, 10)), both((1, 45), (2, 35), (3, 30)))[HALF] == "no"
    # Over thirty epochs together, whenever within them, and not after.
    in_all = both((1, 45), (30, 20)), both((1, 30), (20, 20 + least), (31, 5))
    assert found(*in_all)[IN_ALL] == answer
    # Within the first epoch, of dimensions that had risen.
    assert found(both((1, 30), pruned=10), both((1, 30), pruned=10 - least))[RISEN] == answer


def test_dimensions_that_have_not_risen_were_not_pruned():
    """What turned 3.1b.1: few are active after the first epoch, since few have risen yet."""
    runs = {"IW": both((1, 45), (2, 34)), "IW+BN": both((1, 28))}
    assert said("3.1", "3.1b.1", runs) == ["no", "yes", "yes", "no", "no"]
    numbers = judged("3.1", runs)["3.1b.1"].readings[RISEN].values
    assert numbers["not risen by its end, threshold 0.1"] == {"IW": [5, 5], "IW+BN": [22, 22]}
    assert numbers["pruned within the first epoch, threshold 0.1"] == {
        "IW": [0, 0],
        "IW+BN": [0, 0],
    }
    # As many, but pruned.
    runs["IW+BN"] = both((1, 28), pruned=22)
    assert said("3.1", "3.1b.1", runs) == ["no", "yes", "no", "no", "no"]


def test_warm_up_leaves_at_most_half_of_the_initial_drop():
    def found(warm_up):
        return said("3.1", "3.1c.1", {"IW": both((1, 30), (2, 10), pruned=20), "IW+WU": warm_up})

    assert found(both((1, 40), (2, 30), pruned=10))[:HALF] == ["yes"] * 3
    assert found(both((1, 39), (2, 30), pruned=10))[:HALF] == ["no", "yes", "yes"]
    assert found(both((1, 40), (2, 29), pruned=10))[:HALF] == ["no"] * 3
    # 40 are pruned without it in thirty epochs, and 20 or 21 with it.
    assert found(both((1, 50), (9, 30)))[IN_ALL] == "yes"
    assert found(both((1, 50), (9, 29)))[IN_ALL] == "no"
    # Half is pruned after one epoch without it: after two with it, and a little later.
    assert found(both((1, 45), (2, 40), (3, 35), (4, 30)))[HALF] == "no"
    assert found(both((1, 46), (2, 41), (3, 35), (4, 30)))[HALF] == "yes"


def test_a_method_that_prunes_nothing_has_no_time_to_half_of_it():
    claim = judged("3.1", {"IW": both((1, 45), (2, 10)), "IW+WU": both((1, 50))})["3.1c.1"]
    half = claim.readings[HALF]
    assert (
        half.answer == "not measured" and half.values["epochs, each trial"]["IW+WU"] == [None] * 2
    )


def ends(*trials):
    return watched(*trials)


CASES = [
    # At least half a dimension less, more; at most one apart: exactly, and a step past it.
    ("3.1a.3", {"VAE": ends(10, 11), "IW": ends([(1, 10), (286, 9)], [(1, 11), (286, 10)])}, "yes"),
    ("3.1a.3", {"VAE": ends(10, 11), "IW": ends([(1, 10), (287, 9)], [(1, 11), (287, 10)])}, "no"),
    (
        "3.1b.2",
        {"IW": ends(10, 11), "IW+BN": ends([(1, 10), (286, 11)], [(1, 11), (286, 12)])},
        "yes",
    ),
    (
        "3.1b.2",
        {"IW": ends(10, 11), "IW+BN": ends([(1, 10), (287, 11)], [(1, 11), (287, 12)])},
        "no",
    ),
    ("3.1c.3", {"IW": ends(9, 11), "IW+WU": ends(10, 12)}, "yes"),
    ("3.1c.3", {"IW": ends(9, 11), "IW+WU": ends(8, 10)}, "yes"),
    (
        "3.1c.3",
        {"IW": ends(9, 11), "IW+WU": ends([(1, 10), (300, 11)], [(1, 12), (300, 13)])},
        "no",
    ),
    ("3.1c.3", {"IW": ends(9, 11), "IW+WU": ends([(1, 8), (300, 7)], [(1, 10), (300, 9)])}, "no"),
]


@pytest.mark.parametrize("claim, changes, answer", CASES)
def test_final_counts_at_their_boundaries(claim, changes, answer):
    found = said("3.1", claim, changes)
    assert [one.removeprefix("so far ") for one in found] == [answer]


def test_seeds_that_differ_decide_nothing():
    # 2 ± 1 lower.
    assert said("3.1", "3.1a.3", {"VAE": ends(11, 13), "IW": ends(10, 10)}) == ["so far yes"]
    assert said("3.1", "3.1a.3", {"VAE": ends(12, 13), "IW": ends(10, 11)}) == ["yes"]


@pytest.mark.parametrize("count, answer", [(8, "yes"), (7, "no"), (12, "yes"), (13, "no")])
@pytest.mark.parametrize("name", ["VAE", "IW", "IW+BN", "IW+WU"])
def test_about_ten_is_from_eight_to_twelve(name, count, answer):
    two, four = said("3.1", "3.1a.4", {name: ends(count, count)})
    assert four == answer
    assert two == (answer if name in ("VAE", "IW") else "yes")


def smooth(*quarters, **more):
    """Counts around the ends of warm-up's quarters, where alone they are looked at."""
    points = [(1, 45)]
    for end, count in zip((25, 50, 75, 100), quarters, strict=True):
        points += [(end, count), (end + 1, count + 1)]
    return watched(points, points, **more)


@pytest.mark.parametrize(
    "run, answers",
    [
        (smooth(44, 43, 42, 41), ["yes", "yes"]),
        # From all 50, a dimension in each quarter.
        (smooth(49, 48, 47, 46), ["yes", "yes"]),
        (smooth(50, 48, 47, 46), ["no", "yes"]),
        (smooth(44, 44, 43, 42), ["no", "yes"]),
        (smooth(44, 43, 43, 42), ["no", "yes"]),
        (smooth(44, 43, 42, 42), ["no", "yes"]),
        (smooth(44, 43, 43, 43), ["no", "no"]),
        # Falls of 5 and of 6 up to epoch 100; that from all 50, and later ones, do not count.
        (watched(*[[(1, 30), (40, 29), (60, 28), (100, 23)]] * 2), ["yes", "yes"]),
        (watched(*[[(1, 30), (40, 29), (60, 28), (100, 22)]] * 2), ["no", "no"]),
        (watched(*[[(1, 30), (40, 29), (60, 28), (99, 27), (101, 9)]] * 2), ["yes", "yes"]),
        (watched(*[[(1, 30), (40, 29), (60, 28), (99, 27)]] * 2, epochs=100), ["yes", "yes"]),
        (watched(*[[(1, 30), (60, 28)]] * 2, epochs=99), ["not measured"] * 2),
    ],
)
def test_pruning_goes_on_smoothly_through_epoch_100(run, answers):
    assert said("3.1", "3.1c.2", {"IW+WU": run}) == answers


def test_the_extension_asks_the_same_of_other_data():
    runs = {"VAE": watched(SLOW, SLOW), "IW": ends(14, 14)}
    of_mnist = judged("3.1", runs)
    beyond = judged("continuous_data", runs, ask(dataset="fashion_mnist"))
    for name, claim in of_mnist.items():
        other = beyond[f"beyond.continuous_data.{name}"]
        assert other.readings == claim.readings and other.extension and not claim.extension
    assert {claim.kind for claim in of_mnist.values()} > {YES, NO}


def test_one_epoch_can_be_judged():
    one = {name: watched(30, 31, epochs=1) for name in ("VAE", "IW", "IW+BN", "IW+WU")}
    assert not any("yes" in said("3.1", claim, one, epochs=1) for claim in judged("3.1", one))


@pytest.mark.parametrize("size", [2, 5])
def test_few_dimensions_are_pruned_at_any_epoch_or_at_the_end(size):
    def found(*points):
        return said("3.2", "3.2.1", {str(size): active(size, list(points), latent_dim=size)})

    assert found((1, 0), (5, size)) == ["yes", "yes"]
    assert found((1, size), (20, size - 1), (21, size)) == ["no", "yes"]
    assert found((1, size), (300, size - 1)) == ["no", "no"]
    assert found((1, size - 1)) == ["yes", "no"]


@pytest.mark.parametrize("size", ["20", "50", "100"])
@pytest.mark.parametrize("count, answer", [(12, "yes"), (13, "no"), (8, "yes"), (7, "no")])
def test_many_dimensions_end_within_two_of_ten(size, count, answer):
    changes = {size: active(count, count, latent_dim=int(size)), "10": active(5, 5, latent_dim=10)}
    assert said("3.2", "3.2.2", changes) == [answer]


def contributing(first, second=None):
    return under_threshold(first, first if second is None else second)


@pytest.mark.parametrize("name", ["IW", "IW+BN", "IW+WU"])
def test_what_is_under_the_threshold_is_half_as_much_again(name):
    def found(run, vae=0.02):
        base = dict.fromkeys(("IW", "IW+BN", "IW+WU"), contributing(0.09))
        return said("3.3", "3.3.1", {**base, "VAE": contributing(vae), name: run})

    assert found(contributing(0.030001)) == ["yes", "yes"]
    assert found(contributing(0.029999)) == ["no", "no"]
    # A third dimension under the threshold adds to the sum, and lowers the mean.
    assert found(under_threshold(0.029, 0.029, over=0.01)) == ["no", "yes"]
    # 0.1 is no more than the threshold; what is all over it leaves nothing to compare.
    assert found(contributing(0.1)) == ["yes", "yes"]
    assert found(under_threshold(0.2, 0.2)) == ["not measured"] * 2
    assert found(contributing(0.09), vae=0.2) == ["not measured"] * 2


def test_dead_dimensions_count_as_little():
    # Geometric means of (1e-2, 0) and of (1e-2, 1e-2), the 0 as 1e-12; and sums.
    vae = np.array([[[1.0] * 3, [5.0, 0.01, 0.0]], [[1.0] * 3, [5.0, 0.01, 0.01]]])
    claim = judged("3.3", {"VAE": vae})["3.3.1"]
    each, together = (
        reading.values["under the threshold, each trial"]["VAE"] for reading in claim.readings
    )
    assert each == pytest.approx([1e-7, 1e-2]) and together == pytest.approx([0.01, 0.02])


def test_the_end_of_warm_up_is_near_the_final_count_within_two():
    def found(after_100, end=9):
        points = [(1, 45), (100, after_100), (101, end)]
        return said("3.3", "text.1", {"IW+WU": active(points, points)})

    assert found(11) == found(7) == ["yes"]
    assert found(12) == found(6) == ["no"]
    # The count after epoch 100 itself.
    assert found(30) == ["no"]
    points = [(1, 45), (99, 30), (100, 9)]
    assert said("3.3", "text.1", {"IW+WU": active(points, points)}) == ["yes"]


def low(many, crossing):
    """Activity of which so many dimensions pass 0.01 alone, and so many cross it every epoch."""
    steady = np.full((2, EPOCHS, many), 0.05)
    turns = np.where(np.arange(EPOCHS) % 2, 0.009, 0.005)[:, None]
    if crossing:
        turns = np.where(np.arange(EPOCHS) % 2, 0.02, 0.005)[:, None]
    return np.concatenate([steady, np.broadcast_to(turns, (2, EPOCHS, 1))], axis=2)


@pytest.mark.parametrize("name", ["VAE", "IW"])
def test_many_dimensions_pass_the_low_threshold_and_come_and_go(name):
    def found(many, crossing):
        runs = {"VAE": low(9, True), "IW": low(9, True), name: low(many, crossing)}
        return said("3.3", "text.2", runs)

    assert found(5, True) == ["yes", "yes", "yes"]
    assert found(5, False) == ["yes", "yes", "no"]
    # The one that comes and goes counts half at the end.
    assert found(4, True) == ["yes", "no", "yes"]
    assert found(3, True) == ["no", "no", "yes"]


FEW, SAME = "digits 1-5", "all digits, as many images"


@pytest.mark.parametrize("method", ["VAE", "IW"])
def test_fewer_digits_keep_half_a_dimension_less(method):
    few, same = f"{method}, {FEW}", f"{method}, {SAME}"

    def found(changes):
        return [
            claim.readings[0].answer.removeprefix("so far ")
            for claim in judged("five_digits", changes).values()
        ]

    step = [(1, 6), (286, 5)], [(1, 6), (286, 5)]
    late = [(1, 6), (287, 5)], [(1, 6), (287, 5)]
    assert found({few: active(*step), same: active(6, 6)}) == ["yes", "yes"]
    assert found({few: active(*late), same: active(6, 6)}) == ["no", "yes"]
    assert found({few: active(6, 6)}) == found({few: active(4, 4)}) == ["yes", "yes"]
    assert found({few: active(7, 7)}) == found({few: active(3, 3)}) == ["yes", "no"]
    assert found({f"{method}, all digits": active(1, 1), same: active(40, 40)}) == ["yes", "yes"]


@pytest.mark.parametrize("name", ["VAE", "IW"])
def test_the_upper_layer_keeps_a_dimension_less(name):
    def found(upper, lower):
        runs = {("upper", name): counts(upper, upper), ("lower", name): counts(lower, lower)}
        runs[("upper", "IW+WU")] = counts(40, 40)
        return said("two_layers", "beyond.two_layers.1", runs)

    assert found(5, 6) == ["yes"] and found(5, 5) == ["no"]


@pytest.mark.parametrize("warm_up, answer", [(18, "yes"), (17, "no")])
def test_warm_up_keeps_a_dimension_more_of_the_upper_layer(warm_up, answer):
    runs = {("upper", "IW+WU"): counts(warm_up, warm_up), ("lower", "IW+WU"): counts(1, 1)}
    assert said("two_layers", "beyond.two_layers.2", runs) == [answer]

"""What every claim of the activity report needs before it is decided, and its three verdicts."""

import pytest
from activity_runs import (
    BASE,
    NO,
    OPEN,
    YES,
    active,
    ask,
    bounds,
    counts,
    judged,
    moving,
    watched,
)

# Least epochs, and the methods whose quantity has to have settled; every claim needs two trials.
PRUNING = {
    "3.1a.1": (100, ()),
    "3.1a.2": (30, ()),
    "3.1a.3": (100, ("VAE", "IW")),
    "3.1a.4": (100, ("VAE", "IW", "IW+BN", "IW+WU")),
    "3.1b.1": (30, ()),
    "3.1b.2": (100, ("IW", "IW+BN")),
    "3.1c.1": (30, ()),
    "3.1c.2": (100, ()),
    "3.1c.3": (120, ("IW", "IW+WU")),
}
NEEDS = {
    "2.1": {"2.1.1": (50, ()), "2.1.2": (50, ())},
    "2.2": {"2.2.1": (50, ())},
    "2.3": {"2.3.1": (50, ())},
    "2.4": {"2.4.1": (120, ()), "2.4.2": (120, ("IW", "IW+WU"))},
    "2.5": {
        "2.5.1": (50, ()),
        "2.5.2": (100, ("10", "20", "50", "100")),
        "2.5.3": (100, ()),
    },
    "3.1": PRUNING,
    "3.2": {"3.2.1": (50, ()), "3.2.2": (100, ("20", "50", "100"))},
    "3.3": {"3.3.1": (120, ()), "text.1": (120, ()), "text.2": (100, ())},
    "4.1": {f"4.1.{n}": (50, ()) for n in (1, 2, 3)},
    "4.2": {f"4.2.{n}": (50, ()) for n in (1, 2)},
    "4.3": {"4.3.1": (50, ()), "text.5": (50, ())},
    "five_digits": {
        "beyond.five_digits.1": (
            100,
            tuple(set(BASE["five_digits"]) - {"VAE, all digits", "IW, all digits"}),
        ),
        "beyond.five_digits.2": (100, ("VAE, digits 1-5", "IW, digits 1-5")),
    },
    "two_layers": {
        "beyond.two_layers.1": (50, tuple(key for key in BASE["two_layers"] if key[1] != "IW+WU")),
        "beyond.two_layers.2": (50, (("upper", "IW"), ("upper", "IW+WU"))),
    },
    "continuous_data": {f"beyond.continuous_data.{name}": need for name, need in PRUNING.items()},
}
DATASETS = {"continuous_data": "fashion_mnist"}


def of_epochs(figure, epochs):
    """The figure's runs with weights of that epoch, where it looks at weights."""
    weights = BASE[figure].get("weights", {})
    return {"weights": {name: [epochs, epochs] for name in weights}} if weights else {}


def verdicts(figure, changes=None, **choices):
    choices = {"dataset": DATASETS.get(figure, "mnist"), **choices}
    changes = {**of_epochs(figure, choices.get("epochs", 300)), **(changes or {})}
    return {name: claim.kind for name, claim in judged(figure, changes, ask(**choices)).items()}


@pytest.mark.parametrize("figure", NEEDS)
def test_runs_as_the_report_has_them_reproduce_every_claim(figure):
    assert verdicts(figure) == dict.fromkeys(NEEDS[figure], YES)


@pytest.mark.parametrize("figure", NEEDS)
def test_a_claim_is_decided_from_its_least_epochs_on(figure):
    for name, (epochs, _) in NEEDS[figure].items():
        assert verdicts(figure, epochs=epochs)[name] == YES, name
        assert verdicts(figure, epochs=epochs - 1)[name] == OPEN, name


@pytest.mark.parametrize("figure", NEEDS)
def test_one_trial_decides_nothing(figure):
    assert set(verdicts(figure, trials=1).values()) == {OPEN}


@pytest.mark.parametrize("figure", NEEDS)
@pytest.mark.parametrize("dataset", ["mnist", "mnist_5k", "fashion_mnist"])
def test_a_claim_is_decided_on_its_own_data_set_only(figure, dataset):
    decided = dataset == DATASETS.get(figure, "mnist")
    assert set(verdicts(figure, dataset=dataset).values()) == {YES if decided else OPEN}


def open_claims(figure, changes):
    return {name for name, kind in verdicts(figure, changes).items() if kind == OPEN}


@pytest.mark.parametrize("figure, claim, limit", [("2.4", "2.4.2", 0.5), ("2.5", "2.5.2", 1.0)])
def test_bounds_whose_rates_would_turn_an_answer_do_not_decide_it(figure, claim, limit):
    """They are equal; in 300 more epochs one is past the limit, or just not."""
    for name in NEEDS[figure][claim][1]:
        for rate in (limit / 300 - 1e-5, limit / 300 + 1e-5):
            for up in (1, -1):
                changes = {name: bounds(*[moving(-77, up * rate)] * 2)}
                assert (claim in open_claims(figure, changes)) == (rate > limit / 300), name


@pytest.mark.parametrize("rate", [0.02, -0.02])
def test_bounds_that_are_past_a_limit_and_stay_so_decide(rate):
    """2 nats apart: at this rate they are 8 in 300 epochs, or have passed each other."""
    changes = {"IW+WU": bounds(*[moving(-75, rate)] * 2)}
    assert verdicts("2.4", changes)["2.4.2"] == (NO if rate > 0 else OPEN)
    changes = {"20": bounds(*[moving(-75, rate)] * 2)}
    # Twice 300 epochs of 0.02 nats less 2 is past the limit again.
    assert verdicts("2.5", changes)["2.5.2"] == NO


@pytest.mark.parametrize("rate, decided", [(0.0101, False), (0.0099, True)])
def test_a_bound_that_still_changes_before_the_reports_end_may_yet_converge(rate, decided):
    changes = {"Gaussian": bounds(*[moving(-340, rate)] * 2)}
    claim = judged("2.1", changes, ask(epochs=299))["2.1.2"]
    assert [reading.is_decided for reading in claim.readings] == [decided, decided, True]


@pytest.mark.parametrize("figure, claim", [("2.4", "2.4.1"), ("2.5", "2.5.3")])
def test_the_own_end_of_a_bound_that_rises_is_no_end(figure, claim):
    """Unless the run has the report's epochs, whose end it is then."""
    for name in {"2.4": ("IW", "IW+WU"), "2.5": ("10", "100")}[figure]:
        for rate, moves in ((0.0099, False), (0.0101, True)):
            changes = {name: bounds(*[moving(-77, rate)] * 2)}
            assert not judged(figure, changes)[claim].unmet
            changed = judged(figure, changes, ask(epochs=299))[claim]
            reasons = [reading.unmet for reading in changed.readings]
            assert [any("still changes" in reason for reason in of) for of in reasons[:2]] == [
                moves
            ] * 2
            assert not any("still changes" in reason for of in reasons[2:] for reason in of)


COUNTED = ["3.1", "3.2", "3.3", "five_digits", "two_layers", "continuous_data"]


@pytest.mark.parametrize("figure", COUNTED)
def test_counts_that_still_move_decide_nothing_that_they_may_turn(figure):
    for name in BASE[figure]:
        by_direction = [
            open_claims(figure, {name: moving_counts(figure, name, up)}) for up in (1, -1)
        ]
        wanted = {claim for claim, (_, settled) in NEEDS[figure].items() if name in settled}
        assert wanted <= set.union(*by_direction), name
        still = open_claims(figure, {name: moving_counts(figure, name, 0)})
        assert not still & wanted, name


def test_a_count_that_is_past_a_limit_and_stays_so_decides_for_all():
    """VAE ends with 14 of 50, and rises or stays; IW+WU still falls."""
    falling = moving_counts("3.1", "IW+WU", -1)
    for vae in (watched(14, 14), watched([(1, 12), (250, 14)], [(1, 12), (250, 14)])):
        assert verdicts("3.1", {"VAE": vae, "IW+WU": falling})["3.1a.4"] == NO
    assert verdicts("3.1", {"IW+WU": falling})["3.1a.4"] == OPEN
    down = watched([(1, 16), (250, 14)], [(1, 16), (250, 14)])
    assert verdicts("3.1", {"VAE": down})["3.1a.4"] == OPEN


@pytest.mark.parametrize("after_100, last, kind", [(14, 12, OPEN), (14, 11, NO), (9, 12, OPEN)])
def test_a_count_that_falls_leaves_the_end_of_warm_up_behind(after_100, last, kind):
    """By 3 in the last hundred epochs, and so by some 9 in 300 more."""
    points = [(1, 45), (100, after_100), (201, last + 3), (240, last + 1), (265, last)]
    assert verdicts("3.3", {"IW+WU": active(points, points)})["text.1"] == kind


def moving_counts(figure, name, up):
    """A method's runs that change by three dimensions, up or down, in the last third of epochs."""
    value = BASE[figure][name]
    if figure in ("3.1", "continuous_data"):
        value = value.activity
    ends = value[:, -1] if figure == "two_layers" else (value[:, -1] > 0.1).sum(axis=-1)
    points = [
        [(1, end + 3 - 3 * up), (220, end + 3 - 2 * up), (240, end + 3 - up), (260, end + 3)]
        for end in ends
    ]
    if figure == "two_layers":
        return counts(*points)
    size = 50 if figure != "3.2" else int(name) + 6
    return (
        watched(*points)
        if figure in ("3.1", "continuous_data")
        else active(*points, latent_dim=size)
    )


@pytest.mark.parametrize("figure", ["4.1", "4.2", "4.3"])
def test_weights_of_another_epoch_decide_nothing(figure):
    for name in BASE[figure]["weights"]:
        for epochs in ([300, 301], [299, 300]):
            weights = {**BASE[figure]["weights"], name: epochs}
            assert set(verdicts(figure, {"weights": weights}).values()) == {OPEN}
    assert NO not in verdicts(figure).values()

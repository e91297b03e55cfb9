"""What every claim of the activity report needs before it is decided, and its three verdicts."""

import itertools

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
    drifting,
    judged,
)

# Least epochs and trials, and the methods whose quantity has to have settled.
PRUNING = {
    "3.1a.1": (100, 2, ()),
    "3.1a.2": (30, 2, ()),
    "3.1a.3": (100, 2, ("VAE", "IW")),
    "3.1a.4": (100, 2, ("VAE", "IW")),
    "3.1b.1": (30, 2, ()),
    "3.1b.2": (100, 2, ("IW", "IW+BN")),
    "3.1c.1": (30, 2, ()),
    "3.1c.2": (100, 2, ()),
    "3.1c.3": (120, 2, ("IW", "IW+WU")),
}
NEEDS = {
    "2.1": {"2.1.1": (50, 1, ()), "2.1.2": (50, 1, ())},
    "2.2": {"2.2.1": (50, 1, ())},
    "2.3": {"2.3.1": (50, 2, ())},
    "2.4": {"2.4.1": (120, 2, ()), "2.4.2": (120, 2, ("IW", "IW+WU"))},
    "2.5": {
        "2.5.1": (50, 1, ()),
        "2.5.2": (100, 2, ("10", "20", "50", "100")),
        "2.5.3": (100, 2, ()),
    },
    "3.1": PRUNING,
    "3.2": {"3.2.1": (50, 1, ()), "3.2.2": (100, 1, ("20", "50", "100"))},
    "3.3": {"3.3.1": (120, 2, ())},
    "4.1": {f"4.1.{n}": (50, 2, ()) for n in (1, 2, 3)},
    "4.2": {f"4.2.{n}": (50, 2, ()) for n in (1, 2)},
    "4.3": {"4.3.1": (50, 2, ())},
    "five_digits": {
        f"beyond.five_digits.{n}": (100, 2, tuple(BASE["five_digits"])) for n in (1, 2)
    },
    "two_layers": {f"beyond.two_layers.{n}": (50, 2, tuple(BASE["two_layers"])) for n in (1, 2)},
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
    for name, (epochs, _, _) in NEEDS[figure].items():
        assert verdicts(figure, epochs=epochs)[name] == YES, name
        assert verdicts(figure, epochs=epochs - 1)[name] == OPEN, name


@pytest.mark.parametrize("figure", NEEDS)
def test_a_claim_is_decided_from_its_least_trials_on(figure):
    one_trial = verdicts(figure, trials=1)
    assert one_trial == {
        name: YES if trials == 1 else OPEN for name, (_, trials, _) in NEEDS[figure].items()
    }


@pytest.mark.parametrize("figure", NEEDS)
@pytest.mark.parametrize("dataset", ["mnist", "mnist_5k", "fashion_mnist"])
def test_a_claim_is_decided_on_its_own_data_set_only(figure, dataset):
    decided = dataset == DATASETS.get(figure, "mnist")
    assert set(verdicts(figure, dataset=dataset).values()) == {YES if decided else OPEN}


@pytest.mark.parametrize("figure", ["2.4", "2.5"])
def test_bounds_that_still_move_decide_nothing_about_their_ends(figure):
    for name in BASE[figure]:
        for change, still in (
            (0.1999, False),
            (-0.1999, False),
            (0.2001, True),
            (-0.2001, True),
        ):
            # One trial moves more, the other less: the mean counts.
            end = BASE[figure][name].history("test_bound")[:, -1]
            moved = bounds(*[drifting(e, change + d) for e, d in zip(end, (1, -1), strict=True)])
            found = verdicts(figure, {name: moved})
            for claim, (_, _, settled) in NEEDS[figure].items():
                assert (found[claim] == OPEN) == (still and name in settled), (
                    claim,
                    name,
                    change,
                )


def counts_that_move(figure, name, sign, further):
    """A method's runs that end as in `BASE`, on average by half a dimension off the tenth before.

    The second trial alone moves; `further`, the first one does too, in the last epoch.
    """
    value = BASE[figure][name]
    ends = value[:, -1] if figure == "two_layers" else (value[:, -1] > 0.1).sum(axis=-1)
    # Of a thousand epochs the last tenth is so long that one of them makes a small step.
    trials = [
        [(1, ends[0]), (1000, ends[0] + sign * further)],
        [(1, ends[1] - sign), (901, ends[1])],
    ]
    return (counts if figure == "two_layers" else active)(*trials, epochs=1000)


@pytest.mark.parametrize("figure", ["3.1", "3.2", "five_digits", "two_layers", "continuous_data"])
def test_counts_that_still_move_decide_nothing_about_their_ends(figure):
    for name, sign, further in itertools.product(BASE[figure], (1, -1), (False, True)):
        found = verdicts(figure, {name: counts_that_move(figure, name, sign, further)})
        for claim, (_, _, settled) in NEEDS[figure].items():
            assert (found[claim] == OPEN) == (further and name in settled), (
                claim,
                name,
                sign,
            )


@pytest.mark.parametrize("figure", ["4.1", "4.2", "4.3"])
def test_weights_of_another_epoch_decide_nothing(figure):
    for name in BASE[figure]["weights"]:
        for epochs in ([300, 301], [299, 300]):
            weights = {**BASE[figure]["weights"], name: epochs}
            assert set(verdicts(figure, {"weights": weights}).values()) == {OPEN}
    assert NO not in verdicts(figure).values()

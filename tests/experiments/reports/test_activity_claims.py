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
    "3.3": {"3.3.1": (120, ()), "text.1": (120, ("IW+WU",)), "text.2": (100, ())},
    "4.1": {f"4.1.{n}": (50, ()) for n in (1, 2, 3)},
    "4.2": {f"4.2.{n}": (50, ()) for n in (1, 2)},
    "4.3": {"4.3.1": (50, ()), "text.5": (50, ())},
    "five_digits": {f"beyond.five_digits.{n}": (100, tuple(BASE["five_digits"])) for n in (1, 2)},
    "two_layers": {f"beyond.two_layers.{n}": (50, tuple(BASE["two_layers"])) for n in (1, 2)},
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


@pytest.mark.parametrize("figure", ["2.4", "2.5"])
def test_bounds_that_still_move_decide_nothing_about_their_ends(figure):
    for name in BASE[figure]:
        end = BASE[figure][name].history("test_bound")[:, -1]
        for rate, still in ((0.0099, False), (-0.0099, False), (0.0101, True), (-0.0101, True)):
            found = open_claims(figure, {name: bounds(*[moving(e, rate) for e in end])})
            wanted = {claim for claim, (_, settled) in NEEDS[figure].items() if name in settled}
            assert found & wanted == (wanted if still else set()), (name, rate)
            assert not (found - wanted) or figure == "2.4"


COUNTED = ["3.1", "3.2", "3.3", "five_digits", "two_layers", "continuous_data"]


@pytest.mark.parametrize("figure", COUNTED)
def test_counts_that_still_move_decide_nothing_about_their_ends(figure):
    for name in BASE[figure]:
        for up in (1, -1):
            found = open_claims(figure, {name: moving_counts(figure, name, up)})
            wanted = {claim for claim, (_, settled) in NEEDS[figure].items() if name in settled}
            assert wanted <= found, (name, up)
            still = open_claims(figure, {name: moving_counts(figure, name, 0)})
            assert not still & wanted, name


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

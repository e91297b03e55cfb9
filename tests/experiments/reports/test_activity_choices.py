"""What goes with what in Sections 3.2 and 5, and what Figure 3.1 depends on: every boundary."""

import re

import numpy as np
import pytest
from activity_runs import EPOCHS, MODULES, active, answers, ask, bounds

from keras_vae.experiments.reports.activity.bounds import MethodBounds

DIMENSIONS, CHOICES = MODULES["section_3_2"], MODULES["section_5"]
SENSITIVITY = MODULES["sensitivity"]
ENDS = {"Gaussian": -300, "VAE": -80, "IW": -76, "IW+BN": -76.5, "IW+WU": -75.5}
SIZES = {"2": -77, "5": -77, "10": -77, "20": -77, "100": -76}
COUNTS = {"VAE": 14, "IW": 17, "IW+BN": 23, "IW+WU": 36}


def ended(ends):
    """`MethodBounds` by method, of numbers or of runs."""
    runs = {name: bounds(end, end) if np.isscalar(end) else end for name, end in ends.items()}
    return {name: MethodBounds(run) for name, run in runs.items()}


def checked(claims):
    (claim,) = claims
    claim.check()
    return claim


def dimensions(ends=None, counts=None, **options):
    """The answers of Section 3.2, from where bounds and counts end."""
    counted = {
        name: np.array([value] * 2, dtype=float)
        for name, value in {**COUNTS, **(counts or {})}.items()
    }
    measured = DIMENSIONS.Measured(ended({**ENDS, **(ends or {})}), counted)
    return answers(checked(DIMENSIONS.judge(measured, ask(**options))))


def choices(ends=None, **options):
    """The answers of Section 5: among the methods, with all sizes, with those from ten up."""
    claim = checked(CHOICES.judge(ended({**ENDS, **SIZES, **(ends or {})}), ask(**options)))
    # Leads are signed numbers, and never missing where all was measured.
    assert len(re.findall(r"[+-]\d+\.\d", claim.measured)) == 6
    return answers(claim)


def test_more_dimensions_with_no_better_bound_are_no_better():
    assert dimensions()[:3] == ["yes"] * 3
    assert dimensions({"IW+BN": -76})[:3] == ["yes"] * 3
    assert dimensions({"IW+BN": -75.9})[:3] == ["no"] * 3
    # The training bound is lower, the test bound higher.
    assert dimensions({"IW+BN": bounds(-75, -75, train=-2)})[:2] == ["yes", "no"]
    assert dimensions(counts={"IW+BN": 17.4})[:3] == ["no"] * 3
    assert dimensions(counts={"IW+BN": 17.5})[:3] == ["yes"] * 3


def test_over_all_runs_a_correlation_has_to_be_significant():
    rising = {"VAE": -80.0, "IW": -76.0, "IW+BN": -75.0, "IW+WU": -74.0}
    assert dimensions(rising)[3:] == ["no"] * 3
    # As many active dimensions say nothing of bounds.
    assert dimensions(rising, counts=dict.fromkeys(COUNTS, 9))[3:] == ["not measured"] * 3
    falling = {name: -150 - end for name, end in rising.items()}
    assert dimensions(falling)[3:] == ["yes"] * 3


def test_decoder_and_importance_weighting_have_to_be_the_two_largest():
    # Importance weighting brings 4, the sizes differ by 1, warm-up by half.
    assert choices() == ["yes"] * 9
    assert choices({"2": -80}) == ["yes", "no", "yes"] * 3
    assert choices({"10": -80}) == ["yes", "no", "no"] * 3
    assert choices({"IW+WU": -72}) == ["no"] * 9
    assert choices({"IW+WU": -72.01})[::3] == ["yes"] * 3
    assert choices({"Gaussian": -80.4}) == ["no"] * 9
    # A method that loses brings nothing.
    assert choices({"IW+BN": -90}) == ["yes"] * 9


# At the hundredth epoch, warm-up has only just ended.
@pytest.mark.parametrize("short", [{"epochs": 119}, {"trials": 1}, {"dataset": "mnist_5k"}])
def test_choices_need_what_claims_about_ends_need(short):
    found = [*dimensions(**short), *choices(**short)]
    assert not any(answer in ("yes", "no") for answer in found)
    assert all(
        answer in ("yes", "no") for answer in [*dimensions(epochs=120), *choices(epochs=120)]
    )


def test_gains_by_hand():
    runs = ended({name: bounds(end, end + 1) for name, end in {**ENDS, **SIZES}.items()})
    assert CHOICES.gains(runs, "test")["Bernoulli decoder"].tolist() == [220, 220]
    assert CHOICES.gains(runs, "train")["importance weighting"].tolist() == [4, 4]
    assert CHOICES.gains(runs, "log_likelihood")["batch normalisation"].tolist() == [-0.5, -0.5]
    runs = ended({**ENDS, **SIZES, "5": -90})
    assert [values.tolist() for values in CHOICES.size_gains(runs, "test").values()] == [
        [14, 14],
        [1, 1],
    ]


PLAIN = "as in Figure 3.1"


def counted(count, training=None, low=None):
    """`Counts` of two equal trials, by default the same over training images and at 0.01."""

    def flat(value):
        return np.full((2, EPOCHS), value)

    by_epoch = {0.1: flat(count), 0.01: flat(count if low is None else low)}
    return SENSITIVITY.Counts(by_epoch, np.array([count if training is None else training] * 2))


def sensitivity(changes=None, **choices):
    """What the two claims say by reading, of runs that all end with 11 and with IW 10."""
    runs = SENSITIVITY.FIGURE.trial(ask(), 0)
    measured = {name: counted(10 if name.startswith("IW") else 11) for name in runs}
    claims = SENSITIVITY.judge({**measured, **(changes or {})}, ask(**choices))
    for claim in claims:
        claim.check()
    return [{reading.name: reading.answer for reading in claim.readings} for claim in claims]


READINGS = [
    *(PLAIN, f"{PLAIN}, KL sampled", "pixels drawn", "pixels drawn, KL sampled"),
    *("pixels left grey", "pixels left grey, KL sampled", "usual Adam", "usual Adam, KL sampled"),
    *("over training images", "threshold 0.01"),
]


def test_every_choice_is_a_reading():
    fewer, ten = sensitivity()
    assert fewer == ten == dict.fromkeys(READINGS, "yes")


@pytest.mark.parametrize(
    "run, value, readings",
    [
        (f"VAE, {PLAIN}", 10, {PLAIN, "over training images", "threshold 0.01"}),
        (f"VAE, KL sampled, {PLAIN}", 10, {f"{PLAIN}, KL sampled"}),
        ("VAE, pixels drawn", 10, {"pixels drawn"}),
        ("IW, pixels left grey", 11, {"pixels left grey", "pixels left grey, KL sampled"}),
        ("VAE, KL sampled, usual Adam", 10, {"usual Adam, KL sampled"}),
    ],
)
def test_each_choice_has_its_own_runs(run, value, readings):
    fewer, _ = sensitivity({run: counted(value)})
    assert {name for name, answer in fewer.items() if answer == "no"} == readings


def test_training_images_and_the_low_threshold_have_their_own_counts():
    fewer, ten = sensitivity({f"IW, {PLAIN}": counted(10, training=11, low=13)})
    assert {name for name, answer in fewer.items() if answer == "no"} == set(READINGS[-2:])
    assert {name for name, answer in ten.items() if answer == "no"} == {READINGS[-1]}
    for count, answer in ((8, "yes"), (7, "no"), (12, "yes"), (13, "no")):
        assert sensitivity({"VAE, usual Adam": counted(count)})[1]["usual Adam"] == answer


@pytest.mark.parametrize(
    "before, fewer, ten", [(6, "so far yes", "so far yes"), (14, "yes", "so far yes")]
)
def test_what_may_turn_is_open(before, fewer, ten):
    moving = counted(10)
    moving.by_epoch[0.1][:, :250] = before
    by_reading = sensitivity({"IW, usual Adam": moving})
    for by_name, answer in zip(by_reading, (fewer, ten), strict=True):
        for name in READINGS:
            assert by_name[name] == (answer if name.startswith("usual Adam") else "yes")


def test_what_is_too_short_is_open():
    for short in ({"epochs": 99}, {"trials": 1}, {"dataset": "mnist_5k"}):
        assert set(sensitivity(**short)[0].values()) == {"so far yes"}


def test_counts_are_over_test_and_over_training_images():
    class Method:
        activity = active(3, 5, epochs=4)
        weights_epochs = (4, 4)
        names = []

        def remembered(self, trial, name, compute):
            self.names.append((trial, name))
            return [0.5] * (trial + 1) + [0.1] * (49 - trial)

    found = SENSITIVITY.measure({f"VAE, {PLAIN}": Method(), "IW, usual Adam": Method()}, ask())
    assert found[f"VAE, {PLAIN}"].by_epoch[0.1].tolist() == [[3] * 4, [5] * 4]
    assert found[f"VAE, {PLAIN}"].by_epoch[0.01].tolist() == [[50] * 4] * 2
    assert found[f"VAE, {PLAIN}"].training.tolist() == [1, 2]
    assert found["IW, usual Adam"].training is None
    assert Method.names == [(t, "activity_over_training_images/4_epochs") for t in (0, 1)]

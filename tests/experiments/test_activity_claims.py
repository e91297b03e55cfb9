"""Verdicts on bounds, dimensions, shades and views whose answers are known."""

import types

import numpy as np
import pytest

from keras_vae.experiments.activity_report import (
    bound_claims,
    five_digits_claims,
    latent_dim_claims,
    latent_view_claims,
    shade_claims,
)
from keras_vae.experiments.claims import INCONCLUSIVE, NOT_REPRODUCED, REPRODUCED

EPOCHS = 300


def asked(epochs=EPOCHS, dataset="mnist", trials=1):
    return types.SimpleNamespace(epochs=epochs, dataset=dataset, trials=trials)


def method(final, epochs_near, epochs=EPOCHS):
    """A run whose test bound comes within one nat of `final` after `epochs_near` epochs."""
    rate = np.log(60) / epochs_near
    curve = final - 60 * np.exp(-rate * np.arange(1, epochs + 1))
    return types.SimpleNamespace(
        history=lambda name: curve[None], log_likelihood=[{"mean": final + 3}]
    )


def verdicts(claims):
    return [claim.verdict for claim in claims]


BOUND_CASES = [
    (bound_claims.judge_decoders, {"Bernoulli": (-80, 20), "Gaussian": (-340, 5)}, [True, True]),
    (bound_claims.judge_decoders, {"Bernoulli": (-320, 20), "Gaussian": (-340, 1000)}, [False] * 2),
    (bound_claims.judge_importance_weighting, {"VAE": (-80, 20), "IW": (-78, 20)}, [True]),
    (bound_claims.judge_importance_weighting, {"VAE": (-80, 20), "IW": (-79.5, 20)}, [False]),
    (bound_claims.judge_batch_norm, {"IW": (-76, 20), "IW+BN": (-77, 20)}, [True]),
    (bound_claims.judge_batch_norm, {"IW": (-76, 20), "IW+BN": (-76.2, 20)}, [False]),
    (bound_claims.judge_warm_up, {"IW": (-76, 40), "IW+WU": (-76.3, 45)}, [True, True]),
    (bound_claims.judge_warm_up, {"IW": (-76, 40), "IW+WU": (-77, 110)}, [False, False]),
]


@pytest.mark.parametrize("judge, ends, holds", BOUND_CASES)
def test_bounds(judge, ends, holds):
    methods = {name: method(*end) for name, end in ends.items()}
    expected = [REPRODUCED if value else NOT_REPRODUCED for value in holds]
    found = verdicts(judge(methods, asked()))
    assert found == expected
    assert set(verdicts(judge(methods, asked(dataset="mnist_5k")))) == {INCONCLUSIVE}


def test_short_runs_decide_nothing_about_bounds():
    short = {name: method(-80, 5, epochs=20) for name in ("IW", "IW+WU")}
    assert verdicts(bound_claims.judge_warm_up(short, asked(20))) == [INCONCLUSIVE] * 2


def latent_dims(ends, near=lambda size: 30 + (size != 10)):
    return {str(size): method(end, near(size)) for size, end in ends.items()}


def test_bounds_by_latent_dim():
    as_reported = {2: -120, 5: -95, 10: -77, 20: -76.8, 50: -76.6, 100: -76.9}
    judge = bound_claims.judge_latent_dim
    assert verdicts(judge(latent_dims(as_reported), asked())) == [REPRODUCED] * 3
    opposite = {**as_reported, 5: -77.2, 100: -74}
    slow = latent_dims(opposite, near=lambda size: 60 - (size != 10))
    assert verdicts(judge(slow, asked())) == [NOT_REPRODUCED] * 3
    at_60 = verdicts(judge(latent_dims(as_reported), asked(60)))
    assert at_60 == [REPRODUCED, INCONCLUSIVE, INCONCLUSIVE]


def test_activity_by_latent_dim():
    def activity(ends):
        return {
            str(size): np.repeat((np.arange(size) < end)[None, None], EPOCHS, axis=1) * 1.0
            for size, end in ends.items()
        }

    def judge(ends, **kwargs):
        return verdicts(
            latent_dim_claims.judge_latent_dim_activity(activity(ends), 0.1, asked(**kwargs))
        )

    as_reported = {2: 2, 5: 5, 10: 10, 20: 11, 50: 9, 100: 12}
    assert judge(as_reported) == [REPRODUCED, REPRODUCED]
    assert judge({**as_reported, 5: 4, 100: 13}) == [NOT_REPRODUCED, NOT_REPRODUCED]
    assert judge(as_reported, epochs=60) == [REPRODUCED, INCONCLUSIVE]


def test_shades_compare_geometric_means_under_the_threshold():
    vae = np.array([[[5.0, 5.0], [1.0, 1.0]], [[5.0, 5.0], [0.01, 0.0001]]]).swapaxes(0, 1)[1:]
    assert shade_claims.inactive_contribution(vae, 0.1) == pytest.approx(1e-3)
    assert shade_claims.inactive_contribution(np.ones((1, 2, 3)), 0.1) is None

    def judge(factors, epochs=EPOCHS):
        activity = {name: factor * vae for name, factor in factors.items()}
        return verdicts(shade_claims.judge_shades(activity, 0.1, asked(epochs)))

    higher = {"VAE": 1, "IW": 2, "IW+BN": 3, "IW+WU": 1.6}
    assert judge(higher) == [REPRODUCED]
    assert judge({**higher, "IW+BN": 1.4}) == [NOT_REPRODUCED]
    assert judge(higher, epochs=60) == [INCONCLUSIVE]


def test_reconstructions():
    recognised = np.array([0.3, 0.97, 0.2, 0.6, 0.6, 0.5, 0.8, 0.9, 0.7, 0.6])
    judge = latent_view_claims.judge_reconstructions
    assert verdicts(judge(0.995, recognised, asked())) == [REPRODUCED] * 3
    assert verdicts(judge(0.95, 1 - recognised, asked())) == [NOT_REPRODUCED] * 3


def test_encodings():
    confusion = np.eye(10) * np.linspace(0.3, 0.9, 10)
    confusion[2, 3] = confusion[3, 2] = 0.3
    rising, falling = np.linspace(0.1, 0.9, 10), np.linspace(0.9, 0.1, 10)
    judge = latent_view_claims.judge_encodings
    first, second = judge(confusion, rising, asked())
    assert first.verdict == second.verdict == REPRODUCED
    assert first.numbers["rank_correlation"] == pytest.approx(1)
    assert second.numbers["mean_share"] == pytest.approx(0.3)
    assert second.numbers["rank_among_45_pairs"] == 1
    confusion[2, 3] = confusion[3, 2] = 0.05
    confusion[4, 9] = 0.5
    first, second = judge(confusion, falling, asked())
    assert first.verdict == second.verdict == NOT_REPRODUCED
    assert second.numbers["rank_among_45_pairs"] == 2


def test_manifold():
    assert verdicts(latent_view_claims.judge_manifold(0.8, asked())) == [REPRODUCED]
    assert verdicts(latent_view_claims.judge_manifold(0.5, asked())) == [NOT_REPRODUCED]


@pytest.mark.parametrize(
    "few, control, expected",
    [
        (5, 14, [REPRODUCED, REPRODUCED]),
        (12, 14, [REPRODUCED, NOT_REPRODUCED]),
        (14, 14, [NOT_REPRODUCED, NOT_REPRODUCED]),
    ],
)
def test_five_digits(few, control, expected):
    def activity(end):
        return np.repeat((np.arange(50) < end)[None, None], EPOCHS, axis=1) * 1.0

    runs = {
        f"{method}, {part}": activity(end)
        for method in ("VAE", "IW")
        for part, end in (("digits 1-5", few), ("all digits, as many images", control))
    }
    assert verdicts(five_digits_claims.judge_five_digits(runs, 0.1, asked())) == expected

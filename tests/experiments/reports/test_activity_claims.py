"""Verdicts on bounds, dimensions, shades and views whose answers are known."""

import types

import numpy as np
import pytest

from keras_vae import likelihoods
from keras_vae.experiments.figures.claims import INCONCLUSIVE, NOT_REPRODUCED, REPRODUCED
from keras_vae.experiments.reports.activity import (
    bound_claims,
    five_digits_claims,
    latent_dim_claims,
    latent_view_claims,
    shade_claims,
)

EPOCHS = 300


def asked(epochs=EPOCHS, dataset="mnist", trials=2):
    return types.SimpleNamespace(epochs=epochs, dataset=dataset, trials=trials)


def method(final, epochs_near, epochs=EPOCHS):
    """A run whose test bound comes within one nat of `final` after `epochs_near` epochs."""
    rate = np.log(60) / epochs_near
    curve = final - 60 * np.exp(-rate * np.arange(1, epochs + 1))
    return types.SimpleNamespace(
        history=lambda name: np.stack([curve, curve + 0.02]),
        log_likelihood_summary=lambda: [{"mean": final + 3}] * 2,
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
    (bound_claims.judge_warm_up, {"IW": (-76, 30), "IW+WU": (-77, 70)}, [False, False]),
]


@pytest.mark.parametrize("judge, ends, holds", BOUND_CASES)
def test_bounds(judge, ends, holds):
    methods = {name: method(*end) for name, end in ends.items()}
    expected = [REPRODUCED if value else NOT_REPRODUCED for value in holds]
    found = verdicts(judge(methods, asked()))
    assert found == expected
    assert set(verdicts(judge(methods, asked(dataset="mnist_5k")))) == {INCONCLUSIVE}


def test_one_trial_decides_nothing_that_seeds_could():
    methods = {"IW": method(-76, 40), "IW+BN": method(-77, 40), "IW+WU": method(-76.1, 40)}
    assert verdicts(bound_claims.judge_batch_norm(methods, asked(trials=1))) == [INCONCLUSIVE]
    assert verdicts(bound_claims.judge_warm_up(methods, asked(trials=1))) == [INCONCLUSIVE] * 2


def test_a_bound_that_still_rises_is_not_said_to_have_converged():
    rising = {"IW": method(-76, 400), "IW+WU": method(-76, 400)}
    assert bound_claims.judge_warm_up(rising, asked())[1].verdict == INCONCLUSIVE


def test_the_gaussian_head_cannot_exceed_its_ceiling():
    likelihood = likelihoods.Gaussian()
    likelihood.image_shape = (28, 28)
    image = np.random.default_rng(0).random((1, 28, 28)).astype("float32")
    logits = np.log(image / (1 - image)).reshape(1, -1)
    best = likelihood.distribution([logits, np.full((1, 784), -100.0, "float32")])
    np.testing.assert_allclose(best.log_prob(image), bound_claims.GAUSSIAN_CEILING, rtol=1e-5)


def test_short_runs_decide_nothing_about_bounds():
    short = {name: method(-80, 5, epochs=20) for name in ("IW", "IW+WU")}
    assert verdicts(bound_claims.judge_warm_up(short, asked(20))) == [INCONCLUSIVE] * 2


def latent_dims(ends, near=lambda size: 20 if size == 10 else 31):
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
    late = activity(as_reported)
    late["5"][0, 4, 0] = 0.0
    assert (
        latent_dim_claims.judge_latent_dim_activity(late, 0.1, asked())[0].verdict == NOT_REPRODUCED
    )
    late["5"][0, 3, 0], late["5"][0, 4, 0] = 0.0, 1.0
    assert latent_dim_claims.judge_latent_dim_activity(late, 0.1, asked())[0].verdict == REPRODUCED


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
    dead = shade_claims.inactive_contribution(np.zeros((1, 1, 3)), 0.1)
    assert dead == pytest.approx(shade_claims.LEAST)


def test_reconstructions():
    recognised = np.array([[0.3, 0.97, 0.2, 0.6, 0.6, 0.5, 0.8, 0.9, 0.7, 0.6]] * 2)
    judge = latent_view_claims.judge_reconstructions
    better = np.array([0.995, 0.999])
    assert verdicts(judge(better, recognised, ())) == [REPRODUCED] * 3
    assert verdicts(judge(better, recognised, ("too short",))) == [INCONCLUSIVE] * 3
    # One trial that disagrees is enough.
    better[1], recognised[1] = 0.95, 1 - recognised[1]
    assert verdicts(judge(better, recognised, ())) == [NOT_REPRODUCED] * 3


def test_encodings():
    confusion = np.stack([np.eye(10) * np.linspace(0.3, 0.9, 10)] * 2)
    confusion[:, 2, 3] = confusion[:, 3, 2] = 0.3
    rising = np.stack([np.linspace(0.1, 0.9, 10)] * 2)
    falling = rising[:, ::-1]
    judge = latent_view_claims.judge_encodings
    first, second = judge(confusion, rising, ())
    assert first.verdict == second.verdict == REPRODUCED
    assert first.numbers["rank_correlation"] == pytest.approx([1, 1])
    assert second.numbers["mean_share"] == pytest.approx([0.3, 0.3])
    assert second.numbers["rank_among_45_pairs"] == [1, 1]
    confusion[1, 2, 3] = confusion[1, 3, 2] = 0.05
    confusion[1, 4, 9] = 0.5
    first, second = judge(confusion, falling, ())
    assert first.verdict == second.verdict == NOT_REPRODUCED
    assert second.numbers["rank_among_45_pairs"] == [1, 2]


def test_manifold():
    assert verdicts(latent_view_claims.judge_manifold([0.8, 0.75], ())) == [REPRODUCED]
    assert verdicts(latent_view_claims.judge_manifold([0.8, 0.5], ())) == [NOT_REPRODUCED]


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

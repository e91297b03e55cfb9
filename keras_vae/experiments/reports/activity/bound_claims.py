"""The activity report's claims about bounds (Figures 2.1 to 2.5), as measured rules."""

import math

from keras_vae.experiments.figures.claims import Claim, unmet_requirements
from keras_vae.experiments.measures.convergence import epochs_to_level, final_value, has_settled
from keras_vae.experiments.reports.activity.protocol import (
    AFTER_WARM_UP_EPOCHS,
    CONTRAST_EPOCHS,
    CONVERGED_EPOCHS,
)

NEAR = 1.0
FAR = 50.0
CLEAR = 1.0
SAME = 0.5
SETTLED = 0.2
SAME_RATE = 1.25
GAUSSIAN_CEILING = 28 * 28 * 0.5 * (1 - math.log(2 * math.pi))


class Bounds:
    """One method's test bound over epochs, and the numbers that claims are judged by.

    Arguments:
        method: `MethodRuns`.
    """

    def __init__(self, method):
        self.values = method.history("test_bound")
        self.final = final_value(self.values)
        self.trials = [final_value(trial[None]) for trial in self.values]
        self.settled = has_settled(self.values, SETTLED)
        # Importance-weighted bounds are tighter at the same model; this is the same for all.
        self.log_likelihood = method.log_likelihood_summary()


def judge_decoders(methods, asked):
    """Judges the claims of Figure 2.1; methods `"Bernoulli"` and `"Gaussian"`."""
    bounds, unmet = _prepare(methods, asked)
    bernoulli, gaussian = bounds["Bernoulli"], bounds["Gaussian"]
    return [
        Claim(
            id="activity.2.1.1",
            statement="The Bernoulli decoder's bound is far higher than the Gaussian's.",
            rule=f"On binary data its final test bound is higher by at least {FAR:g} nats (one is "
            "on a log-probability, the other on a log-density, which this decoder's least variance "
            "of 1/e limits).",
            numbers={"highest_possible_for_the_gaussian": GAUSSIAN_CEILING, **_finals(bounds)},
            holds=bernoulli.final >= gaussian.final + FAR,
            unmet=unmet(CONTRAST_EPOCHS),
        ),
        Claim(
            id="activity.2.1.2",
            statement="The Gaussian decoder's bound has converged.",
            rule=f"Its mean test bound moves by at most {SETTLED:g} nats between the last two "
            "tenths of the epochs, on binary data.",
            numbers={"settled": gaussian.settled, **_finals({"Gaussian": gaussian})},
            holds=gaussian.settled,
            unmet=unmet(CONTRAST_EPOCHS),
        ),
    ]


def judge_importance_weighting(methods, asked):
    """Judges the claim of Figure 2.2; methods `"VAE"` and `"IW"`."""
    bounds, unmet = _prepare(methods, asked)
    return [
        Claim(
            id="activity.2.2.1",
            statement="Importance weighting's bound is significantly higher.",
            rule=f"IW's final test bound is higher than the VAE's by at least {CLEAR:g} nat; the "
            "log-likelihoods tell how much of that is a better model.",
            numbers=_finals(bounds),
            holds=bounds["IW"].final >= bounds["VAE"].final + CLEAR,
            unmet=unmet(CONTRAST_EPOCHS),
        )
    ]


def judge_batch_norm(methods, asked):
    """Judges the claim of Figure 2.3; methods `"IW"` and `"IW+BN"`."""
    bounds, unmet = _prepare(methods, asked)
    return [
        Claim(
            id="activity.2.3.1",
            statement="Batch normalisation is worse.",
            rule="IW+BN's final test bound is lower than IW's in every trial, by at least "
            f"{SAME:g} nats on average.",
            numbers=_finals(bounds),
            holds=bounds["IW+BN"].final <= bounds["IW"].final - SAME
            and all(
                normalised < plain
                for normalised, plain in zip(
                    bounds["IW+BN"].trials, bounds["IW"].trials, strict=True
                )
            ),
            unmet=unmet(CONTRAST_EPOCHS, min_trials=2),
        )
    ]


def judge_warm_up(methods, asked):
    """Judges the claims of Figure 2.4; methods `"IW"` and `"IW+WU"`."""
    bounds, unmet = _prepare(methods, asked)
    plain, warm_up = bounds["IW"], bounds["IW+WU"]
    epochs = _epochs_to_common_level(bounds)
    ratio = max(epochs.values()) / min(epochs.values())
    return [
        Claim(
            id="activity.2.4.1",
            statement="Warm-up learns at the same rate.",
            rule="The epochs each needs to come within 1 nat of the lower of the two final test "
            f"bounds differ by at most a factor of {SAME_RATE:g}.",
            numbers={"epochs_to_common_level": epochs},
            holds=ratio <= SAME_RATE,
            unmet=unmet(AFTER_WARM_UP_EPOCHS, min_trials=2),
        ),
        Claim(
            id="activity.2.4.2",
            statement="Warm-up converges to the same bound.",
            rule=f"The final test bounds differ by at most {SAME:g} nats.",
            numbers=_finals(bounds),
            holds=abs(plain.final - warm_up.final) <= SAME,
            unmet=unmet(AFTER_WARM_UP_EPOCHS, "IW", "IW+WU", min_trials=2),
        ),
    ]


def judge_latent_dim(methods, asked):
    """Judges the claims of Figure 2.5; methods are numbers of latent dimensions as text."""
    bounds, unmet = _prepare(methods, asked)
    small = {name: bound for name, bound in bounds.items() if int(name) < 10}
    large = {name: bound for name, bound in bounds.items() if int(name) >= 10}
    ends = [bound.final for bound in large.values()]
    epochs = _epochs_to_common_level(large)
    return [
        Claim(
            id="activity.2.5.1",
            statement="Models with 2 or 5 latent dimensions are worse.",
            rule="Both final test bounds lie under that of every model with 10 or more "
            f"dimensions by at least {CLEAR:g} nat.",
            numbers=_finals(bounds),
            holds=max(bound.final for bound in small.values()) <= min(ends) - CLEAR,
            unmet=unmet(CONTRAST_EPOCHS),
        ),
        Claim(
            id="activity.2.5.2",
            statement="All models with 10 or more latent dimensions converge to the same bound.",
            rule=f"Their final test bounds span at most {CLEAR:g} nat.",
            numbers={"span": max(ends) - min(ends), **_finals(large)},
            holds=max(ends) - min(ends) <= CLEAR,
            unmet=unmet(CONVERGED_EPOCHS, *large, min_trials=2),
        ),
        Claim(
            id="activity.2.5.3",
            statement="The model with 10 latent dimensions converges slightly faster.",
            rule="It needs fewer epochs than each larger model to come within 1 nat of the lowest "
            "of their final test bounds.",
            numbers={"epochs_to_common_level": epochs},
            holds=all(epochs["10"] < count for name, count in epochs.items() if name != "10"),
            unmet=unmet(CONVERGED_EPOCHS, min_trials=2),
        ),
    ]


def _prepare(methods, asked):
    bounds = {name: Bounds(method) for name, method in methods.items()}

    def unmet(min_epochs, *settled, min_trials=1):
        return unmet_requirements(
            asked,
            min_epochs=min_epochs,
            min_trials=min_trials,
            settled=all(bounds[name].settled for name in settled),
        )

    return bounds, unmet


def _epochs_to_common_level(bounds):
    level = min(bound.final for bound in bounds.values()) - NEAR
    return {name: epochs_to_level(bound.values, level) for name, bound in bounds.items()}


def _finals(bounds):
    return {
        "final_test_bound": {name: bound.trials for name, bound in bounds.items()},
        "test_log_likelihood": {name: bound.log_likelihood for name, bound in bounds.items()},
    }

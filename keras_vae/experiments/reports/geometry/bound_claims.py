"""The report's claims about bounds and log-likelihoods (Figure 2, right)."""

import itertools

from keras_vae.experiments.figures.claims import Claim
from keras_vae.experiments.reports.geometry.figures import flat_list, nested_dict
from keras_vae.experiments.reports.geometry.protocol import OUTER_ALPHAS
from keras_vae.experiments.reports.geometry.requirements import unmet_requirements
from keras_vae.experiments.runs.evaluation import mean_and_error

STANDARD_ERRORS = 2
LIKELIHOOD_SAMPLES = 2000


def judge_bounds(bounds, asked):
    """Judges the claims about the gap to the log-likelihood and the noise of its estimate.

    Arguments:
        bounds: What `bounds.measure_all` returns.
        asked: `options.Options`.

    Returns:
        List of `Claim`.
    """
    found = flat_list(bounds)
    samples = min(of["num_samples"] for one in found for of in one.log_likelihood)
    unmet = unmet_requirements(asked, [epochs for one in found for epochs in one.epochs])
    if samples < LIKELIHOOD_SAMPLES:
        unmet += (f"{samples} importance samples, needs {LIKELIHOOD_SAMPLES}",)
    return [_judge_gap(bounds, unmet), _judge_noise(bounds, unmet)]


def _judge_gap(bounds, unmet):
    steps = {
        size: {
            f"{high:g} minus {low:g}": mean_and_error(by_order[high].gap - by_order[low].gap)
            for low, high in itertools.pairwise(sorted(a for a in by_order if 0 <= a <= 1))
        }
        for size, by_order in bounds.items()
    }
    every = [step for by_pair in steps.values() for step in by_pair.values()]
    return Claim(
        id="geometry.2b.1",
        statement="The bound gets closer to the log-likelihood as alpha goes to 0.",
        rule="At every k, the gap between them falls with each step towards alpha = 0, averaged "
        f"over trials and paired by image by at least {STANDARD_ERRORS} standard errors.",
        numbers={
            "gap": nested_dict(bounds, lambda one: mean_and_error(one.gap)),
            "difference_of_gaps": {str(size): by_pair for size, by_pair in steps.items()},
        },
        holds=all(map(_is_positive, every)) if every else None,
        unmet=unmet,
    )


def _judge_noise(bounds, unmet):
    noisier = {
        size: noise_differences(*(by_order[alpha] for alpha in OUTER_ALPHAS))
        for size, by_order in bounds.items()
        if by_order.keys() >= set(OUTER_ALPHAS)
    }
    every = [difference for trials in noisier.values() for difference in trials]
    higher = all(difference["mean"] > 0 for difference in every)
    clear = all(map(_is_positive, every))
    return Claim(
        id="geometry.2b.2",
        statement="The importance-sampled log-likelihood gets noisier as alpha goes to 0.",
        rule="At every k and in every trial, the variance of an image's estimate over "
        "repetitions is higher at alpha = 0 than at 1, on average over the images by "
        f"{STANDARD_ERRORS} standard errors. Where it is higher everywhere, but somewhere by less, "
        "more images have to decide.",
        numbers={
            "variance_at_0_minus_at_1": {str(size): trials for size, trials in noisier.items()},
            "standard_deviation": nested_dict(bounds, lambda one: one.noise_level),
        },
        holds=clear if every and (clear or not higher) else None,
        unmet=unmet,
    )


def noise_differences(first, second):
    """How much higher the first one's variance of an estimate is, paired by image.

    Arguments:
        first: `Bounds`.
        second: Another one, of as many trials.

    Returns:
        List, one entry a trial, of dictionaries with `mean` and `standard_error` over the images,
        in squared nats.
    """
    return [mean_and_error(a - b) for a, b in zip(first.noise, second.noise, strict=True)]


def _is_positive(difference):
    return bool(difference["mean"] >= STANDARD_ERRORS * difference["standard_error"])

"""The report's claims about bounds and log-likelihoods (Figure 2, right)."""

import numpy as np

from keras_vae.experiments.claims import Claim, unmet_requirements
from keras_vae.experiments.evaluation import mean_and_error
from keras_vae.experiments.geometry_report.figures import nested_dict
from keras_vae.experiments.geometry_report.protocol import CONTRAST_EPOCHS, OUTER_ALPHAS, TRIALS

STANDARD_ERRORS = 2


def judge_bounds(bounds, asked):
    """Judges the claims about the gap to the log-likelihood and the noise of its estimate.

    Arguments:
        bounds: What `bounds.measure_all` returns.
        asked: `options.Options`.

    Returns:
        List of `Claim`.
    """
    gaps = {size: {a: one.gap for a, one in by_order.items()} for size, by_order in bounds.items()}
    noisier = {
        size: noise_difference(*(by_order[alpha] for alpha in OUTER_ALPHAS))
        for size, by_order in bounds.items()
        if by_order.keys() >= set(OUTER_ALPHAS)
    }
    unmet = unmet_requirements(asked, min_epochs=CONTRAST_EPOCHS, min_trials=TRIALS)
    return [
        Claim(
            id="geometry.2b.1",
            statement="The bound gets closer to the log-likelihood as alpha goes to 0.",
            rule="At every k, the mean gap between them falls with each step towards alpha = 0.",
            numbers={"gap": nested_dict(gaps, float)},
            holds=_falls_towards_zero(gaps),
            unmet=unmet,
        ),
        Claim(
            id="geometry.2b.2",
            statement="The importance-sampled log-likelihood gets noisier as alpha goes to 0.",
            rule="At every k, the variance of an image's estimate over repetitions is higher at "
            f"alpha = 0 than at 1, on average over the images by {STANDARD_ERRORS} standard "
            "errors.",
            numbers={
                "variance_at_0_minus_at_1": {str(size): value for size, value in noisier.items()},
                "standard_deviation": nested_dict(bounds, lambda one: one.noise_level),
            },
            holds=all(
                value["mean"] >= STANDARD_ERRORS * value["standard_error"]
                for value in noisier.values()
            )
            if noisier
            else None,
            unmet=unmet,
        ),
    ]


def noise_difference(first, second):
    """How much higher the first one's variance of an estimate is, paired by image.

    Arguments:
        first: `Bounds`.
        second: Another one.

    Returns:
        Dictionary with `mean` and `standard_error` over the images, in squared nats.
    """
    means = [np.mean(one.noise, axis=0) for one in (first, second)]
    return mean_and_error(means[0] - means[1])


def _falls_towards_zero(gaps):
    steps = []
    for by_order in gaps.values():
        orders = sorted(alpha for alpha in by_order if 0 <= alpha <= 1)
        steps += [by_order[a] < by_order[b] for a, b in zip(orders, orders[1:], strict=False)]
    return all(steps) if steps else None

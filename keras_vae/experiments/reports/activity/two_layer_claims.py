"""How activity divides between two stochastic layers: Section 5.1 of the activity report."""

from keras_vae.experiments.figures.claims import Claim, unmet_requirements
from keras_vae.experiments.measures.convergence import final_value, has_settled
from keras_vae.experiments.reports.activity.protocol import CONTRAST_EPOCHS

CLEAR_DIFFERENCE = 1.0
COUNTED = (
    "Counts are averaged over the last tenth of the epochs. A lower dimension's activity is the "
    "variance over images of its posterior mean, given the upper layer's posterior mean."
)


def judge_two_layers(counts, asked):
    """Judges what Burda et al. (2015, Section 5) and Sonderby et al. (2016) found of others.

    Arguments:
        counts: Dictionary by layer (`"upper"`, `"lower"`) of dictionaries by method (`"VAE"`,
            `"IW"`, `"IW+WU"`) of active dimensions, integer arrays of shape (trials, epochs).
        asked: `options.Options`.

    Returns:
        List of `Claim`.
    """
    finals = {
        layer: {name: final_value(value) for name, value in by_name.items()}
        for layer, by_name in counts.items()
    }
    settled = all(
        has_settled(value, CLEAR_DIFFERENCE / 2)
        for by_name in counts.values()
        for value in by_name.values()
    )
    unmet = unmet_requirements(asked, min_epochs=CONTRAST_EPOCHS, min_trials=2, settled=settled)
    plain = ("VAE", "IW")
    return [
        Claim(
            id="beyond.two_layers.1",
            statement="The upper layer keeps fewer dimensions active than the lower one.",
            rule=f"Without warm-up, by at least {CLEAR_DIFFERENCE:g}, for VAE and for IW. "
            f"{COUNTED}",
            numbers=finals,
            holds=all(
                finals["upper"][name] <= finals["lower"][name] - CLEAR_DIFFERENCE for name in plain
            ),
            unmet=unmet,
        ),
        Claim(
            id="beyond.two_layers.2",
            statement="Warm-up keeps more dimensions of the upper layer active.",
            rule=f"IW+WU's final count there is higher than IW's by at least {CLEAR_DIFFERENCE:g}. "
            f"{COUNTED}",
            numbers=finals["upper"],
            holds=finals["upper"]["IW+WU"] >= finals["upper"]["IW"] + CLEAR_DIFFERENCE,
            unmet=unmet,
        ),
    ]

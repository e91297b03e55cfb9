"""What fewer classes do to latent activity: the question of the activity report's Section 5.1."""

from keras_vae.experiments.figures.claims import Claim, unmet_requirements
from keras_vae.experiments.measures.convergence import final_value, has_settled
from keras_vae.experiments.measures.pruning import active_counts
from keras_vae.experiments.reports.activity.protocol import CONVERGED_EPOCHS

CLEAR_DIFFERENCE = 0.5
CLASSES = 5
ABOUT = 1.0


def judge_five_digits(activity, threshold, asked):
    """Judges whether the number of active dimensions follows the number of classes.

    Arguments:
        activity: Dictionary by `five_digits_specs`'s names of arrays of shape
            (trials, epochs, latent_dim).
        threshold: Activity above which a dimension counts as active.
        asked: `options.Options`.

    Returns:
        List of `Claim`.
    """
    counts = {name: active_counts(value, threshold) for name, value in activity.items()}
    finals = {name: final_value(value) for name, value in counts.items()}
    unmet = unmet_requirements(
        asked,
        min_epochs=CONVERGED_EPOCHS,
        min_trials=2,
        settled=all(has_settled(value, CLEAR_DIFFERENCE) for value in counts.values()),
    )
    pairs = [
        (finals[f"{method}, digits 1-5"], finals[f"{method}, all digits, as many images"])
        for method in ("VAE", "IW")
    ]
    return [
        Claim(
            id="beyond.five_digits.1",
            statement="Fewer classes leave fewer active dimensions.",
            rule="For VAE and for IW, the final count is lower on digits 1-5 than on as many "
            f"images of all digits, by at least {CLEAR_DIFFERENCE:g}.",
            numbers={"final_count": finals},
            holds=all(few <= control - CLEAR_DIFFERENCE for few, control in pairs),
            unmet=unmet,
        ),
        Claim(
            id="beyond.five_digits.2",
            statement="As many dimensions stay active as there are classes.",
            rule=f"On digits 1-5 the final counts of VAE and IW both lie within {ABOUT:g} of "
            f"{CLASSES}.",
            numbers={"final_count": finals},
            holds=all(abs(few - CLASSES) <= ABOUT for few, _ in pairs),
            unmet=unmet,
        ),
    ]

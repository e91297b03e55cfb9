"""What a verdict on the report's claims needs."""

from keras_vae.experiments.figures import claims
from keras_vae.experiments.reports.geometry.protocol import CONTRAST_EPOCHS, TRIALS


def unmet_requirements(asked, weights_epochs, *, settled=True, min_trials=TRIALS):
    """Lists what keeps runs from deciding a claim.

    Arguments:
        asked: `options.Options`.
        weights_epochs: Epochs after which the weights that were measured were stored.
        settled: Whether the quantity had stopped changing at the end, where that matters.
        min_trials: Runs of each kind below which it is not decided.

    Returns:
        Tuple of strings.
    """
    reasons = claims.unmet_requirements(
        asked,
        min_epochs=CONTRAST_EPOCHS,
        min_trials=min_trials,
        settled=settled,
        weights_epochs=weights_epochs,
    )
    if asked.alphas is not None or asked.latent_dims is not None:
        reasons += ("orders or latent dimensions of the user's choice, not the report's",)
    return reasons


def change_since_half(epochs, values):
    """How much a mean over trials changed since half of the epochs, or before.

    Arguments:
        epochs: Epochs at which it was measured, ascending.
        values: Array of shape (trials, epochs).

    Returns:
        Float, or None if nothing was measured until then.
    """
    earlier = [index for index, epoch in enumerate(epochs) if 2 * epoch <= epochs[-1]]
    if not earlier:
        return None
    mean = values.mean(axis=0)
    return float(mean[-1] - mean[earlier[-1]])

"""The activity report's claims about pruning (Figure 3.1), as measured rules."""

from keras_vae.experiments.figures.claims import Claim, unmet_requirements
from keras_vae.experiments.measures.convergence import final_value, has_settled
from keras_vae.experiments.measures.pruning import (
    active_counts,
    epochs_to_half_pruned,
    largest_drop,
    returned_fraction,
)
from keras_vae.experiments.reports.activity.protocol import AFTER_WARM_UP_EPOCHS, CONVERGED_EPOCHS

EARLY = 30
CLEAR_DIFFERENCE = 0.5
FROM_ALL = "all dimensions count as active before the first epoch"


class MethodActivity:
    """Activity of one method's trials, and the numbers that claims are judged by.

    Arguments:
        activity: Array of shape (trials, epochs, latent_dim).
        threshold: Activity above which a dimension counts as active.
    """

    def __init__(self, activity, threshold):
        self.counts = active_counts(activity, threshold)
        # Activities rise within the first hundreds of steps and may fall in the same epoch:
        # what is inactive after the first epoch counts as pruned in it.
        self.early_drop = largest_drop(self.counts, EARLY, start=activity.shape[-1])
        self.half_pruned = epochs_to_half_pruned(self.counts)
        self.returned = returned_fraction(activity, threshold)
        self.final = final_value(self.counts)
        self.settled = has_settled(self.counts, CLEAR_DIFFERENCE)

    def mean_count(self, epoch):
        """Mean count over trials after an epoch counted from 1; None if it never ran."""
        if epoch > self.counts.shape[1]:
            return None
        return float(self.counts[:, epoch - 1].mean())


def judge_methods(activity, threshold, asked, about="mnist"):
    """Judges the nine claims of Figure 3.1.

    Arguments:
        activity: Dictionary by method (`"VAE"`, `"IW"`, `"IW+BN"`, `"IW+WU"`) of arrays of
            shape (trials, epochs, latent_dim).
        threshold: Activity above which a dimension counts as active.
        asked: `options.Options`.
        about: Name of the data set that the claims shall be about.

    Returns:
        List of `Claim`, in the report's order.
    """
    methods = {name: MethodActivity(value, threshold) for name, value in activity.items()}

    def unmet(min_epochs, *settled):
        return unmet_requirements(
            asked,
            min_epochs=min_epochs,
            min_trials=2,
            settled=all(methods[name].settled for name in settled),
            about=about,
        )

    return [
        *_vae_claims(methods["VAE"], methods["IW"], unmet),
        *_batch_norm_claims(methods["IW"], methods["IW+BN"], unmet),
        *_warm_up_claims(methods["IW"], methods["IW+WU"], unmet),
    ]


def _vae_claims(vae, iw, unmet):
    return [
        Claim(
            id="activity.3.1a.1",
            statement="The VAE prunes quickly, and pruned dimensions do not come back.",
            rule=f"Half of the VAE's pruning is done within {EARLY} epochs, and at most 10% of "
            "its pruned dimensions are active again after any later epoch.",
            numbers={"epochs_to_half_pruned": vae.half_pruned, "returned_share": vae.returned},
            holds=vae.half_pruned <= EARLY and vae.returned <= 0.1,
            unmet=unmet(CONVERGED_EPOCHS),
        ),
        _slower_pruning(
            "activity.3.1a.2", "IW smooths early pruning.", ("VAE", vae), ("IW", iw), unmet
        ),
        Claim(
            id="activity.3.1a.3",
            statement="IW ends with fewer active dimensions than the VAE.",
            rule=f"IW's final count is lower by at least {CLEAR_DIFFERENCE}.",
            numbers=_final_numbers(VAE=vae, IW=iw),
            holds=iw.final <= vae.final - CLEAR_DIFFERENCE,
            unmet=unmet(CONVERGED_EPOCHS, "VAE", "IW"),
        ),
        Claim(
            id="activity.3.1a.4",
            statement="About 10 active dimensions remain.",
            rule="The final counts of VAE and IW both lie in [8, 12].",
            numbers=_final_numbers(VAE=vae, IW=iw),
            holds=all(8 <= method.final <= 12 for method in (vae, iw)),
            unmet=unmet(CONVERGED_EPOCHS, "VAE", "IW"),
        ),
    ]


def _batch_norm_claims(iw, batch_norm, unmet):
    return [
        _slower_pruning(
            "activity.3.1b.1",
            "Batch normalisation slows early pruning.",
            ("IW", iw),
            ("IW+BN", batch_norm),
            unmet,
        ),
        Claim(
            id="activity.3.1b.2",
            statement="Batch normalisation ends with more active dimensions.",
            rule=f"IW+BN's final count is higher by at least {CLEAR_DIFFERENCE}.",
            numbers=_final_numbers(**{"IW": iw, "IW+BN": batch_norm}),
            holds=batch_norm.final >= iw.final + CLEAR_DIFFERENCE,
            unmet=unmet(CONVERGED_EPOCHS, "IW", "IW+BN"),
        ),
    ]


def _warm_up_claims(iw, warm_up, unmet):
    middle, end = warm_up.mean_count(CONVERGED_EPOCHS // 2), warm_up.mean_count(CONVERGED_EPOCHS)
    drop = largest_drop(warm_up.counts, CONVERGED_EPOCHS)
    smooth = None if end is None else drop <= 5 and middle - end >= 1
    return [
        Claim(
            id="activity.3.1c.1",
            statement="Warm-up removes the initial drop.",
            rule=f"In the first {EARLY} epochs IW+WU's largest fall of the mean count from one "
            f"epoch to the next is at most half of IW's; {FROM_ALL}.",
            numbers={"largest_drop": {"IW": iw.early_drop, "IW+WU": warm_up.early_drop}},
            holds=warm_up.early_drop <= 0.5 * iw.early_drop if iw.early_drop else None,
            unmet=unmet(EARLY),
        ),
        Claim(
            id="activity.3.1c.2",
            statement="With warm-up, pruning goes on smoothly through epoch 100.",
            rule=f"From epoch {CONVERGED_EPOCHS // 2} to {CONVERGED_EPOCHS} the mean count falls "
            f"by at least 1, and in the first {CONVERGED_EPOCHS} epochs it never falls by more "
            "than 5 in one.",
            numbers={
                f"count_at_{CONVERGED_EPOCHS // 2}": middle,
                f"count_at_{CONVERGED_EPOCHS}": end,
                "largest_drop": drop,
            },
            holds=smooth,
            unmet=unmet(CONVERGED_EPOCHS),
        ),
        Claim(
            id="activity.3.1c.3",
            statement="Warm-up ends with the same count as IW.",
            rule="The final counts differ by at most 1.",
            numbers=_final_numbers(**{"IW": iw, "IW+WU": warm_up}),
            holds=abs(warm_up.final - iw.final) <= 1,
            unmet=unmet(AFTER_WARM_UP_EPOCHS, "IW", "IW+WU"),
        ),
    ]


def _slower_pruning(claim_id, statement, faster, slower, unmet):
    (fast_name, fast), (slow_name, slow) = faster, slower
    return Claim(
        id=claim_id,
        statement=statement,
        rule=f"In the first {EARLY} epochs the largest fall of the mean count from one epoch to "
        f"the next is smaller for {slow_name} than for {fast_name} by at least 1; {FROM_ALL}.",
        numbers={"largest_drop": {fast_name: fast.early_drop, slow_name: slow.early_drop}},
        holds=slow.early_drop <= fast.early_drop - 1,
        unmet=unmet(EARLY),
    )


def _final_numbers(**methods):
    return {
        "final_count": {name: method.final for name, method in methods.items()},
        "lowest_and_highest_trial_after_the_last_epoch": {
            name: [int(method.counts[:, -1].min()), int(method.counts[:, -1].max())]
            for name, method in methods.items()
        },
    }

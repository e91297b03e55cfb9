"""What the figures of active dimensions per epoch have in common."""

from keras_vae.experiments.pruning import active_counts

THRESHOLD = 0.1
THRESHOLDS = (0.1, 0.01)
CAPTION = "mean over trials, band from lowest to highest trial"


def counts_by_threshold(methods):
    """Active dimensions per trial and epoch at both thresholds, as JSON-compatible values."""
    return {
        "active_dimensions": {
            label: {str(t): active_counts(method.activity, t).tolist() for t in THRESHOLDS}
            for label, method in methods.items()
        }
    }


def label_counts(axis):
    """Labels a y axis of active dimensions."""
    axis.set_ylim(bottom=0)
    axis.set_ylabel(f"Active latent dimensions\n(activity > {THRESHOLD:g})")

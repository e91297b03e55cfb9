"""What a verdict on the report's claims needs."""

from keras_vae.experiments.vampprior_report.figures import report_prior
from keras_vae.experiments.vampprior_report.protocol import schedule


def unmet_requirements(asked, dataset, found, models):
    """Lists what keeps the runs on one data set from deciding a claim.

    Arguments:
        asked: `options.Options`.
        dataset: Data set that the claim is about.
        found: Dictionary of `MethodRuns` by data set and by model.
        models: Models whose runs have to be as long as the report's.

    Returns:
        Tuple of strings.
    """
    if dataset not in found:
        return (f"measured on {', '.join(found)}, the claim is about {dataset}",)
    reasons = [] if report_prior(asked) else ["another prior than the report's"]
    for model in models:
        method, wanted = found[dataset][model], schedule(dataset, model).epochs
        if method.epochs < wanted:
            reasons.append(f"{dataset}: {model} {method.epochs} of {wanted} epochs")
        if any(epochs != method.epochs for epochs in method.weights_epochs):
            reasons.append(f"{dataset}: weights of {model} after {sorted(method.weights_epochs)}")
    return tuple(reasons)

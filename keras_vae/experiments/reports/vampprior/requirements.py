"""What a verdict on the report's claims needs."""

from keras_vae.experiments.reports.vampprior.protocol import is_reports, schedule

# Fewer could be chance: what "clearly" means in the report's claims.
STANDARD_ERRORS = 2


def unmet_requirements(dataset, found, models):
    """Lists what keeps the runs on one data set from deciding a claim.

    Arguments:
        dataset: Data set that the claim is about.
        found: Dictionary of `MethodRuns` by data set and by model.
        models: Models whose runs have to be the report's, and as long.

    Returns:
        Tuple of strings.
    """
    if dataset not in found:
        return (f"measured on {', '.join(found)}, the claim is about {dataset}",)
    reasons = []
    for model in models:
        method, wanted = found[dataset][model], schedule(dataset, model).epochs
        if not all(is_reports(spec, model) for spec in method.specs):
            reasons.append(f"{dataset}: {model} has another prior than the report's")
        if method.epochs < wanted:
            reasons.append(f"{dataset}: {model} {method.epochs} of {wanted} epochs")
        if any(epochs != method.epochs for epochs in method.weights_epochs):
            reasons.append(f"{dataset}: weights of {model} after {sorted(method.weights_epochs)}")
    return tuple(reasons)

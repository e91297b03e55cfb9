"""The yardstick that all stored runs share: the importance-sampled test log-likelihood."""

import math

from keras_vae.experiments.training import load_model


def test_log_likelihood(spec, store, num_samples):
    """Estimates the test log-likelihood of a stored run, once for each length of the run.

    Arguments:
        spec: `RunSpec` of a stored run.
        store: `RunStore`.
        num_samples: Importance samples per image.

    Returns:
        Dictionary with `mean` and `standard_error` over the test images (nats per image),
        `num_samples`, `images` and `epochs`.

    Raises:
        LookupError: If no epoch of the run is stored.
    """
    epochs = store.epochs_done(spec)
    name = f"test_log_likelihood/{num_samples}_samples/{epochs}_epochs"
    found = store.evaluations(spec).get(name)
    if found is not None:
        return found
    model, data = load_model(spec, store)
    values = model.log_likelihood(data.test.images, num_samples)
    result = {
        "mean": float(values.mean()),
        "standard_error": float(values.std(ddof=1) / math.sqrt(len(values))),
        "num_samples": num_samples,
        "images": len(values),
        "epochs": epochs,
    }
    store.save_evaluation(spec, name, result)
    return result

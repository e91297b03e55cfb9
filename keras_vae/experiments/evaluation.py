"""The yardstick that all stored runs share: the importance-sampled test log-likelihood."""

import math

from keras_vae.experiments.training import load_model


def test_log_likelihood(spec, store, num_samples, num_images=None):
    """Estimates the test log-likelihood of a stored run, once for each length of the run.

    Arguments:
        spec: `RunSpec` of a stored run.
        store: `RunStore`.
        num_samples: Importance samples per image.
        num_images: Test images, from the first on; None for all.

    Returns:
        Dictionary with `mean` and `standard_error` over the test images (nats per image),
        `num_samples`, `images` and `epochs`.

    Raises:
        LookupError: If no epoch of the run is stored.
    """
    found = stored_log_likelihood(spec, store, num_samples, num_images)
    if found is not None:
        return found
    model, data = load_model(spec, store)
    values = model.log_likelihood(data.test.images[:num_images], num_samples)
    result = {
        "mean": float(values.mean()),
        "standard_error": float(values.std(ddof=1) / math.sqrt(len(values))),
        "num_samples": num_samples,
        "images": len(values),
        "epochs": store.epochs_done(spec),
    }
    store.save_evaluation(spec, _name(spec, store, num_samples, num_images), result)
    return result


def stored_log_likelihood(spec, store, num_samples, num_images=None):
    """What `test_log_likelihood` returned before for the run's present length, or None."""
    return store.evaluations(spec).get(_name(spec, store, num_samples, num_images))


def _name(spec, store, num_samples, num_images):
    name = f"test_log_likelihood/{num_samples}_samples/{store.epochs_done(spec)}_epochs"
    return name if num_images is None else f"{name}/{num_images}_images"

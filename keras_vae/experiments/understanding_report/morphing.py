"""Figure 6 of the report: paths between pairs of images, straight in pixels or in codes."""

import dataclasses

import numpy as np

from keras_vae.experiments.claims import Claim, unmet_requirements
from keras_vae.experiments.class_measures import NEIGHBOURS, digit_confidence, draw_pixels
from keras_vae.experiments.understanding_report.protocol import EPOCHS

ROWS = 12
STEPS = 13
PAIRS = 1000
LIKELIHOOD_SAMPLES = 100
CLEAR_DIFFERENCE = 0.05
STANDARD_ERRORS = 3


@dataclasses.dataclass(frozen=True)
class Paths:
    """The same pairs of images joined in two ways.

    Attributes:
        image: Array of shape (pairs, steps, height, width): straight lines between the images.
        latent: Array of that shape: decoded straight lines between their posterior means.
    """

    image: np.ndarray
    latent: np.ndarray


def chain(images, seed, length=ROWS + 1):
    """Images drawn without repetition, of which each two neighbours are a pair.

    Arguments:
        images: Array of shape (N, height, width).
        seed: Integer.
        length: How many to draw.

    Returns:
        Array of shape (length, height, width).
    """
    return images[np.random.default_rng(seed).choice(len(images), length, replace=False)]


def pairs_of_two_classes(split, seed, count=PAIRS):
    """Random pairs of images of different classes.

    Arguments:
        split: `Split` with labels.
        seed: Integer.
        count: How many pairs.

    Returns:
        Two arrays of shape (count, height, width).
    """
    rng = np.random.default_rng(seed)
    first, second = rng.integers(len(split), size=(2, 4 * count))
    differ = np.flatnonzero(split.labels[first] != split.labels[second])[:count]
    return split.images[first[differ]], split.images[second[differ]]


def join(model, starts, ends, steps=STEPS):
    """Joins pairs of images in pixels and in codes.

    Arguments:
        model: Trained model.
        starts: Array of shape (pairs, height, width).
        ends: Array of that shape.
        steps: Images on each path, both ends included.

    Returns:
        `Paths`.
    """
    codes = [model.encode(images).mean().numpy() for images in (starts, ends)]
    return Paths(
        image=straight_line(starts, ends, steps),
        latent=model.decode(straight_line(*codes, steps)).mean().numpy(),
    )


def straight_line(starts, ends, steps):
    """Equally spaced points from `starts` to `ends`, along a new second axis."""
    share = np.linspace(0, 1, steps, dtype=np.float32)
    share = share.reshape(1, steps, *[1] * (np.ndim(starts) - 1))
    return starts[:, None] * (1 - share) + ends[:, None] * share


def measure(model, data, seed):
    """Confidence along both kinds of path, and log-likelihood at their middle.

    Arguments:
        model: Trained model.
        data: `ImageData` with labels, binarised.
        seed: Integer.

    Returns:
        Dictionary of arrays: confidences of shape (pairs, steps), and log-likelihoods of
        shape (pairs,) in nats.
    """
    paths = join(model, *pairs_of_two_classes(data.test, seed))
    confidence = digit_confidence(data.train)
    drawn = {name: draw_pixels(getattr(paths, name), seed) for name in ("image", "latent")}
    measures = {f"{name}_confidence": confidence(images) for name, images in drawn.items()}
    for name, images in drawn.items():
        middle = images[:, STEPS // 2]
        log_likelihood = model.log_likelihood(middle, num_samples=LIKELIHOOD_SAMPLES)
        measures[f"{name}_log_likelihood_at_the_middle"] = np.asarray(log_likelihood)
    return measures


def summarise(measures):
    """Means over pairs, and the paired difference of confidence at the middle."""
    middle = STEPS // 2
    difference = measures["latent_confidence"][:, middle] - measures["image_confidence"][:, middle]
    return {
        "pairs": len(difference),
        "confidence_along_the_path": {
            name: np.round(measures[f"{name}_confidence"].mean(axis=0), 4).tolist()
            for name in ("image", "latent")
        },
        "confidence_at_the_middle_latent_less_image": float(difference.mean()),
        "standard_error": float(difference.std(ddof=1) / np.sqrt(len(difference))),
        "log_likelihood_at_the_middle": {
            name: float(measures[f"{name}_log_likelihood_at_the_middle"].mean())
            for name in ("image", "latent")
        },
    }


def judge(summary, asked, weights_epochs):
    """Judges whether paths in codes stay on digits where paths in pixels do not.

    Arguments:
        summary: What `summarise` returns.
        asked: `options.Options`.
        weights_epochs: Epochs after which the weights used were stored.

    Returns:
        List of `Claim`.
    """
    difference = summary["confidence_at_the_middle_latent_less_image"]
    needed = max(CLEAR_DIFFERENCE, STANDARD_ERRORS * summary["standard_error"])
    return [
        Claim(
            id="understanding.6.1",
            statement="Morphing in latent space stays on digits; in image space it blends two.",
            rule=f"Halfway between two different digits, the share of the {NEIGHBOURS} nearest "
            "training images that are of one class is higher on latent paths, on average over "
            f"pairs by at least {CLEAR_DIFFERENCE:g} and {STANDARD_ERRORS} standard errors.",
            numbers=summary,
            holds=difference >= needed,
            unmet=unmet_requirements(asked, min_epochs=EPOCHS, weights_epochs=weights_epochs),
        )
    ]

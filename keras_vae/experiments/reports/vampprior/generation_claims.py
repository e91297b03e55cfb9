"""Claims about generated images, Figures 5, 8 and 10 of the report."""

from keras_vae.experiments.figures.claims import Claim
from keras_vae.experiments.reports.vampprior.figures import by_dataset
from keras_vae.experiments.reports.vampprior.protocol import HVAE, VAE, VAMPPRIOR
from keras_vae.experiments.reports.vampprior.requirements import STANDARD_ERRORS, unmet_requirements
from keras_vae.experiments.reports.vampprior.sample_quality import MEASURES
from keras_vae.experiments.runs.evaluation import independent_difference

RULE = (
    "Both distances of generated images from the training images, of all together and of single "
    f"ones, are {{}} by at least {STANDARD_ERRORS} standard errors over draws; one trial of each. "
    "Binary pixels are drawn, of grey ones the means are taken."
)


def nearer(first, second):
    """Whether the first model's draws are clearly nearer to the data than the second's.

    Arguments:
        first: What `measure_samples` returns.
        second: The same of another model.
    """
    farther = (independent_difference(first[name], second[name]) for name in MEASURES)
    return all(by["mean"] >= STANDARD_ERRORS * by["standard_error"] for by in farther)


def judge_vampprior(measured, methods):
    """Judges whether the VampPrior's digits are better than the standard prior's."""
    return [
        _claim(
            "vampprior.8.1",
            "Images generated with the VampPrior are better than the standard VAE's on MNIST.",
            RULE.format("smaller with the VampPrior"),
            ("mnist", (VAE, VAMPPRIOR), measured, methods),
            lambda of: nearer(of[VAMPPRIOR], of[VAE]),
        )
    ]


def judge_hierarchical(measured, methods):
    """Judges the images of the model with two levels."""
    return [
        _claim(
            "vampprior.10.1",
            "Images generated with the HVAE are poor on MNIST.",
            RULE.format("larger with the HVAE than with the standard VAE"),
            ("mnist", (VAE, HVAE), measured, methods),
            lambda of: nearer(of[VAE], of[HVAE]),
        ),
        _claim(
            "vampprior.10.2",
            "Images generated with the HVAE are the best on Frey Faces.",
            RULE.format("smaller with the HVAE than with either other model"),
            ("frey_faces", (VAE, VAMPPRIOR, HVAE), measured, methods),
            lambda of: all(nearer(of[HVAE], of[model]) for model in (VAE, VAMPPRIOR)),
        ),
    ]


def _claim(identity, statement, rule, about, holds):
    dataset, models, measured, methods = about
    of = measured.get(dataset)
    return Claim(
        id=identity,
        statement=statement,
        rule=rule,
        numbers={dataset: of},
        holds=None if of is None else holds(of),
        unmet=unmet_requirements(dataset, by_dataset(methods), models),
    )

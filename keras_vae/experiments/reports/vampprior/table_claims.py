"""Claims of the report's Table 1."""

from keras_vae.experiments.figures.claims import Claim
from keras_vae.experiments.reports.vampprior.figures import by_dataset
from keras_vae.experiments.reports.vampprior.protocol import HVAE, VAE
from keras_vae.experiments.reports.vampprior.requirements import STANDARD_ERRORS, unmet_requirements

STATEMENTS = (
    ("vampprior.T1.1", "The VAE has the best log-likelihood on MNIST.", VAE, ("mnist",)),
    (
        "vampprior.T1.2",
        "The HVAE has the best log-likelihood on Frey Faces and on Fashion-MNIST.",
        HVAE,
        ("frey_faces", "fashion_mnist"),
    ),
)


def judge(differences, methods):
    """Judges which model is the best.

    A model that another one clearly beats after less than the report's epochs is not the best: to
    say so, its own epochs suffice.

    Arguments:
        differences: What `table.differences` returns, by the name of the model it is from.
        methods: Dictionary of `MethodRuns` by `<data set>/<model>`.

    Returns:
        List of `Claim`.
    """
    found = by_dataset(methods)
    claims = []
    for identity, statement, best, about in STATEMENTS:
        others = {dataset: differences[best].get(dataset) for dataset in about}
        decided = [of for of in others.values() if of is not None]
        holds = all(_clearly_lower(of) for of in decided) if len(decided) == len(about) else None
        beaten = any(_clearly_higher(of) for of in decided)
        unmet = [
            reason
            for dataset in about
            for reason in unmet_requirements(
                dataset, found, (best,) if beaten else found.get(dataset, ())
            )
        ]
        claims.append(
            Claim(
                id=identity,
                statement=statement,
                rule="Importance-sampled test log-likelihood: every other model's is lower, image "
                f"by image, by at least {STANDARD_ERRORS} standard errors over images; one trial.",
                numbers={f"other - {best}": others},
                holds=holds,
                unmet=tuple(unmet),
            )
        )
    return claims


def _clearly_higher(differences):
    return any(
        difference["mean"] >= STANDARD_ERRORS * difference["standard_error"]
        for difference in differences.values()
    )


def _clearly_lower(differences):
    return all(
        difference["mean"] <= -STANDARD_ERRORS * difference["standard_error"]
        for difference in differences.values()
    )

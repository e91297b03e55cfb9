"""The four reports, and what is asked of every protocol."""

from collections.abc import Mapping
from typing import TypeVar

from keras_vae import UserError
from keras_vae.experiments.figures.figure import Report

Value = TypeVar("Value")


REPORTS = {
    "activity": Report(
        "Variational Auto Encoder Latent Space Activity and Visualization",
        "Jesse Bettencourt and Matt Craddock",
    ),
    "understanding": Report("Understanding Variational Auto-Encoder", "Peiyun Hu"),
    "vampprior": Report(
        "Project: Large VAE",
        "Francesco Zappia, Vittorio Zampinetti and Marco Schouten",
    ),
    "geometry": Report(
        "An Explanatory Analysis of the Geometry of Latent Variables Learned by Variational "
        "Auto-Encoders",
        "Alexandra Peşte, Luigi Malagò and Septimia Sârbu",
    ),
}


def of_dataset(protocol: Mapping[str, Value], dataset: str) -> Value:
    """Returns what a report's protocol says of a data set.

    Raises:
        UserError: If it does not know the data set; the message lists those that it knows.
    """
    if dataset not in protocol:
        known = ", ".join(protocol)
        raise UserError(f"This report's protocol has no data set {dataset!r}, only {known}.")
    return protocol[dataset]

"""The four reports."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Report:
    """One of the reports that this package reproduces.

    Attributes:
        title: Its title.
        authors: Its authors, with "and" before the last.
    """

    title: str
    authors: str


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

"""Figure 3: linear classifiers of latent features, followed through the training of a VAE."""

import dataclasses

import numpy as np

from keras_vae import datasets, linear_probe
from keras_vae.experiments.figures import plots
from keras_vae.experiments.measures.class_measures import flatten

TITLES = {
    "means": "Means",
    "means_and_variances": "Means and variances",
    "samples": "Samples",
}
PIXELS = {"grey": None, "binary": "static"}


@dataclasses.dataclass(frozen=True)
class Separability:
    """Test accuracies of linear classifiers of one method's latent features.

    Attributes:
        epochs: Epochs after which weights were kept.
        accuracy: Dictionary by kind of features of arrays of shape (trials, epochs).
    """

    epochs: list[int]
    accuracy: dict[str, np.ndarray]

    def final(self, kind):
        """Mean over trials of the accuracy after the last epoch."""
        return float(self.accuracy[kind][:, -1].mean())

    def to_dict(self):
        """Returns it as JSON-compatible values."""
        return {
            "epochs": self.epochs,
            "accuracy": {kind: values.tolist() for kind, values in self.accuracy.items()},
        }


def measure(method):
    """Measures the `Separability` of one method; what is stored is not computed again.

    Arguments:
        method: `MethodRuns`.
    """
    epochs = method.kept_epochs()
    rows = [_measure_trial(method, trial, epochs) for trial in range(len(method.specs))]
    accuracy = {
        kind: np.array([[found[kind] for found in row] for row in rows])
        for kind in linear_probe.FEATURES
    }
    return Separability(epochs, accuracy)


def _measure_trial(method, trial, epochs):
    """One dictionary by kind of features for each epoch."""
    loaded = []

    def accuracies(epoch):
        if not loaded:
            loaded.extend(method.load_model(trial))
        model, data = loaded
        method.restore(model, trial, epoch)
        return {kind: latent_accuracy(model, data, kind) for kind in linear_probe.FEATURES}

    return [
        method.remembered(
            trial, f"standardized_linear_accuracy/{epoch}_epochs", lambda e=epoch: accuracies(e)
        )
        for epoch in epochs
    ]


def latent_accuracy(model, data, kind):
    """Test accuracy of a linear classifier of one kind of latent features.

    Arguments:
        model: Trained `keras_vae.VAE`.
        data: `ImageData` with labels.
        kind: One of `linear_probe.FEATURES`.
    """
    features = [
        # Seeds that differ: a training and a test image shall not share their noise.
        linear_probe.posterior_features(model, split.images, kind, seed)
        for seed, split in enumerate(data)
    ]
    return linear_probe.linear_accuracy(
        features[0], data.train.labels, features[1], data.test.labels
    )


def pixel_accuracies(name):
    """Test accuracies of the same classifier of a data set's pixels, grey and binary.

    Arguments:
        name: Name of the data set.
    """
    found = {}
    for kind, binarize in PIXELS.items():
        train, test = datasets.load(name, binarize)
        found[kind] = linear_probe.linear_accuracy(
            flatten(train.images), train.labels, flatten(test.images), test.labels
        )
    return found


def draw(found, pixels):
    """Draws accuracies against epochs, a panel for each kind of features.

    Arguments:
        found: Dictionary of `Separability` by the name that the legend shall have.
        pixels: What `pixel_accuracies` returns.

    Returns:
        Matplotlib figure.
    """
    figure, axes = plots.panels(len(TITLES), width=3.6, sharey=True)
    for axis, letter, (kind, title) in plots.lettered(axes, TITLES.items()):
        for index, (label, one) in enumerate(found.items()):
            plots.line_with_band(axis, one.epochs, one.accuracy[kind], label, index)
        for style, (name, accuracy) in zip(":-", pixels.items(), strict=False):
            axis.axhline(
                accuracy, color="#555555", linewidth=0.9, linestyle=style, label=f"{name} pixels"
            )
        axis.set(xscale="log", xlabel="Epoch", title=f"{letter} {title}")
        plots.plain_ticks(axis, one.epochs)
    axes[0].set_ylabel("Test accuracy")
    axes[-1].legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def markdown(found, pixels, caption):
    """The accuracies after the last epoch as a table in Markdown.

    Arguments:
        found: As `draw`.
        pixels: As `draw`.
        caption: Text under the table.
    """
    kinds = list(TITLES)
    heading = " | ".join(TITLES[kind].lower() for kind in kinds)
    lines = [
        f"| linear classifier of | {heading} | pixels |",
        f"|---|{'---|' * (len(kinds) + 1)}",
    ]
    for label, one in found.items():
        cells = " | ".join(_range(one.accuracy[kind][:, -1]) for kind in kinds)
        lines.append(f"| latent features, {label} | {cells} | |")
    for name, accuracy in pixels.items():
        lines.append(f"| {name} pixels |{' |' * len(kinds)} {accuracy:.4f} |")
    return "\n".join([*lines, "", caption, ""])


def _range(values):
    """The mean of trials, and the lowest and the highest of several."""
    mean = f"{values.mean():.4f}"
    return mean if len(values) == 1 else f"{mean} ({values.min():.4f}-{values.max():.4f})"

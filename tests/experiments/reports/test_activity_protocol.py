"""What each figure of the activity report runs, written out, and for how long."""

import dataclasses

import pytest
from activity_runs import FIGURES, ask

from keras_vae import datasets
from keras_vae.experiments.figures import options
from keras_vae.experiments.runs.spec import (
    DataSpec,
    ModelSpec,
    ObjectiveSpec,
    OptimizerSpec,
    RunSpec,
)

ELBO, IWAE = ObjectiveSpec(), ObjectiveSpec("iwae", 5)
METHODS = {
    "VAE": (ELBO, {}),
    "IW": (IWAE, {}),
    "IW+BN": (IWAE, {"batch_norm": True}),
    "IW+WU": (ObjectiveSpec("iwae", 5, warm_up_epochs=100), {}),
}


def run(objective=IWAE, latent_dim=50, *, data=None, **model):
    """The report's run: binary images, its Adam, batches of 100; by default importance-weighted."""
    return RunSpec(
        data=DataSpec(**{"name": "mnist", "binarize": "static", **(data or {})})
        if data != "grey"
        else GREY,
        model=ModelSpec(latent_dim, (200, 200), "softplus", **model),
        objective=objective,
        optimizer=OptimizerSpec(
            "adam",
            (("learning_rate", 0.001), ("beta_1", 0.9), ("beta_2", 0.9), ("epsilon", 0.0001)),
        ),
        batch_size=100,
        seed=7,
    )


def methods(*names, **common):
    return {name: run(METHODS[name][0], **METHODS[name][1], **common) for name in names}


def latent_dims(*sizes):
    return {str(size): run(latent_dim=size) for size in sizes}


GREY = DataSpec("mnist", None)
GAUSSIAN = {"likelihood": "gaussian"}
FEW = {"train_images": 30000}
EXPECTED = {
    "2.1": {
        "Bernoulli": run(ELBO),
        "Gaussian": run(ELBO, **GAUSSIAN),
        "Bernoulli, grey (cross-entropy)": run(ELBO, data="grey", grey_levels=True),
        "Gaussian, grey": run(ELBO, data="grey", **GAUSSIAN),
    },
    "2.2": methods("VAE", "IW"),
    "2.3": methods("IW", "IW+BN"),
    "2.4": methods("IW", "IW+WU"),
    "2.5": latent_dims(2, 5, 10, 20, 50, 100),
    "3.1": methods(*METHODS),
    "3.2": latent_dims(2, 5, 10, 20, 50, 100),
    "3.3": methods(*METHODS),
    "4.1": latent_dims(2, 50),
    "4.2": latent_dims(2),
    "4.3": latent_dims(2),
    "five_digits": {
        f"{name}, {part}": run(objective, data=choice)
        for name, objective in (("VAE", ELBO), ("IW", IWAE))
        for part, choice in (
            ("digits 1-5", {"classes": (1, 2, 3, 4, 5), **FEW}),
            ("all digits, as many images", FEW),
            ("all digits", {}),
        )
    },
    "two_layers": {
        name: run(objective, upper_latent_dims=(50,))
        for name, objective in (
            ("VAE", ELBO),
            ("IW", IWAE),
            ("IW+WU", ObjectiveSpec("iwae", 5, warm_up_epochs=20)),
        )
    },
    "continuous_data": methods(*METHODS, data="grey", **GAUSSIAN),
    "section_3_2": methods(*METHODS),
    "section_5": {
        "Gaussian": run(ELBO, **GAUSSIAN),
        **methods(*METHODS),
        **latent_dims(2, 5, 10, 20, 100),
    },
    "sensitivity": {
        f"{name}, {choice}": dataclasses.replace(run(objective, data=data, **model), **optimizer)
        for choice, data, model, optimizer in (
            ("as in Figure 3.1", {}, {}, {}),
            ("pixels drawn", {"binarize": "stochastic"}, {}, {}),
            ("pixels left grey", "grey", {"grey_levels": True}, {}),
            ("usual Adam", {}, {}, {"optimizer": OptimizerSpec("adam")}),
        )
        for name, objective in (
            ("VAE", ELBO),
            ("VAE, KL sampled", ObjectiveSpec("iwae", 1)),
            ("IW", IWAE),
        )
    },
}
# The four methods' runs are there three times over, as Figure 3.1 has them.
THREE_TRIALS = {"2.2", "2.3", "2.4", "3.1", "3.3", "section_3_2"}
LABELLED = {"4.1", "4.2", "4.3"}


def resolve(figure, **chosen):
    return options.resolve(FIGURES[figure].presets, **chosen)


@pytest.mark.parametrize("figure", EXPECTED)
def test_runs_are_those_of_the_report(figure):
    found = FIGURES[figure].trial(resolve(figure, dataset="mnist"), 7)
    assert found == EXPECTED[figure]
    assert list(found) == list(EXPECTED[figure])


def test_few_of_the_embedded_digits_are_half_of_them():
    runs = FIGURES["five_digits"].trial(resolve("five_digits", dataset="mnist_5k"), 7)
    assert {spec.data.train_images for spec in runs.values()} == {2000, None}
    assert {spec.data.name for spec in runs.values()} == {"mnist_5k"}


@pytest.mark.parametrize("figure", EXPECTED)
def test_presets_compute_as_much_as_they_say(figure, monkeypatch):
    def size(**chosen):
        found = resolve(figure, **chosen)
        return found.dataset, found.epochs, found.trials, found.likelihood_samples

    monkeypatch.setattr("keras_vae.datasets.is_at_hand", lambda name: False)
    beyond_mnist = figure == "continuous_data"
    dataset = "fashion_mnist" if beyond_mnist else "mnist"
    assert size(preset="smoke") == ("mnist_5k", 3, 1, 50)
    three = figure in THREE_TRIALS
    full = (300, 3 if three else 2, 5000) if figure != "sensitivity" else (120, 2, 50)
    assert size(preset="paper") == (dataset, *full)
    # Where models are compared, by their log-likelihood too, it is over all test images.
    assert resolve(figure, preset="paper").likelihood_images is None
    short = ("mnist_5k", 60, 2 if three else 1, 50)
    assert size() == (("fashion_mnist", 8, 1, 50) if beyond_mnist else short)
    monkeypatch.setattr("keras_vae.datasets.is_at_hand", lambda name: True)
    assert size() == (dataset, 8, 1, 50)


CAPTIONS = {
    **dict.fromkeys(("2.1", "2.2", "2.3", "2.5"), "bounds at beta = 1"),
    "2.4": "bounds at beta = 1; 'as maximised': the KL weighted by beta",
    **dict.fromkeys(("3.2", "five_digits"), "threshold 0.1"),
    "two_layers": "threshold 0.1; warm-up of 20 epochs",
    **dict.fromkeys(("3.1", "continuous_data"), "activity over the test images"),
}


@pytest.mark.parametrize("figure", CAPTIONS)
def test_captions_say_what_is_shown_of_one_trial_and_of_several(figure):
    def caption(trials):
        return FIGURES[figure].caption({}, ask(trials=trials, seed=4))

    band = "; mean over trials, band from lowest to highest"
    thin = "; mean over trials, thin lines are single ones"
    assert caption(1) == CAPTIONS[figure]
    assert caption(2) == CAPTIONS[figure] + (band if figure.startswith("2") else thin)


def test_the_caption_of_shades_names_their_seed():
    shown = "seed 4; blue is under the threshold 0.1, brown above it"
    assert FIGURES["3.3"].caption({}, ask(seed=4)) == shown


@pytest.mark.parametrize("figure", EXPECTED)
def test_figures_of_labels_take_data_with_labels(figure):
    of_digits = ("mnist", "mnist_5k") if figure == "five_digits" else datasets.NAMES
    expected = datasets.LABELLED if figure in LABELLED else of_digits
    assert FIGURES[figure].datasets == expected

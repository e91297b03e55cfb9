"""Table 1 of the vampprior report, and the swapped formula, on cases whose answer is known."""

import types

import numpy as np
import pytest
import tensorflow as tf
from vampprior_runs import MODELS

import keras_vae as kv
from keras_vae.experiments.figures.catalogue import load_script
from keras_vae.experiments.reports.vampprior import HVAE, VAE, VAMPPRIOR, run_spec
from keras_vae.experiments.reports.vampprior import swapped as swapped_formula

table = load_script("vampprior/table_1_log_likelihood.py")


def test_swapped_arguments_count_absolute_differences():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(4, 9)).astype("float32")
    pixels = (rng.random((4, 9)) < 0.5).astype("float32")
    distribution = swapped_formula.SwappedArguments(logits=logits, dtype=tf.float32)
    difference = np.abs(1 / (1 + np.exp(-logits.astype("float64"))) - pixels)
    expected = difference * np.log(1e-5) + (1 - difference) * np.log1p(-1e-5)
    np.testing.assert_allclose(distribution.log_prob(pixels), expected, rtol=3e-4)


def test_a_model_with_swapped_arguments_has_the_same_weights_and_draws(images):
    model = kv.VAE(latent_dim=3, hidden_units=(8,), seed=0)
    copy = swapped_formula.with_swapped_arguments(model)
    np.testing.assert_array_equal(copy.reconstruct(images), model.reconstruct(images))
    # What differs in the weights is the likelihood alone: prior and posterior terms are shared.
    seed = tf.constant([0, 1])
    ours, theirs = (vae.log_terms(images, 2, seed) for vae in (model, copy))
    np.testing.assert_allclose(ours.log_prior, theirs.log_prior, rtol=1e-6)
    assert not np.allclose(ours.log_likelihood, theirs.log_likelihood)


class KnownWeights:
    """Stands in for a model whose weights of four samples are known, under either formula."""

    RIGHT = np.array([[1.0, 1.0], [1.0, 3.0], [2.0, 3.0], [4.0, 1.0]])
    SWAPPED = np.array([[1.0, 1.0], [2.0, 1.0], [4.0, 1.0], [8.0, 1.0]])

    def __init__(self, weights=RIGHT):
        self.weights, self.copied = weights, None

    def get_config(self):
        return {"likelihood": None}

    def get_weights(self):
        return "the trained weights"

    @classmethod
    def from_config(cls, config):
        assert isinstance(config["likelihood"], swapped_formula.SwappedBernoulli)
        return cls(cls.SWAPPED)

    def set_weights(self, weights):
        self.copied = weights

    def log_weights(self, images, num_samples):
        assert num_samples == 4
        assert self.copied == ("the trained weights" if self.weights is self.SWAPPED else None)
        return tf.constant(np.log(self.weights))

    def reconstruct(self, images, batch_size):
        return tf.constant(np.abs(images - [[[0.25, 0.5]], [[0.5, 1.0]]]).astype("float32"))


def test_the_swapped_formula_is_evaluated_as_in_the_code_and_rightly():
    images = np.array([[[0.0, 1.0]], [[1.0, 1.0]]], "float32")
    found = swapped_formula.evaluate_swapped(KnownWeights(), images)
    for name, first, second in (
        # The code: minus the logarithm of the mean of 1, 1/2, 1/4 and 1/8.
        ("as_the_code_estimates", -np.log(15 / 32), 0.0),
        ("importance_weighted", np.log(15 / 4), 0.0),
        ("right_formula", np.log(2.0), np.log(2.0)),
        ("absolute_error_of_an_image", 0.75, 1.5),
    ):
        # Of two values the standard error is half their distance.
        assert found.pop(name) == {
            "mean": pytest.approx((first + second) / 2),
            "standard_error": pytest.approx(abs(second - first) / 2, abs=1e-6),
        }
    assert found == {}


def test_the_table_has_the_reports_and_published_values():
    original = table.results.load_original("vampprior", "table_1")
    assert original["table"]["mnist"][VAE] == -276.18
    assert original["table"]["frey_faces"][HVAE] == -1975.06
    assert original["published"]["mnist"][VAMPPRIOR]["value"] == -85.57


def row(dataset, model, mean, **further):
    return {
        "dataset": dataset,
        "model": model,
        "epochs": [3],
        "report_epochs": 200,
        "log_likelihood": {
            "mean": mean,
            "standard_error": 0.25,
            "num_samples": 50,
            "images": 3,
        },
        "log_likelihood_over_seeds": {"mean": mean, "standard_error": None, "seeds": 1},
        "bits_per_dimension": None,
        "report": -276.18,
        "published": None,
        "swapped_arguments": None,
        **further,
    }


def test_the_table_in_markdown():
    published = {"value": -88.71, "source": "a source"}
    swapped = {"as_the_code_estimates": {"mean": -400.0}}
    rows = [
        row("mnist", VAE, -84.123, published=published, swapped_arguments=swapped),
        row("frey_faces", HVAE, -1800.0, bits_per_dimension=4.637, report=None),
    ]
    lines = table.tables({"rows": rows}, None)["table.md"].splitlines()
    assert lines[2] == (
        "| MNIST | VAE | 3 of 200 | -84.12 \N{PLUS-MINUS SIGN} 0.25 |  | -276.18 | -400.00 "
        "| -88.71 |"
    )
    assert "4.64" in lines[3] and len({line.count("|") for line in lines[:4]}) == 1
    assert [line[:18] for line in lines[5:8]] == [
        "- log p(x): 50 imp",
        "- Swapped formula:",
        "- Published values",
    ]
    assert lines[8:] == ["- MNIST, VAE: a source"]


def test_the_swapped_formula_is_set_against_the_report():
    values = {VAE: (-200.0, -400.0), VAMPPRIOR: (-500.0, -500.0), HVAE: (-400.0, -300.0)}
    rows = [
        row("mnist", model, -80.0, report=report, swapped_arguments=swapped(ours))
        for model, (report, ours) in values.items()
    ]
    incomplete = [
        row("mnist", "of another prior", -80.0, report=None, swapped_arguments=swapped(-1.0)),
        row("frey_faces", VAE, -1800.0, report=-2.0),
    ]
    assert table.swapped_finding([*rows, *incomplete]) == {
        "ratio_to_the_report": {VAE: 2.0, VAMPPRIOR: 1.0, HVAE: 0.75},
        "order": [HVAE, VAE, VAMPPRIOR],
        "order_in_the_report": [VAE, HVAE, VAMPPRIOR],
    }
    assert table.swapped_finding(incomplete) is None


def swapped(mean):
    return {"as_the_code_estimates": {"mean": mean}}


def two_trials(dataset, model, monkeypatch, second_spec=None, **changes):
    """A row of two trials that differ in everything."""
    specs = [run_spec(dataset, seed, model) for seed in (0, 1)]
    if second_spec is not None:
        specs[1] = second_spec
    binarize = "static" if dataset == "mnist" else None
    images = np.arange(5.0)[:, None, None] * np.ones((5, 4, 5))
    data = types.SimpleNamespace(
        binarize=binarize, image_shape=(4, 5), test=types.SimpleNamespace(images=images)
    )
    estimates = [
        {"mean": mean, "standard_error": 1.0, "images": 3, "epochs": epochs, "per_image": [0.0]}
        for mean, epochs in ((-20.0, 30), (-40.0, 31))
    ]
    method = types.SimpleNamespace(
        specs=specs,
        weights_epochs=[30, 31],
        log_likelihood=estimates,
        history=lambda name: np.zeros((2, 3)),
        load_models=lambda: iter([("first", data), ("second", data)]),
    )
    monkeypatch.setattr(
        table, "evaluate_swapped", lambda trained, images: (trained, images[:, 0, 0].tolist())
    )
    for name, value in changes.items():
        setattr(method, name, value)
    measured = table.measure({f"{dataset}/{name}": method for name in MODELS}, None)
    assert set(measured["differences"]) == {VAE, HVAE} and list(measured["runs"]) == [dataset]
    return measured["rows"][MODELS.index(model)]


def test_a_row_is_of_the_first_trial(monkeypatch):
    found = two_trials("mnist", VAE, monkeypatch)
    assert found.pop("published")["value"] == -88.71
    assert found == {
        "dataset": "mnist",
        "model": VAE,
        "epochs": [30, 31],
        "report_epochs": 200,
        "log_likelihood": {"mean": -20.0, "standard_error": 1.0, "images": 3, "epochs": 30},
        "log_likelihood_over_seeds": {"mean": -30.0, "standard_error": 10.0, "seeds": 2},
        "bits_per_dimension": None,
        "report": -276.18,
        # On the images that the log-likelihood was estimated on.
        "swapped_arguments": ("first", [0.0, 1.0, 2.0]),
    }
    grey = two_trials("fashion_mnist", HVAE, monkeypatch)
    assert grey["bits_per_dimension"] == pytest.approx(20 / (20 * np.log(2)))
    assert grey["swapped_arguments"] is None and grey["published"] is None
    assert grey["report"] == -2765.41 and grey["report_epochs"] == 100


def test_a_row_has_the_reports_value_only_if_every_trial_is_the_reports(monkeypatch):
    other = run_spec("mnist", 1, VAMPPRIOR, "mixture_of_gaussians")
    found = two_trials("mnist", VAMPPRIOR, monkeypatch, second_spec=other)
    assert found["report"] is None and found["published"] is None
    assert found["model"] == "VAE, VampPrior"
    first = {"specs": [other, run_spec("mnist", 1, VAMPPRIOR)]}
    assert two_trials("mnist", VAMPPRIOR, monkeypatch, **first)["model"] == (
        "VAE, mixture of Gaussians"
    )
    later = two_trials("mnist", VAE, monkeypatch, weights_epochs=[31, 30])
    assert later["swapped_arguments"] is None


def test_the_table_says_how_its_numbers_were_estimated():
    rows = [
        row("mnist", VAE, -80.0, log_likelihood={"num_samples": 50, "images": 10000}),
        row("frey_faces", VAE, -80.0, log_likelihood={"num_samples": 5000, "images": 300}),
    ]
    assert table.notes({"rows": rows})[0] == (
        "log p(x): 50 or 5000 importance samples; mean over test images (MNIST 10000, Frey Faces "
        "300) and over seeds, and its standard error over seeds, or over images where there is one "
        "seed."
    )


def test_the_best_model_of_every_data_set_is_in_bold():
    values = {"mnist": (-80.0, -79.0, -81.0), "frey_faces": (-1.0, -2.0, -3.0)}
    rows = [
        row(dataset, model, mean)
        for dataset, means in values.items()
        for model, mean in zip(MODELS, means, strict=True)
    ]
    (drawn,) = table.draw({"rows": rows}, None).axes[0].tables
    bold = {
        place
        for place, cell in drawn.get_celld().items()
        if cell.get_text().get_fontweight() == "bold"
    }
    headings = {(0, column) for column in range(len(table.HEADINGS))}
    assert bold == headings | {(2, 3), (4, 3)}
    shown = {cell.get_text().get_text() for cell in drawn.get_celld().values()}
    assert "-79.00 \N{PLUS-MINUS SIGN} 0.25" in shown

"""Table 1 of the vampprior report, and the swapped formula, on cases whose answer is known."""

import numpy as np
import pytest
import tensorflow as tf
from vampprior_runs import MODELS, Trained, of, runs

import keras_vae as kv
from keras_vae.experiments.figures.claims import INCONCLUSIVE, NOT_REPRODUCED, REPRODUCED
from keras_vae.experiments.reports.vampprior import (
    protocol,
    swapped_arguments,
    table,
    table_claims,
)
from keras_vae.experiments.reports.vampprior.protocol import HVAE, VAE, VAMPPRIOR, run_spec


def test_swapped_arguments_count_absolute_differences():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(4, 9)).astype("float32")
    pixels = (rng.random((4, 9)) < 0.5).astype("float32")
    distribution = swapped_arguments.SwappedArguments(logits=logits, dtype=tf.float32)
    difference = np.abs(1 / (1 + np.exp(-logits.astype("float64"))) - pixels)
    expected = difference * np.log(1e-5) + (1 - difference) * np.log1p(-1e-5)
    np.testing.assert_allclose(distribution.log_prob(pixels), expected, rtol=3e-4)


def test_a_model_with_swapped_arguments_has_the_same_weights_and_draws(images):
    model = kv.VAE(latent_dim=3, hidden_units=(8,), seed=0)
    copy = swapped_arguments.with_swapped_arguments(model)
    np.testing.assert_array_equal(copy.reconstruct(images), model.reconstruct(images))
    # What differs in the weights is the likelihood alone: prior and posterior terms are shared.
    seed = tf.constant([0, 1])
    ours, theirs = (vae.log_terms(images, 2, seed) for vae in (model, copy))
    np.testing.assert_allclose(ours.log_prior, theirs.log_prior, rtol=1e-6)
    assert not np.allclose(ours.log_likelihood, theirs.log_likelihood)


def test_the_codes_estimator_is_no_higher_than_the_importance_weighted_one(images):
    model = kv.VAE(latent_dim=3, hidden_units=(8,), seed=0)
    found = swapped_arguments.evaluate(model, images)
    # By Jensen: the logarithm of the harmonic mean is at most that of the mean.
    assert found["as_the_code_estimates"]["mean"] <= found["importance_weighted"]["mean"]
    # An untrained model predicts one half everywhere.
    error = found["absolute_error_of_an_image"]["mean"]
    assert error == pytest.approx(392, rel=0.2)
    assert found["importance_weighted"]["mean"] == pytest.approx(-11.5 * error, rel=0.1)


def test_the_table_has_the_reports_and_published_values():
    original = table.originals.load("vampprior", "table_1")
    assert original["table"]["mnist"][VAE] == -276.18
    assert original["table"]["frey_faces"][HVAE] == -1975.06
    assert original["published"]["mnist"][VAMPPRIOR]["value"] == -85.57


def row(dataset, model, mean, **further):
    return {
        "dataset": dataset,
        "model": model,
        "epochs": 3,
        "report_epochs": 200,
        "log_likelihood": {"mean": mean, "standard_error": 0.25},
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
    lines = table.markdown(rows, ["a note"]).splitlines()
    assert lines[2] == (
        "| MNIST | VAE | 3 of 200 | -84.12 \N{PLUS-MINUS SIGN} 0.25 |  | -276.18 | -400.00 "
        "| -88.71 |"
    )
    assert "4.64" in lines[3] and len({line.count("|") for line in lines[:4]}) == 1
    assert lines[5:] == ["- a note", "- MNIST, VAE: a source"]


def judged(identity, methods):
    claims = table_claims.judge(
        {model: table.differences(methods, model) for model in (VAE, HVAE)}, methods
    )
    return next(claim for claim in claims if claim.id == identity).verdict


@pytest.mark.parametrize(
    "means, epochs, verdict",
    [
        ((-80.0, -85.0, -84.0), None, REPRODUCED),
        ((-85.0, -80.0, -84.0), None, NOT_REPRODUCED),
        ((-80.0, -85.0, -84.0), 150, INCONCLUSIVE),
        ((-80.0, -80.001, -84.0), None, NOT_REPRODUCED),
    ],
)
def test_the_best_model_is_judged_image_by_image(means, epochs, verdict):
    methods = runs(epochs=epochs, **dict(zip(MODELS, means, strict=True)))
    assert judged("vampprior.T1.1", methods) == verdict


def test_a_model_beaten_by_a_shorter_run_is_not_the_best():
    finished = runs(VAE=-85.0, VampPrior=-86.0)
    assert judged("vampprior.T1.1", finished | runs(epochs=120, HVAE=-80.0)) == NOT_REPRODUCED
    # A draw is no defeat.
    assert judged("vampprior.T1.1", finished | runs(epochs=120, HVAE=-85.0)) == INCONCLUSIVE


def test_another_prior_decides_nothing():
    methods = runs(VAE=-85.0, VampPrior=-86.0, HVAE=-87.0)
    assert judged("vampprior.T1.1", methods) == REPRODUCED
    methods["mnist/VampPrior"].specs = [run_spec("mnist", 0, VAMPPRIOR, "mixture_of_gaussians")]
    assert judged("vampprior.T1.1", methods) == INCONCLUSIVE


def test_a_claim_about_two_data_sets_needs_both():
    frey = runs("frey_faces", VAE=-1900.0, VampPrior=-1800.0, HVAE=-1700.0)
    assert judged("vampprior.T1.2", frey) == INCONCLUSIVE
    fashion = runs("fashion_mnist", VAE=-3000.0, VampPrior=-2900.0, HVAE=-2800.0)
    assert judged("vampprior.T1.2", frey | fashion) == REPRODUCED


def test_the_swapped_formula_is_set_against_the_report():
    rows = [
        row("mnist", model, -80.0, report=report, swapped_arguments=swapped(ours))
        for model, report, ours in ((VAE, -200.0, -400.0), (HVAE, -400.0, -300.0))
    ]
    finding = table.swapped_finding([*rows, row("frey_faces", VAE, -1800.0)])
    assert finding["ratio_to_the_report"] == {VAE: 2.0, HVAE: 0.75}
    assert finding["order"] == [HVAE, VAE] and finding["order_in_the_report"] == [VAE, HVAE]
    assert table.swapped_finding([row("frey_faces", VAE, -1800.0)]) is None


def swapped(mean):
    return {"as_the_code_estimates": {"mean": mean}}


def test_the_table_of_three_data_sets(three_data_sets):
    rows = table.measure(of(three_data_sets, *MODELS))
    assert [(row["dataset"], row["model"]) for row in rows] == [
        (dataset, model) for dataset in protocol.PANELS for model in MODELS
    ]
    frey = next(row for row in rows if row["dataset"] == "frey_faces")
    assert frey["bits_per_dimension"] == pytest.approx(90 / (560 * np.log(2)))
    assert frey["swapped_arguments"] is None and frey["report"] == -2344.96
    assert rows[0]["swapped_arguments"] is not None and rows[0]["bits_per_dimension"] is None
    assert "Frey Faces 3" in table.describe_estimates(rows)
    assert len(table.draw(rows).axes) == 1
    assert table.differences(of(three_data_sets, *MODELS), VAE)["mnist"][HVAE]["mean"] == 0.0


def test_weights_of_another_epoch_are_not_evaluated_beside_an_estimate(three_data_sets):
    method = Trained(**{**vars(three_data_sets["mnist/VAE"]), "weights_epochs": [60]})
    (row,) = table.measure({"mnist/VAE": method})
    assert row["epochs"] == 30 and row["swapped_arguments"] is None


def test_another_prior_is_named_and_stands_beside_no_published_value(three_data_sets):
    spec = run_spec("mnist", 0, VAMPPRIOR, "mixture_of_gaussians", 5)
    method = Trained(**{**vars(three_data_sets["mnist/VampPrior"]), "specs": [spec]})
    (row,) = table.measure({"mnist/VampPrior": method})
    assert row["model"] == "VAE, mixture of Gaussians"
    assert row["report"] is None and row["published"] is None

"""The vampprior report's runs, measures and claims, on cases whose answer is known."""

import dataclasses
import types

import numpy as np
import pytest
import scipy.linalg
import tensorflow as tf

import keras_vae as kv
from keras_vae.datasets import Split
from keras_vae.experiments import options
from keras_vae.experiments.claims import INCONCLUSIVE, NOT_REPRODUCED, REPRODUCED
from keras_vae.experiments.figure import Analysis
from keras_vae.experiments.spec import ModelSpec
from keras_vae.experiments.training import (
    build_model,
    check_runs,
    load_model,
    untrained_model,
)
from keras_vae.experiments.vampprior_report import (
    cost,
    generation_claims,
    pictures,
    protocol,
    sample_quality,
    swapped_arguments,
    table,
    table_claims,
    warm_up,
)
from keras_vae.experiments.vampprior_report.figures import report_figure
from keras_vae.experiments.vampprior_report.protocol import HVAE, VAE, VAMPPRIOR, run_spec

MODELS = (VAE, VAMPPRIOR, HVAE)


def ask(**chosen):
    return options.resolve(protocol.PRESETS, **{"preset": "paper", **chosen})


def small(spec):
    return dataclasses.replace(spec, model=dataclasses.replace(spec.model, hidden_units=(8,)))


def runs(dataset="mnist", epochs=None, **by_model):
    """Methods whose log-likelihoods have given means, with an error of 0.1."""
    methods = {}
    for model, mean in by_model.items():
        count = epochs or protocol.schedule(dataset, model).epochs
        per_image = mean + np.linspace(-1, 1, 200) * (1 if model == VAE else 1.1)
        methods[f"{dataset}/{model}"] = types.SimpleNamespace(
            epochs=count,
            weights_epochs=[count],
            log_likelihood=[{"mean": mean, "standard_error": 0.1, "per_image": list(per_image)}],
        )
    return methods


def test_the_runs_are_the_reports():
    vae, vamp, hvae = (run_spec("fashion_mnist", 0, model) for model in MODELS)
    assert vae.model.latent_dim == 40 and vae.model.hidden_units == (300,) and vae.model.gated
    assert vae.batch_size == 100 and dict(vae.optimizer.arguments) == {"learning_rate": 1e-3}
    assert vamp.model.prior == "vamp" and vamp.model.prior_components == 500
    assert dict(vamp.optimizer.arguments) == {"learning_rate": 1e-4}
    assert hvae.model.latent_dims == (40, 40) and hvae.objective.warm_up_epochs == 30
    assert vae.model.likelihood == "discretized_logistic" and vae.data.binarize is None
    digits = run_spec("mnist", 0, VAMPPRIOR)
    assert digits.model.likelihood == "bernoulli" and digits.data.binarize == "static"
    assert digits.model.prior_components == 200 and digits.objective.warm_up_epochs == 60


def test_without_warm_up_nothing_else_changes():
    with_it, without = (run_spec("mnist", 0, model) for model in (VAE, warm_up.WITHOUT))
    assert without.objective.warm_up_epochs == 0
    assert dataclasses.replace(without, objective=with_it.objective) == with_it


@pytest.fixture
def figure():
    return report_figure(
        name="fig_0",
        title="a figure",
        models=MODELS,
        with_prior=(VAMPPRIOR,),
        analyse=lambda methods, asked: Analysis(None, "", [], {}),
    )


def test_epochs_are_each_runs_own_unless_named(figure):
    paper, results, named = ask(), ask(preset="results"), ask(epochs=7)
    assert figure.epochs_of("frey_faces/HVAE", paper) == 400
    assert figure.epochs_of("mnist/HVAE", paper) == 300
    assert figure.epochs_of("mnist/HVAE", results) <= 300
    assert {figure.epochs_of(label, named) for label in figure.trial(named, 0)} == {7}
    assert set(figure.trial(paper, 0)) == {
        f"{dataset}/{model}" for dataset in protocol.PANELS for model in MODELS
    }
    assert "400 of 400" in figure.extent(paper) and "7 of 400" in figure.extent(named)


def test_a_chosen_prior_replaces_the_reports_in_runs_and_folder(figure):
    asked = ask(prior="mixture_of_gaussians", prior_components=20)
    trial = figure.trial(asked, 0)
    assert trial["mnist/VampPrior"].model.prior == "mixture_of_gaussians"
    assert trial["mnist/VampPrior"].model.prior_components == 20
    assert trial["mnist/VAE"].model.prior == "standard_normal"
    assert figure.folder(asked) == "vampprior/fig_0_mixture_of_gaussians_20"
    assert figure.folder(ask()) == "vampprior/fig_0"
    from_data = figure.trial(ask(pseudo_inputs="data"), 0)["mnist/VampPrior"]
    assert from_data.model.pseudo_inputs == "data"
    assert from_data.run_id != figure.trial(ask(), 0)["mnist/VampPrior"].run_id


@pytest.mark.parametrize(
    "chosen, message",
    [
        ({"prior": "standard_normal", "prior_components": 9}, "no components"),
        ({"prior": "mixture_of_gaussians", "pseudo_inputs": "data"}, "VampPrior alone"),
    ],
)
def test_options_that_a_prior_cannot_have_are_refused(figure, chosen, message):
    with pytest.raises(ValueError, match=message):
        figure.trial(ask(**chosen), 0)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"prior_components": 0, "prior": "vamp"}, "prior_components"),
        ({"prior": "vamp", "pseudo_inputs": "digits"}, "noise"),
        ({"prior": "vamp", "pseudo_inputs": "data"}, "number of pseudo-inputs"),
    ],
)
def test_bad_priors_in_a_spec_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        ModelSpec(**arguments)


def test_more_pseudo_inputs_than_images_are_refused_before_training(digits):
    fits, too_many = (
        run_spec("mnist_5k", 0, VAMPPRIOR, components=count, pseudo_inputs="data")
        for count in (4000, 4001)
    )
    check_runs([fits])
    with pytest.raises(ValueError, match="4001 pseudo-inputs cannot be taken from 4000"):
        check_runs([fits, too_many])


def test_frechet_distance_is_the_closed_form():
    rng = np.random.default_rng(0)
    factors = rng.normal(size=(2, 6, 6))
    a, b = (factor @ factor.T for factor in factors)
    means = rng.normal(size=(2, 6))
    expected = np.sum((means[0] - means[1]) ** 2) + np.trace(
        a + b - 2 * scipy.linalg.sqrtm(a @ b).real
    )
    measured = sample_quality.frechet_distance(means[0], a, means[1], b)
    assert measured == pytest.approx(expected, rel=1e-6)
    assert sample_quality.frechet_distance(means[0], a, means[0], a) == pytest.approx(0, abs=1e-6)
    one = np.ones((1, 1))
    assert sample_quality.frechet_distance([0.0], one, [3.0], 4 * one) == pytest.approx(10)


def test_sample_measures_see_noise_and_missing_classes(digits):
    measure = sample_quality.sample_measure(digits.train)
    held_out = measure(digits.test.images)
    only_threes = measure(digits.test.images[digits.test.labels == 3])
    rng = np.random.default_rng(0)
    noise = measure((rng.random((200, 28, 28)) < 0.13).astype("float32"))
    # Single images of one class look like digits; all together they do not.
    assert only_threes["frechet_distance"] > 5 * held_out["frechet_distance"]
    assert only_threes["distance_from_nearest_images"] < 80
    for name in sample_quality.MEASURES:
        assert noise[name] > 1.5 * held_out[name]


def test_draws_are_binary_and_follow_the_seed(digits):
    model = build_model(small(run_spec("mnist_5k", 0, HVAE)), (28, 28))
    first, again, other = (sample_quality.draw_images(model, 5, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert set(np.unique(first)) == {0.0, 1.0} and not np.array_equal(first, other)
    # Codes and pixels have noise of their own.
    assert not np.array_equal(first, sample_quality.draw_images(model, 5, 0, counter=1))


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
    assert found["as_the_code_prints"]["mean"] <= found["importance_weighted"]["mean"]
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
    swapped = {"as_the_code_prints": {"mean": -400.0}}
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


def judged(identity, methods, **chosen):
    asked = ask(**chosen)
    claims = table_claims.judge(lambda first: table.differences(methods, first), methods, asked)
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
    methods = runs(VAE=-85.0, VampPrior=-86.0) | runs(epochs=120, HVAE=-80.0)
    assert judged("vampprior.T1.1", methods) == NOT_REPRODUCED
    assert judged("vampprior.T1.1", methods, prior="mixture_of_gaussians") == INCONCLUSIVE


def test_a_claim_about_two_data_sets_needs_both():
    frey = runs("frey_faces", VAE=-1900.0, VampPrior=-1800.0, HVAE=-1700.0)
    assert judged("vampprior.T1.2", frey) == INCONCLUSIVE
    fashion = runs("fashion_mnist", VAE=-3000.0, VampPrior=-2900.0, HVAE=-2800.0)
    assert judged("vampprior.T1.2", frey | fashion) == REPRODUCED


def measured(frechet, nearest):
    names = zip(sample_quality.MEASURES, (frechet, nearest), strict=True)
    return {name: {"mean": value, "standard_error": 0.1} for name, value in names}


@pytest.mark.parametrize(
    "vamp, verdict",
    [
        (measured(5.0, 50.0), REPRODUCED),
        (measured(5.0, 61.0), NOT_REPRODUCED),
        (measured(9.9, 50.0), NOT_REPRODUCED),
    ],
)
def test_generations_are_better_only_if_both_distances_are_clearly_smaller(vamp, verdict):
    found = {"mnist": {VAE: measured(10.0, 60.0), VAMPPRIOR: vamp}}
    methods = runs(VAE=-85.0, VampPrior=-84.0)
    (claim,) = generation_claims.judge_vampprior(found, methods, ask())
    assert claim.verdict == verdict
    short = runs(epochs=10, VAE=-85.0, VampPrior=-84.0)
    (claim,) = generation_claims.judge_vampprior(found, short, ask())
    assert claim.verdict == INCONCLUSIVE


def test_hierarchical_generations_are_judged_on_two_data_sets():
    near, far = measured(5.0, 50.0), measured(10.0, 60.0)
    found = {
        "mnist": {VAE: near, VAMPPRIOR: near, HVAE: far},
        "frey_faces": {VAE: far, VAMPPRIOR: near, HVAE: near},
    }
    methods = runs(**dict.fromkeys(MODELS, -80.0)) | runs(
        "frey_faces", **dict.fromkeys(MODELS, -80.0)
    )
    poor, best = generation_claims.judge_hierarchical(found, methods, ask())
    assert poor.verdict == REPRODUCED and best.verdict == NOT_REPRODUCED


def ended_with(reconstruction):
    return {"reconstruction": reconstruction}


def test_warm_up_is_needed_if_reconstruction_gains_on_every_data_set():
    methods = {}
    for dataset in protocol.PANELS:
        methods |= runs(dataset, **{VAE: -80.0, warm_up.WITHOUT: -80.0})
    found = {
        dataset: {VAE: ended_with(-50.0), warm_up.WITHOUT: ended_with(-55.0)}
        for dataset in protocol.PANELS
    }
    (claim,) = warm_up.judge(found, methods, ask())
    assert claim.verdict == REPRODUCED
    found["mnist"][VAE] = ended_with(-56.0)
    (claim,) = warm_up.judge(found, methods, ask())
    assert claim.verdict == NOT_REPRODUCED


def test_costs_are_measured_in_turn_and_judged(digits):
    specs = {
        name: small(spec)
        for name, spec in cost.compared_specs("mnist_5k", 0).items()
        if name in (VAE, VAMPPRIOR)
    }
    milliseconds = cost.measure(specs, rounds=2, steps=1, jit_compile=False)
    assert set(milliseconds) == {VAE, VAMPPRIOR}
    assert all(len(values) == 2 and (values > 0).all() for values in milliseconds.values())
    summary = cost.summarise({VAE: np.array([2.0]), HVAE: np.array([5.0])}, 600)
    assert summary[HVAE]["times_the_vae"] == 2.5 and summary[HVAE]["seconds_per_epoch"] == 3.0
    for costs, verdict in (((1, 2, 3), REPRODUCED), ((1, 3, 2), NOT_REPRODUCED)):
        made_up = {name: np.full(3, float(c)) for name, c in zip(MODELS, costs, strict=True)}
        assert cost.judge(made_up)[0].verdict == verdict


def test_pseudo_inputs_begin_as_training_images_if_asked_for(digits):
    data = digits.select(train_images=50)
    spec = small(run_spec("mnist_5k", 0, VAMPPRIOR, components=6, pseudo_inputs="data"))
    drawn = np.asarray(untrained_model(spec, data).prior_layer.pseudo_inputs)
    known = {image.tobytes() for image in data.train.images}
    assert len({image.tobytes() for image in drawn} & known) == 6


def test_pseudo_inputs_begin_grey_as_in_the_public_code(digits):
    spec = small(run_spec("mnist_5k", 0, VAMPPRIOR))
    drawn = np.asarray(untrained_model(spec, digits).prior_layer.pseudo_inputs)
    assert drawn.mean() == pytest.approx(0.5, abs=1e-3)
    assert drawn.std() == pytest.approx(0.01, abs=1e-3)


def test_a_store_of_runs_with_another_prior_has_none_of_this_one(store):
    vamp, mixture = (
        run_spec("mnist_5k", 0, VAMPPRIOR, prior) for prior in ("vamp", "mixture_of_gaussians")
    )
    store.run_folder(vamp).mkdir(parents=True)
    with pytest.raises(LookupError, match=f"No epoch of run {mixture.run_id}"):
        load_model(mixture, store)


def test_components_of_either_prior_can_be_drawn():
    for prior in ("vamp", "mixture_of_gaussians"):
        model = build_model(small(run_spec("mnist_5k", 0, VAMPPRIOR, prior, 4)), (28, 28))
        drawn = pictures.component_images(model)
        assert drawn.shape == (4, 28, 28) and drawn.min() >= 0 and drawn.max() <= 1
    with pytest.raises(ValueError, match="no pseudo-inputs"):
        pictures.component_images(kv.VAE(latent_dim=2, hidden_units=(8,)))


def test_reconstruction_errors_are_over_all_pixels():
    split = Split(np.zeros((5, 4, 4), np.uint8))
    model = types.SimpleNamespace(reconstruct=lambda x: tf.fill(x.shape, 0.5))
    found = pictures.reconstruction_errors(model, split.images, batch=2)
    assert found == {"root_mean_square": 0.5, "mean_absolute": 0.5}

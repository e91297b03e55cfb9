"""The vampprior report's runs, and what a user can choose in them."""

import dataclasses
import json

import numpy as np
import pytest
from vampprior_runs import MODELS, ask, small

from keras_vae.experiments.figures.figure import Analysis
from keras_vae.experiments.reports.vampprior import (
    protocol,
    warm_up,
)
from keras_vae.experiments.reports.vampprior.figures import report_figure
from keras_vae.experiments.reports.vampprior.protocol import VAE, VAMPPRIOR, run_spec
from keras_vae.experiments.runs.spec import ModelSpec
from keras_vae.experiments.runs.store import ForeignRunError
from keras_vae.experiments.runs.training import check_runs, untrained_model


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
    for dataset, by_model in protocol.SCHEDULES.items():
        for model, schedule in by_model.items():
            assert figure.epochs_of(f"{dataset}/{model}", results) == schedule.reached
            assert 40 <= schedule.reached <= schedule.epochs
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
    # What comes to the same as the report's own is no other result.
    assert figure.folder(ask(prior="vamp", pseudo_inputs="grey")) == "vampprior/fig_0"
    assert figure.folder(ask(dataset="mnist")) == "vampprior/fig_0_mnist"
    assert "mixture_of_gaussians" in figure.extent(asked)
    from_data = figure.trial(ask(pseudo_inputs="data"), 0)["mnist/VampPrior"]
    assert from_data.model.pseudo_inputs == "data"
    assert from_data.run_id != figure.trial(ask(), 0)["mnist/VampPrior"].run_id


@pytest.mark.parametrize(
    "chosen, message",
    [
        ({"prior": "standard_normal", "prior_components": 9}, "no components"),
        ({"prior": "mixture_of_gaussians", "pseudo_inputs": "data"}, "Only a VampPrior"),
        ({"prior": "standard_normal", "pseudo_inputs": "noise"}, "Only a VampPrior"),
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


def test_the_caption_says_where_warm_up_did_not_end(figure):
    assert "beta up to 0.06" in figure.extent(ask(epochs=7))
    assert "beta" not in figure.extent(ask())


def test_more_pseudo_inputs_than_images_are_refused_before_training(digits):
    fits, too_many = (
        run_spec("mnist_5k", 0, VAMPPRIOR, components=count, pseudo_inputs="data")
        for count in (4000, 4001)
    )
    assert check_runs([fits]) == [4000]
    with pytest.raises(ValueError, match="4001 pseudo-inputs cannot be taken from 4000"):
        check_runs([fits, too_many])


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


def test_a_folder_with_a_run_of_another_prior_is_refused(store):
    vamp, mixture = (
        run_spec("mnist_5k", 0, VAMPPRIOR, prior) for prior in ("vamp", "mixture_of_gaussians")
    )
    folder = store.run_folder(mixture)
    folder.mkdir(parents=True)
    (folder / "spec.json").write_text(json.dumps(vamp.to_dict()))
    (folder / "checkpoint.npz").write_bytes(b"never read")
    with pytest.raises(ForeignRunError, match="belongs to another run: its model is .*vamp"):
        store.load(mixture)

"""The vampprior report's runs, and what a user can choose in them."""

import dataclasses
import functools

import numpy as np
import pytest
from vampprior_runs import MODELS, ask, small

from keras_vae import UserError
from keras_vae.experiments.figures.figure import read_options
from keras_vae.experiments.reports import vampprior as protocol
from keras_vae.experiments.reports.vampprior import HVAE, VAE, VAMPPRIOR, run_spec
from keras_vae.experiments.reports.vampprior.figures import (
    LEARNED_PRIORS,
    add_prior_options,
    report_figure,
)
from keras_vae.experiments.reports.vampprior.samples import draw_generations
from keras_vae.experiments.runs.run_models import untrained_model
from keras_vae.experiments.runs.spec import (
    DataSpec,
    ModelSpec,
    ObjectiveSpec,
    OptimizerSpec,
    RunSpec,
)
from keras_vae.experiments.runs.store import ForeignRunError, StoredRun
from keras_vae.experiments.runs.training import check_runs

# Epochs of the report, or ours where it gives none, and those over which beta rises.
SCHEDULES = {
    "mnist": {VAE: (200, 100), VAMPPRIOR: (200, 60), HVAE: (300, 100)},
    "frey_faces": {VAE: (200, 100), VAMPPRIOR: (2000, 60), HVAE: (400, 50)},
    "fashion_mnist": {VAE: (300, 100), VAMPPRIOR: (200, 60), HVAE: (100, 30)},
}
NOT_GIVEN = (("frey_faces", VAMPPRIOR), ("fashion_mnist", VAMPPRIOR))
SCHEDULES["mnist_5k"] = SCHEDULES["mnist"]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("dataset", SCHEDULES)
def test_every_run_is_the_reports(dataset, model):
    binary, vamp = dataset in ("mnist", "mnist_5k"), model == VAMPPRIOR
    assert run_spec(dataset, 3, model) == RunSpec(
        data=DataSpec(name=dataset, binarize="static" if binary else None),
        model=ModelSpec(
            latent_dim=40,
            hidden_units=(300,),
            activation="linear",
            likelihood="bernoulli" if binary else "discretized_logistic",
            prior="vamp" if vamp else "standard_normal",
            kernel_initializer="glorot_uniform",
            gated=True,
            upper_latent_dims=(40,) if model == HVAE else (),
            prior_components=(200 if binary else 500) if vamp else None,
            pseudo_inputs="grey" if vamp else "noise",
            scale_recovers=not binary,
            log_variance_range=(-6.0, 2.0) if model == HVAE else None,
        ),
        objective=ObjectiveSpec(name="elbo", warm_up_epochs=SCHEDULES[dataset][model][1]),
        optimizer=OptimizerSpec(
            name="adam", arguments=(("learning_rate", 1e-4 if vamp else 1e-3),)
        ),
        batch_size=100,
        seed=3,
    )


def test_a_mixture_of_gaussians_has_the_reports_number_of_components_and_rate():
    spec = run_spec("frey_faces", 0, VAE, "mixture_of_gaussians")
    assert spec.model.prior_components == 500 and spec.model.pseudo_inputs == "noise"
    assert dict(spec.optimizer.arguments) == {"learning_rate": 1e-3}


def test_only_the_reports_own_runs_are_the_reports():
    for model in MODELS:
        assert protocol.is_reports(run_spec("mnist", 4, model), model)
    assert not protocol.is_reports(run_spec("mnist", 0, VAMPPRIOR, "vamp", 201), VAMPPRIOR)
    assert not protocol.is_reports(run_spec("mnist", 0, VAMPPRIOR), VAE)


def test_the_protocol_names_what_the_report_asks_for():
    for index, name in enumerate(("epochs", "warm_up_epochs")):
        assert protocol.PROTOCOL[name] == {
            dataset: {
                model: f"not given; {values[index]} here"
                if (dataset, model) in NOT_GIVEN
                else values[index]
                for model, values in by_model.items()
            }
            for dataset, by_model in SCHEDULES.items()
            if dataset != "mnist_5k"
        }
    assert protocol.PROTOCOL["dataset"] == "all" and protocol.PROTOCOL["batch_size"] == 100
    smoke, quick, stored, paper = (
        protocol.PRESETS[name] for name in ("smoke", "quick", "stored", "paper")
    )
    assert (smoke.dataset, smoke.epochs) == ("mnist_5k", 3)
    assert (quick.dataset, quick.epochs, quick.embedded_epochs) == (None, 8, 60)
    assert stored == paper
    assert (paper.likelihood_samples, paper.likelihood_images) == (5000, None)
    assert (paper.dataset, paper.epochs, paper.trials) == ("all", None, 2)
    assert smoke.trials == quick.trials == 1


def test_without_warm_up_nothing_else_changes():
    with_it, without = (run_spec("mnist", 0, model) for model in (VAE, "VAE without warm-up"))
    assert without.objective.warm_up_epochs == 0
    assert dataclasses.replace(without, objective=with_it.objective) == with_it


@pytest.fixture
def figure():
    return report_figure(
        name="fig_0",
        title="a figure",
        models=MODELS,
        with_prior=(VAMPPRIOR,),
        draw=draw_generations,
        add_options=add_prior_options,
    )


def test_epochs_are_each_runs_own_unless_named(figure):
    paper, named = ask(), ask(epochs=7)
    for dataset, by_model in SCHEDULES.items():
        for model, (epochs, _) in by_model.items():
            assert figure.epochs_of(f"{dataset}/{model}", paper) == epochs
    assert {figure.epochs_of(label, named) for label in figure.trial(named, 0)} == {7}
    assert set(figure.trial(paper, 0)) == {
        f"{dataset}/{model}" for dataset in protocol.PANELS for model in MODELS
    }
    assert "400 of 400" in figure.extent(paper) and "7 of 400" in figure.extent(named)


def test_stored_runs_are_taken_as_they_are(figure, store, monkeypatch):
    done = {0: 105, 1: 90}
    monkeypatch.setattr(type(store), "epochs_done", lambda self, spec: done[spec.seed])
    stored = ask(preset="stored", store=store.folder)
    # As far as all trials are, and no farther than the report's.
    assert figure.epochs_of("mnist/HVAE", stored) == 90
    done.update({0: 999, 1: 888})
    assert figure.epochs_of("mnist/HVAE", stored) == 300
    assert figure.epochs_of("mnist/HVAE", ask(preset="stored", epochs=7)) == 7
    done[1] = 0
    with pytest.raises(UserError, match="mnist/HVAE has no stored epoch in all of 2 trials"):
        figure.epochs_of("mnist/HVAE", stored)


def test_the_usual_rate_is_all_that_is_changed():
    slow, fast = (run_spec("mnist", 0, model) for model in (VAMPPRIOR, "VampPrior at 1e-3"))
    assert dict(fast.optimizer.arguments) == {"learning_rate": 1e-3}
    assert dataclasses.replace(fast, optimizer=slow.optimizer) == slow


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


def test_the_prior_is_chosen_on_the_command_line(figure, capsys):
    chosen = {"--prior": "vamp", "--prior-components": "20", "--pseudo-inputs": "data"}
    words = [word for pair in chosen.items() for word in pair]
    options = read_options(figure, ["--dataset", "mnist", *words])
    trial = figure.trial(options, 0)
    assert trial["mnist/VampPrior"].model.prior_components == 20
    assert trial["mnist/VampPrior"].model.pseudo_inputs == "data"
    assert figure.folder(options) == "vampprior/fig_0_mnist_vamp_20_data"
    assert figure.trial(read_options(figure, []), 0) == figure.trial(ask(preset="quick"), 0)
    learned = functools.partial(add_prior_options, priors=LEARNED_PRIORS)
    for changed, words in (
        (figure, ["--prior", "gamma"]),
        (figure, ["--prior-components", "0"]),
        (figure, ["--pseudo-inputs", "digits"]),
        (dataclasses.replace(figure, add_options=learned), ["--prior", "standard_normal"]),
        (dataclasses.replace(figure, add_options=None), ["--prior", "vamp"]),
    ):
        with pytest.raises(SystemExit):
            read_options(changed, words)
        assert words[0] in capsys.readouterr().err


def test_epochs_asked_are_the_reports(figure):
    assert figure.epochs_asked("frey_faces/HVAE") == 400
    assert figure.epochs_asked("mnist_5k/HVAE") == 300
    for dataset, model in NOT_GIVEN:
        assert figure.epochs_asked(f"{dataset}/{model}") is None


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


def test_the_caption_says_how_far_every_run_went(figure):
    assert figure.extent(ask(dataset="fashion_mnist", epochs=30, trials=1)) == (
        "fashion_mnist: VAE 30 of 300 (beta up to 0.29), VampPrior 30 (none given) "
        "(beta up to 0.48), HVAE 30 of 100 epochs"
    )
    assert figure.extent(ask(dataset="mnist", prior="standard_normal", trials=2)) == (
        "mnist: VAE 200 of 200, VampPrior 200 of 200 (standard_normal), HVAE 300 of 300 epochs"
    )
    parts = figure.extent(ask(trials=1)).split("; ")
    assert [part.split(":")[0] for part in parts] == ["mnist", "frey_faces", "fashion_mnist"]
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
    made = StoredRun(
        epochs=1, history={}, activity=np.zeros((1, 4)), weights=[], optimizer=[], versions=[]
    )
    store.save(vamp, made)
    store.run_folder(vamp).rename(store.run_folder(mixture))
    with pytest.raises(ForeignRunError, match="belongs to another run: its model is .*vamp"):
        store.load(mixture)

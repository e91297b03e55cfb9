"""What identifies a run."""

import dataclasses
import json
import math

import pytest

from keras_vae.experiments.reports import geometry, understanding, vampprior
from keras_vae.experiments.reports.activity import method_specs
from keras_vae.experiments.runs.spec import (
    DataSpec,
    ModelSpec,
    ObjectiveSpec,
    OptimizerSpec,
    RunSpec,
)


def test_the_id_is_stable():
    # These ids name runs that are already stored: they must not change.
    assert [spec.run_id for spec in method_specs("mnist", 0).values()] == [
        "7fe323d0530632ce",
        "a70e92767232ee44",
        "05e5953994e93cf8",
        "309f0d106d493804",
    ]


def test_every_part_changes_the_id():
    variants = [
        RunSpec(),
        RunSpec(data=DataSpec(name="mnist_5k")),
        RunSpec(data=DataSpec(binarize="stochastic")),
        RunSpec(model=ModelSpec(latent_dim=20)),
        RunSpec(model=ModelSpec(hidden_units=(200,))),
        RunSpec(model=ModelSpec(batch_norm=True)),
        RunSpec(objective=ObjectiveSpec(name="iwae", num_samples=5)),
        RunSpec(objective=ObjectiveSpec(name="renyi", num_samples=5, alpha=0.0)),
        RunSpec(objective=ObjectiveSpec(warm_up_epochs=100)),
        RunSpec(optimizer=OptimizerSpec(arguments=(("learning_rate", 1e-4),))),
        RunSpec(optimizer=OptimizerSpec(bias_rate=2.0)),
        RunSpec(optimizer=OptimizerSpec(bias_correction=False)),
        RunSpec(data=DataSpec(validation_images=100)),
        RunSpec(model=ModelSpec(gated=True)),
        RunSpec(model=ModelSpec(upper_latent_dims=(20,))),
        RunSpec(model=ModelSpec(bias_initializer="keras_vae>FanInUniform")),
        RunSpec(batch_size=50),
        RunSpec(seed=1),
    ]
    assert len({spec.run_id for spec in variants}) == len(variants)


def test_spelling_does_not_change_the_id():
    arguments = (("learning_rate", 0.01), ("beta_1", 0.9))
    first = RunSpec(optimizer=OptimizerSpec(arguments=arguments))
    second = RunSpec(
        model=ModelSpec(hidden_units=[200, 200]),
        optimizer=OptimizerSpec(arguments=arguments[::-1]),
    )
    assert first.run_id == second.run_id


def test_fields_at_their_default_do_not_count():
    @dataclasses.dataclass(frozen=True)
    class Later(RunSpec):
        added: int = 0

    assert Later().run_id == RunSpec().run_id
    assert Later(added=1).run_id != RunSpec().run_id


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: DataSpec(name="svhn"), "dataset: 'svhn'.*'mnist'"),
        (lambda: DataSpec(binarize="soft"), "binarization: 'soft'.*'static'"),
        (lambda: ModelSpec(likelihood="laplace"), "likelihood: 'laplace'.*'bernoulli'"),
        (lambda: ModelSpec(prior="none"), "prior: 'none'.*'standard_normal'"),
        (lambda: ModelSpec(latent_dim=0), "latent_dim.*at least 1"),
        (lambda: ObjectiveSpec(name="mse"), "objective: 'mse'.*'elbo'"),
        (lambda: ObjectiveSpec(name="iwae", num_samples=0), "num_samples.*at least 1"),
        (lambda: ObjectiveSpec(name="renyi", alpha=math.nan), "alpha.*finite"),
        (lambda: ObjectiveSpec(name="renyi"), "alpha"),
        (lambda: ObjectiveSpec(name="elbo", alpha=0.5), "alpha"),
        (lambda: ObjectiveSpec(warm_up_epochs=-1), "warm_up_epochs.*at least 1"),
        (lambda: OptimizerSpec(name="lion2"), "optimizer: 'lion2'.*'adam'"),
        (lambda: OptimizerSpec(arguments=(("rate", 1.0),)), "'rate'.*'learning_rate'"),
        (lambda: OptimizerSpec(arguments=(("learning_rate", math.inf),)), "learning_rate.*finite"),
        (lambda: OptimizerSpec(arguments=(("learning_rate", math.nan),)), "learning_rate.*finite"),
        (lambda: ModelSpec(hidden_units=5), "`hidden_units` must be a tuple.*5"),
        (lambda: ModelSpec(hidden_units="500"), "`hidden_units` must be a tuple"),
        (lambda: ModelSpec(upper_latent_dims=3), "`upper_latent_dims` must be a tuple"),
        (lambda: OptimizerSpec(arguments=(("epsilon", -1.0),)), "epsilon.*negative"),
        (lambda: RunSpec(batch_size=0), "batch_size.*at least 1"),
        (lambda: RunSpec(seed=-1), "seed"),
    ],
)
def test_bad_values_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


SGD_WITH_MOMENTUM = understanding.optimizer_spec("sgd", learning_rate=5e-4, momentum=0.9)


def specs_of_the_reports():
    return [
        RunSpec(),
        RunSpec(data=DataSpec(name="mnist_5k", classes=(1, 2), validation_images=100)),
        *method_specs("mnist", 3).values(),
        understanding.run_spec("mnist", 0),
        understanding.run_spec("mnist", 0, SGD_WITH_MOMENTUM),
        geometry.run_spec("mnist", 1, alpha=-math.inf, latent_dim=40),
        *(vampprior.run_spec("frey_faces", 0, model) for model in ("VampPrior", "HVAE")),
    ]


@pytest.mark.parametrize("spec", specs_of_the_reports(), ids=lambda spec: spec.run_id)
def test_a_spec_comes_back_from_its_file(spec):
    read = RunSpec.from_dict(json.loads(json.dumps(spec.to_dict(), allow_nan=False)))
    assert read == spec and read.run_id == spec.run_id


def test_an_infinite_order_has_a_name_in_the_file():
    content = geometry.run_spec("mnist", 0, alpha=-math.inf).to_dict()
    assert content["objective"]["alpha"] == "-Infinity"
    assert RunSpec.from_dict(content).objective.alpha == -math.inf


def test_a_file_from_before_a_field_was_added_means_its_default():
    spec = RunSpec(model=ModelSpec(latent_dim=20), seed=4)
    content = spec.to_dict()
    del content["model"]["gated"], content["model"]["pseudo_inputs"], content["batch_size"]
    del content["optimizer"]
    assert RunSpec.from_dict(content) == spec


@pytest.mark.parametrize(
    "content, message",
    [
        ({"speed": 1}, "fields of a RunSpec: 'speed'.*later version.*seed"),
        ({"model": {"depth": 3, "colour": 0}}, "of a ModelSpec: 'colour', 'depth'"),
        ({"model": [1]}, "fields of a ModelSpec.*\\[1\\]"),
        ([], "fields of a RunSpec"),
        ({"batch_size": "100"}, "in a RunSpec.*batch_size"),
        ({"data": {"name": "svhn"}}, "dataset: 'svhn'"),
    ],
)
def test_a_file_that_is_no_spec_is_refused(content, message):
    with pytest.raises(ValueError, match=message):
        RunSpec.from_dict(content)


def test_how_weight_decay_goes_is_part_of_the_id_where_it_matters():
    arguments = (("learning_rate", 1e-3), ("weight_decay", 5e-4))
    before = OptimizerSpec(arguments=arguments, bias_correction=False)
    after = dataclasses.replace(before, scaled_weight_decay=False)
    # The default is how version 0.2.0 had it, and not part of the content.
    assert RunSpec(optimizer=before).run_id == "19ba94915bfc26f1"
    assert RunSpec(optimizer=after).run_id != RunSpec(optimizer=before).run_id
    assert RunSpec.from_dict(RunSpec(optimizer=after).to_dict()).optimizer == after
    for senseless in (
        lambda: OptimizerSpec(arguments=arguments, scaled_weight_decay=False),
        lambda: OptimizerSpec(bias_correction=False, scaled_weight_decay=False),
    ):
        with pytest.raises(ValueError, match="scaled_weight_decay"):
            senseless()

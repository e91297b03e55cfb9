"""Every field of a run's description: that it reaches the training, and that it names the run."""

import collections
import dataclasses
import hashlib
import json
import math
import types

import keras
import numpy as np
import pytest
import small_data

from keras_vae import activations, random
from keras_vae.callbacks import WarmUp
from keras_vae.experiments.reports import geometry, understanding, vampprior
from keras_vae.experiments.runs import training
from keras_vae.experiments.runs.run_models import build_model, untrained_model
from keras_vae.experiments.runs.spec import (
    DataSpec,
    ModelSpec,
    ObjectiveSpec,
    RunSpec,
)
from keras_vae.experiments.runs.store import RunStore
from keras_vae.models.base import LatentVariableModel

BASE = RunSpec(
    data=DataSpec(name="mnist_5k"),
    model=ModelSpec(latent_dim=4, hidden_units=(8,)),
    batch_size=8,
)
DATA = small_data.load("mnist_5k", "static")
ORIGINAL_ORDER = small_data.load("mnist_5k", "static", original_order=True)
VAMP = {"model.prior": "vamp", "model.prior_components": 5}


def leaves(spec, prefix=""):
    """Every field of a nested dataclass by its path, as `"data.name"`, with its default."""
    for field in dataclasses.fields(spec):
        value = getattr(spec, field.name)
        if dataclasses.is_dataclass(value):
            yield from leaves(value, f"{prefix}{field.name}.")
        else:
            yield f"{prefix}{field.name}", field.default


def changed(spec, changes):
    """A spec with other values at some paths."""
    parts = collections.defaultdict(dict)
    for path, value in changes.items():
        part, _, name = path.rpartition(".")
        parts[part][name] = value
    own = parts.pop("", {})
    nested = {part: dataclasses.replace(getattr(spec, part), **new) for part, new in parts.items()}
    return dataclasses.replace(spec, **nested, **own)


def kernels(run):
    return [tuple(layer.kernel.shape) for layer in run.model.encoder.dense_layers]


def values(run, kind):
    """All values of the model's weights of one kind, `"kernel"` or `"bias"`."""
    found = [w.numpy() for w in run.model.trainable_weights if w.path.endswith(kind)]
    return np.unique(np.concatenate([w.ravel() for w in found])).tolist()


def pseudo_inputs(run):
    return run.model.prior_layer.pseudo_inputs.numpy()


def are_training_images(images):
    return len({image.tobytes() for image in DATA.train.images} & {u.tobytes() for u in images})


def config_of(name):
    return lambda run: run.model.get_config()[name]


# Of runs that are stored already.
PINNED = {
    "VR-max": "f658c4ff5cff79f3",
    "Adam": "54d996e69fb6338c",
    "VampPrior": "0fe21ec6f3a713e3",
    "VampPrior, recovering": "028680125d5fc9de",
    "HVAE": "06a89a37ad38c9e2",
    "HVAE, clipped": "8ea3218304d267f9",
    "held out": "1af9bdf8bfef8d8a",
    "pseudo-inputs": "fa415ede58b9e063",
    "classes": "b41c879babfb40a7",
    "uncorrected": "9d13e1c849ebfc42",
}
# By field: what is changed, where it has to arrive, and as what.
CASES = {
    "data.name": (
        {"data.name": "fashion_mnist"},
        lambda run: run.test.tolist(),
        small_data.load("fashion_mnist", "static").test.images.tolist(),
    ),
    "data.binarize": (
        {"data.binarize": "stochastic"},
        lambda run: run.test.tolist(),
        small_data.load("mnist_5k", "stochastic").test.images.tolist(),
    ),
    "data.classes": (
        {"data.classes": (1, 3)},
        lambda run: (run.steps_per_epoch, run.test.tolist()),
        (1, DATA.test.images[DATA.test.labels % 2 == 1].tolist()),
    ),
    "data.train_images": (
        {"data.train_images": 16},
        lambda run: run.steps_per_epoch,
        2,
    ),
    "data.validation_images": (
        {"data.validation_images": 9},
        lambda run: (run.steps_per_epoch, run.test.tolist()),
        (2, ORIGINAL_ORDER.train.images[-9:].tolist()),
    ),
    "model.latent_dim": (
        {"model.latent_dim": 3},
        lambda run: run.model.encode(run.test).event_shape.as_list(),
        [3],
    ),
    "model.hidden_units": ({"model.hidden_units": (5, 3)}, kernels, [(16, 5), (5, 3)]),
    "model.activation": ({"model.activation": "tanh"}, config_of("activation"), "tanh"),
    "model.likelihood": (
        {"model.likelihood": "gaussian"},
        lambda run: type(run.model.likelihood).__name__,
        "Gaussian",
    ),
    "model.grey_levels": (
        {"model.grey_levels": True},
        lambda run: run.model.likelihood.grey_levels,
        True,
    ),
    "model.scale_recovers": (
        {"model.likelihood": "discretized_logistic", "model.scale_recovers": True},
        lambda run: getattr(run.model.likelihood, "scale_recovers", None),
        True,
    ),
    "model.log_variance_range": (
        {"model.upper_latent_dims": (3,), "model.log_variance_range": (-2, 1)},
        lambda run: getattr(run.model, "log_variance_range", None),
        (-2.0, 1.0),
    ),
    "model.prior": (
        {"model.prior": "mixture_of_gaussians"},
        lambda run: type(run.model.prior_layer).__name__,
        "MixtureOfGaussians",
    ),
    "model.batch_norm": (
        {"model.batch_norm": True},
        lambda run: sum(w.path.endswith("gamma") for w in run.model.weights),
        2,
    ),
    "model.kernel_initializer": (
        {"model.kernel_initializer": "ones"},
        lambda run: values(run, "kernel"),
        [1.0],
    ),
    "model.bias_initializer": (
        {"model.bias_initializer": "ones"},
        lambda run: values(run, "bias"),
        [1.0],
    ),
    "model.gated": ({"model.gated": True}, config_of("gated"), True),
    "model.upper_latent_dims": (
        {"model.upper_latent_dims": (3, 2)},
        lambda run: run.model.get_config().get("latent_dims"),
        [3, 2, 4],
    ),
    "model.prior_components": (
        VAMP,
        lambda run: getattr(run.model.prior_layer, "num_pseudo_inputs", None),
        5,
    ),
    "model.pseudo_inputs": (
        {**VAMP, "model.pseudo_inputs": "data"},
        lambda run: (
            are_training_images(pseudo_inputs(run))
            if hasattr(run.model.prior_layer, "pseudo_inputs")
            else None
        ),
        5,
    ),
    "objective.name": (
        {"objective.name": "iwae"},
        lambda run: type(run.model.objective).__name__,
        "IWAE",
    ),
    "objective.num_samples": (
        {"objective.num_samples": 3},
        lambda run: run.model.objective.num_samples,
        3,
    ),
    "objective.alpha": (
        {"objective.name": "renyi", "objective.alpha": 0.25},
        lambda run: run.model.objective.alpha,
        0.25,
    ),
    "objective.warm_up_epochs": (
        {"objective.warm_up_epochs": 4},
        lambda run: [callback.epochs for callback in run.callbacks if isinstance(callback, WarmUp)],
        [4],
    ),
    "objective.doubly_reparameterized": (
        {"objective.name": "iwae", "objective.doubly_reparameterized": True},
        lambda run: run.model.objective.doubly_reparameterized,
        True,
    ),
    "optimizer.name": (
        {"optimizer.name": "rmsprop"},
        lambda run: type(run.model.optimizer).__name__,
        "RMSprop",
    ),
    "optimizer.arguments": (
        {"optimizer.arguments": (("learning_rate", 0.5), ("beta_2", 0.75))},
        lambda run: (
            float(run.model.optimizer.learning_rate),
            run.model.optimizer.beta_2,
        ),
        (0.5, 0.75),
    ),
    "optimizer.bias_rate": (
        {"optimizer.bias_rate": 2.0},
        lambda run: getattr(run.model.optimizer, "bias_rate", 1.0),
        2.0,
    ),
    "optimizer.bias_correction": (
        {"optimizer.bias_correction": False},
        # The first step of the uncorrected algorithm: 0.1 / sqrt(0.001) times the rate.
        lambda run: round(float(run.model.optimizer.learning_rate), 6),
        round(1e-3 * 0.1 / math.sqrt(0.001), 6),
    ),
    "optimizer.scaled_weight_decay": (
        {
            "optimizer.arguments": (("learning_rate", 1e-3), ("weight_decay", 0.25)),
            "optimizer.bias_correction": False,
            "optimizer.scaled_weight_decay": False,
        },
        # What weight decay is multiplied by, which is that of the first step elsewhere.
        lambda run: (
            round(float(run.model.optimizer.learning_rate), 6),
            run.model.optimizer.weight_decay,
        ),
        (1e-3, 0.25),
    ),
    "batch_size": ({"batch_size": 5}, lambda run: len(run.batch), 5),
    "seed": (
        {"seed": 3},
        lambda run: (run.model.seed, run.batch.tolist()),
        (3, next(iter(DATA.batches(8, seed=3))).numpy().tolist()),
    ),
    "noise": (
        {"noise": "quantiles"},
        lambda run: run.model.draw_normal is random.box_muller,
        False,
    ),
}


@pytest.fixture(scope="module")
def wired(tmp_path_factory):
    """Function from a spec to what its training is given; nothing is trained."""
    calls = []

    def fit(model, x, *, validation_data, **arguments):
        batches = [batch.numpy() for batch in validation_data]
        seen = {
            "batch": next(iter(x)).numpy(),
            "test": np.concatenate(batches),
            "test_batches": [len(batch) for batch in batches],
        }
        calls.append(types.SimpleNamespace(model=model, **seen, **arguments))

    def wire(spec):
        training.train(spec, 1, RunStore(tmp_path_factory.mktemp("store")))
        return calls.pop()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("keras_vae.datasets.load", small_data.load)
        patch.setattr(LatentVariableModel, "fit", fit)
        # Nothing is stored that could be read.
        patch.setattr(training, "load_stored", lambda *_: None)
        yield wire


@pytest.fixture(scope="module")
def base_run(wired):
    return wired(BASE)


def test_every_field_has_a_case():
    defaults = dict(leaves(RunSpec()))
    assert CASES.keys() == defaults.keys()
    for path, (changes, _, _) in CASES.items():
        assert changes.get(path, "no value") not in (defaults[path], "no value"), path


@pytest.mark.parametrize("path", CASES)
def test_every_field_reaches_the_training(wired, base_run, path):
    changes, read, expected = CASES[path]
    assert read(base_run) != expected
    assert read(wired(changed(BASE, changes))) == expected


@pytest.mark.parametrize(
    "batch_size, limit, steps, fused",
    [(8, 100, 3, 3), (4, 4, 6, 3), (4, 6, 6, 6), (5, 4, 5, 1)],
)
def test_an_epochs_steps_are_launched_in_equal_parts(
    wired, monkeypatch, batch_size, limit, steps, fused
):
    monkeypatch.setattr(training, "MAX_STEPS_PER_EXECUTION", limit)
    run = wired(changed(BASE, {"batch_size": batch_size}))
    assert (run.steps_per_epoch, run.model.steps_per_execution) == (steps, fused)
    assert (run.initial_epoch, run.epochs) == (0, 1)


@pytest.mark.parametrize(
    "images, limit, sizes",
    [
        (12, 12, [12]),
        (12, 10, [6, 6]),
        # Batches of two are just large enough, single images too many.
        (22, 10, [2] * 11),
        (11, 10, [10, 1]),
        (12, 500, [12]),
    ],
)
def test_test_batches_are_alike_unless_that_makes_many(wired, monkeypatch, images, limit, sizes):
    monkeypatch.setattr(training, "TEST_BATCH_SIZE", limit)
    spec = changed(BASE, {"batch_size": 1, "data.validation_images": images})
    assert wired(spec).test_batches == sizes


def test_an_activation_is_that_of_keras_unless_it_is_fused():
    keras_own, fused = (
        build_model(changed(BASE, {"model.activation": name}), (4, 3)).activation
        for name in ("softplus", "fused_softplus")
    )
    assert keras_own is keras.activations.softplus and fused is activations.softplus


def test_every_field_reaches_a_model_of_several_levels():
    common = {
        "model.upper_latent_dims": (3,),
        "model.latent_dim": 2,
        "model.hidden_units": (6, 6),
        "model.activation": "tanh",
        "model.likelihood": "gaussian",
        "model.gated": True,
        **VAMP,
        "model.kernel_initializer": "he_normal",
        "model.bias_initializer": "ones",
        "objective.name": "renyi",
        "objective.num_samples": 3,
        "objective.alpha": 0.25,
        "seed": 5,
    }
    config = build_model(changed(BASE, common), (4, 3)).get_config()
    assert config["latent_dims"] == [3, 2] and config["hidden_units"] == 6
    assert config["activation"] == "tanh" and config["gated"] is True
    assert config["likelihood"]["class_name"] == "Gaussian"
    assert config["prior"]["config"]["num_pseudo_inputs"] == 5
    assert config["kernel_initializer"]["class_name"] == "HeNormal"
    assert config["bias_initializer"]["class_name"] == "Ones"
    assert config["objective"]["config"]["alpha"] == 0.25
    assert config["objective"]["config"]["num_samples"] == 3
    assert config["seed"] == 5 and config["image_shape"] == [4, 3]
    grey = changed(BASE, {"model.upper_latent_dims": (3,), "model.grey_levels": True})
    assert build_model(grey, (4, 4)).likelihood.grey_levels


def test_pseudo_inputs_begin_as_they_should():
    found = {}
    for origin in ("noise", "grey", "data"):
        for seed in (0, 1):
            spec = changed(BASE, {**VAMP, "model.pseudo_inputs": origin, "seed": seed})
            inputs = untrained_model(spec, DATA).prior_layer.pseudo_inputs.numpy()
            found[origin, seed] = inputs
    for origin in ("noise", "grey", "data"):
        assert not np.array_equal(found[origin, 0], found[origin, 1]), origin
    assert 0.2 < found["noise", 0].std() < 0.4
    np.testing.assert_allclose(found["grey", 0].mean(), 0.5, atol=0.01)
    assert 0.005 < found["grey", 0].std() < 0.015
    assert are_training_images(found["data", 0]) == 5


def test_grey_pseudo_inputs_follow_the_runs_seed():
    spec = ModelSpec(prior="vamp", prior_components=5, pseudo_inputs="grey")
    first, again, other = (
        np.asarray(spec.make_prior(seed).initializer((5, 4, 4))) for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_mixtures_components_are_named_by_the_spec():
    model = ModelSpec(prior="mixture_of_gaussians", prior_components=3)
    prior = model.make_prior(seed=0)
    assert prior.num_components == 3 and prior.seed == 1797667263
    assert model.make_prior(seed=1).seed != prior.seed
    assert ModelSpec(prior="vamp").make_prior(0) == "vamp"


def test_pseudo_inputs_need_as_many_images():
    model = changed(BASE, {**VAMP, "model.pseudo_inputs": "data"}).model
    model.check_pseudo_inputs(5)
    with pytest.raises(ValueError, match="5 pseudo-inputs.*from 4"):
        model.check_pseudo_inputs(4)
    dataclasses.replace(model, pseudo_inputs="grey").check_pseudo_inputs(4)


def test_every_field_changes_the_id_and_comes_back_from_a_file():
    specs = [BASE, *(changed(BASE, changes) for changes, _, _ in CASES.values())]
    assert len({spec.run_id for spec in specs}) == len(specs)
    for spec in specs:
        content = json.loads(json.dumps(spec.to_dict(), allow_nan=False))
        assert RunSpec.from_dict(content) == spec


def test_the_id_is_the_hash_of_what_is_not_default():
    def expected(procedure, spec):
        content = f'{{"procedure": {procedure}, "spec": {spec}}}'
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    spec = RunSpec(model=ModelSpec(gated=True), objective=ObjectiveSpec(), seed=3)
    assert spec.run_id == expected(3, '{"model": {"gated": true}, "seed": 3}')
    # A Bernoulli's pixels share logarithms since procedure 3, whatever the prior.
    assert RunSpec().run_id == expected(3, "{}")
    vamp = ModelSpec(prior="vamp")
    assert RunSpec(model=vamp).run_id == expected(3, '{"model": {"prior": "vamp"}}')
    gaussian = ModelSpec(likelihood="gaussian")
    assert RunSpec(model=gaussian).run_id == expected(1, '{"model": {"likelihood": "gaussian"}}')
    # Learned priors are mixtures, whose densities changed in their last bits.
    both = '{"model": {"likelihood": "gaussian", "prior": "vamp"}}'
    assert RunSpec(model=dataclasses.replace(gaussian, prior="vamp")).run_id == expected(2, both)


def test_ids_of_stored_runs_never_change():
    adam = understanding.run_spec("mnist", 0)
    frey = vampprior.run_spec("frey_faces", 0, "VampPrior")
    hvae = vampprior.run_spec("mnist", 2, "HVAE")
    found = {
        "VR-max": geometry.run_spec("mnist", 1, alpha=-math.inf, latent_dim=40),
        "Adam": adam,
        "VampPrior": changed(frey, {"model.scale_recovers": False}),
        "VampPrior, recovering": frey,
        "HVAE": changed(hvae, {"model.log_variance_range": None}),
        "HVAE, clipped": hvae,
        "held out": changed(BASE, CASES["data.validation_images"][0]),
        "pseudo-inputs": changed(BASE, CASES["model.pseudo_inputs"][0]),
        "classes": changed(BASE, CASES["data.classes"][0]),
        "uncorrected": changed(BASE, CASES["optimizer.bias_correction"][0]),
    }
    assert {name: spec.run_id for name, spec in found.items()} == PINNED


def test_impossible_combinations_are_refused():
    for changes, message in (
        ({"model.upper_latent_dims": (3,), "model.batch_norm": True}, "no batch"),
        ({"model.upper_latent_dims": (3,), "model.hidden_units": (8, 4)}, "one size"),
        ({"model.upper_latent_dims": (3, 0)}, "upper_latent_dims.*at least 1"),
        ({"model.log_variance_range": (-2, 1)}, "several levels"),
        ({"model.log_variance_range": (1, -2)}, "two finite numbers"),
        ({"model.hidden_units": (8, 0)}, "hidden_units.*at least 1"),
        ({"model.pseudo_inputs": "grey"}, "VampPrior only"),
        ({"model.pseudo_inputs": "white"}, "'white'.*'noise'"),
        ({"model.prior": "vamp", "model.pseudo_inputs": "grey"}, "Name the number"),
        ({"model.prior_components": 5}, "no components"),
        (
            {"model.prior": "vamp", "model.prior_components": 0},
            "prior_components.*at least 1",
        ),
        ({"objective.doubly_reparameterized": True}, "closed form"),
        ({"optimizer.bias_rate": math.inf}, "bias_rate.*finite"),
        ({"optimizer.bias_rate": -0.5}, "bias_rate.*not negative"),
        ({"optimizer.name": "sgd", "optimizer.bias_correction": False}, "'adam' only"),
        ({"data.train_images": 0}, "train_images.*at least 1"),
        ({"data.validation_images": 0}, "validation_images.*at least 1"),
    ):
        with pytest.raises(ValueError, match=message):
            changed(BASE, changes)
    with pytest.raises(ValueError, match="one level only"):
        changed(
            BASE,
            {
                "model.upper_latent_dims": (3,),
                "objective.name": "iwae",
                "objective.doubly_reparameterized": True,
            },
        )
    assert changed(BASE, {"optimizer.bias_rate": 0.0}).optimizer.bias_rate == 0

"""The understanding report's measures, on data whose answer is known."""

import types

import numpy as np
import pytest

import keras_vae as kv
from keras_vae.experiments.figures import originals
from keras_vae.experiments.figures.claims import INCONCLUSIVE, NOT_REPRODUCED, REPRODUCED
from keras_vae.experiments.reports.understanding import morphing, optimizer_curves, protocol

FULL = types.SimpleNamespace(dataset="mnist", epochs=150, trials=1)


@pytest.fixture(scope="module")
def original():
    return originals.load("understanding", "fig_3")


def as_ours(original):
    """The original's curves as if they were ours, with one trial."""
    return {
        panel: {
            label: {split: np.array([values]) for split, values in by_split.items()}
            for label, by_split in by_label.items()
        }
        for panel, by_label in original["panels"].items()
    }


def test_the_run_is_the_reports():
    spec = protocol.optimizer_specs("mnist", 0)["SGD"]
    assert spec.batch_size == 250 and spec.model.latent_dim == 20
    assert spec.model.hidden_units == (500,) and spec.model.activation == "tanh"
    assert spec.data.validation_images == 10000 and spec.data.binarize == "static"
    assert dict(spec.optimizer.arguments)["learning_rate"] == 5e-4
    assert dict(spec.optimizer.arguments)["momentum"] == 0.9
    rates = {
        name: dict(spec.optimizer.arguments)["learning_rate"]
        for name, spec in protocol.optimizer_specs("mnist", 0).items()
    }
    assert rates["Adam"] == rates["RMSprop"] == 1e-3 and rates["Adagrad"] == 1e-2


def test_the_original_agrees_with_itself(original):
    compared = optimizer_curves.compare_all(as_ours(original), original)
    for by_label in compared["differences"].values():
        for by_split in by_label.values():
            for numbers in by_split.values():
                assert numbers["mean_absolute_difference"] == numbers["final_difference"] == 0
                assert numbers["epochs_compared"] == 150
    for order in compared["order_by_validation_bound"].values():
        assert order["ours"] == order["original"]
    last = compared["order_by_validation_bound"]["150"]["ours"]
    assert last == ["Adam", "RMSprop", "Adagrad", "SGD"]


def test_the_originals_curves_bear_out_its_claim(original):
    (claim,) = optimizer_curves.judge(as_ours(original), FULL)
    assert claim.verdict == REPRODUCED


def test_adam_no_better_than_another_does_not(original):
    ours = as_ours(original)
    ours["lower_bound"]["SGD"] = ours["lower_bound"]["Adam"]
    (claim,) = optimizer_curves.judge(ours, FULL)
    assert claim.verdict == NOT_REPRODUCED
    short = types.SimpleNamespace(dataset="mnist", epochs=60, trials=1)
    (claim,) = optimizer_curves.judge(ours, short)
    assert claim.verdict == INCONCLUSIVE


def test_uncorrected_adam_stands_beside_the_originals_adam_but_in_no_order(original):
    ours = as_ours(original)
    ours["lower_bound"][protocol.UNCORRECTED] = {
        split: values + 1.0 for split, values in ours["lower_bound"]["Adam"].items()
    }
    compared = optimizer_curves.compare_all(ours, original)
    numbers = compared["differences"]["lower_bound"][protocol.UNCORRECTED]["validation"]
    assert numbers["final_difference"] == pytest.approx(1.0)
    assert len(compared["order_by_validation_bound"]["150"]["ours"]) == 4


def test_both_kinds_of_path_join_the_same_pairs(digits):
    model = kv.VAE(latent_dim=3, hidden_units=(8,), seed=0)
    images = digits.test.images[:4]
    paths = morphing.join(model, images[:-1], images[1:])
    assert paths.image.shape == paths.latent.shape == (3, morphing.STEPS, 28, 28)
    np.testing.assert_array_equal(paths.image[:, 0], images[:-1])
    # A row starts where the last one ended.
    np.testing.assert_allclose(paths.latent[1:, 0], paths.latent[:-1, -1], rtol=1e-5)
    np.testing.assert_allclose(paths.latent[:, 0], model(images[:-1]), rtol=1e-5)


def test_a_chain_repeats_no_image_and_follows_the_seed(digits):
    images = digits.test.images
    drawn = morphing.chain(images, seed=1)
    assert len(np.unique(drawn.reshape(len(drawn), -1), axis=0)) == morphing.ROWS + 1
    np.testing.assert_array_equal(drawn, morphing.chain(images, seed=1))
    assert not np.array_equal(drawn, morphing.chain(images, seed=2))


def measures(latent, image, held_out=50.0, pairs=100):
    rng = np.random.default_rng(0)
    made = {
        f"{name}_distance": value + rng.normal(size=pairs)
        for name, value in (("latent", latent), ("image", image), ("held_out", held_out))
    }
    for name in ("latent", "image"):
        made[f"{name}_confidence"] = rng.random((pairs, morphing.STEPS))
        made[f"{name}_log_likelihood"] = rng.normal(size=pairs)
    return made


@pytest.mark.parametrize(
    "latent, image, verdict",
    [
        (55.0, 80.0, REPRODUCED),
        (70.0, 80.0, NOT_REPRODUCED),
        (80.0, 55.0, NOT_REPRODUCED),
        (50.0, 50.0, NOT_REPRODUCED),
    ],
)
def test_morphing_is_judged_by_the_distance_from_digits_at_the_middle(latent, image, verdict):
    summary = morphing.summarise(measures(latent, image))
    assert summary["pixels_closer_on_latent_paths"] == pytest.approx(image - latent, abs=0.6)
    (claim,) = morphing.judge(summary, FULL, [150])
    assert claim.verdict == verdict
    (claim,) = morphing.judge(summary, FULL, [160])
    assert claim.verdict == INCONCLUSIVE

"""The vampprior report's pictures, costs and warm-up, on cases whose answer is known."""

import types

import numpy as np
import pytest
import tensorflow as tf
from vampprior_runs import MODELS, ask, of, runs, small

import keras_vae as kv
from keras_vae.datasets import Split
from keras_vae.experiments.figures.claims import INCONCLUSIVE, NOT_REPRODUCED, REPRODUCED
from keras_vae.experiments.reports.vampprior import (
    cost,
    generations,
    pictures,
    protocol,
    warm_up,
)
from keras_vae.experiments.reports.vampprior.protocol import HVAE, VAE, VAMPPRIOR, run_spec
from keras_vae.experiments.runs.training import build_model


def ended_with(mean, error=0.1):
    return {"reconstruction": {"mean": mean, "standard_error": error}}


@pytest.mark.parametrize(
    "mnist, verdict",
    [
        (ended_with(-50.0), REPRODUCED),
        (ended_with(-56.0), NOT_REPRODUCED),
        (ended_with(-54.8), NOT_REPRODUCED),
        (ended_with(-50.0, error=3.0), NOT_REPRODUCED),
    ],
)
def test_warm_up_is_needed_if_reconstruction_clearly_gains_on_every_data_set(mnist, verdict):
    methods, short = {}, {}
    for dataset in protocol.PANELS:
        of = {VAE: -80.0, warm_up.WITHOUT: -80.0}
        methods |= runs(dataset, **of)
        short |= runs(dataset, epochs=20, **of)
    found = {
        dataset: {VAE: ended_with(-50.0), warm_up.WITHOUT: ended_with(-55.0)}
        for dataset in protocol.PANELS
    }
    found["mnist"][VAE] = mnist
    (claim,) = warm_up.judge(found, methods)
    assert claim.verdict == verdict
    (claim,) = warm_up.judge(found, short)
    assert claim.verdict == INCONCLUSIVE


def test_what_warm_up_ends_with_is_of_the_last_tenth_of_the_epochs():
    history = np.concatenate([np.full(18, -90.0), [-51.0, -49.0]])[None]
    method = types.SimpleNamespace(
        history=lambda name: history,
        log_likelihood=[{"mean": -80.0}],
        activity=np.full((1, 20, 3), [0.0, 0.2, 0.3]),
    )
    found = warm_up.measure({"mnist/VAE": method})["mnist"][VAE]
    assert found["reconstruction"] == {"mean": -50.0, "standard_error": pytest.approx(1.0)}
    assert found["active_units"] == 2


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
    found = pictures.reconstruction_errors(model, split.images)
    assert found == {"root_mean_square": 0.5, "mean_absolute": 0.5}


def test_three_panels_of_images(three_data_sets):
    for analysis in (
        pictures.reconstructions(of(three_data_sets, HVAE), ask()),
        pictures.pseudo_inputs(of(three_data_sets, VAMPPRIOR), ask()),
    ):
        titles = [axis.get_title() for axis in analysis.picture.axes]
        assert [title[:3] for title in titles] == ["(a)", "(b)", "(c)"]
        assert "Frey Faces, 30 of" in titles[1]
    panels = generations.draw(three_data_sets, ask(), VAE).axes
    shapes = [panel.images[0].get_array().shape for panel in panels]
    assert shapes == [(145, 145), (145, 105), (145, 145)]
    # Faces are shown as photographs, digits and clothes as ink.
    assert [panel.images[0].cmap.name for panel in panels] == ["gray_r", "gray", "gray_r"]


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


@pytest.mark.parametrize(
    "costs, dataset, verdict",
    [
        ((1, 2, 3), "mnist", REPRODUCED),
        ((1, 3, 2), "mnist", NOT_REPRODUCED),
        ((1, 1.01, 2), "mnist", NOT_REPRODUCED),
        ((1, 2, 3), "mnist_5k", INCONCLUSIVE),
    ],
)
def test_costs_are_judged_by_their_order(costs, dataset, verdict):
    made_up = {name: np.full(3, float(c)) for name, c in zip(MODELS, costs, strict=True)}
    (claim,) = cost.judge(made_up, dataset)
    assert claim.verdict == verdict

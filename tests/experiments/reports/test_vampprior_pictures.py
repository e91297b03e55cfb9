"""The vampprior report's pictures, costs and warm-up, on cases whose answer is known."""

import itertools
import types

import numpy as np
import pytest
import tensorflow as tf
from vampprior_runs import ask, small

import keras_vae as kv
from keras_vae.datasets import Split
from keras_vae.experiments.figures.catalogue import load_script
from keras_vae.experiments.reports.vampprior import (
    HVAE,
    VAE,
    VAMPPRIOR,
    pictures,
    run_spec,
    samples,
)
from keras_vae.experiments.runs.run_models import build_model

figure_7 = load_script("vampprior/fig_7_pseudo_inputs.py")
figure_9 = load_script("vampprior/fig_9_reconstructions.py")
figure_11 = load_script("vampprior/fig_11_losses.py")
warm_up = load_script("vampprior/warm_up.py")
cost = load_script("vampprior/cost_per_epoch.py")


@pytest.mark.parametrize("epochs, last", [(2, 1), (9, 1), (29, 2), (30, 3)])
def test_what_warm_up_ends_with_is_of_every_trials_last_tenth_of_what_both_have(epochs, last):
    curve = np.concatenate([np.full(epochs - last, -900.0), np.arange(last)])
    offsets = {"test_reconstruction": -50.0, "test_kl": 20.0, "test_bound": -70.0}
    activity = np.ones((2, epochs, 4))
    activity[0, -1] = [0.0, 0.1, 0.11, 0.3]
    longer = np.append(curve, [500.0] * 9)
    method = types.SimpleNamespace(
        epochs=epochs,
        history=lambda name: offsets[name] + np.stack([curve, curve + 7]),
        log_likelihood=[{"mean": -80.0}, {"mean": -81.0}],
        activity=activity,
    )
    other = types.SimpleNamespace(**vars(method))
    other.epochs += 9
    other.history = lambda name: offsets[name] + np.stack([longer, longer + 7])
    runs = {"mnist/VAE": other, "mnist/VAE without warm-up": method, "frey_faces/VAE": method}
    found = warm_up.measure(runs, None)["ended_with"]
    assert (
        list(found) == ["mnist", "frey_faces"] and found["mnist"][VAE] == found["frey_faces"][VAE]
    )
    mean = (last - 1) / 2
    assert (
        found["mnist"][VAE]
        == found["mnist"]["VAE without warm-up"]
        == {
            "reconstruction": [-50.0 + mean, -43.0 + mean],
            "kl": [20.0 + mean, 27.0 + mean],
            "bound": [-70.0 + mean, -63.0 + mean],
            "log_likelihood": [-80.0, -81.0],
            "active_units": [2, 4],
        }
    )


def test_whole_curves_are_drawn_on_logarithmic_scales():
    trials = -np.array([[900.0, 100.0, 50.0], [800.0, 90.0, 40.0]])
    method = types.SimpleNamespace(history=lambda name: trials)
    figure = warm_up.draw({"runs": {"mnist": {VAE: method}}}, None)
    (axis,) = figure.axes
    np.testing.assert_array_equal(axis.lines[0].get_ydata(), [850, 95, 45])
    assert axis.get_ylim()[0] <= 40 and axis.get_ylim()[1] >= 900
    assert axis.get_yscale() == axis.get_xscale() == "log"


def test_components_of_either_prior_can_be_drawn():
    for prior in ("vamp", "mixture_of_gaussians"):
        model = build_model(small(run_spec("mnist_5k", 0, VAMPPRIOR, prior, 4)), (28, 28))
        drawn = figure_7.component_images(model)
        assert drawn.shape == (4, 28, 28) and drawn.min() >= 0 and drawn.max() <= 1
    with pytest.raises(ValueError, match="no pseudo-inputs"):
        figure_7.component_images(kv.VAE(latent_dim=2, hidden_units=(8,)))


def test_reconstruction_errors_are_over_all_pixels():
    images = np.zeros((5, 4, 4), np.float32)
    images[:2] = 1.0
    shares = np.zeros((4, 4), np.float32)
    shares[0, 0], shares[3, 3] = 0.8, -0.6
    found = pictures.reconstruction_errors(images + shares, images)
    # Of 16 pixels two differ, by 0.8 and 0.6: the squares' mean is 1 / 16.
    assert found["root_mean_square"] == pytest.approx(0.25)
    assert found["mean_absolute"] == pytest.approx(1.4 / 16)
    # Every pixel is white in two of five images: its variance is 6 / 25.
    assert found["unexplained_share"] == pytest.approx(1 / 16 / 0.24)


def test_grey_pixels_are_shown_at_their_location_and_binary_ones_at_their_mean():
    grey = kv.likelihoods.DiscretizedLogistic()
    grey.build_heads(3, (1, 2), "glorot_normal", 0)
    decoded = grey.distribution((np.array([[0.0, 9.0]], "f4"), np.full((1, 2), 5.0, "f4")))
    shown = pictures.shown_images(decoded)
    np.testing.assert_allclose(shown, [[[0.5, 1.0]]], atol=1e-3)
    # The mean of the second pixel, whose scale is the largest, is grey.
    assert decoded.mean().numpy()[0, 0, 1] < 0.63
    binary = kv.likelihoods.Bernoulli()
    binary.build_heads(3, (1, 2), "glorot_normal", 0)
    decoded = binary.distribution((np.array([[0.0, 2.0]], "f4"),))
    np.testing.assert_allclose(pictures.shown_images(decoded), decoded.mean())


def test_pseudo_inputs_are_held_against_the_nearest_images_and_their_directions():
    rng = np.random.default_rng(0)
    # Images vary along the first pixel alone.
    levels = np.zeros((100, 8, 8), np.uint8)
    levels[:, 0, 0] = rng.integers(0, 2, 100) * 255
    images = np.zeros((4, 8, 8), np.float32)
    images[2:, 0, 0] = 1.0
    data = types.SimpleNamespace(train=Split(levels), test=Split(levels[:7]))
    found = figure_7.measure_components(images, data)
    assert found == {
        "components": 4,
        "held_out_images": 7,
        "distance_of_the_nearest": pytest.approx(0, abs=1e-3),
        "distance_of_the_nearest_held_out_images": pytest.approx(0, abs=1e-3),
        "median_share_in_the_images_directions": pytest.approx(1),
        "distance_from_the_nearest_image": pytest.approx(0, abs=1e-3),
        "the_same_of_held_out_images": pytest.approx(0, abs=1e-3),
        "share_in_the_images_directions": pytest.approx(1),
        "the_same_of_noise": 50 / 64,
    }
    # Half a grey level off in every pixel; what varies is noise.
    off = figure_7.measure_components(images + 0.5, data)
    assert off["distance_from_the_nearest_image"] == pytest.approx(0.5, rel=1e-5)
    noise = figure_7.measure_components(rng.random((500, 8, 8)).astype("f4"), data)
    assert noise["share_in_the_images_directions"] == pytest.approx(50 / 64, abs=0.05)
    # One in ten like an image and far from the others' noise: all together are, single ones not.
    few = 0.5 + 1e-3 * rng.choice([-1.0, 1.0], (100, 8, 8)).astype("f4")
    few[::10, 0, 0] = 1.0
    mostly_noise = figure_7.measure_components(few, data)
    assert mostly_noise["share_in_the_images_directions"] > 0.95
    assert mostly_noise["median_share_in_the_images_directions"] < 0.99
    # One copy among twenty is below the mean distance, and the twentieth part is at it.
    copies = figure_7.measure_components(np.concatenate([images[:1], images[[0] * 20] + 0.5]), data)
    assert copies["distance_from_the_nearest_image"] > 0.4
    assert copies["distance_of_the_nearest"] == pytest.approx(0.5, rel=0.1)


def test_pseudo_inputs_are_drawn_of_the_first_trial_and_measured_in_all(monkeypatch):
    images = np.zeros((30, 2, 2), np.float32)
    images[:15, 0] = 1.0
    monkeypatch.setattr(figure_7, "component_images", lambda model: images + model)
    monkeypatch.setattr(figure_7, "measure_components", lambda images, data: float(images.min()))
    method = types.SimpleNamespace(
        weights_epochs=[3, 3],
        load_models=lambda: iter([(0.0, None), (1.0, None)]),
    )
    measured = figure_7.measure({"mnist/VampPrior": method}, ask())
    assert figure_7.record(measured, None) == {"pseudo_inputs": {"mnist": [0.0, 1.0]}}
    (axis,) = figure_7.draw(measured, ask()).axes
    assert axis.get_title() == "(a) MNIST, 3 of 200 epochs"
    # The first 25, five in a row, each with a white edge: 15 half white ones, 10 black.
    shown = axis.images[0].get_array()
    assert shown.shape == (15, 15)
    assert (shown.sum(axis=1) == [10, 0, 0] * 3 + [0] * 6).all()


def test_reconstructions_are_drawn_under_test_images_from_all_over_the_set(monkeypatch):
    pixels = np.arange(19 * 4, dtype=np.uint8).reshape(19, 2, 2)
    data = types.SimpleNamespace(test=Split(pixels))
    monkeypatch.setattr(pictures, "reconstructions_of", lambda model, images: model - images)
    method = types.SimpleNamespace(
        weights_epochs=[3, 3], load_models=lambda: iter([(1, data), (2, data)])
    )
    measured = figure_9.measure({"frey_faces/HVAE": method, "frey_faces/VAE": method}, ask())
    (axis,) = figure_9.draw(measured, ask()).axes
    shown, images = np.asarray(axis.images[0].get_array()), data.test.images[::2]
    np.testing.assert_allclose(shown[:2], np.concatenate(images, axis=1))
    np.testing.assert_allclose(shown[2:], np.concatenate(1 - images, axis=1))
    assert axis.get_title() == "(a) Frey Faces, 3 of 400 epochs"
    assert axis.images[0].cmap.name == "gray" and list(axis.get_yticks()) == [1, 3]
    # The errors are those of all images, of either trial.
    errors = [np.abs(model - 2 * pixels / 255).mean() for model in (1, 2)]
    found = figure_9.record(measured, ask())["reconstruction"]["frey_faces"]
    assert found["VAE"]["mean_absolute"] == pytest.approx(errors, rel=1e-5)


def test_reconstructions_are_at_the_posteriors_mean(digits):
    for model_name in (VAE, HVAE):
        model = build_model(small(run_spec("mnist_5k", 0, model_name)), (28, 28))
        images = digits.test.images[:3]
        np.testing.assert_allclose(
            pictures.reconstructions_of(model, images), model.reconstruct(images), atol=1e-6
        )


def test_losses_are_negative_bounds_of_training_and_held_out_images():
    def history(name):
        ends = {"train_bound": -80.0, "test_bound": -84.0}[name]
        return ends - np.array([[9.0, 3.0, 0.0], [9.0, 4.0, 1.0]]) * (1 + (name == "test_bound"))

    method = types.SimpleNamespace(history=history)
    measured = figure_11.measure({"fashion_mnist/VAE": method, "fashion_mnist/HVAE": method}, None)
    found = measured["losses"]
    assert list(found) == [VAE, HVAE] and list(measured["runs"]) == ["fashion_mnist"]
    np.testing.assert_array_equal(found[HVAE]["train"], [[89, 83, 80], [89, 84, 81]])
    np.testing.assert_array_equal(found[HVAE]["validation"], [[102, 90, 84], [102, 92, 86]])
    assert figure_11.record(measured, None)["validation_less_train_at_the_end"][VAE] == [4.0, 5.0]
    rounded = {VAE: {split: trials + 0.00004 for split, trials in found[VAE].items()}}
    assert figure_11.record({"losses": rounded}, None)["negative_bound"][VAE] == {
        "train": [[89.0, 83.0, 80.0], [89.0, 84.0, 81.0]],
        "validation": [[102.0, 90.0, 84.0], [102.0, 92.0, 86.0]],
    }
    figure = figure_11.draw(measured, ask(dataset="fashion_mnist"))
    # The first two epochs do not count: 80 to 86, and 0.03 of that on each side.
    assert figure.axes[0].get_ylim() == pytest.approx((79.82, 86.18))
    assert [axis.get_title() for axis in figure.axes] == ["(a) VAE", "(b) HVAE"]


@pytest.mark.parametrize("epochs, marked", [(30, False), (31, True)])
def test_the_end_of_warm_up_is_marked_where_it_was_reached(epochs, marked):
    curves = dict.fromkeys(("train", "validation"), np.arange(2.0 * epochs).reshape(2, epochs))
    (axis,) = figure_11.draw({"losses": {HVAE: curves}}, ask(dataset="fashion_mnist")).axes
    dotted = [line.get_xdata()[0] for line in axis.lines if line.get_linestyle() == ":"]
    assert dotted == ([30] if marked else [])


def test_generated_images_are_drawn_of_one_model_on_every_data_set(monkeypatch):
    monkeypatch.setattr(samples, "sample_measure", lambda *splits: None)
    monkeypatch.setattr(samples, "measure_samples", lambda *_, binary: {})
    data = types.SimpleNamespace(train=None, test=None, binarize=None)
    seeds = []

    class Generator:
        def __init__(self, label, width):
            self.label, self.width = label, width

        def sample_prior(self, count, seed):
            seeds.append(tuple(np.asarray(seed)))
            return np.full(count, len(seeds))

        def decode(self, codes):
            means = tf.fill((len(codes), 28, self.width), 0.5 if self.label == HVAE else 0.0)
            return types.SimpleNamespace(mean=lambda: means)

    def trials(dataset, model):
        first = Generator(model, 20 if dataset == "frey_faces" else 28)
        return types.SimpleNamespace(
            weights_epochs=[30, 31],
            load_models=lambda: iter([(first, data), (Generator(VAE, 1), data)]),
        )

    methods = {
        f"{dataset}/{model}": trials(dataset, model)
        for dataset in ("mnist", "frey_faces", "fashion_mnist")
        for model in (VAE, HVAE)
    }

    def draw(options):
        measured = samples.measure_generations(HVAE)(methods, options)
        return samples.draw_generations(measured, options).axes

    axes = draw(ask())
    assert [axis.get_title() for axis in axes] == [
        "(a) MNIST, 30 of 300 epochs",
        "(b) Frey Faces, 30 of 400 epochs",
        "(c) Fashion-MNIST, 30 of 100 epochs",
    ]
    # Five images in a row, each with a white edge of one pixel at its right and its bottom.
    shown = [np.asarray(axis.images[0].get_array()) for axis in axes]
    assert [image.shape for image in shown] == [(145, 145), (145, 105), (145, 145)]
    assert (shown[0][:28, :28] == 0.5).all() and (shown[0][28] == 0.0).all()
    # Faces are shown as photographs, digits and clothes as ink: white is 1 there and 0 here.
    assert [axis.images[0].cmap.name for axis in axes] == ["gray_r", "gray", "gray_r"]
    assert (shown[1][28] == 1.0).all()
    assert len(set(seeds)) == 1
    draw(ask(seed=1))
    assert len(set(seeds)) == 2


def tick_squares(monkeypatch):
    """The n-th look at the clock, from 0, shows n squared: the n-th execution lasts 4 n + 1 s."""
    clock = (float(n * n) for n in itertools.count())
    monkeypatch.setattr(cost, "time", types.SimpleNamespace(perf_counter=lambda: next(clock)))


def test_costs_are_of_training_steps(digits, monkeypatch):
    tick_squares(monkeypatch)
    specs = {VAE: small(cost.compared_specs("mnist_5k", 0)[VAE])}
    milliseconds = cost.time_steps(specs, rounds=2, steps=2, jit_compile=False)
    # The first execution compiles and does not count.
    assert list(milliseconds[VAE]) == [2500.0, 4500.0]


def test_costs_are_measured_in_turn(digits, monkeypatch):
    tick_squares(monkeypatch)
    made = []

    class Untrained:
        optimizer, trainable_variables = types.SimpleNamespace(build=lambda variables: None), []

        def __init__(self, spec, image_shape):
            self.spec, self.executed = spec, 0
            made.append(self)

        def compile(self, **chosen):
            self.chosen = chosen

        def make_train_function(self):
            def execute(batches):
                self.executed += 1
                return {"loss": 0.0}

            self.train_function = execute

    monkeypatch.setattr(cost, "build_model", Untrained)
    specs = cost.compared_specs("mnist_5k", 0)
    milliseconds = cost.time_steps({name: specs[name] for name in (VAE, HVAE)})
    assert [list(values) for values in milliseconds.values()] == [
        [20.0 * (4 * n + 1) for n in range(first, 16, 2)] for first in (2, 3)
    ]
    assert [model.spec for model in made] == [specs[VAE], specs[HVAE]]
    assert [model.executed for model in made] == [8, 8]
    assert all(model.chosen["steps_per_execution"] == 50 for model in made)
    assert all(model.chosen["jit_compile"] == "auto" for model in made)


def test_the_compared_models_differ_in_prior_and_levels_alone():
    specs = cost.compared_specs("frey_faces", 3)
    assert list(specs) == [VAE, "VAE, mixture of Gaussians", VAMPPRIOR, HVAE]
    vae, mixture, vamp, hvae = specs.values()
    assert (vae, hvae) == tuple(run_spec("frey_faces", 3, model) for model in (VAE, HVAE))
    assert mixture == run_spec("frey_faces", 3, VAE, "mixture_of_gaussians")
    digits = cost.compared_specs("mnist", 0)
    assert [spec.model.prior_components for spec in digits.values()] == [None, 200, 200, None]
    assert vamp.model.prior == "vamp"


def test_costs_are_summarised_by_medians_of_rounds():
    milliseconds = {VAE: np.array([2.0, 1.0, 9.0]), HVAE: np.array([4.0, 8.0, 18.0])}
    measured = {"milliseconds": milliseconds, "steps_per_epoch": 600, "stored_seconds": {VAE: 2}}
    recorded = cost.record(measured, None)
    assert recorded["median_seconds_of_a_stored_epoch"] == {VAE: 2}
    assert recorded["cost"][HVAE] == {
        "milliseconds_per_step": 8.0,
        "lowest": 4.0,
        "highest": 18.0,
        "rounds": [4.0, 8.0, 18.0],
        "seconds_per_epoch": pytest.approx(4.8),
        "times_the_vae": 2.0,
    }

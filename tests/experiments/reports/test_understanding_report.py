"""The understanding report's runs, measures and claims, on cases whose answer is known."""

import dataclasses
import types

import numpy as np
import pytest
import scipy.spatial
import tensorflow as tf

from keras_vae.datasets import ImageData, Split
from keras_vae.experiments.figures import results as originals
from keras_vae.experiments.figures.catalogue import load_script
from keras_vae.experiments.figures.claims import INCONCLUSIVE, NOT_REPRODUCED, REPRODUCED
from keras_vae.experiments.measures.class_measures import draw_pixels
from keras_vae.experiments.measures.points import pairs_of_two_classes
from keras_vae.experiments.reports import understanding
from keras_vae.experiments.runs.spec import (
    DataSpec,
    ModelSpec,
    ObjectiveSpec,
    OptimizerSpec,
    RunSpec,
)

OPTIMIZERS = ("Adam", "RMSprop", "Adagrad", "SGD")
UNCORRECTED = "Adam, uncorrected"


figure_3 = load_script("understanding/fig_3_optimizers.py")
figure_4 = load_script("understanding/fig_4_random_samples.py")
figure_5 = load_script("understanding/fig_5_manifold.py")
figure_6 = load_script("understanding/fig_6_morphing.py")


def judge_figure_3(curves, options):
    (claim,) = figure_3.judge({"ours": curves, "original": None}, options)
    return claim


def judge_figure_6(summary, options, weights_epochs):
    summaries = summary if isinstance(summary, list) else [summary, summary]
    measured = {"paths": summaries, "weights_epochs": weights_epochs}
    (claim,) = figure_6.judge(measured, options)
    claim.check()
    return claim


def asked(dataset="mnist", epochs=150, trials=2):
    return types.SimpleNamespace(dataset=dataset, epochs=epochs, trials=trials, seed=0)


@pytest.fixture(scope="module")
def original():
    return originals.load_original("understanding", "fig_3")


EPSILON = 1e-4 / 250
ARGUMENTS = {
    "Adam": {"learning_rate": 1e-3, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8 / 250},
    "RMSprop": {"learning_rate": 1e-3, "rho": 0.9, "epsilon": EPSILON**2},
    "Adagrad": {"learning_rate": 1e-2, "initial_accumulator_value": 0.0, "epsilon": EPSILON**2},
    # A decay of 5e-4 that goes through a momentum of 0.9 counts ten times.
    "SGD": {"learning_rate": 5e-4, "momentum": 0.9},
}


@pytest.mark.parametrize(
    "dataset, held_out",
    [("mnist", 10000), ("fashion_mnist", 10000), ("mnist_5k", 750), ("frey_faces", 265)],
)
def test_the_runs_are_the_reports(dataset, held_out):
    specs = figure_3.FIGURE.trial(asked(dataset), 3)
    assert list(specs) == [*OPTIMIZERS, UNCORRECTED]
    for name, spec in specs.items():
        kind = name.removesuffix(", uncorrected")
        decay = 5e-4 / (1 - 0.9) if name == "SGD" else 5e-4
        assert spec == RunSpec(
            data=DataSpec(name=dataset, binarize="static", validation_images=held_out),
            model=ModelSpec(
                latent_dim=20,
                hidden_units=(500,),
                activation="tanh",
                kernel_initializer="keras_vae>FanInUniform",
                bias_initializer="keras_vae>FanInUniform",
            ),
            objective=ObjectiveSpec(name="elbo"),
            optimizer=OptimizerSpec(
                name=kind.lower(),
                arguments=tuple({**ARGUMENTS[kind], "weight_decay": decay}.items()),
                bias_rate=2.0,
                bias_correction=name != UNCORRECTED,
                scaled_weight_decay=name != UNCORRECTED,
            ),
            batch_size=250,
            seed=3,
        )
    by_size = figure_4.FIGURE.trial(asked(dataset), 3)
    assert list(by_size) == ["2", "20"] and by_size["20"] == specs["Adam"]
    two = dataclasses.replace(by_size["20"].model, latent_dim=2)
    assert by_size["2"] == dataclasses.replace(by_size["20"], model=two)
    for figure, size in ((figure_5, "2"), (figure_6, "20")):
        assert figure.FIGURE.trial(asked(dataset), 3) == {size: by_size[size]}


def test_the_protocol_names_what_the_report_asks_for():
    assert understanding.PROTOCOL["dataset"] == "mnist" and understanding.PROTOCOL["epochs"] == 150
    smoke, quick, paper = (understanding.PRESETS[name] for name in ("smoke", "quick", "paper"))
    assert (smoke.dataset, smoke.epochs) == ("mnist_5k", 3)
    assert (quick.dataset, quick.epochs, quick.embedded_epochs) == (None, 10, 60)
    assert (paper.dataset, paper.epochs, paper.likelihood_samples) == ("mnist", 150, 5000)
    assert {preset.trials for preset in understanding.PRESETS.values()} == {1}
    for figure in (figure_3, figure_6):
        assert figure.FIGURE.presets["paper"] == dataclasses.replace(paper, trials=3)


def as_ours(original, labels=OPTIMIZERS):
    """The original's curves as if they were ours, with one trial."""
    return {
        panel: {
            label: {split: np.array([values]) for split, values in by_label[label].items()}
            for label in labels
        }
        for panel, by_label in original["panels"].items()
    }


def test_the_curves_are_bound_reconstruction_error_and_kl():
    values = {
        "train_bound": -100.0,
        "test_bound": -110.0,
        "train_reconstruction": -80.0,
        "test_reconstruction": -85.0,
        "train_kl": 20.0,
        "test_kl": 25.0,
    }
    method = types.SimpleNamespace(history=lambda name: np.full((2, 3), values[name]))
    found = figure_3.measure({"Adam": method, "SGD": method}, asked())["ours"]
    assert {
        (panel, label): {split: trials.tolist() for split, trials in by_split.items()}
        for panel, by_label in found.items()
        for label, by_split in by_label.items()
    } == {
        (panel, label): {"train": [[train] * 3] * 2, "validation": [[validation] * 3] * 2}
        for panel, train, validation in (
            ("lower_bound", -100.0, -110.0),
            ("negative_log_likelihood", 80.0, 85.0),
            ("kl_divergence", 20.0, 25.0),
        )
        for label in ("Adam", "SGD")
    }


def compare(ours, original):
    return figure_3.record({"ours": ours, "original": original}, asked())["against_the_original"]


def test_the_original_agrees_with_itself(original):
    compared = compare(as_ours(original), original)
    for by_label in compared["differences"].values():
        assert list(by_label) == list(OPTIMIZERS)
        for by_split in by_label.values():
            for numbers in by_split.values():
                assert numbers["mean_absolute_difference"] == numbers["final_difference"] == 0
                assert numbers["epochs_compared"] == 150
    for order in compared["order_by_validation_bound"].values():
        assert order["ours"] == order["original"]
    last = compared["order_by_validation_bound"]["150"]["ours"]
    assert last == list(OPTIMIZERS)


def test_the_mean_over_trials_is_compared_with_the_originals_own_curve(original):
    labels = (*OPTIMIZERS, UNCORRECTED)
    theirs = {**original["panels"]["kl_divergence"]}
    theirs[UNCORRECTED] = theirs["Adam"]
    ours = {
        panel: {
            label: {
                split: np.array(theirs[label][split])[None, :100] + [[1.0 + index], [4.0 + index]]
                for split in ("train", "validation")
            }
            for index, label in enumerate(labels)
        }
        for panel in ("lower_bound", "kl_divergence")
    }
    found = compare(ours, original)["differences"]["kl_divergence"]
    for index, label in enumerate(labels):
        for split, numbers in found[label].items():
            assert numbers["final_difference"] == pytest.approx(2.5 + index)
            assert numbers["original_there"] == theirs[label][split][99]
            assert numbers["epochs_compared"] == 100


def test_the_optimisers_are_ordered_by_their_validation_bound_at_three_epochs(original):
    def curve(*segments):
        return np.interp(np.arange(1, 151), [1, 10, 50, 150], segments)

    # The first trial alone would order them otherwise at 50.
    bounds = {
        "Adam": np.stack([curve(0, 4, 9, 9), curve(0, 4, 1, 9)]),
        "RMSprop": np.stack([curve(0, 3, 6, 8)] * 2),
        "Adagrad": np.stack([curve(0, 2, 7, 7)] * 2),
        "SGD": np.stack([curve(0, 1, 8, 6)] * 2),
        UNCORRECTED: np.full((2, 150), 99.0),
    }
    flat = {label: np.full((2, 150), -float(index)) for index, label in enumerate(bounds)}
    ours = {
        "lower_bound": {
            label: {"train": flat[label], "validation": bounds[label]} for label in bounds
        }
    }
    found = figure_3.rank_orders(ours, original)
    assert {epoch: order["ours"] for epoch, order in found.items()} == {
        "10": ["Adam", "RMSprop", "Adagrad", "SGD"],
        "50": ["SGD", "Adagrad", "RMSprop", "Adam"],
        "150": ["Adam", "RMSprop", "Adagrad", "SGD"],
    }
    theirs = original["panels"]["lower_bound"]
    for epoch, order in found.items():
        values = {label: theirs[label]["validation"][int(epoch) - 1] for label in OPTIMIZERS}
        assert order["original"] == sorted(values, key=values.get, reverse=True)
    # Where our curves end before, there is no order of ours.
    short = {"lower_bound": {"Adam": {"validation": bounds["Adam"][:, :49]}}}
    assert figure_3.rank_orders(short, original)["50"]["ours"] is None


def test_what_is_recorded_are_the_curves_and_their_comparison(original):
    ours = {"lower_bound": {"Adam": {"train": np.array([[-80.00004, -79.12346]])}}}
    assert figure_3.record({"ours": ours, "original": None}, asked()) == {
        "history": {"lower_bound": {"Adam": {"train": [[-80.0, -79.1235]]}}},
        "against_the_original": None,
    }
    # The original's curves are of MNIST.
    assert figure_3.measure({}, asked())["original"] == original
    assert figure_3.measure({}, asked("mnist_5k"))["original"] is None


def test_under_ours_the_picture_has_how_far_they_lie_above_the_originals(original):
    ours = as_ours(original, OPTIMIZERS)
    ours = {
        panel: {
            # Two trials whose mean is half a nat above the original's curve.
            label: {split: values[:, :40] + [[-2], [3]] for split, values in by_split.items()}
            for label, by_split in {**by_label, UNCORRECTED: by_label["Adam"]}.items()
        }
        for panel, by_label in ours.items()
    }
    figure = figure_3.draw({"ours": ours, "original": original}, asked())
    titles = [axis.get_title() for axis in figure.axes[:3]]
    assert titles == ["(a) Lower bound", "(b) Negative log-likelihood", "(c) KL divergence"]
    for axis, below, panel in zip(figure.axes[:3], figure.axes[3:], ours, strict=True):
        assert len(axis.lines) == 10
        late = np.concatenate(
            [trials.mean(axis=0)[2:] for of in ours[panel].values() for trials in of.values()]
        )
        margin = 0.04 * (late.max() - late.min()) + 0.1
        assert axis.get_ylim() == pytest.approx((late.min() - margin, late.max() + margin))
        *residuals, zero = below.lines
        assert len(residuals) == 5 and list(zero.get_ydata()) == [0, 0]
        for line, above in zip(residuals, axis.lines[1::2], strict=True):
            # Running means of nine epochs, each drawn at its middle.
            np.testing.assert_allclose(line.get_xdata(), np.arange(5, 37))
            np.testing.assert_allclose(line.get_ydata(), 0.5)
            assert line.get_color() == above.get_color()
        # The bands: 2 nats under and 3 above.
        for band in below.collections:
            heights = band.get_paths()[0].vertices[:, 1]
            np.testing.assert_allclose([heights.min(), heights.max()], [-2, 3])
    without = figure_3.draw({"ours": ours, "original": None}, asked())
    assert len(without.axes) == 3 and len(without.axes[0].lines) == 10
    text = figure_3.caption({}, asked(trials=1))
    drawn = "; lines: mean over trials; bands: lowest to highest trial"
    assert figure_3.caption({}, asked()) == text + drawn


def final_bounds(epochs=150, **finals):
    """Curves of two unequal trials that end at these means, and had other values before."""
    last = epochs // 10

    def ending(value):
        trial = np.full(epochs, -900.0)
        trial[-last:] = value + np.linspace(-3, 3, last)
        return np.stack([trial - 40.0, trial + 40.0])

    decoy = {"train": np.zeros((2, epochs)), "validation": np.zeros((2, epochs))}
    return {
        "negative_log_likelihood": dict.fromkeys(finals, decoy),
        "lower_bound": {
            label: {"train": decoy["train"] - index, "validation": ending(value)}
            for index, (label, value) in enumerate(reversed(finals.items()))
        },
    }


@pytest.mark.parametrize(
    "finals, verdict",
    [
        ((-80.0, -80.51, -90.0, -100.0), REPRODUCED),
        ((-80.0, -80.49, -90.0, -100.0), NOT_REPRODUCED),
        ((-80.0, -100.0, -80.51, -90.0), REPRODUCED),
        ((-80.0, -100.0, -80.49, -90.0), NOT_REPRODUCED),
        ((-80.0, -90.0, -100.0, -80.51), REPRODUCED),
        ((-80.0, -90.0, -100.0, -80.49), NOT_REPRODUCED),
        ((-80.0, -79.0, -79.0, -79.0), NOT_REPRODUCED),
    ],
)
def test_adams_bound_has_to_be_half_a_nat_above_every_other(finals, verdict):
    curves = final_bounds(**dict(zip(OPTIMIZERS, finals, strict=True)), **{UNCORRECTED: -60.0})
    claim = judge_figure_3(curves, asked())
    claim.check()
    assert claim.id == "understanding.3.1" and claim.kind == verdict
    final = claim.readings[0].values["final_validation_bound"]
    assert {label: of["mean"] for label, of in final.items()} == pytest.approx(
        {**dict(zip(OPTIMIZERS, finals, strict=True)), UNCORRECTED: -60.0}
    )
    assert "0.5 nats" in claim.readings[0].rule and claim.unmet == ()


def test_adams_lead_is_of_runs_of_the_same_seed():
    curves = final_bounds(Adam=-80.0, SGD=-82.0)
    # Both are 40 higher in the second trial, which is no error of their difference.
    claim = judge_figure_3(curves, asked())
    assert claim.readings[0].values["adam_-_other"]["SGD"] == pytest.approx(
        {"mean": 2.0, "standard_error": 0.0, "seeds": 2}
    )
    curves["lower_bound"]["SGD"]["validation"][1] += 1.9
    assert judge_figure_3(curves, asked()).kind == INCONCLUSIVE


@pytest.mark.parametrize(
    "options, unmet",
    [
        (asked(epochs=149), ("149 epochs, needs 150",)),
        (asked(epochs=151), ()),
        (asked("mnist_5k"), ("measured on mnist_5k, the claim is about mnist",)),
        (asked(trials=3), ()),
        (asked(trials=1), ("1 trial, needs 2",)),
    ],
)
def test_both_claims_need_the_reports_data_and_epochs(options, unmet):
    curves = final_bounds(Adam=-80.0, SGD=-90.0)
    summary = path_summary(50.0, 60.0, 80.0)
    for claim in (
        judge_figure_3(curves, options),
        judge_figure_6(summary, options, [options.epochs] * 2),
    ):
        assert claim.unmet == unmet
        assert claim.kind == (INCONCLUSIVE if unmet else REPRODUCED)


def test_the_originals_curves_bear_out_its_claim(original):
    claim = judge_figure_3(as_ours(original), asked())
    assert claim.readings[0].holds and claim.kind == REPRODUCED


class SquaringModel:
    """Stands in for a trained model: a code is an image's pixels plus 1, decoded by squaring."""

    likelihoods = ()

    def encode(self, images):
        return types.SimpleNamespace(mean=lambda: tf.constant(images + 1))

    def decode(self, codes):
        return types.SimpleNamespace(mean=lambda: tf.constant((codes - 1) ** 2))

    def log_likelihood(self, images, num_samples):
        assert num_samples == 100
        self.likelihoods = (*self.likelihoods, images)
        return tf.constant(-images.sum(axis=(1, 2)))


def test_both_kinds_of_path_join_the_same_pairs():
    rng = np.random.default_rng(0)
    starts, ends = (rng.random((3, 2, 2)).astype("float32") for _ in range(2))
    paths = figure_6.join(SquaringModel(), starts, ends)
    for step in range(13):
        straight = starts * (12 - step) / 12 + ends * step / 12
        np.testing.assert_allclose(paths.image[:, step], straight, rtol=1e-5)
        np.testing.assert_allclose(paths.latent[:, step], straight**2, atol=1e-5)
    assert paths.image.shape == paths.latent.shape == (3, 13, 2, 2)


def test_a_chain_repeats_no_image_and_follows_the_seed():
    # Twelve rows have thirteen ends: of as many images, each is drawn once.
    images = np.arange(13.0).reshape(13, 1, 1)
    drawn = figure_6.chain(images, seed=1)
    np.testing.assert_array_equal(np.sort(drawn, axis=0), images)
    np.testing.assert_array_equal(drawn, figure_6.chain(images, seed=1))
    assert not np.array_equal(drawn, figure_6.chain(images, seed=2))


def binary_data(rng, train=200, test=1200):
    parts = [
        Split((rng.random((n, 4, 4)) < 0.4).astype("uint8") * 255, rng.integers(0, 3, n))
        for n in (train, test)
    ]
    return ImageData("mnist", "static", *parts)


def nearest(images, reference):
    """Distances from the ten nearest, and their indices."""
    flat = [np.asarray(of).reshape(len(of), -1) for of in (images, reference)]
    squared = scipy.spatial.distance.cdist(*flat) ** 2
    return np.sort(squared, axis=1)[:, :10].mean(axis=1)


def test_paths_are_measured_at_their_middle_by_the_distance_from_training_images():
    data = binary_data(np.random.default_rng(3))
    model = SquaringModel()
    found = figure_6.measure_paths(model, data, seed=5)
    starts, ends = (split.images for split in pairs_of_two_classes(data.test, 5, 1000))
    middles = {"image": (starts + ends) / 2, "latent": ((starts + ends) / 2) ** 2}
    for index, (name, middle) in enumerate(middles.items()):
        # All steps of a path are drawn at once.
        whole = figure_6.join(model, starts, ends)
        drawn = draw_pixels(getattr(whole, name), 5)[:, 6]
        assert (drawn[middle == 0] == 0).all() and (drawn[middle == 1] == 1).all()
        np.testing.assert_allclose(
            found[f"{name}_distance"], nearest(drawn, data.train.images), rtol=1e-5
        )
        np.testing.assert_array_equal(found[f"{name}_log_likelihood"], -drawn.sum(axis=(1, 2)))
        np.testing.assert_array_equal(model.likelihoods[index], drawn)
        assert found[f"{name}_confidence"].shape == (1000, 13)
        assert set(np.round(10 * found[f"{name}_confidence"]).ravel()) <= set(range(4, 11))
    held_out = nearest(data.test.images[:1000], data.train.images)
    np.testing.assert_allclose(found["held_out_distance"], held_out, rtol=1e-5)


def test_measures_of_paths_are_summarised_over_pairs():
    measures = {
        "image_distance": np.array([80.0, 90.0, 70.0]),
        "latent_distance": np.array([60.0, 60.0, 60.0]),
        "held_out_distance": np.array([50.0, 56.0]),
        "image_confidence": np.array([[0.5, 1.0], [0.2, 1.0], [0.3, 1.0]]),
        "latent_confidence": np.array([[1.0, 0.4], [1.0, 0.6], [1.0, 0.8]]),
        "image_log_likelihood": np.array([-100.0, -110.0, -120.0]),
        "latent_log_likelihood": np.array([-80.0, -90.0, -85.0]),
    }
    assert figure_6.summarise(measures) == {
        "pairs": 3,
        "pixels_from_nearest_images": {"image": 80.0, "latent": 60.0, "held_out": 53.0},
        "share_of_neighbours_of_one_class": {"image": [0.3333, 1.0], "latent": [1.0, 0.6]},
        "log_likelihood_at_the_middle": {"image": -110.0, "latent": -85.0},
    }


def path_summary(held_out, latent, image, more=0.1):
    shares = {"image": [0.5] * 13, "latent": [0.5] * 6 + [0.5 + more] + [0.5] * 6}
    return {
        "pixels_from_nearest_images": {"image": image, "latent": latent, "held_out": held_out},
        "share_of_neighbours_of_one_class": shares,
    }


@pytest.mark.parametrize(
    "summary, by_distance, by_neighbours",
    [
        (path_summary(50.0, 55.0, 80.0), True, True),
        # An excess of at most half of that on image paths.
        (path_summary(50.0, 64.9, 80.0), True, True),
        (path_summary(50.0, 65.1, 80.0), False, True),
        (path_summary(50.0, 80.0, 55.0), False, True),
        (path_summary(50.0, 55.0, 80.0, more=0.051), True, True),
        (path_summary(50.0, 55.0, 80.0, more=0.049), True, False),
    ],
)
def test_morphing_is_judged_at_the_middle_by_the_first_rule_and_by_its_successor(
    summary, by_distance, by_neighbours
):
    claim = judge_figure_6(summary, asked(), [150, 150])
    assert [reading.holds for reading in claim.readings] == [by_distance, by_neighbours]
    assert claim.id == "understanding.6.1" and claim.unmet == ()
    for words in ("10 nearest of 10000", "at most 0.5 of"):
        assert words in claim.readings[0].rule
    # What differs between seeds decides nothing within two errors.
    other = path_summary(50.0, 60.0, 200.0, more=0.4)
    uncertain = judge_figure_6([path_summary(50.0, 60.0, 61.0, more=0.0), other], asked(), [150])
    assert not any(reading.is_decided for reading in uncertain.readings)
    for epochs in ([151, 150], [150, 151]):
        assert judge_figure_6(summary, asked(), epochs).unmet == (
            "weights of epochs [150, 151], asked 150",
        )


class NoiseModel:
    """Stands in for a trained model that decodes codes to images of one grey level each."""

    def sample_prior(self, count, seed):
        self.seed = tuple(np.asarray(seed))
        return tf.constant(np.linspace(0, 1, count, dtype="float32"))

    def decode(self, codes):
        images = codes[:, None, None] * tf.ones((1, 4, 4))
        return types.SimpleNamespace(mean=lambda: images)


def test_samples_are_measured_by_their_distance_from_training_images():
    data = binary_data(np.random.default_rng(4))
    model, other = NoiseModel(), NoiseModel()
    found = figure_4.distance_of_samples(model, data, 7)
    levels = np.linspace(0, 1, 1000, dtype="float32")[:, None, None] * np.ones((1, 4, 4), "f4")
    distances = nearest(draw_pixels(levels, 7), data.train.images)
    assert found == {
        "pixels_from_nearest_images": pytest.approx(distances.mean()),
        "standard_error": pytest.approx(distances.std(ddof=1) / np.sqrt(1000)),
        "the_same_of_held_out_images": pytest.approx(
            nearest(data.test.images[:1000], data.train.images).mean()
        ),
    }
    figure_4.draw_samples(other, 8, 3)
    assert model.seed != other.seed


def test_what_the_figures_of_images_measure_is_of_their_first_trial():
    data = binary_data(np.random.default_rng(5))
    first, second = SquaringModel(), NoiseModel()
    runs = types.SimpleNamespace(
        load_models=lambda: iter([(first, data), (second, data)]), weights_epochs=[150, 151]
    )
    both = types.SimpleNamespace(
        load_models=lambda: iter([(first, data), (SquaringModel(), data)]),
        weights_epochs=[150, 151],
    )
    morphed = figure_6.measure({"20": both}, asked())
    ends = figure_6.chain(data.test.images, 0)
    np.testing.assert_array_equal(morphed["rows"].image[:, 0], ends[:-1])
    np.testing.assert_array_equal(morphed["rows"].image[:, -1], ends[1:])
    assert morphed["weights_epochs"] == [150, 151]
    assert [of["pairs"] for of in morphed["paths"]] == [1000, 1000]
    # Codes (x, y) of the lattice are drawn where they lie: x to the right, y upwards.
    images = figure_5.measure({"2": runs}, asked())
    points = np.linspace(-3, 3, 20)
    np.testing.assert_allclose(
        images[3, 7], [(points[7] - 1) ** 2, (points[3] - 1) ** 2], rtol=1e-5
    )
    assert figure_5.record(images, asked())["lattice"] == pytest.approx(points)
    runs = types.SimpleNamespace(load_models=lambda: iter([(second, data), (NoiseModel(), data)]))
    drawn = figure_4.measure({"2": runs, "20": runs}, asked())
    assert list(drawn) == ["2", "20"] and drawn["2"]["samples"].shape == (100, 4, 4)
    assert len(figure_4.record(drawn, asked())["distance_from_the_data"]["20"]) == 2

"""The geometry report's measures on known answers, and both verdicts of each claim."""

import dataclasses
import types

import numpy as np
import pytest

import keras_vae as kv
from keras_vae.experiments.figures import options, plots
from keras_vae.experiments.figures.claims import INCONCLUSIVE, NOT_REPRODUCED, REPRODUCED
from keras_vae.experiments.reports.geometry import (
    bound_claims,
    bounds,
    component_claims,
    components,
    geodesics,
    interpolations,
    separability,
    separability_claims,
)
from keras_vae.experiments.reports.geometry.figures import RenyiFigure, grid, renyi_figure
from keras_vae.experiments.reports.geometry.protocol import (
    ALPHAS,
    PRESETS,
    order_of,
    run_spec,
    vae_spec,
)
from keras_vae.experiments.runs.evaluation import mean_and_error

FULL = types.SimpleNamespace(dataset="mnist", epochs=50, trials=2, alphas=None, latent_dims=None)
FEATURES = kv.linear_probe.FEATURES


def ask(**chosen):
    return options.resolve(PRESETS, **{"preset": "results", **chosen})


def verdicts(claims):
    return {claim.id.removeprefix("geometry."): claim.verdict for claim in claims}


class TestRuns:
    figure = renyi_figure(name="fig_1", title="", analyse=None)

    def test_one_order_is_the_elbo_and_zero_importance_weighted(self):
        assert run_spec("mnist", 0).objective.make().alpha == 1
        assert vae_spec("mnist", 0).objective.make().num_samples == 1
        for alpha in ALPHAS:
            assert run_spec("mnist", 0, alpha).objective.make().num_samples == 10
        assert [order_of(run_spec("mnist", 0, alpha)) for alpha in (-1, 0.5, 1)] == [-1, 0.5, 1]

    def test_the_paper_preset_has_the_whole_grid(self):
        assert grid(ask(preset="paper")) == {k: ALPHAS for k in (30, 40, 50)}
        assert grid(ask()) == {30: ALPHAS, 40: (0.0, 1.0), 50: (0.0, 1.0)}
        assert len(self.figure.trial(ask(), 0)) == 9

    def test_chosen_orders_go_to_a_folder_of_their_own(self):
        asked = ask(alphas=[1.0, -np.inf, -1.0], latent_dims=[5])
        assert grid(asked) == {5: (-np.inf, -1.0, 1.0)}
        trial = self.figure.trial(asked, 0)
        assert list(trial) == ["alpha=max, k=5", "alpha=-1, k=5", "alpha=1, k=5"]
        assert self.figure.folder(asked) == "geometry/fig_1_alpha_max_-1_1_k_5"
        assert self.figure.folder(ask()) == "geometry/fig_1"
        # Infinity has no number in JSON.
        assert trial["alpha=max, k=5"].to_dict()["objective"]["alpha"] == "-Infinity"

    def test_command_line(self, capsys):
        arguments = {"description": "", "presets": PRESETS, "renyi_orders": True}
        asked = options.parse_options(
            ["--alphas", "-0.5", "max", "1", "--latent-dims", "2"], **arguments
        )
        assert asked.alphas == (-np.inf, -0.5, 1.0) and asked.latent_dims == (2,)
        for wrong in (["--alphas", "1.5"], ["--alphas", "nan"], ["--latent-dims", "0"]):
            with pytest.raises(SystemExit):
                options.parse_options(wrong, **arguments)
            assert "must be at" in capsys.readouterr().err
        assert isinstance(self.figure, RenyiFigure)


def made_components(counts, alignment=0.9, settled=True):
    """Runs of two trials with given mean numbers of informative components."""
    return {
        size: {
            alpha: components.Components(
                eigenvalues=np.ones((2, size)),
                informative=[int(count), int(2 * count - int(count))],
                active=[0, 0],
                alignment=[alignment] * 2,
                random_alignment=[0.4] * 2,
                correlation=[0.02] * 2,
                epochs=[1, 20, 50],
                informative_after=np.array([[1, count if settled else count - 3, count]] * 2),
            )
            for alpha, count in by_order.items()
        }
        for size, by_order in counts.items()
    }


SATURATING = {0.0: 21, 0.25: 20.5, 0.5: 19, 0.75: 17, 1.0: 13}


class TestComponents:
    def test_eigenvectors_of_turned_codes_are_not_aligned(self):
        assert components.random_alignment(1) == 1.0
        assert 1 / 20 < components.random_alignment(20) < 0.35
        assert components.random_alignment(20) == components.random_alignment(20)

    def test_verdicts(self):
        sizes = {30: SATURATING, 40: {0.0: 21, 1.0: 13.5}, 50: {0.0: 20, 1.0: 13}}
        judge = component_claims.judge_counts
        assert verdicts(judge(made_components(sizes), FULL)) == {
            "2a.1": REPRODUCED,
            "2a.2": REPRODUCED,
        }
        straight = {0.0: 21, 0.25: 19, 0.5: 17, 0.75: 15, 1.0: 13}
        rising = {**sizes, 30: straight, 50: {0.0: 24, 1.0: 13}}
        assert set(verdicts(judge(made_components(rising), FULL)).values()) == {NOT_REPRODUCED}
        for flat in (dict.fromkeys(SATURATING, 20), {**SATURATING, 0.25: 30, 0.0: 30}):
            found = verdicts(judge(made_components({30: flat}), FULL))
            assert found["2a.1"] == NOT_REPRODUCED
        unsettled = judge(made_components(sizes, settled=False), FULL)
        assert set(verdicts(unsettled).values()) == {INCONCLUSIVE}
        # Other orders than the report's decide nothing.
        alone = made_components({30: {-1.0: 3, 0.0: 4}})
        assert set(verdicts(judge(alone, FULL)).values()) == {INCONCLUSIVE}

    def test_alignment(self):
        judge = component_claims.judge_alignment
        assert verdicts(judge(made_components({30: SATURATING}), FULL)) == {"1.1": REPRODUCED}
        found = made_components({30: SATURATING}, 0.45)
        assert verdicts(judge(found, FULL)) == {"1.1": NOT_REPRODUCED}
        # Too short, weights of another epoch, or not the report's orders.
        for changed in ({"epochs": 49}, {"epochs": 60}, {"alphas": (0.0,)}, {"latent_dims": (5,)}):
            asked = types.SimpleNamespace(**{**vars(FULL), **changed})
            found = judge(made_components({30: SATURATING}), asked)
            assert verdicts(found) == {"1.1": INCONCLUSIVE}

    def test_correlation_of_active_axes(self):
        rng = np.random.default_rng(0)
        free = rng.normal(size=(20000, 3)) * [1.0, 2.0, 1e-3]
        assert components.correlation_of_active_axes(free) < 0.03
        mixed = free @ np.array([[1, 1, 0], [0, 1, 0], [0, 0, 1]])
        expected = abs(np.corrcoef(mixed[:, :2].T)[0, 1])
        np.testing.assert_allclose(components.correlation_of_active_axes(mixed), expected)
        assert components.correlation_of_active_axes(free[:, :1]) == 0


def made_bounds(gaps, noise, samples=2000):
    rng = np.random.default_rng(0)
    images = rng.normal(-80, 20, size=100)

    def estimate(values):
        return {**mean_and_error(values), "per_image": list(values), "num_samples": samples}

    return {
        30: {
            alpha: bounds.Bounds(
                bound=[estimate(images - gap + rng.normal(size=100)) for _ in range(2)],
                log_likelihood=[estimate(images)] * 2,
                noise=[level**2 * rng.uniform(0.5, 1.5, size=200) for _ in range(2)],
                epochs=[50, 50, 50],
            )
            for (alpha, gap), level in zip(gaps.items(), noise, strict=True)
        }
    }


class NoisyModel:
    """Log-likelihoods with noise of a known standard deviation."""

    def log_likelihood(self, images, num_samples, seed=None):
        return -80 + 0.3 * np.random.default_rng(seed).normal(size=len(images))


class TestBounds:
    def test_verdicts(self):
        gaps = {0.0: 2.0, 0.5: 4.0, 1.0: 8.0}
        found = bound_claims.judge_bounds(made_bounds(gaps, [0.3, 0.2, 0.1]), FULL)
        assert verdicts(found) == {"2b.1": REPRODUCED, "2b.2": REPRODUCED}
        found = bound_claims.judge_bounds(made_bounds({**gaps, 0.5: 9.0}, [0.1, 0.2, 0.3]), FULL)
        assert verdicts(found) == {"2b.1": NOT_REPRODUCED, "2b.2": NOT_REPRODUCED}
        slightly = bound_claims.judge_bounds(made_bounds(gaps, [0.2005, 0.2, 0.2]), FULL)
        assert verdicts(slightly) == {"2b.1": REPRODUCED, "2b.2": INCONCLUSIVE}
        for undecided in (
            made_bounds({-1.0: 2.0}, [0.1]),
            # The bound itself has ten samples.
            made_bounds(gaps, [0.3, 0.2, 0.1], samples=1999),
        ):
            found = bound_claims.judge_bounds(undecided, FULL)
            assert set(verdicts(found).values()) == {INCONCLUSIVE}

    def test_vr_max_has_its_place(self):
        figure, (axis,) = plots.panels(1)
        for alone in ({-np.inf: 2.0}, {-np.inf: 2.0, 0.5: 3.0}):
            axis.clear()
            bounds.draw_bounds(axis, made_bounds(alone, [0.1] * len(alone)))
            names = [label.get_text() for label in axis.get_xticklabels()]
            assert names == ["VR-max", "0.5"][: len(alone)]
            assert (np.diff(axis.get_xticks()) > 0).all()

    def test_the_bound_lies_below_the_log_likelihood_and_falls_with_alpha(self, images):
        model = kv.VAE(latent_dim=3, hidden_units=(8,), seed=0)
        # Far from the prior, so that weights differ.
        model.loc_head.bias.assign([1.0, -2.0, 1.0])
        found = [bounds.estimate_bound(model, images, alpha)["mean"] for alpha in (0.0, 0.5, 1.0)]
        likelihood = model.log_likelihood(images, 500).mean()
        assert likelihood > found[0] > found[1] > found[2]

    def test_variance_of_an_estimate(self, images):
        variances = bounds.estimation_variance(NoisyModel(), np.zeros((400, 2, 2)), 10)
        # The mean of 400 variances of five draws each.
        assert abs(np.mean(variances) - 0.09) < 5 * 0.09 * np.sqrt(2 / 4 / 400)

    def test_estimates_of_a_model_do_vary(self, images):
        model = kv.VAE(latent_dim=3, hidden_units=(8,), seed=0)
        model.loc_head.bias.assign([1.0, -2.0, 1.0])
        few, many = (bounds.estimation_variance(model, images[:10], n) for n in (2, 200))
        assert 0 < np.mean(many) < np.mean(few) / 5


def made_separability(means, gain, before=0.001):
    values = np.array([[0.5, means - before, means], [0.5, means - before, means + 0.001]])
    return separability.Separability(
        epochs=[1, 20, 50],
        accuracy={"means": values, "means_and_variances": values + gain, "samples": values - 0.05},
    )


class TestSeparability:
    accuracies = {5: 0.90, 10: 0.930, 20: 0.932, 30: 0.935, 50: 0.94}

    def judge(self, accuracies, gains=(0.01,) * 5, other=0.936, pixels=0.91, before=0.001):
        found = {
            size: made_separability(value, gain, before)
            for (size, value), gain in zip(accuracies.items(), gains, strict=True)
        }
        return verdicts(
            separability_claims.judge(
                found,
                {30: made_separability(other, 0.0)},
                {"grey": 0.92, "binary": pixels},
                10000,
                FULL,
            )
        )

    def test_verdicts(self):
        names = ("3.1", "3.2", "3.3", "3.4")
        assert self.judge(self.accuracies) == dict.fromkeys(names, REPRODUCED)
        fallen = {**self.accuracies, 10: 0.938, 50: 0.95}
        found = self.judge(fallen, (0.01, -0.01, 0.01, 0.01, 0.01), other=0.96)
        assert found == dict.fromkeys(names, NOT_REPRODUCED)
        assert self.judge(self.accuracies, pixels=0.931)["3.1"] == NOT_REPRODUCED
        nearly = {**self.accuracies, 30: 0.931}
        assert self.judge(nearly)["3.3"] == INCONCLUSIVE
        assert self.judge(self.accuracies, before=0.02)["3.1"] == INCONCLUSIVE

    def test_latent_accuracy_does_not_train_on_the_test_set(self, digits):
        model = kv.VAE(latent_dim=10, hidden_units=(16,), seed=0)
        few = dataclasses.replace(digits, train=digits.train.first(500))
        accuracy = separability.latent_accuracy(model, few, "means")
        assert 0.3 < accuracy < 0.95


class TestGeodesics:
    def test_the_variance_rises(self):
        numbers = geodesics.measure(seed=0)
        assert verdicts(geodesics.judge(numbers)) == {"4.1": REPRODUCED}
        below = {**numbers, "lowest_ratio_to_the_straight_line": 0.99}
        assert verdicts(geodesics.judge(below)) == {"4.1": NOT_REPRODUCED}


@pytest.fixture(scope="module")
def model():
    return kv.VAE(latent_dim=3, hidden_units=(8,), seed=0)


class TestInterpolations:
    def test_paths_end_at_their_images(self, model, images):
        paths = interpolations.join(model, images[:4], images[4:8], seed=0)
        assert tuple(paths) == interpolations.PATHS
        for path in paths.values():
            assert path.shape == (4, interpolations.STEPS, 28, 28)
        np.testing.assert_array_equal(paths["Pixels"][:, -1], images[4:8])
        for name in interpolations.MARKED:
            np.testing.assert_allclose(paths[name][:, 0], model(images[:4]), atol=1e-5)
            np.testing.assert_allclose(paths[name][:, -1], model(images[4:8]), atol=1e-5)
        # Only two of the paths draw noise.
        again = interpolations.join(model, images[:4], images[4:8], seed=1)
        for name in ("Pixels", *interpolations.MARKED):
            np.testing.assert_array_equal(paths[name], again[name])
        assert not np.allclose(paths["Geodesic, sampled"], again["Geodesic, sampled"])

    def test_transitions_of_a_perfect_classifier(self, model, digits, monkeypatch):
        """A classifier that changes its mind at known places, more suddenly on geodesics."""
        calls = iter(interpolations.PATHS)

        def log_probabilities(path):
            name, steps = next(calls, None), np.arange(path.shape[1])
            if name is None:
                steps = np.array([0, interpolations.STEPS - 1])
            slope = 8.0 if name == "Geodesic, means" else 1.0
            first = -slope * (steps - 6.5)
            scores = np.zeros((len(path), len(steps), 10))
            for row, (a, b) in enumerate(zip(*labels, strict=True)):
                scores[row, :, a], scores[row, :, b] = first / 2 + 20, -first / 2 + 20
            return scores

        pairs = interpolations.pairs_of_two_classes(digits.test, 0, 30)
        labels = [split.labels for split in pairs]
        monkeypatch.setattr(
            interpolations, "digit_classifier", lambda *_: (log_probabilities, np.arange(10))
        )
        found = interpolations.measure(model, digits, seed=0, count=30)
        assert found.told_apart.all()
        assert (found.first["Means"] == 7).all() and (found.first["Geodesic, means"] == 7).all()
        # tanh(slope / 4): the logistic function's fall from half a step before to half after.
        np.testing.assert_allclose(found.steepest["Means"], np.tanh(0.25), rtol=1e-6)
        np.testing.assert_allclose(found.steepest["Geodesic, means"], np.tanh(2.0), rtol=1e-6)
        summary = interpolations.summarise(found)
        assert summary["geodesic_minus_means"]["mean"] == pytest.approx(
            np.tanh(2.0) - np.tanh(0.25)
        )

    def test_the_classifier_learns_digits(self, model, digits):
        train = digits.train.first(1500)
        log_probabilities, classes = interpolations.digit_classifier(model, train, seed=0)
        scores = log_probabilities(train.images[:200, None])
        assert scores.shape == (200, 1, 10)
        assert (classes[scores[:, 0].argmax(axis=1)] == train.labels[:200]).mean() > 0.2

    def test_verdicts(self):
        summary = {"geodesic_minus_means": {"mean": 0.1, "standard_error": 0.01}}
        judge = interpolations.judge
        assert verdicts(judge(summary, FULL, [50])) == {"5.1": REPRODUCED}
        assert verdicts(judge(summary, FULL, [60])) == {"5.1": INCONCLUSIVE}
        even = {"geodesic_minus_means": {"mean": 0.02, "standard_error": 0.01}}
        assert verdicts(judge(even, FULL, [50])) == {"5.1": NOT_REPRODUCED}
        assert verdicts(judge({"geodesic_minus_means": None}, FULL, [50])) == {"5.1": INCONCLUSIVE}

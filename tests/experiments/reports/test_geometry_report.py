"""What the geometry report's figures run, measure and draw, on known answers."""

import itertools
import types

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import expit, logsumexp

import keras_vae as kv
from keras_vae.datasets import ImageData, Split
from keras_vae.experiments.figures.catalogue import load_script
from keras_vae.experiments.figures.figure import read_options
from keras_vae.experiments.figures.options import resolve
from keras_vae.experiments.reports.geometry import PRESETS, renyi_runs, run_spec, vae_spec
from keras_vae.geometry import fisher_rao_distance, fisher_rao_geodesic
from keras_vae.random import derive_seed

fig_1 = load_script("geometry/fig_1_pca_eigenvalues.py")
fig_2 = load_script("geometry/fig_2_renyi_alpha.py")
fig_3 = load_script("geometry/fig_3_linear_separability.py")
fig_4 = load_script("geometry/fig_4_geodesics.py")
fig_5 = load_script("geometry/fig_5_interpolations.py")
noise = load_script("geometry/noise.py")
ALPHAS = (0.0, 0.25, 0.5, 0.75, 1.0)


def choose(**chosen):
    return resolve(PRESETS, **{"preset": "results", **chosen})


class Method:
    """In the place of `MethodRuns`: one model a trial, which `restore` tells its epoch."""

    def __init__(self, models, data=None, specs=(), log_likelihood=()):
        self.models, self.data = models, data
        self.specs = specs or [vae_spec("mnist", seed) for seed in range(len(models))]
        self.log_likelihood = list(log_likelihood)
        self.names = []

    def kept_epochs(self):
        return [1, 5, 10]

    def load_model(self, trial):
        return self.models[trial], self.data

    def load_models(self):
        return ((model, self.data) for model in self.models)

    def restore(self, model, trial, epoch):
        assert model is self.models[trial]
        model.epoch = epoch

    def remembered(self, trial, name, compute):
        self.names.append((trial, name))
        return compute()


class TestRuns:
    def test_a_run_is_what_the_report_describes(self):
        spec = run_spec("fashion_mnist", 3, 0.25, 40)
        assert (spec.data.name, spec.data.binarize, spec.seed) == ("fashion_mnist", "static", 3)
        assert (spec.model.latent_dim, spec.model.hidden_units) == (40, (200, 200))
        assert (spec.model.activation, spec.model.kernel_initializer) == ("relu", "glorot_uniform")
        assert spec.optimizer.arguments == (("learning_rate", 1e-3),) and spec.batch_size == 100
        objective = spec.objective.make()
        assert (objective.alpha, objective.num_samples) == (0.25, 10)

    def test_one_order_is_the_elbo_and_zero_importance_weighted(self):
        for alpha in (-np.inf, -1.0, *ALPHAS):
            spec = run_spec("mnist", 0, alpha)
            assert renyi_runs.order_of(spec) == alpha and spec.model.latent_dim == 30
            assert spec.objective.make().num_samples == 10
            assert spec.objective.name == ("elbo" if alpha == 1 else "renyi")
        plain = vae_spec("mnist", 2, 20)
        assert plain.objective.name == "elbo" and plain.objective.make().num_samples == 1
        assert (plain.seed, plain.model.latent_dim) == (2, 20)

    def test_run_ids(self):
        """Those by which stored runs are found."""
        ids = [run_spec("mnist", 0, alpha, 50).run_id for alpha in (0.0, 1.0)]
        assert ids == ["1af22d509e0c9303", "53e80fb410304d1d"]
        assert vae_spec("mnist", 1).run_id == "93953bb2a7699d3b"

    def test_the_paper_preset_has_the_whole_grid(self):
        assert renyi_runs.grid(choose(preset="paper")) == dict.fromkeys((30, 40, 50), ALPHAS)
        assert renyi_runs.grid(choose()) == {30: ALPHAS, 40: (0.0, 1.0), 50: (0.0, 1.0)}
        for figure in (fig_1.FIGURE, fig_2.FIGURE):
            trial = figure.trial(choose(), 4)
            assert len(trial) == 9
            assert trial["alpha=0, k=40"] == run_spec("mnist", 4, 0.0, 40)

    def test_chosen_orders_and_sizes_each_go_with_the_reports_others(self):
        assert renyi_runs.grid(choose(alphas=[0.5])) == dict.fromkeys((30, 40, 50), (0.5,))
        assert renyi_runs.grid(choose(latent_dims=[7])) == {7: ALPHAS}

    def test_chosen_orders_go_to_a_folder_of_their_own(self):
        options = choose(alphas=[1.0, -np.inf, 1.0, -1.0], latent_dims=[5])
        assert renyi_runs.grid(options) == {5: (-np.inf, -1.0, 1.0)}
        trial = fig_1.FIGURE.trial(options, 0)
        assert list(trial) == ["alpha=max, k=5", "alpha=-1, k=5", "alpha=1, k=5"]
        assert fig_1.FIGURE.folder(options) == "geometry/fig_1_alpha_max_-1_1_k_5"
        assert fig_2.FIGURE.folder(choose(latent_dims=[8, 2])) == "geometry/fig_2_k_2_8"
        assert fig_1.FIGURE.folder(choose()) == "geometry/fig_1"
        # Infinity has no number in JSON.
        assert trial["alpha=max, k=5"].to_dict()["objective"]["alpha"] == "-Infinity"
        # No two orders share a name.
        assert renyi_runs.order_name(1 / 3) == repr(1 / 3)

    def test_command_line(self, capsys):
        options = read_options(
            fig_1.FIGURE, ["--alphas", "-0.5", "max", "-0", "1", "--latent-dims", "2"]
        )
        assert renyi_runs.chosen(options, "alphas") == (-np.inf, -0.5, 0.0, 1.0)
        assert str(renyi_runs.chosen(options, "alphas")[2]) == "0.0"
        assert renyi_runs.chosen(options, "latent_dims") == (2,)
        assert renyi_runs.chosen(read_options(fig_2.FIGURE, []), "alphas") is None
        for wrong in (["--alphas", "1.5"], ["--alphas", "nan"], ["--latent-dims", "0"]):
            with pytest.raises(SystemExit):
                read_options(fig_2.FIGURE, wrong)
            assert "must be at" in capsys.readouterr().err
        with pytest.raises(SystemExit):
            read_options(fig_2.FIGURE, ["--alphas", "many"])
        assert "invalid alpha value: 'many'" in capsys.readouterr().err

    def test_figures_3_and_5_are_of_the_usual_vae(self):
        trial = fig_3.FIGURE.trial(choose(), 1)
        plain = {f"k = {k}": vae_spec("mnist", 1, k) for k in (5, 10, 20, 30, 50)}
        assert trial == {**plain, "k = 30, α = 0": run_spec("mnist", 1, 0.0, 30)}
        assert fig_5.FIGURE.trial(choose(), 1) == {"VAE, k = 30": vae_spec("mnist", 1, 30)}

    def test_figure_4_trains_nothing(self):
        options = resolve(fig_4.FIGURE.presets)
        assert fig_4.FIGURE.trial(options, 0) == {} and fig_4.FIGURE.extent(options) == ""


def test_what_is_measured_is_sorted():
    specs = [run_spec("mnist", 0, a, k) for k, a in ((40, 1.0), (30, 0.5), (40, -np.inf))]
    methods = {str(spec): types.SimpleNamespace(specs=[spec]) for spec in specs}
    found = renyi_runs.measure_grid(methods, lambda method: method.specs[0])
    assert list(found) == [30, 40] and list(found[40]) == [-np.inf, 1.0]
    assert renyi_runs.flat_list(found) == [specs[1], specs[2], specs[0]]
    assert renyi_runs.all_orders(found) == [-np.inf, 0.5, 1.0]
    names = renyi_runs.nested_dict(found, lambda spec: spec.model.latent_dim)
    assert names == {"30": {"0.5": 30}, "40": {"max": 40, "1": 40}}


# Columns without a mean and without correlation, of variance one.
COLUMNS = np.array(list(itertools.product((-1.0, 1.0), repeat=3)))


class TurnedCodes:
    """Means of given variances along three directions, the first two turned by an angle."""

    def __init__(self, degrees, variances_after):
        angle = np.deg2rad(degrees)
        self.turn = np.eye(3)
        self.turn[:2, :2] = [
            [np.cos(angle), np.sin(angle)],
            [-np.sin(angle), np.cos(angle)],
        ]
        self.variances_after = variances_after

    def check_inputs(self, images, condition=None):
        assert images is COLUMNS and condition is None

    def posterior_means(self, images, batch_size=None, condition=None):
        return images * np.sqrt(self.variances_after[self.epoch]) @ self.turn


class TestComponents:
    @pytest.fixture
    def found(self):
        # The eigenvalues of eight rows are 8/7 of the variances: here just above and below 0.01.
        above, below = 0.0101 * 7 / 8, 0.0099 * 7 / 8
        models = [
            TurnedCodes(30, {1: (4, below, below), 5: (4, 1, below), 10: (4, 1, above)}),
            TurnedCodes(10, {1: (below,) * 3, 5: (4, below, below), 10: (4, 2, below)}),
        ]
        data = types.SimpleNamespace(test=types.SimpleNamespace(images=COLUMNS))
        return renyi_runs.measure_components(Method(models, data))

    def test_eigenvalues_and_their_number(self, found):
        expected = np.array([[4, 1, 0.0101 * 7 / 8], [4, 2, 0.0099 * 7 / 8]]) * 8 / 7
        np.testing.assert_allclose(found.eigenvalues, expected)
        assert found.informative == [3, 2] and found.epochs == [1, 5, 10]
        assert found.informative_after.tolist() == [[1, 2, 3], [0, 1, 2]]
        # An activity has the number of images as its divisor.
        assert found.active == [2, 2]

    def test_eigenvectors_are_squared(self, found):
        turned = np.cos(np.deg2rad([30, 10])) ** 2
        np.testing.assert_allclose(found.squared_entries[:, 0, 0], turned)
        np.testing.assert_allclose(found.squared_entries.sum(axis=-1), 1)
        found = fig_1.alignments(found)
        np.testing.assert_allclose(found["single"], [(2 * turned[0] + 1) / 3, turned[1]])

    def test_correlation(self, found):
        for value, degrees, (first, second) in zip(
            found.correlation, (30, 10), ((4, 1), (4, 2)), strict=True
        ):
            cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
            variances = (first * cos**2 + second * sin**2) * (first * sin**2 + second * cos**2)
            assert value == pytest.approx((first - second) * cos * sin / np.sqrt(variances))

    def test_json(self, found):
        content = found.to_dict()
        assert content["informative_components_after"] == {"1": [1, 0], "5": [2, 1], "10": [3, 2]}
        assert content["eigenvalues"][1][1] == 2.285714
        assert content["informative_components"] == [3, 2]
        assert content["active_units_at_0.01"] == [2, 2]
        assert content["mean_absolute_correlation_of_active_axes"] == found.correlation

    def test_correlation_is_the_mean_over_pairs_of_active_axes(self):
        rng = np.random.default_rng(0)
        means = rng.normal(size=(50, 4)) @ rng.normal(size=(4, 4))
        means[:, 2] *= np.sqrt(0.0099 / means[:, 2].var())
        r = np.corrcoef(means[:, [0, 1, 3]].T)
        expected = (abs(r[0, 1]) + abs(r[0, 2]) + abs(r[1, 2])) / 3
        assert renyi_runs.correlation_of_active_axes(means) == pytest.approx(expected)
        means[:, 2] *= np.sqrt(0.0101 / 0.0099)
        assert renyi_runs.correlation_of_active_axes(means) != pytest.approx(expected)
        assert renyi_runs.correlation_of_active_axes(means[:, :1]) == 0
        assert renyi_runs.correlation_of_active_axes(means[:, :2]) > 0

    def test_lines_are_eigenvalues(self, found):
        by_size = {3: {-np.inf: found, 1.0: found}, 4: {}}
        larger = {"eigenvalues": np.ones((2, 4)), "squared_entries": np.eye(4)[None, ::-1]}
        by_size[4][1.0] = renyi_runs.Components(**{**vars(found), **larger})
        picture = fig_1.draw(by_size, None)
        first, second, _ = picture.axes[0].lines
        np.testing.assert_array_equal(first.get_xdata(), [1, 2, 3])
        np.testing.assert_allclose(first.get_ydata(), found.eigenvalues.mean(axis=0))
        names = [text.get_text() for text in picture.axes[0].get_legend().get_texts()]
        assert names == ["VR-max", "α = 1"]
        # An order looks the same in all panels.
        assert picture.axes[1].lines[0].get_color() == second.get_color() != first.get_color()
        assert picture.axes[1].get_title() == "(b) k = 4"
        # Under them the first trial's eigenvectors, axes by the component that they are in.
        below = picture.axes[3]
        assert below.get_title() == "Eigenvectors, α = 1"
        np.testing.assert_array_equal(below.images[0].get_array(), np.eye(4))
        assert fig_1.caption(by_size, types.SimpleNamespace(trials=1)).endswith(
            "black is 1; not run: α = max at k = 4"
        )

    def test_eigenvectors_are_of_the_highest_and_of_the_lowest_order(self, found):
        turned = renyi_runs.Components(**{**vars(found), "squared_entries": np.eye(3)[None, ::-1]})
        orders = {0.0: turned, 0.5: found, 1.0: found}
        _, highest, lowest = fig_1.draw({3: orders}, None).axes
        assert highest.get_title() == "Eigenvectors, α = 1"
        assert lowest.get_title() == "Eigenvectors, α = 0"
        titles = [axis.get_title() for axis in fig_1.draw({3: {1.0: found}}, None).axes]
        assert titles == ["(a) k = 3", "Eigenvectors, α = 1"]


LOG_WEIGHTS = np.random.default_rng(0).normal(-80, 3, size=(10, 7)).astype(np.float32)


class Weights:
    """Images are indices; log-weights are looked up, and calls noted."""

    def __init__(self):
        self.calls = []

    def log_weights(self, images, num_samples, seed):
        self.calls.append((len(images), seed))
        return tf.constant(LOG_WEIGHTS[:num_samples, images.astype(int).ravel()])

    def log_likelihood(self, images, num_samples, seed):
        """An image's number, and as many times its hundredth as it came before."""
        self.calls.append((num_samples, seed, self.epoch))
        assert images.shape[1:] == (1, 1)
        numbers = images.ravel()
        before = np.array([(numbers[:i] == n).sum() for i, n in enumerate(numbers)])
        return numbers + before * numbers / 100


def renyi(weights, alpha):
    """The bound as the definition has it."""
    if alpha == 1:
        return weights.mean(axis=0)
    return logsumexp((1 - alpha) * weights, axis=0, b=1 / len(weights)) / (1 - alpha)


class TestBounds:
    @pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0])
    def test_the_bound_of_each_image(self, alpha, monkeypatch):
        monkeypatch.setattr(fig_2, "BATCH", 3)
        model = Weights()
        found = fig_2.estimate_bound(model, np.arange(7)[:, None, None], alpha)
        expected = renyi(LOG_WEIGHTS.astype(float), alpha)
        np.testing.assert_allclose(found["per_image"], expected, atol=1e-4)
        assert found["per_image"] == np.round(found["per_image"], 4).tolist()
        assert found["mean"] == pytest.approx(expected.mean(), abs=1e-4)
        error = expected.std(ddof=1) / np.sqrt(7)
        assert found["standard_error"] == pytest.approx(error, abs=1e-4)
        # Batches have their own noise, the same at each call.
        assert model.calls == [
            (n, derive_seed(301, start)) for n, start in ((3, 0), (3, 3), (1, 6))
        ]

    def test_a_method_is_measured_in_all_trials_after_the_last_epoch(self):
        images = np.arange(7.0)[:, None, None]
        data = types.SimpleNamespace(test=types.SimpleNamespace(images=images))
        estimates = [
            {"per_image": [-70.0] * n, "num_samples": 40, "images": n, "epochs": epochs}
            for n, epochs in ((3, 10), (4, 9))
        ]
        specs = [run_spec("mnist", seed, 0.5) for seed in range(2)]
        method = Method([Weights(), Weights()], data, specs, estimates)
        found = fig_2.measure_bounds(method)
        expected = renyi(LOG_WEIGHTS.astype(float), 0.5)
        for trial, count in enumerate((3, 4)):
            per_image = found.bound[trial]["per_image"]
            np.testing.assert_allclose(per_image, expected[:count], atol=1e-3)
            gap = -70 - expected[:count].mean()
            assert found.gaps[trial] == pytest.approx(gap, abs=1e-3)
            assert method.models[trial].epoch == 10
        assert found.log_likelihood == estimates and found.epochs == [10, 10, 9]
        assert method.names == [
            (0, "renyi_bound/0.5/10_samples/10_epochs/3_images"),
            (1, "renyi_bound/0.5/10_samples/10_epochs/4_images"),
        ]

    def made(self, log_likelihood, bound):
        def estimate(value):
            return {"mean": value, "standard_error": 0.0, "per_image": [value] * 2}

        return fig_2.Bounds([estimate(bound)], [estimate(log_likelihood)], [50])

    def test_json_is_without_images(self):
        assert self.made(-70.0, -72.0).to_dict() == {
            "renyi_bound": [{"mean": -72.0, "standard_error": 0.0}],
            "log_likelihood": [{"mean": -70.0, "standard_error": 0.0}],
            "gap": [2.0],
        }

    @pytest.mark.parametrize("orders", [(-np.inf,), (-np.inf, 0.5), (-1.0, 0.5, 1.0)])
    def test_panels(self, orders):
        component = types.SimpleNamespace(informative=[3, 5], active=[7, 8])
        measured = (
            {30: dict.fromkeys(orders, component), 40: {orders[0]: component}},
            {
                30: dict.fromkeys(orders, self.made(-70.0, -72.0)),
                40: {orders[0]: self.made(-70.0, -72.0)},
            },
        )
        picture = fig_2.draw(measured, None)
        for axis in picture.axes:
            names = [label.get_text() for label in axis.get_xticklabels()]
            assert names == ["VR-max" if np.isinf(a) else f"{a:g}" for a in orders]
            assert (np.diff(axis.get_xticks()) > 0).all()
        heights = [{float(line.get_ydata()[0]) for line in a.lines} for a in picture.axes]
        # Means over trials, and the bars' ends.
        assert heights == [{3.0, 4.0, 5.0, 7.0, 7.5, 8.0}, {-70.0, -72.0}]
        # What was not run is not bridged.
        styles = [box.lines[0].get_linestyle() for box in picture.axes[0].containers]
        assert styles[:2] == ["-", "--"]
        assert styles[2:] == (["None"] * 2 if len(orders) > 1 else ["-", "--"])


class TestNoise:
    def test_variance_and_mean_over_five_estimates_of_each_image(self):
        model = Weights()
        model.epoch = None
        found = noise.repeated_estimates(model, np.array([1.0, 2.0, 3.0])[:, None, None], 40)
        # 0, 1, 2, 3 and 4 hundredths have the variance 2.5e-4 and the mean 2.
        assert found == {
            "variance": pytest.approx(2.5e-4 * (1 + 4 + 9) / 3),
            "mean": pytest.approx(1.02 * 2),
        }
        assert model.calls == [(40, 301, None)]

    def test_every_trial_is_measured_with_each_number_of_samples(self, monkeypatch):
        monkeypatch.setattr(noise, "IMAGES", 2)
        data = types.SimpleNamespace(
            test=types.SimpleNamespace(images=np.arange(1.0, 7.0)[:, None, None])
        )
        method = Method([Weights(), Weights()], data)
        found = noise.measure_noise(method)
        np.testing.assert_allclose(found["variance"], np.full((2, 4), 2.5e-4 * 2.5))
        np.testing.assert_allclose(found["mean"], np.full((2, 4), 1.5 * 1.02))
        assert found["epochs"] == 10
        assert method.models[1].calls == [(n, 301, 10) for n in (125, 500, 2000, 8000)]
        assert method.names == [
            (trial, "repeated_estimates/5_times/10_epochs/2_images") for trial in (0, 1)
        ]

    def test_runs_are_those_of_figure_2_at_the_outer_orders(self):
        wanted = fig_2.FIGURE.trial(choose(preset="paper"), 3)
        found = noise.FIGURE.trial(choose(preset="paper"), 3)
        assert list(found) == [f"alpha={a}, k={k}" for k in (30, 40, 50) for a in (0, 1)]
        assert found.items() <= wanted.items()


class TestSeparability:
    def test_accuracies_by_trial_and_epoch(self, monkeypatch):
        models = [types.SimpleNamespace(name=name) for name in (1, 2)]
        kinds = {"means": 0, "means_and_variances": 1, "samples": 2}
        monkeypatch.setattr(
            fig_3,
            "latent_accuracy",
            lambda model, data, kind: 100 * model.name + model.epoch + 0.1 * kinds[kind],
        )
        method = Method(models)
        found = fig_3.measure_separability(method)
        assert found.epochs == [1, 5, 10]
        for kind, offset in kinds.items():
            expected = np.array([[101, 105, 110], [201, 205, 210]]) + 0.1 * offset
            np.testing.assert_allclose(found.accuracy[kind], expected)
            np.testing.assert_allclose(found.final(kind), expected[:, 2])
        assert method.names == [
            (trial, f"standardized_linear_accuracy/{epoch}_epochs")
            for trial in (0, 1)
            for epoch in (1, 5, 10)
        ]
        assert found.to_dict()["accuracy"]["means"] == [[101, 105, 110], [201, 205, 210]]

    def test_classifiers_are_fitted_to_training_images_and_tried_on_test_images(self, monkeypatch):
        seen = []

        def features(model, images, kind, seed):
            seen.append((model, kind, seed))
            return images.reshape(len(images), -1)

        monkeypatch.setattr(fig_3.linear_probe, "posterior_features", features)
        rng = np.random.default_rng(0)
        labels = rng.integers(0, 2, size=200)
        pixels = (255 * (labels ^ (rng.random(200) < 0.1)))[:, None, None].astype(np.uint8)
        data = ImageData("d", None, Split(pixels[:150], labels[:150]), Split(pixels, labels))
        accuracy = fig_3.latent_accuracy("model", data, "samples")
        assert accuracy == (labels == (pixels.ravel() > 0)).mean() < 1
        # A training and a test image do not share their noise.
        assert seen == [("model", "samples", 0), ("model", "samples", 1)]

    def test_pixels_grey_and_binary(self, monkeypatch):
        # Grey levels tell three classes, of which thresholding leaves two.
        labels = np.arange(90) % 3
        pixels = (labels * 60)[:, None, None].astype(np.uint8)

        def load(name, binarize=None):
            assert name == "digits"
            shown = 255 * (pixels >= 100).astype(np.uint8) if binarize == "static" else pixels
            assert binarize in ("static", None)
            return ImageData(name, binarize, Split(shown, labels), Split(shown[:60], labels[:60]))

        monkeypatch.setattr(fig_3.datasets, "load", load)
        found = fig_3.pixel_accuracies("digits")
        assert found == {"grey": 1.0, "binary": pytest.approx(2 / 3)}
        monkeypatch.setattr(fig_3, "measure_separability", lambda method: method)
        methods = {**{f"k = {k}": k for k in (5, 10, 20, 30, 50)}, "k = 30, α = 0": "other"}
        measured = fig_3.measure(methods, types.SimpleNamespace(dataset="digits"))
        assert measured.by_size == {k: k for k in (5, 10, 20, 30, 50)}
        assert measured.other_order == "other"
        assert measured.pixels == found and measured.by_method == methods

    @pytest.fixture
    def measured(self):
        def made(*finals):
            values = np.array([[0.1, final] for final in finals])
            accuracy = dict.fromkeys(("means", "means_and_variances"), values)
            return fig_3.Separability([1, 50], {**accuracy, "samples": values - 0.1})

        pixels = {"grey": 0.92, "binary": 0.91}
        return fig_3.Measured({5: made(0.88, 0.9)}, made(0.93), pixels)

    def test_table(self, measured):
        lines = fig_3.tables(measured, None)["table.md"].splitlines()
        assert lines[:6] == [
            "| linear classifier of | means | means and variances | samples | pixels |",
            "|---|---|---|---|---|",
            (
                "| latent features, k = 5 | 0.8900 (0.8800-0.9000) | 0.8900 (0.8800-0.9000) "
                "| 0.7900 (0.7800-0.8000) | |"
            ),
            "| latent features, k = 30, α = 0 | 0.9300 | 0.9300 | 0.8300 | |",
            "| grey pixels | | | | 0.9200 |",
            "| binary pixels | | | | 0.9100 |",
        ]
        assert "the usual VAE" in lines[-1]

    def test_panels(self, measured):
        picture = fig_3.draw(measured, None)
        titles = [axis.get_title() for axis in picture.axes]
        assert titles == ["(a) Means", "(b) Means and variances", "(c) Samples"]
        lines = picture.axes[2].lines
        np.testing.assert_allclose(lines[0].get_xydata(), [[1, 0.0], [50, 0.79]], atol=1e-12)
        labels = [line.get_label() for line in lines]
        assert labels == ["k = 5", "k = 30, α = 0", "grey pixels", "binary pixels"]
        assert [line.get_ydata()[0] for line in lines[2:]] == [0.92, 0.91]


class TestGeodesics:
    def test_numbers_are_those_of_half_circles(self):
        """In the plane of mu / sqrt(2) and sigma, geodesics are arcs around points of sigma = 0."""
        found = fig_4.measure({}, types.SimpleNamespace(seed=5))
        rng = np.random.default_rng(5)
        a, b = rng.normal(scale=2, size=(2, 10000)) / np.sqrt(2)
        scale_a, scale_b = np.exp(rng.normal(scale=0.7, size=(2, 10000)))
        rise = np.sqrt(1 + (a - b) ** 2 / (4 * scale_a**2))
        assert found["lowest_rise_between_equal_deviations"] == pytest.approx(rise.min())
        assert found["median_rise_between_equal_deviations"] == pytest.approx(np.median(rise))
        centre = (b**2 + scale_b**2 - a**2 - scale_a**2) / (2 * (b - a))
        radius = np.hypot(a - centre, scale_a)
        angles = [np.arctan2(s, u - centre) for u, s in ((a, scale_a), (b, scale_b))]
        # Lengths along the circle are logarithms of the half angles' tangents.
        middle = 2 * np.arctan(np.sqrt(np.tan(angles[0] / 2) * np.tan(angles[1] / 2)))
        share = (centre + radius * np.cos(middle) - a) / (b - a)
        ratio = radius * np.sin(middle) / ((1 - share) * scale_a + share * scale_b)
        name = "median_ratio_to_the_straight_line_at_the_middle"
        assert found[name] == pytest.approx(np.median(ratio))
        # A fine grid on the arcs misses but few of the tops.
        angle = np.linspace(*angles, 1001)[1:-1]
        above = np.mean((radius * np.sin(angle)).max(axis=0) > np.maximum(scale_a, scale_b))
        assert above <= found["share_of_pairs_that_rise_above_both_ends"] < above + 0.002
        assert 1 <= found["lowest_ratio_to_the_straight_line"] < 1.001
        assert found["pairs"] == 10000

    def test_marks_are_at_equal_distances_and_dots_straight(self):
        picture = fig_4.draw(None, None)
        lines = picture.axes[0].lines
        assert len(lines) == 15
        names = [text.get_text() for text in picture.axes[0].get_legend().get_texts()]
        for index, ends in enumerate(fig_4.PAIRS):
            path, marks, straight = (line.get_xydata() for line in lines[3 * index :][:3])
            for drawn in (path, marks, straight):
                np.testing.assert_allclose(drawn[[0, -1]], ends)
            assert len(marks) == 9 and len(straight) == 2
            apart = fisher_rao_distance(*marks[:-1].T[:, :, None], *marks[1:].T[:, :, None])
            np.testing.assert_allclose(apart, apart[0])
            assert names[index] == f"distance {apart.sum():.2f}"


class Straight:
    """A code is an image's pixels; posteriors are at these, decoded codes are images again."""

    def posterior_parameters(self, images):
        flat = images.reshape(len(images), -1)
        return tf.constant(flat), tf.constant(0.5 + flat)

    def posterior_means(self, images, batch_size=None):
        return self.posterior_parameters(images)[0]

    def check_inputs(self, images):
        pass

    def decode(self, codes):
        images = tf.reshape(tf.constant(codes), (*np.shape(codes)[:-1], 2, 3))
        return types.SimpleNamespace(mean=lambda: images)


class TestInterpolations:
    def test_five_paths(self):
        rng = np.random.default_rng(0)
        starts, ends = rng.random((2, 400, 2, 3)).astype(np.float32)
        paths = fig_5.join(Straight(), starts, ends, seed=3)
        assert tuple(paths) == (*fig_5.DRAWN, "Line, sampled")
        t = np.linspace(0, 1, 13)
        line = starts[:, None] + t[:, None, None] * (ends - starts)[:, None]
        for name in ("Pixels", "Means"):
            np.testing.assert_allclose(paths[name], line, atol=1e-6)
        loc, scale = fisher_rao_geodesic(starts, 0.5 + starts, ends, 0.5 + ends, t)
        loc, scale = (part.swapaxes(0, 1) for part in (loc, scale))
        np.testing.assert_allclose(paths["Geodesic, means"], loc, atol=1e-6)
        # One sample at either end of the line, one at each point of the geodesic.
        sampled = paths["Samples"]
        np.testing.assert_allclose(np.diff(sampled, n=2, axis=1), 0, atol=1e-5)
        drawn = [
            (sampled[:, i] - images) / (0.5 + images) for i, images in ((0, starts), (-1, ends))
        ]
        along = (paths["Geodesic, sampled"] - loc) / scale
        rng = np.random.default_rng(derive_seed(3, 1))
        expected = rng.normal(size=(2, 400, 2, 3)), rng.normal(size=(400, 13, 2, 3))
        np.testing.assert_allclose(drawn, expected[0], atol=1e-4)
        np.testing.assert_allclose(along, expected[1], atol=1e-4)
        # The same noise along the line between means and deviations.
        along = (paths["Line, sampled"] - line) / (0.5 + line)
        np.testing.assert_allclose(along, expected[1], atol=1e-4)
        # The seed decides the noise and nothing else.
        again = fig_5.join(Straight(), starts, ends, seed=4)
        changed = [name for name in paths if not np.allclose(paths[name], again[name])]
        assert changed == ["Samples", "Geodesic, sampled", "Line, sampled"]
        same = fig_5.join(Straight(), starts, ends, seed=3)
        assert all((same[name] == paths[name]).all() for name in paths)

    def test_transitions_of_a_known_classifier(self, monkeypatch):
        """Six pairs: each path changes at a place of its own, or never, or begins wrongly."""
        pairs = [
            Split(np.full((6, 2, 3), grey, np.uint8), np.array(labels))
            for grey, labels in zip((0, 255), LABELS, strict=True)
        ]
        asked = []

        def choose_pairs(split, seed, count):
            asked.append((split, seed, count))
            return pairs

        steps = np.arange(13)
        # How far the first class leads the second at each step, by path and pair.
        leads = {
            name: np.stack([slope * (7 - 0.5 - steps)] * 6)
            for name, slope in zip(PATHS, SLOPES, strict=True)
        }
        leads["Means"][0] = 9.0
        leads["Means"][1] = -9.0
        queue = iter(leads.values())

        def log_probabilities(path):
            scores = np.full((6, path.shape[1], 3), -50.0)
            # The two ends of a path from black to white.
            if path.shape[1] == 2:
                assert (path[:, 0] == 0).all() and (path[:, 1] == 1).all()
            for pair, lead in enumerate(next(queue, leads["Means"][:, [0, -1]])):
                first, second = (CLASSES.index(labels[pair]) for labels in LABELS)
                scores[pair, :, first], scores[pair, :, second] = lead / 2, -lead / 2
                if path.shape[1] == 13 and pair == 2:
                    # A third class comes first.
                    scores[pair, 3, 3 - first - second] = 99.0
            return scores

        def classifier(model, split, seed):
            asked.append((split, seed))
            return log_probabilities, np.array(CLASSES)

        monkeypatch.setattr(fig_5, "pairs_of_two_classes", choose_pairs)
        monkeypatch.setattr(fig_5, "digit_classifier", classifier)
        data = types.SimpleNamespace(train="train", test="test")
        model = Straight()
        options = types.SimpleNamespace(seed=8)
        (found,) = fig_5.measure({"VAE, k = 30": Method([model], data)}, options)
        assert asked == [("train", 8), ("test", 8, 1000)]
        assert found.epochs == model.epoch == 10
        assert found.first["Means"].tolist() == [13, 0, 3, 7, 7, 7]
        assert found.first["Pixels"].tolist() == [7, 7, 3, 7, 7, 7]
        # Half a step before and after the change: expit(x) - expit(-x) = tanh(x / 2).
        for name, slope in zip(PATHS, SLOPES, strict=True):
            np.testing.assert_allclose(found.steepest[name][2:], np.tanh(slope / 4))
        assert found.steepest["Means"][0] == 0
        assert expit(0.5) - expit(-0.5) == pytest.approx(np.tanh(0.25))
        assert found.told_apart.tolist() == [False, False, True, True, True, True]
        # From black to white each pixel changes by 1 in all.
        np.testing.assert_allclose(found.variation["Pixels"], 1, rtol=1e-6)
        np.testing.assert_allclose(found.rows["Pixels"][:, 0, 0], np.linspace(0, 1, 13), atol=1e-6)

    def test_the_first_pair_that_is_told_apart_is_drawn_with_its_changes_framed(self):
        images = np.random.default_rng(0).random((13, 2, 3))
        first = {name: np.array([1, 1, 4]) for name in fig_5.DRAWN}
        first["Geodesic, means"] = np.array([1, 1, 13])
        apart = np.array([False, False, True])
        found = fig_5.Transitions(first, {}, {}, apart, 50, dict.fromkeys(fig_5.DRAWN, images))
        picture = fig_5.draw([found, None], None)
        axes = np.array(picture.axes).reshape(5, 13)
        framed = [[axis.spines["top"].get_visible() for axis in row] for row in axes]
        assert np.argwhere(framed).tolist() == [[1, 4]]
        np.testing.assert_array_equal(axes[3, 5].images[0].get_array(), images[5])

    def test_the_classifier_learns_digits(self, digits):
        model = kv.VAE(latent_dim=3, hidden_units=(8,), seed=0)
        train = digits.train.first(1500)
        log_probabilities, classes = fig_5.digit_classifier(model, train, seed=0)
        scores = log_probabilities(train.images[:200].reshape(100, 2, 28, 28))
        assert scores.shape == (100, 2, 10)
        np.testing.assert_allclose(np.exp(scores).sum(axis=-1), 1, rtol=1e-5)
        right = classes[scores.argmax(axis=-1)] == train.labels[:200].reshape(100, 2)
        assert right.mean() > 0.2


PATHS, SLOPES = (*fig_5.DRAWN, fig_5.SAMPLED_LINE), (1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
CLASSES = [2, 5, 7]
LABELS = ([2, 5, 7, 5, 7, 2], [5, 2, 2, 7, 5, 7])


def test_captions():
    options = types.SimpleNamespace(trials=2, seed=4)
    band = "; mean over trials, band from lowest to highest"
    assert fig_3.caption(None, options).endswith(band)
    assert "seed 4" in fig_5.caption(None, options)
    estimate = {"num_samples": 40, "images": 3}
    bounds = {30: {0.0: types.SimpleNamespace(log_likelihood=[estimate])}}
    text = fig_2.caption(({}, bounds), options)
    assert text.endswith(
        "log p(x): 40 samples; both over 3 test images; bars: lowest to highest trial"
    )
    alone = types.SimpleNamespace(trials=1)
    assert fig_2.caption(({}, bounds), alone).endswith("both over 3 test images")

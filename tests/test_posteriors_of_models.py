"""Posteriors as parts of a model, against exact densities, Jacobians and what TFP says of them."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from scipy import stats

import keras_vae as kv
from keras_vae import distributions, random
from keras_vae.networks import MaskedAutoregressiveNetwork
from keras_vae.posteriors import FullCovarianceGaussian, InverseAutoregressiveFlow

tfd = tfp.distributions
STREAM = random.stream(0, random.TRAINING_NOISE)


@keras.saving.register_keras_serializable("tests.posteriors")
class Laplace(kv.posteriors.Posterior):
    """One that TFP draws."""

    parameters = ("loc", "log_scale")

    def make_distribution(self, loc, log_scale):
        return tfd.Independent(tfd.Laplace(loc, tf.exp(log_scale)), 1)


@keras.saving.register_keras_serializable("tests.posteriors")
class UnitNormal(kv.likelihoods.Likelihood):
    parameters = ("loc",)

    def make_distribution(self, loc):
        return tfd.Normal(loc, 1.0)


def flow(**kwargs):
    sizes = {"num_flows": 2, "hidden_units": (6,), "context_dim": 3, "num_mean_samples": 8}
    return InverseAutoregressiveFlow(**{**sizes, "seed": 5, **kwargs})


KINDS = {"full_covariance": FullCovarianceGaussian, "flow": flow, "Laplace": Laplace}


def small(**kwargs):
    return kv.VAE(latent_dim=3, hidden_units=4, image_shape=(4, 4), seed=1, **kwargs)


def binary(count, seed=0):
    return (np.random.default_rng(seed).random((count, 4, 4)) < 0.5).astype("float32")


def linear_gaussian(objective="elbo", dtype="float64"):
    """p(z) = N(0, I) and p(x|z) = N(W z + b, I), with the exact posterior; x and log p(x)."""
    model = kv.VAE(
        latent_dim=3,
        hidden_units=(),
        event_shape=4,
        likelihood=UnitNormal(),
        posterior="full_covariance",
        objective=objective,
        seed=3,
        dtype=dtype,
    )
    rng = np.random.default_rng(0)
    loadings, shift = rng.normal(size=(3, 4)), rng.normal(size=4)
    covariance = np.linalg.inv(loadings @ loadings.T + np.eye(3))
    lower = np.linalg.cholesky(covariance)
    entries = lower + np.diag(2 * np.log(np.diag(lower)) - np.diag(lower))
    (decoder,) = model.likelihood.heads
    decoder.kernel.assign(loadings)
    decoder.bias.assign(shift)
    model.loc_head.kernel.assign(loadings.T @ covariance)
    model.loc_head.bias.assign(-shift @ loadings.T @ covariance)
    model.scale_tril_head.kernel.assign(np.zeros((4, 6)))
    model.scale_tril_head.bias.assign(tfp.math.fill_triangular_inverse(entries))
    x = rng.normal(size=(5, 4))
    exact = stats.multivariate_normal(shift, loadings.T @ loadings + np.eye(4)).logpdf(x)
    return model, x, exact


def test_at_a_correlated_exact_posterior_every_weight_is_the_likelihood():
    model, x, exact = linear_gaussian()
    covariance = model.encode(x).covariance()[0].numpy()
    assert abs(covariance[np.triu_indices(3, 1)]).min() > 0.01
    np.testing.assert_allclose(model.log_weights(x, 6), np.tile(exact, (6, 1)), rtol=1e-8)
    terms = model.log_terms(x, 4000, STREAM)
    bound = kv.objectives.ELBO(4000).bound_of(terms)
    # log p(x|z), of which the bound is the mean less the KL divergence, varies by some nats.
    errors = terms.log_likelihood.numpy().std(axis=0) / np.sqrt(4000)
    assert np.less(abs(bound - exact), 5 * errors).all()
    model, x, exact = linear_gaussian(dtype="float32")
    np.testing.assert_allclose(model.log_likelihood(x, 50), exact, rtol=1e-4)


def test_the_kl_of_a_correlated_posterior_is_its_closed_form():
    model, x, _ = linear_gaussian()
    posterior = model.encode(x)
    mean, covariance = posterior.mean().numpy(), posterior.covariance()[0].numpy()
    expected = 0.5 * (np.trace(covariance) + (mean**2).sum(-1) - 3)
    expected -= 0.5 * np.linalg.slogdet(covariance)[1]
    np.testing.assert_allclose(model.log_terms(x, 1, STREAM).analytic_kl, expected, rtol=1e-8)
    # Of a flow none is known, and the sampled one is taken.
    assert small(posterior=flow()).log_terms(binary(2), 1, STREAM).analytic_kl is None


@pytest.mark.parametrize("alpha", [1.0, 0.0, -2.0])
def test_doubly_reparameterised_gradients_have_no_noise_at_the_exact_posterior(alpha):
    """There every log-weight is log p(x), which no posterior's parameter changes."""

    def gradients(doubly):
        objective = kv.objectives.Renyi(alpha, 4, doubly_reparameterized=doubly)
        model, x, _ = linear_gaussian(objective)
        variables = [model.loc_head.kernel.value, model.scale_tril_head.bias.value]
        with tf.GradientTape() as tape:
            terms = model.log_terms(x, 4, STREAM, training=True)
            bound = tf.reduce_mean(model.objective_bound(terms))
        return [gradient.numpy() for gradient in tape.gradient(bound, variables)]

    for exact, plain in zip(gradients(True), gradients(False), strict=True):
        np.testing.assert_allclose(exact, 0, atol=1e-10)
        assert (abs(plain) > 1e-2).any()


def jacobian(function, at, step=1e-6):
    """Central differences, one column a dimension."""
    moves = step * np.eye(len(at))
    return np.stack([(function(at + e) - function(at - e)) / (2 * step) for e in moves], axis=-1)


def perturbed(model):
    """The model with weights of its flow that are far from those that it starts with."""
    rng = np.random.default_rng(7)
    for weight in model.posterior.weights:
        weight.assign(rng.normal(size=weight.shape))
    return model


def test_a_flows_log_density_is_the_change_of_variables():
    model = perturbed(small(posterior=flow(), dtype="float64"))
    posterior = model.encode(binary(2))
    noise = np.random.default_rng(1).normal(size=(2, 3))

    def transform(item, at):
        other = noise.copy()
        other[item] = at
        return kv.posteriors.reparameterize(posterior, other[None])[0][0, item].numpy()

    z, log_density = kv.posteriors.reparameterize(posterior, noise[None])
    for item in range(2):
        change = np.linalg.slogdet(jacobian(lambda at, i=item: transform(i, at), noise[item]))[1]
        expected = stats.norm.logpdf(noise[item]).sum() - change
        np.testing.assert_allclose(log_density[0, item], expected, rtol=1e-6)
    # The density of other codes, which the bijector has to invert, is the same.
    np.testing.assert_allclose(posterior.log_prob(tf.identity(z)), log_density, rtol=1e-8)


def test_a_flows_density_of_codes_that_several_items_share():
    posterior = perturbed(small(posterior=flow(), dtype="float64")).encode(binary(4))
    z = np.random.default_rng(2).normal(size=(5, 1, 3))
    shared = posterior.log_prob(z)
    assert shared.shape == (5, 4)
    np.testing.assert_allclose(shared, posterior.log_prob(np.tile(z, (1, 4, 1))), rtol=1e-10)


def test_a_flows_mean_and_deviation_are_those_of_its_samples():
    model = perturbed(small(posterior=flow(num_mean_samples=4000), dtype="float64"))
    posterior = model.encode(binary(2))
    z = kv.posteriors.sample_with_log_prob(posterior, 20_000, STREAM)[0].numpy()
    scale = z.std(axis=0)
    # Both are estimates, and the rarer samples' is no worse than independent ones'.
    errors = scale * np.sqrt(1 / 4000 + 1 / 20_000)
    assert np.less(abs(posterior.mean() - z.mean(axis=0)), 5 * errors).all()
    np.testing.assert_allclose(posterior.stddev(), scale, rtol=0.1)
    np.testing.assert_allclose(model.posterior_means(binary(2)), posterior.mean())


@pytest.mark.parametrize("dims, hidden_units", [(4, (7, 9)), (4, ()), (1, (5,))])
def test_each_dimensions_parameters_see_those_before_it_and_the_context(dims, hidden_units):
    network = MaskedAutoregressiveNetwork(
        2, hidden_units, context_dim=2, activation="tanh", seed=3, dtype="float64"
    )
    network.build((None, dims))
    rng = np.random.default_rng(0)
    z, context = rng.normal(size=dims), rng.normal(size=2)
    outputs = network(z[None], context[None])
    assert outputs.shape == (1, dims, 2)
    by_z = jacobian(lambda at: network(at[None], context[None])[0].numpy(), z)
    by_context = jacobian(lambda at: network(z[None], at[None])[0].numpy(), context)
    for output in range(2):
        seen = abs(by_z[:, output]) > 1e-8
        np.testing.assert_array_equal(seen, np.tri(dims, k=-1, dtype=bool))
    assert (abs(by_context) > 1e-8).all()


@pytest.mark.parametrize("name", KINDS)
def test_the_vamp_prior_is_the_mean_of_the_posteriors_of_its_pseudo_inputs(name):
    model = small(posterior=KINDS[name](), prior=kv.priors.VampPrior(4, seed=0))
    each = model.encode(model.prior_layer.pseudo_inputs.numpy())
    z = np.random.default_rng(0).normal(size=(6, 3)).astype("float32")
    if name == "full_covariance":
        parts = zip(each.mean().numpy(), each.covariance().numpy(), strict=True)
        densities = np.stack([stats.multivariate_normal(*part).pdf(z) for part in parts])
    else:
        densities = np.stack([np.exp(each.log_prob(np.tile(row, (4, 1)))) for row in z], axis=-1)
    np.testing.assert_allclose(model.prior.log_prob(z), np.log(densities.mean(axis=0)), rtol=1e-4)
    assert model.sample(2, seed=0).shape == (2, 4, 4)


@pytest.mark.parametrize("prior", ["standard_normal", "vamp"])
@pytest.mark.parametrize("name", KINDS)
def test_every_posterior_trains_on_every_kind_of_bound(name, prior):
    x = binary(8)
    for objective in (
        kv.objectives.ELBO(2),
        kv.objectives.Renyi(0.5, 2),
        kv.objectives.IWAE(2, doubly_reparameterized=True),
    ):
        given = kv.priors.VampPrior(2, seed=0) if prior == "vamp" else prior
        model = small(posterior=KINDS[name](), prior=given, objective=objective)
        before = [weight.numpy() for weight in model.trainable_variables]
        model.compile(keras.optimizers.SGD(0.1), run_eagerly=True)
        assert np.isfinite(model.train_on_batch(x)).all()
        for old, weight in zip(before, model.trainable_variables, strict=True):
            assert np.isfinite(weight).all() and not np.array_equal(old, weight), weight.path


@pytest.mark.parametrize(
    "name",
    [
        "full_covariance",
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("flow", "Laplace")),
    ],
)
def test_fused_and_compiled_steps_take_every_posterior(name):
    objective = kv.objectives.IWAE(2, doubly_reparameterized=True)
    fused, single = (
        small(posterior=KINDS[name](), prior=kv.priors.VampPrior(2, seed=0), objective=objective)
        for _ in range(2)
    )
    fused.compile(keras.optimizers.SGD(0.1), steps_per_execution=2)
    single.compile(keras.optimizers.SGD(0.1))
    for model in (fused, single):
        model.fit(binary(8), batch_size=2, verbose=0)
    for ours, theirs in zip(fused.weights, single.weights, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", KINDS)
def test_a_trained_model_answers_and_comes_back_from_a_file(name, tmp_path):
    model, x = small(posterior=KINDS[name](), prior="mixture_of_gaussians"), binary(5)
    model.compile(run_eagerly=True)
    model.train_on_batch(x)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.get_config() == model.get_config()
    assert type(loaded.posterior) is type(model.posterior)
    np.testing.assert_array_equal(loaded.log_weights(x, 3), model.log_weights(x, 3))
    np.testing.assert_array_equal(loaded.reconstruct(x), model.reconstruct(x))
    parts, whole = model.encode(x, batch_size=2), model.encode(x)
    np.testing.assert_allclose(parts.mean(), whole.mean(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(parts.stddev(), whole.stddev(), rtol=1e-5)
    assert kv.activity.latent_activity(model.posterior_means(x)).shape == (3,)
    codes = kv.linear_probe.posterior_features(model, x, "samples")
    assert codes.shape == (5, 3) and np.isfinite(codes).all()


@pytest.mark.parametrize("name", ["full_covariance", pytest.param("flow", marks=pytest.mark.slow)])
def test_log_likelihoods_do_not_depend_on_memory(name):
    model, x = perturbed(small(posterior=KINDS[name]())), binary(3)
    whole = model.log_likelihood(x, 40)
    # Seven samples of an item at a time.
    budget = 7 * 16 * kv.models.importance.BYTES_PER_PIXEL * kv.models.importance.backend.threads()
    np.testing.assert_allclose(model.log_likelihood(x, 40, memory_budget=budget), whole, rtol=1e-5)


def test_a_flows_mean_and_deviation_are_estimated_in_parts(monkeypatch):
    """Of 64 samples of each item, those of a whole data set would not fit in memory."""
    model, x, rows = perturbed(small(posterior=flow())), binary(5), []
    whole, samples = model.posterior_parameters(x), distributions.GaussianFlow._samples

    def counted(self):
        rows.append(self.batch_shape[0])
        return samples(self)

    monkeypatch.setattr(distributions.GaussianFlow, "_samples", counted)
    for found, expected in zip(model.posterior_parameters(x, 2), whole, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert rows == [2, 2, 2, 2, 1, 1]


@pytest.mark.parametrize("saved", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_flow_is_exported(saved, tmp_path):
    model, x = small(posterior=flow()), binary(3)
    if saved:
        kv.export.save(model, tmp_path / "1")
        served = tf.saved_model.load(str(tmp_path / "1")).signatures
    else:
        # Of all that is traced and saved, what the flow has a part in.
        endpoints = kv.export.Endpoints(model)
        images = tf.TensorSpec((None, 4, 4), tf.float32, "images")
        served = {
            name: tf.function(getattr(endpoints, name), input_signature=signature)
            for name, signature in (
                ("encode", [images]),
                ("log_likelihood", [images, tf.TensorSpec((), tf.int32)]),
            )
        }
    codes = served["encode"](images=tf.constant(x))
    for name, value in zip(("loc", "scale"), model.posterior_parameters(x), strict=True):
        np.testing.assert_allclose(codes[name], value, rtol=1e-4, atol=1e-6)
    estimate = served["log_likelihood"](images=tf.constant(x), num_samples=tf.constant(20))
    seed = random.stream(model.seed, random.EVALUATION_NOISE)
    noise = tf.random.experimental.stateless_fold_in(seed, 0, alg="philox")
    expected = kv.objectives.IWAE(20).bound_of(model.log_terms(x, 20, noise))
    np.testing.assert_allclose(estimate["log_likelihood"], expected, rtol=1e-4)


def test_a_models_seed_decides_the_weights_of_a_posterior_given_by_name():
    first, same, other = (
        kv.VAE(latent_dim=2, hidden_units=3, event_shape=4, posterior=posterior, seed=seed)
        for posterior, seed in (
            ("inverse_autoregressive", 1),
            (InverseAutoregressiveFlow, 1),
            ("inverse_autoregressive", 2),
        )
    )
    assert all(map(np.array_equal, first.get_weights(), same.get_weights()))
    kernels = [model.posterior.networks[0].kernels[0].numpy() for model in (first, other)]
    assert not np.allclose(*kernels)
    # Steps start apart.
    networks = first.posterior.networks
    assert not np.allclose(networks[0].kernels[0], networks[1].kernels[0])


@keras.saving.register_keras_serializable("tests.posteriors")
class Mixed(Laplace):
    """Its codes are mixed by a layer that is built when it is first called."""

    def create_weights(self, latent_dim):
        self.mixing = keras.layers.Dense(latent_dim, dtype=self.dtype_policy)

    def make_distribution(self, loc, log_scale):
        return super().make_distribution(self.mixing(loc), log_scale)


def test_layers_of_a_posterior_of_ones_own_are_drawn_from_the_seed_and_saved(tmp_path):
    model = small(posterior=Mixed)
    np.testing.assert_array_equal(
        model.posterior.mixing.kernel, small(posterior=Mixed()).posterior.mixing.kernel
    )
    assert len(model.posterior.trainable_variables) == 2
    model.posterior.mixing.bias.assign([1.0, 2.0, 3.0])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.log_weights(binary(2), 2), model.log_weights(binary(2), 2))


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "float64"])
def test_flows_have_at_least_single_precision(dtype):
    model = small(posterior=flow(), prior="flow", dtype=dtype)
    expected = tf.float64 if dtype == "float64" else tf.float32
    terms = model.log_terms(binary(2), 2, STREAM)
    assert terms.log_posterior.dtype == terms.log_prior.dtype == model.sample(2).dtype == expected


def test_files_keep_the_heads_where_they_were(tmp_path):
    """So that models of versions without posteriors load."""
    h5py = pytest.importorskip("h5py")
    model = small()
    assert isinstance(model.posterior, kv.posteriors.DiagonalGaussian)
    model.save_weights(tmp_path / "model.weights.h5")
    with h5py.File(tmp_path / "model.weights.h5") as file:
        for place, head in (("dense", model.loc_head), ("dense_1", model.log_variance_head)):
            np.testing.assert_array_equal(file[f"layers/{place}/vars/0"], head.kernel)


def test_means_are_had_without_deviations(monkeypatch):
    model, x = small(posterior=flow()), binary(4)
    means, _ = model.posterior_parameters(x)
    monkeypatch.delattr(distributions.GaussianFlow, "_stddev")
    np.testing.assert_array_equal(model.posterior_means(x), means)


def test_flows_on_both_sides_train_in_half_precision_and_load(tmp_path):
    model, x = small(posterior=flow(), prior="flow", dtype="mixed_bfloat16"), binary(8)
    model.compile("sgd", run_eagerly=True)
    assert np.isfinite(model.fit(x, verbose=0).history["bound"][0])
    assert model.log_weights(x, 2).dtype == np.float32
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.log_weights(x, 2), model.log_weights(x, 2))

"""What every latent-variable model shares: training, evaluation and sampling."""

import types
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from keras_vae import objectives, random
from keras_vae._internal.backend import keras, tf
from keras_vae._internal.checks import check_image_shape, check_pixels, check_positive_integer
from keras_vae.models import compiled
from keras_vae.models.compiled import fused_train_function

# Name, among a saved model's own variables, of the steps made before it was last compiled.
STEPS_BEFORE = "steps_before_compile"


Images: TypeAlias = tf.Tensor | np.ndarray
# A tensor of shape (..., latent_dim), or a tuple of one a level, from the top down.
Codes: TypeAlias = tf.Tensor | tuple[tf.Tensor, ...]
# What Keras' `fit` calls with an iterator of batches.
TrainFunction = Callable[[Any], dict[str, tf.Tensor]]


class LatentVariableModel(keras.Model):
    """A `keras.Model` of p(x, z) with an approximate posterior q(z|x).

    Subclasses have a `likelihood` and `latent_dims`, and implement `encode`, `decode`, `prior`,
    `sample_prior` and `log_terms`.

    Arguments:
        objective: Training objective, as in `keras_vae.VAE`.
        image_shape: Shape of one image.
        seed: Integer from which weights and noise are drawn; None draws a fresh one.

    Attributes:
        latent_dims: Tuple of the latent dimensions of each stochastic level, from the top down.
        beta: Weight of the prior and posterior terms in the objective, a variable that
            `keras_vae.callbacks.WarmUp` sets. Reported bounds always use 1.
    """

    train_function: TrainFunction | None
    latent_dims: tuple[int, ...]

    def __init__(
        self, *, objective: Any, image_shape: Sequence[int], seed: int | None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        for size in image_shape:
            check_positive_integer(size, "image_shape")
        self.image_shape = tuple(int(size) for size in image_shape)
        self.objective = objectives.get(objective)
        self.seed = random.resolve_seed(seed)
        # Out of Keras' sight: `weights`, and with them stored runs, keep their layout.
        self._untracked = types.SimpleNamespace(
            steps_before=keras.Variable(0, dtype="int64", trainable=False, name=STEPS_BEFORE)
        )
        self.beta = self.add_weight(name="beta", shape=(), initializer="ones", trainable=False)
        self.trackers = {
            name: keras.metrics.Mean(name=name)
            for name in ("loss", "bound", "reconstruction", "kl")
        }

    def build(self, input_shape: Sequence[int | None] | None = None) -> None:
        """Checks the shape; all weights exist since construction.

        Raises:
            ValueError: If `input_shape` does not fit `image_shape`.
        """
        if input_shape is not None:
            check_image_shape(input_shape, self.image_shape)
        self.built = True

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """The loss, the bound, the expected log-likelihood and the KL, in nats per image."""
        return list(self.trackers.values())

    def compile(
        self, optimizer: Any = "adam", *, jit_compile: bool | str = "auto", **kwargs: Any
    ) -> None:
        """Prepares training. The objective is the model's own, so there is no `loss`.

        Where the model was trained before, training goes on with noise of its own: the new
        optimiser's steps are counted from the last step of the one before.

        Arguments:
            optimizer: Keras optimiser or its name.
            jit_compile: Whether to compile the step with XLA. "auto" does, except under a
                distribution strategy and when running eagerly, which exclude it.
            **kwargs: As in `keras.Model.compile`, for example `steps_per_execution`.

        Raises:
            ValueError: If a `loss` is given.
        """
        if kwargs.pop("loss", None) is not None:
            raise ValueError(
                "The loss is the negative bound of the model's `objective`; give that to the "
                "model's constructor and no `loss` to `compile()`."
            )
        if jit_compile == "auto":
            jit_compile = not (kwargs.get("run_eagerly") or tf.distribute.has_strategy())
        done = self._steps_done()
        super().compile(optimizer=optimizer, jit_compile=jit_compile, **kwargs)
        if done:
            self._untracked.steps_before.assign_add(done - self._steps_done())

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compiles a loaded model, as Keras does where `compile` is not overridden."""
        config = keras.saving.deserialize_keras_object(config)
        config.pop("loss_weights", None)
        self.compile(**config)
        self.optimizer.build(self.trainable_variables)

    def fit(
        self, x: Any = None, y: Any = None, *args: Any, validation_data: Any = None, **kwargs: Any
    ) -> keras.callbacks.History:
        """Trains, as `keras.Model.fit`; labels are ignored.

        Raises:
            ValueError: Before training, if images have the wrong shape, leave [0, 1], hold NaN
                or are grey under a binary likelihood. Of a dataset only the first batch is
                checked, of a generator none.
        """
        check_fit_data(x, self.check_images)
        if validation_data is not None:
            check_fit_data(validation_data, self.check_images)
        if isinstance(x, tf.data.Dataset):
            kwargs.setdefault("shuffle", False)
        return super().fit(x, y, *args, validation_data=validation_data, **kwargs)

    def evaluate(self, x: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Evaluates the bound, as `keras.Model.evaluate`, with the same noise each time."""
        if not kwargs.get("_use_cached_eval_dataset"):
            check_fit_data(x, self.check_images)
        return super().evaluate(x, *args, **kwargs)

    def make_train_function(self, force: bool = False) -> None:
        """Makes what `fit` calls: with XLA, all steps of an execution are one computation."""
        if self.train_function is None or force:
            super().make_train_function(force)
            # A subclass's own step may want the labels, which fused steps leave out.
            own_step = type(self).train_step is not LatentVariableModel.train_step
            separate = own_step or not self.jit_compile or tf.distribute.has_strategy()
            if self.steps_per_execution > 1 and not separate:
                fused = fused_train_function(self.train_step, self.steps_per_execution)
                self.train_function = _for_tf_data(fused, self.train_function)

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """One optimiser step on the negative bound; returns the running means."""
        images, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        step = _steps_of(self.optimizer) + self._untracked.steps_before
        seed = random.stream(self.seed, random.TRAINING_NOISE, step)
        with tf.GradientTape() as tape:
            terms = self.log_terms(images, self.objective.num_samples, seed, training=True)
            loss = -tf.reduce_mean(self.objective_bound(terms, self.beta))
            scaled_loss = self.optimizer.scale_loss(loss + sum(self.losses))
        variables = self.trainable_variables
        self.optimizer.apply(tape.gradient(scaled_loss, variables), variables)
        return self.update_trackers(loss, terms)

    def test_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Evaluates one batch at beta = 1; returns the running means."""
        images, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        # The count of images seen so far numbers the batches, without state of its own.
        seen = tf.cast(self.trackers["loss"].count, tf.int64)
        seed = random.stream(self.seed, random.EVALUATION_NOISE, seen)
        terms = self.log_terms(images, self.objective.num_samples, seed, training=False)
        return self.update_trackers(-tf.reduce_mean(self.objective_bound(terms)), terms)

    def objective_bound(
        self, terms: objectives.LogTerms, beta: float | tf.Tensor = 1.0
    ) -> tf.Tensor:
        """The objective's bound at some beta, shape (batch,)."""
        return self.objective.bound(terms.log_weights(beta, self.objective.analytic_kl))

    def update_trackers(self, loss: tf.Tensor, terms: objectives.LogTerms) -> dict[str, tf.Tensor]:
        """Adds a batch to the running means and returns them by name."""
        batch = tf.shape(terms.log_likelihood)[1]
        self.trackers["loss"].update_state(loss, sample_weight=batch)
        self.trackers["bound"].update_state(self.objective_bound(terms))
        self.trackers["reconstruction"].update_state(tf.reduce_mean(terms.log_likelihood, axis=0))
        self.trackers["kl"].update_state(terms.kl)
        return {name: tracker.result() for name, tracker in self.trackers.items()}

    def log_weights(self, x: Images, num_samples: int, seed: int | None = None) -> tf.Tensor:
        """Log importance weights `log p(x, z_k) - log q(z_k|x)`.

        Arguments:
            x: Images of shape (batch, *image_shape), in [0, 1].
            num_samples: Number of samples of q per image.
            seed: Integer; None uses the model's own, so that calls repeat.

        Returns:
            Tensor of shape (num_samples, batch), in nats.
        """
        check_positive_integer(num_samples, "num_samples")
        noise = self._evaluation_stream(seed)
        return self.log_terms(x, num_samples, noise, training=False).log_weights()

    def log_likelihood(
        self,
        x: Images,
        num_samples: int = 5000,
        seed: int | None = None,
        *,
        memory_budget: int | None = None,
        return_effective_sample_size: bool = False,
        verbose: int = 0,
    ) -> Any:
        """Importance-sampled log p(x): the importance-weighted bound with many samples.

        Warns if 100 samples or more are worth fewer than 10 for over a tenth of the images.

        Arguments:
            x: Array of images of shape (batch, *image_shape), in [0, 1].
            num_samples: Number of samples of q per image, drawn in chunks that fit in memory.
            seed: Integer; None uses the model's own, so that calls repeat.
            memory_budget: Bytes that the decoded images of one chunk may take; None for 128
                MiB. Other chunks draw other noise.
            return_effective_sample_size: Whether to return `(sum w)^2 / sum w^2` as well: how
                many equally weighted samples those of an image are worth.
            verbose: 1 shows a progress bar, 0 none.

        Returns:
            NumPy array of shape (batch,), in nats; or a tuple of it and the effective sample
            sizes, of the same shape, if asked for.

        Raises:
            ValueError: If images have the wrong shape or values, or num_samples or memory_budget
                is below 1.

        Reference: Burda et al. 2015, Section 5.
        """
        check_positive_integer(num_samples, "num_samples")
        budget = compiled.MEMORY_BUDGET if memory_budget is None else memory_budget
        check_positive_integer(budget, "memory_budget")
        self.check_images(x)
        noise, images = self._evaluation_stream(seed), np.asarray(x, "float32")
        estimates, effective = compiled.log_likelihood(
            self, images, num_samples, noise, budget, verbose
        )
        compiled.warn_of_few_effective_samples(effective, num_samples)
        return (estimates, effective) if return_effective_sample_size else estimates

    def sample(self, n: int, seed: int | None = None) -> tf.Tensor:
        """Draws images from the model.

        Arguments:
            n: Number of images.
            seed: Integer; None draws fresh images at each call.

        Returns:
            Tensor of shape (n, *image_shape): the means of p(x|z) for z drawn from the prior.
        """
        check_positive_integer(n, "n")
        noise = random.stream(random.resolve_seed(seed), random.GENERATION)
        return self.decode(self.sample_prior(n, noise)).mean()

    def reconstruct(self, x: Images, batch_size: int | None = None) -> tf.Tensor:
        """Decodes the posterior's mean.

        Arguments:
            x: Images of shape (batch, *image_shape), in [0, 1].
            batch_size: Images that pass through the networks at a time; None for all.

        Returns:
            Tensor of shape (batch, *image_shape): the mean of p(x|z) at the mean of q(z|x).

        Raises:
            ValueError: If the images have another shape, or `batch_size` is below 1.
        """
        return self._in_batches(lambda part: self(part, training=False), x, batch_size)

    def posterior_means(self, x: Images, batch_size: int | None = None) -> tf.Tensor:
        """The means of q(z|x) as one matrix, for measures of single latent dimensions.

        With several levels they stand side by side, from the top down: each level's mean given the
        means above it. A mean over samples of those would add their noise to a measure of activity.

        Arguments:
            x: Images of shape (batch, *image_shape), in [0, 1].
            batch_size: Images that pass through the networks at a time; None for all.

        Returns:
            Tensor of shape (batch, sum of latent_dims).

        Raises:
            ValueError: If the images have another shape, or `batch_size` is below 1.
        """
        return self.posterior_parameters(x, batch_size)[0]

    def posterior_parameters(
        self, x: Images, batch_size: int | None = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Means and standard deviations of q(z|x) as two matrices.

        Arguments:
            x: Images of shape (batch, *image_shape), in [0, 1].
            batch_size: Images that pass through the networks at a time; None for all.

        Returns:
            Two tensors of shape (batch, sum of latent_dims), several levels as in
            `posterior_means`.

        Raises:
            ValueError: If the images have another shape, or `batch_size` is below 1.
        """
        posterior = self.encode(x, batch_size=batch_size)
        return posterior.mean(), posterior.stddev()

    def split_levels(self, codes: tf.Tensor) -> Codes:
        """Codes as `decode` takes them, from a matrix with the levels side by side.

        Arguments:
            codes: Tensor of shape (..., sum of latent_dims), from the top level down.

        Returns:
            The tensor itself; a tuple of one a level where the model has several.
        """
        return codes

    def check_images(self, images: np.ndarray) -> None:
        """Raises `ValueError` unless an array of images is one this model can be trained on."""
        check_image_shape(images.shape, self.image_shape)
        check_pixels(images)
        self.likelihood.check_support(images)

    def log_terms(
        self, x: Images, num_samples: int, seed: tf.Tensor, training: bool = False
    ) -> objectives.LogTerms:
        """Samples q(z|x) and returns the `LogTerms` there."""
        raise NotImplementedError

    def _in_batches(
        self, function: Callable[[Images], Any], x: Images, batch_size: int | None
    ) -> Any:
        """Tensors that a function makes of images, all at once or `batch_size` at a time."""
        if batch_size is None:
            return function(x)
        check_positive_integer(batch_size, "batch_size")
        check_image_shape(np.shape(x), self.image_shape)
        starts = range(0, max(len(x), 1), batch_size)
        parts = [function(x[start : start + batch_size]) for start in starts]
        return tf.nest.map_structure(lambda *values: tf.concat(values, axis=0), *parts)

    def save_own_variables(self, store: dict[str, np.ndarray]) -> None:
        super().save_own_variables(store)
        if steps_before := int(self._untracked.steps_before):
            store[STEPS_BEFORE] = np.array(steps_before)

    def load_own_variables(self, store: dict[str, np.ndarray]) -> None:
        # Keras' store of an HDF5 file has keys, and is no mapping.
        store = {name: store[name] for name in store.keys()}  # noqa: SIM118
        self._untracked.steps_before.assign(np.array(store.pop(STEPS_BEFORE, 0)))
        super().load_own_variables(store)

    def _steps_done(self) -> int:
        """Number of training steps so far, under all optimisers; 0 before the first `compile`."""
        if getattr(self, "optimizer", None) is None:
            return 0
        return int(self._untracked.steps_before) + int(_steps_of(self.optimizer))

    def _evaluation_stream(self, seed: int | None) -> tf.Tensor:
        return random.stream(
            self.seed if seed is None else random.resolve_seed(seed), random.EVALUATION_NOISE
        )

    def _as_images(self, x: Images) -> tf.Tensor:
        images = tf.cast(tf.convert_to_tensor(x), self.compute_dtype)
        check_image_shape(images.shape, self.image_shape)
        return images


def check_fit_data(data: Any, check_images: Callable[[np.ndarray], None]) -> None:
    """Applies `check_images` to an array, or to the first batch of a dataset.

    Arguments:
        data: What `fit` takes as `x` or `validation_data`.
        check_images: Function that takes a NumPy array and raises if it is unusable.
    """
    if isinstance(data, tf.data.Dataset):
        data = next(iter(data.take(1)), None)
    elif isinstance(data, keras.utils.PyDataset):
        data = data[0]
    if isinstance(data, (tuple, list)) and len(data) and hasattr(data[0], "shape"):
        data = data[0]
    if data is not None and hasattr(data, "shape"):
        check_images(np.asarray(data))


def _steps_of(optimizer: keras.optimizers.Optimizer) -> keras.Variable:
    """The variable that counts an optimiser's training steps.

    `iterations` counts updates, of which gradient accumulation makes one from several steps.
    """
    while isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        optimizer = optimizer.inner_optimizer
    return optimizer._iterations


def _for_tf_data(train_function: TrainFunction, otherwise: Any) -> TrainFunction:
    """`train_function` for `tf.data` iterators; `train_on_batch` hands over a generator."""

    def choose(iterator: Any) -> Any:
        return (train_function if isinstance(iterator, tf.data.Iterator) else otherwise)(iterator)

    return choose

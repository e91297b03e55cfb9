"""What every latent-variable model shares: training and evaluation."""

import types
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from keras_vae import objectives, posteriors, priors, random
from keras_vae._internal.backend import keras, tf, tfd
from keras_vae._internal.checks import as_sizes, check_data_shape
from keras_vae.models import fitting, xla
from keras_vae.models.fused_steps import TrainFunction, for_tf_data, fused_train_function
from keras_vae.models.given_networks import name_by_part
from keras_vae.models.inference import Inference
from keras_vae.models.inputs import Data
from keras_vae.models.saving import STEPS_BEFORE, Saving

DEFAULT_SHAPE = (28, 28)
# What a model's layers were built for.
SIZES = ("event_shape", "condition_shape", "latent_dim", "latent_dims")
# What `compile` of Keras takes and a bound has no use for.
NOT_COMPILED = ("loss", "loss_weights", "metrics", "weighted_metrics")


class LatentVariableModel(Saving, Inference, keras.Model):
    """A `keras.Model` of p(x, z) with an approximate posterior q(z|x).

    Subclasses have a `likelihood` and `latent_dims`, and implement `encode`, `decode`, `prior`,
    `sample_prior` and `log_terms`.

    Arguments:
        objective: Training objective, as in `keras_vae.VAE`.
        image_shape: Shape of one item, a tuple; an integer is a tuple of one.
        condition_shape: Shape of the condition of one item, as in `keras_vae.VAE`.
        seed: Integer from which weights and noise are drawn; None draws a fresh one.

    Attributes:
        latent_dims: Tuple of the latent dimensions of each stochastic level, from the top down.
        beta: Weight of prior and posterior in the objective, a variable that
            `keras_vae.callbacks.WarmUp` sets. Reported bounds always use 1.
        seed: Integer that noise is drawn from; compiled steps take another that is assigned.
        draw_normal: Function of a shape, a seed and a type by which the noise of training and
            evaluation is drawn, such as `keras_vae.random.box_muller`; None for the usual one. It
            is not saved with the model.
    """

    train_function: TrainFunction | None
    test_function: Any
    predict_function: Any
    latent_dims: tuple[int, ...]
    draw_normal: Callable[..., tf.Tensor] | None = None

    def __init__(
        self,
        *,
        objective: Any,
        image_shape: int | Sequence[int],
        seed: int | None,
        condition_shape: int | Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.event_shape = as_sizes(image_shape, "image_shape")
        if not self.event_shape:
            raise ValueError("`image_shape` has no axis. Items that are single numbers have (1,).")
        if condition_shape is not None:
            self.condition_shape = as_sizes(condition_shape, "condition_shape")
        if self.variable_dtype in ("float16", "bfloat16"):
            raise ValueError(
                f"Weights of type {self.variable_dtype!r} would lose most updates to rounding. Use "
                f"`dtype='mixed_{self.variable_dtype}'`, which keeps them in float32."
            )
        # Half precision would lose whole nats of a sum over pixels.
        self.density_dtype = keras.backend.result_type(self.compute_dtype, "float32")
        # Out of Keras' sight: `weights`, and with them stored runs, keep their layout.
        self._untracked = types.SimpleNamespace(
            steps_before=keras.Variable(0, dtype="int64", trainable=False, name=STEPS_BEFORE),
            seed=keras.Variable(0, dtype="int64", trainable=False, name="seed"),
        )
        self.seed = random.resolve_seed(seed)
        self.objective = objective
        self.beta = self.add_weight(name="beta", shape=(), initializer="ones", trainable=False)
        names = ("loss", "bound", "reconstruction", "kl")
        self.trackers = {name: keras.metrics.Mean(name=name) for name in names}

    def _build_densities(
        self,
        features: int | tuple[int, ...],
        latent_dim: int,
        encode: Callable[[Data], tfd.Distribution],
        **head_arguments: Any,
    ) -> None:
        """Builds the likelihood upon the decoder's features and the prior of the top level."""
        for name, part in (("likelihood", self.likelihood), ("prior", self.prior_layer)):
            part.dtype_policy = self.density_dtype
            name_by_part(part, name)
        priors.check_no_conditions(self.prior_layer, self.condition_shape)
        self.likelihood.build_heads(features, self.event_shape, **head_arguments)
        self.prior_layer.build_for(latent_dim, self.event_shape, self.likelihood)
        self.prior_layer.check_weights(encode, self.variables)
        self.built = True

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Shape of one item."""
        return self.event_shape

    @property
    def seed(self) -> int:
        return self._untracked.seed_value

    @seed.setter
    def seed(self, value: int) -> None:
        self._untracked.seed_value = random.resolve_seed(value)
        self._untracked.seed.assign(value)

    @property
    def objective(self) -> objectives.Objective:
        """The training objective; where another is assigned, the next `fit` compiles anew."""
        return self._untracked.objective

    @objective.setter
    def objective(self, value: Any) -> None:
        objective = objectives.get(value)
        self.check_objective(objective)
        self._untracked.objective = objective
        self.train_function = self.test_function = None

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuses another layer or size in the place of one: it would be lost in a saved model.

        Raises:
            AttributeError: If the model has a layer of that name, or it is one of its sizes.
        """
        if name == "draw_normal":
            # Steps that are compiled already would go on as before.
            self.train_function = self.test_function = None
        current = vars(self).get(name) if vars(self).get("built") else None
        if name in SIZES and current is not None and value != current:
            raise AttributeError(
                f"A model keeps its {name!r}, {current}. Received: {value}. Give another to the "
                "constructor of a new model."
            )
        if isinstance(current, keras.layers.Layer) and value is not current:
            raise AttributeError(
                f"A model keeps its {name!r}: another would be trained and not be saved. Give "
                "it to the constructor of a new model; `set_weights` copies weights."
            )
        super().__setattr__(name, value)

    def build(self, input_shape: Sequence[int | None] | None = None) -> None:
        """Checks the shape; all weights exist since construction.

        Raises:
            ValueError: If `input_shape` does not fit `event_shape`.
        """
        if input_shape is not None:
            shapes: Any = [input_shape] if self.condition_shape is None else input_shape
            for given, wanted in zip(shapes, self.input_shapes, strict=True):
                check_data_shape(given, wanted)
        self.built = True

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """Running means over items, in nats.

        `bound` is the objective's bound on log p(x) at beta = 1; `reconstruction` is the mean of
        log p(x|z) over samples of q, and `kl` is KL(q || p). For the ELBO the bound is
        `reconstruction - kl`; bounds of several samples, such as `IWAE`, are above that. `loss`
        is the negative objective that is trained, with its beta, and the history has it as well.
        """
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
                distribution strategy and when running eagerly, which exclude it, and where there
                are convolutions and no GPU: on a processor XLA's are slow.
            **kwargs: As in `keras.Model.compile`, for example `steps_per_execution`, which is 1
                under a distribution strategy.

        Raises:
            ValueError: If a `loss` or `metrics` are given.
        """
        for name in NOT_COMPILED:
            if kwargs.pop(name, None) is not None:
                raise ValueError(
                    f"Give `compile()` no `{name}`: the loss is the negative bound of the model's "
                    "`objective`, which its constructor takes, and the bound and its parts are its "
                    "metrics. Measure anything else in a callback."
                )
        distributed = tf.distribute.has_strategy()
        if jit_compile == "auto":
            excluded = kwargs.get("run_eagerly") or distributed
            jit_compile = not excluded and not xla.convolves_without_gpu(self)
        if distributed and kwargs.get("steps_per_execution", 1) != 1:
            warnings.warn(
                "Keras runs single steps only under a distribution strategy: "
                f"`steps_per_execution={kwargs['steps_per_execution']}` is taken as 1.",
                RuntimeWarning,
                stacklevel=2,
            )
            kwargs["steps_per_execution"] = 1
        done = self._steps_done()
        super().compile(optimizer=optimizer, jit_compile=jit_compile, **kwargs)
        if done:
            self._untracked.steps_before.assign_add(done - self._steps_done())

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compiles a loaded model, as Keras does where `compile` is not overridden."""
        config = keras.saving.deserialize_keras_object(config)
        self.compile(**config)
        self.optimizer.build(self.trainable_variables)

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Any = None,
        sample_weight: Any = None,
        **kwargs: Any,
    ) -> keras.callbacks.History:
        """Trains, as `keras.Model.fit`.

        In a model with conditions `x` is a pair (x, condition), as Keras has several inputs; in a
        dataset, or as `validation_data`, it is `((x, condition),)` or `((x, condition), labels)`.

        Labels serve only `class_weight`. Arrays are shuffled by the model's `seed` and the
        number of steps so far, so that the same seed gives the same numbers. With weights the loss
        is `sum_i w_i loss_i / batch size`, as in Keras, and metrics are weighted means.

        The `loss` of the logs is the objective's alone: losses that layers add, such as those of
        regularisers, are minimised with it but not logged.

        Raises:
            ValueError: Before training, if the data have the wrong shape, hold NaN or have no
                density under the likelihood. Of a dataset only the first batch is checked, of a
                generator none.
        """
        x, y, sample_weight = fitting.with_arrays((x, y, sample_weight))
        x = fitting.of_list(x)
        if class_weight is not None and y is None and fitting.is_arrays(x):
            raise ValueError("`class_weight` needs labels: `fit(x, labels, class_weight=...)`.")
        for data in (x, fitting.without_labels(validation_data)):
            fitting.check_first_batch(data, self.check_fit)
        if fitting.is_arrays(x) and validation_split and validation_data is None:
            (x, y, sample_weight), validation_data = fitting.split_off(
                (x, y, sample_weight), validation_split
            )
        y = fitting.labels(x, y, sample_weight)
        if isinstance(validation_data, (tuple, list)) and len(validation_data) == 3:
            held_out, labels, weights = validation_data
            validation_data = held_out, fitting.labels(held_out, labels, weights), weights
        in_memory = fitting.is_arrays(x) and kwargs.get("steps_per_epoch") is None
        # Of a model that is not compiled Keras says so.
        if shuffle is True and in_memory and self.compiled:
            arrays = keras.utils.pack_x_y_sample_weight(x, y, sample_weight)
            x = fitting.shuffled_batches(arrays, batch_size, self.seed, self._steps_done)
            y = sample_weight = batch_size = None
            shuffle = False
        if isinstance(x, tf.data.Dataset):
            shuffle = False
        fitting.set_directions(callbacks)
        return super().fit(
            x,
            y,
            batch_size=batch_size,
            epochs=epochs,
            verbose=verbose,
            callbacks=fitting.with_progress(callbacks, verbose),
            validation_data=validation_data,
            shuffle=shuffle,
            class_weight=class_weight,
            sample_weight=sample_weight,
            **kwargs,
        )

    def evaluate(self, x: Any = None, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Evaluates the bound, as `keras.Model.evaluate`, with the same noise each time."""
        y = fitting.labels(x, y, kwargs.get("sample_weight"))
        if not kwargs.get("_use_cached_eval_dataset"):
            fitting.check_first_batch(x, self.check_fit)
        return super().evaluate(x, y, *args, **kwargs)

    def predict(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """Reconstructs, as `keras.Model.predict`; data are checked as `reconstruct` does."""
        x = fitting.of_list(x)
        fitting.check_first_batch(x, lambda data: self.check_inputs(*self.split_inputs(data)))
        return super().predict(x, *args, **kwargs)

    def make_train_function(self, force: bool = False) -> None:
        """Makes what `fit` calls: with XLA, all steps of an execution are one computation."""
        if self.train_function is None or force:
            if self.optimizer is not None and not self.optimizer.built:
                # Where a step makes its optimiser's variables, TensorFlow traces the step twice.
                with self.distribute_strategy.scope():
                    self.optimizer.build(self.trainable_variables)
            super().make_train_function(force)
            # A subclass's own step may want the labels, which fused steps leave out.
            own_step = type(self).train_step is not LatentVariableModel.train_step
            separate = own_step or not self.jit_compile or tf.distribute.has_strategy()
            separate = separate or xla.convolves_without_gpu(self)
            if self.steps_per_execution > 1 and not separate:
                fused = fused_train_function(self.train_step, self.steps_per_execution)
                self.train_function = for_tf_data(fused, self.train_function)
            self.train_function = xla.explained(self.train_function)

    def make_test_function(self, force: bool = False) -> None:
        if self.test_function is None or force:
            super().make_test_function(force)
            self.test_function = xla.explained(self.test_function)

    def make_predict_function(self, force: bool = False) -> None:
        if self.predict_function is None or force:
            super().make_predict_function(force)
            self.predict_function = xla.explained(self.predict_function)

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        """One optimiser step on the negative bound; returns the running means."""
        x, weights, given = self._unpack(data)
        step = fitting.steps_of(self.optimizer) + self._untracked.steps_before
        seed = fitting.noise_of_step(self, random.TRAINING_NOISE, step, x)
        # Layers' own losses are those of all calls in this step, and of no other.
        self._get_call_context()
        try:
            with tf.GradientTape() as tape:
                terms = self.log_terms(x, self.objective.num_samples, seed, training=True, **given)
                loss = -fitting.weighted_mean(self.objective_bound(terms, self.beta), weights)
                replicas = tf.distribute.get_strategy().num_replicas_in_sync
                scaled_loss = self.optimizer.scale_loss(loss + sum(self.losses))
                # The strategy adds up the replicas' gradients.
                scaled_loss = scaled_loss / replicas if replicas > 1 else scaled_loss
        finally:
            self._maybe_reset_call_context()
        variables = self.trainable_variables
        self.optimizer.apply(tape.gradient(scaled_loss, variables), variables)
        return self.update_trackers(loss, terms, weights)

    def test_step(self, data: Any) -> dict[str, tf.Tensor]:
        """Evaluates one batch at beta = 1; returns the running means."""
        x, weights, given = self._unpack(data)
        # The count of items seen so far numbers the batches, without state of its own.
        seen = tf.cast(self.trackers["loss"].count, tf.int64)
        seed = fitting.noise_of_step(self, random.EVALUATION_NOISE, seen, x)
        terms = self.log_terms(x, self.objective.num_samples, seed, training=False, **given)
        return self.update_trackers(
            -fitting.weighted_mean(self.objective_bound(terms), weights), terms, weights
        )

    def objective_bound(
        self, terms: objectives.LogTerms, beta: float | tf.Tensor = 1.0
    ) -> tf.Tensor:
        """The objective's bound at some beta, shape (batch,)."""
        return self.objective.bound_of(terms, beta)

    def update_trackers(
        self, loss: tf.Tensor, terms: objectives.LogTerms, weights: tf.Tensor | None = None
    ) -> dict[str, tf.Tensor]:
        """Adds a batch to the running means and returns them by name."""
        batch = tf.shape(terms.log_likelihood)[1]
        reconstruction = tf.reduce_mean(terms.log_likelihood, axis=0)
        self.trackers["loss"].update_state(loss, sample_weight=batch)
        self.trackers["bound"].update_state(self.objective.reported_bound(terms), weights)
        self.trackers["reconstruction"].update_state(reconstruction, weights)
        self.trackers["kl"].update_state(terms.kl, weights)
        return {name: tracker.result() for name, tracker in self.trackers.items()}

    def check_objective(self, objective: objectives.Objective) -> None:
        """Raises `ValueError` if this model cannot be trained on an objective."""

    def log_terms(
        self, x: Any, num_samples: int, seed: posteriors.Noise, training: bool = False
    ) -> objectives.LogTerms:
        """Samples q(z|x), by a seed or by noise `Drawn` before; returns the `LogTerms` there."""
        raise NotImplementedError

    def _steps_done(self) -> int:
        """Number of training steps so far, under all optimisers; 0 before the first `compile`."""
        if getattr(self, "optimizer", None) is None:
            return 0
        counts = (self._untracked.steps_before, fitting.steps_of(self.optimizer))
        return sum(int(tf.convert_to_tensor(count.value)) for count in counts)

"""SavedModels and TensorFlow Lite files, which need neither this package nor TFP.

    keras_vae.export.save(model, "served/digits/1")

writes TensorFlow Serving's layout (a folder a version) with the signatures

| signature | inputs | outputs |
|---|---|---|
| `encode` | images (B, ...) | loc, scale (B, D) of q(z given x) |
| `decode` | z (B, D) | images (B, ...), means of p(x given z) |
| `reconstruct` | images | images, decoded from loc |
| `sample` | n, seed: integers | images (n, ...) from the prior |
| `log_likelihood` | images, num_samples: an integer | log_likelihood (B,), in nats |

Images are float32, as the model takes them. Where those are pixels in [0, 1], `encode_uint8`,
`reconstruct_uint8` and `log_likelihood_uint8` take 8-bit ones and divide them by 255. A
`HierarchicalVAE`'s levels stand side by side in D, from the top down, and loc and scale of each
are those given the means above it.

Signatures of a model with conditions have the input `condition` (B, ...) as well, float32; that of
`sample` has n entries, or one for all.

`save_tflite` writes the first three as a TensorFlow Lite file, and tf2onnx converts those of a
SavedModel to ONNX.

The log-likelihood's noise is not that of the model's own method, which XLA draws: the two agree
within the error of an estimate.
"""

import contextlib
import math
import os
import pathlib
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from typing import Any

import filelock
import numpy as np

from keras_vae import random
from keras_vae._internal.backend import captured_stderr, tf
from keras_vae.activations import convertible
from keras_vae.likelihoods.pixels import PIXELS
from keras_vae.models import LatentVariableModel
from keras_vae.models.importance import BYTES_PER_PIXEL, MEMORY_BUDGET
from keras_vae.models.inputs import given

# In a folder that is being written.
LOCK = "lock"
WITH_IMAGES = ("encode", "reconstruct", "log_likelihood")
# Without random numbers, which TensorFlow Lite and ONNX have none of that are ours.
ON_DEVICES = ("encode", "decode", "reconstruct")


def save(model: LatentVariableModel, path: str | os.PathLike[str]) -> pathlib.Path:
    """Writes a model as a SavedModel with the signatures that this module describes.

    Arguments:
        model: `keras_vae.VAE` or `keras_vae.HierarchicalVAE`, with any prior and likelihood.
        path: Folder to write, which must not exist yet; for TensorFlow Serving the name
            of the model followed by a number, its version.

    Returns:
        `pathlib.Path` of the folder, which is complete or absent.

    Raises:
        TypeError: If it is no such model.
        ValueError: If the model has no weights yet.
        FileExistsError: If the path exists.
    """
    with _place(model, path) as written:
        module = Endpoints(model)
        tf.saved_model.save(module, str(written), signatures=module.signatures())
    return pathlib.Path(path)


def save_tflite(model: LatentVariableModel, path: str | os.PathLike[str]) -> pathlib.Path:
    """Writes `encode`, `decode` and `reconstruct` as one TensorFlow Lite (LiteRT) file.

    Arguments:
        model: As in `save`.
        path: File to write, which must not exist yet.

    Returns:
        `pathlib.Path` of the file, which is complete or absent.

    Raises:
        TypeError, ValueError, FileExistsError: As `save`.
        ValueError: Also if TensorFlow Lite cannot take the model, such as one in float64.

    Warns if TensorFlow Lite, tried out with random numbers, disagrees with the model.

    Example:
        keras_vae.export.save_tflite(model, "digits.tflite")
        runner = tf.lite.Interpreter("digits.tflite").get_signature_runner("encode")
        loc = runner(images=images)["loc"]
    """
    with _place(model, path) as written:
        module, saved = Endpoints(model), str(written.parent / "saved_model")
        signatures = module.signatures(*ON_DEVICES)
        tf.saved_model.save(module, saved, signatures=signatures)
        converter = tf.lite.TFLiteConverter.from_saved_model(saved, signature_keys=list(ON_DEVICES))
        try:
            with captured_stderr():
                converted = converter.convert()
        except Exception as error:
            # What it prints, and its message, are pages of the compiler's own language.
            needs = (
                f"It computes in {model.compute_dtype}, and float32 is needed: give the weights to "
                "`type(model).from_config({**model.get_config(), 'dtype': 'float32'})`."
                if model.compute_dtype != "float32"
                else "It lacks something that a network needs; recurrent layers need `unroll=True`."
            )
            raise ValueError(f"TensorFlow Lite cannot take this model. {needs}") from error
        written.write_bytes(converted)
        _warn_if_other_numbers(signatures, converted)
    return pathlib.Path(path)


def _warn_if_other_numbers(signatures: dict[str, Any], converted: bytes) -> None:
    """Warns if TensorFlow Lite, as it is here, computes other numbers than the model.

    It does where a convolution's strides are longer than its kernel: with padding "same" its
    XNNPACK takes other pixels (seen in TensorFlow 2.21).
    """
    if not hasattr(tf.lite, "Interpreter"):
        return
    generator = np.random.default_rng(0)
    with warnings.catch_warnings(), captured_stderr():
        # It is to move to a package of its own.
        warnings.simplefilter("ignore")
        interpreter = tf.lite.Interpreter(model_content=converted)
    for name, function in signatures.items():
        inputs = {
            spec.name: generator.random((2, *spec.shape[1:]), dtype=np.float32)
            for spec in tf.nest.flatten(function.structured_input_signature)
        }
        with captured_stderr():
            found = interpreter.get_signature_runner(name)(**inputs)
        expected = function(*map(tf.constant, inputs.values()))
        for key, values in expected.items():
            # Single ones may differ by more: categories whose probabilities are equal.
            alike = np.isclose(found[key], values, rtol=1e-2, atol=1e-3, equal_nan=True)
            if alike.mean() < 0.99:
                warnings.warn(
                    f"TensorFlow Lite computes other numbers than this model: `{key}` of `{name}` "
                    f"by up to {np.abs(found[key] - values).max():.2g}. It is known to err where "
                    "a convolution with padding 'same' has strides longer than its kernel.",
                    RuntimeWarning,
                    stacklevel=3,
                )
                return


@contextlib.contextmanager
def _place(model: Any, path: str | os.PathLike[str]) -> Iterator[pathlib.Path]:
    """Where to write a model, which is put in its place afterwards, if nothing failed."""
    if not isinstance(model, LatentVariableModel):
        raise TypeError(f"Expected a model of keras_vae. Received: {type(model).__name__}.")
    if not model.built or not model.weights:
        raise ValueError("This model has no weights yet: build it, or train it, before exporting.")
    path = pathlib.Path(path)
    if path.exists():
        raise FileExistsError(f"{path} exists. Name another path, or another version's number.")
    path.parent.mkdir(parents=True, exist_ok=True)
    with _folder_beside(path) as temporary:
        yield temporary / "model"
        _put(temporary / "model", path)


@contextlib.contextmanager
def _folder_beside(path: pathlib.Path) -> Iterator[pathlib.Path]:
    """A temporary folder; removes those that killed processes left beside the same path."""
    for left in path.parent.glob(f".{path.name}.*/{LOCK}"):
        with contextlib.suppress(filelock.Timeout, OSError), filelock.FileLock(left, timeout=0):
            shutil.rmtree(left.parent)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as temporary:
        folder = pathlib.Path(temporary)
        # The lock goes with the process, however that ends.
        with filelock.FileLock(folder / LOCK):
            yield folder


def _put(written: pathlib.Path, path: pathlib.Path) -> None:
    """Gives a folder or a file its place, unless something has appeared there meanwhile."""
    try:
        # Renaming would replace another file.
        os.link(written, path) if written.is_file() else written.rename(path)
    except OSError as error:
        if path.exists():
            raise FileExistsError(f"{path} exists by now: it was made meanwhile.") from error
        raise


class Endpoints(tf.Module):
    """A model's functions that take only tensors, as TensorFlow saves them.

    Arguments:
        model: `LatentVariableModel`.
    """

    def __init__(self, model: LatentVariableModel) -> None:
        super().__init__()
        # Keras' own objects would need Keras to be loaded.
        self.tensors = [variable.value for variable in model.weights]
        self._model = _Hidden(model)
        self.latent_dim = sum(model.latent_dims)

    def signatures(self, *names: str) -> dict[str, Any]:
        """Concrete functions by the name of their signature: those that are named, or all."""
        shape = self._model.it.image_shape
        float_images = tf.TensorSpec((None, *shape), tf.float32, "images")
        byte_images = tf.TensorSpec((None, *shape), tf.uint8, "images")
        integer = [tf.TensorSpec((), tf.int32, name) for name in ("n", "seed")]
        num_samples = tf.TensorSpec((), tf.int32, "num_samples")
        codes = tf.TensorSpec((None, self.latent_dim), tf.float32, "z")
        conditions = [
            tf.TensorSpec((None, *shape), tf.float32, "condition")
            for shape in self._model.it.input_shapes[1:]
        ]
        specs = {"decode": [codes, *conditions], "sample": [*integer, *conditions]}
        for name in WITH_IMAGES:
            rest = [*([num_samples] if name == "log_likelihood" else []), *conditions]
            specs[name] = [float_images, *rest]
            if self._model.it.likelihood.interval == PIXELS:
                specs[f"{name}_uint8"] = [byte_images, *rest]
        with convertible():
            return {
                name: self._function(name).get_concrete_function(*specs[name])
                for name in names or specs
            }

    def encode(self, images: tf.Tensor, condition: tf.Tensor | None = None) -> dict[str, tf.Tensor]:
        loc, scale = self._model.it.posterior_parameters(images, **given(condition))
        return {"loc": loc, "scale": scale}

    def decode(self, z: tf.Tensor, condition: tf.Tensor | None = None) -> dict[str, tf.Tensor]:
        model = self._model.it
        decoded = model.decode(model.split_levels(z), **given(condition))
        return {"images": model.likelihood.expected(decoded)}

    def reconstruct(
        self, images: tf.Tensor, condition: tf.Tensor | None = None
    ) -> dict[str, tf.Tensor]:
        return {"images": self._model.it.reconstruct(images, **given(condition))}

    def sample(
        self, n: tf.Tensor, seed: tf.Tensor, condition: tf.Tensor | None = None
    ) -> dict[str, tf.Tensor]:
        model = self._model.it
        codes = model.sample_prior(n, random.stream(seed, random.GENERATION))
        if condition is not None:
            one_for_all = tf.shape(condition)[:1] == 1
            count = tf.where(one_for_all, n, 1)
            condition = tf.repeat(condition, count, axis=0)
        return {"images": model.likelihood.expected(model.decode(codes, **given(condition)))}

    def log_likelihood(
        self, images: tf.Tensor, num_samples: tf.Tensor, condition: tf.Tensor | None = None
    ) -> dict[str, tf.Tensor]:
        """Importance-sampled, the images together and in chunks of samples; the noise is fixed."""
        model = self._model.it
        seed = random.stream(model.seed, random.EVALUATION_NOISE)
        width = math.prod(model.image_shape) * BYTES_PER_PIXEL
        count = tf.shape(images, out_type=tf.int64)[0]
        chunk = tf.cast(MEMORY_BUDGET // (width * tf.maximum(count, 1)), tf.int32)
        chunk = tf.maximum(chunk, 1)

        def add_chunk(
            index: tf.Tensor, done: tf.Tensor, total: tf.Tensor
        ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
            size = tf.minimum(chunk, num_samples - done)
            noise = tf.random.experimental.stateless_fold_in(seed, index, alg="philox")
            terms = model.log_terms(images, size, noise, training=False, **given(condition))
            weights = terms.log_weights()
            both = tf.stack([total, tf.cast(tf.reduce_logsumexp(weights, axis=0), total.dtype)])
            return index + 1, done + size, tf.reduce_logsumexp(both, axis=0)

        nothing = tf.fill(tf.shape(images)[:1], -float("inf"))
        with tf.control_dependencies([tf.debugging.assert_positive(num_samples)]):
            _, _, total = tf.while_loop(
                lambda index, done, total: done < num_samples, add_chunk, (0, 0, nothing)
            )
        return {"log_likelihood": total - tf.math.log(tf.cast(num_samples, tf.float32))}

    def _function(self, name: str) -> Any:
        function = getattr(self, name.removesuffix("_uint8"))
        if not name.endswith("_uint8"):
            # Arguments that are left out would have a place in the signature.
            return tf.function(lambda *tensors: function(*tensors), autograph=False)

        def of_bytes(images: tf.Tensor, *rest: tf.Tensor) -> dict[str, tf.Tensor]:
            return function(tf.cast(images, tf.float32) / 255.0, *rest)

        return tf.function(of_bytes, autograph=False)


class _Hidden:
    """Holds a model where TensorFlow does not look for what to save."""

    def __init__(self, it: LatentVariableModel) -> None:
        self.it = it

"""Writes an explorer: a page whose decoders, of trained models, run in the visitor's browser.

Weights are 16-bit integers with one scale an output, inside the page. What the page's script
computes from them is computed here too, and compared with the model, before the page is written.
"""

import base64
import dataclasses
import io
import os
import pathlib
from collections.abc import Iterable
from typing import Any

import jinja2
import numpy as np
import numpy.typing as npt
from PIL import Image

import keras_vae as kv
from keras_vae import UserError, activity, datasets, likelihoods
from keras_vae._internal.backend import keras
from keras_vae._internal.files import JsonObject, atomic_write, encode_text, require_no_other
from keras_vae.experiments.runs.model_files import digest, load_model_file, read_records
from keras_vae.models import LatentVariableModel
from keras_vae.networks import DenseStack
from keras_vae.priors import StandardNormal

TITLE = "keras_vae: latent spaces to explore"
MARK = f"<title>{TITLE}</title>"
# Those that the page's script knows by these names.
ACTIVATIONS = ("elu", "linear", "relu", "sigmoid", "silu", "softplus", "softsign", "tanh")
# Test images in the page: as dots on a plane, and to begin with where there are sliders.
DOTS, STARTS = 1000, 200
FEWEST_SLIDERS = STRIP = 10
SHEET_COLUMNS = 40
# Largest difference between what the page decodes and `model.decode`, in units of white.
TOLERANCE = 1 / 255
LARGEST_INTEGER = 32767
EMBEDDED = "mnist_5k"
# Of classes, from the first on.
COLORS = (
    *("#4e79a7", "#f28e2b", "#e15759", "#3aa79d", "#59a14f"),
    *("#c9a20a", "#9c6ade", "#ff5fa2", "#9c755f", "#7f7f7f"),
)
THRESHOLD = 0.1
BATCH = 500


class ExplorerError(UserError):
    """A model cannot be shown, or the page cannot be written."""


def write(
    paths: Iterable[str | os.PathLike[str]],
    output: str | os.PathLike[str],
    dataset: str | None = None,
) -> pathlib.Path:
    """Writes a page on which the latent spaces of trained models can be explored.

    Arguments:
        paths: `.keras` files of `keras_vae.VAE`s with dense networks: of two latent dimensions for
            a plane, of more for sliders.
        output: The page to write, an `.html` file.
        dataset: Name of the data set whose test images are encoded, binarised at one half for
            models of binary pixels. None takes that of the model's record, or `mnist_5k`.

    Returns:
        Path of the page.

    Raises:
        ExplorerError: If a model cannot be shown or does not fit the data set, or the page
            cannot be written or would replace a file that is none.
        ModelFileError: If a model cannot be read.
        ConnectionError: If the data set is not available.
    """
    output = pathlib.Path(output)
    _require_ours(output)
    models = [describe_model(path, dataset) for path in paths]
    sheets = {sheet.name: sheet.uri for _, sheet in models}
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("keras_vae.experiments.page"),
        autoescape=jinja2.select_autoescape(["html"]),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    text = environment.get_template("explorer.html").render(
        title=TITLE,
        models=[model for model, _ in models],
        sheets=sheets,
        colors=COLORS,
        threshold=THRESHOLD,
        version=kv.__version__,
    )
    try:
        with atomic_write(output) as file:
            file.write(encode_text(text))
    except OSError as error:
        raise ExplorerError(f"{output} cannot be written ({error}).") from error
    return output


@dataclasses.dataclass(frozen=True)
class Sheet:
    """Test images side by side in one picture.

    Attributes:
        name: Which images they are.
        uri: The picture, a PNG, as a `data:` address.
    """

    name: str
    uri: str


def describe_model(path: str | os.PathLike[str], dataset: str | None) -> tuple[JsonObject, Sheet]:
    """What the page's script needs of a model, and the test images that it shows.

    Arguments:
        path: A `.keras` file.
        dataset: Name of the data set; None as in `write`.

    Raises:
        ExplorerError: If the model cannot be shown, or does not fit the data set, or that is
            unknown.
        ModelFileError: If it cannot be read.
    """
    path = pathlib.Path(path)
    model = load_model_file(path)
    layers = decoder_layers(model, path)
    recorded_dataset, epochs, log_likelihood = _recorded(path)
    dataset = dataset or recorded_dataset
    if dataset not in datasets.NAMES:
        raise ExplorerError(
            f"{path}: there is no data set {dataset!r}, only {', '.join(datasets.NAMES)}. Name one "
            "with --dataset."
        )
    likelihood = model.likelihood
    binary = isinstance(likelihood, likelihoods.Bernoulli) and not likelihood.grey_levels
    test = datasets.load(dataset, binarize="static" if binary else None).test
    if test.pixels.shape[1:] != model.image_shape:
        raise ExplorerError(
            f"{path} is about images of shape {model.image_shape}; those of {dataset} have "
            f"{test.pixels.shape[1:]}. Name the model's own data set with --dataset."
        )
    means = model.encode(test.images, batch_size=BATCH).mean().numpy()
    count = min(len(test), DOTS if model.latent_dim == 2 else STARTS)
    codes = _pack(means[:count])
    draws = np.random.default_rng(0).standard_normal((64, model.latent_dim))
    difference = _difference(model, layers, np.concatenate([_unpacked(codes)[:64], draws]))
    if not difference <= TOLERANCE:
        raise ExplorerError(
            f"{path} cannot be shown: the page would decode images that differ from the model's "
            f"own by up to {difference:.3g}, more than {TOLERANCE:.3g}."
        )
    found = activity.latent_activity(means)
    is_plane = model.latent_dim == 2
    order = np.arange(2) if is_plane else np.argsort(-found, kind="stable")
    shown = max(activity.active_units(found, THRESHOLD), min(FEWEST_SLIDERS, model.latent_dim))
    sheet = f"{dataset}, {'binary' if binary else 'grey'}"
    labels = None if test.labels is None else test.labels[:count].tolist()
    return {
        "name": path.stem,
        "digest": digest(path)[:16],
        "dataset": dataset,
        "epochs": epochs,
        "log_likelihood": log_likelihood,
        "latent_dim": model.latent_dim,
        "units": [layer["columns"] for layer in layers],
        "image_shape": list(model.image_shape),
        "layers": layers,
        "limit": float(max(3, np.ceil(abs(means[:count]).max()))),
        "codes": codes,
        "labels": labels,
        "strip": _one_of_each_class(labels, count),
        "sheet": sheet,
        "columns": SHEET_COLUMNS,
        "dimensions": [
            {"index": int(index), "activity": round(float(found[index]), 3)}
            for index in order[:shown]
        ],
        "active": activity.active_units(found, THRESHOLD),
        "standard_normal": isinstance(model.prior_layer, StandardNormal),
        "difference": difference,
    }, Sheet(sheet, _sheet(test.pixels[:DOTS], binary))


def _recorded(path: pathlib.Path) -> tuple[str, int | None, JsonObject | None]:
    """Data set, epochs and log-likelihood of a model's record, each as far as it can be used."""
    record = read_records(path.parent).get(path.name, {})
    try:
        dataset = str(record["spec"]["data"]["name"])
    except (LookupError, TypeError):
        dataset = EMBEDDED
    epochs, found = record.get("epochs"), record.get("test_log_likelihood")
    shown = ("mean", "standard_error", "images")
    if not isinstance(found, dict) or not all(
        isinstance(found.get(key), int | float) for key in shown
    ):
        found = None
    return dataset, epochs if isinstance(epochs, int) else None, found


def decoder_layers(
    model: LatentVariableModel, path: str | os.PathLike[str] = "The model"
) -> list[JsonObject]:
    """A decoder's layers as the page's script computes them.

    Arguments:
        model: Trained model.
        path: What to call it in errors.

    Returns:
        List of dictionaries with packed `kernel`, `bias`, `activation`, and the same of its `gate`
        where a layer has one. The last gives means of p(x|z).

    Raises:
        ExplorerError: If a part of the decoder is unknown to the script.
    """
    if not isinstance(model, kv.VAE):
        raise ExplorerError(
            f"{path} holds a {type(model).__name__}. The explorer shows keras_vae.VAE, models "
            "of one stochastic layer."
        )
    stack, likelihood = model.decoder, model.likelihood
    if not isinstance(stack, DenseStack):
        raise ExplorerError(
            f"{path} has a decoder of its own ({type(stack).__name__}). The explorer shows "
            "dense networks."
        )
    name = getattr(stack.activation, "__name__", str(stack.activation))
    if name not in ACTIVATIONS:
        raise ExplorerError(
            f"{path} has the activation {name!r}. The explorer knows {', '.join(ACTIVATIONS)}."
        )
    if type(likelihood) not in (likelihoods.Bernoulli, likelihoods.Gaussian):
        raise ExplorerError(
            f"{path} has the likelihood {type(likelihood).__name__}. The explorer knows Bernoulli "
            "and Gaussian."
        )
    if len(model.image_shape) not in (2, 3) or model.image_shape[2:] not in ((), (1,), (3,)):
        raise ExplorerError(
            f"{path} decodes events of shape {model.image_shape}. The explorer shows images of "
            "shape (height, width), or with one or three channels behind."
        )
    layers = []
    for index, dense in enumerate(stack.dense_layers):
        normalization = stack.normalization_layers[index] if stack.batch_norm else None
        layer = _layer(*_folded(dense, normalization), name)
        if stack.gated:
            layer["gate"] = _layer(*_folded(stack.gate_layers[index]), "sigmoid")
        layers.append(layer)
    is_free = getattr(likelihood, "link", "sigmoid") == "identity"
    return [*layers, _layer(*_folded(likelihood.heads[0]), "linear" if is_free else "sigmoid")]


def _folded(dense: keras.layers.Dense, normalization: Any = None) -> tuple[np.ndarray, np.ndarray]:
    """Kernel and bias of a layer and of the batch normalisation after it, as one."""
    kernel = keras.ops.convert_to_numpy(dense.kernel).astype(np.float64)
    bias = np.zeros(kernel.shape[1])
    if dense.use_bias:
        bias += keras.ops.convert_to_numpy(dense.bias)
    if normalization is None:
        return kernel, bias
    gamma, beta, mean, variance = (np.float64(value) for value in normalization.get_weights())
    factor = gamma / np.sqrt(variance + normalization.epsilon)
    return kernel * factor, (bias - mean) * factor + beta


def _layer(kernel: np.ndarray, bias: np.ndarray, activation_name: str) -> JsonObject:
    return {
        **_pack(kernel),
        "bias": _base64(bias.astype("<f4")),
        "activation": activation_name,
        "gate": None,
    }


def _pack(values: np.ndarray) -> JsonObject:
    """A matrix as 16-bit integers with one scale a column."""
    scales = (abs(values).max(axis=0) / LARGEST_INTEGER).astype("<f4")
    scales[scales == 0] = 1.0
    integers = np.round(values / scales).clip(-LARGEST_INTEGER, LARGEST_INTEGER).astype("<i2")
    rows, columns = values.shape
    packed = {"values": _base64(integers), "scales": _base64(scales)}
    return {"rows": rows, "columns": columns, **packed}


def _unpacked(packed: JsonObject) -> np.ndarray:
    integers = np.frombuffer(base64.b64decode(packed["values"]), "<i2")
    scales = np.frombuffer(base64.b64decode(packed["scales"]), "<f4")
    return integers.reshape(packed["rows"], packed["columns"]) * scales


def _base64(values: np.ndarray) -> str:
    return base64.b64encode(values.tobytes()).decode()


def _difference(
    model: LatentVariableModel, layers: list[JsonObject], codes: npt.ArrayLike
) -> float:
    """The largest difference between what the page decodes and what the model does."""
    own = model.decode(np.asarray(codes, dtype=np.float32)).mean().numpy()
    hidden = np.asarray(codes, dtype=np.float64)
    for layer in layers:
        gate = 1.0 if layer["gate"] is None else _applied(layer["gate"], hidden)
        hidden = _applied(layer, hidden) * gate
    return float(abs(hidden.reshape(own.shape) - own).max())


def _applied(layer: JsonObject, inputs: np.ndarray) -> np.ndarray:
    bias = np.frombuffer(base64.b64decode(layer["bias"]), "<f4")
    function = keras.activations.get(layer["activation"])
    return keras.ops.convert_to_numpy(
        function(keras.ops.convert_to_tensor(inputs @ _unpacked(layer) + bias))
    )


def _sheet(pixels: np.ndarray, binary: bool) -> str:
    """Images in rows of `SHEET_COLUMNS`, as the `data:` address of a PNG."""
    rows = -(-len(pixels) // SHEET_COLUMNS)
    height, width, *channels = pixels.shape[1:]
    sheet = np.zeros((rows * SHEET_COLUMNS, height, width, *channels), np.uint8)
    sheet[: len(pixels)] = pixels
    sheet = sheet.reshape(rows, SHEET_COLUMNS, height, width, *channels).swapaxes(1, 2)
    sheet = sheet.reshape(rows * height, SHEET_COLUMNS * width, *channels)
    picture = Image.fromarray(sheet.squeeze(-1) if channels == [1] else sheet)
    file = io.BytesIO()
    (picture.convert("1") if binary else picture).save(file, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def _one_of_each_class(labels: list[int] | None, count: int) -> list[int]:
    """Positions of the first image of each class, or of the first images, `STRIP` at most."""
    if labels is None:
        return list(range(min(STRIP, count)))
    return [labels.index(label) for label in sorted(set(labels))][:STRIP]


def _require_ours(path: pathlib.Path) -> None:
    """Raises `ExplorerError` if there is a file that someone else wrote, or no place for one."""
    if path.suffix != ".html":
        raise ExplorerError(f"{path} is no name of a page. Name an .html file with --output.")
    if not path.parent.is_dir():
        raise ExplorerError(f"There is no folder {path.parent}. Name another --output.")
    if path.exists():
        try:
            require_no_other(path)
            is_ours = MARK in path.read_text(encoding="utf-8")
        except (OSError, ValueError):
            is_ours = False
        if not is_ours:
            raise ExplorerError(
                f"{path} was not made by keras-vae explorer and is left as it is. Name another "
                "--output, or move that file."
            )

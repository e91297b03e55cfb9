"""The explorer decodes what the models decode, and says what it cannot show."""

import json

import numpy as np
import pytest
from browser import needs_browser, run_in_page

import keras_vae as kv
from keras_vae.cli import main
from keras_vae.experiments.page import explorer

SHAPE = (6, 5)


def make_model(latent_dim, seed, image_shape=SHAPE, **options):
    """A VAE with weights that make images of all shades, as if trained."""
    units = options.pop("hidden_units", (7, 9))
    model = kv.VAE(latent_dim=latent_dim, hidden_units=units, image_shape=image_shape, **options)
    random = np.random.default_rng(seed)
    for weight in model.weights:
        values = random.normal(scale=0.8, size=weight.shape)
        weight.assign(abs(values) + 0.1 if "variance" in weight.path else values)
    return model


MODELS = {
    "plane": {"latent_dim": 2, "batch_norm": True},
    "gated <b>&": {"latent_dim": 12, "gated": True, "activation": "linear", "prior": "vamp"},
    "grey": {"latent_dim": 3, "likelihood": "gaussian", "activation": "relu"},
    "free": {"latent_dim": 2, "likelihood": kv.likelihoods.Gaussian(link="identity")},
    **{name: {"latent_dim": 2, "activation": name} for name in explorer.ACTIVATIONS},
}


@pytest.fixture(scope="module")
def models():
    return {name: make_model(seed=i, **kind) for i, (name, kind) in enumerate(MODELS.items())}


@pytest.fixture(scope="module")
def files(models, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    for name, model in models.items():
        model.save(folder / f"{name}.keras")
    return [folder / f"{name}.keras" for name in models]


@pytest.fixture(scope="module", autouse=True)
def patches():
    """A data set of 30 images, some darker, in three classes."""

    def arrays():
        pixels = np.random.default_rng(0).integers(0, 256, size=(40, *SHAPE), dtype=np.uint8)
        labels = np.arange(40) % 3
        test = {"x_test": pixels[10:], "y_test": labels[10:]}
        return {"x_train": pixels[:10], "y_train": labels[:10], **test}

    source = kv.datasets.Source(name="patches", train_images=10, test_images=30, arrays=arrays)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kv.datasets, "_sources", dict(kv.datasets._sources))
        yield kv.datasets.register(source)


@pytest.fixture(scope="module")
def page(files, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "explorer.html"
    return explorer.write(files, path, "patches")


DECODE = """async () => {
  await explorer.ready;
  const codes = %s;
  return explorer.models.map((model, i) => codes[i].map(code => [...explorer.decode(i, code)]));
}"""


@needs_browser
def test_the_page_decodes_what_the_models_decode(page, models, tmp_path):
    random = np.random.default_rng(1)
    codes = [random.normal(size=(5, model.latent_dim)) for model in models.values()]
    asked = json.dumps([each.tolist() for each in codes])
    found, console = run_in_page(page, DECODE % asked, tmp_path)
    assert console == [] and len(found) == len(models)
    for model, code, images in zip(models.values(), codes, found, strict=True):
        own = model.decode(code.astype(np.float32)).mean().numpy().reshape(5, -1)
        assert own.std() > 0.1
        np.testing.assert_allclose(images, own, atol=1 / 255)


USE = """async () => {
  await explorer.ready;
  const shades = canvas => {
    const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return [...data].filter((_, i) => i % 4 === 0);
  };
  const root = i => document.querySelector(`[data-model="${i}"]`);
  const state = i => ({decoded: shades(root(i).querySelector(".decoded")),
    image: shades(root(i).querySelector(".image")),
    reconstruction: shades(root(i).querySelector(".reconstruction")),
    which: root(i).querySelector(".which").textContent,
    values: [...root(i).querySelectorAll(".slider input")].map(input => input.valueAsNumber)});
  const plane = root(0).querySelector(".plane"), box = plane.getBoundingClientRect();
  const press = (type, x, y) => plane.dispatchEvent(new PointerEvent(type, {pointerId: 1,
    buttons: 1, clientX: box.x + plane.clientLeft + (x + 1) / 2 * plane.clientWidth,
    clientY: box.y + plane.clientTop + (1 - y) / 2 * plane.clientHeight}));
  plane.setPointerCapture = () => {};
  plane.hasPointerCapture = () => true;
  const limit = explorer.models[0].limit, [x, y] = DOT, seen = {};
  press("pointerdown", x / limit, y / limit);
  seen.dot = state(0);
  press("pointermove", 0.5, -0.25);
  seen.dragged = {...state(0), limit: limit};
  root(0).querySelector(".pictures").click();
  seen.corner = plane.getContext("2d").getImageData(2, 2, 1, 1).data[0];
  const slider = root(1).querySelector(".slider input");
  seen.sliders = [...root(1).querySelectorAll(".slider")].map(each => Number(each.dataset.index));
  root(1).querySelector(".zero").click();
  slider.value = 1.5;
  slider.dispatchEvent(new Event("input"));
  seen.moved = state(1);
  const number = root(1).querySelector(".number");
  number.value = 4;
  number.dispatchEvent(new Event("input"));
  seen.numbered = state(1);
  seen.draws = [0, 1].map(i => root(i).querySelectorAll(".draw").length);
  return seen;
}"""


def shades(values):
    return 255 * np.asarray(values).reshape(-1)


@needs_browser
def test_dots_dragging_sliders_and_numbers_show_what_they_say(page, models, tmp_path):
    plane, gated = list(models.values())[:2]
    data = kv.datasets.load("patches", binarize="static").test
    codes = plane.encode(data.images).mean().numpy()
    distances = np.linalg.norm(codes[:, None] - codes, axis=-1) + 100 * np.eye(len(codes))
    lonely = int(distances.min(axis=1).argmax())
    seen, console = run_in_page(page, USE.replace("DOT", str(codes[lonely].tolist())), tmp_path)
    assert "error" not in seen, seen
    # That it reads the canvases often is the test's own doing.
    assert [line for line in console if "getImageData" not in line] == []
    dot, dragged, moved, numbered = (seen[key] for key in ("dot", "dragged", "moved", "numbered"))
    label = data.labels[lonely]
    assert dot["which"] == dragged["which"] == f"Test image {lonely + 1}, class {label}"
    np.testing.assert_array_equal(dot["image"], shades(data.images[lonely]))
    own = plane.decode(codes[lonely]).mean()
    np.testing.assert_allclose(dot["reconstruction"], shades(own), atol=1)
    np.testing.assert_allclose(dot["decoded"], shades(own), atol=1)
    # A point of the canvas is worth limit / half its width.
    np.testing.assert_allclose(
        dragged["values"], [dragged["limit"] / 2, -dragged["limit"] / 4], atol=0.02
    )
    own = plane.decode([dragged["limit"] / 2, -dragged["limit"] / 4]).mean()
    np.testing.assert_allclose(dragged["decoded"], shades(own), atol=4)
    # The plane's first picture of 17 x 17, and its first pixel.
    corner = np.array([-16 / 17, 16 / 17]) * dragged["limit"]
    np.testing.assert_allclose(seen["corner"], shades(plane.decode(corner).mean())[0], atol=1)
    activity = kv.activity.latent_activity(gated.encode(data.images).mean().numpy())
    order = np.argsort(-activity)[: max(10, (activity > 0.1).sum())]
    assert seen["sliders"] == order.tolist()
    code = np.eye(12, dtype=np.float32)[order[0]] * 1.5
    np.testing.assert_allclose(moved["decoded"], shades(gated.decode(code).mean()), atol=1)
    assert numbered["which"].startswith("Test image 4, ")
    own = gated.reconstruct(data.images[3:4])
    np.testing.assert_allclose(numbered["reconstruction"], shades(own), atol=1)
    # Other priors than the standard normal have no draws of ours.
    assert seen["draws"] == [1, 0]


def test_names_are_text_and_the_page_is_made_again(page, files):
    content = page.read_text()
    assert "<b>" not in content and "gated &lt;b&gt;&amp;" in content
    assert explorer.write(files[:1], page, "patches").read_text() != content
    explorer.write(files, page, "patches")
    assert page.read_text() == content


@pytest.mark.parametrize(
    "make, said",
    [
        (lambda: make_model(2, 0, activation="gelu"), "activation 'gelu'. The explorer knows elu"),
        (lambda: make_model(2, 0, likelihood="discretized_logistic"), "DiscretizedLogistic"),
        (lambda: make_model(2, 0, image_shape=(4, 4, 2)), r"events of shape \(4, 4, 2\)"),
        (lambda: make_model(2, 0, image_shape=(12,)), r"events of shape \(12,\)"),
        (lambda: make_model(2, 0, image_shape=(4, 4)), r"shape \(4, 4\); those of patches have"),
        (lambda: kv.HierarchicalVAE(latent_dims=(2, 2), image_shape=SHAPE), "holds a Hierarch"),
    ],
)
def test_models_that_it_cannot_show_are_named(make, said, tmp_path):
    path = tmp_path / "mine.keras"
    make().save(path)
    with pytest.raises(explorer.ExplorerError, match=rf"mine.keras .*{said}"):
        explorer.write([path], tmp_path / "explorer.html", "patches")
    assert not (tmp_path / "explorer.html").exists()


def test_a_record_beside_the_file_names_its_data_set_and_epochs(files, tmp_path):
    path = tmp_path / "mine.keras"
    path.write_bytes(files[0].read_bytes())
    likelihood = {"mean": -71.963, "standard_error": 0.21, "images": 300}
    record = {"epochs": 77, "test_log_likelihood": likelihood, "sha256": explorer.digest(path)}
    record["spec"] = {"data": {"name": "patches"}}
    (tmp_path / "models.json").write_text(json.dumps({"mine.keras": record}))
    content = explorer.write([path], tmp_path / "explorer.html").read_text()
    assert "77 epochs of patches" in content and "-71.96 ± 0.21 nats, 300 test" in content
    # What else a record may hold is left out.
    odd = {"epochs": "<b>", "test_log_likelihood": {"mean": "x"}, "sha256": record["sha256"]}
    for spec in (record["spec"], None):
        (tmp_path / "models.json").write_text(json.dumps({"mine.keras": {**odd, "spec": spec}}))
        assert explorer._recorded(path) == ("patches" if spec else "mnist_5k", None, None)
    path.write_bytes(files[1].read_bytes())
    with pytest.raises(kv.UserError, match="is not the file that"):
        explorer.write([path], tmp_path / "explorer.html")


def test_weights_that_16_bits_cannot_hold_are_refused(tmp_path):
    model = make_model(2, 0)
    kernel = model.likelihood.heads[0].kernel.numpy()
    # The other weights of its column are below a unit of what this one needs.
    kernel[0] = 1e6
    model.likelihood.heads[0].kernel.assign(kernel)
    # Its own input is never more than 0.
    last = model.decoder.dense_layers[-1]
    last.kernel.assign(0 * last.kernel)
    last.bias.assign([-50.0] + [2.0] * (last.units - 1))
    model.save(tmp_path / "coarse.keras")
    with pytest.raises(explorer.ExplorerError, match="differ from the model's own by up to"):
        explorer.write([tmp_path / "coarse.keras"], tmp_path / "explorer.html", "patches")


def test_the_command_says_what_it_wrote_or_what_is_wrong(files, tmp_path, capsys):
    page, other = tmp_path / "page.html", tmp_path / "other.html"
    other.write_text("<title>mine</title>")
    (tmp_path / "damaged.keras").write_bytes(b"PK no archive")
    begins = ["explorer", "--dataset", "patches", "--output"]
    assert main([*begins, str(page), str(files[0])]) == 0
    assert f"Wrote {page}" in capsys.readouterr().out.replace("\n", "")
    for arguments, said in [
        ([str(other), str(files[0])], "was not made by keras-vae explorer"),
        ([str(tmp_path / "no" / "page.html"), str(files[0])], "There is no folder"),
        ([str(tmp_path), str(files[0])], "is no name of a page"),
        ([str(page), str(tmp_path / "none.keras")], "There is no model file"),
        ([str(page), str(tmp_path / "damaged.keras")], "cannot be read: it is damaged"),
        ([str(page), str(files[0]), "--dataset", "nothing"], "nothing"),
    ]:
        assert main([*begins, *arguments]) == 1, said
        error = capsys.readouterr().err
        assert error.startswith("error: ") and said in error and error.count("\n") == 1
    assert other.read_text() == "<title>mine</title>"

"""The README says what is so."""

import inspect
import io
import json
import pathlib
import re
import runpy
import sys
import textwrap
import types
import urllib.request
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

import keras_vae as kv
from keras_vae.experiments.figures import catalogue
from keras_vae.experiments.figures.figure import read_options
from keras_vae.experiments.runs.spec import DataSpec

ROOT = pathlib.Path(__file__).parents[1]
README, LIBRARY = (
    (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "keras_vae/README.md")
)
(QUICK_START,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
OWN_NETWORKS, TABLE, OWN_PARTS, OWN_POSTERIOR, CONDITIONS, OWN_DATA = re.findall(
    r"```python\n(.*?)```", LIBRARY, re.DOTALL
)

QUICK = {"epochs": 1, "verbose": 0}


@pytest.mark.slow
def test_the_quick_start_runs_as_written():
    assert len([line for line in QUICK_START.splitlines() if line.strip()]) <= 15
    names = {}
    exec(compile(QUICK_START, "README.md", "exec"), names)
    assert names["posterior"].batch_shape == (1000,)
    assert names["log_px"].shape == (100,) and names["images"].shape == (16, 28, 28)
    assert 0 <= names["active"] <= 20


def test_commands_and_names_in_sentences_are_understood(tmp_path, monkeypatch):
    (commands,) = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    script, options = re.findall(r"python (reproductions/\S+) (.*)", commands)[0]
    monkeypatch.chdir(tmp_path)
    chosen = read_options(catalogue.load_script(ROOT / script).FIGURE, options.split())
    assert (chosen.dataset, chosen.epochs) == ("mnist_5k", 3) and "for three epochs" in README
    assert str(chosen.output) == "my-results"
    assert (ROOT / commands.split()[-1]).is_dir()
    (model,) = re.findall(r"`(kv\.VAE\(.*?\)\))`", README)
    assert eval(model, {"kv": kv}).event_shape == (32, 32, 3)


def test_networks_of_ones_own_train():
    assert len([line for line in OWN_NETWORKS.splitlines() if line.strip()]) < 20
    names = {}
    exec(compile(OWN_NETWORKS, "README.md", "exec"), names)
    colours = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3)) / 255
    history = names["model"].fit(colours, epochs=1, batch_size=4, verbose=0).history
    assert np.isfinite(history["bound"][0])
    assert names["model"].sample(2).shape == (2, 32, 32, 3)


def test_a_table_of_columns_of_different_kinds_trains(monkeypatch):
    fit = kv.VAE.fit
    monkeypatch.setattr(kv.VAE, "fit", lambda *args, **kwargs: fit(*args, **{**kwargs, **QUICK}))
    rng = np.random.default_rng(0)
    columns = [*rng.normal(size=(2, 50)), rng.integers(0, 2, 50), rng.integers(0, 3, 50)]
    table = np.stack([*columns, *rng.poisson(3, (2, 50))], axis=1)
    incomplete = np.where(rng.random(table.shape) < 0.3, np.nan, table)
    names = {"table": table, "incomplete": incomplete, "np": np}
    exec(compile(TABLE, "README.md", "exec"), names)
    there = ~np.isnan(incomplete)
    np.testing.assert_allclose(names["filled"][there], table[there], rtol=1e-6)
    assert np.isfinite(names["filled"]).all()
    assert np.isfinite(names["model"].history.history["bound"][0])


def test_a_prior_a_likelihood_and_an_objective_of_ones_own_train_and_load(tmp_path, images):
    names = {}
    exec(compile(OWN_PARTS, "README.md", "exec"), names)
    model = names["mine"]
    model.compile(jit_compile=False)
    history = model.fit(images, epochs=1, verbose=0).history
    assert np.isfinite(history["bound"][0])
    model.save(tmp_path / "mine.keras")
    loaded = keras.models.load_model(tmp_path / "mine.keras")
    np.testing.assert_allclose(loaded.log_weights(images, 2), model.log_weights(images, 2))


@pytest.mark.parametrize(
    "documented, role",
    [
        (kv.likelihoods.Likelihood, "likelihood"),
        (kv.objectives.Objective.bound_of, "objective"),
        (kv.objectives.Objective.path_factor, "objective"),
    ],
)
def test_a_part_that_a_docstring_shows_trains(documented, role, images):
    example = inspect.getdoc(documented).partition("\nExample")[2].partition("\n")[2]
    assert 0 < len([line for line in example.splitlines() if line.strip()]) < 20
    given = {"keras": keras, "keras_vae": kv, "tf": tf, "tfp": tfp}
    names = dict(given)
    exec(compile(textwrap.dedent(example), documented.__qualname__, "exec"), names)
    (part,) = names.keys() - given.keys() - {"__builtins__"}
    arguments = {"num_samples": 2} if role == "objective" else {}
    model = kv.VAE(latent_dim=2, hidden_units=(4,), **{role: names[part](**arguments)})
    model.compile(run_eagerly=True)
    assert np.isfinite(model.fit(images[:8], epochs=1, verbose=0).history["bound"][0])


def test_a_posterior_of_ones_own_trains_and_loads(tmp_path, images):
    assert len([line for line in OWN_POSTERIOR.splitlines() if line.strip()]) < 20
    names = {}
    exec(compile(OWN_POSTERIOR, "README.md", "exec"), names)
    model = names["heavy_tails"]
    model.compile(run_eagerly=True)
    assert np.isfinite(model.fit(images[:8], epochs=1, verbose=0).history["bound"][0])
    model.save(tmp_path / "mine.keras")
    loaded = keras.models.load_model(tmp_path / "mine.keras")
    np.testing.assert_allclose(loaded.log_weights(images, 2), model.log_weights(images, 2))


def test_conditions_go_with_the_data(digits, monkeypatch):
    fit = kv.VAE.fit
    monkeypatch.setattr(kv.VAE, "fit", lambda *args, **kwargs: fit(*args, **{**kwargs, **QUICK}))
    train = digits.train
    names = {"x_train": train.images[:100], "y_train": train.labels[:100]}
    with warnings.catch_warnings():
        # After one step a few samples carry all the weight.
        warnings.simplefilter("ignore", RuntimeWarning)
        exec(compile(CONDITIONS, "README.md", "exec"), names)
    assert names["sevens"].shape == (16, 28, 28) and np.isfinite(names["log_px"]).all()
    assert names["as_threes"].shape == (10, 28, 28)


def test_a_data_set_of_ones_own_is_loaded_by_its_name(monkeypatch):
    monkeypatch.setattr(kv.datasets, "_sources", dict(kv.datasets._sources))
    assert len([line for line in OWN_DATA.splitlines() if line.strip()]) < 20
    names = {}
    exec(compile(OWN_DATA, "README.md", "exec"), names)
    assert DataSpec(name="stripes").load().image_shape == (8, 8)
    for split in names["data"]:
        # Each class is lit in two columns of eight, its own.
        assert (split.images.sum(axis=(1, 2)) == 16).all()
        assert (split.images[np.arange(len(split)), 0, split.labels] == 1).all()


def test_the_client_asks_what_the_export_offers(monkeypatch, images):
    """Its requests name signatures and inputs of a SavedModel."""
    (client,) = re.findall(r"```py\n(.*?)```", LIBRARY, re.DOTALL)
    endpoints = kv.export.Endpoints(kv.VAE(latent_dim=2, hidden_units=(4,), seed=0)).signatures()
    asked = []

    def answer(request):
        body = json.loads(request.data)
        specs, _ = endpoints[body["signature_name"]].structured_input_signature
        assert {spec.name for spec in specs} == body["inputs"].keys()
        asked.append(body["signature_name"])
        return io.BytesIO(b'{"outputs": {}}')

    monkeypatch.setattr(urllib.request, "urlopen", answer)
    exec(compile(client, "README.md", "exec"), {"x_test": images})
    assert asked == ["encode", "sample"]


@pytest.mark.parametrize("name", ["README.md", "keras_vae/README.md", "results/README.md"])
def test_pictures_links_and_folders_exist(name):
    text, folder = (ROOT / name).read_text(encoding="utf-8"), (ROOT / name).parent
    for path, _, fragment in re.findall(r"\]\(((?!https?:)[^)#\s]*)(#([^)]*))?\)", text):
        target = folder / path if path else ROOT / name
        assert target.exists(), path
        headings = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE) if fragment else []
        anchors = {re.sub(r"[^\w -]", "", line).lower().replace(" ", "-") for line in headings}
        if fragment:
            assert fragment in anchors or f'<a id="{fragment}">' in target.read_text(), fragment
    for path in re.findall(r"^\| `([\w/]+/)`", text, re.MULTILINE):
        assert (folder / path).is_dir(), path


def test_it_is_short_and_names_the_version():
    assert len(README.splitlines()) <= 150
    assert f"version = {{{kv.__version__}}}" in README


def test_an_index_of_packages_shows_no_broken_picture(monkeypatch):
    given = {}
    stub = types.SimpleNamespace(
        setup=lambda **kwargs: given.update(kwargs),
        find_packages=lambda **kwargs: [],
        find_namespace_packages=lambda *args, **kwargs: [],
    )
    monkeypatch.setitem(sys.modules, "setuptools", stub)
    runpy.run_path(str(ROOT / "setup.py"))
    text = given["long_description"]
    assert re.findall(r"\]\((?!https?:)", text) == []
    assert "![" not in text and "## Gallery" not in text
    assert "## Two commands" in text and "## Limits" in text and "results/README.md" in text


def test_the_tables_of_speeds_are_the_benchmarks():
    text = (ROOT / "results/README.md").read_text()
    files = sorted((ROOT / "results/benchmarks").glob("*.json"))
    assert files
    for file in files:
        content = json.loads(file.read_text())
        assert f"(benchmarks/{file.name})" in text
        for case, title in content["protocol"]["cases"].items():
            measured = content["results"][case]["milliseconds"]
            names = ("keras_vae", "jax", "torch", "matmul_floor")
            times = [f"{measured[n]['median']:.2f}" if n in measured else "-" for n in names]
            assert f"| {' | '.join([title, *times])} |" in text.replace("\\", "")

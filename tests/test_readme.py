"""The README says what is so."""

import io
import json
import pathlib
import re
import urllib.request

import keras
import numpy as np
import pytest

import keras_vae as kv
from keras_vae.experiments import page
from keras_vae.experiments.runs.spec import DataSpec

ROOT = pathlib.Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


EXAMPLES = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.mark.slow
def test_the_quick_start_runs_as_written():
    example = EXAMPLES[0]
    assert len([line for line in example.splitlines() if line.strip()]) < 20
    names = {}
    exec(compile(example, "README.md", "exec"), names)
    assert names["posterior"].batch_shape == (1000,)
    assert names["log_px"].shape == (100,) and names["images"].shape == (16, 28, 28)
    assert 0 <= names["active"] <= 20


def test_a_prior_a_likelihood_and_an_objective_of_ones_own_train_and_load(tmp_path, images):
    names = {}
    exec(compile(EXAMPLES[1], "README.md", "exec"), names)
    model = names["mine"]
    model.compile(jit_compile=False)
    history = model.fit(images, epochs=1, verbose=0).history
    assert np.isfinite(history["bound"][0])
    model.save(tmp_path / "mine.keras")
    loaded = keras.models.load_model(tmp_path / "mine.keras")
    np.testing.assert_allclose(loaded.log_weights(images, 2), model.log_weights(images, 2))


def test_a_data_set_of_ones_own_is_loaded_by_its_name(monkeypatch):
    monkeypatch.setattr(kv.datasets, "_sources", dict(kv.datasets._sources))
    assert len([line for line in EXAMPLES[2].splitlines() if line.strip()]) < 20
    names = {}
    exec(compile(EXAMPLES[2], "README.md", "exec"), names)
    assert DataSpec(name="stripes").load().image_shape == (8, 8)
    for split in names["data"]:
        # Each class is lit in two columns of eight, its own.
        assert (split.images.sum(axis=(1, 2)) == 16).all()
        assert (split.images[np.arange(len(split)), 0, split.labels] == 1).all()


def test_the_client_asks_what_the_export_offers(monkeypatch, images):
    """Its requests name signatures and inputs of a SavedModel."""
    (client,) = re.findall(r"```py\n(.*?)```", README, re.DOTALL)
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


def test_its_pictures_and_folders_exist():
    for path in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README):
        assert (ROOT / path).is_file(), path
    for path in re.findall(r"^\| `(\w+/)`", README, re.MULTILINE):
        assert (ROOT / path).is_dir(), path


def test_its_verdicts_are_those_of_the_results():
    claims = json.loads((ROOT / "results/activity/fig_3_1/claims.json").read_text())
    written = dict(re.findall(r"^\| `([\w.]+)` \|.*\| ([\w ]+) \|$", README, re.MULTILINE))
    assert written == {claim["id"]: claim["verdict"] for claim in claims}


def test_the_results_protocol_is_the_one_it_names():
    data = json.loads((ROOT / "results/activity/fig_3_1/data.json").read_text())
    reached = data["protocol"]["reached"]
    assert f"{reached['epochs']} of 300 epochs, {reached['trials']} trials" in README


def test_its_table_of_figures_is_that_of_the_results(monkeypatch):
    monkeypatch.chdir(ROOT)
    table = page.figure_table("results", "reproductions")
    assert table in README
    # Every row has its script.
    assert table.count("](reproductions/") == len(table.splitlines()) - 2


def test_its_table_of_speeds_is_the_benchmarks():
    content = json.loads((ROOT / "results/benchmarks/training_step.json").read_text())
    rows = re.findall(r"^\| (\d) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", README, re.M)
    assert {row[0] for row in rows} == content["results"].keys()
    for samples, *written in rows:
        measured = content["results"][samples]["ms_per_step"]
        names = ("keras_vae", "jax", "torch", "matmul_floor")
        assert written == [f"{measured[name]:.2f}" for name in names]

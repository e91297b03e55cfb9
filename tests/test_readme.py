"""The README says what is so."""

import json
import pathlib
import re

from keras_vae.experiments import page

ROOT = pathlib.Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_python_example_runs_as_written():
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names = {}
    exec(compile(example, "README.md", "exec"), names)
    assert names["posterior"].batch_shape == (1000,)
    assert names["log_px"].shape == (100,) and names["images"].shape == (16, 28, 28)
    assert 0 <= names["active"] <= 20


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

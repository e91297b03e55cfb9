"""The README says what is so."""

import json
import pathlib
import re

import pytest

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


@pytest.mark.parametrize("figure", ["activity/fig_3_1"])
def test_its_verdicts_are_those_of_the_results(figure):
    claims = json.loads((ROOT / "results" / figure / "claims.json").read_text())
    written = dict(re.findall(r"^\| `([\w.]+)` \|.*\| ([\w ]+) \|$", README, re.MULTILINE))
    assert written == {claim["id"]: claim["verdict"] for claim in claims}


def test_the_results_protocol_is_the_one_it_names():
    data = json.loads((ROOT / "results/activity/fig_3_1/data.json").read_text())
    reached = data["protocol"]["reached"]
    assert f"{reached['epochs']} of 300 epochs, {reached['trials']} trials" in README

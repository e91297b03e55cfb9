"""The README says what is so."""

import collections
import json
import pathlib
import re

from keras_vae.experiments.vampprior_report.protocol import WITHOUT_WARM_UP

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


FIGURE_ROW = r"^\| \[`([\w/]+)`\]\(([\w/.]+)\) \|.*\| ([^|]+) \| ([^|]+) \|$"


def extent(protocol):
    """Epochs and trials as the table has them; shares where every run has epochs of its own."""
    reached, asked = protocol["reached"], protocol["asked"]["epochs"]
    if not isinstance(reached["epochs"], dict):
        return f"{reached['epochs']} of {asked} x {reached['trials']}"
    if not reached["epochs"]:
        return "timing alone"
    shares = set()
    for label, epochs in reached["epochs"].items():
        dataset, model = label.split("/")
        shares.add(round(100 * epochs / asked[dataset][model.removesuffix(WITHOUT_WARM_UP)]))
    text = "-".join(str(share) for share in sorted({min(shares), max(shares)}))
    return f"{text}% x {reached['trials']}"


def test_its_table_of_figures_is_that_of_the_results():
    written = {row[0]: row[1:] for row in re.findall(FIGURE_ROW, README, re.MULTILINE)}
    folders = {
        path.parent.relative_to(ROOT / "results").as_posix(): path.parent
        for path in (ROOT / "results").rglob("claims.json")
        if path.parent.name != "longer_run"
    }
    assert written.keys() == folders.keys()
    for name, folder in folders.items():
        script, written_extent, verdicts = written[name]
        stem = pathlib.Path(script).stem
        # A folder of one data set's is named after the script and the data set.
        assert (ROOT / script).is_file()
        assert stem.startswith(folder.name) or folder.name.startswith(stem)
        protocol = json.loads((folder / "data.json").read_text())["protocol"]
        assert written_extent == extent(protocol), name
        claims = json.loads((folder / "claims.json").read_text())
        counts = collections.Counter(claim["verdict"] for claim in claims)
        order = ("reproduced", "not reproduced", "inconclusive")
        expected = ", ".join(f"{counts[key]} {key}" for key in order if counts[key])
        assert verdicts == (expected or "none made"), name


def test_its_table_of_speeds_is_the_benchmarks():
    content = json.loads((ROOT / "results/benchmarks/training_step.json").read_text())
    rows = re.findall(r"^\| (\d) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", README, re.M)
    assert {row[0] for row in rows} == content["results"].keys()
    for samples, *written in rows:
        measured = content["results"][samples]["ms_per_step"]
        names = ("keras_vae", "jax", "torch", "matmul_floor")
        assert written == [f"{measured[name]:.2f}" for name in names]

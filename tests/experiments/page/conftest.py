"""A folder of made-up results of every kind that the page has to show."""

import html
import json
import re

import numpy as np
import pytest
from PIL import Image

from keras_vae.experiments import page

VERDICTS = ("reproduced", "not reproduced", "inconclusive, so far no")


def claim(name, verdict, **changed):
    reading = {
        "name": "",
        "rule": "At least 1 nat.",
        "numbers": {
            "difference": {"value": 1.23456789, "unit": "nats"},
            "by_size": {"value": {"2": [1, 2.5], "5": None}, "unit": "dimensions"},
        },
        "holds": verdict == "reproduced",
        "unmet": ["10 epochs, needs 50"] if verdict.startswith("inconclusive") else [],
    }
    words = {"reported": "2 nats (Table 1)", "measured": "1.2 nats"}
    return {
        "id": name,
        "verdict": verdict,
        "statement": f"What {name} says & <b>means</b>.",
        **words,
        "extension": False,
        "readings": [reading],
        **changed,
    }


def older_claim(name, verdict, **changed):
    """As version 0.2.0 wrote them."""
    return {
        "id": name,
        "verdict": verdict,
        "statement": f"What {name} says & <b>means</b>.",
        "rule": "At least 1 nat.",
        "numbers": {"difference": 1.23456789, "by_size": {"2": [1, 2.5], "5": None}},
        "holds": verdict == "reproduced",
        "unmet": ["10 epochs, needs 50"] if verdict == "inconclusive" else [],
        **changed,
    }


def depending(name):
    """A claim with two readings that differ."""
    one = claim(name, "reproduced")["readings"][0]
    numbers = {"gain": {"value": -1.0, "unit": "nats", "at_least": 0.5}}
    other = {**one, "name": "on test data", "numbers": numbers, "holds": False}
    readings = [{**one, "name": "on training data"}, other]
    return claim(name, "depends on the reading", readings=readings)


def data(name, **changed):
    return {
        "figure": name,
        "title": f"Figure of {name}",
        "protocol": {
            "reached": {"dataset": "mnist", "epochs": 60, "trials": 2, "binarize": {"a": "static"}},
            "asked": {"dataset": "mnist", "epochs": 300, "trials": "3", "batch_size": 100},
        },
        "versions": {"keras-vae": "0.1.0", "keras": "3.15.1"},
        "runs": {"a": {"epochs": {"reached": 60, "asked": 300}}},
        **changed,
    }


def write(folder, content, claims, picture=True):
    folder.mkdir(parents=True)
    for name, value in (("data.json", content), ("claims.json", claims)):
        (folder / name).write_text(value if isinstance(value, str) else json.dumps(value))
    if picture:
        pixels = np.random.default_rng(0).integers(0, 255, size=(40, 60, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(folder / "figure.png")


@pytest.fixture
def results(tmp_path):
    folder = tmp_path / "results"
    every = [claim(f"activity.3.1.{i}", verdict) for i, verdict in enumerate(VERDICTS)]
    write(
        folder / "activity/fig_3_1", data("activity/fig_3_1", script="fig_3_1_activity.py"), every
    )
    write(folder / "activity/fig_3_10", data("activity/fig_3_10"), [])
    extension = claim("beyond.more.1", "reproduced", extension=True)
    write(folder / "activity/beyond/more", data("activity/beyond/more"), [extension])
    by_model = {"mnist": {"VAE": 200, "HVAE": 300}}
    protocol = {
        "reached": {
            "dataset": "mnist",
            "epochs": {"mnist/VAE": 200, "mnist/HVAE": 105, "mnist/VAE without warm-up": 100},
            "trials": 1,
        },
        "asked": {"dataset": "all", "epochs": by_model},
    }
    runs = {
        "mnist/VAE": {"epochs": {"reached": 200, "asked": 200}},
        "mnist/HVAE": {"epochs": {"reached": 105, "asked": 300}},
        "mnist/VAE without warm-up": {"epochs": {"reached": 100, "asked": 200}},
    }
    content = data(
        "vampprior/table_1", protocol=protocol, runs=runs, original="the report's Table 1"
    )
    write(folder / "vampprior/table_1", content, [claim("vampprior.T1.1", "not reproduced")])
    (folder / "vampprior/table_1/table.md").write_text(
        "| a | b |\n|---|---|\n| 1 | 2 |\n\nBelow.\n"
    )
    write(folder / "geometry/fig_1", data("geometry/fig_1"), '[{"id": "half')
    older = older_claim("geometry.2.1", "reproduced")
    write(folder / "geometry/fig_2", '{"title"', [{"id": "no verdict"}, older], picture=False)
    write(folder / "geometry/fig_3", data("geometry/fig_3"), [depending("geometry.3.1")])
    (folder / "activity/fig_3_1/longer_run").mkdir()
    (folder / "activity/fig_3_1/longer_run/claims.json").write_text("[]")
    (folder / "findings.json").write_text('["activity.3.1.1", "geometry.3.1", "gone <b>"]')
    return folder


@pytest.fixture
def written(results):
    (html_path, markdown_path), _ = page.write(results)
    return html_path.read_text(), markdown_path.read_text()


def words(content):
    """What a page says, without its script."""
    content = re.sub(r"<(script|style).*?</\1>", "", content, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", "", content)))


def remade(results):
    page.write(results)
    return [(results / name).read_text() for name in ("index.html", "README.md")]

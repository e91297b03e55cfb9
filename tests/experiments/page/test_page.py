"""The page: what it shows, and what it warns of."""

import contextlib
import html.parser
import json
import os
import pathlib
import re
import shutil
import urllib.parse

import pytest
from PIL import Image

from keras_vae.experiments import page
from keras_vae.experiments.figures.claims import Number
from keras_vae.experiments.figures.results import OriginalsError
from keras_vae.experiments.page import wording
from keras_vae.experiments.page.findings import read_findings

ROOT = pathlib.Path(__file__).parents[3]


class Strict(html.parser.HTMLParser):
    """Every element is closed where it should be."""

    void = {"meta", "link", "img", "input", "br"}

    def __init__(self):
        super().__init__()
        self.open, self.text = [], []

    def handle_starttag(self, tag, attrs):
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, text):
        self.text.append(text)


def test_html_is_well_formed_and_escaped(written):
    parser = Strict()
    parser.feed(written[0])
    assert not parser.open
    assert "<b>" not in written[0]
    assert "What activity.3.1.0 says & <b>means</b>." in "".join(parser.text)


def test_summary_and_order(written):
    content = written[0]
    assert re.search(r"All</th><td>2</td><td>2</td><td>1</td><td>1</td>", content)
    assert re.search(r"not counted above</th><td>1</td><td>0</td><td>0</td><td>0</td>", content)
    names = re.findall(r'<article id="([^"]+)"', content)
    assert names == [
        *("activity-fig_3_1", "activity-fig_3_10", "activity-beyond-more"),
        *("vampprior-table_1", "geometry-fig_1", "geometry-fig_2", "geometry-fig_3"),
    ]
    assert "Not decided: 10 epochs, needs 50." in content
    assert "1.235" in content and "Below." in content and "the report&#39;s Table 1" in content
    assert "60 of 300 x 2" in content and "35-100% x 1" in content


def test_what_is_damaged_is_said(written):
    content = written[0]
    assert "claims.json is damaged" in content and "data.json is damaged" in content
    assert "One of the claims in claims.json is left out: A claim cannot be read" in content
    assert "1 of the claims are of an older version" in content
    assert "Made by keras_vae 0.1.0; this page by" in content
    assert "longer protocol is kept in longer_run" in content
    assert "A finding cannot be shown (KeyError: &#39;gone&#39;)" in content


def test_findings_have_their_numbers_from_the_results(written, results):
    assert "The difference is 1.23 nats." in written[0] and "is 1.23 nats." in written[1]
    for damaged in ("[", "null"):
        (results / "findings.json").write_text(damaged)
        page.write(results)
        assert "findings.json is damaged" in (results / "index.html").read_text()
    (results / "findings.json").write_text('[{"text": 5, "values": [], "figure": "a"}]')
    page.write(results)
    assert "A finding cannot be shown" in (results / "index.html").read_text()


def test_markdown(written, results):
    assert "| `activity.3.1.2` |" in written[1]
    assert "| inconclusive, so far no: 10 epochs, needs 50 |" in written[1]
    assert "| 2 nats (Table 1) | 1.2 nats |" in written[1]
    assert "reading: on training data: yes; on test data: no |" in written[1]
    for path in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", written[1]):
        assert (results / path).is_file()


def test_originals_are_shown_beside_ours(results, tmp_path):
    folder = tmp_path / "mine" / "activity"
    folder.mkdir(parents=True)
    Image.new("RGB", (5, 5)).save(folder / "fig_3_1.png")
    page.write(results, tmp_path / "mine")
    content = (results / "index.html").read_text()
    assert 'src="../mine/activity/fig_3_1.png"' in content and "The report's" in content
    with pytest.raises(OriginalsError, match="no folder"):
        page.write(results, tmp_path / "nowhere")


def test_names_of_folders_are_quoted(results, tmp_path):
    folder = tmp_path / "my scans #1 50%?" / "activity"
    folder.mkdir(parents=True)
    Image.new("RGB", (5, 5)).save(folder / "fig_3_1.png")
    page.write(results, folder.parent)
    content = (results / "index.html").read_text()
    (found,) = re.findall(r'src="(\.\./[^"]+)"', content)
    assert "#" not in found and "?" not in found
    assert (results / urllib.parse.unquote(found)).is_file()


@pytest.mark.parametrize("name", ["README.md", "index.html"])
def test_files_of_others_are_left_alone(results, name):
    (results / name).write_text("mine, with the words keras-vae compare")
    with pytest.raises(page.PageError, match="left as it is"):
        page.write(results)
    assert (results / name).read_text().startswith("mine")
    (results / name).unlink()
    # Our own are made anew.
    assert len(page.write(results)) == len(page.write(results)) == 2


@pytest.mark.parametrize(
    "file, key, value, said",
    [
        ("data.json", "versions", ["2"], "versions in data.json cannot be read"),
        ("data.json", "title", None, "None"),
        ("data.json", "protocol", {"reached": {"epochs": {"a/b": 1}}}, "protocol in data.json"),
        ("claims.json", "readings", None, "claims in claims.json is left out"),
        ("claims.json", "verdict", "inconclusive", "is none of its numbers"),
        ("table.md", None, "no table", "table.md cannot be read"),
    ],
)
def test_one_damaged_figure_leaves_the_others(results, file, key, value, said):
    path = results / "activity" / "fig_3_1" / file
    if key is None:
        path.write_text(value)
    else:
        content = json.loads(path.read_text())
        (content[0] if isinstance(content, list) else content)[key] = value
        path.write_text(json.dumps(content))
    page.write(results)
    for name in ("index.html", "README.md"):
        written = (results / name).read_text()
        assert said in written and written.count("fig_3_10") > 0


def test_without_readable_claims_nothing_is_said_of_the_reports(results):
    path = results / "activity" / "fig_3_1" / "claims.json"
    sentence = "The report claims nothing of this figure"
    counts = []
    for content in ("[]", "{}"):
        path.write_text(content)
        page.write(results)
        counts.append((results / "index.html").read_text().count(sentence))
    assert counts[0] == counts[1] + 1


def test_markdown_has_text_as_text(results):
    path = results / "activity" / "fig_3_1" / "data.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "title": "a | b <i>c"}))
    page.write(results)
    assert "### a \\| b &lt;i>c" in (results / "README.md").read_text()
    assert "| a \\| b &lt;i>c |" in page.figure_table(results, "nowhere")


def dangerous(content):
    """JSON-compatible values with a script in the place, or at the end, of every text."""
    script = "<script>alert(1)</script>"
    if isinstance(content, dict):
        return {key: dangerous(value) for key, value in content.items()}
    if isinstance(content, list):
        return [dangerous(value) for value in content]
    return f"{content}{script}" if isinstance(content, str) else content


def test_nothing_in_a_file_of_results_becomes_html(results):
    for path in results.rglob("*.json"):
        with contextlib.suppress(ValueError):
            path.write_text(json.dumps(dangerous(json.loads(path.read_text()))))
        if path.name == "data.json":
            path.with_name("table.md").write_text("| a |\n|---|\n| <script>x</script> |\n")
    (results / "findings.json").write_text(
        json.dumps([{"text": "<script>", "figure": "<script>", "values": {}}])
    )
    evil = results / "activity" / "<script>x"
    shutil.copytree(results / "activity/fig_3_1", evil)
    for path in page.write(results):
        text = path.read_text()
        assert "<script>alert" not in text and "<script>x" not in text, path.name
    assert "<script" not in page.figure_table(results, "scripts")


@pytest.mark.parametrize(
    "text, at, said",
    [
        ("{d}", "../outside/data.json#d", "not among the results"),
        ("{d}", "/etc/hostname#d", "not among the results"),
        ("{d}", "pipe#d", "no file pipe"),
        ("{d:999999999}", "number.json#d", "unknown format"),
        ("{d:{d}}", "number.json#d", "unknown format"),
        ("{d.__class__}", "number.json#d", "d.__class__"),
        ("{d[0]}", "number.json#d", r"d\[0\]"),
        ("{}", "number.json#d", "KeyError"),
        ("{d}", "number.json#e", "a list in place of a number"),
    ],
)
def test_findings_reach_nothing_but_numbers_of_the_results(results, text, at, said):
    (results.parent / "outside").mkdir()
    (results.parent / "outside" / "data.json").write_text('{"d": 1}')
    os.mkfifo(results / "pipe")
    (results / "number.json").write_text('{"d": 999999999, "e": [1]}')
    finding = {"text": text, "figure": "x", "values": {"d": at}}
    (results / "findings.json").write_text(json.dumps([finding]))
    found, notes = read_findings(results)
    assert found == [] and re.search(said, notes[0])


def test_a_pipe_in_place_of_a_result_is_damage(results):
    path = results / "activity" / "fig_3_1" / "claims.json"
    path.unlink()
    os.mkfifo(path)
    page.write(results)
    assert "claims.json is damaged: it is not a file." in (results / "README.md").read_text()


def test_nothing_to_show(tmp_path):
    with pytest.raises(page.PageError, match="holds no results"):
        page.write(tmp_path)


def test_table_of_figures_and_its_place(results, tmp_path):
    scripts = tmp_path / "reproductions"
    table = page.figure_table(results, scripts)
    row = next(line for line in table.splitlines() if "fig_3_1`" in line)
    assert row.endswith("| 60 of 300 x 2 | 1 reproduced, 1 not reproduced, 1 inconclusive |")
    assert f"[`activity/fig_3_1`]({scripts}/fig_3_1_activity.py)" in row
    assert "| `activity/fig_3_10` |" in table
    readme = tmp_path / "README.md"
    readme.write_text("above\n<!-- figures: made by keras-vae compare -->\nold\n")
    with pytest.raises(page.PageError, match="lacks the lines"):
        page.renew_table(readme, results, scripts)
    (tmp_path / "latin").write_bytes(b"\xe9")
    with pytest.raises(page.PageError, match="cannot be read"):
        page.renew_table(tmp_path / "latin", results, scripts)
    readme.write_text(readme.read_text() + "<!-- end of figures -->\nbelow\n")
    page.renew_table(readme, results, scripts)
    content = readme.read_text()
    assert content.startswith("above\n") and content.endswith("below\n")
    assert table in content and "old" not in content


@pytest.mark.parametrize(
    "epochs, extent",
    [
        ((), "no training"),
        (((60, 300), (60, 300)), "60 of 300 x 2"),
        (((60, None), (60, None)), "60 x 2"),
        (((60, 300), (299, 300)), "20-100% x 2"),
        (((60, 300), (30, 150)), "20% x 2"),
        (((60, 300), (60, None)), "20% x 2"),
    ],
)
def test_the_extent_is_what_the_runs_say(epochs, extent):
    runs = {
        str(i): {"epochs": {"reached": reached, "asked": asked}}
        for i, (reached, asked) in enumerate(epochs)
    }
    content = {"protocol": {"reached": {"trials": 2}}, "runs": runs}
    assert wording.describe_extent(content) == extent


def test_numbers_in_words():
    pairs = wording.describe_values({"a_b": {"c": 1234.5678}, "d": True, "e": list(range(20))})
    assert pairs[:2] == [("a b, c", "1235"), ("d", "yes")]
    assert pairs[2][1].endswith("(20 values)")
    estimate = {"mean": -75.4962, "standard_error": 0.25, "images": 300}
    expected = "-75.5 ± 0.25 (images 300)"
    assert wording.describe_values({"a": {"b": estimate}}) == [("a, b", expected)]
    assert wording.describe_values({"a": [estimate] * 2}) == [("a", f"{expected}; {expected}")]
    assert wording.describe_values({"a": [{"b": 1}]}) == [("a", "rows in claims.json: 1")]
    mixed = {"reached": {"binarize": {"binary": "static", "grey": None}}, "asked": {}}
    assert wording.describe_protocol(mixed) == [("binarize", "binary: static; grey: none", "")]


def test_numbers_have_their_units_and_limits():
    estimate = {"mean": -75.4962, "standard_error": 0.25, "images": 300}
    numbers = {
        "of_bn": Number({"IW": estimate}, "nats", at_least=1, below=2.5),
        "ratio": Number(2.0, "1"),
    }
    assert wording.describe_numbers(numbers) == [
        ("of bn, IW", "-75.5 ± 0.25 nats (images 300); to be at least 1 and below 2.5"),
        ("ratio", "2"),
    ]


def test_readings_and_the_report_stand_beside_each_other(written):
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", written[0]))
    assert "Ours: 1.2 nats. The report: 2 nats (Table 1)." in text
    assert "On training data: yes." in text and "On test data: no." in text
    assert "-1 nats; to be at least 0.5" in text


def test_the_committed_page_is_current(tmp_path):
    copy = shutil.copytree(ROOT / "results", tmp_path / "results")
    for path in page.write(copy):
        assert path.read_text() == (ROOT / "results" / path.name).read_text(), path.name

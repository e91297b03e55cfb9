"""The page: what it shows, and what it warns of."""

import contextlib
import html.parser
import json
import pathlib
import re
import shutil

import pytest
from conftest import claim, data, remade, words, write
from PIL import Image

from keras_vae.experiments import page
from keras_vae.experiments.figures import originals
from keras_vae.experiments.figures.numbers import Number
from keras_vae.experiments.page import entries, rendering, wording

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
    assert "<b>means" not in written[0]
    assert "What activity.3.1.0 says & <b>means</b>." in "".join(parser.text)


def test_reports_are_counted_with_extensions_apart(written):
    bars = re.findall(r'<div class="bar">(.*?)</div>', written[0], re.DOTALL)
    kinds = ("reproduced", "not-reproduced", "depends-on-the-reading", "inconclusive")
    counts = [
        [sum(map(int, re.findall(rf'class="{kind}"[^>]*>. (\d+)<', bar))) for kind in kinds]
        for bar in bars
    ]
    # Activity, geometry, vampprior, and what is beyond the reports.
    assert counts == [[1, 1, 0, 1], [1, 0, 1, 0], [0, 1, 0, 0], [1, 0, 0, 0]]


def test_figures_come_by_report_and_number(written):
    names = re.findall(r'<article id="([^"]+)"', written[0])
    assert names == [
        *("activity-fig_3_1", "activity-fig_3_10", "activity-beyond-more"),
        *("geometry-fig_1", "geometry-fig_2", "geometry-fig_3", "vampprior-table_1"),
    ]
    text = words(written[0])
    assert "Not decided: 10 epochs, needs 50." in text
    assert "1.235" in text and "Below." in text and "the report's Table 1" in text
    assert "Differs from the report in: epochs (60 of 300), trials (2, not 3)." in text
    assert "keras-vae reproduce activity/fig_3_1 --dataset mnist --epochs 60 --trials 2" in text
    # Epochs that differ from model to model are the protocol's.
    assert "keras-vae reproduce vampprior/table_1 --preset paper" in text


def test_every_claim_is_in_the_table_with_its_trials_and_epochs(written):
    rows = re.findall(r'<tr class="([^"]+)" data-report="(\w+)">(.*?)</tr>', written[0], re.DOTALL)
    assert len(rows) == 7
    cells = {
        words(cells[0]): [words(cell).strip() for cell in cells]
        for _, _, row in rows
        for cells in [re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)]
    }
    assert cells["activity.3.1.2"][1:] == [
        "What activity.3.1.2 says & <b>means</b>.2 nats (Table 1)",
        *("1.2 nats", "? Inconclusive, so far no", "2", "60 of 300"),
    ]
    assert cells["vampprior.T1.1"][-2:] == ["1", "35-100%"]
    assert cells["geometry.3.1"][3] == "◐ Depends on the reading"
    # A claim of an older version says no more than its numbers.
    assert cells["geometry.2.1"][2].startswith("difference: 1.235; by size: 2: 1, 2.5")


def test_what_is_beyond_a_report_is_not_said_to_be_its_own(results):
    (results / "findings.json").write_text('["beyond.more.1", "activity.3.1.1"]')
    html, markdown = remade(results)
    for text in (words(html), words(markdown)):
        assert "Beyond the report: What beyond.more.1 says" in text
        assert "The report says: What beyond.more.1" not in text
        assert "The report says: What activity.3.1.1 says" in text
    assert "Beyond the report What beyond.more.1 says" in words(html)
    assert "`beyond.more.1` (beyond the report)" in markdown
    readme = results.parent / "README.md"
    readme.write_text("<!-- findings: made by keras-vae compare -->\n<!-- end of findings -->\n")
    page.renew_readme(readme, results)
    assert readme.read_text().count("*Beyond the report:* What beyond.more.1 says") == 1


def test_findings_are_claims(written, results):
    for text in (words(written[0]), words(written[1])):
        assert "report says: What activity.3.1.1 says" in text
        assert "We measured: 1.2 nats" in text
    for content, said in (
        ("[", "findings.json is damaged"),
        ("null", "findings.json is damaged"),
        ('[{"text": "of version 0.2.0"}, {}]', "findings.json has something else than ids"),
        ('["../../etc/passwd"]', "names '../../etc/passwd', which is no claim"),
    ):
        (results / "findings.json").write_text(content)
        assert words(remade(results)[0]).count(said) == 1
    (results / "findings.json").unlink()
    assert "What was found" not in remade(results)[0]


def test_markdown(written, results):
    rows = {row.split("`")[1]: row for row in written[1].splitlines() if "</a>`" in row}
    assert "</a>`activity.3.1.2` | What activity.3.1.2 says &amp; &lt;b>means" in written[1]
    assert rows["activity.3.1.2"].endswith(
        "| 1.2 nats | inconclusive, so far no: 10 epochs, needs 50 |"
    )
    assert "reading: on training data: yes; on test data: no |" in rows["geometry.3.1"]
    for path in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", written[1]):
        assert (results / path).is_file()
    anchors = set(re.findall(r'<a id="([^"]+)">', written[1]))
    assert set(re.findall(r"\]\(#([^)]+)\)", written[1])) <= anchors


def test_readings_have_their_numbers_with_limits(written):
    text = words(written[0])
    assert "On training data: yes." in text and "On test data: no." in text
    assert "(nats, to be at least 0.5): -1" in text


def test_text_of_the_results_is_text_wherever_it_stands(results):
    evil = "a | b <u>c</u> `d` [e](http://x) *f* # \"g\" 'h' &amp; javascript:x </script>"
    path = results / "activity" / "fig_3_1"
    content = json.loads((path / "data.json").read_text())
    content |= {"title": evil, "script": evil, "original": evil, "made": {"machine": evil}}
    content["about"] = {"title": evil, "authors": evil}
    content["versions"] = {evil: evil}
    content["protocol"]["reached"] |= {"dataset": evil, evil: evil}
    content["protocol"]["asked"] |= {evil: evil}
    content["curves"] = [evil]
    (path / "data.json").write_text(json.dumps(content))
    one = claim(evil, "reproduced", statement=evil, reported=evil, measured=evil[:90])
    reading = one["readings"][0]
    reading |= {"name": evil, "rule": evil}
    reading["numbers"] = {evil: {"value": {evil: 1.0}, "unit": evil}}
    (path / "claims.json").write_text(json.dumps([one]))
    (path / "table.md").write_text(f"| a | b |\n|---|---|\n| {evil.replace('|', '')} | 1 |\n")
    (results / "findings.json").write_text(json.dumps([evil]))
    page_text, markdown = remade(results)
    parser = Strict()
    parser.feed(page_text)
    assert not parser.open and "<u>" not in page_text and page_text.count("</script>") == 1
    # Between backticks it is code, which has none of its own.
    outside = re.sub(r"(?<!\\)`[^`]*`", "", markdown)
    assert "<u>" not in outside and "[e](http" not in outside and " *f*" not in outside
    assert "reproduce activity/fig_3_1 " not in markdown + page_text
    readme = results.parent / "README.md"
    readme.write_text(
        "".join(
            f"<!-- {name}: made by keras-vae compare -->\n<!-- end of {name} -->\n"
            for name in ("findings", "reports")
        )
    )
    page.renew_readme(readme, results)
    assert "<u>" not in readme.read_text() and "[e](http" not in readme.read_text()


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
    evil = results / "activity" / "<script>x"
    shutil.copytree(results / "activity/fig_3_1", evil)
    for text in remade(results):
        assert "<script>alert" not in text and "<script>x" not in text


def test_pictures_have_their_size_and_smaller_files(results, written):
    path = results / "activity" / "fig_3_1"
    with Image.open(path / "figure.png") as ours:
        pixels = ours.tobytes()
    # Noise is as large as WebP; what is plain is smaller.
    Image.new("RGB", (300, 200), "navy").save(path / "figure.png", compress_level=0)
    content = remade(results)[0]
    (tag,) = re.findall(r'<img src="activity/fig_3_1/[^>]+>', content)
    assert 'width="300" height="200"' in tag and "figure.webp" in tag
    assert '<a href="activity/fig_3_1/figure.png">' in content
    with Image.open(path / "figure.webp") as smaller:
        assert smaller.convert("RGB").getpixel((0, 0)) == (0, 0, 128)
    before = (path / "figure.webp").stat().st_mtime_ns
    page.write(results)
    assert (path / "figure.webp").stat().st_mtime_ns == before
    # A new picture gets a new one.
    Image.new("RGB", (30, 20), "red").save(path / "figure.png", compress_level=0)
    assert 'width="30" height="20"' in remade(results)[0]
    with Image.open(path / "figure.webp") as smaller:
        assert smaller.convert("RGB").getpixel((0, 0)) == (255, 0, 0)
    (path / "figure.png").write_bytes(b"no picture")
    assert "figure.png is damaged" in remade(results)[0] and pixels


def test_a_figure_with_other_options_has_addresses_of_its_own(results):
    write(
        results / "activity/fig_3_1_other", data("other"), [claim("activity.3.1.0", "reproduced")]
    )
    content = remade(results)[0]
    ids = re.findall(r'id="([^"]+)"', content)
    assert len(ids) == len(set(ids)) and "activity-fig_3_1_other.activity.3.1.0" in ids
    assert 'href="#activity-fig_3_1_other.activity.3.1.0"' in content


def test_a_readmes_parts_are_renewed_between_their_marks(results, tmp_path):
    (results / "gallery.json").write_text('["activity/fig_3_1", "gone", "vampprior/table_1"]')
    path = results / "activity/fig_3_1/data.json"
    panel = {**json.loads(path.read_text()), "panel": [0, 0, 0.5, 1]}
    path.write_text(json.dumps(panel))
    readme = tmp_path / "README.md"
    begins = "<!-- {}: made by keras-vae compare -->\n"
    for content in ("none", begins.format("other"), begins.format("findings") + "old"):
        readme.write_text(content)
        with pytest.raises(page.PageError, match="lacks the line|needs lines like these"):
            page.renew_readme(readme, results)
        assert readme.read_text() == content
    (tmp_path / "latin").write_bytes(b"\xe9")
    with pytest.raises(page.PageError, match="cannot be read"):
        page.renew_readme(tmp_path / "latin", results)
    names = ["findings", "reports", "gallery"]
    parts = "".join(f"{begins.format(name)}old\n<!-- end of {name} -->\n" for name in names)
    readme.write_text(f"above\n{parts}below\n")
    assert page.renew_readme(readme, results) == names
    content = readme.read_text()
    assert content.startswith("above\n") and content.endswith("below\n") and "old" not in content
    finding = next(line for line in content.splitlines() if "T1.1" in line or "3.1.1" in line)
    assert "*We measured:* 1.2 nats. **Not reproduced**" in finding
    assert "(results/README.md#activity.3.1.1)" in finding
    row = next(line for line in content.splitlines() if line.startswith("| [Project: Large"))
    assert "| 1 | 1 not reproduced | 35-100% of the report's |" in row
    # The left half of a picture of 60 x 40 pixels, where the panel is, and all of another one.
    for name, height in (("activity-fig_3_1", round(560 * 40 / 30)), ("vampprior-table_1", 373)):
        assert f"(results/gallery/{name}.png)" in content
        with Image.open(results / "gallery" / f"{name}.png") as picture:
            assert picture.size == (560, height)
    page.renew_readme(readme, results)
    assert readme.read_text() == content
    # What is wrong with the list is said; the gallery there is stays.
    for listed in ("{}", "[", '[["activity/fig_3_1"]]'):
        (results / "gallery.json").write_text(listed)
        with pytest.raises(page.PageError, match="gallery.json (is damaged|has something else)"):
            page.renew_readme(readme, results)
    assert readme.read_text() == content


def test_a_picture_of_too_many_pixels_is_left_out(results, monkeypatch):
    monkeypatch.setattr(originals, "MOST_PIXELS", 1000)
    (results / "activity/fig_3_1/figure.webp").unlink(missing_ok=True)
    assert "figure.png is damaged (it has 60 x 40 pixels. Scale it down" in remade(results)[1]
    assert not (results / "activity/fig_3_1/figure.webp").exists()


@pytest.mark.parametrize(
    "changed",
    [
        {"script": "a\0b"},
        {"script": "a" * 5000},
        {"title": "half a character: \ud800"},
        *(
            {"runs": {"a": {"epochs": {"reached": 0, "asked": 0}, "ids": ["a"], **seconds}}}
            for seconds in ({}, {"median_seconds_per_epoch": float("nan")})
        ),
    ],
    ids=range(5),
)
def test_odd_entries_of_a_result_cost_neither_page_nor_readme(results, tmp_path, changed):
    path = results / "activity/fig_3_1/data.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changed}))
    readme = tmp_path / "README.md"
    names = ("findings", "reports")
    readme.write_text(
        "".join(f"<!-- {n}: made by keras-vae compare -->\n<!-- end of {n} -->\n" for n in names)
    )
    assert "fig_3_1" in remade(results)[0]
    assert page.renew_readme(readme, results) == list(names)


@pytest.mark.parametrize(
    "epochs, extent",
    [
        ((), "no training"),
        (((60, 300), (60, 300)), "60 of 300 x 2"),
        (((60, None), (60, None)), "60 x 2"),
        (((60, 300), (299, 300)), "20-100% x 2"),
        (((60, 300), (30, 150)), "20% x 2"),
        (((60, 300), (60, None)), "20% where given x 2"),
    ],
)
def test_the_extent_is_what_the_runs_say(epochs, extent):
    runs = {
        str(i): {"epochs": {"reached": reached, "asked": asked}}
        for i, (reached, asked) in enumerate(epochs)
    }
    content = {"protocol": {"reached": {"trials": 2}}, "runs": runs}
    assert wording.describe_extent(content) == extent
    assert wording.describe_epochs(content) == ("" if not epochs else extent[: -len(" x 2")])


def test_numbers_in_words():
    pairs = wording.describe_values({"a_b": {"c": 1234.5678}, "d": True, "e": list(range(20))})
    assert pairs[:2] == [("a b, c", "1235"), ("d", "yes")]
    assert pairs[2][1].endswith("(20 values)")
    estimate = {"mean": -75.4962, "standard_error": 0.25, "images": 300}
    expected = "-75.50 ± 0.25 (images 300)"
    assert wording.describe_values({"a": {"b": estimate}}) == [("a, b", expected)]
    assert wording.describe_values({"a": [estimate] * 2}) == [("a", f"{expected}; {expected}")]
    assert wording.describe_values({"a": [{"b": 1}]}) == [("a", "rows in claims.json: 1")]
    mixed = {"reached": {"binarize": {"binary": "static", "grey": None}}, "asked": {}}
    assert wording.describe_protocol(mixed) == [("binarize", "binary: static; grey: none", "")]
    times = (59, 60, 3599, 3600, 5400)
    words = ["less than a minute", "1 minutes", "60 minutes", "1.0 hours", "1.5 hours"]
    assert [wording.describe_time(seconds) for seconds in times] == words
    for count, text in ((1, "1 depends on the reading"), (2, "2 depend on the reading")):
        counts = {"reproduced": 3, "inconclusive": 0, "depends on the reading": count}
        assert wording.describe_counts(counts) == f"3 reproduced, {text}"


def test_numbers_have_their_units_and_limits():
    estimate = {"mean": -75.4962, "standard_error": 0.25, "images": 300}
    numbers = {
        "of_bn": Number({"IW": estimate}, "nats", at_least=1, below=2.5),
        "ratio": Number(2.0, "1"),
    }
    assert wording.describe_numbers(numbers) == [
        ("of bn (nats, to be at least 1 and below 2.5)", "IW: -75.50 ± 0.25 (images 300)"),
        ("ratio", "2"),
    ]
    many = {"b": Number({str(i): i for i in range(5)}, "nats"), "a": Number(7, "nats", below=9)}
    shown = wording.describe_numbers(many, 2)
    # What decides comes first.
    assert shown == [
        ("a (nats, to be below 9)", "7"),
        ("b (nats)", "0: 0"),
        ("and", "4 more in claims.json"),
    ]
    assert wording.describe_numbers(many)[1:] == [("b (nats)", "0: 0; 1: 1; 2: 2; 3: 3; 4: 4")]
    assert wording.describe_numbers(many, 1)[1:] == [("and", "5 more in claims.json")]


@pytest.mark.parametrize(
    "mean, error, expected",
    [
        (-75.4962, 0.2549, "-75.50 ± 0.25"),
        (1023.149, 1020.494, "1023 ± 1020"),
        (-0.01372, 0.00295, "-0.0137 ± 0.0029"),
        (1e-9, 1e-12, "1e-09 ± 1e-12"),
        (3.0, 0.0, "3 ± 0"),
        (None, None, "none"),
    ],
)
def test_an_estimate_has_as_many_decimals_as_its_error(mean, error, expected):
    estimate = {"mean": mean, "standard_error": error, "seeds": 2}
    assert wording.describe_values({"a": estimate}) == [("a", expected)]


def test_an_estimate_of_one_trial_says_so():
    estimate = {"mean": 3.0, "standard_error": None, "seeds": 1}
    assert wording.describe_values({"a": estimate}) == [("a", "3 (one seed)")]


def test_a_page_that_would_be_large_shows_fewer_numbers(results, monkeypatch):
    path = results / "activity" / "fig_3_1" / "claims.json"
    many = {f"number_{i}": {"value": i, "unit": "nats"} for i in range(20)}
    one = claim("activity.3.1.0", "reproduced")
    one["readings"][0]["numbers"] = many
    path.write_text(json.dumps([one]))
    assert "number 11 (nats): 11" in remade(results)[0]
    assert "and: 8 more in claims.json" in remade(results)[0]
    size = len(remade(results)[0].encode())
    monkeypatch.setattr(rendering, "LARGEST_PAGE", size)
    assert "and: 12 more in claims.json" in remade(results)[0]
    # What is left without numbers is written, however large.
    monkeypatch.setattr(rendering, "LARGEST_PAGE", 1)
    content = remade(results)[0]
    assert "more in claims.json" not in content and "activity.3.1.0" in content


def test_runs_that_figures_share_are_timed_once(results):
    runs = {"a": {"ids": ["x", "y"], "median_seconds_per_epoch": 2.0}}
    runs["a"]["epochs"] = {"reached": 60, "asked": 300}
    for name in ("fig_3_1", "fig_3_10"):
        path = results / "activity" / name / "data.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "runs": runs}))
    text = words(remade(results)[0])
    assert "3 figures, 4 minutes of training" in text
    found = entries.read_results(results)
    assert found[0].seconds == {"x": 120.0, "y": 120.0}


def test_the_committed_page_and_readme_are_current(tmp_path):
    copy = shutil.copytree(ROOT / "results", tmp_path / "results")
    shutil.copytree(ROOT / "reproductions", tmp_path / "reproductions")
    for path in page.write(copy)[0]:
        assert path.read_text() == (ROOT / "results" / path.name).read_text(), path.name
    assert (copy / "index.html").stat().st_size < 270_000
    readme = shutil.copy(ROOT / "README.md", tmp_path)
    page.renew_readme(readme, copy)
    assert pathlib.Path(readme).read_text() == (ROOT / "README.md").read_text()


@pytest.mark.parametrize("seeds, option", [([3, 4], " --seed 3"), ([0, 1], ""), ([5], " --seed 5")])
def test_a_command_begins_at_the_first_seed(seeds, option):
    reached = {"epochs": 6, "dataset": "mnist", "trials": len(seeds), "seeds": seeds}
    data = {"protocol": {"reached": reached, "asked": {}}, "runs": {"VAE": {}}}
    command = entries._command("activity/fig_3_1", "activity/fig_3_1", data)
    trained = f"--dataset mnist --epochs 6 --trials {len(seeds)}"
    assert command == f"keras-vae reproduce activity/fig_3_1 {trained}{option}"


def test_trained_models_are_listed_with_their_figures(results):
    estimate = {"mean": -70.126, "standard_error": 0.25, "images": 10000, "num_samples": 5000}
    record = {"run": "x", "epochs": 30, "test_log_likelihood": estimate, "sha256": "ab" * 32}
    other = {**record, "run": "z", "test_log_likelihood": None}
    (results / "models").mkdir()
    records = results / "models/models.json"
    records.write_text(json.dumps({"mine.keras": record, "other.keras": other}))
    runs = {"a": {"ids": ["x", "y"], "median_seconds_per_epoch": 2.0}}
    runs["a"]["epochs"] = {"reached": 3, "asked": 3}
    path = results / "activity/fig_3_10/data.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "runs": runs}))
    lines = remade(results)[1].splitlines()
    assert (
        "| [mine.keras](models/mine.keras) | activity/fig\\_3\\_10 | 30 | "
        f"-70.13 ± 0.25 (10,000 images, 5,000 samples) | {'ab' * 8} |"
    ) in lines
    assert f"| [other.keras](models/other.keras) | - | 30 | not estimated | {'ab' * 8} |" in lines
    records.write_text("[")
    assert "## Trained models" not in remade(results)[1]

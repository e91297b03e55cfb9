"""The page: what it shows, what it warns of, and that it reads well in a browser."""

import html.parser
import json
import pathlib
import re
import shutil
import subprocess
import urllib.parse

import pytest
from PIL import Image

from keras_vae.experiments import page
from keras_vae.experiments.originals import OriginalsError
from keras_vae.experiments.page import wording
from keras_vae.experiments.page.rendering import script_of

ROOT = pathlib.Path(__file__).parents[3]
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")
# Run in the page itself: what a person would see, and what a screen reader would read.
PROBE = """
<script>
window.problems = [];
window.addEventListener("error", e => problems.push("error: " + (e.message || e.target.src)), true);
function luminance(color) {
  const parts = color.match(/[\\d.]+/g).slice(0, 3).map(v => {
    v /= 255; return v <= 0.03928 ? v / 12.92 : Math.pow((v + 0.055) / 1.055, 2.4); });
  return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
}
function background(element) {
  for (; element; element = element.parentElement) {
    const color = getComputedStyle(element).backgroundColor;
    if (!color.endsWith(", 0)")) return color;
  }
  return "rgb(255, 255, 255)";
}
window.addEventListener("load", () => {
  for (const image of document.images) {
    if (!image.naturalWidth) problems.push("broken picture: " + image.src);
    if (!image.alt.trim()) problems.push("no alternative text: " + image.src);
  }
  let level = 0;
  for (const heading of document.querySelectorAll("h1, h2, h3, h4")) {
    const next = Number(heading.tagName[1]);
    if (next > level + 1) problems.push("heading skips a level: " + heading.textContent);
    level = next;
  }
  const ids = [...document.querySelectorAll("[id]")].map(e => e.id);
  if (new Set(ids).size !== ids.length) problems.push("an id twice");
  for (const link of document.querySelectorAll("a[href^='#']"))
    if (!ids.includes(link.getAttribute("href").slice(1))) problems.push("dead link: " + link.href);
  for (const element of document.querySelectorAll("body *")) {
    const text = [...element.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!text || element.closest("script, style")) continue;
    const lights = [getComputedStyle(element).color, background(element)].map(luminance);
    const contrast = (Math.max(...lights) + 0.05) / (Math.min(...lights) + 0.05);
    if (contrast < 4.5) problems.push("contrast " + contrast + ": " + element.textContent);
  }
  if (document.documentElement.scrollWidth > window.innerWidth)
    problems.push("wider than the screen: " + document.documentElement.scrollWidth);
  const shown = {};
  for (const name of ["all", "reproduced", "not-reproduced", "inconclusive"]) {
    document.getElementById("show-" + name).click();
    const seen = selector => [...document.querySelectorAll(selector)].filter(e => e.offsetHeight);
    shown[name] = [seen(".claim").length, seen(".claim." + name).length, seen("article").length];
  }
  document.body.dataset.found = JSON.stringify({problems: problems, shown: shown});
});
</script>
"""


@pytest.fixture
def written(results):
    html_path, markdown_path = page.write(results)
    return html_path.read_text(), markdown_path.read_text()


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
    assert re.search(r"All</th><td>3</td><td>2</td><td>1</td>", content)
    names = re.findall(r'<article id="([^"]+)"', content)
    assert names == [
        *("activity-fig_3_1", "activity-fig_3_10", "activity-beyond-more"),
        *("vampprior-table_1", "geometry-fig_1", "geometry-fig_2"),
    ]
    assert "Not decided: 10 epochs, needs 50." in content
    assert "1.235" in content and "Below." in content and "the report&#39;s Table 1" in content
    assert "60 of 300 x 2" in content and "35-100% x 1" in content


def test_what_is_damaged_is_said(written):
    content = written[0]
    assert "claims.json is damaged" in content and "data.json is damaged" in content
    assert "1 claims in claims.json cannot be read" in content
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
    assert "| `activity.3.1.2` |" in written[1] and "inconclusive: 10 epochs" in written[1]
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
        ("claims.json", "unmet", None, "1 claims in claims.json cannot be read"),
        ("claims.json", "numbers", [1], "1 claims in claims.json cannot be read"),
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


def test_nothing_to_show(tmp_path):
    with pytest.raises(page.PageError, match="holds no results"):
        page.write(tmp_path)


def test_table_of_figures_and_its_place(results, tmp_path):
    scripts = tmp_path / "reproductions"
    (scripts / "vampprior").mkdir(parents=True)
    for name in ("fig_3_1_activity.py", "fig_3_10_more.py", "vampprior/table_1_values.py"):
        (scripts / name).touch()
    table = page.figure_table(results, scripts)
    row = next(line for line in table.splitlines() if "fig_3_1`" in line)
    assert row.endswith("| 60 of 300 x 2 | 1 reproduced, 1 not reproduced, 1 inconclusive |")
    assert "fig_3_1_activity.py" in row
    assert script_of("vampprior/table_1_frey_faces", scripts) is None
    assert script_of("vampprior/table_1_values_frey_faces", scripts).stem == "table_1_values"
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


def test_numbers_in_words():
    pairs = wording.describe_numbers({"a_b": {"c": 1234.5678}, "d": True, "e": list(range(20))})
    assert pairs[:2] == [("a b, c", "1235"), ("d", "yes")]
    assert pairs[2][1].endswith("(20 values)")
    estimate = {"mean": -75.4962, "standard_error": 0.25, "images": 300}
    expected = "-75.5 ± 0.25 (images 300)"
    assert wording.describe_numbers({"a": {"b": estimate}}) == [("a, b", expected)]
    assert wording.describe_numbers({"a": [estimate] * 2}) == [("a", f"{expected}; {expected}")]
    assert wording.describe_numbers({"a": [{"b": 1}]}) == [("a", "rows in claims.json: 1")]
    none = {"reached": {"epochs": {}, "trials": 1}, "asked": {"epochs": {}}}
    assert wording.describe_extent(none) == "no training"
    mixed = {"reached": {"binarize": {"binary": "static", "grey": None}}, "asked": {}}
    assert wording.describe_protocol(mixed) == [("binarize", "binary: static; grey: none", "")]


def look(folder, width, tmp_path):
    """What the probe finds in a page, in a browser of a width."""
    content = (folder / "index.html").read_text()
    # A copy beside the page, whose pictures load at once.
    probed = folder / f".probed_{width}.html"
    probed.write_text(content.replace('loading="lazy"', "").replace("</head>", PROBE + "</head>"))
    try:
        done = subprocess.run(
            [
                *(BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"),
                *("--enable-logging=stderr", f"--user-data-dir={tmp_path / 'profile'}"),
                *(f"--window-size={width},2000", "--virtual-time-budget=20000", probed.as_uri()),
            ],
            capture_output=True,
            text=True,
            timeout=120,
        )
    finally:
        probed.unlink()
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    (found,) = re.findall(r'data-found="([^"]*)"', done.stdout)
    return json.loads(html.unescape(found)), console


@pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")
@pytest.mark.parametrize("width", [1280, 500])
def test_in_a_browser(results, written, width, tmp_path):
    found, console = look(results, width, tmp_path)
    assert found["problems"] == [] and console == []
    assert found["shown"] == {
        "all": [6, 0, 6],
        "reproduced": [3, 3, 3],
        "not-reproduced": [2, 2, 2],
        "inconclusive": [1, 1, 1],
    }


@pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")
def test_a_browser_would_notice(results, written, tmp_path):
    path = results / "index.html"
    broken = written[0].replace("activity/fig_3_1/figure.png", "gone.png", 2)
    path.write_text(broken.replace("--muted: #555", "--muted: #bbb"))
    found, _ = look(results, 1280, tmp_path)
    text = "\n".join(found["problems"])
    assert "broken picture" in text and "contrast" in text


@pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")
def test_the_committed_page_in_a_browser(tmp_path):
    found, console = look(ROOT / "results", 500, tmp_path)
    assert found["problems"] == [] and console == []
    assert all(own == shown for name, (shown, own, _) in found["shown"].items() if name != "all")


def test_the_committed_page_is_current(tmp_path):
    copy = shutil.copytree(ROOT / "results", tmp_path / "results")
    for path in page.write(copy):
        assert path.read_text() == (ROOT / "results" / path.name).read_text(), path.name

"""The page as a browser shows it, where there is one."""

import html
import json
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parents[3]
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")
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
  for (const name of ["all", "reproduced", "not-reproduced", "depends-on-the-reading",
      "inconclusive"]) {
    document.getElementById("show-" + name).click();
    const seen = selector => [...document.querySelectorAll(selector)].filter(e => e.offsetHeight);
    shown[name] = [seen(".claim").length, seen(".claim." + name).length, seen("article").length,
      seen("section:has(article)").length];
  }
  document.body.dataset.found = JSON.stringify({problems: problems, shown: shown});
});
</script>
"""


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


@pytest.mark.parametrize("width", [1280, 500])
def test_in_a_browser(results, written, width, tmp_path):
    found, console = look(results, width, tmp_path)
    assert found["problems"] == [] and console == []
    assert found["shown"] == {
        "all": [7, 0, 7, 3],
        "reproduced": [3, 3, 3, 2],
        "not-reproduced": [2, 2, 2, 2],
        "depends-on-the-reading": [1, 1, 1, 1],
        "inconclusive": [1, 1, 1, 1],
    }


def test_a_browser_would_notice(results, written, tmp_path):
    path = results / "index.html"
    broken = written[0].replace("activity/fig_3_1/figure.png", "gone.png", 2)
    path.write_text(broken.replace("--muted: #555", "--muted: #bbb"))
    found, _ = look(results, 1280, tmp_path)
    text = "\n".join(found["problems"])
    assert "broken picture" in text and "contrast" in text


def test_the_committed_page_in_a_browser(tmp_path):
    found, console = look(ROOT / "results", 500, tmp_path)
    assert found["problems"] == [] and console == []
    assert all(own == shown for name, (shown, own, *_) in found["shown"].items() if name != "all")

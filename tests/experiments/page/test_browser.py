"""The page as a browser shows it, where there is one."""

import pathlib
import shutil

import pytest
from browser import needs_browser, run_in_page

ROOT = pathlib.Path(__file__).parents[3]
pytestmark = needs_browser
# What a person would see, and what a screen reader would read.
PROBLEMS = """async () => {
  const problems = [];
  function luminance(color) {
    const parts = color.match(/[\\d.]+/g).slice(0, 3).map(v => {
      v /= 255; return v <= 0.03928 ? v / 12.92 : Math.pow((v + 0.055) / 1.055, 2.4); });
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  }
  function background(element) {
    for (; element; element = element.parentElement) {
      const color = getComputedStyle(element).backgroundColor;
      if (!/^rgba.*, 0\\)$/.test(color)) return color;
    }
    return "rgb(255, 255, 255)";
  }
  const shift = new Promise(resolve => new PerformanceObserver((list, observer) => {
    resolve(list.getEntries().reduce((sum, entry) => sum + entry.value, 0));
  }).observe({type: "layout-shift", buffered: true}));
  for (const image of document.images) {
    if (!image.naturalWidth) problems.push("broken picture: " + image.src);
    if (!image.alt.trim()) problems.push("no alternative text: " + image.src);
    const {width, height} = image.getBoundingClientRect();
    if (Math.abs(width / height - image.naturalWidth / image.naturalHeight) > 0.02)
      problems.push("distorted: " + image.src);
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
    if (!ids.includes(decodeURIComponent(link.getAttribute("href").slice(1).split("?")[0])))
      problems.push("dead link: " + link.href);
  for (const details of document.querySelectorAll("details")) details.open = true;
  for (const element of document.querySelectorAll("body *")) {
    const text = [...element.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!text || element.closest("script, style, noscript")) continue;
    const lights = [getComputedStyle(element).color, background(element)].map(luminance);
    const contrast = (Math.max(...lights) + 0.05) / (Math.min(...lights) + 0.05);
    if (contrast < 4.5) problems.push("contrast " + contrast + ": " + element.textContent);
  }
  if (document.documentElement.scrollWidth > window.innerWidth)
    problems.push("wider than the screen: " + document.documentElement.scrollWidth);
  const moved = await Promise.race([shift, new Promise(r => setTimeout(r, 300, 0))]);
  if (moved > 0.02) problems.push("moves while it loads: " + moved);
  const answers = [...document.querySelectorAll(".claims td:nth-child(4)")].map(e => e.clientWidth);
  return {problems, dark: matchMedia("(prefers-color-scheme: dark)").matches,
    narrowest: Math.min(...answers)};
}"""


@pytest.mark.parametrize("width, dark", [(1440, False), (1440, True), (500, False), (500, True)])
def test_nothing_is_broken_pale_or_too_wide(results, written, width, dark, tmp_path):
    found, console = run_in_page(results / "index.html", PROBLEMS, tmp_path, width, dark)
    assert found["problems"] == [] and console == []
    # Verdicts are seen on phones, too.
    assert found["dark"] == dark and found["narrowest"] > 40


def test_a_browser_would_notice(results, written, tmp_path):
    path = results / "index.html"
    name = "activity/fig_3_1/figure."
    broken = written[0].replace(f'src="{name}', 'src="gone.', 1).replace(".bars {", ".bar {")
    path.write_text(broken.replace("--muted: #555", "--muted: #bbb"))
    found, _ = run_in_page(path, PROBLEMS, tmp_path)
    text = "\n".join(found["problems"])
    assert "broken picture" in text and "contrast" in text


def test_the_committed_page_in_a_browser(tmp_path):
    copy = shutil.copytree(ROOT / "results", tmp_path / "results")
    found, console = run_in_page(copy / "index.html", PROBLEMS, tmp_path, 500)
    assert found["problems"] == [] and console == []


USE = """async () => {
  const form = document.querySelector(".filter"), seen = {};
  const shown = () => [...document.querySelectorAll(".claims tbody tr")].filter(r => !r.hidden)
    .map(row => row.cells[0].querySelector("a").textContent);
  const state = () => ({rows: shown(), hash: location.hash,
    count: form.querySelector("output").value});
  const later = () => new Promise(resolve => setTimeout(resolve, 50));
  seen.first = state();
  form.verdict.value = "not-reproduced";
  form.dispatchEvent(new Event("input"));
  seen.chosen = state();
  form.q.value = "VAMPPRIOR nothing";
  form.q.dispatchEvent(new Event("input", {bubbles: true}));
  seen.nothing = state();
  form.reset();
  await later();
  document.querySelectorAll(".claims th button")[0].click();
  seen.sorted = state();
  document.querySelectorAll(".claims th button")[0].click();
  seen.reversed = {...state(), sort: document.querySelector(".claims th").ariaSort};
  // A finding's claim is seen whatever is chosen in the table.
  form.verdict.value = "inconclusive";
  form.dispatchEvent(new Event("input"));
  document.querySelector(".findings a").click();
  await later();
  const target = document.querySelector(":target"), box = target.getBoundingClientRect();
  seen.target = {id: target.id, seen: box.top >= 0 && box.top < innerHeight && box.height > 0};
  document.querySelector(".bar .inconclusive").click();
  await later();
  seen.bar = {...state(), top: document.getElementById("claims").getBoundingClientRect().top};
  [...document.querySelectorAll(".bar .reproduced")].at(-1).click();
  await later();
  seen.beyond = state();
  location.hash = "#claims?report=geometry&verdict=nonsense&sort=99,down";
  await later();
  seen.address = state();
  location.hash = "#claims?q=%E0%A4%A";
  await later();
  return seen;
}"""


def test_claims_are_chosen_sorted_and_addressed(results, written, tmp_path):
    fragment = "#claims?verdict=depends-on-the-reading"
    found, console = run_in_page(results / "index.html", USE, tmp_path, fragment=fragment)
    assert "error" not in found and console == [], (found, console)
    assert found["first"]["rows"] == ["geometry.3.1"] and found["first"]["count"] == "1 of 7"
    assert found["chosen"]["rows"] == ["activity.3.1.1", "vampprior.T1.1"]
    assert found["chosen"]["hash"] == "#claims?verdict=not-reproduced"
    assert found["nothing"]["rows"] == [] and "q=VAMPPRIOR+nothing" in found["nothing"]["hash"]
    assert found["sorted"]["rows"] == sorted(found["sorted"]["rows"])
    assert len(found["sorted"]["rows"]) == 7 and "sort=0%2Cup" in found["sorted"]["hash"]
    assert found["reversed"]["rows"] == found["sorted"]["rows"][::-1]
    assert found["reversed"]["sort"] == "descending"
    assert found["target"] == {"id": "activity.3.1.1", "seen": True}
    # A part of a bar leads to its claims: those of the report, or those beyond it.
    assert found["bar"]["rows"] == ["activity.3.1.2"] and 0 <= found["bar"]["top"] < 100
    assert found["bar"]["hash"] == "#claims?verdict=inconclusive&report=activity"
    assert found["beyond"]["rows"] == ["beyond.more.1"]
    assert found["address"]["rows"] == ["geometry.2.1", "geometry.3.1"]


SORTING = """async () => {
  const buttons = [...document.querySelectorAll(".claims th button")];
  buttons.at(-1).click();
  const boxes = buttons.map(b => b.getBoundingClientRect());
  const inside = b => b.left >= 0 && b.right <= innerWidth && b.height >= 24 && b.width > 20;
  return {seen: boxes.filter(inside).length,
    sorted: document.querySelector(".claims th:last-child").ariaSort};
}"""


@pytest.mark.parametrize("width", [500, 800])
def test_claims_are_sorted_on_narrow_screens_too(results, written, width, tmp_path):
    found, _ = run_in_page(results / "index.html", SORTING, tmp_path, width)
    assert found == {"seen": 6, "sorted": "ascending"}

"""What is missing, older or damaged is named on the page, and nobody else's file is replaced."""

import json
import os
import re
import shutil

import pytest
from conftest import claim, data, remade, words, write
from PIL import Image

from keras_vae.experiments import page
from keras_vae.experiments.figures import catalogue


def test_what_is_damaged_is_said(written):
    text = words(written[0])
    assert "claims.json is damaged" in text and "data.json is damaged" in text
    assert "One of the claims in claims.json is left out: A claim cannot be read" in text
    assert "1 claim is of an older version" in text
    assert "Made by keras_vae 0.1.0; this page by" in text
    assert "longer protocol is kept in longer_run" in text
    assert "findings.json names 'gone <b>', which is no claim of these results." in text
    assert "Its claims cannot be read." in text


def test_a_missing_picture_is_named(results):
    (results / "activity" / "fig_3_1" / "figure.png").unlink()
    assert "figure.png is missing." in words(remade(results)[0])


def test_a_folder_copied_over_anothers_is_named(results):
    target = results / "activity" / "fig_3_10"
    shutil.rmtree(target)
    shutil.copytree(results / "activity" / "fig_3_1", target)
    said = "data.json is of activity/fig_3_1, but lies in the folder of activity/fig_3_10"
    assert words(remade(results)[0]).count(said) == 1
    assert f"activity/fig_3_10: {said}." in page.list_notes(results)


def test_a_pipe_in_place_of_a_result_is_damage(results):
    path = results / "activity" / "fig_3_1" / "claims.json"
    path.unlink()
    os.mkfifo(path)
    assert "claims.json is damaged: it is not a file." in words(remade(results)[0])


@pytest.mark.parametrize("name", ["README.md", "index.html"])
def test_files_of_others_are_left_alone(results, name):
    (results / name).write_text("mine, with the words keras-vae compare")
    with pytest.raises(page.PageError, match="left as it is"):
        page.write(results)
    assert (results / name).read_text().startswith("mine")
    assert not list(results.rglob("*.webp"))
    (results / name).unlink()
    # Our own are made anew.
    assert len(page.write(results)[0]) == len(page.write(results)[0]) == 2


@pytest.mark.parametrize(
    "file, key, value, said",
    [
        ("data.json", "versions", ["2"], "versions in data.json cannot be read"),
        ("data.json", "title", None, "Figure 3.1: effect of methods"),
        ("data.json", "protocol", {"reached": {"epochs": {"a/b": 1}}}, "protocol in data.json"),
        ("data.json", "runs", [1], "protocol in data.json"),
        ("data.json", "made", "x", "Figure of activity/fig"),
        ("data.json", "about", ["x"], "Figure of activity/fig"),
        ("claims.json", "readings", None, "claims in claims.json is left out"),
        ("claims.json", "readings", [[1]], "claims in claims.json is left out"),
        ("claims.json", "verdict", "inconclusive", "is none of its numbers"),
        ("claims.json", "id", "", "is left out"),
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
    for written in remade(results):
        written = words(written).replace("\\_", "_")
        assert said in written and written.count("fig_3_10") > 0


def test_without_readable_claims_nothing_is_said_of_the_reports(results):
    path = results / "activity" / "fig_3_10" / "claims.json"
    sentence = "The report claims nothing of this figure"
    counts = []
    for content in ("[]", "{}"):
        path.write_text(content)
        counts.append(remade(results)[0].count(sentence))
    assert counts[0] == counts[1] + 1


def test_nothing_to_show(tmp_path):
    with pytest.raises(page.PageError, match="holds no results"):
        page.write(tmp_path)


def test_no_claims_where_the_script_judges_some_is_said(results):
    text = words(remade(results)[0])
    assert "script judges claims" not in text
    for folder, script in (("fig_2_1", None), ("fig_2_1_cifar", "activity/fig_2_1")):
        changed = {"figure": script} if script else {}
        write(results / "activity" / folder, data(f"activity/{folder}", **changed), [])
    for name in ("understanding/fig_4", "nobody/knows"):
        write(results / name, data(name), [])
    content, markdown = remade(results)
    rows = re.findall(r"^\| \[(\S+)\]\(.* \| (.*) \|$", markdown, re.MULTILINE)
    of_figures = {name.replace("\\", ""): claims for name, claims in rows}
    assert of_figures["activity/fig_2_1"] == of_figures["activity/fig_2_1_cifar"] == "missing"
    assert of_figures["understanding/fig_4"] == "none made"
    assert of_figures["geometry/fig_1"] == "cannot be read"
    assert content.count("claims.json is empty, although the figure's script judges claims") == 2
    assert content.count("<p>Its claims are missing.</p>") == 2
    assert words(content).count("The report claims nothing of this figure") == 3


def test_figures_without_results_are_named(results):
    for content in remade(results):
        text = words(content).replace("\\", "").replace("`", "")
        assert "Without results here: Figure 2.1 (activity/fig_2_1); Figure 2.2" in text
        assert "(activity/fig_3_1)" not in text
        # A report of which there is nothing is none of this page's.
        assert "(understanding/fig_3)" not in text
    assert "keras-vae reproduce activity/fig_2_1" in words(remade(results)[0])


def test_where_and_when_is_said_of_those_that_recorded_it(results):
    made = {"date": "2026-11-28", "commit": "abc", "machine": "A Xeon, 1 core"}
    paths = sorted(results.rglob("data.json"))
    for path in paths:
        if path.parent.name != "fig_2":
            content = {**json.loads(path.read_text()), "made": made}
            path.write_text(json.dumps(content))
    text = words(remade(results)[0])
    where = "A Xeon, 1 core, 2026-11-28, at commit abc."
    assert f"Machine, date and commit, recorded of 6 of 7 figures: {where}" in text
    # Each of them says so, since not all do.
    assert text.count("· A Xeon, 1 core · 2026-11-28 · abc") == 6
    shutil.rmtree(results / "geometry" / "fig_2")
    text = words(remade(results)[0])
    assert f"Machine, date and commit: {where}" in text and "· A Xeon" not in text
    for i, path in enumerate(sorted(results.rglob("data.json"))):
        one = {"date": f"2026-11-{10 + i}", "commit": f"c{i}"}
        path.write_text(json.dumps({**json.loads(path.read_text()), "made": one}))
    text = words(remade(results)[0])
    assert "commit: from 2026-11-10 to 2026-11-15, at commit c0, c1, c2 and 3 more." in text


def test_a_command_names_the_figure_and_its_data_set(results):
    asked = {"dataset": "all", "epochs": {"VAE": 200}}
    reached = {"dataset": "frey_faces", "epochs": {"VAE": 200}, "trials": 1}
    content = data("vampprior/warm_up", protocol={"asked": asked, "reached": reached})
    write(results / "vampprior/warm_up_frey_faces", content, [claim("a", "reproduced")])
    # What else was chosen is not recorded.
    write(results / "vampprior/warm_up_mixture", content, [claim("b", "reproduced")])
    text = remade(results)[0]
    command = "keras-vae reproduce vampprior/warm_up --preset paper --dataset frey_faces --trials 1"
    assert f"<code>{command}</code>" in text
    assert "reproduce vampprior/warm_up_" not in text
    assert text.count("<code>keras-vae reproduce vampprior/warm_up ") == 1


def test_commands_of_the_committed_results_name_figures():
    known = {script.figure for script in catalogue.find_scripts()}
    for entry in page.read_results(catalogue.scripts_folder().parent / "results"):
        assert entry.command is not None and entry.command.split()[2] in known, entry.name


def test_a_webp_file_of_somebody_else_is_left_alone(results):
    path = results / "activity" / "fig_3_1" / "figure.webp"
    Image.new("RGB", (3, 2), "red").save(path)
    mine = path.read_bytes()
    assert 'src="activity/fig_3_1/figure.png"' in remade(results)[0]
    assert path.read_bytes() == mine


def test_speeds_in_a_pipe_are_left_out(results):
    (results / "benchmarks").mkdir(exist_ok=True)
    os.mkfifo(results / "benchmarks" / "pipe.json")
    assert "pipe.json" not in remade(results)[0]

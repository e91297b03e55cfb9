"""A user's originals on the page."""

import json

import numpy as np
import pytest
from conftest import data, remade, words, write
from PIL import Image

from keras_vae.experiments import page
from keras_vae.experiments.figures import originals
from keras_vae.experiments.figures.originals import OriginalsError


def test_originals_are_copied_and_shown_beside_ours(results, tmp_path):
    mine = tmp_path / "my scans #1 50%?"
    (mine / "Activity").mkdir(parents=True)
    Image.new("RGB", (50, 20)).save(mine / "Activity" / "FIG_3_1.PNG")
    (mine / "fig_3_1.png").write_bytes(b"")
    _, found = page.write(results, mine)
    assert found.unmatched == ["fig_3_1.png"] and list(found.originals) == ["activity/fig_3_1"]
    content = (results / "index.html").read_text()
    assert 'src="originals/activity/fig_3_1.png" width="50" height="20"' in content
    assert "The report's, as you gave it" in content
    assert (results / "originals/activity/fig_3_1.png").is_file()
    # The folder of the copies can be named, too.
    page.write(results, results / "originals")
    assert (results / "index.html").read_text() == content
    assert "originals/" not in remade(results)[0]
    with pytest.raises(OriginalsError, match="no folder"):
        page.write(results, tmp_path / "nowhere")


def test_digitised_curves_are_drawn_with_ours_and_their_differences_kept(results, tmp_path):
    (tmp_path / "activity").mkdir()
    (tmp_path / "activity" / "fig_3_1.csv").write_text("IW,,VAE,\nX,Y,X,Y\n1,10,1,5\n2,14,,\n")
    page.write(results, tmp_path)
    text = (results / "index.html").read_text()
    assert "Your curves: they cannot be drawn with ours, which are not recorded" in text
    path = results / "activity" / "fig_3_1" / "data.json"
    content = json.loads(path.read_text())
    content["curves"] = [{"panel": "<p>", "curve": "IW", "x": [1, 2, 3], "y": [11, 16, None]}]
    path.write_text(json.dumps(content))
    page.write(results, tmp_path)
    text = words((results / "index.html").read_text())
    assert "<p>, IW: ours less theirs 1.5 in the mean, 2 where it is largest." in text
    assert "Your curves: 'VAE' is none of our curves 'IW'." in text
    (kept,) = json.loads(path.read_text())["against_your_original"]
    assert (kept["points"], kept["mean_difference"]) == (2, 1.5)
    assert (results / "originals/activity/fig_3_1_curves.png").is_file()
    named = {"panel": "a", "curve": "IW"}
    for broken in (
        *("IW", [{"panel": 1}], [{**named, "x": [1], "y": "b"}], [{**named, "x": [1], "y": []}]),
        *([{**named, "x": [1, 2], "y": [1, y]}] for y in (1e308, float("inf"), float("nan"))),
    ):
        path.write_text(json.dumps({**content, "curves": broken}))
        page.write(results, tmp_path)
        assert "not recorded" in (results / "index.html").read_text()


def test_what_was_matched_and_is_not_shown_is_said(results, tmp_path):
    mine = tmp_path / "mine"
    (mine / "activity").mkdir(parents=True)
    (mine / "vampprior").mkdir()
    for name in ("activity/fig_3_1", "activity/fig_2_1"):
        (mine / f"{name}.csv").write_text("1,2\n2,3\n")
    (mine / "activity" / ".DS_Store").write_text("")
    Image.new("RGB", (50, 20)).save(mine / "vampprior" / "warm_up.png")
    content = data("vampprior/warm_up")
    write(results / "vampprior/warm_up_frey_faces", content, [])
    _, found = page.write(results, mine)
    assert found.unmatched == [] and found.broken == []
    undrawn = sorted(found.undrawn)
    assert [text.partition(":")[0] for text in undrawn] == ["activity/fig_2_1", "activity/fig_3_1"]
    assert undrawn[0].endswith(
        "no result of it here; keras-vae reproduce activity/fig_2_1 makes one"
    )
    assert "cannot be drawn with ours, which are not recorded" in undrawn[1]
    # Results of other options have the same original.
    assert "originals/vampprior/warm_up_frey_faces.png" in (results / "index.html").read_text()


def test_a_wide_original_is_above_ours_and_another_beside_it(results, tmp_path):
    (tmp_path / "activity").mkdir()
    places = []
    for size in ((50, 20), (20, 20)):
        Image.new("RGB", size).save(tmp_path / "activity" / "fig_3_1.png")
        page.write(results, tmp_path)
        text = (results / "index.html").read_text()
        theirs = text.index('src="originals/activity/fig_3_1.png"')
        places.append(theirs < text.index('alt="Figure of activity/fig_3_1: our figure"'))
    assert places == [True, False]


def test_curves_of_ours_without_points_are_named(results, tmp_path):
    curve = {"panel": "a", "curve": "IW", "x": [1, 2], "y": [None, None]}
    theirs = {"IW": (np.array([1.0, 2.0]), np.array([3.0, 4.0]))}
    for points in (curve, {**curve, "x": [], "y": []}):
        compared, problems = originals.compare_curves([points], theirs)
        assert compared == [] and problems == ["'IW' is a curve of ours without points"]

"""What the reports' own figures show, beside ours."""

import json
import os
import struct
import zlib

import matplotlib.image
import numpy as np
import pytest
from PIL import Image

from keras_vae.experiments.figures import catalogue, originals, plots, results

fig_3 = catalogue.load_script("understanding/fig_3_optimizers.py")

PUBLISHED_VALIDATION_BOUND = {"Adam": -82.92, "RMSprop": -86.53, "Adagrad": -89.48, "SGD": -89.93}


def test_carries_the_published_curves_with_their_source():
    original = results.load_original("understanding", "fig_3")
    assert "Understanding Variational Auto-Encoder" in original["source"]
    assert original["units"] == "nats"
    bounds = original["panels"]["lower_bound"]
    for name, final in PUBLISHED_VALIDATION_BOUND.items():
        assert abs(bounds[name]["validation"][-1] - final) < 0.011
        for split in ("train", "validation"):
            # The bound is what the other two panels add up to.
            parts = [
                original["panels"][panel][name][split]
                for panel in ("negative_log_likelihood", "kl_divergence")
            ]
            np.testing.assert_allclose(bounds[name][split], -np.sum(parts, axis=0), atol=0.03)


def test_a_figure_without_published_numbers_has_none():
    assert results.has_original("understanding", "fig_3")
    assert not results.has_original("activity", "fig_3_1")
    with pytest.raises(FileNotFoundError):
        results.load_original("activity", "fig_3_1")


def test_compares_over_the_epochs_that_both_have():
    compared = fig_3.compare([-3.0, -1.0], [-2.0, -2.0, 5.0])
    assert compared == {
        "epochs_compared": 2,
        "mean_absolute_difference": 1.0,
        "final_difference": 1.0,
        "ours_there": -1.0,
        "original_there": -2.0,
    }


def test_ranks_by_the_value_at_an_epoch():
    curves = {"late": [-9.0, -1.0], "early": [-5.0, -4.0]}
    assert fig_3.rank_order(curves, 1) == ["early", "late"]
    assert fig_3.rank_order(curves, 2) == ["late", "early"]
    assert fig_3.rank_order(curves, 3) is None


def half_white(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = np.zeros((40, 60, 3))
    picture[:, :30] = 1.0
    matplotlib.image.imsave(path, picture, format=path.suffix[1:].lower().replace("jpeg", "jpg"))
    return path


def write_head_of_png(path, width, height):
    """A few bytes that say they are a huge picture."""
    data = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", data), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")]
    content = b"".join(
        struct.pack(">I", len(part)) + kind + part + struct.pack(">I", zlib.crc32(kind + part))
        for kind, part in chunks
    )
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + content)


@pytest.mark.parametrize("suffix", [*originals.PICTURES, ".PNG", ".JPG"])
def test_a_users_picture_is_put_beside_ours(tmp_path, suffix):
    half_white(tmp_path / "mine" / "Report" / f"Fig_1{suffix}")
    matplotlib.image.imsave(tmp_path / results.PICTURE, np.full((20, 20, 3), 0.5))
    found = originals.find_originals(tmp_path / "mine", ["report/fig_1"]).originals["report/fig_1"]
    assert found.size == (60, 40)
    results.write_side_by_side(tmp_path, originals.read_picture(found.picture))
    both = matplotlib.image.imread(tmp_path / results.SIDE_BY_SIDE)[..., :3]
    middle = both.shape[1] // 2
    # Ours is grey all over; the original is half white and half black.
    assert (abs(both[:, :middle] - 0.5).max(axis=-1) < 0.02).mean() > 0.5
    assert 0.2 < (both[:, middle:] < 0.05).all(axis=-1).mean() < 0.6


def test_what_cannot_be_used_is_named_and_the_rest_is_found(tmp_path):
    half_white(tmp_path / "report" / "fig_1.png")
    half_white(tmp_path / "report" / "fig_1.jpg")
    half_white(tmp_path / "report" / "fig_9.png")
    (tmp_path / "report" / "fig_2.png").write_text("no picture")
    whole = half_white(tmp_path / "report" / "fig_3.png").read_bytes()
    (tmp_path / "report" / "fig_3.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "report" / "fig_4.csv").write_text("a,b\n1,x\n")
    (tmp_path / "report" / "fig_5.json").write_text("[" * 100_000)
    (tmp_path / "report" / "notes.txt").write_text("mine")
    # 20,000 x 20,000, and what Pillow itself takes for an attack, are refused by their heads.
    write_head_of_png(tmp_path / "report" / "fig_6.png", 20_000, 20_000)
    write_head_of_png(tmp_path / "report" / "fig_7.png", 10_000, 9_999)
    os.mkfifo(tmp_path / "report" / "fig_8.png")
    found = originals.find_originals(tmp_path, [f"report/fig_{i}" for i in range(1, 9)])
    assert list(found.originals) == ["report/fig_1"]
    assert found.unmatched == ["report/fig_9.png", "report/notes.txt"]
    said = dict(problem.split(": ", 1) for problem in found.broken)
    assert said["report/fig_1.png"] == "another file of report/fig_1 is shown"
    for number in (2, 3):
        assert "cannot be read as a picture" in said[f"report/fig_{number}.png"]
    assert "cannot be read as curves" in said["report/fig_4.csv"]
    assert "cannot be read as curves" in said["report/fig_5.json"]
    assert "exceeds limit" in said["report/fig_6.png"]
    assert "10000 x 9999 pixels. Scale it down to at most 50 million" in said["report/fig_7.png"]
    assert said["report/fig_8.png"] == "it is not a file"
    assert len(said) == len(found.broken) == 8


def test_pictures_of_sixteen_bits_keep_their_greys(tmp_path):
    greys = np.array([[1000, 60000]], np.uint16)
    Image.fromarray(greys).save(tmp_path / "fig_1.png")
    np.testing.assert_array_equal(originals.read_picture(tmp_path / "fig_1.png"), greys)


def test_refuses_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(originals.OriginalsError, match="no folder .*nowhere"):
        originals.find_originals(tmp_path / "nowhere", [])


WEB_PLOT_DIGITIZER = {
    "version": [4, 2],
    "datasetColl": [
        {"name": "IW", "data": [{"x": 9, "y": 9, "value": [2.0, 20.5]}, {"value": [1.0, 50.0]}]}
    ],
}


@pytest.mark.parametrize(
    "name, content, curves",
    [
        ("IW.csv", "2.0, 20.5\n1, 50\n", {"IW": [[1, 50], [2, 20.5]]}),
        ("IW.csv", "x,y\n1,50\n", {"IW": [[1, 50]]}),
        ("fig_1.csv", "IW,\n1,50\n", {"IW": [[1, 50]]}),
        ("fig_1.csv", "IW\nX,Y\n1,50\n", {"IW": [[1, 50]]}),
        (
            "all.csv",
            "\ufeffIW,,VAE,\nX,Y,X,Y\n1,50,1,44\n2,20.5,,\n\n",
            {"IW": [[1, 50], [2, 20.5]], "VAE": [[1, 44]]},
        ),
        ("a.json", json.dumps(WEB_PLOT_DIGITIZER), {"IW": [[1, 50], [2, 20.5]]}),
        ("a.json", '{"curves": {"IW": [[1, 50]], "Default Dataset": []}}', {"IW": [[1, 50]]}),
    ],
)
def test_digitised_curves_are_read_as_programs_write_them(tmp_path, name, content, curves):
    (tmp_path / name).write_text(content, encoding="utf-8")
    found = originals.read_curves(tmp_path / name)
    assert {key: np.transpose(points).tolist() for key, points in found.items()} == curves


@pytest.mark.parametrize(
    "content",
    [
        *("", "1,nan\n", "1,2,3\nX,Y,X,Y\n", '{"curves": {}}', '{"curves": {"a": [1]}}'),
        *(f'"{"a" * 200_000}', f'{{"curves": {{"a": [[1{"0" * 400}, 1]]}}}}', "1,2\n" * 500_001),
    ],
    ids=range(8),
)
def test_what_is_no_curve_is_refused(tmp_path, content):
    path = tmp_path / ("a.json" if content.startswith("{") else "a.csv")
    path.write_text(content)
    with pytest.raises(originals.OriginalsError, match="it "):
        originals.read_curves(path)


def test_what_a_json_file_of_curves_lacks_is_said(tmp_path):
    for content, said in (
        ('{"IW": [[1, 50]]}', "neither `curves` nor"),
        ("[]", "neither `curves` nor"),
        ('{"datasetColl": [{"name": "IW"}]}', "not the form of digitised curves.*'data'"),
    ):
        (tmp_path / "a.json").write_text(content)
        with pytest.raises(originals.OriginalsError, match=said):
            originals.read_curves(tmp_path / "a.json")


def two_panels():
    figure, axes = plots.panels(2)
    axes[0].set_title("(a) One\nmethod")
    axes[0].plot([1, 2, 3], [10.0, np.nan, 30.0], label="IW")
    axes[0].plot([1, 2, 3], [0.0, 1.0, 2.0], label="VAE")
    axes[1].set_ylabel("nats")
    axes[1].plot([1, 2], [5.0, 6.0], label="IW")
    axes[1].plot([1, 2], [5.0, 6.0])
    return figure


def test_curves_of_a_figure_and_their_differences_from_the_originals():
    ours = originals.curves_of(two_panels())
    names = [(one["panel"], one["curve"]) for one in ours]
    assert names == [("(a) One method", "IW"), ("(a) One method", "VAE"), ("nats", "IW")]
    assert ours[0]["y"] == [10.0, None, 30.0]
    assert json.loads(json.dumps(ours)) == ours
    theirs = {
        # Points at 0 and 9 lie outside; ours is 15 at 1.5.
        "(A) one method/iw": (np.array([0, 1.5, 3, 9]), np.array([0, 14.0, 33.0, 0])),
        "vae": (np.array([1.0]), np.array([0.25])),
        "IW": (np.array([1.0]), np.array([0.0])),
        "none": (np.array([1.0]), np.array([0.0])),
        "nats/IW": (np.array([7.0]), np.array([0.0])),
    }
    compared, problems = originals.compare_curves(ours, theirs)
    own = {"panel": "(a) One method", "curve": "IW", "points": 2}
    assert compared[0] == {**own, "mean_difference": -1.0, "largest_difference": -3.0}
    assert compared[1]["mean_difference"] == -0.25 and len(compared) == 2
    assert [problem.split(" ", 1)[0] for problem in problems] == ["'IW'", "'none'", "'nats/IW'"]
    assert "several curves" in problems[0] and "none of our curves" in problems[1]


def test_originals_are_drawn_over_ours():
    theirs = {"VAE": (np.array([1.0, 2.0]), np.array([3.0, 4.0]))}
    drawn = two_panels()
    before = [len(axis.get_lines()) for axis in drawn.axes]
    originals.draw_over(drawn, theirs)
    assert [len(axis.get_lines()) for axis in drawn.axes] == [before[0] + 1, before[1]]
    np.testing.assert_array_equal(drawn.axes[0].get_lines()[-1].get_ydata(), [3.0, 4.0])
    again = originals.draw_curves(originals.curves_of(two_panels()), theirs)
    assert [axis.get_title() for axis in again.axes] == ["(a) One method", "nats"]
    assert [len(axis.get_lines()) for axis in again.axes] == [3, 1]

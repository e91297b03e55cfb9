"""What the reports' own figures show, beside ours."""

import struct
import zlib

import matplotlib.image
import numpy as np
import PIL.Image
import pytest

from keras_vae.experiments.figures import catalogue, results
from keras_vae.experiments.figures import results as originals

fig_3 = catalogue.load_script("understanding/fig_3_optimizers.py")

PUBLISHED_VALIDATION_BOUND = {"Adam": -82.92, "RMSprop": -86.53, "Adagrad": -89.48, "SGD": -89.93}


def test_carries_the_published_curves_with_their_source():
    original = originals.load_original("understanding", "fig_3")
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
    assert originals.load_original("activity", "fig_3_1") is None


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


@pytest.mark.parametrize("suffix", originals.SUFFIXES)
def test_a_users_picture_is_put_beside_ours(tmp_path, suffix):
    (tmp_path / "mine" / "report").mkdir(parents=True)
    picture = np.zeros((40, 60, 3))
    picture[:, :30] = 1.0
    matplotlib.image.imsave(tmp_path / "mine" / "report" / f"fig_1{suffix}", picture)
    matplotlib.image.imsave(tmp_path / results.PICTURE, np.full((20, 20, 3), 0.5))
    found = originals.read_picture(tmp_path / "mine", "report", "fig_1")
    assert found.shape[:2] == (40, 60)
    results.write_side_by_side(tmp_path, found)
    both = matplotlib.image.imread(tmp_path / results.SIDE_BY_SIDE)[..., :3]
    middle = both.shape[1] // 2
    # Ours is grey all over; the original is half white and half black.
    assert (abs(both[:, :middle] - 0.5).max(axis=-1) < 0.02).mean() > 0.5
    assert 0.2 < (both[:, middle:] < 0.05).all(axis=-1).mean() < 0.6


def test_a_picture_that_is_not_there_is_none(tmp_path):
    assert originals.read_picture(tmp_path, "report", "fig_1") is None


def test_a_picture_is_found_whatever_the_case_of_its_name(tmp_path):
    for suffix in (".PNG", ".Webp", ".JPG"):
        folder = tmp_path / suffix
        (folder / "report").mkdir(parents=True)
        PIL.Image.new("L", (6, 4), 200).save(folder / "report" / f"fig_1{suffix}")
        found = originals.read_picture(folder, "report", "fig_1")
        assert found.shape == (4, 6, 4) and abs(int(found[0, 0, 0]) - 200) < 5


def test_pictures_of_sixteen_bits_keep_their_greys(tmp_path):
    (tmp_path / "report").mkdir()
    greys = np.array([[1000, 60000]], np.uint16)
    PIL.Image.fromarray(greys).save(tmp_path / "report" / "fig_1.png")
    np.testing.assert_array_equal(originals.read_picture(tmp_path, "report", "fig_1"), greys)


def write_header(path, width, height):
    """A PNG that says how large it is, without a pixel."""
    content = b"\x89PNG\r\n\x1a\n"
    for name, part in (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
        (b"IDAT", b""),
    ):
        content += struct.pack(">I", len(part)) + name + part
        content += struct.pack(">I", zlib.crc32(name + part))
    path.write_bytes(content)


@pytest.mark.parametrize("size", [(5001, 10_000), (20_000, 20_000), (2**31 - 1, 2**31 - 1)])
def test_pictures_too_large_to_decode_are_refused_by_their_header(tmp_path, size):
    (tmp_path / "report").mkdir()
    write_header(tmp_path / "report" / "fig_1.png", *size)
    with pytest.raises(
        originals.OriginalsError, match="fig_1.png.*(pixels. Scale it down|exceeds limit)"
    ):
        originals.read_picture(tmp_path, "report", "fig_1")


def test_pictures_without_a_figure_and_broken_ones_are_named(tmp_path):
    (tmp_path / "report").mkdir()
    PIL.Image.new("L", (6, 4)).save(tmp_path / "report" / "fig_1.png")
    for name in ("report/fig_2.webp", "report/fig_9.png", "fig_1.png", "report/fig_1.gif"):
        (tmp_path / name).write_bytes(b"no picture")
    count, *lines = originals.describe_pictures(
        tmp_path, ["report/fig_1", "report/fig_2", "report/fig_3"]
    )
    assert count == "2 of 3 figures have a picture of the original."
    assert [line.split(" ", 1)[0] for line in lines] == [
        str(tmp_path / name)
        for name in ("fig_1.png", "report/fig_1.gif", "report/fig_2.webp", "report/fig_9.png")
    ]
    assert "cannot be read as a picture" in lines[2]
    assert "belongs to no figure" in lines[0]


def test_refuses_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(originals.OriginalsError, match="no folder .*nowhere"):
        originals.read_picture(tmp_path / "nowhere", "report", "fig_1")


def test_refuses_what_is_no_picture(tmp_path):
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "fig_1.png").write_text("no picture")
    with pytest.raises(originals.OriginalsError, match="fig_1.png cannot be read"):
        originals.read_picture(tmp_path, "report", "fig_1")

"""What the reports' own figures show, beside ours."""

import matplotlib.image
import numpy as np
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


def test_refuses_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(originals.OriginalsError, match="no folder .*nowhere"):
        originals.read_picture(tmp_path / "nowhere", "report", "fig_1")


def test_refuses_what_is_no_picture(tmp_path):
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "fig_1.png").write_text("no picture")
    with pytest.raises(originals.OriginalsError, match="fig_1.png cannot be read"):
        originals.read_picture(tmp_path, "report", "fig_1")

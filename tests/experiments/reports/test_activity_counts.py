"""What figures of active dimensions record in `data.json` and draw, against counts by hand."""

import numpy as np
import pytest
from activity_runs import BASE, drawn, recorded

ACTIVITY = np.array([[[0.5, 0.05, 0.005], [0.1, 0.2, 0.01]], [[0.3, 0.4, 0.6], [0.0, 0.0, 0.02]]])
# By hand: how many exceed 0.1, and 0.01, by trial and epoch.
COUNTS = {"0.1": [[1, 1], [3, 0]], "0.01": [[2, 2], [3, 1]]}


@pytest.mark.parametrize("figure", ["3.1", "3.2", "five_digits", "continuous_data"])
def test_active_dimensions_at_both_thresholds_are_recorded(figure):
    methods = {name: ACTIVITY + index for index, name in enumerate(BASE[figure])}
    content = recorded(figure, methods)
    first, *others = content["active_dimensions"].values()
    assert first == COUNTS
    crossings = next(iter(content["crossings"].values()))
    assert crossings == {
        "0.1": [[[1, 2], [2], []], [[1, 2], [1, 2], [1, 2]]],
        "0.01": [[[1], [1], []], [[1, 2], [1, 2], [1]]],
    }
    all_active = [[3, 3], [3, 3]]
    assert others == [{"0.1": all_active, "0.01": all_active}] * (len(methods) - 1)


def lines(axis):
    """What a panel shows: the mean over trials by name in the legend."""
    named = [line for line in axis.lines if not line.get_label().startswith("_")]
    return {line.get_label(): line.get_ydata().tolist() for line in named}


def thin_lines(axis):
    """The single trials that a panel shows."""
    return [line.get_ydata().tolist() for line in axis.lines if line.get_label() == "_trials"]


def test_the_panels_show_the_mean_counts_of_their_methods():
    every = {name: ACTIVITY + shift for name, shift in zip(BASE["3.1"], (0, 1, 0, 1), strict=True)}
    shown = {"VAE": [2, 0.5], "IW": [3, 3], "IW+BN": [2, 0.5], "IW+WU": [3, 3]}
    pairs = [("VAE", "IW"), ("IW", "IW+BN"), ("IW", "IW+WU")]
    panels = drawn("3.1", every).axes
    assert [lines(axis) for axis in panels[:3]] == [
        {name: shown[name] for name in p} for p in pairs
    ]
    assert thin_lines(panels[0]) == [[1, 1], [3, 0], [3, 3], [3, 3]]
    titles = ["(a) VAE and IW", "(b) IW and IW+BN", "(c) IW and IW+WU"]
    assert [axis.get_title() for axis in panels[:3]] == titles
    # Under it the first epoch, at both thresholds: nothing, then 1 over 0.1 and 2 over 0.01.
    first = lines(panels[3])
    assert first["VAE"] == [0, 2] and first["VAE, > 0.01"] == [0, 2.5]
    assert panels[3].lines[0].get_xdata().tolist() == [0, 20]
    (panel,) = drawn("continuous_data", every).axes
    assert lines(panel) == shown
    (panel,) = drawn("3.2", {"2": ACTIVITY, "20": ACTIVITY + 1}).axes
    assert lines(panel) == {"2": [2, 0.5], "20": [3, 3]}
    assert panel.get_legend().get_title().get_text() == "n_z"


def test_five_digits_has_a_panel_for_each_objective():
    activity = {name: ACTIVITY + shift for shift, name in enumerate(BASE["five_digits"])}
    parts = ("digits 1-5", "all digits, as many images", "all digits")
    vae, iw = drawn("five_digits", activity).axes
    assert lines(vae) == dict(zip(parts, ([2, 0.5], [3, 3], [3, 3]), strict=True))
    assert lines(iw) == dict.fromkeys(parts, [3, 3])
    assert (vae.get_title(), iw.get_title()) == ("VAE", "IW")


def test_shades_are_recorded_by_dimensions_in_the_order_of_the_first_epoch():
    methods = {
        "VAE": ACTIVITY,
        "IW": ACTIVITY[1:],
        "IW+BN": ACTIVITY,
        "IW+WU": ACTIVITY,
    }
    found = recorded("3.3", methods)["log10_activity_by_epoch_and_sorted_dimension"]
    # The first trial: 0.5, 0.05, 0.005 are in order already.
    assert found["VAE"] == [[-0.301, -1.301, -2.301], [-1.0, -0.699, -2.0]]
    # From 0.6 down; nothing is shown as 1e-12.
    assert found["IW"] == [[-0.2218, -0.3979, -0.5229], [-1.699, -12.0, -12.0]]
    assert found["IW+BN"] == found["IW+WU"] == found["VAE"]
    last = recorded("3.3", methods)["activity_after_the_last_epoch"]
    assert last["VAE"] == ACTIVITY[:, -1].tolist() and list(last) == list(methods)


def test_the_first_epoch_is_recorded_at_both_thresholds():
    found = recorded("3.1", dict.fromkeys(BASE["3.1"], ACTIVITY))["first_epoch"]
    assert list(found) == list(BASE["3.1"])
    assert found["VAE"] == {
        "steps": [0, 20],
        "largest_difference_from_the_stored_activity": 0,
        "0.1": {
            "active": [[0, 1], [0, 3]],
            "pruned": [0, 0],
            "not_risen": [2, 0],
            "crossings": [[[2], [], []], [[2], [2], [2]]],
        },
        "0.01": {
            "active": [[0, 2], [0, 3]],
            "pruned": [0, 0],
            "not_risen": [1, 0],
            "crossings": [[[2], [2], []], [[2], [2], [2]]],
        },
    }


def test_the_layers_of_two_are_recorded_apart():
    upper = np.where(np.arange(50) < 7, 0.1001, 0.1)
    lower = np.where(np.arange(50) < 20, 0.5, 0.02)
    activity = np.concatenate([upper, lower])[None, None]
    methods = {"VAE": activity, "IW": 2 * activity, "IW+WU": activity}
    upper_panel, lower_panel = drawn("two_layers", methods).axes
    assert lines(upper_panel) == {"VAE": [7], "IW": [50], "IW+WU": [7]}
    assert lines(lower_panel) == {"VAE": [20], "IW": [20], "IW+WU": [20]}
    assert upper_panel.get_title() == "(a) Upper layer"
    assert recorded("two_layers", methods)["active_dimensions"] == {
        "upper": {"VAE": [[7]], "IW": [[50]], "IW+WU": [[7]]},
        "lower": {"VAE": [[20]], "IW": [[20]], "IW+WU": [[20]]},
    }

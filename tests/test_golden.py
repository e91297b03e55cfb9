"""The net for moving things: what it notices, on states written by hand."""

import numpy as np
import pytest
from golden import (
    Difference,
    GoldenError,
    compare,
    current_environment,
    differences,
    flatten,
    main,
    report,
    write,
)

ENVIRONMENT = {"settings": {"XLA_FLAGS": None}, "versions": {"keras": "3.15"}}


def item(values=None, **arrays):
    """A function that makes an item, as `golden_items` has them."""
    values = {"bound": -90.5, "claims": [{"id": "a.1", "holds": True}]} | (values or {})
    return lambda: (values, {"weights": np.arange(6, dtype="float32").reshape(2, 3)} | arrays)


@pytest.fixture
def state(tmp_path):
    """A folder with a state of two items."""
    write(tmp_path, {"runs/a": item(), "runs/b": item()}, ENVIRONMENT | {"commit": "0"})
    return tmp_path


def found(state, **items):
    items = {f"runs/{name}": make for name, make in items.items()}
    return {name: listed for name, listed in compare(state, items, ENVIRONMENT) if listed}


def test_equal_states_have_no_difference(state, capsys):
    same = {"runs/a": item(), "runs/b": item()}
    assert report(compare(state, same, ENVIRONMENT)) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "2 items, 0 differences"


def test_one_bit_of_an_array_is_a_difference(state):
    weights = np.arange(6, dtype="float32").reshape(2, 3)
    weights[1, 2] = np.nextafter(weights[1, 2], np.float32(9))
    (difference,) = found(state, a=item(weights=weights), b=item())["runs/a"]
    assert difference.key == "weights"
    assert "1 of 6 values" in difference.what and "4.77e-07 at [1, 2]" in difference.what


def test_the_sign_of_zero_is_a_difference(state):
    weights = np.arange(6, dtype="float32").reshape(2, 3) * np.float32(1)
    weights[0, 0] = -0.0
    assert [one.key for one in found(state, a=item(), b=item(weights=weights))["runs/b"]] == [
        "weights"
    ]


@pytest.mark.parametrize(
    "values, key",
    [
        ({"bound": np.nextafter(-90.5, 0)}, "bound"),
        ({"claims": [{"id": "a.1", "holds": None}]}, "claims/0/holds"),
        ({"claims": [{"id": "a.1", "holds": 1}]}, "claims/0/holds"),
        ({"claims": [{"id": "a.1"}]}, "claims/0/holds"),
    ],
)
def test_a_changed_value_is_named(state, values, key):
    assert [one.key for one in found(state, a=item(values), b=item())["runs/a"]] == [key]


def test_missing_and_new_items_are_differences(state):
    assert found(state, a=item(), c=item()) == {
        "runs/b": [Difference("", "missing item")],
        "runs/c": [Difference("", "new item")],
    }
    assert report(compare(state, {"runs/a": item()}, ENVIRONMENT), allow_new_keys=True) == 1


def test_an_item_that_fails_is_a_difference_and_the_others_are_compared(state):
    def fail():
        raise ZeroDivisionError("no runs")

    listed = found(state, a=fail, b=item({"bound": 1.0}))
    assert listed["runs/a"] == [Difference("", "fails with ZeroDivisionError('no runs')")]
    assert [one.key for one in listed["runs/b"]] == ["bound"]


def test_new_keys_can_be_allowed_and_nothing_else(state, capsys):
    def status(values, **arguments):
        items = {"runs/a": item(values), "runs/b": item()}
        return report(compare(state, items, ENVIRONMENT), **arguments)

    assert status({"script": "a.py"}) == 1
    assert status({"script": "a.py"}, allow_new_keys=True) == 0
    assert 'runs/a: script: new key: "a.py"' in capsys.readouterr().out
    assert status({"script": "a.py", "bound": -90.0}, allow_new_keys=True) == 1
    # A longer list is no added field.
    claims = [{"id": "a.1", "holds": True}, {"id": "a.2", "holds": True}]
    assert status({"claims": claims}, allow_new_keys=True) == 1


def test_a_pattern_leaves_other_items_out(state):
    only = list(compare(state, {"runs/a": item()}, ENVIRONMENT, only="*/a"))
    assert only == [("runs/a", [])]


def test_another_environment_is_not_compared(state):
    other = {"settings": {"XLA_FLAGS": "--fast"}, "versions": {"keras": "3.15"}}
    with pytest.raises(GoldenError, match='settings/XLA_FLAGS: null -> "--fast"'):
        list(compare(state, {"runs/a": item()}, other))


def test_an_unfinished_state_is_not_compared_and_a_whole_one_not_overwritten(state):
    with pytest.raises(GoldenError, match="holds a state already"):
        write(state, {}, ENVIRONMENT)
    (state / "environment.json").unlink()
    with pytest.raises(GoldenError, match="no complete state"):
        list(compare(state, {"runs/a": item()}, ENVIRONMENT))


def test_lists_of_numbers_are_one_leaf_and_others_have_a_length():
    content = {"curve": [1.0, 2.0], "rows": [{"name": "x"}, None], "empty": {}}
    assert flatten(content) == {
        "curve": [1.0, 2.0],
        "rows/length": 2,
        "rows/0/name": "x",
        "rows/1": None,
        "empty": {},
    }


def test_a_number_that_is_not_finite_differs_as_any_other():
    nan, infinite = np.array([np.nan, 1.0]), np.array([np.inf, 1.0])
    assert differences({"x": nan}, {"x": nan.copy()}) == []
    (difference,) = differences({"x": nan}, {"x": infinite})
    assert "1 of 2 values differ, most by inf at [0]" in difference.what


def test_the_environment_names_what_rounding_depends_on():
    found = flatten(current_environment())
    assert {"settings/XLA_FLAGS", "versions/tensorflow", "processor/name"} <= set(found)


def test_a_folder_inside_the_repository_is_refused(capsys):
    assert main(["write", "tests/golden_state"]) == 2
    assert "outside" in capsys.readouterr().err

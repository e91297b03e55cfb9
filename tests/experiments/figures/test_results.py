"""Which of two results is the longer one, and what becomes of it."""

import dataclasses
import errno
import itertools
import json
import math
import os
import pathlib

import numpy as np
import pytest

from keras_vae import UserError
from keras_vae.experiments.figures import results
from keras_vae.experiments.figures.claims import Claim, ClaimError, Number, Reading
from keras_vae.experiments.figures.plots import panels


def result(dataset, epochs, trials=1, methods=("a", "b"), asked="mnist"):
    reached = {"dataset": dataset, "epochs": epochs, "trials": trials}
    protocol = {"reached": reached, "asked": {} if asked is None else {"dataset": asked}}
    return {"protocol": protocol, "runs": dict.fromkeys(methods, {})}


def test_sizes_by_hand():
    assert results.size(result("mnist", 60, 2)) == (2, 240)
    assert results.size(result("fashion_mnist", 60, 2)) == (1, 240)
    assert results.size(result("mnist_5k", 60, 2)) == (0, 240)
    assert results.size(result("mnist", {"a": 3, "b": 5}, 2)) == (2, 16)
    assert results.size(result("mnist", {})) == (2, 0)
    assert results.size(result("mnist_5k", 1, asked="mnist_5k")) == (2, 2)
    assert results.size(result("mnist", 1, asked=None)) == (1, 2)


def test_the_data_set_counts_before_the_epochs():
    ascending = [
        result("mnist_5k", 1),
        result("mnist_5k", 300),
        result("frey_faces", 1),
        result("frey_faces", 1, 2),
        result("mnist", 1),
        result("mnist", {"a": 1, "b": 2}),
        result("mnist", 2),
    ]
    sizes = [results.size(one) for one in ascending]
    assert all(first < second for first, second in itertools.pairwise(sizes))


def claim(name, gain):
    reading = Reading(rule="r", numbers={"gain": Number(gain, "nats", above=0)})
    return Claim(id=name, statement="s", reported="higher", measured="1", readings=[reading])


@pytest.fixture
def write(tmp_path):
    """Function that writes a result of some epochs, and returns what is where afterwards."""

    def epochs_in(folder):
        path = folder / "data.json"
        return json.loads(path.read_text())["protocol"]["reached"]["epochs"]

    def write(epochs):
        picture = panels(1, width=1.0, height=1.0)[0]
        tables = {"table.md": f"| {epochs} |"}
        kept = results.write(tmp_path, picture, result("mnist", epochs), [], tables)
        longer = tmp_path / "longer_run"
        assert kept in (None, longer) and epochs_in(tmp_path) == epochs
        if longer.exists():
            assert (longer / "table.md").read_text() == f"| {epochs_in(longer)} |"
            assert (longer / "claims.json").exists() and (longer / "figure.png").exists()
        return kept and epochs_in(kept)

    return write


def test_of_two_longest_the_later_is_kept(tmp_path):
    for epochs, version in ((7, "first"), (6, "-"), (7, "second"), (6, "-")):
        content = {**result("mnist", epochs), "version": version}
        results.write(tmp_path, panels(1, width=1.0, height=1.0)[0], content, [])
    assert json.loads((tmp_path / "longer_run/data.json").read_text())["version"] == "second"


def test_two_claims_of_one_id_are_refused_and_claims_may_be_an_iterator(tmp_path):
    claims = [claim("a.1.1", 1.0), claim("a.1.1", -1.0)]
    with pytest.raises(ClaimError, match="two claims of the id 'a.1.1'"):
        results.write(tmp_path, panels(1)[0], result("mnist", 1), claims)
    assert not list(tmp_path.iterdir())
    results.write(tmp_path, panels(1)[0], result("mnist", 1), iter(claims[:1]))
    assert [one["id"] for one in json.loads((tmp_path / "claims.json").read_text())] == ["a.1.1"]


@pytest.mark.parametrize(
    "written, kept",
    [
        # Only a longer one is kept, never an equal one.
        ([5, 6, 6, 7], [None] * 4),
        ([7, 6], [None, 7]),
        # The longest stays, whatever comes between.
        ([7, 6, 5, 4], [None, 7, 7, 7]),
        ([7, 6, 8, 7], [None, 7, None, 8]),
        ([7, 6, 7, 6], [None, 7, None, 7]),
    ],
)
def test_the_longest_result_is_kept(write, written, kept):
    assert [write(epochs) for epochs in written] == kept


def test_a_damaged_earlier_result_is_none(write, tmp_path):
    write(7)
    for damaged in ("{", "[]", '{"protocol": {}}'):
        (tmp_path / "data.json").write_text(damaged)
        assert write(3) is None
    assert not (tmp_path / "longer_run").exists()


@pytest.mark.parametrize("shape", [[], {"a": []}, 3, None, "many", [[[]]], 1.5])
def test_an_older_result_of_odd_shape_is_no_error(tmp_path, monkeypatch, shape):
    monkeypatch.setattr(results.plots, "save", lambda picture, file: None)
    for key in ("epochs", "trials", "dataset"):
        odd = result("mnist", 7)
        odd["protocol"]["reached"][key] = shape
        for content in (odd, {"protocol": shape}, {**odd, "runs": shape}):
            (tmp_path / "data.json").write_text(json.dumps(content))
            results.write(tmp_path, None, result("mnist", 3), [])


def fill_the_disk(monkeypatch, name, after):
    """Lets a function of `os` fail for lack of space at its call of some number."""
    calls, function = [], getattr(os, name)

    def full(*arguments, **keywords):
        calls.append(1)
        if len(calls) == after:
            raise OSError(errno.ENOSPC, "No space left on device")
        return function(*arguments, **keywords)

    monkeypatch.setattr(os, name, full)


def files_in(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != ".lock"}


@pytest.mark.parametrize("after", [1, 2, 3])
def test_a_full_disk_leaves_the_earlier_result_whole(tmp_path, monkeypatch, after):
    results.write(tmp_path, panels(1)[0], result("mnist", 1), [claim("a.1.1", 1.0)])
    before = files_in(tmp_path)
    with monkeypatch.context() as patch:
        fill_the_disk(patch, "fsync", after)
        with pytest.raises(UserError, match="No space left"):
            results.write(tmp_path, panels(2)[0], result("mnist", 2), [claim("a.1.1", -1.0)])
    assert files_in(tmp_path) == before


class Killed(BaseException):
    """As SIGKILL: nothing is cleaned up."""


@pytest.mark.parametrize("after", [1, 2, 3])
def test_a_result_that_was_half_put_in_place_is_seen_and_finished(tmp_path, monkeypatch, after):
    folder = tmp_path / "report" / "fig_1"
    folder.mkdir(parents=True)
    results.write(folder, panels(1)[0], result("mnist", 1), [claim("a.1.1", 1.0)])
    replace, calls = pathlib.Path.replace, []

    def kill(path, target):
        calls.append(1)
        if len(calls) == after:
            raise Killed
        return replace(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(pathlib.Path, "replace", kill)
        with pytest.raises(Killed):
            results.write(folder, panels(2)[0], result("mnist", 2), [claim("a.1.1", -1.0)])

    def damage():
        return results.find_damage(folder, json.loads((folder / "data.json").read_text()))

    assert (damage() is None) == (after == 1)
    results.prepare_folder(folder)
    assert damage() is None and set(files_in(folder)) == {"figure.png", "data.json", "claims.json"}
    assert json.loads((folder / "data.json").read_text())["protocol"]["reached"]["epochs"] == 2


def test_files_that_do_not_belong_together_are_found(tmp_path):
    results.write(tmp_path, panels(1)[0], result("mnist", 1), [], {"table.md": "| a |"})
    data = json.loads((tmp_path / "data.json").read_text())
    assert results.find_damage(tmp_path, data) is None
    # One of version 0.2.0 has no digests.
    assert results.find_damage(tmp_path, result("mnist", 1)) is None
    for changed, wrong in (
        ({"runs": {}}, "data.json: not"),
        ({"runs": math.nan}, "no number"),
        ({"sha256": None}, "does not say"),
        ({"format": 2}, "does not say"),
        ({"sha256": {**data["sha256"], "../up": "0"}}, "up: not"),
    ):
        assert wrong in results.find_damage(tmp_path, {**data, **changed})
    for name in ("figure.png", "claims.json", "table.md"):
        content = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(content + b" ")
        assert f"{name}: not" in results.find_damage(tmp_path, data)
        (tmp_path / name).unlink()
        assert f"{name}: not" in results.find_damage(tmp_path, data)
        (tmp_path / name).write_bytes(content)


def test_what_killed_writers_left_is_removed(tmp_path):
    (tmp_path / ".writing.a1").mkdir()
    (tmp_path / ".writing.a1" / "figure.png").touch()
    (tmp_path / ".side_by_side.png.b2").touch()
    results.write(tmp_path, panels(1)[0], result("mnist", 1), [])
    results.write_side_by_side(tmp_path, np.zeros((4, 4, 3)))
    assert set(files_in(tmp_path)) == {
        "figure.png",
        "data.json",
        "claims.json",
        "side_by_side.png",
    }


def test_claims_are_written_with_their_verdicts(tmp_path):
    claims = [claim("a.1.1", -1.0), claim("a.1.2", 1.0)]
    results.write(tmp_path, panels(1)[0], result("mnist", 1), claims)
    written = json.loads((tmp_path / "claims.json").read_text())
    assert [(claim["id"], claim["verdict"]) for claim in written] == [
        ("a.1.1", "not reproduced"),
        ("a.1.2", "reproduced"),
    ]


def test_an_incomplete_claim_is_refused_before_anything_is_written(tmp_path):
    wrong = dataclasses.replace(claim("a.1.1", 1.0), readings=[])
    with pytest.raises(UserError, match=r"The claim 'a.1.1' has no reading"):
        results.write(tmp_path, panels(1)[0], result("mnist", 1), [wrong])
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_written_is_said_with_what_to_do(tmp_path):
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "results"
    with pytest.raises(UserError, match="cannot be written.*--output"):
        results.prepare_folder(folder)
    with pytest.raises(UserError, match="runs are stored.*another --output"):
        results.write(folder, panels(1)[0], result("mnist", 1), [])

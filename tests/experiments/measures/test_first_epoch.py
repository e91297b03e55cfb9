"""The first epoch, recorded or trained over again: it is the stored one, and is measured once."""

import types

import numpy as np

from keras_vae.experiments.measures import first_epoch
from keras_vae.experiments.runs import training


def test_what_was_pruned_is_told_from_what_has_not_risen():
    # Stays up; rises and falls; falls and rises again; never rises; falls to the threshold itself.
    steps = np.array(
        [[0.5, 0.0, 0.5, 0.0, 0.5], [0.5, 0.5, 0.0, 0.0, 0.5], [0.5, 0, 0.5, 0.05, 0.1]]
    )
    found = first_epoch.FirstEpoch(np.array([0, 20, 40]), np.stack([steps, np.ones_like(steps)]))
    assert found.pruned(0.1).tolist() == [2, 0]
    assert found.not_risen(0.1).tolist() == [1, 0]
    assert found.not_risen(0.04).tolist() == [0, 0]
    assert found.counts(0.1).tolist() == [[3, 3, 2], [5, 5, 5]]


def test_it_ends_as_the_stored_epoch_and_leaves_the_store_alone(trained, spec, monkeypatch):
    monkeypatch.setattr(first_epoch, "STEPS_BETWEEN", 1)
    before = {path: path.stat().st_mtime_ns for path in trained.folder.rglob("*")}
    found = first_epoch.activity_by_step(spec)
    assert {path: path.stat().st_mtime_ns for path in trained.folder.rglob("*")} == before
    # 26 images in batches of 8.
    assert found["steps"] == [0, 1, 2, 3]
    stored = trained.load(spec).activity
    np.testing.assert_allclose(found["activity"][-1], stored[0], atol=1e-6)
    assert not np.allclose(found["activity"][-1], stored[1], atol=1e-6)
    assert not np.allclose(found["activity"][0], found["activity"][1], atol=1e-6)


def test_what_is_recorded_in_training_is_what_training_over_again_finds(
    store, spec, three_epochs, small_images, eager, monkeypatch
):
    monkeypatch.setattr(first_epoch.Recorder, "max_steps_per_execution", 1)
    training.train(spec, 1, store, first_epoch.recorders(store, spec))
    monkeypatch.setattr(first_epoch, "STEPS_BETWEEN", 1)
    expected = first_epoch.activity_by_step(spec)
    assert store.evaluations(spec) == {first_epoch.NAME: expected}
    # What has begun already has nothing to record.
    assert first_epoch.recorders(store, spec) == []
    training.train(spec, 2, store, [first_epoch.Recorder(spec, store)])
    assert store.evaluations(spec) == {first_epoch.NAME: expected}


def test_every_trial_is_measured_once_by_its_own_spec(monkeypatch):
    asked = []

    def by_step(spec):
        asked.append(spec)
        return {"steps": [0, 20], "activity": [[0.0], [float(spec)]]}

    kept = {}

    def remembered(trial, name, compute):
        if (trial, name) not in kept:
            kept[trial, name] = compute()
        return kept[trial, name]

    monkeypatch.setattr(first_epoch, "activity_by_step", by_step)
    method = types.SimpleNamespace(specs=[3, 5], remembered=remembered)
    for _ in range(2):
        found = first_epoch.measure(method)
    assert asked == [3, 5] and found.activity[:, -1, 0].tolist() == [3, 5]
    assert found.steps.tolist() == [0, 20]

"""Weights that are kept on the way."""

import errno
import os

import numpy as np
import pytest

from keras_vae.experiments.runs.run_folder import (
    is_snapshot_epoch,
    restorable_epochs,
    snapshot_epochs,
)
from keras_vae.experiments.runs.store import DamagedRunError, ForeignRunError, StoreError


def test_epochs_whose_weights_are_kept():
    kept = [epoch for epoch in range(1, 5001) if is_snapshot_epoch(epoch)]
    assert kept == [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000]


def test_weights_come_back_in_their_order(store, spec):
    weights = [np.full((2, 3), index, np.float32) for index in range(12)]
    store.save_snapshot(spec, 5, weights)
    for ours, theirs in zip(store.load_snapshot(spec, 5), weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_what_was_kept_is_listed_in_the_order_of_epochs(store, spec):
    folder = store.run_folder(spec)
    for epoch in (1_000_000, 10, 2, 200_000):
        store.save_snapshot(spec, epoch, [np.zeros(1)])
    (folder / "weights_after_000003.npz.old").touch()
    (folder / "weights_after_last.npz").touch()
    assert snapshot_epochs(folder) == [2, 10, 200_000, 1_000_000]
    assert restorable_epochs(folder, 7) == [2, 7, 10, 200_000, 1_000_000]
    assert restorable_epochs(folder, 10) == [2, 10, 200_000, 1_000_000]


def test_snapshots_that_are_not_there_or_damaged(store, spec):
    store.save_snapshot(spec, 10, [np.ones(3), np.zeros((2, 2))])
    with pytest.raises(LookupError, match=r"epoch 7 .*\[10\]"):
        store.load_snapshot(spec, 7)
    (store.run_folder(spec) / "weights_after_000010.npz").write_bytes(b"PK nonsense")
    with pytest.raises(DamagedRunError, match="weights_after_000010"):
        store.load_snapshot(spec, 10)


def test_snapshots_of_another_epoch_or_run_are_refused(store, spec, plain_spec):
    store.save_snapshot(spec, 1, [np.ones(3)])
    store.save_snapshot(plain_spec, 5, [np.zeros(3)])
    folder = store.run_folder(spec)
    (folder / "weights_after_000001.npz").rename(folder / "weights_after_000050.npz")
    with pytest.raises(DamagedRunError, match="after epoch 1, not 50"):
        store.load_snapshot(spec, 50)
    (store.run_folder(plain_spec) / "weights_after_000005.npz").rename(
        folder / "weights_after_000005.npz"
    )
    with pytest.raises(ForeignRunError, match="belongs to another run: its model"):
        store.load_snapshot(spec, 5)


def test_weights_kept_by_version_0_2_0_are_read(store, spec):
    store.run_folder(spec).mkdir(parents=True)
    arrays = {"0000": np.ones(3), "0001": np.zeros(2)}
    np.savez(store.run_folder(spec) / "weights_after_000005.npz", **arrays)
    for ours, theirs in zip(store.load_snapshot(spec, 5), arrays.values(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_full_disk_is_an_error_of_the_store(store, spec, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="Epoch 5 .*no space is left"):
        store.save_snapshot(spec, 5, [np.ones(3)])
    assert list(store.run_folder(spec).iterdir()) == []

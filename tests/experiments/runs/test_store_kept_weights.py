"""Weights that are kept on the way."""

import errno
import os

import numpy as np
import pytest

from keras_vae.experiments.runs.store import (
    DamagedRunError,
    StoreError,
    is_snapshot_epoch,
    load_snapshot,
    restorable_epochs,
    save_snapshot,
    snapshot_epochs,
)


def test_epochs_whose_weights_are_kept():
    kept = [epoch for epoch in range(1, 5001) if is_snapshot_epoch(epoch)]
    assert kept == [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000]


def test_weights_come_back_in_their_order(tmp_path):
    weights = [np.full((2, 3), index, np.float32) for index in range(12)]
    save_snapshot(tmp_path, 5, weights)
    for ours, theirs in zip(load_snapshot(tmp_path, 5), weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_what_was_kept_is_listed_in_the_order_of_epochs(tmp_path):
    for epoch in (1_000_000, 10, 2, 200_000):
        save_snapshot(tmp_path, epoch, [np.zeros(1)])
    (tmp_path / "weights_after_000003.npz.old").touch()
    (tmp_path / "weights_after_last.npz").touch()
    assert snapshot_epochs(tmp_path) == [2, 10, 200_000, 1_000_000]
    assert restorable_epochs(tmp_path, 7) == [2, 7, 10, 200_000, 1_000_000]
    assert restorable_epochs(tmp_path, 10) == [2, 10, 200_000, 1_000_000]


def test_snapshots_that_are_not_there_or_damaged(tmp_path):
    save_snapshot(tmp_path, 10, [np.ones(3), np.zeros((2, 2))])
    with pytest.raises(LookupError, match=r"epoch 7 .*\[10\]"):
        load_snapshot(tmp_path, 7)
    (tmp_path / "weights_after_000010.npz").write_bytes(b"PK nonsense")
    with pytest.raises(DamagedRunError, match="weights_after_000010"):
        load_snapshot(tmp_path, 10)


def test_a_full_disk_is_an_error_of_the_store(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="Epoch 5 .*no space is left"):
        save_snapshot(tmp_path, 5, [np.ones(3)])
    assert list(tmp_path.iterdir()) == []

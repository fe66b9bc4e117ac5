"""A device with too little memory for the rows side by side: fewer train at a time, with the same numbers."""

from __future__ import annotations

import pytest
from stand_in import StandIn
from sweep_folders import SMALL, contents, results, runs, sweep

WORDS = [
    "seed=range(8)", "trainer.epochs=4", *SMALL, "regularizer.dropout=0.2", "trainer.engine=stacked",
    "hydra.launcher.executor=serial", "trainer.checkpoint_seconds=0",
]  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The sweep on a CPU."""
    return contents(sweep(tmp_path_factory.mktemp("whole") / "sweep", *WORDS))


def side_by_side(device: StandIn) -> list[int]:
    """How many rows had the order of an epoch; metrics are taken by one table for all, as all have the same data."""
    return [len(table) for table in device.lines if len(table) > 1]


def test_half_as_many_train_side_by_side_until_they_fit(whole, tmp_path, monkeypatch, capsys):
    device = StandIn(room=3).take_the_place_of("cpu", monkeypatch)
    folder = sweep(tmp_path / "sweep", *WORDS)
    assert contents(folder) == whole
    assert device.refused == [8, 4, 4]
    assert side_by_side(device) == [2] * 4 * 4
    said = "runner: the device has too little memory for so many runs; fewer train side by side\n"
    assert capsys.readouterr().err.count(said) == 1


def test_what_had_been_trained_is_kept(whole, tmp_path, monkeypatch):
    device = StandIn(room=5, after=8).take_the_place_of("cpu", monkeypatch)  # the third epoch is too much
    folder = sweep(tmp_path / "sweep", *WORDS)
    assert contents(folder) == whole
    assert device.refused == [8]
    assert side_by_side(device) == [8, 8, 4, 4, 4, 4]
    for run in runs(folder).values():
        assert "resumed after epoch 2" in (run / "train.log").read_text()


def test_as_many_as_fit_by_what_the_device_says_need_no_second_try(whole, tmp_path, monkeypatch):
    parameters, examples = 64 * 6 + 6 + 6 * 10 + 10, 4 * 32 * (64 + 6 + 10)
    device = StandIn(room=3, free=2 * 3.5 * 4 * (6 * parameters + examples)).take_the_place_of("cpu", monkeypatch)
    assert contents(sweep(tmp_path / "sweep", *WORDS)) == whole
    assert device.refused == []
    assert max(side_by_side(device)) == 3


def test_a_run_that_is_too_large_alone_fails(tmp_path, monkeypatch):
    device = StandIn(room=0).take_the_place_of("cpu", monkeypatch)
    rows = results(sweep(tmp_path / "sweep", *WORDS[1:], "seed=0,1", code=1))
    assert [row["status"] for row in rows] == ["failed", "failed"]
    assert all("CUDA out of memory" in row["error"] for row in rows)
    assert device.refused == [1] * 4  # in epoch 0: both side by side, one after the other, each alone

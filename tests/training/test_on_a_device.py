"""Stacked rows by the rules of a GPU: the numbers of a CPU, in fewer and larger calls."""

import numpy as np
import pytest
import torch
from stand_in import StandIn

from runner.data.prepare import prepare
from runner.execution.configurations import read
from runner.training.engine import Engine

ROWS = 20
CHANGES = [
    {"optimizer": "nadam"},
    {"optimizer": "adagrad", "regularizer.dropout": 0.3},
    {"dataset.class_weights": "balanced"},
    {"optimizer": "adagrad", "dataset.split_seed": 1},
]


def engine(*changes) -> Engine:
    """Rows in order of their rules."""
    every = sorted((changes[i % len(changes)] | {"seed": i} for i in range(ROWS)), key=lambda c: c.get("optimizer", ""))
    runs = [read({"trainer.engine": "stacked", "model.hidden": [64], "trainer.batch_size": 50} | c) for c in every]
    cache = {}
    return Engine(runs, [prepare(run, cache) for run in runs])


def trained(engine: Engine) -> list:
    """Its weights, objectives and metrics after two epochs."""
    epochs = [engine.train_epoch([1.0] * ROWS) for _ in range(2)]
    return [engine.theta, *(each["objectives"] for each in epochs), engine.evaluate(("train", "val"))["val/loss"]]


@pytest.mark.parametrize("changes", [CHANGES, CHANGES[:1]], ids=["mixed", "alike"])
def test_the_numbers_are_those_of_the_cpu(changes, monkeypatch):
    expected = trained(engine(*changes))
    StandIn().take_the_place_of("cpu", monkeypatch)
    for one, other in zip(expected, trained(engine(*changes)), strict=True):
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other))


def test_a_rule_works_on_all_its_rows_at_once(monkeypatch):
    assert [len(each.row_blocks()) for each in begun(engine(CHANGES[0])).rows.segments] == [2]
    StandIn().take_the_place_of("cpu", monkeypatch)
    mixed = begun(engine(*CHANGES[:3])).rows.segments
    assert [[len(block.w) for block in each.row_blocks()] for each in mixed] == [[6], [7], [7]]


def begun(engine: Engine) -> Engine:
    engine.train_epoch([1.0] * ROWS)
    return engine


@pytest.mark.parametrize(("changes", "tables"), [(CHANGES[:1], 1), (CHANGES[2:3], 2)], ids=["plain", "weighted"])
def test_the_order_of_an_epoch_is_copied_once(changes, tables, monkeypatch):
    device = StandIn().take_the_place_of("cpu", monkeypatch)
    rows = engine(*changes)
    for epoch in range(1, 4):
        rows.train_epoch([1.0] * ROWS)
        assert len(device.lines) == epoch * tables
    assert {(table.dtype, tuple(table.shape)) for table in device.lines} == {
        (torch.int32, (ROWS, rows.tables.size["train"]))
    }

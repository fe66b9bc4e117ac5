"""Which weights and numbers a run ends with, and that nothing beside the training can spoil them."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

import runner

QUICK = {"trainer.epochs": 6, "early_stopping.patience": None, "trainer.figures": True}


def rows(outcome) -> pd.DataFrame:
    return runner.curves(outcome.folder).set_index("epoch")


@pytest.mark.parametrize("restore", [True, False])
def test_metrics_belong_to_the_weights_that_are_kept(tmp_path, restore, way):
    """With min_delta the last epochs do not count as better."""
    change = QUICK | way | {"early_stopping.min_delta": 0.5, "early_stopping.restore_best": restore}
    [outcome] = runner.train([change], outputs=tmp_path)
    summary, curve = outcome.summary, rows(outcome)
    best = summary["best_epoch"]
    assert 0 < best < 6
    assert summary["kept_epoch"] == (best if restore else 6)
    assert summary["val"]["loss"] == curve["val/loss"][summary["kept_epoch"]]


@pytest.fixture
def sorted_table(tmp_path):
    """3,000 rows in the order of their class, with names a figure could take for formulas."""
    random = np.random.default_rng(0)
    y = np.repeat(["$_$ low", "cost_$_high"], 1500)
    x = random.normal(size=(3000, 2)) + (y == "cost_$_high")[:, None]
    table = pd.DataFrame(x, columns=["a_$_b", "c"]).assign(code=[f"{i % 4}_{i % 2}" for i in range(3000)], y=y)
    table.to_csv(tmp_path / "sorted.csv", index=False)
    return tmp_path / "sorted.csv"


def csv(path, **changes):
    return QUICK | {"dataset": "csv", "dataset.path": str(path), "dataset.target": "y"} | changes


def test_train_metrics_of_a_sorted_file_are_those_of_all_rows(sorted_table, tmp_path):
    sample, whole = runner.train(
        [csv(sorted_table, **{"trainer.train_eval_rows": n}) for n in (500, 10_000)], outputs=tmp_path
    )
    assert sample.summary["train"]["accuracy"] == pytest.approx(whole.summary["train"]["accuracy"], abs=0.05)


def test_underscores_do_not_make_numbers(sorted_table, tmp_path):
    [outcome] = runner.train([csv(sorted_table, **{"trainer.figures": False})], outputs=tmp_path)
    assert runner.load(outcome.folder).encoding.categories == {"code": ["0_0", "1_1", "2_0", "3_1"]}


def test_dollars_in_names_are_drawn_as_they_are(sorted_table, tmp_path):
    [outcome] = runner.train([csv(sorted_table, **{"dataset.drop": ["code"]})], outputs=tmp_path)
    assert outcome.status == "completed"
    assert "no figures" not in (outcome.folder / "train.log").read_text()


def test_a_picture_that_fails_costs_no_training(tmp_path, monkeypatch):
    def fail(*_):
        raise ValueError("no ink")

    monkeypatch.setattr("runner.figures.at_end.draw", fail)
    [outcome] = runner.train([QUICK], outputs=tmp_path)
    assert outcome.status == "completed"
    assert json.loads((outcome.folder / "summary.json").read_text())["test"]["accuracy"] > 0.5
    assert "no figures: ValueError: no ink" in (outcome.folder / "train.log").read_text()


def test_each_population_has_its_threads_and_the_caller_his(tmp_path, monkeypatch):
    seen = []
    from runner.training.engine import Engine

    step = Engine.start_epoch
    monkeypatch.setattr(Engine, "start_epoch", lambda *a: seen.append(torch.get_num_threads()) or step(*a))
    before = torch.get_num_threads()
    found = runner.train([{"trainer.threads": 2, "trainer.epochs": 1}, {"trainer.epochs": 1}], outputs=tmp_path)
    assert sorted(seen) == [1, 2]
    assert torch.get_num_threads() == before
    assert found[0].summary["bitwise"] is False

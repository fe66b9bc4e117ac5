"""Values that are fine alone and wrong together."""

import pytest

from runner.config.settings import default_tree
from runner.config.validate import check


def problems(choices=None, **changes) -> list[str]:
    tree = default_tree(choices)
    for path, value in changes.items():
        group, key = path.split("__")
        tree[group][key] = value
    return check(tree)[1]


@pytest.mark.parametrize(
    ("choices", "changes", "key", "fix"),
    [
        ({}, {"dataset__val_fraction": 0.6, "dataset__test_fraction": 0.5}, "dataset.val_fraction", "must be < 1"),
        ({"loss": "mse"}, {"regularizer__label_smoothing": 0.1}, "regularizer.label_smoothing", "loss=cross_entropy"),
        (
            {"dataset": "csv"},
            {"dataset__task": "regression", "regularizer__label_smoothing": 0.1},
            "regularizer.label_smoothing",
            "=0",
        ),
        ({}, {"scheduler__warmup": 101}, "scheduler.warmup", "allowed: 0 to 100"),
        ({}, {"dataset__val_fraction": 0}, "early_stopping.patience", "early_stopping=none"),
        (
            {},
            {"early_stopping__monitor": "val/accuracy", "early_stopping__mode": "min"},
            "early_stopping.mode",
            "mode=auto",
        ),
        ({}, {"early_stopping__mode": "max"}, "early_stopping.mode", "mode=auto"),
        ({"loss": "mse"}, {"early_stopping__monitor": "val/accuracy"}, "early_stopping.monitor", "val/rmse"),
        ({"loss": "cross_entropy"}, {"early_stopping__monitor": "val/r2"}, "early_stopping.monitor", "val/accuracy"),
        ({}, {"regularizer__dropout": [0.1, 0.2]}, "regularizer.dropout", "give 1 values"),
        ({}, {"regularizer__l2": [0.1]}, "regularizer.l2", "give 2 values"),
        ({}, {"regularizer__max_norm": [1.0, 2.0, 3.0]}, "regularizer.max_norm", "give 2 values"),
        ({}, {"trainer__device": "gpu"}, "trainer.device", "cuda:0"),
        ({}, {"trainer__device": "cuda:x"}, "trainer.device", "cuda:0"),
    ],
)
def test_one_conflict_one_sentence(choices, changes, key, fix):
    (problem,) = problems(choices, **changes)
    assert problem.startswith(f"{key} = ")
    assert fix in problem


@pytest.mark.parametrize(
    ("choices", "changes"),
    [
        ({}, {"scheduler__warmup": 100}),
        ({}, {"scheduler__warmup": 1000, "scheduler__unit": "steps"}),
        ({}, {"dataset__val_fraction": 0, "early_stopping__patience": None}),
        ({}, {"dataset__val_fraction": 0, "early_stopping__monitor": "train/loss"}),
        ({"dataset": "csv"}, {"dataset__val_fraction": 0, "dataset__split_column": "part"}),
        ({}, {"regularizer__dropout": [0.1, 0.2], "model__hidden": [8, 8]}),
        ({}, {"regularizer__l2": [0.1, 0.2, 0.3], "model__hidden": [8, 8]}),
        ({"loss": "mse"}, {"early_stopping__monitor": "val/r2"}),
        ({}, {"trainer__device": "cuda:1"}),
    ],
)
def test_no_false_alarm(choices, changes):
    assert problems(choices, **changes) == []


def test_plateau_and_patience_both_need_validation_data():
    found = problems({"scheduler": "plateau"}, dataset__val_fraction=0)
    assert [p.split(" = ")[0] for p in found] == ["early_stopping.patience", "scheduler"]


def test_a_conflict_is_silent_while_one_of_its_keys_is_wrong():
    found = problems(scheduler__warmup=-5, trainer__epochs=-1)
    assert len(found) == 2
    assert all("out of range" in problem for problem in found)

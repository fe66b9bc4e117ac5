"""Which runs train together, and the checks that need the data."""

import pytest

from runner.data.prepare import prepare
from runner.execution.configurations import read
from runner.plan.checks import check_against_data
from runner.plan.populations import by_structure


def run(**changes):
    return read(changes)


def populations(*runs):
    cache = {}
    return by_structure(range(len(runs)), runs, [prepare(r, cache) for r in runs])


def test_numbers_rules_and_schedules_share_a_population():
    runs = [
        run(), run(seed=4), run(**{"optimizer.lr": 0.1}), run(optimizer="sgd"), run(scheduler="cosine"),
        run(**{"regularizer.dropout": 0.5}), run(**{"dataset.split_seed": 3}), run(**{"early_stopping.patience": None}),
    ]  # fmt: skip
    assert populations(*runs) == [list(range(len(runs)))]


@pytest.mark.parametrize(
    "change",
    [
        {"model.hidden": [64]}, {"model.activation": "tanh"}, {"model.norm": "batch"}, {"trainer.batch_size": 64},
        {"trainer.dtype": "float64"}, {"trainer.drop_last": True}, {"dataset.train_size": 500},
        {"dataset": "two_moons"}, {"trainer.engine": "stacked"},
    ],
    ids=str,
)  # fmt: skip
def test_structure_splits(change):
    assert populations(run(), run(**change), run(seed=1)) == [[0, 2], [1]]


def problems(**changes):
    settings = run(**changes)
    return check_against_data(settings, prepare(settings))


def test_problems_that_show_beside_the_data():
    assert problems() == []
    [message] = problems(**{"model.norm": "batch", "trainer.batch_size": 8})
    assert "trainer.drop_last=true" in message  # 1257 = 157 x 8 + 1
    assert problems(**{"model.norm": "batch", "trainer.batch_size": 8, "trainer.drop_last": True}) == []
    [message] = problems(**{"scheduler.unit": "steps", "scheduler.warmup": 4001})
    assert "of 4000 steps" in message
    [message] = problems(**{"trainer.device": "cuda:7"})
    assert "trainer.device = cuda:7" in message
    [message] = problems(**{"early_stopping.monitor": "val/rmse"})
    assert "val/accuracy" in message
    [message] = problems(loss="mse")
    assert "loss=auto" in message


def test_a_file_without_validation_rows_is_refused_while_they_are_watched(tmp_path):
    rows = [f"{i},{i % 2},{'test' if i % 5 == 0 else 'train'}" for i in range(40)]
    (tmp_path / "table.csv").write_text("\n".join(["x,y,part", *rows]) + "\n")
    keys = {"path": str(tmp_path / "table.csv"), "target": "y", "split_column": "part", "val_fraction": 0}
    changes = {f"dataset.{key}": value for key, value in keys.items()}
    [message] = problems(dataset="csv", **changes)
    assert message.startswith("early_stopping.patience = 10: watches val/loss")
    assert problems(dataset="csv", **changes, **{"early_stopping.patience": None}) == []

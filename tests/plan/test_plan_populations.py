"""Which runs train together, and the checks that need the data."""

import pytest

from runner.data.prepare import prepare
from runner.execution.configurations import read
from runner.plan.checks import check_against_data
from runner.plan.populations import LARGEST
from runner.plan.shares import share_out


def run(**changes):
    return read(changes)


def shares(runs, **options):
    cache = {}
    return share_out(range(len(runs)), runs, [prepare(r, cache) for r in runs], 1, **options)


def planned(runs, **options):
    return [list(share.members) for share in shares(runs, **options)]


def test_numbers_rules_and_schedules_share_a_population():
    runs = [
        run(), run(seed=4), run(**{"optimizer.lr": 0.1}), run(optimizer="sgd"), run(scheduler="cosine"),
        run(**{"regularizer.dropout": 0.5}), run(**{"dataset.split_seed": 3}), run(**{"early_stopping.patience": None}),
    ]  # fmt: skip
    assert [sorted(p) for p in planned(runs)] == [list(range(len(runs)))]


@pytest.mark.parametrize(
    "change",
    [
        {"model.hidden": [64]}, {"model.activation": "tanh"}, {"model.norm": "batch"}, {"trainer.batch_size": 64},
        {"trainer.dtype": "float64"}, {"trainer.drop_last": True}, {"dataset.train_size": 500},
        {"dataset": "two_moons"},
    ],
    ids=str,
)  # fmt: skip
def test_structure_splits(change):
    assert len(planned([run(), run(**change)])) == 2


def test_rows_of_one_rule_lie_together():
    runs = [run(optimizer="sgd"), run(), run(optimizer="sgd"), run()]
    [order] = planned(runs)
    assert sorted(order) == [0, 1, 2, 3]
    assert {frozenset(order[:2]), frozenset(order[2:])} == {frozenset({0, 2}), frozenset({1, 3})}


def test_cut_into_parts_of_which_no_more_train_side_by_side_than_fit():
    assert [len(p) for p in planned([run(seed=s) for s in range(10)], max_members=4)] == [4, 3, 3]
    found = shares([run(seed=s) for s in range(LARGEST + 6)])
    assert sorted(i for share in found for i in share.members) == list(range(LARGEST + 6))
    assert max(share.width for share in found) <= LARGEST
    assert max(share.width for share in shares([run(seed=s, **{"model.hidden": [512, 512]}) for s in range(16)])) <= 8


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

"""Several targets of which some are classes: labels and codes, the rows that are kept, splits, what is refused."""

import json

import numpy as np
import pandas as pd
import pytest

from runner.data.encoding import Encoding
from runner.data.prepare import prepare
from runner.data.sources.csv import CSV
from runner.data.sources.npz import NPZ
from runner.data.splits.strata import strata
from runner.data.tables import Tables
from runner.errors import ConfigError, DataError
from runner.execution.configurations import read
from runner.plan.checks import check_against_data

RANDOM = np.random.default_rng(0)
N = 120
TABLE = pd.DataFrame(
    {
        "u": RANDOM.normal(size=N).round(3),
        "kind": RANDOM.choice(["red", "green", "blue"], N, p=[0.7, 0.2, 0.1]),
        "size": (100 + 10 * RANDOM.normal(size=N)).round(3),
        "yes": RANDOM.choice(["true", "false"], N),
        "few": RANDOM.integers(0, 3, N),
    }
)
TARGETS = ["kind", "size", "yes"]


@pytest.fixture
def path(tmp_path):
    """Of the table, without three of its answers."""
    table = TABLE.copy()
    table.loc[3, "kind"] = table.loc[5, "size"] = table.loc[7, "yes"] = None
    table.to_csv(tmp_path / "t.csv", index=False)
    return str(tmp_path / "t.csv")


KEPT = TABLE.drop([3, 5, 7])


def settings(path, **keys):
    keys = {"dataset.target": TARGETS} | {key.replace("__", "."): value for key, value in keys.items()}
    return read({"dataset": "csv", "dataset.path": path} | keys)


def prepared(path, **keys):
    return prepare(settings(path, **{f"dataset__{key}": value for key, value in keys.items()}))


def test_each_target_has_its_labels_and_all_of_them_the_same_rows(path):
    table = CSV(path=path, target=TARGETS).read()
    assert (table.task, table.targets, table.labels) == ("multitask", TARGETS, None)
    assert table.labels_of == [["blue", "green", "red"], None, ["false", "true"]]
    words = np.array(table.labels_of[0])[table.target[:, 0].astype(int)]
    assert words.tolist() == KEPT["kind"].tolist() and table.file_rows.tolist() == KEPT.index.tolist()
    np.testing.assert_array_equal(table.target[:, 1], KEPT["size"])
    assert sum("left out: 1 of 120 rows, which have no" in note for note in table.notes) == 3


def test_labels_without_a_row_that_has_all_answers_are_none(tmp_path):
    table = TABLE.assign(kind=["pink", "pink", *TABLE["kind"][2:]])
    table.loc[:1, "size"] = np.nan
    table.to_csv(tmp_path / "t.csv", index=False)
    assert CSV(path=str(tmp_path / "t.csv"), target=TARGETS).read().labels_of[0] == ["blue", "green", "red"]
    table["kind"] = np.where(table["size"].isna(), "pink", "red")
    table.loc[2:9, "size"] = np.nan
    table.to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(DataError, match="'kind' has one class only, 'red', in the 110 rows that have all targets"):
        CSV(path=str(tmp_path / "t.csv"), target=TARGETS).read()


def test_heads_lie_beside_each_other_and_numbers_are_scaled(path):
    data = prepared(path)
    assert (data.task, data.tasks, data.outputs) == ("multitask", ("classification", "regression"), 6)
    assert [(head.name, head.columns) for head in data.encoding.heads] == [
        ("kind", slice(0, 3)), ("size", slice(3, 4)), ("yes", slice(4, 6)),
    ]  # fmt: skip
    np.testing.assert_allclose(data.y[data.train, 1].mean(), 0, atol=1e-12)
    q = Tables([data], "float64", aligned=False).q
    kind, size, yes = data.heads
    np.testing.assert_array_equal(q[:, :3], np.eye(3)[kind.y])
    np.testing.assert_array_equal(q[:, 3], size.y)
    np.testing.assert_array_equal(q[:, 4:], np.eye(2)[yes.y])
    assert (kind.labels, size.labels, yes.outputs) == (["blue", "green", "red"], None, 2)
    np.testing.assert_allclose(size.targets(data.test), KEPT["size"].to_numpy()[data.test])


def test_outputs_come_back_as_labels_and_numbers_also_from_a_model_file(path):
    data = prepared(path)
    again = Encoding.from_dict(json.loads(json.dumps(data.encoding.to_dict())))
    assert again == data.encoding and [head.name for head in again.heads] == TARGETS
    answers = again.decode(Tables([data], "float64", aligned=False).q)
    assert answers[:, 0].tolist() == KEPT["kind"].tolist()
    np.testing.assert_allclose(answers[:, 1].astype(float), KEPT["size"])
    assert answers[:, 2].tolist() == KEPT["yes"].tolist()


def test_splits_are_stratified_by_all_targets_that_are_classes(path):
    data = prepared(path)
    assert "stratified by 'kind' and 'yes'" in data.how
    both = (KEPT["kind"] + KEPT["yes"]).to_numpy()
    for rows, share in ((data.test, 0.15), (data.val, 0.15)):
        for word in set(both):
            assert abs((both[rows] == word).sum() - share * (both == word).sum()) <= 1
    assert {*both[data.train]} == {*both}


def test_where_combinations_are_many_the_first_target_stratifies(path):
    table = CSV(path=path, target=["few", "kind", "yes"], task="classification").read()
    codes, names = strata(table)
    assert names == ["few"] and codes.tolist() == TABLE["few"].drop([3, 7]).tolist()


def test_folds_and_groups_keep_every_class_in_training(path, tmp_path):
    for fold in range(3):
        data = prepared(path, folds=3, fold=fold)
        assert all(np.bincount(head.y[data.train]).all() for head in data.heads if head.labels)
    grouped = TABLE.assign(group=np.arange(N) // 4)
    grouped.to_csv(tmp_path / "g.csv", index=False)
    data = prepared(str(tmp_path / "g.csv"), group="group")
    parts = [set(grouped["group"][rows]) for rows in (data.train, data.val, data.test)]
    assert not parts[0] & parts[1] and not parts[0] & parts[2] and not parts[1] & parts[2]


def test_a_second_file_knows_the_labels_of_the_first(path, tmp_path):
    more = TABLE.iloc[:20].assign(few=1)
    more.to_csv(tmp_path / "more.csv", index=False)
    data = prepared(path, test_path=str(tmp_path / "more.csv"))
    answers = data.encoding.decode(Tables([data], "float64", aligned=False).q[data.test])
    assert answers[:, 0].tolist() == more["kind"].tolist()
    more.assign(kind="pink").to_csv(tmp_path / "more.csv", index=False)
    with pytest.raises(DataError, match="says 'pink' in line 2, a class that the training file does not have"):
        prepared(path, test_path=str(tmp_path / "more.csv"))


def test_columns_of_y_are_classes_where_they_are_text_or_whole_numbers(tmp_path):
    x, words = RANDOM.normal(size=(40, 2)), RANDOM.choice(["p", "q", "r"], (40, 2))
    np.savez(tmp_path / "t.npz", x=x, y=words)
    assert NPZ(path=str(tmp_path / "t.npz")).read().labels_of == [["p", "q", "r"]] * 2
    np.savez(tmp_path / "t.npz", x=x, y=RANDOM.integers(0, 2, (40, 3)))
    assert NPZ(path=str(tmp_path / "t.npz")).read().labels_of == [["0", "1"]] * 3


def test_a_column_that_tells_one_target_is_left_out(tmp_path):
    TABLE.assign(colour=TABLE["kind"].str.upper()).to_csv(tmp_path / "t.csv", index=False)
    table = CSV(path=str(tmp_path / "t.csv"), target=TARGETS).read()
    assert "colour" not in table.column_order
    assert any("'colour' (tells one of the targets alone)" in note for note in table.notes)


def test_what_is_read_is_said_of_each_target(path):
    text = "\n".join(prepared(path).describe())
    assert "3 targets: 'kind' 3 classes (blue, green, red), 'size' a number, 'yes' 2 classes (false, true)" in text
    assert "'kind': training rows by class: blue" in text and "'yes': training rows" not in text


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"loss": "cross_entropy"}, "loss = cross_entropy: .*the target 'size' is numbers; use loss=auto"),
        ({"loss": "mse"}, "loss = mse: is for regression, but the target 'kind' is classes; use loss=auto"),
        (
            {"dataset.target": ["kind", "yes"], "loss": "mse"},
            "loss = mse: is for regression, but the target 'kind' is classes",
        ),
        (
            {"dataset.target": ["kind", "yes"], "regularizer.target_noise": 0.1},
            "target_noise = 0.1: is for regression, but the data is classification",
        ),
        ({"trainer.curriculum": "confidence"}, "one target's classes, but there are several.*trainer.curriculum=loss"),
        ({"dataset.labels": "random"}, "dataset.labels = random: the data has several targets.*dataset.labels=given"),
        ({"ensemble": "deep"}, "ensemble = deep: .*set ensemble=none, or name one target"),
        ({"trainer.engine": "native"}, r"dataset.target \(several, classes among them\) has no compiled form"),
        (
            {"early_stopping.monitor": "val/knd/accuracy"},
            "no target 'knd', did you mean 'kind'.; allowed: val/accuracy, val/kind/loss, val/kind/accuracy, ",
        ),
        ({"early_stopping.monitor": "val/size/accuracy"}, "the target 'size' has no accuracy; allowed: val/accuracy"),
        (
            {"dataset.target": "kind", "early_stopping.monitor": "val/kind/accuracy"},
            "is about one of several targets, but there is one; allowed: val/accuracy",
        ),
        (
            {"dataset.target": ["kind", "yes"], "early_stopping.monitor": "val/kind/rmse"},
            "the data is classification, which has no rmse",
        ),
    ],
)
def test_what_does_not_go_with_several_targets_is_refused_with_a_way_out(path, keys, said):
    run = settings(path, **{key.replace(".", "__"): value for key, value in keys.items()})
    with pytest.raises(ConfigError, match=said):
        raise ConfigError(check_against_data(run, prepare(run)))


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"class_weights": "balanced"}, "a row has one weight, but there are several targets; .*class_weights=null"),
        ({"label_noise": 0.1}, "about the labels of one target, but there are several; set dataset.label_noise=0"),
        ({"target_weights": {"kid": 2}}, "no target 'kid'. Did you mean 'kind'"),
        ({"target": ["kind", "kind"]}, "names the same twice"),
        ({"keep": ["yes"]}, "dataset.keep = yes: is dataset.target, which is no input"),
        ({"categorical": ["size"]}, "dataset.categorical = size: is dataset.target, .*set dataset.task=classification"),
        ({"task": "classification"}, "'size' has a class of its own for"),
        ({"task": "regression"}, "'kind' says '(red|green|blue)' in line 2"),
    ],
)
def test_what_does_not_fit_the_table_is_refused_with_a_way_out(path, keys, said):
    with pytest.raises((ConfigError, DataError), match=said):
        prepared(path, **keys)

"""Files with more than inputs and a target: groups, weights, separators, a second file for the test."""

import numpy as np
import pytest

from runner.data.sources.csv import CSV
from runner.data.sources.parquet import Parquet
from runner.errors import ConfigError, DataError


def lines(count, row):
    return "".join(row(i) + "\n" for i in range(count))


PEOPLE = "x,city,who,w,y\n" + lines(60, lambda i: f"{i},{'uv'[i % 2]},p{i // 4},{1 + i % 3},{'ab'[i % 2]}")


def test_group_and_weight_columns_are_no_inputs_and_are_said(run_data, csv_file):
    data = run_data(CSV(path=csv_file(PEOPLE), target="y", group="who", sample_weight="w", drop="city"))
    assert data.encoding.columns == ["x"]
    described = data.describe()
    assert any("groups of 'who' kept whole" in line for line in described)
    assert "columns: 1 numeric, 0 categorical, group who, sample_weight w, dropped: city" in described
    weights = 1 + np.arange(60) % 3
    np.testing.assert_allclose(data.weights, weights / weights[data.train].mean())
    assert any(line.startswith("weights in the loss: 0.") and "metrics are unweighted" in line for line in described)


def test_no_group_is_on_two_sides(run_data, csv_file):
    data = run_data(CSV(path=csv_file(PEOPLE), target="y", group="who", drop=["w"]))
    sides = [set(part // 4) for part in (data.train, data.val, data.test)]
    assert sum(map(len, sides)) == len(set.union(*sides)) == 15
    assert [len(part) for part in (data.train, data.val, data.test)] == pytest.approx([42, 9, 9], abs=4)


def test_rows_marked_by_a_column_may_not_tear_a_group(run_data, csv_file):
    marks = ["train"] * 42 + ["test"] * 18
    content = "x,part,who,y\n" + lines(60, lambda i: f"{i},{marks[i]},p{i // 4},{'ab'[i % 2]}")
    keys = {"path": csv_file(content), "target": "y", "split_column": "part", "group": "who"}
    with pytest.raises(DataError, match=r"dataset\.group=who: group 'p10' has rows marked train and rows marked test"):
        run_data(CSV(**keys))


@pytest.mark.parametrize("separator", ["|", "^", " ", "tab", "\\t"])
def test_the_separator_can_be_said(run_data, csv_file, separator):
    character = "\t" if separator in ("tab", "\\t") else separator
    content = character.join(["x,1", "y"]) + "\n" + lines(30, lambda i: f"{i}{character}{'ab'[i % 2]}")
    data = run_data(CSV(path=csv_file(content), target="y", separator=separator))
    assert data.encoding.columns == ["x,1"]


def test_a_bar_is_found_without_saying(run_data, csv_file):
    content = "x|y\n" + lines(30, lambda i: f"{i}|{'ab'[i % 2]}")
    assert run_data(CSV(path=csv_file(content), target="y")).encoding.columns == ["x"]


@pytest.mark.parametrize("separator", [";;", '"', ""])
def test_a_separator_that_cannot_be(run_data, csv_file, separator):
    with pytest.raises(ConfigError, match=r"dataset\.separator = .*must be one character.*dataset\.separator=';'"):
        run_data(CSV(path=csv_file(PEOPLE), target="y", separator=separator))


def test_a_separator_that_the_header_lacks(run_data, csv_file):
    with pytest.raises(
        DataError, match=r"dataset\.separator=';' is not in the header of .*table\.csv: 'x,city,who,w,y'"
    ):
        run_data(CSV(path=csv_file(PEOPLE), target="y", separator=";"))


def second(change=lambda text: text):
    return change("y,city,x\n" + lines(10, lambda i: f"{'ab'[i % 2]},{'uw'[i % 2]},{100 + i}"))


def test_a_second_file_is_the_test_split(run_data, csv_file):
    first = "x,city,y\n" + lines(40, lambda i: f"{i},{'uv'[i % 2]},{'ab'[i % 2]}")
    keys = {"path": csv_file(first), "target": "y", "val_fraction": 0.25}
    data = run_data(CSV(**keys, test_path=csv_file(second(), "test.csv")))
    assert (data.test.tolist(), len(data.train), len(data.val)) == (list(range(40, 50)), 30, 10)
    assert data.encoding.categories == {"city": ["u", "v"]}
    assert data.x[41, 1:].tolist() == [0, 0]  # the city w is in no training row
    assert data.y[data.test].tolist() == [0, 1] * 5
    assert any("column 'city': not in the training split, encoded as zeros: w" in line for line in data.describe())
    assert any(line.startswith("test split: the 10 rows of ") for line in data.describe())
    alone = run_data(CSV(**keys))
    assert data.sha256 != alone.sha256


def test_the_test_file_of_a_regression_keeps_its_units(run_data, csv_file):
    path, test = csv_file("x,y\n" + lines(40, lambda i: f"{i},{i / 2}")), csv_file("x,y\n7,-1000.5\n", "test.csv")
    data = run_data(CSV(path=path, target="y", test_path=test))
    assert data.encoding.decode(data.y[data.test][:, None]).tolist() == pytest.approx([-1000.5])


BAD_SECOND = {
    "a column is missing": (
        lambda t: t.replace("city", "town"),
        r"test\.csv \(dataset\.test_path\) must have the columns of .*table\.csv, but lacks 'city' and has also 'town'",
    ),
    "the target is missing": (
        lambda t: t.replace("y,", "z,", 1),
        r"lacks 'y' and has also 'z'.*dataset\.drop=\[NAME\]",
    ),
    "a class of its own": (
        lambda t: t.replace("a,", "c,", 1),
        r"test\.csv .* target 'y' says 'c' in line 2, a class",
    ),
    "no answer": (
        lambda t: t.replace("a,", ",").replace("b,", ","),
        r"test\.csv .*target 'y' is missing in every row",
    ),
    "text in numbers": (
        lambda t: t.replace(",101", ",many"),
        r"test\.csv .*column 'x' holds numbers, but 'many' in line 3",
    ),
}


@pytest.mark.parametrize("case", BAD_SECOND)
def test_a_second_file_that_does_not_fit(run_data, csv_file, case):
    change, message = BAD_SECOND[case]
    first = csv_file("x,city,y\n" + lines(40, lambda i: f"{i},{'uv'[i % 2]},{'ab'[i % 2]}"))
    with pytest.raises(DataError, match=message):
        run_data(CSV(path=first, target="y", test_path=csv_file(second(change), "test.csv")))


def test_a_second_file_that_is_not_there(run_data, csv_file, tmp_path):
    with pytest.raises(DataError, match=r"tset\.csv does not exist \(from dataset\.test_path"):
        run_data(CSV(path=csv_file(PEOPLE), target="y", test_path=str(tmp_path / "tset.csv")))


def test_a_second_file_beside_a_split_column(run_data, csv_file):
    keys = {"test_path": "b.csv", "split_column": "city"}
    with pytest.raises(
        ConfigError, match=r"dataset\.test_path = b\.csv: the test rows are marked already, by dataset\.spl"
    ):
        run_data(CSV(path=csv_file(PEOPLE), target="y", **keys))


@pytest.mark.parametrize("role", ["group", "sample_weight", "split_column"])
def test_one_column_for_two_parts(run_data, csv_file, role):
    with pytest.raises(ConfigError, match=rf"dataset\.{role} = y: is dataset\.target already"):
        run_data(CSV(path=csv_file(PEOPLE), target="y", **{role: "y"}))


@pytest.mark.parametrize("key", ["drop", "keep"])
def test_a_target_among_the_columns_that_are_dropped_or_kept(run_data, csv_file, key):
    with pytest.raises(ConfigError, match=rf"dataset\.{key} = y: is dataset\.target, which is no input"):
        run_data(CSV(path=csv_file(PEOPLE), target="y", **{key: ["x", "y"]}))


@pytest.mark.parametrize("role", ["group", "sample_weight"])
def test_a_column_that_is_not_there(run_data, csv_file, role):
    with pytest.raises(DataError, match=rf"no column 'whi' \(dataset\.{role}\)\. Did you mean 'who'"):
        run_data(CSV(path=csv_file(PEOPLE), target="y", **{role: "whi"}))


BAD_WEIGHTS = {
    "-1": r"column 'w' \(dataset\.sample_weight\) is negative in line 4 \(-1\)",
    "": r"column 'w' \(dataset\.sample_weight\) is empty in line 4",
    "inf": r"column 'w' holds an infinite value \(inf\) in line 4",
    "much": r"column 'w' holds numbers, but 'much' in line 4\. A weight \(dataset\.sample_weight\) is a num",
}


@pytest.mark.parametrize("value", BAD_WEIGHTS)
def test_bad_weights(run_data, csv_file, value):
    content = "x,w,y\n" + lines(40, lambda i: f"{i},{value if i == 2 else 1},{'ab'[i % 2]}")
    with pytest.raises(DataError, match=BAD_WEIGHTS[value]):
        run_data(CSV(path=csv_file(content), target="y", sample_weight="w"))


def test_weights_that_are_all_zero(run_data, csv_file):
    content = "x,w,part,y\n" + lines(40, lambda i: f"{i},{int(i >= 30)},{'train' if i < 30 else 'test'},{'ab'[i % 2]}")
    with pytest.raises(DataError, match=r"all 30 training rows have the weight 0"):
        run_data(CSV(path=csv_file(content), target="y", sample_weight="w", split_column="part", val_fraction=0))
    with pytest.raises(DataError, match=r"column 'w' \(dataset\.sample_weight\) is 0 in every row"):
        run_data(CSV(path=csv_file("x,w,y\n" + lines(40, lambda i: f"{i},0,{i % 2}")), target="y", sample_weight="w"))


def test_a_row_without_a_group(run_data, csv_file):
    with pytest.raises(DataError, match=r"column 'who' \(dataset\.group\) is empty in line 10"):
        run_data(CSV(path=csv_file(PEOPLE.replace("p2", "", 1)), target="y", group="who"))


def test_text_with_a_value_a_row_is_noted(run_data, csv_file):
    content = "day,x,y\n" + lines(40, lambda i: f"2020-01-{i} noon,{i},{'ab'[i % 2]}")
    said = run_data(CSV(path=csv_file(content), target="y")).describe()
    assert any(
        "column 'day' holds 40 different texts in 40 rows" in line and "dataset.drop=[day]" in line for line in said
    )


def test_uneven_classes_are_counted(run_data, csv_file):
    content = "x,y\n" + lines(100, lambda i: f"{i},{'ab'[i % 10 == 0]}")
    assert "training rows by class: a 64, b 6" in run_data(CSV(path=csv_file(content), target="y")).describe()


def test_parquet_takes_the_same_keys(run_data, csv_file, tmp_path):
    import pandas as pd

    frame = pd.read_csv(csv_file(PEOPLE))
    frame.to_parquet(tmp_path / "a.parquet")
    frame[:8].to_parquet(tmp_path / "b.parquet")
    keys = {"target": "y", "sample_weight": "w", "drop": ["who"]}
    one = run_data(Parquet(path=str(tmp_path / "a.parquet"), test_path=str(tmp_path / "b.parquet"), **keys))
    two = run_data(
        CSV(path=csv_file(PEOPLE), test_path=csv_file("\n".join(PEOPLE.split("\n")[:9]) + "\n", "b.csv"), **keys)
    )
    for name in ("x", "y", "weights", "train", "test"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))


def test_which_splits_are_cut_by_a_fraction():
    assert CSV().cuts() == ("val", "test")
    assert CSV(test_path="t.csv").cuts() == ("val",)
    assert CSV(folds=5).cuts() == ("test",)
    assert CSV(split_column="part").cuts() == ()

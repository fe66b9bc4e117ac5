"""Preparing: what runs share, what the screen says, and files from end to end."""

import json

import numpy as np
import pandas as pd
import pytest

from runner.data.reading.frames import read_frame
from runner.data.sources.csv import CSV
from runner.data.sources.digits import Digits
from runner.data.sources.parquet import Parquet
from runner.data.sources.two_moons import TwoMoons

PEOPLE = "age,city,name,member,income\n" + "".join(
    f"{20 + i if i % 7 else ''},{['Bonn', 'Ulm', ''][i % 3]},person {i},{i % 2 == 0},{1000.5 + 10 * i}\n"
    for i in range(40)
)


def test_equal_keys_share_everything(run_data):
    cache = {}
    first, again = run_data(Digits(), cache), run_data(Digits(), cache)
    assert again.x is first.x
    assert again.y is first.y


def test_a_table_is_read_once(run_data, monkeypatch):
    cache, reads, read = {}, [], Digits.read
    monkeypatch.setattr(Digits, "read", lambda self: (reads.append(1), read(self))[1])
    for keys in ({}, {"split_seed": 1}, {"scaling": "minmax"}, {"train_size": 100}):
        run_data(Digits(**keys), cache)
    assert len(reads) == 1


def test_splits_share_features_where_scaling_does_not_depend_on_them(run_data):
    cache = {}
    first, other = (run_data(Digits(scaling="none", split_seed=seed), cache) for seed in (0, 1))
    assert other.x is first.x
    assert not np.array_equal(other.test, first.test)
    fitted = [run_data(Digits(split_seed=seed), cache) for seed in (0, 1)]
    assert fitted[0].x is not fitted[1].x
    assert fitted[0].y is fitted[1].y


def test_what_differs_is_not_shared(run_data):
    cache = {}
    variants = [run_data(TwoMoons(**keys), cache).x for keys in ({}, {"n": 100}, {"noise": 0.1}, {"data_seed": 1})]
    variants.append(run_data(TwoMoons(), cache, dtype="float64").x)
    assert len({id(x) for x in variants}) == 5


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_shapes_and_types(run_data, dtype):
    data = run_data(Digits(), dtype=dtype)
    assert (data.x.shape, data.x.dtype, data.y.dtype) == ((1797, 64), dtype, np.int64)
    assert (data.task, data.outputs, data.image_shape) == ("classification", 10, (1, 8, 8))
    np.testing.assert_allclose(data.x[data.train].mean(axis=0), 0, atol=1e-5)


def test_describe_digits(run_data):
    assert run_data(Digits(split_seed=3)).describe() == [
        "digits: 1,797 rows, 64 features, images 1x8x8, 10 classes (0, 1, 2, 3, 4, 5, 6, 7, 8, 9)",
        "split: train 1,257, val 270, test 270 (split_seed 3, stratified)",
    ]


def test_describe_says_what_was_inferred(run_data, csv_file):
    lines = run_data(CSV(path=csv_file(PEOPLE), target="income", drop=["name"])).describe()
    assert lines == [
        "csv: 40 rows, 5 features, regression of 'income'",
        "split: train 28, val 6, test 6 (split_seed 0)",
        "target 'income': regression (it holds fractions; else set dataset.task=classification)",
        "columns: 2 numeric, 1 categorical, dropped: name",
        "missing values: age 6, city 13 (numbers: median of the training split; categories: their own category)",
    ]


def test_one_column_is_one_feature_and_text_is_no_number(run_data, csv_file):
    path = csv_file("x,y\n" + "".join(f"{i * i},{'no' if i % 2 else 'yes'}\n" for i in range(40)))
    assert run_data(CSV(path=path, target="y")).describe() == [
        "csv: 40 rows, 1 feature, 2 classes (no, yes)",
        "split: train 28, val 6, test 6 (split_seed 0, stratified)",
        "target 'y': classification (it holds text)",
        "columns: 1 numeric, 0 categorical",
    ]


def test_describe_names_classes_that_are_not_trained_on(run_data, csv_file):
    path = csv_file("x,y\n" + "".join(f"{i},{'rare' if i < 3 else 'common'}\n" for i in range(60)))
    data = run_data(CSV(path=path, target="y", train_size=2))
    assert data.describe()[-1] == "no training row of class 'rare'"


def test_regression_targets_are_scaled(run_data, csv_file):
    data = run_data(CSV(path=csv_file(PEOPLE), target="income", drop=["name"]))
    assert (data.y.dtype, data.outputs, data.labels) == (np.float64, 1, None)
    np.testing.assert_allclose([data.y[data.train].mean(), data.y[data.train].std()], [0, 1], atol=1e-12)
    np.testing.assert_allclose(data.encoding.decode(data.y), 1000.5 + 10 * np.arange(40))


def test_predicting_from_the_training_file_gives_the_training_rows(run_data, csv_file):
    path = csv_file(PEOPLE)
    data = run_data(CSV(path=path, target="member", drop=["name"], categorical=["age"]))
    cells = read_frame(path).cells()
    np.testing.assert_array_equal(data.encoding.transform_with_notes(cells)[0], data.x)
    answers, known = data.encoding.answers(cells["member"])
    assert known.all()
    np.testing.assert_array_equal(answers, data.y)


def test_csv_and_parquet_of_one_table_are_the_same_data(run_data, csv_file, tmp_path):
    path = csv_file(PEOPLE)
    pd.read_csv(path).to_parquet(tmp_path / "table.parquet")
    for target in ("income", "member", "city2"):
        keys = {"target": target, "drop": ["name"]}
        if target == "city2":
            frame = pd.read_csv(path).assign(city2=["a", "b"] * 20)
            frame.to_parquet(tmp_path / "table.parquet")
            path = csv_file(frame.to_csv(index=False))
        one, two = run_data(CSV(path=path, **keys)), run_data(Parquet(path=str(tmp_path / "table.parquet"), **keys))
        np.testing.assert_array_equal(one.x, two.x)
        np.testing.assert_array_equal(one.y, two.y)
        assert (one.labels, one.encoding) == (two.labels, two.encoding)


def test_a_split_column_decides_and_is_no_input(run_data, csv_file):
    marks = ["train"] * 6 + ["Validation", "val", "TEST", "test"]
    path = csv_file("x,part,y\n" + "".join(f"{i},{mark},{'ab'[i % 2]}\n" for i, mark in enumerate(marks)))
    data = run_data(CSV(path=path, target="y", split_column="part"))
    assert (data.train.tolist(), data.val.tolist(), data.test.tolist()) == (list(range(6)), [6, 7], [8, 9])
    assert data.encoding.columns == ["x"]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_separators_and_byte_order_marks(run_data, csv_file, separator, start):
    lines = [["größe", "y"]] + [[str(i), "ab"[i % 2]] for i in range(20)]
    data = run_data(CSV(path=csv_file(start + "\n".join(separator.join(line) for line in lines)), target="y"))
    assert (data.encoding.columns, data.labels) == (["größe"], ["a", "b"])


@pytest.mark.parametrize(
    ("values", "task", "labels"),
    [
        (["yes", "no"], "classification", ["no", "yes"]),
        (["true", "false"], "classification", ["false", "true"]),
        (["10", "9", "2"], "classification", ["2", "9", "10"]),
        (["007", "011"], "classification", ["007", "011"]),
        ([str(i) for i in range(20)], "classification", [str(i) for i in range(20)]),
        ([str(i) for i in range(21)], "regression", None),
        (["0.5", "1", "2"], "regression", None),
    ],
)
def test_the_task_is_inferred_and_labels_stay_as_written(run_data, csv_file, values, task, labels):
    rows = "".join(f"{i},{values[i % len(values)]}\n" for i in range(10 * len(values)))
    data = run_data(CSV(path=csv_file("x,y\n" + rows), target="y"))
    assert (data.task, data.labels) == (task, labels)


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_the_task_can_be_said(run_data, csv_file, task):
    path = csv_file("x,y\n" + "".join(f"{i},{i % 4}\n" for i in range(40)))
    assert run_data(CSV(path=path, target="y", task=task)).task == task


def test_numbers_taken_as_categories(run_data, csv_file):
    path = csv_file("zip,x,y\n" + "".join(f"{['01067', '53111'][i % 2]},{i},{'ab'[i % 2]}\n" for i in range(40)))
    data = run_data(CSV(path=path, target="y", categorical="zip"))
    assert data.encoding.categories == {"zip": ["01067", "53111"]}


def test_packed_csv_is_the_same_data(run_data, csv_file):
    import gzip

    plain = run_data(CSV(path=csv_file(PEOPLE), target="income", drop=["name"]))
    packed = run_data(CSV(path=csv_file(gzip.compress(PEOPLE.encode()), "t.csv.gz"), target="income", drop=["name"]))
    assert plain.sha256 == packed.sha256
    np.testing.assert_array_equal(plain.x, packed.x)


def test_only_categories_will_do(run_data, csv_file):
    data = run_data(
        CSV(path=csv_file("c,y\n" + "".join(f"{'uvw'[i % 3]},{'ab'[i % 2]}\n" for i in range(30))), target="y")
    )
    assert data.x.shape == (30, 3)
    assert data.x.sum(axis=1).tolist() == [1.0] * 30


def test_labels_that_differ_in_case_or_blanks_only_are_said(run_data, csv_file):
    rows = "".join(
        f"{i},{['Ulm', 'ulm', 'Bonn'][i % 3]},{['Gentoo', 'GENTOO', 'a b', 'ab'][i % 4]}\n" for i in range(48)
    )
    described = run_data(CSV(path=csv_file("x,city,y\n" + rows), target="y")).describe()
    what = "has words that differ in case or blanks only, each a value of its own"
    assert f"the target {what}: GENTOO, Gentoo, a b, ab" in described
    assert f"'city' {what}: Ulm, ulm" in described


@pytest.mark.parametrize("target", [["1", "1.0", "2"], ["01", "1", "2.0"], ["1", "+1", "2"]])
def test_a_whole_number_is_one_label_however_it_is_written(run_data, csv_file, target):
    rows = "".join(f"{i},{target[i % 3]}\n" for i in range(48))
    assert run_data(CSV(path=csv_file("x,y\n" + rows), target="y")).labels == ["1", "2"]


def test_a_hole_and_the_word_missing_are_two_categories(run_data, csv_file):
    rows = "".join(f"{i * i},{['missing', '', 'new'][i % 3]},{'ab'[i % 2]}\n" for i in range(48))
    encoding = run_data(CSV(path=csv_file("x,c,y\n" + rows), target="y")).encoding
    assert encoding.categories == {"c": [None, "missing", "new"]}
    assert encoding.feature_names == ["x", "c=no value", "c=missing", "c=new"]
    again = encoding.from_dict(json.loads(json.dumps(encoding.to_dict())))
    assert again == encoding


def test_a_model_of_a_version_in_which_holes_were_a_word_is_read_as_it_was_meant(run_data, csv_file):
    rows = "".join(f"{i},{['', 'new'][i % 2]},{'ab'[i % 2]}\n" for i in range(48))
    encoding = run_data(CSV(path=csv_file("x,c,y\n" + rows), target="y")).encoding
    tree = {key: value for key, value in encoding.to_dict().items() if key not in ("reading", "ranges")}
    before = encoding.from_dict(tree | {"categories": {"c": ["missing", "new"]}})
    assert before.categories == encoding.categories == {"c": [None, "new"]}

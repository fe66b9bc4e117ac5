"""The target: classes or numbers, rows without an answer, classes of one row, words among numbers."""

import numpy as np
import pandas as pd
import pytest

from runner.data.reading.columns import Column
from runner.data.roles.targets import read_target
from runner.data.sources.base import RawTable, Source
from runner.data.sources.csv import CSV
from runner.data.splits.split import split
from runner.errors import DataError


def target(cells, task="auto"):
    return read_target(Column("y", pd.Series(cells, dtype=object).map(lambda c: None if c is None else str(c))), task)


COUNTS = [0] * 40 + [1] * 20 + [2] * 10 + [3] * 4 + [4] * 2 + [5]  # esoph's ncases and the like
UNEVEN = [n for n, times in enumerate([90, 60, 40, 30, 20, 15, 10, 8, 6, 5, 4, 3]) for _ in range(times)]


@pytest.mark.parametrize(
    ("cells", "task", "why"),
    [
        ([3, 4, 5] * 9, "classification", "it holds 3 different whole numbers"),
        (list(range(10)) * 3, "classification", "it holds 10 different whole numbers"),
        ([0] * 99 + [1], "classification", "it holds 2 different whole numbers"),
        (COUNTS, "regression", "it holds 6 different whole numbers, 1 of them in a single row, like a count"),
        (UNEVEN, "regression", "it holds 12 different whole numbers, uneven like a count"),
        (list(range(20)) * 3, "classification", "it holds 20 different whole numbers"),
        ([100 * i for i in range(1, 13)] * 4, "regression", "it holds 12 different whole numbers, like an amount"),
        (list(range(21)) * 3, "regression", "it holds 21 different numbers"),
        ([1, 2, 3], "regression", "it holds 3 different numbers"),
        ([0.5, 1, 2] * 9, "regression", "it holds fractions"),
        (["yes", "no"] * 9, "classification", "it holds text"),
        (["1", "2", "3", "other"] * 9, "classification", "it holds numbers, and also 'other'"),
    ],
)
def test_what_is_inferred_and_why(cells, task, why):
    found = target(cells)
    end = (
        "" if why == "it holds text" else "; else set dataset.task=" + ("classification", "regression")[task[0] == "c"]
    )
    assert (found.task, found.notes[0]) == (task, f"target 'y': {task} ({why}{end})")


def test_a_word_among_codes_is_a_class_and_said():
    found = target(["0", "1"] * 40 + ["unknown"])
    assert found.labels == ["0", "1", "unknown"]
    assert "it holds numbers, and also 'unknown'" in found.notes[0]


@pytest.mark.parametrize("numbers", [range(40), [0.5, 1.5] * 20])
def test_a_word_among_numbers_is_named_with_its_line_and_the_key(run_data, csv_file, numbers):
    lines = [f"{i % 7},{'n.a.?' if i == 8 else n}\n" for i, n in enumerate(numbers)]
    with pytest.raises(
        DataError,
        match=r"table\.csv: the target 'y' holds numbers, but 'n\.a\.\?' in (data row 9 \()?line 10\)?\. .*"
        r"dataset\.na_values=\['n\.a\.\?'\], or take the target as classes: dataset\.task=classification",
    ):
        run_data(CSV(path=csv_file("x,y\n" + "".join(lines)), target="y"))


def test_rows_without_an_answer_are_left_out_and_keep_company(run_data, csv_file):
    rows = [f"{i % 5},{'uv'[i % 2]},p{i // 3},{1 + i % 4},{'' if i % 4 == 3 else 'ab'[i % 3 % 2]}\n" for i in range(80)]
    path = csv_file("x,z,who,w,y\n" + "".join(rows))
    data = run_data(CSV(path=path, target="y", group="who", sample_weight="w", scaling="none"))
    assert "left out: 20 of 80 rows, which have no 'y'" in data.notes
    kept = np.array([i for i in range(80) if i % 4 != 3])
    np.testing.assert_array_equal(data.x[:, 0], kept % 5)
    np.testing.assert_array_equal(data.x[:, 1], kept % 2 == 0)
    np.testing.assert_array_equal(data.y, kept % 3 % 2)
    np.testing.assert_allclose(data.weights / data.weights[0], 1 + kept % 4)
    sides = [set(kept[part] // 3) for part in (data.train, data.val, data.test)]
    assert sum(map(len, sides)) == len(set.union(*sides))


def test_numbers_without_an_answer_are_left_out_too():
    found = target([0.5, None, 2.5, None, 1])
    assert (found.values.tolist(), found.rows.tolist()) == ([0.5, 2.5, 1], [0, 2, 4])
    assert found.notes[1] == "left out: 2 of 5 rows, which have no 'y'"


def test_rows_without_an_answer_in_the_test_file(run_data, csv_file):
    first = csv_file("x,y\n" + "".join(f"{i % 7},{i / 3}\n" for i in range(40)))
    test = csv_file("x,y\n1,\n2,5.5\n3,\n", "test.csv")
    data = run_data(CSV(path=first, target="y", test_path=test))
    assert data.encoding.decode(data.y[data.test]).tolist() == pytest.approx([5.5])
    assert any(n.startswith("test split: the 1 rows") and "2 more, which have no 'y')" in n for n in data.notes)
    with pytest.raises(DataError, match=r"test\.csv .*the target 'y' is missing in every row"):
        run_data(CSV(path=first, target="y", test_path=csv_file("x,y\n1,\n", "test.csv")))


@pytest.mark.parametrize(
    ("cells", "task", "message"),
    [
        ([None, None], "auto", r"the target 'y' is missing in every row"),
        ([f"name {i}" for i in range(30)], "auto", r"a class of its own for 30 of 30 rows \(it holds text\)"),
        (
            list(range(30)),
            "classification",
            r"for 30 of 30 rows\. .* another target, or predict numbers: dataset\.task",
        ),
        ([2, 2, 2], "regression", r"the target 'y' is 2 in every row"),
        (["a", "a", None], "auto", r"has one class only, 'a'"),
        (["a", "1"], "regression", r"says 'a' in data row 1, .*na_values=\[a\]"),
    ],
)
def test_what_cannot_be_learned(cells, task, message):
    with pytest.raises(DataError, match=message):
        target(cells, task)


def classes(counts):
    codes = np.repeat(np.arange(len(counts)), counts)
    labels = [f"class {c}" for c in range(len(counts))]
    return RawTable(np.zeros((len(codes), 1)), codes, "classification", ["x"], "", labels=labels)


@pytest.mark.parametrize("seed", range(5))
def test_a_class_of_one_row_trains(seed):
    cut = split(classes([20, 1, 10, 1]), Source(split_seed=seed))
    assert {20, 31} <= set(cut.train.tolist())
    assert (len(cut.val), len(cut.test)) == (5, 5)


@pytest.mark.parametrize("fold", range(3))
def test_a_class_of_one_row_trains_in_every_fold(fold):
    cut = split(classes([20, 1, 10]), Source(folds=3, fold=fold, test_fraction=0.0))
    assert 20 in cut.train
    assert len(cut.val) == 10


def test_a_class_of_one_row_is_said():
    found = target(["a", "b"] * 10 + ["c"])
    assert found.notes[1] == "classes with a single row, which is trained on: 'c'"

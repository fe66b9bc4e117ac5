"""Splits by time: no row that trains is later than one that tests."""

import numpy as np
import pandas as pd
import pytest

from runner.data.sources.csv import CSV
from runner.errors import ConfigError, DataError

ORDER = np.random.default_rng(0).permutation(40)
DAYS = pd.date_range("2020-01-01", periods=40)[ORDER].strftime("%Y-%m-%d")


@pytest.fixture
def table(run_data, csv_file):
    """table(frame changes, **keys): forty days in no order."""

    def make(changes=None, **keys):
        frame = pd.DataFrame({"day": DAYS, "late": ORDER * 2.5, "x": np.arange(40) % 7, "y": ORDER / 3})
        content = frame.assign(**(changes or {})).to_csv(index=False)
        return run_data(CSV(**{"path": csv_file(content), "target": "y", "split": "time"} | keys))

    return make


def test_the_latest_rows_are_the_test_and_those_before_validate(table):
    data = table()
    assert sorted(ORDER[data.test]) == list(range(34, 40))
    assert sorted(ORDER[data.val]) == list(range(28, 34))
    assert sorted(ORDER[data.train]) == list(range(28))
    assert all((np.diff(part) > 0).all() for part in (data.train, data.val, data.test))
    assert data.describe()[1] == "split: train 28, val 6, test 6 (by time: the latest rows by 'day' are the test)"
    np.testing.assert_array_equal(table(split_seed=7).test, data.test)


def test_numbers_and_dropped_columns_say_how_late_a_row_is_too(table):
    np.testing.assert_array_equal(table(time_column="late").test, table().test)
    data = table(time_column="day", drop=["day"])
    np.testing.assert_array_equal(data.test, table().test)
    assert not any("day" in name for name in data.encoding.feature_names)


def test_rows_of_one_time_keep_the_order_of_the_file(table):
    data = table({"late": 1.0}, time_column="late")
    assert data.test.tolist() == list(range(34, 40))


def test_rows_without_a_time_count_as_the_earliest(table):
    data = table({"day": [None if i == 39 else day for i, day in zip(ORDER, DAYS, strict=True)]})
    assert sorted(ORDER[data.test]) == list(range(33, 39))
    assert "rows that do not say how late they are (dataset.split=time) count as the earliest: 1" in data.notes


def test_rows_marked_as_test_stay_it(table):
    marks = ["test" if i < 5 else "train" for i in ORDER]
    data = table({"part": marks}, split_column="part")
    assert sorted(ORDER[data.test]) == list(range(5))
    assert sorted(ORDER[data.val]) == list(range(35, 40))  # 15% of the other 35


def test_a_split_by_chance_of_dates_is_said(table):
    (note,) = (each for each in table(split="random").notes if "by chance" in each)
    assert note.startswith("dates in 'day' (2020-01-01 to 2020-02-09), but rows are split by chance: dataset.split")
    assert note not in table().notes


def test_by_which_column_must_be_clear(table):
    with pytest.raises(ConfigError, match=r"by which column\? there are 2 \(day, other\); set dataset\.time_column="):
        table({"other": DAYS[::-1]})
    assert len(table({"other": DAYS[::-1]}, time_column="other").test) == 6
    with pytest.raises(ConfigError, match=r"dataset\.split = time: by which column\? no input holds dates"):
        table(drop=["day"])
    with pytest.raises(DataError, match=r"column 'w' \(dataset\.time_column\) holds neither dates nor numbers"):
        table({"w": ["u", "v"] * 20}, time_column="w")


def test_what_deals_out_rows_by_chance_is_refused(table):
    with pytest.raises(ConfigError, match=r"dataset\.split = time: dataset\.folds = 3 deals out rows by chance"):
        table(folds=3, fold=0)
    with pytest.raises(ConfigError, match=r"dataset\.split = time: dataset\.group = x deals out rows by chance"):
        table(group="x")
    with pytest.raises(ConfigError, match=r"dataset\.time_column = day: dataset\.split = random asks nothing of it"):
        table(split="random", time_column="day")
    with pytest.raises(DataError, match=r"dataset\.test_fraction=0\.01 of 40 rows is 0, which leaves"):
        table(test_fraction=0.01)

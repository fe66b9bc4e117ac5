"""Dates as people write them, and the numbers they become."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from runner.data.reading.columns import CellError
from runner.data.reading.date_text import parse_date
from runner.data.roles.dates import calendar, compact_dates, describe_column, span, times_of, written_dates
from runner.data.sources.csv import CSV
from runner.data.sources.parquet import Parquet
from runner.errors import DataError


def at(*when):
    return datetime(*when, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2020-01-31", at(2020, 1, 31)),
        ("2020/1/3 18:20", at(2020, 1, 3, 18, 20)),
        ("2000-01-01T08:00:00.000Z", at(2000, 1, 1, 8)),
        ("2020-06-30T23:59:59.25+02:00", at(2020, 6, 30, 21, 59, 59) + 0.25),
        ("1969-12-31 23:59:59", -1.0),
        ("Jan 1 2000", at(2000, 1, 1)),
        ("Jun 12, 1998", at(1998, 6, 12)),
        ("January 2000", at(2000, 1, 1)),
        ("12-Mar-20", at(2020, 3, 12)),
        ("12 March 1969", at(1969, 3, 12)),
        ("Friday, January 5, 2001 3:04 pm", at(2001, 1, 5, 15, 4)),
        ("Jan 5 2001 12:04 AM", at(2001, 1, 5, 0, 4)),
        ("2001-Jan-05", at(2001, 1, 5)),
        ("2011-12", at(2011, 12, 1)),
        ("1998 Q3", at(1998, 7, 1)),
        ("2020Q1", at(2020, 1, 1)),
        ("Q4 2020", at(2020, 10, 1)),
        ("2020-W01", at(2019, 12, 30)),
        ("1991 W53", None),
        ("1992 W53", at(1992, 12, 28)),
        ("20200131", at(2020, 1, 31)),
        ("31.12.2020", at(2020, 12, 31)),
        ("01.02.20", at(2020, 2, 1)),
    ],
)
def test_a_clear_date_means_the_same_whichever_comes_first(text, time):
    assert parse_date(text, True) == parse_date(text, False) == time


@pytest.mark.parametrize(
    ("text", "day_first", "month_first"),
    [
        ("03/04/2020", at(2020, 4, 3), at(2020, 3, 4)),
        ("3-4-69", at(1969, 4, 3), at(1969, 3, 4)),
        ("3/4/68 0:00", at(2068, 4, 3), at(2068, 3, 4)),
        ("31/12/2020", at(2020, 12, 31), None),
        ("12/31/2020", None, at(2020, 12, 31)),
    ],
)
def test_which_comes_first_decides_about_the_rest(text, day_first, month_first):
    assert (parse_date(text, True), parse_date(text, False)) == (day_first, month_first)


@pytest.mark.parametrize(
    "text",
    ["2020-13-01", "2021-02-29", "1.2.13", "12.5", "2020", "a 3", "may", "2011-2012", "10:30", "5 pm", "20201301", ""],
)
def test_what_is_no_date(text):
    assert parse_date(text, True) is None
    assert parse_date(text, False) is None


def column(*texts):
    return np.array(texts, object)


def test_one_date_decides_for_the_column():
    found = written_dates(column("03/04/2020", None, "25/12/2020"), "when")
    np.testing.assert_array_equal(found.times, [at(2020, 4, 3), np.nan, at(2020, 12, 25)])
    assert (found.day_first, found.two_ways) == (True, "")
    found = written_dates(column("03/04/2020", "12/25/2020"), "when")
    assert (found.times[0], found.day_first, found.two_ways) == (at(2020, 3, 4), False, "")


def test_dates_that_mean_two_things_are_read_with_the_month_first_and_one_is_named():
    found = written_dates(column("05/05/2020", "03/04/2020"), "when")
    assert (found.times[1], found.two_ways) == (at(2020, 3, 4), "03/04/2020")
    found = written_dates(column("05/05/2020", "03/04/2020"), "when", day_first=True)
    assert (found.times[1], found.two_ways) == (at(2020, 4, 3), "")


def test_words_and_seasons_are_no_dates():
    assert written_dates(column("a", "b", None), "x") is None
    assert written_dates(column("2011-12", "2012-13", "2013-14"), "season") is None
    assert written_dates(column(None, None), "x") is None


def test_a_column_of_dates_in_half_of_the_rows_names_a_cell_that_is_none():
    with pytest.raises(
        CellError, match=r"'d' holds dates in 1 of 3 rows, but 'soon' in data row 2\. .*na_values=\[soon\]"
    ):
        written_dates(column("2020-01-01", "soon", None), "d")
    with pytest.raises(CellError, match=r"'d' holds dates, but 'soon' in data row 11\. .*dataset\.categorical=\[d\]"):
        written_dates(column(*["2020-01-01"] * 10, "soon"), "d")


def test_whole_numbers_are_dates_if_all_can_be():
    np.testing.assert_array_equal(
        compact_dates(np.array([20200229, np.nan, 18000101])), [at(2020, 2, 29), np.nan, at(1800, 1, 1)]
    )
    for values in ([20200230, 20200101], [20200101, 20200101], [20200101.5, 20200102], [1, 2], [np.nan]):
        assert compact_dates(np.array(values, float)) is None


def test_the_parts_of_a_date():
    parts = calendar(np.array([at(1970, 1, 1), at(1969, 12, 31, 18, 30), at(2024, 2, 29, 6), np.nan]))
    np.testing.assert_array_equal(parts["year"], [1970, 1969, 2024, np.nan])
    np.testing.assert_array_equal(parts["month"], [0, 11, 1, np.nan])
    np.testing.assert_array_equal(parts["weekday"], [3, 2, 3, np.nan])  # Thursday, Wednesday, Thursday
    np.testing.assert_array_equal(parts["hour"], [0, 18.5, 6, np.nan])


def test_a_date_becomes_what_varies():
    times = np.array([at(2020, 1, 6), at(2020, 4, 6), np.nan])  # two Mondays
    found = describe_column(times, False)
    assert found.parts == ["month", "days"]
    numbers = found.numbers(times, "when")
    assert list(numbers) == ["when: month sine", "when: month cosine", "when: days"]
    np.testing.assert_allclose(numbers["when: month sine"], [0, 1, np.nan], atol=1e-15)
    np.testing.assert_allclose(numbers["when: month cosine"], [1, 0, np.nan], atol=1e-15)
    np.testing.assert_array_equal(numbers["when: days"], [0, 91, np.nan])
    assert describe_column(np.array([at(2020, 1, 6), np.nan]), False).parts == []
    assert span(times) == "2020-01-06 to 2020-04-06"


def test_times_of_a_zone_are_those_of_utc():
    stamps = pd.Series(pd.to_datetime(["2020-01-01 00:30", None])).dt.tz_localize("Europe/Berlin")
    np.testing.assert_array_equal(times_of(stamps), [at(2019, 12, 31, 23, 30), np.nan])


DAYS = pd.date_range("2019-12-30", periods=60, freq="31h")


def frame(days=DAYS):
    return pd.DataFrame({"when": days, "x": np.arange(60) % 7, "y": ["a", "b"] * 30})


@pytest.mark.parametrize("form", ["%Y-%m-%d %H:%M", "%d.%m.%Y %H:%M:%S", "%b %d, %Y %I:%M %p", "%m/%d/%Y %H:%M"])
def test_text_parquet_and_date_objects_become_the_same_features(run_data, csv_file, tmp_path, form):
    frame().to_parquet(tmp_path / "t.parquet")
    typed = run_data(Parquet(path=str(tmp_path / "t.parquet"), target="y"))
    written = run_data(CSV(path=csv_file(frame(DAYS.strftime(form)).to_csv(index=False)), target="y"))
    np.testing.assert_array_equal(typed.x, written.x)
    assert typed.encoding.feature_names == [
        "x",
        "when: year",
        *(f"when: {part} {wave}" for part in ("month", "weekday", "hour") for wave in ("sine", "cosine")),
        "when: days",
    ]
    for run in (typed, written):
        assert run.encoding.columns == ["when", "x"]
        assert "columns: 1 numeric, 0 categorical, 1 of dates" in run.notes
        np.testing.assert_array_equal(run.encoding.transform(frame()), typed.x)
        np.testing.assert_array_equal(run.encoding.transform(frame(DAYS.strftime(form))), written.x)


def test_days_of_parquet_and_numbers_are_dates(run_data, csv_file, tmp_path):
    days = pd.Series(pd.date_range("2019-12-30", periods=60))
    frame(days.dt.date).to_parquet(tmp_path / "t.parquet")
    typed = run_data(Parquet(path=str(tmp_path / "t.parquet"), target="y"))
    numbers = run_data(CSV(path=csv_file(frame(days.dt.strftime("%Y%m%d")).to_csv(index=False)), target="y"))
    np.testing.assert_array_equal(typed.x, numbers.x)
    assert "when: days" in numbers.encoding.feature_names
    np.testing.assert_array_equal(numbers.encoding.transform(frame(days.dt.strftime("%Y%m%d").astype(int))), typed.x)


def test_how_days_are_read_in_training_holds_for_new_rows(run_data, csv_file):
    days = [f"{1 + i % 28:02d}/{1 + i % 12:02d}/2020" for i in range(60)]
    data = run_data(CSV(path=csv_file(frame(days).to_csv(index=False)), target="y"))
    row = frame().head(1).assign(when="02/01/2020")
    same = frame().head(1).assign(when="2020-01-02")
    np.testing.assert_array_equal(data.encoding.transform(row), data.encoding.transform(same))
    with pytest.raises(DataError, match=r"column 'when' holds dates, but '13/13/2020' in data row 1\. Correct it"):
        data.encoding.transform(row.assign(when="13/13/2020"))


def test_what_can_be_read_in_two_ways_is_said_with_the_key(run_data, csv_file):
    path = csv_file(frame([f"{1 + i % 12:02d}/{1 + i % 9:02d}/2020" for i in range(60)]).to_csv(index=False))
    notes = run_data(CSV(path=path, target="y")).notes
    assert "column 'when': '10/01/2020' is read with the month first; else set dataset.day_first=true" in notes
    told = run_data(CSV(path=path, target="y", day_first=True))
    assert not any("is read with" in note for note in told.notes)
    assert not np.array_equal(told.x, run_data(CSV(path=path, target="y")).x)


def test_dates_taken_as_categories_and_a_date_that_never_changes(run_data, csv_file):
    path = csv_file(frame([f"2020-01-0{1 + i % 3}" for i in range(60)]).assign(made="2020-01-01").to_csv(index=False))
    data = run_data(CSV(path=path, target="y", categorical=["when"]))
    assert data.encoding.categories == {"when": ["2020-01-01", "2020-01-02", "2020-01-03"]}
    assert "left out, the same date in every row: made" in data.notes


def test_a_date_in_half_of_the_rows_is_named_by_file_and_line(run_data, csv_file):
    days = ["soon" if i % 2 else "2020-01-01" for i in range(60)]
    with pytest.raises(
        DataError, match=r"table\.csv: column 'when' holds dates in 30 of 60 rows, but 'soon' in line 3\."
    ):
        run_data(CSV(path=csv_file(frame(days).to_csv(index=False)), target="y"))

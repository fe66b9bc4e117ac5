"""Excel sheets: where the table stands in them, and what its cells mean."""

import datetime

import openpyxl
import pytest

from runner.data.reading.dialect import UNSAID, Dialect
from runner.data.reading.frames import read_frame
from runner.data.sources.csv import CSV
from runner.errors import DataError


@pytest.fixture
def book(tmp_path):
    """book(sheet=rows, ...) -> path of a workbook."""

    def write(**sheets):
        made = openpyxl.Workbook()
        made.remove(made.active)
        for name, rows in sheets.items():
            sheet = made.create_sheet(name)
            for row in rows:
                sheet.append(row)
        made.save(tmp_path / "book.xlsx")
        return tmp_path / "book.xlsx"

    return write


HEADER, ROWS = ["x", "y"], [[1, "a"], [2.5, "b"], [3, "c"]]


def found_in(path, keys=UNSAID):
    cells = read_frame(path, keys).cells(keys)
    read = {n: c.numbers().tolist() if c.is_numeric else c.words().tolist() for n, c in cells.columns.items()}
    return read, cells.notes


@pytest.mark.parametrize(
    ("rows", "note"),
    [
        ([HEADER, *ROWS], []),
        ([["A title"], [], HEADER, *ROWS], ["header: line 3"]),
        ([[], HEADER, ROWS[0], [], *ROWS[1:], []], []),
        ([[*HEADER, None], *([*row, None] for row in ROWS)], []),
        ([HEADER, *([str(x), y] for x, y in ROWS)], []),
        ([HEADER, ROWS[0], [*ROWS[1], None, "a remark"], ROWS[2]], []),
    ],
)
def test_the_table_is_found_in_the_sheet(book, rows, note):
    assert found_in(book(one=rows)) == ({"x": [1, 2.5, 3], "y": ["a", "b", "c"]}, note)


def test_rows_whose_last_cells_are_empty_are_rows(book):
    assert found_in(book(one=[["A title"], HEADER, [1], [2], [3, "c"], [4]]))[0] == {
        "x": [1, 2, 3, 4],
        "y": [None, None, "c", None],
    }


def test_of_several_sheets_the_first_with_cells_is_read_and_said(book):
    read, notes = found_in(book(empty=[], data=[HEADER, *ROWS], more=[HEADER, [7, "z"]]))
    assert read["y"] == ["a", "b", "c"]
    assert notes == ["sheet 'data' of 2: data, more"]


def test_text_that_means_a_hole_in_a_csv_is_one_here(book):
    path = book(one=[HEADER, [1, "NA"], ["NA", "b"], [None, ""], [4, "None"]])
    read, _ = found_in(path)
    assert read["y"] == [None, "b", "None"]  # the third row has no cell
    assert [value for value in read["x"] if value == value] == [1, 4]
    assert found_in(path, Dialect(na_values=()))[0]["y"] == ["NA", "b", "None"]


def test_numbers_as_people_write_them_are_numbers_in_cells_of_text(book):
    read, notes = found_in(book(one=[HEADER, ["$1,500.00", "1.5"], ["$20", "2.25"]]))
    assert read == {"x": [1500, 20], "y": [1.5, 2.25]}
    assert notes == ["numbers as written: x '$1,500.00' = 1500"]


def test_a_second_header_is_named_with_its_line(book):
    rows = [[i, i / 2] for i in range(8)]
    with pytest.raises(DataError, match=r"book\.xlsx, line 2: 'mm, kg' stands where the rows below have numbers"):
        read_frame(book(one=[HEADER, ["mm", "kg"], *rows]))


def test_a_bad_cell_is_named_with_its_line(book):
    rows = [[i, "a"] for i in range(20)]
    path = book(one=[["A title"], HEADER, *rows, ["odd", "b"]])
    with pytest.raises(DataError, match="column 'x' holds numbers, but 'odd'"):
        read_frame(path).cells()["x"].numbers()
    assert read_frame(path).place(20) == "line 23"


def test_a_word_among_dates_is_named_with_its_line(book, run_data):
    days = [[datetime.date(2020, 1, 1 + i) if i % 2 else "soon", "ab"[i % 2]] for i in range(20)]
    with pytest.raises(DataError, match="column 'x' holds dates in 10 of 20 rows, but 'soon' in line 2"):
        run_data(CSV(path=book(one=[HEADER, *days]), target="y"))


def test_a_date_is_no_number_yet(book):
    path = book(one=[HEADER, [datetime.date(2020, 1, 1), "a"], [datetime.date(2020, 1, 2), "b"]])
    with pytest.raises(DataError, match="column 'x' holds values of type Timestamp"):
        read_frame(path).cells()["x"].check()


def test_a_workbook_without_cells_is_refused(book):
    with pytest.raises(DataError, match=r"book\.xlsx has no sheet with cells \(one, two\)"):
        read_frame(book(one=[], two=[]))

"""A cell is the same number and the same word in every container, and what a column cannot be is said."""

import datetime

import numpy as np
import pandas as pd
import pytest

from runner.data.reading.columns import Column
from runner.data.reading.spelling import Spelling, alike
from runner.errors import DataError

TEXT = pd.StringDtype("pyarrow")


def column(cells, dtype=object, **how):
    return Column("x", pd.Series(cells, dtype=dtype), **how)


CONTAINERS = {
    "text": (["1", "2.0", "3.50", None], TEXT),
    "objects": ([1, "2", 3.5, None], object),
    "text in objects": (["01", " 2.", "3.5", ""], object),
    "floats": ([1, 2, 3.5, np.nan], float),
    "float32": ([1, 2, 3.5, np.nan], np.float32),
    "numbers with holes": ([1, 2, 3.5, None], "Float64"),
    "categories": (["1", "2", "3.5", None], "category"),
    "question marks": (["+1", "2", "3.5", "?"], object),
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_numbers_and_words_are_those_of_every_container(name):
    found = column(*CONTAINERS[name])
    np.testing.assert_array_equal(found.numbers(), [1, 2, 3.5, np.nan])
    assert found.words().tolist() == ["1", "2", "3.5", None]
    assert found.holes.tolist() == [False, False, False, True]
    assert found.is_numeric


@pytest.mark.parametrize(
    ("cells", "dtype"), [(["01067", "53111"], TEXT), ([1067, 53111], int), (["1067.0", "53111"], object)]
)
def test_zeros_in_front_are_those_of_the_training_column(cells, dtype):
    codes = column(["01067", "53111", "00420"]).spelling
    assert codes == Spelling(width=5, numbers=True)
    assert column(cells, dtype).words(codes).tolist() == ["01067", "53111"]
    plain = column([1067, 53111], int).spelling
    assert column(cells, dtype).words(plain).tolist() == ["1067", "53111"]


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (["1", "01", "1.0", "2"], ["1", "1", "1", "2"]),  # zeros in front, but of different widths
        (["007", "7"], ["7", "7"]),
        (["-1", "-01", "-0"], ["-1", "-1", "0"]),
        (["2.1", "2.10", "3.0.1"], ["2.1", "2.10", "3.0.1"]),  # versions are no numbers
        (["1.0", "A"], ["1", "A"]),
        (["12%", "$5"], ["12%", "$5"]),
        (["12345678901234567890", "12345678901234567891"], ["12345678901234567890", "12345678901234567891"]),
        (["nan", "None", "?", "a"], ["nan", "None", "?", "a"]),
        (["1e3", "5"], ["1000", "5"]),
    ],
)
def test_words_are_written_in_one_way(cells, words):
    assert column(cells).words().tolist() == words


@pytest.mark.parametrize("cells", [["TRUE", "FALSE", None], [True, False, None], ["true", "False", ""]])
def test_true_and_false_are_said_as_in_training_and_are_numbers(cells):
    trained = column(["yes it is", "true"]).spelling, column(["T", "F"]).spelling, column(["TRUE", "FALSE"]).spelling
    assert trained == (Spelling(), Spelling(), Spelling(true="TRUE", false="FALSE"))
    assert column(cells).words(trained[2]).tolist() == ["TRUE", "FALSE", None]
    np.testing.assert_array_equal(column(cells).numbers(), [1, 0, np.nan])
    assert column([True, False], bool).words(trained[2]).tolist() == ["TRUE", "FALSE"]


def test_true_and_one_are_two_words_in_objects():
    assert column([True, 1, 1.0, "1"]).words().tolist() == ["True", "1", "1", "1"]


@pytest.mark.parametrize("dtype", [object, TEXT])
def test_what_stands_for_a_hole_among_numbers_is_a_word_among_words(dtype):
    marks = ["?", "-", "None", "null", "NULL"]
    assert column(["1", "2", *marks], dtype).holes.sum() == 5
    assert column(["a", "2", *marks], dtype).words().tolist() == ["a", "2", *marks]
    assert column(["1", "2", *marks], dtype, na_values=()).words().tolist() == ["1", "2", *marks]


@pytest.mark.parametrize(("cells", "dtype"), [([1, -9, 3], float), (["1", "-9.0", "unknown"], TEXT)])
def test_named_holes_are_holes_as_number_and_as_text(cells, dtype):
    assert column(cells, dtype, na_values=("-9", "unknown", "3")).holes.tolist() == [False, True, True]


def test_a_column_says_what_it_cannot_be():
    many = [str(i) for i in range(30)]
    with pytest.raises(DataError, match=r"holds numbers, but 'odd' in data row 31\. .*dataset\.na_values=\[odd\]"):
        column([*many, "odd"]).numbers()
    assert not column([*many[:5], "odd"]).is_numeric
    for odd in (datetime.timedelta(1), [1, 2], {"a": 1}):
        with pytest.raises(DataError, match=rf"column 'x' holds values of type {type(odd).__name__} \(data row 2\)"):
            column([1, odd]).words()


def test_a_date_among_numbers_or_words_is_one_as_it_is_written():
    day = datetime.date(2020, 1, 31)
    with pytest.raises(DataError, match=r"column 'x' holds numbers, but '2020-01-31' in data row 31\."):
        column([*range(30), day]).numbers()
    assert column(["soon", day, None]).words().tolist() == ["soon", "2020-01-31", None]
    with pytest.raises(DataError, match="holds values of type date"):
        column([day, day]).words()


def test_words_that_differ_in_case_or_blanks_only_are_found():
    assert alike(["a b", "AB", None, "b", "B c", "d"]) == ["AB", "a b"]
    assert alike([]) == []

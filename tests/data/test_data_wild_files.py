"""Small files as people have them, each with the values that a person reads in it."""

import gzip
import io
import zipfile

import numpy as np
import pytest

from runner.data.reading.dialect import UNSAID, Dialect
from runner.data.reading.frames import read_frame

NUMBERS = {"x": [1, 2, 3], "y": [10.5, 20, 30]}
WORDS = {"x": [1, 2, 3], "y": ["a", "b", "c"]}


def packed(content: str, name: str = "table.csv", **others: str) -> bytes:
    """A zip archive of files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for each, text in {name: content, **others}.items():
            archive.writestr(each, text)
    return buffer.getvalue()


FILES = {
    # separators
    "commas": ("x,y\n1,a\n2,b\n3,c\n", WORDS),
    "semicolons": ("x;y\n1;a\n2;b\n3;c\n", WORDS),
    "tabs": ("x\ty\n1\ta\n2\tb\n3\tc\n", WORDS),
    "bars": ("x|y\n1|a\n2|b\n3|c\n", WORDS),
    "one blank": ("x y\n1 a\n2 b\n3 c\n", WORDS),
    "runs of blanks": ("x    y\n1    a\n2    b\n3    c\n", WORDS),
    "blanks in front": ("   x   y\n   1   a\n  2   b\n   3   c\n", WORDS),
    "blanks and tabs": ("x \t y\n1\t a\n2 \tb\n3  c\n", WORDS),
    "blanks after commas": ("x, y\n1, a\n2, b\n3, c\n", WORDS),
    "quotes after blanks": ('x, y\n1, "a, b"\n2, "c"\n', {"x": [1, 2], "y": ["a, b", "c"]}),
    "Excel's sep= line": ("sep=;\nx;y\n1;a\n2;b\n3;c\n", WORDS),
    "commas within a title": ("Sales, north, 2020\nx;y\n1;a\n2;b\n3;c\n", WORDS),
    "semicolons within texts": ('x,y\n1,"a;b;c"\n2,"d;e"\n', {"x": [1, 2], "y": ["a;b;c", "d;e"]}),
    # line ends
    "Windows' line ends": ("x,y\r\n1,a\r\n2,b\r\n3,c\r\n", WORDS),
    "old Mac's line ends": ("x,y\r1,a\r2,b\r3,c\r", WORDS),
    "no last line end": ("x,y\n1,a\n2,b\n3,c", WORDS),
    "empty lines": ("\n\nx,y\n1,a\n\n2,b\n3,c\n\n\n", WORDS),
    # encodings
    "UTF-8 with its mark": ("\ufeffx,y\n1,a\n2,b\n3,c\n".encode(), WORDS),
    "UTF-16": ("x,ö\n1,ä\n2,ß\n".encode("utf-16"), {"x": [1, 2], "ö": ["ä", "ß"]}),
    "UTF-16, big end first": (b"\xfe\xff" + "x,ö\n1,ä\n2,ß\n".encode("utf-16-be"), {"x": [1, 2], "ö": ["ä", "ß"]}),
    "latin-1": ("x,ö\n1,ä\n2,ß\n".encode("latin-1"), {"x": [1, 2], "ö": ["ä", "ß"]}),
    "Windows' euro sign": ("x,y\n1,5 €\n2,7 €\n".encode("cp1252"), {"x": [1, 2], "y": [5, 7]}),
    # quotes
    "a quote within quotes": ('x,y\n1,"a ""b"""\n2,c\n', {"x": [1, 2], "y": ['a "b"', "c"]}),
    "a line end within quotes": ('x,y\n1,"a\nb"\n2,c\n', {"x": [1, 2], "y": ["a\nb", "c"]}),
    "everything quoted": ('"x","y"\n"1","a"\n"2","b"\n"3","c"\n', WORDS),
    "single quotes": ("'x','y'\n'1','a, b'\n'2','c'\n", {"x": [1, 2], "y": ["a, b", "c"]}),
    "inches": ("x,y\n1,5'10\"\n2,6'1\"\n", {"x": [1, 2], "y": ["5'10\"", "6'1\""]}),
    # the header
    "a title": ("Report of the year\nx,y,z\n1,a,2\n2,b,3\n", {"x": [1, 2], "y": ["a", "b"], "z": [2, 3]}),
    "a title with a comma": (
        "My table, for you\n\nx,y,z\n1,a,2\n2,b,3\n1,a,2\n2,b,3\n",
        {"x": [1, 2, 1, 2], "y": ["a", "b", "a", "b"], "z": [2, 3, 2, 3]},
    ),
    "a title with commas beside it": (
        "Report,,\n,,\nx,y,z\n1,a,2\n2,b,3\n",
        {"x": [1, 2], "y": ["a", "b"], "z": [2, 3]},
    ),
    "comments": ("# from a sensor\n# in mm\nx,y\n1,a\n2,b\n3,c\n", WORDS),
    "comments between rows": ("# one\nx,y\n1,a\n# two\n2,b\n3,c\n", WORDS),
    "names after a hash": ("#x,y\n1,a\n2,b\n", {"#x": [1, 2], "y": ["a", "b"]}),
    "R's row names": (
        '"x" "y"\n"1" 1 "a"\n"2" 2 "b"\n"3" 3 "c"\n',
        {"rownames": [1, 2, 3]} | WORDS,
    ),
    "R's row names, with commas": (
        "x,y\nMazda,1,a\nFiat,2,b\n",
        {"rownames": ["Mazda", "Fiat"], "x": [1, 2], "y": ["a", "b"]},
    ),
    "R's and pandas' empty name": (",x\n0,5\n1,7\n", {"Unnamed: 0": [0, 1], "x": [5, 7]}),
    "no header": (
        "5.1,3.5,rose\n4.9,3.0,lily\n6.2,3.1,rose\n",
        {"c1": [5.1, 4.9, 6.2], "c2": [3.5, 3, 3.1], "c3": ["rose", "lily", "rose"]},
    ),
    "no header, whole numbers": (
        "3,1,yes\n2,7,no\n5,1,yes\n",
        {"c1": [3, 2, 5], "c2": [1, 7, 1], "c3": ["yes", "no", "yes"]},
    ),
    "no header, letters": ("p,x\ne,x\ne,y\np,y\n", {"c1": ["p", "e", "e", "p"], "c2": ["x", "x", "y", "y"]}),
    "years for names": ("land,2000,2001\nA,1,2\nB,3,4\n", {"land": ["A", "B"], "2000": [1, 3], "2001": [2, 4]}),
    "positions for names": ("0,1,2\n5,6,7\n8,9,5\n", {"0": [5, 8], "1": [6, 9], "2": [7, 5]}),
    "wavelengths for names": (
        "850.5,852,853.4,854,855.5,857,fat\n5,6,7,8,9,1,2\n8,9,5,1,2,3,4\n",
        {"850.5": [5, 8], "852": [6, 9], "853.4": [7, 5], "854": [8, 1], "855.5": [9, 2], "857": [1, 3], "fat": [2, 4]},
    ),
    "blanks around names": (" x , y \n1,a\n2,b\n3,c\n", WORDS),
    # what ends a table
    "a comma at the end of lines": ("x,y,\n1,a,\n2,b,\n3,c,\n", WORDS),
    "a comma at the end of rows": ("x,y\n1,a,\n2,b,\n3,c,\n", WORDS),
    "two commas at the end of rows": ("x,y\n1,a,,\n2,b,,\n3,c,,\n", WORDS),
    "row names that are counts, beside whole numbers": (
        "x,y\n1,10,20\n2,11,21\n3,12,22\n",
        {"rownames": [1, 2, 3], "x": [10, 11, 12], "y": [20, 21, 22]},
    ),
    "an empty cell at the end": ('x,y,z\n1,"a",\n2,"b",', {"x": [1, 2], "y": ["a", "b"], "z": [None, None]}),
    "an empty last row": ("x,y\n1,a\n2,b\n3,c\n,\n", WORDS),
    "a total": ("x,y\nA,1\nB,2\nTotal,3\n", {"x": ["A", "B", "Total"], "y": [1, 2, 3]}),
    "a row that ends early": ("x,y,z\n1,2,3\n4,5\n6,7,8\n", {"x": [1, 4, 6], "y": [2, 5, 7], "z": [3, None, 8]}),
    # numbers
    "decimal commas": ("x;y\n1;10,5\n2;20\n3;30,0\n", NUMBERS),
    "decimal commas in quotes": ('x,y\n1,"10,5"\n2,"20,0"\n3,"30,0"\n', NUMBERS),
    "decimal commas and points": ("x;y\n1;1.234,5\n2;20,25\n", {"x": [1, 2], "y": [1234.5, 20.25]}),
    "a point between thousands, by its neighbour": (
        "x;y\n1,5;1.234\n2,5;5.678\n",
        {"x": [1.5, 2.5], "y": [1234, 5678]},
    ),
    "a point that may be either": ("x,y\n1,1.234\n2,5.678\n", {"x": [1, 2], "y": [1.234, 5.678]}),
    "commas between thousands": ('x,y\n1,"132,500"\n2,"1,250,000"\n', {"x": [1, 2], "y": [132500, 1250000]}),
    "commas as in India": ('x,y\n1,"1,32,500"\n2,"10,00,000"\n', {"x": [1, 2], "y": [132500, 1000000]}),
    "blanks between thousands": ("x;y\n1;1 234\n2;12 345 678\n", {"x": [1, 2], "y": [1234, 12345678]}),
    "a Swiss apostrophe": ("x;y\n1;1'234.50\n2;999.00\n", {"x": [1, 2], "y": [1234.5, 999]}),
    "thin blanks": ("x;y\n1;1\u202f234,5\n2;99\u00a0000,0\n", {"x": [1, 2], "y": [1234.5, 99000]}),
    "dollars": ('x,y\n1,"$132,500"\n2,$90\n3,-$5\n', {"x": [1, 2, 3], "y": [132500, 90, -5]}),
    "euros": ("x;y\n1;12,50 €\n2;7,00 €\n", {"x": [1, 2], "y": [12.5, 7]}),
    "thousands by a k": ("x,y\n1,50.0k\n2,1.2M\n3,700\n", {"x": [1, 2, 3], "y": [50000, 1200000, 700]}),
    "per cent": ("x,y\n1,12%\n2,12.3 %\n", {"x": [1, 2], "y": [0.12, 0.123]}),
    "losses in parentheses": ("x,y\n1,(3)\n2,5\n", {"x": [1, 2], "y": [-3, 5]}),
    "a real minus": ("x,y\n1,\u22123.5\n2,5\n", {"x": [1, 2], "y": [-3.5, 5]}),
    "powers of ten": ("x,y\n1,1e-3\n2,2.5E+2\n", {"x": [1, 2], "y": [0.001, 250]}),
    "plus signs and bare points": ("x,y\n1,+.5\n2,3.\n", {"x": [1, 2], "y": [0.5, 3]}),
    "true and false": ("x,y\nTRUE,a\nFalse,b\ntrue,c\n", {"x": [1, 0, 1], "y": ["a", "b", "c"]}),
    "all digits of a double": (
        "x,y\n0.1000000000000000055,1\n2.2250738585072014e-308,2\n",
        {"x": [0.1, 2.2250738585072014e-308], "y": [1, 2]},
    ),
    # holes
    "empty cells": ("x,y\n1,\n,b\n3,c\n", {"x": [1, None, 3], "y": [None, "b", "c"]}),
    "NA and NaN": ("x,y\n1,NA\nNaN,b\n3,c\n", {"x": [1, None, 3], "y": [None, "b", "c"]}),
    "quoted NA": ('x,y\n1,"NA"\n2,NA\n3,DE\n', {"x": [1, 2, 3], "y": ["NA", None, "DE"]}),
    "question marks among numbers": ("x,y\n1,?\n?,b\n3,?\n", {"x": [1, None, 3], "y": ["?", "b", "?"]}),
    "dashes among numbers": ("x,y\n1,-\n-,b\n3,-\n", {"x": [1, None, 3], "y": ["-", "b", "-"]}),
    "None and null among numbers": (
        "x,y,z\n1,None,null\nnull,b,2\n",
        {"x": [1, None], "y": ["None", "b"], "z": [None, 2]},
    ),
    "the word missing": ("x,y\n1,missing\n2,\n3,c\n", {"x": [1, 2, 3], "y": ["missing", None, "c"]}),
    # whole numbers as words
    "zeros in front of equal width": ("x,zip\na,01067\nb,53111\n", {"x": ["a", "b"], "zip": ["01067", "53111"]}),
    # packed
    "gzip": (gzip.compress(b"x,y\n1,a\n2,b\n3,c\n"), WORDS),
    "zip": (packed("x;y\n1;a\n2;b\n3;c\n"), WORDS),
    "zip from a Mac": (packed("x,y\n1,a\n2,b\n3,c\n", **{"__MACOSX/._table.csv": "x"}), WORDS),
}


def found_in(path, keys=UNSAID, words=()):
    """Column -> values as they are used, None for a hole; those of numbers as float."""
    cells = read_frame(path, keys).cells(keys)
    table = {}
    for name, column in cells.columns.items():
        if column.is_numeric and name not in words:
            table[name] = [None if np.isnan(value) else value for value in column.numbers().tolist()]
        else:
            table[name] = column.words().tolist()
    return table


@pytest.mark.parametrize("name", FILES)
def test_a_file_says_what_a_person_reads_in_it(name, csv_file):
    content, expected = FILES[name]
    assert found_in(csv_file(content), words=("zip",)) == expected


def test_there_are_as_many_files_as_were_promised():
    assert len(FILES) >= 60


SAID = {
    "semicolons": "read with separator ;",
    "runs of blanks": "read with separator blanks",
    "latin-1": "read with encoding latin-1",
    "Windows' euro sign": "read with encoding cp1252",
    "single quotes": "read with quote apostrophe",
    "a title": "header: line 2",
    "comments": "read with comment hash",
    "R's row names": "the rows have one cell more than the header: the first is their name, column 'rownames'",
    "no header": "no header: line 1 holds data (5.1, 3.5, rose), so the columns are c1 to c3 (else: dataset.header=1)",
    "a comma at the end of lines": "columns without name and content are left out: 1",
    "an empty last row": "empty rows are left out: 1 (first: line 5)",
    "a total": "line 4 looks like a total: it is kept; remove it if it is no example",
    "a row that ends early": "rows that end early, whose last cells are holes: 1 (first: line 3)",
    "decimal commas": "read with separator ;, decimal comma",
    "a point that may be either": "column 'y': '1.234' is read as 1.234, the decimal mark being the point "
    "(else: dataset.decimal=comma)",
    "commas between thousands": "numbers as written: y '132,500' = 132500",
    "dollars": "column 'y': '$132,500' is read as 132500, the decimal mark being the point "
    "(else: dataset.decimal=comma)",
    "a point between thousands, by its neighbour": "numbers as written: y '1.234' = 1234",
    "per cent": "numbers as written: y '12%' = 0.12",
    "zip": "read table.csv in table.csv",
}


@pytest.mark.parametrize("name", SAID)
def test_what_was_found_is_said_in_a_line(name, csv_file):
    assert SAID[name] in read_frame(csv_file(FILES[name][0])).cells().notes


@pytest.mark.parametrize("name", ["commas", "no last line end", "empty lines", "everything quoted", "gzip"])
def test_nothing_is_said_of_what_is_as_usual(name, csv_file):
    assert read_frame(csv_file(FILES[name][0])).cells().notes == []


def test_a_category_called_total_is_no_total(csv_file):
    assert read_frame(csv_file("x,y\nA,total\nB,sum\nC,total\n")).cells().notes == []


def test_columns_that_can_be_read_both_ways_are_said_in_one_line(csv_file):
    path = csv_file("x,y,z\n1.234,5.678,a\n2.345,6.789,b\n")
    assert read_frame(path).cells().notes == [
        "column 'x' (and 1 more columns): '1.234' is read as 1.234, the decimal mark being the point (else: "
        "dataset.decimal=comma)"
    ]


TYPED = {  # keys, the file, what it then says
    "thousands in a point": ({"decimal": ","}, "x,y\n1,1.234\n2,5.678\n", {"x": [1, 2], "y": [1234, 5678]}),
    "no thousands": ({"thousands": ""}, 'x,y\n1,"1,234"\n2,"5,6"\n', {"x": [1, 2], "y": [1.234, 5.6]}),
    "no hole but the empty cell": (
        {"na_values": ()},
        "x,y\nNA,1\nDE,\n",
        {"x": ["NA", "DE"], "y": [1, None]},
    ),
    "further holes": (
        {"na_values": ("unknown", "-9")},
        "x,y\n-9,1\n2,unknown\nNA,-9.0\n",
        {"x": [None, 2, None], "y": [1, None, None]},
    ),
    "another comment": ({"comment": "%"}, "% one\nx,y\n1,a\n%2,b\n3,c\n", {"x": [1, 3], "y": ["a", "c"]}),
    "a line for the header": ({"header": 3}, "a,b\n1,2\nx,y\n3,4\n5,6\n", {"x": [3, 5], "y": [4, 6]}),
    "no header": ({"header": 0}, "a,b\n1,2\n3,4\n", {"c1": ["a", "1", "3"], "c2": ["b", "2", "4"]}),
    "no quotes": ({"quote": ""}, 'x,y\n1,"a\n2,b"\n', {"x": [1, 2], "y": ['"a', 'b"']}),
    "an encoding": ({"encoding": "cp1251"}, "x,y\n1,да\n2,нет\n".encode("cp1251"), {"x": [1, 2], "y": ["да", "нет"]}),
    "a separator": ({"separator": ":"}, "x:y\n1:a,b\n2:c,d\n", {"x": [1, 2], "y": ["a,b", "c,d"]}),
}


@pytest.mark.parametrize("name", TYPED)
def test_what_is_typed_holds_against_what_would_be_found(name, csv_file):
    keys, content, expected = TYPED[name]
    assert found_in(csv_file(content), Dialect(**keys)) == expected

"""Whatever is written in whatever dialect comes back as it was, without a word on how it is written."""

import csv
import gzip
import io

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from runner.data.reading.frames import read_frame
from runner.errors import ConfigError, DataError

HOLE = None
FLOATS = st.floats(-1e6, 1e6).filter(lambda x: x != int(x))
WHOLE = st.integers(-(10**6), 10**6)
# A word begins and ends with letters that no number, hole or comment has; between them is what quotes must protect.
MIDDLE = st.text("xyZ ,;\t|\"'\n.#5", max_size=6)
WORDS = st.tuples(st.sampled_from("bgäß"), MIDDLE).map(lambda two: f"{two[0]}{two[1]}q")


@st.composite
def tables(draw):
    """Name -> cells, of numbers or of words, some of them holes."""
    rows = draw(st.integers(4, 8))
    table = {}
    for place, cells in enumerate(draw(st.lists(st.sampled_from([FLOATS, WHOLE, WORDS]), min_size=2, max_size=4))):
        column = draw(st.lists(cells, min_size=rows, max_size=rows))
        for row in draw(st.sets(st.integers(1, rows - 1), max_size=2)) if place else ():
            column[row] = HOLE
        table[f"name {place}"] = column
    return table


@st.composite
def dialects(draw):
    """How a table is written."""
    separator = draw(st.sampled_from(",;\t|"))
    return {
        "separator": separator,
        "decimal": draw(st.sampled_from(".,")) if separator != "," else ".",
        "hole": draw(st.sampled_from(["", "NA", "NaN"])),
        "end": draw(st.sampled_from(["\n", "\r\n"])),
        "quoting": draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC])),
        "encoding": draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1"])),
        "packed": draw(st.booleans()),
    }


def written(table, separator, decimal, hole, end, quoting, encoding, packed) -> bytes:
    """The bytes of the file."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=separator, lineterminator=end, quoting=quoting)
    writer.writerow(table)
    for row in zip(*table.values(), strict=True):
        writer.writerow([hole if cell is HOLE else _text(cell, decimal) for cell in row])
    text = buffer.getvalue()
    if hole:  # a quoted NA is text
        text = text.replace(f'"{hole}"', hole)
    return gzip.compress(text.encode(encoding)) if packed else text.encode(encoding)


def _text(cell, decimal):
    return repr(cell).replace(".", decimal) if isinstance(cell, (int, float)) else cell


@given(tables(), dialects())
def test_a_table_comes_back_as_it_was_written(tmp_path_factory, table, dialect):
    path = tmp_path_factory.mktemp("t") / "t.csv"
    path.write_bytes(written(table, **dialect))
    columns = read_frame(path).cells().columns
    assert list(columns) == list(table)
    for name, cells in table.items():
        column = columns[name]
        if isinstance(cells[0], str):
            assert column.words().tolist() == cells
        else:
            expected = np.array([np.nan if cell is HOLE else cell for cell in cells], float)
            np.testing.assert_array_equal(column.numbers(), expected)


PIECES = st.sampled_from(
    [
        *"x1\"\n,;\t|.-#' ",
        "\r\n",
        "NA",
        "1,5",
        "1.5",
        '"',
        '""',
        "\n\n",
        "sep=;\n",
        "a,b\n",
        "1;2\n",
        "%",
        "$1",
        "\x00",
        "ä",
        "\ufeff",
    ]
)


@given(st.lists(PIECES, max_size=40).map("".join), st.sampled_from(["utf-8", "latin-1", "utf-16"]))
def test_whatever_a_file_holds_it_is_read_or_refused_in_words(tmp_path_factory, text, encoding):
    path = tmp_path_factory.mktemp("t") / "t.csv"
    path.write_bytes(text.encode(encoding, errors="ignore"))
    try:
        read = read_frame(path)
        for column in read.cells().columns.values():
            assert len(column.words()) == len(column.holes) == len(read.frame)
        assert read.place(len(read.frame) - 1).startswith("line ")
    except (DataError, ConfigError) as error:
        assert "t.csv" in str(error)
